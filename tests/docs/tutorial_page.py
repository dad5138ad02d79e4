"""Makes the tutorial anew: its own text, with what its commands really print put under each of them."""

from __future__ import annotations

import tempfile
from pathlib import Path

from docs.commands import acted

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tutorial.md"


def page() -> str:
    """Return the page."""
    with tempfile.TemporaryDirectory() as folder:
        return acted(PAGE.read_text(encoding="utf-8"), Path(folder))
