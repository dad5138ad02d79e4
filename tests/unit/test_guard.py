"""Tests of caveat.guard and caveat.results: what the library promises to whoever calls it."""

from __future__ import annotations

import asyncio
import copy
import inspect
import io
import json
import pickle
import re
import time
from collections import OrderedDict, UserDict, defaultdict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
from fhir.resources.imagingstudy import ImagingStudy as StudyR5
from fhir.resources.R4B.imagingstudy import ImagingStudy, ImagingStudySeries, ImagingStudySeriesInstance
from fhir.resources.R4B.patient import Patient

import caveat
from caveat import CaveatError, Guard, Limits, Refused, Report, RuleFileError, Triage, UsageError, Verdict
from caveat.domain.decision import Ground, Intent
from caveat.guard import UNSAID, Line, NotLoadable, Passed
from caveat.intake.root import Wire

if TYPE_CHECKING:
    from caveat.guard import Data as Unknown

GUARD = Guard.default()
DAY = date(2026, 11, 23)
WARNED = "http://example.org/fhir/StructureDefinition/warned"
LEFT_OUT = "http://example.org/fhir/StructureDefinition/left-out"
STOPPED = "http://example.org/fhir/StructureDefinition/stopped"
SHOWN = "http://example.org/fhir/StructureDefinition/shown"
RULES = f"""caveat 1;
policy "tests" version "1.0.0" {{ owner "tests"; }}
warn warned: "{WARNED}" on ImagingStudy.** because "w" assessed 2026-01-01;
exclude left-out: "{LEFT_OUT}" on ImagingStudy.** because "x" assessed 2026-01-01;
forbid stopped: "{STOPPED}" on ImagingStudy.** because "f";
narrative shown: "{SHOWN}" on ImagingStudy.** because "n";
"""
RULED = Guard.from_text(RULES)


def modifier(url: str) -> list[dict[str, Any]]:
    return [{"url": url, "valueBoolean": True}]


def instance(uid: str, url: str | None = None, **more: Any) -> dict[str, Any]:
    extra = {"modifierExtension": modifier(url)} if url else {}
    return {"uid": uid, "sopClass": {"code": "1.2"}, **extra, **more}


def study(*instances: dict[str, Any], url: str | None = None, series_url: str | None = None, **more: Any) -> dict[str, Any]:
    series: dict[str, Any] = {"uid": "1.2", "modality": {"code": "CT"}, "numberOfInstances": len(instances)}
    if instances:
        series["instance"] = list(instances)
    if series_url:
        series["modifierExtension"] = modifier(series_url)
    tree = {
        "resourceType": "ImagingStudy",
        "id": "s1",
        "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">a</div>'},
        "status": "available",
        "subject": {"reference": "Patient/1"},
        "numberOfInstances": len(instances),
        "numberOfSeries": 1,
        "series": [series],
        **more,
    }
    return {**tree, "modifierExtension": modifier(url)} if url else tree


def raw(tree: object) -> bytes:
    return json.dumps(tree).encode()


def rejected(report: Report) -> bool:
    return report.verdict is Verdict.REJECT and not report.may_process and not report.may_process_reduced


# what may be handed over

PATIENT = b'{"resourceType": "Patient", "id": "p1"}'
CONTENT: dict[str, Callable[[bytes], Any]] = {
    "bytes": bytes,
    "bytearray": bytearray,
    "memoryview": memoryview,
    "str": bytes.decode,
    "str with a mark": lambda body: "\ufeff" + body.decode(),
}
TREES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "dict": dict,
    "OrderedDict": OrderedDict,
    "defaultdict": lambda tree: defaultdict(list, tree),
    "UserDict": UserDict,
    "MappingProxyType": MappingProxyType,
}


@pytest.mark.parametrize("form", CONTENT)
def test_content_is_judged_as_a_document(form: str) -> None:
    """Whatever holds it; a str is content, never the name of a file."""
    for tree, verdict in (({"resourceType": "Patient"}, Verdict.CLEAR), (study(url=WARNED), Verdict.REJECT)):
        report = GUARD.check(CONTENT[form](raw(tree)))
        assert (report.verdict, report.evidence) == (verdict, "document")
        assert report.input_sha256
        assert GUARD.scan(CONTENT[form](raw(tree))) in Triage


@pytest.mark.parametrize("form", TREES)
def test_a_mapping_is_judged_as_a_tree(form: str) -> None:
    """Duplicate keys are lost before the check, and the report says so."""
    for tree, verdict in (({"resourceType": "Patient"}, Verdict.CLEAR), (study(url=WARNED), Verdict.REJECT)):
        report = GUARD.check(TREES[form](tree))
        assert (report.verdict, report.evidence, report.input_sha256) == (verdict, "tree", None)
        assert "duplicate keys, lost before the check" in report.not_checked


def test_a_file_is_a_path(tmp_path: Path) -> None:
    """It is read as bytes; what cannot be opened is a usage error."""
    file = tmp_path / "p.json"
    file.write_bytes(PATIENT)
    assert GUARD.check(file).verdict is Verdict.CLEAR
    assert GUARD.check(file).evidence == "document"
    assert GUARD.load(file, Patient).original == file
    for absent in (tmp_path / "absent.json", tmp_path):
        with pytest.raises(UsageError, match="cannot read"):
            GUARD.check(absent)


