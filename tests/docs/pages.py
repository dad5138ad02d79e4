"""Every page of the documentation that is made from the code: `make docs` writes them all anew.

A page is text that follows from the checkout alone; its test fails when the committed one is another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from caveat.packs.policies import shipped_packs
from docs import cli_page, diagnostics_page, json_page, language_page, pack_pages, requirements_page, tutorial_page

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"

PAGES: Mapping[Path, Callable[[], str]] = {
    DOCS / "language.md": language_page.page,
    DOCS / "cli.md": cli_page.page,
    DOCS / "json.md": json_page.page,
    DOCS / "tutorial.md": tutorial_page.page,
    DOCS / "diagnostics" / "README.md": diagnostics_page.page,
    DOCS / "requirements.md": requirements_page.page,
    **{DOCS / "packs" / f"{name}.md": (lambda pack=name: pack_pages.page(pack)) for name in shipped_packs()},
}


def write() -> None:
    """Write every page."""
    for path, page in PAGES.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(page(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write()
