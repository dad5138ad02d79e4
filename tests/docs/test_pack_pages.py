"""The pages of the shipped packs are what their rules and tests give; CAVEAT_UPDATE_GOLDEN=1 writes them anew."""

from __future__ import annotations

import os
import re
from datetime import date
from pathlib import Path

import pytest

from caveat.packs.cases import run_tests
from caveat.packs.coverage import coverage
from caveat.packs.pages import pack_page
from caveat.packs.policies import load_policy, shipped_packs

PAGES = Path(__file__).resolve().parents[2] / "docs" / "packs"
TODAY = date(2026, 11, 24)


def written(pack: str) -> str:
    """Return the page that a pack's rules and tests give."""
    loaded = load_policy(shipped_packs()[pack])
    assert loaded.policy is not None
    outcomes = run_tests(loaded, TODAY)
    return pack_page(loaded, outcomes, coverage(loaded.policy, outcomes))


@pytest.mark.parametrize("pack", sorted(shipped_packs()))
def test_page(pack: str) -> None:
    """A pack's page says what the pack does."""
    path, page = PAGES / f"{pack}.md", written(pack)
    if os.environ.get("CAVEAT_UPDATE_GOLDEN") == "1":
        path.parent.mkdir(exist_ok=True)
        path.write_text(page, encoding="utf-8")
    assert path.is_file(), "write it: CAVEAT_UPDATE_GOLDEN=1 pytest tests/docs/test_pack_pages.py"
    assert path.read_text(encoding="utf-8") == page, "write it anew: CAVEAT_UPDATE_GOLDEN=1 pytest tests/docs/test_pack_pages.py"


@pytest.mark.parametrize("pack", sorted(shipped_packs()))
def test_page_is_whole(pack: str) -> None:
    """A page has every rule with its reason, every test, and tables whose rows have as many cells as their head."""
    page, loaded = written(pack), load_policy(shipped_packs()[pack])
    for rule in loaded.resolved.rules:
        assert f"### {rule.name}\n" in page
        assert rule.because
        assert rule.because.replace("|", r"\|") in page
    assert loaded.resolved.tests
    assert all(f"- **{test.test.name.value}**: " in page for test in loaded.resolved.tests)
    assert f"{len(loaded.resolved.tests)} of {len(loaded.resolved.tests)} tests pass." in page
    for block in re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) == 1


def test_no_page_without_pack() -> None:
    """Every page there is belongs to a shipped pack."""
    assert {path.stem for path in PAGES.iterdir()} == set(shipped_packs())