def test_a_file_beyond_the_limit_is_refused_without_being_read_whole(tmp_path: Path) -> None:
    """One byte too many is enough to know."""
    file = tmp_path / "p.json"
    file.write_bytes(PATIENT + b" " * 1000)
    report = Guard(GUARD.policy, limits=Limits(bytes=100)).check(file)
    assert [problem.code for problem in report.problems] == ["size"]


def test_a_model_is_judged_as_what_it_is_written_as() -> None:
    """Its class says the release and the type."""
    report = GUARD.check(ImagingStudy.model_validate(study()))
    assert (report.verdict, report.evidence, report.release, report.resource_type) == (
        Verdict.CLEAR,
        "model",
        "R4B",
        "ImagingStudy",
    )
    assert rejected(GUARD.check(ImagingStudy.model_validate(study(url=WARNED))))


@pytest.mark.parametrize("data", [None, 5, [PATIENT], {"a"}, object(), Patient, ("x",)], ids=lambda data: type(data).__name__)
def test_anything_else_is_a_usage_error(data: Any) -> None:
    """The message says what may be passed."""
    with pytest.raises(UsageError, match=r"cannot check a .*; pass bytes, str, a mapping, a Path or a model"):
        GUARD.check(data)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"5", b'"x"', b"{", b"{}", b"\xff", b"{} {}", '{"resourceType": "Patient", "a": "\ud800"}']
)
def test_what_is_no_resource_is_unreadable(body: bytes | str) -> None:
    """It is a report with one decision, never an exception."""
    report = GUARD.check(body)
    assert rejected(report)
    assert [decision.ground for decision in report.decisions] == [Ground.UNREADABLE]
    with pytest.raises(Refused):
        GUARD.load(body)


class Derived(dict[str, Any]):
    """A dict that hides what it holds from whoever asks for its items."""

    def items(self) -> Any:
        return {"resourceType": "Patient"}.items()

    def keys(self) -> Any:
        return {"resourceType": "Patient"}.keys()

    def __iter__(self) -> Iterator[str]:
        return iter(["resourceType"])


class DerivedList(list[Any]):
    """A list that hides what it holds."""

    def __iter__(self) -> Iterator[Any]:
        return iter(())


