"""The pages of the shipped packs hold what their rules and tests give; `make docs` writes them anew."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from caveat.packs.policies import load_policy, shipped_packs
from docs.pack_pages import page

PAGES = Path(__file__).resolve().parents[2] / "docs" / "packs"


@pytest.mark.parametrize("pack", sorted(shipped_packs()))
def test_page_is_whole(pack: str) -> None:
    """A page has every rule with its reason, every test, and tables whose rows have as many cells as their head."""
    text, loaded = page(pack), load_policy(shipped_packs()[pack])
    for rule in loaded.resolved.rules:
        assert f"### {rule.name}\n" in text
        assert rule.because
        assert rule.because.replace("|", r"\|") in text
    assert loaded.resolved.tests
    assert all(f"- **{test.test.name.value}**: " in text for test in loaded.resolved.tests)
    assert f"{len(loaded.resolved.tests)} of {len(loaded.resolved.tests)} tests pass." in text
    for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) == 1


def test_no_page_without_pack() -> None:
    """Every page there is belongs to a shipped pack."""
    assert {path.stem for path in PAGES.iterdir()} == set(shipped_packs())
