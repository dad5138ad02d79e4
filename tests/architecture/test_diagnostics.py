"""Every diagnostic that Caveat can give is explained on a page and shown, word for word, by a golden test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from caveat.domain.diagnostic import CODES

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "diagnostics"
# What is expected, not what provokes it: a rule file may name a code in a comment.
GOLDEN = [
    path for path in (ROOT / "tests" / "golden").rglob("*") if path.is_file() and path.suffix not in {".py", ".pyc", ".caveat"}
]


@pytest.mark.parametrize("code", CODES)
def test_a_code_has_its_page(code: str) -> None:
    """`caveat explain` finds a page that opens with the code."""
    first_line = (PAGES / f"{code}.md").read_text(encoding="utf-8").splitlines()[0]
    assert code in first_line


@pytest.mark.parametrize("code", CODES)
def test_a_code_appears_in_a_golden_file(code: str) -> None:
    """Some wrong rule file is known to give this code, with its exact words."""
    assert any(re.search(rf"\b{code}\b", path.read_text(encoding="utf-8")) for path in GOLDEN)


def test_no_page_explains_a_code_that_is_never_given() -> None:
    """A page without a code would promise what Caveat does not look for."""
    assert {path.stem for path in PAGES.glob("CV*.md")} - set(CODES) == set()
