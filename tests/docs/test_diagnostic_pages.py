"""Every page of a diagnostic has one shape, and what a page on syntax shows really happens.

The pages of the codes that need more than syntax are run by the tests beside this one.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from caveat.domain.diagnostic import CODES
from caveat.lang.parser import parse_bytes

PAGES = sorted((Path(__file__).resolve().parents[2] / "docs" / "diagnostics").glob("CV*.md"))
SECTIONS = ["What it means", "A file that gives it", "How to repair it"]
_BLOCK = re.compile(r"^```caveat(?: (?P<info>\S+))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def diagnose(text: bytes) -> set[str]:
    """Return the codes that reading alone gives."""
    return {diagnostic.code for diagnostic in parse_bytes(text, "page.caveat").diagnostics}


def blocks_of(page: str) -> dict[str, list[bytes]]:
    """Return the files of each section: `encoding=` says how one is saved, `fill=` how many characters its `…` stands for."""
    _, *sections = re.split(r"^## ", page, flags=re.MULTILINE)
    return {section.split("\n", 1)[0]: [_saved(match) for match in _BLOCK.finditer(section)] for section in sections}


def _saved(match: re.Match[str]) -> bytes:
    key, _, value = (match["info"] or "").partition("=")
    text = match["text"].replace("…", "x" * int(value)) if key == "fill" else match["text"]
    return text.encode(value if key == "encoding" else "utf-8")


def test_there_are_pages() -> None:
    """Each of the nine codes of syntax has its page."""
    assert {f"CV00{number}" for number in range(1, 10)} <= {path.stem for path in PAGES}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_has_its_shape(path: Path) -> None:
    """A page opens with code and title and has the three sections, with files in the last two."""
    page = path.read_text(encoding="utf-8")
    blocks = blocks_of(page)
    assert page.startswith(f"# {path.stem}: {CODES[path.stem].title}\n")
    assert list(blocks) == SECTIONS
    assert blocks["A file that gives it"]
    assert blocks["How to repair it"]


@pytest.mark.parametrize("path", [path for path in PAGES if path.stem.startswith("CV00")], ids=lambda path: path.stem)
def test_the_page_tells_the_truth(path: Path) -> None:
    """The first file gives the code and no other, the repaired one gives nothing."""
    blocks = blocks_of(path.read_text(encoding="utf-8"))
    assert [diagnose(text) for text in blocks["A file that gives it"]] == [{path.stem}]
    assert [diagnose(text) for text in blocks["How to repair it"]] == [set()]
