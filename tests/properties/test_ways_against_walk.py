"""What is found on the ways that lead to modifier extensions is what a walk of everything finds, in every field and order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caveat import Limits
from caveat.domain.decision import MODIFIERS
from caveat.intake.columns import ways_to
from caveat.intake.walk import survey
from caveat.judge import check
from caveat.judge.glance import Seen, glance
from caveat.spec.release import Release
from caveat.spec.shape import tables
from strategies.judging import policy_of, question, rule
from strategies.planting import Planter

POLICY = policy_of(rule("understand", "k", "@m on *.**"))
OFTEN = st.sampled_from([0.02, 0.06, 0.15, 0.5])
LIMITS = st.sampled_from([Limits(), Limits(), Limits(occurrences=2), Limits(occurrences=0)])


def seen_in(raw: bytes, release: Release) -> Seen | None:
    """Return what a glance sees of a document, None where all of it is walked."""
    seen = glance(question(POLICY, release=release), raw, in_short=False)
    return seen if seen is not None and seen.names is not None else None


@given(st.integers(0, 2**40), st.sampled_from(list(Release)), OFTEN, LIMITS)
def test_the_same_is_found(seed: int, release: Release, often: float, limits: Limits) -> None:
    """Every occurrence with all that is known of it, native modifiers, notes, and what is not inspected."""
    raw = Planter(seed, release, often).raw()
    seen = seen_in(raw, release)
    if seen is None or not isinstance(seen.tree, dict):
        return
    asked = question(POLICY, release=release, limits=limits)
    usual = check._found(asked, seen.tree, seen)
    assert usual == survey(seen.tree, tables(release), check.known_kind(POLICY, release), limits=limits)


@given(seed=st.integers(0, 2**40), release=st.sampled_from(list(Release)), often=OFTEN, limits=LIMITS, keep=st.booleans())
def test_the_same_is_reported(seed: int, release: Release, often: float, limits: Limits, *, keep: bool) -> None:
    """From bytes to report, with a glance and without."""
    raw, asked = Planter(seed, release, often).raw(), question(POLICY, release=release, limits=limits)
    usual = check.judge_bytes(asked, raw, keep=keep).report
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(check, "glance", lambda *_, **__: None)
        assert check.judge_bytes(asked, raw, keep=keep).report == usual


def test_the_properties_are_not_idle() -> None:
    """Most documents are walked on such ways, some of them on several, and some hold what no way leads to."""
    led: list[int] = []
    walked = short = 0
    for seed in range(900):
        raw = Planter(seed, Release.R4, 0.06).raw()
        seen = seen_in(raw, Release.R4)
        if seen is None or not isinstance(seen.tree, dict) or not seen.names:
            walked += seen is None
            continue
        ways = ways_to(MODIFIERS, seen.tree, seen.names)
        short += ways is None
        led.append(seen.names if ways is not None else 0)
    assert sum(number > 0 for number in led) > 100
    assert sum(number > 2 for number in led) > 20
    assert short > 20
    assert walked > 50
