"""A report for a person: the verdict first, what is alike told once, and the way out beside what was refused."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from caveat.domain.decision import Verdict
from caveat.domain.report import Problem, Report
from caveat.formats.text import Writer, lines
from caveat.guard import Guard

TODAY = date(2026, 11, 23)
RULES = """caveat 1;
policy "imaging" version "1.0.0" { owner "pacs-team"; fhir R4B; }
extension quality = "https://example.org/quality";
understand good: quality on ImagingStudy.series as boolean because "queue by quality" assessed 2026-01-01;
"""


def said(report: Report, *, verbose: bool = False) -> str:
    """Return the lines of a report as text."""
    return "\n".join("".join(text for text, _ in line) for line in lines(report, verbose=verbose))


def checked(tree: dict[str, Any], rules: str = RULES) -> Report:
    """Return the report on `tree`, under the name of a file."""
    report = Guard.from_text(rules).check(json.dumps(tree).encode(), today=TODAY)
    return Report(**{name: getattr(report, name) for name in Report.__dataclass_fields__})


def flagged(url: str, text: str | None = None) -> dict[str, Any]:
    """Return an element with one modifier: `text`, else a boolean."""
    return {"modifierExtension": [{"url": url, "valueBoolean": True} if text is None else {"url": url, "valueString": text}]}


def test_the_first_line_says_what_and_whether() -> None:
    """File, line, type, id, verdict, and what that means."""
    report = replace(checked({"resourceType": "Patient", "id": "p1"}), input="a.ndjson", line=7)
    assert said(report) == "a.ndjson:7: Patient/p1 clear, may be processed: no modifier concerns the application"


def test_a_refused_modifier_is_told_with_the_near_miss_and_the_way_out() -> None:
    """Place, url, type, ground, the rule that nearly decided, and the rule to write."""
    report = checked({"resourceType": "ImagingStudy", **flagged("https://example.org/quality")})
    assert said(report).splitlines() == [
        "ImagingStudy reject, must not be processed",
        "  reject    ImagingStudy.modifierExtension[0]",
        "            https://example.org/quality (boolean)",
        "            unknown: no rule names this modifier",
        "            near: `good` nearly decided this: it names other paths",
        "            to have a person decide:",
        '            review quality: "https://example.org/quality" on ImagingStudy as boolean because "...";',
    ]


def test_what_is_alike_is_told_once() -> None:
    """Three thousand instances with one modifier are three places and a number."""
    instances = [{"uid": str(n), **flagged("https://example.org/u")} for n in range(3000)]
    told = said(checked({"resourceType": "ImagingStudy", "series": [{"uid": "1", "instance": instances}]}))
    place = "ImagingStudy.series[0].instance[{}].modifierExtension[0]"
    assert f"3,000 times: {place.format(0)}, {place.format(1)}, {place.format(2)} and 2,997 more" in told
    assert len(told.splitlines()) == 6


MADE = [
    checked({"resourceType": "Patient", "id": "a"}),
    checked({"resourceType": "ImagingStudy", "id": "a", "series": [{"uid": "1", **flagged("https://example.org/quality")}]}),
    checked({"resourceType": "ImagingStudy", **flagged("https://example.org/quality", "x")}),
    checked({"resourceType": "Patient", "active": False}),
    checked({"resourceType": "Bundle", "type": "collection", "entry": [{"resource": {"resourceType": "Basic"}}]}),
    Guard.default().check(b"[]", today=TODAY),
]
NAMES = [None, "a.ndjson", "a\u200b\n.ndjson"]
CHANGES: list[dict[str, Any]] = [
    {},
    {"line": 7},
    {"resource_id": "Patient"},
    {"resource_id": "\x1b[2J\u200b"},
    {"resource_id": "x" * 5000},
    {"resource_id": ""},
    {"input": NAMES[1]},
    {"input": NAMES[2]},
    {"resource_type": "Basic"},
    {"resource_type": None},
    {"verdict": Verdict.REVIEW},
    {"decisions": ()},
    {"native": ()},
    {"entries": ()},
    {"problems": (Problem("not-inspected", "content that is only linked to", "Patient.photo[0]"),)},
]


@given(st.lists(st.tuples(st.sampled_from(MADE), st.sampled_from(CHANGES), st.sampled_from(CHANGES)), max_size=30))
def test_a_writer_writes_as_is_written_one_by_one(drawn: list[tuple[Report, dict[str, Any], dict[str, Any]]]) -> None:
    """Whatever was written before, a report on a line is written as by itself, also by a writer from another process."""
    writers = {name: pickle.loads(pickle.dumps(Writer(name))) for name in NAMES}  # noqa: S301  its own bytes
    for report, first, second in drawn:
        changed = replace(report, **{"line": 1, **first, **second})
        alike = replace(changed, input="b", line=3, received=b"{ }", resource_id="b")
        assert changed.line is not None
        written = writers[changed.input](alike, changed.received, changed.resource_id, changed.line)
        assert written == said(changed)


def test_very_many_kinds_are_cut_and_counted() -> None:
    """A terminal is not flooded; what is left out is counted."""
    extensions = [{"url": f"https://example.org/{n}", "valueBoolean": True} for n in range(60)]
    told = said(checked({"resourceType": "ImagingStudy", "modifierExtension": extensions}))
    assert told.splitlines()[-1] == "  and 10 more modifiers of 10 kinds; --format json has them all"


def test_an_accepted_modifier_names_the_rule_and_its_reason() -> None:
    """The reason is the author's own."""
    told = said(checked({"resourceType": "ImagingStudy", "series": [{"uid": "1", **flagged("https://example.org/quality")}]}))
    assert "decided by the rule `good`: queue by quality" in told


