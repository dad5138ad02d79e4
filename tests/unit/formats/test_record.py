"""The wire form of a report is what its schema promises, bounded, and without a value of the document."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caveat.domain.decision import Intent, Verdict
from caveat.domain.report import NativeModifier, PolicyName, Problem, Report
from caveat.formats import shared
from caveat.formats.record import MOST_DECISIONS, MOST_NATIVE, Writer, record, to_json
from caveat.formats.schema import ReportRecord, json_schema
from caveat.formats.shared import Shared
from caveat.guard import Guard

TODAY = date(2026, 11, 23)
CANARY = "CANARY-4711"
RULES = """caveat 1;
policy "imaging" version "3.2.0" { owner "pacs-team"; fhir R4B; default exclude on ImagingStudy.series.instance; }
extension quality = "https://example.org/quality";
reject poor: quality on ImagingStudy.series as string when value = "poor" because "of no use";
"""


def study(*modifiers: dict[str, Any], on_instance: tuple[dict[str, Any], ...] = ()) -> bytes:
    """Return a study whose only series holds `modifiers`, and whose first instance those of its own."""
    instance: dict[str, Any] = {"uid": "1.1", "title": CANARY}
    if on_instance:
        instance["modifierExtension"] = list(on_instance)
    series = {"uid": "1", "modifierExtension": list(modifiers), "instance": [instance, {"uid": "1.2"}]}
    return json.dumps({"resourceType": "ImagingStudy", "id": "s1", "series": [series]}).encode()


def modifier(url: str, value: str = CANARY) -> dict[str, Any]:
    """Return a modifier extension with a string."""
    return {"url": url, "valueString": value}


def checked(raw: bytes, rules: str = RULES) -> Report:
    """Return the report on `raw`."""
    return Guard.from_text(rules).check(raw, today=TODAY)


REPORTS = {
    "clear": lambda: checked(b'{"resourceType": "Patient", "id": "p"}'),
    "unknown": lambda: checked(study(modifier("https://example.org/u"))),
    "rule": lambda: checked(study(modifier("https://example.org/quality", "poor"))),
    "excluded": lambda: checked(study(modifier("https://example.org/u"), on_instance=(modifier("https://example.org/i"),))),
    "malformed": lambda: checked(study(modifier("relative url"))),
    "unreadable": lambda: checked(b'{"resourceType": "Patient", "resourceType": "Patient"}'),
    "bundle": lambda: checked(
        b'{"resourceType": "Bundle", "type": "collection", "entry": [{"resource": {"resourceType": "Basic"}}]}'
    ),
    "native": lambda: checked(b'{"resourceType": "Patient", "active": false}'),
    "problem": lambda: replace_problem(checked(b'{"resourceType": "Patient"}')),
}


def replace_problem(report: Report) -> Report:
    """Return the report with a problem in it."""
    return replace(report, problems=(Problem("missing", "Field required", "Patient.name"),))


@pytest.mark.parametrize("kind", REPORTS)
def test_a_record_is_what_its_schema_promises(kind: str) -> None:
    """Every record validates against the model, which gives back the same fields in the same order."""
    made = record(REPORTS[kind]())
    again = ReportRecord.model_validate(made).model_dump(mode="json", by_alias=True, exclude_unset=True)
    assert json.dumps(again) == json.dumps(made)


@pytest.mark.parametrize("kind", REPORTS)
def test_no_value_is_in_a_record(kind: str) -> None:
    """What a modifier says, and what else the document holds, stays out."""
    assert CANARY not in to_json(REPORTS[kind]())


def test_every_field_stands_where_the_interface_shows_it() -> None:
    """The order of the fields is a promise; what was added stands last."""
    made = record(REPORTS["unknown"]())
    head = (
        "schema input line resource_type resource_id release verdict may_process may_process_reduced evidence within intent date"
    )
    tail = "policy input_sha256 decisions entries problems not_checked source native"
    assert list(made) == f"{head} {tail}".split()
    decision = "location path slot url value_type verdict ground final rule because near detail fault"
    assert list(made["decisions"][0]) == decision.split()


def test_a_decision_names_place_url_rule_and_reason() -> None:
    """Of a rule's decision the record says where, what, who and why."""
    assert record(REPORTS["rule"]())["decisions"] == [
        {
            "location": "ImagingStudy.series[0].modifierExtension[0]",
            "path": "ImagingStudy.series",
            "slot": "modifierExtension",
            "url": "https://example.org/quality",
            "value_type": "string",
            "verdict": "reject",
            "ground": "rule",
            "final": False,
            "rule": "poor",
            "because": "of no use",
            "near": [],
            "detail": None,
            "fault": None,
        }
    ]