class DerivedStr(str):
    """A string that is equal to nothing."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return False

    __hash__ = str.__hash__


class Raising(Mapping[str, Any]):
    """A mapping that cannot be read."""

    def __getitem__(self, key: str) -> Any:
        raise RuntimeError(key)

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError

    def __len__(self) -> int:
        return 1


CYCLE: dict[str, Any] = {"resourceType": "Patient"}
CYCLE["contact"] = [CYCLE]
HOSTILE: dict[str, Any] = {
    "derived dict": Derived(study(url=WARNED)),
    "derived dict within": {"resourceType": "ImagingStudy", "series": [Derived(modifierExtension=modifier(WARNED))]},
    "derived list": {"resourceType": "ImagingStudy", "modifierExtension": DerivedList(modifier(WARNED))},
    "derived name": {"resourceType": "ImagingStudy", DerivedStr("modifierExtension"): modifier(WARNED)},
    "derived type": {"resourceType": DerivedStr("ImagingStudy")},
    "ordered within": {"resourceType": "ImagingStudy", "series": [OrderedDict(modifierExtension=modifier(WARNED))]},
    "raising": Raising(),
    "cycle": CYCLE,
    "number as name": {"resourceType": "Patient", 5: 5},
    "bytes as name": {"resourceType": "Patient", b"modifierExtension": modifier(WARNED)},
    "tuple": {"resourceType": "Patient", "contact": ({"modifierExtension": modifier(WARNED)},)},
    "generator": {"resourceType": "Patient", "contact": (each for each in [{"modifierExtension": modifier(WARNED)}])},
    "set": {"resourceType": "Patient", "x": {"a"}},
    "bytes": {"resourceType": "Patient", "x": b"a"},
    "date": {"resourceType": "Patient", "birthDate": DAY},
    "no number": {"resourceType": "Patient", "x": float("nan")},
    "model within": {"resourceType": "Bundle", "entry": [{"resource": Patient()}]},
    "half a pair": {"resourceType": "Patient", "x": "\ud800"},
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_tree_that_json_could_not_have_given_is_refused(case: str) -> None:
    """What could show one thing here and another elsewhere is not read at all, and nothing is raised."""
    report = GUARD.check(HOSTILE[case])
    assert rejected(report)
    assert [decision.ground for decision in report.decisions] == [Ground.UNREADABLE]


def test_what_is_handed_over_is_never_changed() -> None:
    """Neither by check, nor by load, nor by the reduced form."""
    tree = study(instance("1", LEFT_OUT), instance("2"))
    before = copy.deepcopy(tree)
    passed: Passed[Any] = RULED.load(tree, ImagingStudy, today=DAY)
    passed.report.reduced()["series"].clear()
    assert tree == before
    assert passed.original is tree
    body = raw(tree)
    assert RULED.load(body, ImagingStudy, today=DAY).original is body


# the release


def test_the_release_is_the_classes_else_the_one_named_else_the_policys_else_r4() -> None:
    """In that order."""
    one = Guard.from_text('caveat 1;\npolicy "one" version "1.0.0" { owner "t"; fhir R5; }\n')
    two = Guard.from_text('caveat 1;\npolicy "two" version "1.0.0" { owner "t"; fhir R4, R5; }\n')
    body = raw(study())
    assert GUARD.check(body).release == "R4"
    assert GUARD.check(body, ImagingStudy).release == "R4B"
    assert GUARD.check(body, StudyR5).release == "R5"
    assert GUARD.check(body, release="R5").release == "R5"
    assert GUARD.check(body, ImagingStudy, release="R4").release == "R4"
    assert one.check(body).release == "R5"
    assert two.check(body).release == "R4"
    assert two.check(body, ImagingStudy).release == "R4"
    assert one.check(StudyR5.model_validate({"status": "available", "subject": {"reference": "Patient/1"}})).release == "R5"
    calls: tuple[tuple[Callable[[], object], str], ...] = (
        (lambda: one.check(body, ImagingStudy), r"policy `one` is for R5, not for R4B; pass `release='R5'`"),
        (lambda: two.check(body, release="R4B"), r"policy `two` is for R4, R5, not for R4B"),
        (lambda: GUARD.check(body, ImagingStudy, release="R5"), "a model of R4B cannot hold a resource of R5"),
        (lambda: GUARD.check(body, release="R6"), "no release 'R6' is read; write one of R4, R4B, R5"),
        (lambda: GUARD.check(body, release="r4"), "no release 'r4'"),
    )
    for call, said in calls:
        with pytest.raises(UsageError, match=said):
            call()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"intent": "write"}, "intent='write' means nothing; write one of 'read', 'modify'"),
        ({"intent": None}, "intent=None means nothing"),
        ({"wire": "xml"}, "wire='xml' means nothing; write one of 'fhir', 'graphql'"),
        ({"today": "2026-01-01"}, "`today` is a day; pass a date"),
        ({"today": datetime(2026, 1, 1, tzinfo=UTC)}, "`today` is a day; pass a date"),
        ({"at": "Zzz"}, "no element `Zzz` in FHIR R4; write its path"),
        ({"at": ""}, "no element ``"),
        ({"at": "Patient.contact.zzz"}, "no element"),
        ({"at": "Patient.birthDate"}, "cannot be checked alone"),
        ({"at": "Observation.value[x]"}, "cannot be checked alone"),
        ({"at": "Bundle.entry.resource"}, "cannot be checked alone"),
        ({"at": "Patient.modifierExtension"}, "cannot be checked alone"),
        ({"at": "Patient.extension.extension"}, "cannot be checked alone"),
        ({"at": "Extension"}, "cannot be checked alone"),
        ({"at": "BackboneElement"}, "cannot be checked alone"),
        ({"at": "DomainResource"}, "cannot be checked alone"),
        (
            {"model": ImagingStudySeries, "at": "ImagingStudy.series.instance", "within": None},
            "is not what ImagingStudy.series is",
        ),
        ({"within": 5}, "`within` is the report on a resource, or None; a int is neither"),
        ({"within": {"verdict": "clear"}, "at": "ImagingStudy.series"}, "a dict is neither"),
    ],
    ids=str,
)
def test_a_call_that_means_nothing_is_a_usage_error(options: dict[str, Any], said: str) -> None:
    """It names what was wrong, and the right call."""
    with pytest.raises(UsageError, match=said.replace("[", r"\[")):
        GUARD.check(PATIENT, **options)


def test_a_class_and_the_same_element_by_path_may_be_named_both() -> None:
    """Below a recursion they need not be written alike."""
    from fhir.resources.R4B.questionnaire import QuestionnaireItem  # noqa: PLC0415  only here

    report = GUARD.check({"linkId": "1"}, QuestionnaireItem, at="Questionnaire.item.item", within=None)
    assert report.resource_type == "Questionnaire.item.item"


def test_without_a_day_it_is_today() -> None:
    """By the clock, in UTC; intent and source are as the caller said."""
    before = datetime.now(UTC).date()
    report = Guard(GUARD.policy, source="pacs-a").check(PATIENT, intent="modify")
    assert before <= report.date <= datetime.now(UTC).date()
    assert (report.intent, report.source) == (Intent.MODIFY, "pacs-a")
    assert Guard(GUARD.policy, source="pacs-a").check(PATIENT, source="pacs-b").source == "pacs-b"


def test_what_is_asked_is_kept_for_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """A guard that runs on judges the next day's documents as on that day, and by another intent as by that."""
    guard, now = Guard(GUARD.policy), time.time()
    kept = guard._usual_question("read", "fhir")
    assert guard._usual_question("read", "fhir") is kept or datetime.now(UTC).date() > kept.today
    monkeypatch.setattr("caveat.guard.time", lambda: now + 24 * 60 * 60)
    other = guard._usual_question("read", "fhir")
    assert other is not kept
    assert other.today > kept.today
    assert guard.check(PATIENT).date == other.today == datetime.fromtimestamp(now, UTC).date() + timedelta(days=1)
    assert guard._usual_question("read", "fhir") is other
    assert guard._usual_question("modify", "fhir").intent is Intent.MODIFY
    assert guard._usual_question("read", "graphql").wire is Wire.GRAPHQL