def test_near_misses_of_what_is_let_through_are_for_the_explanation() -> None:
    """A check is silent about them, an explanation is not."""
    rules = RULES + 'warn root: quality on ImagingStudy because "w" assessed 2026-01-01;'
    report = checked({"resourceType": "ImagingStudy", "series": [{"uid": "1", **flagged("https://example.org/quality")}]}, rules)
    assert "near:" not in said(report)
    assert "near: `root` nearly decided this" in said(report, verbose=True)


def test_a_structural_fault_says_what_is_wrong() -> None:
    """No rule is drafted for what must be corrected at the source."""
    told = said(checked({"resourceType": "ImagingStudy", **flagged("relative")}))
    assert "malformed: a url that is relative" in told
    assert "to have a person decide" not in told


def test_a_document_that_cannot_be_read_says_why() -> None:
    """There is no place to name, but there is a reason."""
    report = Guard.default().check(b"[]", today=TODAY)
    assert said(report).splitlines() == ["document reject, must not be processed", "  reject  no JSON object"]


def test_entries_are_counted_by_verdict() -> None:
    """A collection says how many of its entries got which verdict."""
    entries = [{"resource": {"resourceType": "Basic", **(flagged("https://example.org/u") if n == 1 else {})}} for n in range(3)]
    told = said(checked({"resourceType": "Bundle", "type": "collection", "entry": entries}))
    assert told.splitlines()[-1] == "  each entry by itself: 1 reject, 2 clear"


def test_nothing_in_a_document_reaches_a_terminal_raw() -> None:
    """Escape sequences in a url or an id are written out, and values are not written at all."""
    tree = {"resourceType": "ImagingStudy", "id": "\x1b[2J", **flagged("https://example.org/\x1b[31m", "CANARY")}
    told = said(checked(tree))
    assert "\x1b" not in told
    assert "CANARY" not in told
    assert "\\u001b[31m" in told


def test_native_modifiers_are_told_last_and_by_kind() -> None:
    """What decides nothing comes after what does: by path, with how many there are and where first."""
    names = [{"use": "old"}, {"use": "temp"}, {"use": "old"}, {"use": "old"}]
    report = checked({"resourceType": "Patient", "active": False, "name": names})
    assert said(report).splitlines()[1:] == [
        "  native    Patient.active",
        "            Patient.active: it has a value that changes meaning",
        "  native    4 times: Patient.name[0].use, Patient.name[1].use, Patient.name[2].use and 1 more",
        "            Patient.name.use: it has a value that changes meaning",
    ]


def test_what_was_not_inspected_is_told_and_missing_narratives_on_demand() -> None:
    """A link to FHIR content always; that a narrative is missing only where every reason is asked for."""
    photo = {"contentType": "application/fhir+json", "url": "https://example.org/Patient/1"}
    report = checked({"resourceType": "Patient", "photo": [photo], **flagged("https://example.org/u")})
    note = ["  note      Patient.photo[0]", "            not inspected: content that is only linked to"]
    missing = ["  note      Patient", "            it has modifier extensions, and no narrative to show them"]
    assert said(report).splitlines()[-2:] == note
    assert sorted(said(report, verbose=True).splitlines()[-4:]) == sorted(note + missing)