def test_what_is_structurally_wrong_has_its_code() -> None:
    """Words are for people and may be bettered; the code of a fault says the same to a program."""
    assert [each["fault"] for each in record(REPORTS["malformed"]())["decisions"]] == ["url-white-space"]


def test_a_record_of_before_there_were_codes_is_one_still() -> None:
    """What was written by an earlier version keeps its promise."""
    made = record(REPORTS["malformed"]())
    for decision in made["decisions"]:
        del decision["fault"]
    assert ReportRecord.model_validate(made).decisions[0].fault is None


def test_an_unreadable_document_has_one_decision_without_a_place() -> None:
    """Nothing is known of where and what, but why is said."""
    (decision,) = record(REPORTS["unreadable"]())["decisions"]
    assert [decision[name] for name in ("location", "path", "slot", "url", "ground")] == [None, None, None, None, "unreadable"]
    assert "twice" in decision["detail"]


def test_more_than_a_thousand_decisions_are_cut_and_counted() -> None:
    """The verdict counts all, the list stops at 1,000 and says how many are left out."""
    made = record(checked(study(*(modifier(f"https://example.org/{n}") for n in range(MOST_DECISIONS + 7)))))
    assert (len(made["decisions"]), made["decisions_omitted"]) == (1000, 7)
    ReportRecord.model_validate(made)


def test_native_modifiers_are_told_without_their_values() -> None:
    """Place and path, and nothing of what they say; they decide nothing."""
    report = checked(b'{"resourceType": "Patient", "active": false, "deceasedDateTime": "2020-02-02"}')
    made = record(report)
    assert made["native"] == [
        {"location": "Patient.active", "path": "Patient.active"},
        {"location": "Patient.deceasedDateTime", "path": "Patient.deceased[x]"},
    ]
    assert (made["verdict"], made["decisions"], made["not_checked"]) == ("clear", [], [])
    assert "2020" not in to_json(report)
    assert "native_omitted" not in made


def test_more_than_a_thousand_native_modifiers_are_cut_and_counted() -> None:
    """Those that the report itself omits count too."""
    names = [{"use": "old"} for _ in range(MOST_NATIVE + 7)]
    report = checked(json.dumps({"resourceType": "Patient", "name": names}).encode())
    made = record(replace_omitted(report))
    assert (len(made["native"]), made["native_omitted"]) == (1000, 12)
    ReportRecord.model_validate(made)


def replace_omitted(report: Report) -> Report:
    """Return the report with five native modifiers left out of it."""
    return replace(report, native_omitted=5)


def test_a_long_url_is_cut_to_2048_characters() -> None:
    """A document cannot make records grow without bound."""
    (decision,) = record(checked(study(modifier("https://example.org/" + "x" * 9000))))["decisions"]
    assert len(decision["url"]) == 2048
    assert decision["url"].endswith("…")


def test_a_line_of_json_is_plain_ascii() -> None:
    """Control characters and look-alike letters reach a terminal only as escapes."""
    line = to_json(checked(study(modifier("https://example.org/\u202e\x1b[31m\u043e"))))
    assert line.isascii()
    assert line.isprintable()


