"""Makes the page of a shipped pack from its rules and from what its tests give."""

from __future__ import annotations

from datetime import date

from caveat.packs.cases import run_tests
from caveat.packs.coverage import coverage
from caveat.packs.pages import pack_page
from caveat.packs.policies import load_policy, shipped_packs

TODAY = date(2026, 11, 24)


def page(pack: str) -> str:
    """Return the page."""
    loaded = load_policy(shipped_packs()[pack])
    assert loaded.policy is not None
    outcomes = run_tests(loaded, TODAY)
    return pack_page(loaded, outcomes, coverage(loaded.policy, outcomes))
