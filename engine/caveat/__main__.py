"""`python -m caveat`, and what the installed command calls."""

from __future__ import annotations

from caveat.cli.__main__ import main

if __name__ == "__main__":
    main()
