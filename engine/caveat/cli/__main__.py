"""Runs the command line, and leaves with its exit code: the only place that ends the process."""

from __future__ import annotations

import os
import sys
from typing import TextIO, cast

from caveat.cli.interrupts import interruptible


def main() -> None:
    """Run `caveat` with the arguments of this process, and end the process."""
    if sys.stderr is None:  # it is closed: what would be said is said to nobody, and no file is opened in its place
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115  it lives as long as the process
    for stream in (sys.stdout, sys.stderr):
        # A file may have any name; what the terminal's encoding cannot spell is escaped, never an exception.
        if hasattr(stream, "reconfigure"):
            cast("_Stream", stream).reconfigure(errors="backslashreplace")
    sys.exit(interruptible(_run))


def _run() -> int:
    from caveat.cli.app import run  # noqa: PLC0415  whoever interrupts while it loads is to see no traceback

    return run(sys.argv[1:])


class _Stream(TextIO):
    """A text stream whose errors can be set."""

    def reconfigure(self, *, errors: str) -> None:
        """Set how characters are written that the encoding lacks."""


if __name__ == "__main__":
    main()
