"""Tests of caveat.judge.approved: what a release removes, and all that it does not."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from caveat import Approval, Guard, UsageError, Verdict
from caveat.domain.decision import Ground
from strategies.trailing import GUARD, URLS, patient

AT = "Patient.modifierExtension[0]"


def approval(raw: bytes, *places: str, guard: Guard = GUARD, **other: str) -> Approval:
    made = Approval(sha256(raw).hexdigest(), guard.policy.digest, frozenset(places or (AT,)), "dr. who", "looked at")
    return replace(made, **other)


def verdict(raw: bytes, *approved: Approval, **options: Any) -> str:
    return GUARD.check(raw, approved=approved, **options).verdict.word


def test_what_was_looked_at_is_accepted() -> None:
    """The decision that a person took the place of is `accept`, on a ground of its own, and still names the rule."""
    raw = patient("review")
    assert verdict(raw) == "review"
    report = GUARD.check(raw, approved=approval(raw))
    (decision,) = report.decisions
    assert report.verdict is Verdict.ACCEPT
    assert (decision.verdict, decision.ground, decision.rule) == (Verdict.ACCEPT, Ground.RELEASED, "looked-at")
    assert GUARD.load(raw, approved=[approval(raw)]).report.may_process


def test_the_rest_is_folded_again() -> None:
    """What remains decides: a warning is a warning again, a rejection stays one."""
    warned, rejected = patient("warn", "review"), patient("unknown", "review")
    places = ("Patient.modifierExtension[0]", "Patient.modifierExtension[1]")
    assert verdict(warned, approval(warned, *places)) == "warn"
    assert verdict(rejected, approval(rejected, *places)) == "reject"


def test_a_release_is_for_one_input_under_one_policy_and_for_the_places_looked_at() -> None:
    """Another byte, another policy or another place, and nothing is released."""
    raw, other = patient("review"), patient("review", identity="p2")
    assert verdict(other, approval(raw)) == "review"
    assert verdict(raw, approval(raw, policy_digest="sha256:" + "0" * 64)) == "review"
    assert verdict(raw, approval(raw, "Patient.modifierExtension[1]")) == "review"
    assert verdict(raw, approval(other), approval(raw)) == "accept"


def test_a_tree_is_released_by_nothing() -> None:
    """A tree has no digest, so nobody can have looked at just this one."""
    raw = patient("review")
    assert GUARD.check(json.loads(raw), approved=approval(raw)).verdict is Verdict.REVIEW


def test_what_cannot_be_read_is_released_by_nothing() -> None:
    """There is no tree, and nothing that was looked at."""
    assert verdict(b"{", approval(b"{")) == "reject"


def test_under_intent_modify_there_is_no_review_to_do() -> None:
    """Whoever writes back needs to understand; a person's look does not make that so."""
    raw = patient("review")
    assert verdict(raw, approval(raw), intent="modify") == "reject"


def test_entries_of_a_bundle_are_folded_again() -> None:
    """A released entry is let through, and so is its Bundle when nothing else holds it."""
    entries = [{"resource": json.loads(patient("review"))}, {"resource": json.loads(patient("warn"))}]
    raw = json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()
    report = GUARD.check(raw, approved=approval(raw, "Bundle.entry[0].resource.modifierExtension[0]"))
    assert [entry.verdict.word for entry in report.entries] == ["accept", "warn"]
    assert report.verdict is Verdict.WARN


def test_an_element_that_another_report_vouches_for_is_not_released() -> None:
    """What its resource said stays; nobody looked at that."""
    rules = f'caveat 1; policy "p" version "1" {{ owner "o"; }} review r: "{URLS["review"]}" on Patient.** because "x";'
    guard = Guard.from_text(rules)
    contact = json.dumps({"modifierExtension": [{"url": URLS["review"], "valueBoolean": True}]}).encode()
    place = "Patient.contact.modifierExtension[0]"
    whole = guard.check(patient())
    released = approval(contact, place, guard=guard)
    alone = guard.check(contact, at="Patient.contact", within=None, approved=released)
    vouched = guard.check(contact, at="Patient.contact", within=whole, approved=released)
    assert (alone.verdict, vouched.verdict) == (Verdict.ACCEPT, Verdict.REVIEW)


@pytest.mark.parametrize("wrong", [7, "sha256", ["sha256"], {"a": 1}], ids=repr)
def test_what_is_no_release_is_refused(wrong: Any) -> None:
    """A digest alone, or anything else, is told to be no release."""
    with pytest.raises(UsageError, match="`approved` takes releases"):
        GUARD.check(patient("review"), approved=wrong)