# an element alone


def within(tree: dict[str, Any] | bytes) -> Report:
    return RULED.check(tree, release="R4B", today=DAY)


def row(vouched: Report | None, tree: dict[str, Any] | None = None) -> Report:
    return RULED.check(tree or instance("1"), ImagingStudySeriesInstance, within=vouched, today=DAY)


def test_an_element_alone_needs_somebody_who_vouches() -> None:
    """Or the word that nobody does; the report records which."""
    with pytest.raises(UsageError, match=r"`ImagingStudy\.series.instance` stands alone: pass `within=`"):
        GUARD.check(instance("1"), ImagingStudySeriesInstance)
    assert row(None).within == "none"
    vouching = within(study())
    assert row(vouching).within == vouching.digest
    assert row(vouching).verdict is Verdict.CLEAR
    assert GUARD.check(PATIENT).within is None
    assert repr(UNSAID) == "UNSAID"


@pytest.mark.parametrize(
    ("tree", "verdict"),
    [
        (study(), Verdict.CLEAR),
        (study(url=WARNED), Verdict.WARN),
        (study(series_url=WARNED), Verdict.WARN),
        (study(series_url=LEFT_OUT), Verdict.REJECT),
        (study(url=SHOWN), Verdict.REJECT),
        (study(url=STOPPED), Verdict.REJECT),
        (study(url="http://example.org/unknown"), Verdict.REJECT),
        (study(implicitRules="http://example.org/rules"), Verdict.REJECT),
        (study(meta={"tag": [{"code": "SUBSETTED"}]}), Verdict.REJECT),
        (study(instance("1", STOPPED)), Verdict.CLEAR),
        (study(subject={"modifierExtension": modifier(WARNED)}), Verdict.CLEAR),
        (b"{", Verdict.REJECT),
    ],
    ids=[
        "nothing",
        "warned study",
        "warned series",
        "series left out",
        "narrative",
        "forbidden",
        "unknown",
        "rules",
        "subsetted",
        "another instance",
        "no ancestor",
        "unreadable",
    ],
)
def test_what_the_resource_says_on_the_ancestors_counts_for_the_element(tree: dict[str, Any] | bytes, verdict: Verdict) -> None:
    """And what it says elsewhere does not."""
    assert row(within(tree)).verdict is verdict
    if verdict is Verdict.REJECT:
        with pytest.raises(Refused):
            RULED.load(instance("1"), ImagingStudySeriesInstance, within=within(tree), today=DAY)


def test_a_report_on_something_else_vouches_for_nothing() -> None:
    """The element must be one of the resource that the report is about."""
    with pytest.raises(UsageError, match=r"`within` is a report on Patient, which holds no `ImagingStudy\.series\.instance`"):
        row(GUARD.check(PATIENT))
    with pytest.raises(UsageError, match="`within` goes with an element alone; a whole resource speaks for itself"):
        GUARD.check(PATIENT, within=GUARD.check(PATIENT))
    with pytest.raises(UsageError, match="`Dosage` may stand in many places; name the one that the report is about"):
        GUARD.check({}, at="Dosage", within=GUARD.check(b'{"resourceType": "MedicationRequest"}'))
    assert GUARD.check({}, at="Dosage", within=None).may_process


def test_a_row_of_graphql_is_an_element_alone() -> None:
    """The example of the interface's page."""
    asked = {"uid": "1", "modifierExtension": None, "__typename": "ImagingStudyInstance"}
    assert GUARD.check(asked, at="ImagingStudyInstance", wire="graphql", within=None).may_process
    assert rejected(GUARD.check({"uid": "1"}, at="ImagingStudyInstance", wire="graphql", within=None))


# load


def test_what_passes_comes_with_what_must_be_said_of_it() -> None:
    """The model, the warnings, the report, and what was handed over."""
    passed: Passed[Any] = RULED.load(raw(study(instance("1", WARNED))), ImagingStudy, today=DAY)
    assert type(passed) is Passed
    assert type(passed.resource) is ImagingStudy
    assert [decision.rule for decision in passed.warnings] == ["warned"]
    assert (passed.excluded, passed.is_reduced, passed.report.verdict) == ((), False, Verdict.WARN)
    series: Any = passed.resource.series
    assert series[0].numberOfInstances == 1


def test_what_is_left_out_is_left_out_of_the_model() -> None:
    """The reduced form is tagged, and what no longer holds is dropped; a warning on what is gone is gone with it."""
    gone = instance("2", LEFT_OUT)
    gone["modifierExtension"] += modifier(WARNED)
    passed: Passed[Any] = RULED.load(study(instance("1"), gone, instance("3", WARNED)), ImagingStudy, today=DAY)
    assert passed.is_reduced
    assert [each.uid for each in passed.resource.series[0].instance] == ["1", "3"]
    assert [tag.code for tag in passed.resource.meta.tag] == ["SUBSETTED"]
    assert passed.resource.text is None
    assert passed.resource.numberOfInstances is None
    assert passed.resource.numberOfSeries is None
    assert passed.resource.series[0].numberOfInstances is None
    assert [d.occurrence.location for d in passed.excluded if d.occurrence] == [
        "ImagingStudy.series[0].instance[1].modifierExtension[0]"
    ]
    assert [d.occurrence.location for d in passed.warnings if d.occurrence] == [
        "ImagingStudy.series[0].instance[2].modifierExtension[0]"
    ]
    assert rejected(GUARD.check(passed.report.reduced()))


