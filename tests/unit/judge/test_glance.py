"""Tests of caveat.judge.glance: when less than all of a document is read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from caveat.domain.decision import Verdict
from caveat.intake.limits import Limits
from caveat.judge import check
from caveat.judge.check import Again, judge_bytes
from caveat.judge.glance import HOLDERS, glance
from caveat.policy.policy import Policy
from caveat.spec.release import Release
from caveat.spec.shape import tables
from strategies.judging import question

ROWS = ",".join(f'{{"uid":"{number}","title":"{"x" * 90}"}}' for number in range(900))
MODIFIER = '{"uid":"m","modifierExtension":[{"url":"%s","valueBoolean":true}]}'
STUDY = '{"resourceType":"ImagingStudy","status":"available","series":[{"uid":"s","instance":[%s]}]}'
CODED = '{"resourceType":"Condition","clinicalStatus":{"coding":[%s]}}'
ASKED = question(Policy("p", "1"))


def test_long_rows_are_read_in_short() -> None:
    """Where the caller allows it, and then the tree is not whole."""
    raw = (STUDY % ROWS).encode()
    short, full = glance(ASKED, raw, in_short=True), glance(ASKED, raw, in_short=False)
    assert short is not None
    assert full is not None
    assert (short.names, short.is_short, full.names, full.is_short) == (0, True, 0, False)
    assert full.tree == json.loads(raw) != short.tree


CODES = ",".join(['{"code":"active"}'] * 3 + [f'{{"code":"{"x" * 60}{number}"}}' for number in range(1200)])


def test_codings_of_the_root_are_read_in_full() -> None:
    """Each is looked at, since one may say that the resource is not what it seems."""
    raw = (CODED % CODES).encode()
    assert glance(ASKED, raw, in_short=True) is None
    assert [each.path for each in judge_bytes(ASKED, raw, keep=False).report.native] == ["Condition.clinicalStatus"]


@pytest.mark.parametrize("release", Release)
def test_where_resources_may_stand(release: Release) -> None:
    """In the tables of every release whatever may hold any resource is below one of a few properties of a resource."""
    read, holding = tables(release), set()
    for kind in read.resource_types:
        root = read.required(kind)
        pending = [child for name, child in root.children.items() if name not in HOLDERS]
        holding |= {name for name in root.children if name in HOLDERS}
        met: set[str] = set()
        while pending:
            shape = pending.pop().shape
            assert shape is not None, kind
            if shape.name not in met:
                met.add(shape.name)
                pending += shape.children.values()
    assert holding >= {"contained", "entry", "parameter"}


@pytest.mark.parametrize("holder", ['"contained":[{}]', '"contained":[{"id":"a"}]', '"x":{"resourceType":"Nothing"}'])
def test_another_resource_is_walked(holder: str) -> None:
    """Where a second resource may stand, all is walked: one of no type that is known is refused."""
    raw = f'{{"resourceType":"Patient",{holder}}}'.encode()
    assert [each.code for each in judge_bytes(ASKED, raw, keep=False).report.problems] == ["resource-type"]


@pytest.mark.parametrize("holder", ["outcome", "issues", "resource", "item"])
def test_names_of_holders_elsewhere_hold_nothing(holder: str) -> None:
    """What has the name of a holder where FHIR knows none is an object that it does not know, walked or not."""
    raw = f'{{"resourceType":"Patient","contact":[{{"{holder}":{{"id":"a"}}}}],"x":{{"{holder}":[{{}}]}}}}'.encode()
    seen = glance(ASKED, raw, in_short=True)
    assert seen is not None
    assert seen.names == 0
    assert judge_bytes(ASKED, raw, keep=False).report == check._judge(ASKED, json.loads(raw), check.Read("document", raw)).report


def test_what_is_too_large_is_not_even_scanned() -> None:
    """The reader refuses it at once."""
    assert glance(question(Policy("p", "1"), limits=Limits(bytes=9)), b'{"resourceType":"Patient"}', in_short=True) is None


@pytest.mark.parametrize("url", ["https://x.example/a", "http://hl7.org/fhir/StructureDefinition/request-doNotPerform"])
def test_a_modifier_among_long_rows(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told with its place; one with a definition is held against that, which may look at all, and so all is read."""
    raw = (STUDY % f"{ROWS},{MODIFIER % url}").encode()
    seen: list[Any] = []
    held = check.hold_to_definitions
    monkeypatch.setattr(
        check, "hold_to_definitions", lambda found, tree, *a, **b: seen.append(tree) or held(found, tree, *a, **b)
    )
    report = judge_bytes(ASKED, raw, keep=False).report
    (decision,) = report.decisions
    assert decision.occurrence is not None
    assert decision.occurrence.location == "ImagingStudy.series[0].instance[900].modifierExtension[0]"
    assert report.verdict is Verdict.REJECT
    assert [tree == json.loads(raw) for tree in seen] == [True] * url.startswith("http:")


def test_a_tree_that_was_not_kept_is_read_again() -> None:
    """From the bytes; of bytes that are no object there is none."""
    judged = judge_bytes(ASKED, (STUDY % ROWS).encode(), keep=False)
    assert judged.tree == Again(Limits())
    assert Again(Limits()).tree(b'{"a":1}') == {"a": 1}
    assert Again(Limits()).tree(b"[]") is None
    assert judge_bytes(ASKED, b"{", keep=False).tree is None


def test_companions_of_native_modifiers_are_told() -> None:
    """A value that is known by its companion only is none out of the ordinary that may be passed over."""
    report = judge_bytes(ASKED, b'{"resourceType":"Patient","_active":{"id":"a"}}').report
    assert [each.location for each in report.native] == ["Patient._active"]


def test_what_stands_in_an_entry_is_told_though_another_modifier_stands_deeper_in_it() -> None:
    """The way to that one is not all that is looked at there."""
    inner = {"url": "https://x.example/b", "valueBoolean": True}
    entry = {"url": "https://x.example/a", "valueIdentifier": {"use": "old"}, "modifierExtension": [inner]}
    raw = json.dumps({"resourceType": "OperationOutcome", "modifierExtension": [entry]}).encode()
    seen = glance(ASKED, raw, in_short=True)
    assert seen is not None
    assert seen.names == 2
    assert [each.location for each in judge_bytes(ASKED, raw).report.native] == [
        "OperationOutcome.modifierExtension[0].valueIdentifier.use"
    ]