def test_the_schema_forbids_what_nobody_promised() -> None:
    """A field that is not in the schema is a mistake, not an addition."""
    assert json_schema()["additionalProperties"] is False
    assert json_schema()["title"] == "caveat.report/1"
    with pytest.raises(ValueError, match="value"):
        ReportRecord.model_validate({**record(REPORTS["clear"]()), "value": 1})


MADE = [make() for make in REPORTS.values()]
NAMES = [None, '"line": null']
CHANGES: list[dict[str, Any]] = [
    {},
    {"line": 7},
    {"resource_id": '", "line": null'},
    {"received": b"{}"},
    {"input": NAMES[1]},
    {"resource_type": "Basic"},
    {"source": "a"},
    {"evidence": "scanned"},
    {"not_checked": ("x",)},
    {"native_omitted": 3},
    {"within": "none"},
    {"verdict": Verdict.REVIEW},
    {"release": "R5"},
    {"date": date(2020, 1, 1)},
    {"intent": Intent.MODIFY},
    {"policy": PolicyName("p", "1", "sha256:0")},
    {"problems": (Problem("missing", '"resource_id": null', None),)},
    {"native": (NativeModifier("A.b", "A.b"),)},
]


@given(st.lists(st.tuples(st.sampled_from(MADE), st.sampled_from(CHANGES), st.sampled_from(CHANGES)), max_size=30))
def test_a_writer_writes_as_is_written_one_by_one(drawn: list[tuple[Report, dict[str, Any], dict[str, Any]]]) -> None:
    """Whatever was written before, a report is written as by itself, also by a writer that was sent to another process."""
    writers = {name: pickle.loads(pickle.dumps(Writer(name))) for name in NAMES}  # noqa: S301  its own bytes
    for report, first, second in drawn:
        changed = replace(replace(report, **first), **second)
        written = writers[changed.input](report_of_another_line(changed), changed.received, changed.resource_id, changed.line)
        assert written == to_json(changed)


def report_of_another_line(report: Report) -> Report:
    """Return the report on a line alike."""
    return replace(report, input="b", line=3, received=b"{ }", resource_id="b")


def test_what_is_shared_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many kinds of report there are, and however long their lines, what is kept of them is bounded."""
    monkeypatch.setattr(shared, "_MOST", 3)
    monkeypatch.setattr(shared, "_LINES", 700)
    kept = Shared(to_json, lambda one, other: one.decisions is other.decisions)
    for number in range(20):
        report = checked(study(modifier(f"https://example.org/{number}")))
        bare = to_json(replace(report, line=None, resource_id=None, received=None))
        assert kept(report, report.received) == bare == kept(report, report.received)
        assert len(kept._kept) <= 3
        assert sum(len(report.received or b"") for _ in kept._kept) <= 700
    assert not any(each.received for each, _ in kept._kept.values())
    monkeypatch.setattr(shared, "_LONGEST", 10)
    before = dict(kept._kept)
    kept(checked(study(modifier("https://example.org/long"))), b"x" * 11)
    assert kept._kept == before


def test_what_stands_for_many_lines_is_not_compared_again() -> None:
    """A report that is handed over again and again, without bytes, has what was made of it; another one in its place has not."""
    made: list[Report] = []
    kept = Shared(lambda report: made.append(report) or len(made), lambda one, other: one.decisions is other.decisions)
    report = replace(checked(study(modifier("https://example.org/u"))), received=None)
    assert [kept(report, b"x"), kept(report, b"y"), kept(replace(report, line=4), b"z")] == [1, 1, 1]
    for number in range(2, 50):
        assert kept(replace(report, decisions=report.decisions * number), b"x") == number
    assert kept(report, b"x" * 20_000) == 1
    assert kept(replace(report, decisions=()), b"x" * 20_000) == 50
    assert kept(replace(report, decisions=()), b"x" * 20_000) == 51