def test_the_reduced_form_keeps_the_text_of_numbers() -> None:
    """A decimal in it is written as it was."""
    body = raw(study(instance("1", LEFT_OUT), instance("2"))).replace(b'"code": "CT"', b'"code": "CT", "x": 1.10')
    reduced = RULED.check(body, today=DAY).reduced()
    assert str(reduced["series"][0]["modality"]["x"]) == "1.10"


@pytest.mark.parametrize("url", [STOPPED, SHOWN, "http://example.org/unknown"], ids=["reject", "narrative", "unknown"])
def test_what_may_not_be_processed_is_refused(url: str) -> None:
    """With the report, whose words are the message, and with no reduced form."""
    with pytest.raises(Refused) as refused:
        RULED.load(study(instance("1", url)), ImagingStudy, today=DAY)
    assert str(refused.value) == str(refused.value.report)
    assert url in str(refused.value)
    with pytest.raises(CaveatError, match="may not be processed, not even in reduced form"):
        refused.value.report.reduced()


def test_what_fhir_resources_cannot_hold_is_not_loadable() -> None:
    """It is no verdict: the report still says that it may be processed; in reduced form too."""
    for instances in ([], [instance("1", LEFT_OUT), instance("2")]):
        with pytest.raises(
            NotLoadable, match=r"fhir.resources refuses the resource at ImagingStudy.foo: .* \(1 in all\)"
        ) as found:
            RULED.load(study(*instances, foo=5), ImagingStudy, today=DAY)
        assert found.value.report.may_process_reduced
        assert found.value.problems[0].location == "ImagingStudy.foo"


def test_a_resource_of_another_type_than_the_class_is_refused() -> None:
    """The class says what is expected."""
    with pytest.raises(Refused):
        GUARD.load(PATIENT, ImagingStudy)
    assert type(GUARD.load(PATIENT).resource).__name__ == "Patient"


# ndjson


def lines(body: bytes) -> list[tuple[int, bytes, str]]:
    return [(line.number, line.raw, line.report.verdict.word) for line in GUARD.ndjson(io.BytesIO(body))]


ONE = b'{"resourceType":"Basic"}'
BAD = b'{"resourceType":"Basic","modifierExtension":[{"url":"http://a.b/c","valueBoolean":true}]}'
NDJSON: dict[str, tuple[bytes, list[tuple[int, bytes, str]]]] = {
    "ordinary": (ONE + b"\n" + BAD + b"\n", [(1, ONE, "clear"), (2, BAD, "reject")]),
    "no last line end": (ONE + b"\n" + BAD, [(1, ONE, "clear"), (2, BAD, "reject")]),
    "CRLF": (ONE + b"\r\n" + BAD + b"\r\n", [(1, ONE + b"\r", "clear"), (2, BAD + b"\r", "reject")]),
    "blank lines": (b"\n \n\t\r\n" + ONE + b"\n\n", [(4, ONE, "clear")]),
    "bad line": (ONE + b"\n{\n" + ONE, [(1, ONE, "clear"), (2, b"{", "reject"), (3, ONE, "clear")]),
    "U+2028 in a string": (
        '{"resourceType":"Basic","id":"a\u2028b\u2029c\u0085d\x0be"}\n'.replace("\x0b", "").encode(),
        [(1, '{"resourceType":"Basic","id":"a\u2028b\u2029c\u0085de"}'.encode(), "clear")],
    ),
    "NUL padding": (ONE + b"\n" + b"\0" * 8, [(1, ONE, "clear"), (2, b"\0" * 8, "reject")]),
    "mark at the start": (b"\xef\xbb\xbf" + ONE + b"\n", [(1, b"\xef\xbb\xbf" + ONE, "clear")]),
    "old Mac": (ONE + b"\r" + BAD + b"\r", [(1, ONE + b"\r" + BAD + b"\r", "reject")]),
    "empty": (b"", []),
}


@pytest.mark.parametrize("case", NDJSON)
def test_each_line_is_a_document_of_its_own(case: str, tmp_path: Path) -> None:
    """Cut at 0x0A alone, counted from 1, with its bytes as received; a bad line is that line's verdict."""
    body, expected = NDJSON[case]
    assert lines(body) == expected
    file = tmp_path / "x.ndjson"
    file.write_bytes(body)
    found = list(GUARD.ndjson(file, source="a", release="R5", intent="modify", today=DAY))
    assert [(line.number, line.raw, line.report.verdict.word) for line in found] == expected
    assert all(type(line) is Line and (line.report.line, line.report.release) == (line.number, "R5") for line in found)
    assert all((line.report.source, line.report.intent, line.report.date) == ("a", "modify", DAY) for line in found)


