"""How past reports say what was structurally wrong: by a code, and before there were codes in words."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from caveat.analysis.replay import _MISUSED, Replay
from caveat.domain.decision import Verdict
from caveat.formats.record import record
from caveat.policy.policy import Policy
from caveat.spec.release import Release
from strategies.defining import BOOLEAN, defined, locked
from strategies.judging import X, modifier, policy_of, report, rule

ENGINE = Path(__file__).resolve().parents[3] / "engine" / "caveat"
TODAY = date(2026, 11, 24)
TWO = replace(BOOLEAN, maximum=2)
_CODE = re.compile(r"""(?:malformed\(|_open\(|Fault\(Ground\.\w+,)\s*"([a-z-]+)\"""")


def codes(*names: str) -> set[str]:
    """Return the codes of the faults that some modules give."""
    return {code for name in names for path in ENGINE.glob(name) for code in _CODE.findall(path.read_text(encoding="utf-8"))}


def test_every_code_of_a_definition_is_known() -> None:
    """A fault that a definition makes is told from FHIR's own by its code alone, but for a value's type."""
    judged, read = codes("judge/allowed.py", "judge/content.py"), codes("intake/*.py")
    assert judged == _MISUSED | {"value-type"}
    assert judged & read == {"value-type"}
    assert len(read) > 15


def past_of(policy: Policy, tree: dict[str, Any]) -> dict[str, Any]:
    """Return the report on a tree as it is read again."""
    made: dict[str, Any] = json.loads(json.dumps(record(report(policy, tree, today=TODAY))))
    return made


def modifiers(*values: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Patient", "modifierExtension": [{"url": X + "m", **value} for value in values]}


@pytest.mark.parametrize(
    ("values", "now"),
    [
        ([{"valueBoolean": True}, {"valueBoolean": True}], None),
        ([{"valueString": "x"}], None),
        ([{"valueFoo": "x"}], Verdict.REJECT),
        ([{}], Verdict.REJECT),
    ],
    ids=["too often", "a type that it does not allow", "a type that FHIR does not allow", "no value"],
)
@pytest.mark.parametrize("how", ["as written", "in other words", "without codes"])
def test_what_a_definition_forbade_is_not_told_of_another(values: list[dict[str, Any]], now: Verdict | None, how: str) -> None:
    """Under another definition nothing is told of what the old one forbade; what FHIR forbids stays so, whoever defines it."""
    old, new = locked([defined("Patient")]), locked([defined("Patient", content=TWO)])
    past = past_of(old, modifiers(*values))
    for decision in past["decisions"]:
        assert decision["fault"] is not None
        if how == "in other words":
            decision["detail"] = "es ist etwas falsch"
        if how == "without codes":
            del decision["fault"]
    told = Replay(old, new, TODAY).record(past).decisions
    assert {each.now.verdict if each.now else None for each in told} == {now}
    assert {each.now.verdict if each.now else None for each in Replay(old, old, TODAY).record(past).decisions} == {Verdict.REJECT}


@pytest.mark.parametrize("release", list(Release))
def test_an_empty_slot_in_other_words(release: Release) -> None:
    """What a waiver may soften is known by its code: an empty slot stays one, however it is told."""
    old = locked([])
    body = 'waive w: empty on Patient as warn from 2026-01-01 until 2026-12-31 owner "o" because "x";'
    new = locked([], body)
    past = json.loads(json.dumps(record(report(old, {"resourceType": "Patient", "modifierExtension": []}, release=release))))
    (decision,) = past["decisions"]
    assert decision["fault"] == "empty"
    decision["detail"] = "es ist nichts da"
    (told,) = Replay(old, new, TODAY).record(past).decisions
    assert told.now is not None
    assert told.now.verdict is Verdict.WARN


def outcome(*marked: str | None) -> dict[str, Any]:
    """Return an OperationOutcome of as many issues, each with the modifier of that name if there is one; there must be one."""
    issues = [{"severity": "error", "modifierExtension": [modifier(name)]} if name else {"severity": "error"} for name in marked]
    return {"resourceType": "OperationOutcome", "issue": issues}


OLD = rule("exclude", "e", "@out on OperationOutcome.issue") + rule("understand", "k", "@ok on OperationOutcome.issue")


@pytest.mark.parametrize(
    ("tree", "then", "same", "other"),
    [
        (outcome("out"), "reject", None, None),
        (outcome("out", None), "exclude", "exclude", None),  # as seed 1136 of `make prove`, which was told as left out
        (outcome("out", "ok"), "exclude", "exclude", None),
    ],
    ids=["the only one", "one of two", "beside another"],
)
def test_what_must_stay_is_not_told_as_left_out(tree: dict[str, Any], then: str, same: str, other: str | None) -> None:
    """Where all is as it was it is told as it was; where anything changes, reports do not say how many elements there were."""
    old = policy_of(OLD)
    past = past_of(old, tree)
    assert past["decisions"][0]["verdict"] == then
    for new, wanted in ((policy_of(OLD), same), (policy_of(OLD.replace(" e:", " f:")), other)):
        told = Replay(old, new, TODAY).record(past).decisions[0]
        assert told.is_needed
        assert (told.now.verdict.word if told.now else None) == wanted
    changed = policy_of(OLD.replace("understand k", "exclude k"))
    first, *more = Replay(old, changed, TODAY).record(past).decisions
    assert (first.now is None) is (bool(more) or same is None)
    (first, *_) = Replay(old, old, TODAY).record({**past, "decisions_omitted": 1}).decisions
    assert first.now is None


def test_what_need_not_stay_is_told_as_left_out() -> None:
    """Of an element that may be absent it is known that it would be left out, by whatever rule."""
    old, new = (
        policy_of(rule("exclude", "e", "@out on Patient.contact")),
        policy_of(rule("exclude", "f", "@out on Patient.contact")),
    )
    past = past_of(old, {"resourceType": "Patient", "contact": [{"modifierExtension": [modifier("out")]}]})
    (told,) = Replay(old, new, TODAY).record(past).decisions
    assert told.now is not None
    assert (told.now.verdict, told.is_needed) == (Verdict.EXCLUDE, False)