def test_what_gives_no_lines_of_bytes_is_a_usage_error(tmp_path: Path) -> None:
    """At once where it can be seen at once."""
    for wrong in (ONE, bytearray(ONE)):
        with pytest.raises(UsageError, match="pass the file's name, or the file opened with `rb`"):
            GUARD.ndjson(wrong)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="is an archive, not lines"):
        list(GUARD.ndjson(tmp_path / "export.zip"))
    with pytest.raises(UsageError, match="lines of bytes, not of str"):
        list(GUARD.ndjson(io.StringIO(ONE.decode())))  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="cannot read"):
        list(GUARD.ndjson(str(tmp_path / "absent.ndjson")))
    with pytest.raises(UsageError, match="no release"):
        GUARD.ndjson([], release="R6")


def test_a_line_over_the_limit_is_refused_and_the_next_is_read(tmp_path: Path) -> None:
    """A line that is too long is refused for its size, wherever its end is, and costs no other line."""
    file = tmp_path / "long.ndjson"
    limit = len(ONE) + 3
    for extra in (0, 3, 4, 5, 6, limit, 5 * limit + 1):
        file.write_bytes(ONE + b"\n" + ONE + b" " * extra + b"\n" + ONE)
        lines = list(Guard(GUARD.policy, limits=Limits(bytes=limit)).ndjson(file))
        assert [line.number for line in lines] == [1, 2, 3]
        assert [line.report.may_process for line in lines] == [True, extra <= 3, True]
        assert lines[1].report.problems[0].code == "size" if extra > 3 else not lines[1].report.problems


def test_a_whole_resource_is_no_element_alone() -> None:
    """What says that it is a resource is not read as an element of one, whose root nobody would look at."""
    observation = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "modifierExtension": modifier(WARNED)}
    for told in (observation, {"__typename": "Observation", "modifierExtension": modifier(WARNED)}):
        wire = "fhir" if "resourceType" in told else "graphql"
        report = GUARD.check(told, at="Observation.component", within=None, wire=wire)
        assert (report.verdict, report.problems[0].code) == (Verdict.REJECT, "resource-type")
    lawful = {"resourceId": "x", "resourceType": "Patient"}  # an element of that name
    assert GUARD.check(lawful, at="ExampleScenario.instance", within=None).may_process


def test_a_guard_takes_a_compiled_policy() -> None:
    """The name of a rule file is no policy, and the message names the right call."""
    with pytest.raises(UsageError, match=re.escape("use `Guard.from_files(...)`")):
        Guard("worklist.caveat")  # type: ignore[arg-type]


def test_an_element_is_judged_as_its_resource_was() -> None:
    """A report by another policy, or for another intent, vouches for nothing."""
    whole = GUARD.check(study(), today=DAY)
    row = {"uid": "1.2.3"}
    place = "ImagingStudy.series.instance"
    others: list[dict[str, Any]] = [{"intent": "modify"}, {"release": "R5"}, {"today": date(2026, 11, 24)}]
    for told in others:
        with pytest.raises(UsageError, match="by another policy, intent, release or day"):
            GUARD.check(row, at=place, within=whole, **told)
    with pytest.raises(UsageError, match="by another policy, intent, release or day"):
        RULED.check(row, at=place, within=whole)
    report = GUARD.check(row, at=place, within=whole)
    assert (report.may_process, report.date, report.release) == (True, whole.date, whole.release)


# protects


def test_a_protected_function_gets_the_model() -> None:
    """Its first parameter says the class, by an object or by a string; the others are left alone."""

    @GUARD.protects
    def described(patient: Patient, suffix: str, *, upper: bool = False) -> str:
        """Say something."""
        said = f"{type(patient).__name__} {patient.id}{suffix}"
        return said.upper() if upper else said

    assert described(PATIENT, "!") == "Patient p1!"
    assert described(patient=PATIENT, suffix="?", upper=True) == "PATIENT P1?"
    assert (described.__name__, described.__doc__) == ("described", "Say something.")
    with pytest.raises(Refused):
        described(raw({"resourceType": "Patient", "modifierExtension": []}), "")
    with pytest.raises(Refused):
        described(raw(study()), "")
    with pytest.raises(TypeError, match="patient"):
        described(suffix="")


def test_a_protected_coroutine_function_stays_one() -> None:
    """A framework that asks is told the truth; what may not be processed is refused when it is awaited."""

    @GUARD.protects
    async def described(patient: Patient) -> str | None:
        await asyncio.sleep(0)
        return patient.id

    assert inspect.iscoroutinefunction(described)
    assert asyncio.run(described(PATIENT)) == "p1"
    with pytest.raises(Refused):
        asyncio.run(described(raw({"resourceType": "Patient", "modifierExtension": []})))


def test_only_the_first_parameter_says_the_class() -> None:
    """Without an annotation the resource's own type does; a later annotation says nothing of it."""

    @GUARD.protects
    def described(resource, other: ImagingStudy | None = None):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202  the point of it
        return type(resource).__name__, other

    assert described(PATIENT) == ("Patient", None)
    assert described(raw(study())) == ("ImagingStudy", None)


def test_a_function_that_cannot_be_protected_is_a_usage_error_at_once() -> None:
    """Not only when it is called."""

    def nothing() -> None: ...

    def wrong(body: bytes) -> None: ...

    def unseen(resource: Unknown) -> None: ...

    def several(*resources: Patient) -> None: ...

    def named(**resources: Patient) -> None: ...

    def given(resource: Patient = PATIENT) -> None: ...  # type: ignore[assignment]

    def method(self: object, resource: Patient) -> None: ...

    for function, said in (
        (nothing, "takes nothing"),
        (wrong, "bytes is no class of fhir.resources"),
        (unseen, "is annotated with `Unknown`, which it cannot see; import it at the top"),
        (several, r"checks one resource, and .* begins with `\*resources: .*`; name the parameter"),
        (named, r"checks one resource, and .* begins with `\*\*resources"),
        (given, "has a default for its resource, which nobody would check"),
        (method, "first parameter is the resource, and that of .* is `self`"),
    ):
        with pytest.raises(UsageError, match=said):
            GUARD.protects(function)


# reports


def test_a_report_reads_as_a_sentence() -> None:
    """What, the verdict, where and why."""
    said = str(GUARD.check(raw(study(instance("1", WARNED)))))
    assert said == (
        "ImagingStudy: must not be processed, because "
        f"`{WARNED}` at ImagingStudy.series[0].instance[0].modifierExtension[0] is a modifier that no rule names"
    )
    assert str(GUARD.check(PATIENT)) == "Patient: may be processed: no modifier concerns the application"


def test_a_report_says_nothing_that_a_terminal_would_obey() -> None:
    """A url may hold escapes and be endless; what is said of it is neither."""
    said = str(GUARD.check({"resourceType": "Patient", "modifierExtension": [{"url": "http://e.x/\x1b[31m" + "a" * 9000}]}))
    assert "\\u001b[31m" in said
    assert said.isprintable()
    assert len(said) < 2100


def test_a_report_cannot_be_changed() -> None:
    """Neither its fields nor by new ones."""
    report = GUARD.check(PATIENT)
    with pytest.raises(FrozenInstanceError):
        report.verdict = Verdict.CLEAR  # type: ignore[misc]
    with pytest.raises((AttributeError, TypeError)):
        report.note = "x"  # type: ignore[attr-defined]


def test_a_report_has_its_other_forms() -> None:
    """OperationOutcome, record, digest; the same report has the same digest, another has another."""
    report = GUARD.check(raw(study(url=WARNED)), today=DAY)
    assert report.to_outcome()["resourceType"] == "OperationOutcome"
    assert report.to_record()["schema"] == "caveat.report/1"
    assert report.digest == GUARD.check(raw(study(url=WARNED)), today=DAY).digest
    assert report.digest != GUARD.check(raw(study()), today=DAY).digest
    assert len(report.digest) == len("sha256:") + 64


def test_a_report_that_somebody_put_together_has_no_reduced_form() -> None:
    """Only the one that the guard made knows the resource."""
    report = replace(GUARD.check(PATIENT), source="x")
    with pytest.raises(CaveatError, match="ask the report that `check` returned"):
        report.reduced()


def test_the_reduced_form_of_what_may_be_processed_is_the_whole_tagged() -> None:
    """Nothing was left out, and it still says what it is."""
    assert GUARD.check(PATIENT).reduced()["id"] == "p1"


def test_everything_can_be_pickled() -> None:
    """Guards, reports, what passed and what was refused cross to another process whole."""
    guard = pickle.loads(pickle.dumps(RULED))  # noqa: S301  our own
    tree = study(instance("1", LEFT_OUT), instance("2"))
    report = guard.check(tree, today=DAY)
    again = pickle.loads(pickle.dumps(report))  # noqa: S301  our own
    assert again == report
    assert again.reduced() == report.reduced()
    assert type(again) is Report
    assert copy.deepcopy(report) == report
    refused = pickle.loads(pickle.dumps(Refused(report)))  # noqa: S301  our own
    assert (refused.report, str(refused)) == (report, str(report))
    with pytest.raises(NotLoadable) as found:
        guard.load(study(foo=5), ImagingStudy, today=DAY)
    unloadable = pickle.loads(pickle.dumps(found.value))  # noqa: S301  our own
    assert (unloadable.problems, str(unloadable)) == (found.value.problems, str(found.value))
    with pytest.raises(RuleFileError) as broken:
        Guard.from_text("caveat 1;\nreject")
    mistaken = pickle.loads(pickle.dumps(broken.value))  # noqa: S301  our own
    assert (mistaken.diagnostics, str(mistaken)) == (broken.value.diagnostics, str(broken.value))


def test_a_guard_may_be_shared_by_threads() -> None:
    """Eight threads, a thousand documents: each gets its own report."""
    trees = [study(instance(str(n), WARNED if n % 2 else None), id=f"s{n}") for n in range(1000)]
    with ThreadPoolExecutor(8) as pool:
        reports = list(pool.map(lambda tree: RULED.check(raw(tree), today=DAY), trees))
    assert [report.resource_id for report in reports] == [tree["id"] for tree in trees]
    assert [report.verdict for report in reports] == [Verdict.WARN if n % 2 else Verdict.CLEAR for n in range(1000)]


# guards and names


def test_a_rule_file_that_cannot_be_loaded_says_every_mistake(tmp_path: Path) -> None:
    """The error carries the diagnostics and shows them with their lines."""
    with pytest.raises(RuleFileError) as error:
        Guard.from_text('caveat 1;\nreject a: "http://a.b" on Zzz because "x";\nreject a: "http://a.c" on Patient because "x";\n')
    assert {diagnostic.code for diagnostic in error.value.diagnostics} >= {"CV101", "CV104"}
    assert "error[CV101]" in str(error.value)
    file = tmp_path / "p.caveat"
    file.write_text(RULES)
    assert Guard.from_files(file, source="s").policy.name == "tests"
    assert Guard.from_files(str(file)).check(study(url=WARNED), today=DAY).verdict is Verdict.WARN
    file.write_text("caveat")
    with pytest.raises(RuleFileError):
        Guard.from_files(file)
    with pytest.raises(UsageError):
        Guard.from_files(tmp_path / "absent.caveat")


def test_scan_tells_what_cannot_hold_a_modifier() -> None:
    """And sends everything else to a closer look."""
    assert GUARD.scan(PATIENT) is Triage.FREE
    assert GUARD.scan(raw(study(url=WARNED))) is Triage.LOOK_CLOSER
    assert GUARD.scan(b"") is Triage.LOOK_CLOSER


def test_every_name_of_the_library_is_there() -> None:
    """By the package and by `caveat.guard`."""
    for name in caveat.__all__:
        assert getattr(caveat, name) is not None
    for name in ("Guard", "Line", "NotLoadable", "Passed", "Refused", "Report", "RuleFileError", "Triage"):
        assert getattr(caveat, name) is getattr(caveat.guard, name)
    with pytest.raises(AttributeError, match="zzz"):
        caveat.zzz  # noqa: B018  reading it is the test
    assert set(caveat.__all__) == set(dir(caveat))


# XML


XML = b"""<?xml version="1.0"?><ImagingStudy xmlns="http://hl7.org/fhir">
<id value="s"/><status value="available"/><subject><reference value="Patient/p"/></subject>
<series><uid value="1.2"/><modality><code value="CT"/></modality>%s</series></ImagingStudy>"""
STOPPING = f'<modifierExtension url="{STOPPED}"><valueBoolean value="true"/></modifierExtension>'.encode()
LEAVING_OUT = STOPPING.replace(b"stopped", b"left-out")


def test_xml_is_checked_as_json_is() -> None:
    """Bytes, text and files that begin as XML; the report keeps the bytes as received."""
    for data in (XML % STOPPING, (XML % STOPPING).decode(), bytearray(XML % STOPPING)):
        report = RULED.check(data, ImagingStudy, today=DAY)
        assert [d.occurrence.location for d in report.decisions if d.occurrence] == [
            "ImagingStudy.series[0].modifierExtension[0]"
        ]
        assert (report.verdict, report.resource_id, report.evidence) == (Verdict.REJECT, "s", "document")
        assert report.received == XML % STOPPING


def test_a_model_is_made_from_xml() -> None:
    """What may be processed comes as a model, the reduced form where something was left out; the original is as received."""
    passed = RULED.load(XML % b"", ImagingStudy, today=DAY)
    assert (passed.resource.id, passed.resource.series[0].uid) == ("s", "1.2")  # type: ignore[index]
    reduced = RULED.load(XML % LEAVING_OUT, ImagingStudy, today=DAY)
    assert reduced.is_reduced
    assert reduced.resource.series is None
    assert reduced.original == XML % LEAVING_OUT
    with pytest.raises(Refused):
        RULED.load(XML % STOPPING, ImagingStudy, today=DAY)


def test_an_element_alone_is_read_from_xml() -> None:
    """Its root may be called as it will."""
    element = b'<series xmlns="http://hl7.org/fhir"><uid value="1"/><modality><code value="CT"/></modality>%s</series>'
    assert GUARD.load(element % b"", ImagingStudySeries, within=None).resource.uid == "1"
    report = GUARD.check(element % STOPPING, at="ImagingStudy.series", within=None)
    assert [d.occurrence.location for d in report.decisions if d.occurrence] == ["ImagingStudy.series.modifierExtension[0]"]


def test_a_scan_of_xml_looks_closer() -> None:
    """Nothing is claimed of XML from its bytes alone."""
    assert GUARD.scan(XML % b"") is Triage.LOOK_CLOSER


def test_the_name_of_a_file_says_its_form(tmp_path: Path) -> None:
    """A file is read as what its name ends in, whatever it begins as; `form` says it for content, and over a name."""
    for name, data, is_read in (
        ("a.xml", XML % b"", True),
        ("b.json", XML % b"", False),
        ("c.xml", PATIENT, False),
        ("d.txt", XML % b"", True),
    ):
        (tmp_path / name).write_bytes(data)
        assert GUARD.check(tmp_path / name).may_process is is_read
    assert GUARD.check(tmp_path / "b.json", form="xml").may_process
    assert not GUARD.check(XML % b"", form="json").may_process
    with pytest.raises(Refused):
        GUARD.load(XML % b"", form="json")
    with pytest.raises(UsageError, match="form='yaml' means nothing; write one of 'json', 'xml'"):
        GUARD.check(b"", form="yaml")


def test_a_line_of_xml_is_no_line_of_ndjson() -> None:
    """NDJSON is JSON; a line that begins as XML is refused."""
    (line,) = GUARD.ndjson([b'<Basic xmlns="http://hl7.org/fhir"/>'])
    assert [problem.code for problem in line.report.problems] == ["syntax"]
