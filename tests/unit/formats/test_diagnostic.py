"""Diagnostics are written for people as the language's description shows, and for machines as `caveat.diagnostic/1`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from caveat.domain.diagnostic import Diagnostic, Related, Severity, Span
from caveat.formats.diagnostic import render, to_json

ROOT = Path(__file__).resolve().parents[3]
LANGUAGE = ROOT / ".." / "shared" / "design" / "language.md"

SERIES = "\n" * 7 + 'reject c: retake on ImagingStudy.series.bodySite because "x";\n'
NEGATION = (
    'caveat 1;\n\nreject vendors: "http://example.org/**" on MedicationRequest.** because "unreviewed vendor";\n'
    'understand anti-prescription: anti on MedicationRequest as boolean because "stored as a do-not-give order";\n'
)


def span(text: str, words: str, file: str = "a.caveat") -> Span:
    """Return the span of the first `words` in `text`."""
    start = text.index(words)
    line, column = text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start)
    end = start + len(words)
    return Span(file, start, end, line, column, text.count("\n", 0, end) + 1, end - text.rfind("\n", 0, end))


CV102 = Diagnostic(
    "CV102",
    "`ImagingStudy.series.bodySite` cannot carry a modifierExtension in FHIR R4B",
    span(SERIES, "ImagingStudy.series.bodySite", "rules/radiology/series.caveat"),
    label="this rule can never match",
    notes=("it has the data type Coding; FHIR allows modifierExtension on resources, backbone elements and a few data types",),
    help="the nearest element that can is `ImagingStudy.series`",
)
CV130 = Diagnostic(
    "CV130",
    "`anti-prescription` never decides: stricter rules cover everything it matches",
    span(NEGATION, "anti-prescription", "rules/omop/negation.caveat"),
    label="every match is decided by `vendors`",
    help="add `except anti` to `vendors`, or delete `anti-prescription`",
    related=(Related(span(NEGATION, "vendors", "rules/omop/negation.caveat"), "stricter"),),
)
CV102_SHOWN = """\
error[CV102]: `ImagingStudy.series.bodySite` cannot carry a modifierExtension in FHIR R4B
  --> rules/radiology/series.caveat:8:21
   |
 8 | reject c: retake on ImagingStudy.series.bodySite because "x";
   |                     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^ this rule can never match
   = note: it has the data type Coding; FHIR allows modifierExtension on resources, backbone elements and a few data types
   = help: the nearest element that can is `ImagingStudy.series`"""
CV130_SHOWN = """\
error[CV130]: `anti-prescription` never decides: stricter rules cover everything it matches
  --> rules/omop/negation.caveat:4:12
   |
 4 | understand anti-prescription: anti on MedicationRequest as boolean because "stored as a do-not-give order";
   |            ^^^^^^^^^^^^^^^^^ every match is decided by `vendors`
 3 | reject vendors: "http://example.org/**" on MedicationRequest.** because "unreviewed vendor";
   |        ------- stricter
   = help: add `except anti` to `vendors`, or delete `anti-prescription`"""


@pytest.mark.parametrize(
    ("diagnostic", "text", "shown"), [(CV102, SERIES, CV102_SHOWN), (CV130, NEGATION, CV130_SHOWN)], ids=["CV102", "CV130"]
)
def test_the_two_samples(diagnostic: Diagnostic, text: str, shown: str) -> None:
    """The two samples of the language's description come out to the letter."""
    assert render(diagnostic, text) == shown


def test_the_samples_are_those_of_the_description() -> None:
    """What this file expects is what the language's description shows."""
    if not LANGUAGE.is_file():
        pytest.skip("../shared IS ABSENT: this test needs the language's description")
    blocks = re.findall(r"(?:^    .*\n)+", LANGUAGE.read_text(encoding="utf-8"), re.MULTILINE)
    shown = ["\n".join(line[4:] for line in block.splitlines()) for block in blocks]
    assert CV102_SHOWN in shown
    assert CV130_SHOWN in shown


def plain(text: str, words: str, **more: object) -> Diagnostic:
    """Return a diagnostic at `words`."""
    return Diagnostic("CV103", "m", span(text, words), **more)  # type: ignore[arg-type]


def test_two_spans_on_one_line() -> None:
    """A line that holds both places is shown once."""
    text = "default reject; default review;"
    shown = render(plain(text, "default review", label="again", related=(Related(span(text, "default reject"), "first"),)), text)
    assert shown.splitlines()[2:] == [
        "   |",
        " 1 | default reject; default review;",
        "   |                 ^^^^^^^^^^^^^^ again",
        "   | -------------- first",
    ]


def test_numbers_of_two_lengths() -> None:
    """Line numbers stand flush right, and the gutter is as wide as the longest."""
    text = "first\n" + "\n" * 8 + "second\n"
    shown = render(plain(text, "second", related=(Related(span(text, "first"), "here"),), notes=("n",)), text)
    assert shown.splitlines()[1:] == [
        "   --> a.caveat:10:1",
        "    |",
        " 10 | second",
        "    | ^^^^^^",
        "  1 | first",
        "    | ----- here",
        "    = note: n",
    ]


@pytest.mark.parametrize(
    ("text", "line", "marks"),
    [
        ('because "患者" bad', 'because "患者" bad', "               ^^^"),
        ("\tbad", "    bad", "    ^^^"),
        ("e\u0301 bad", "e\u0301 bad", "  ^^^"),
        ("a\u202eb bad", "a\ufffdb bad", "    ^^^"),
        ("\x1b[31m bad", "\ufffd[31m bad", "      ^^^"),
        ("bad\r\nnext", "bad", "^^^"),
    ],
    ids=["wide", "tab", "combining", "direction", "escape", "carriage return"],
)
def test_alignment(text: str, line: str, marks: str) -> None:
    """Marks stand under the marked words, whatever is before them, and nothing unseen reaches a terminal."""
    assert render(plain(text, "bad"), text).splitlines()[3:] == [f" 1 | {line}", f"   | {marks}"]


def test_a_span_over_several_lines() -> None:
    """A place that goes on below is marked to the end of its first line."""
    assert render(plain("reject {\n}", "{\n}"), "reject {\n}").splitlines()[3:] == [" 1 | reject {", "   |        ^"]


def test_the_end_of_a_file() -> None:
    """A place of no width is marked by one caret."""
    here = Span("a.caveat", 3, 3, 1, 4, 1, 4)
    assert render(Diagnostic("CV002", "m", here), "abc").splitlines()[3:] == [" 1 | abc", "   |    ^"]


def test_a_long_line_is_cut() -> None:
    """Of a very long line the part around the place is shown."""
    text = "a" * 5000 + "bad" + "c" * 5000
    frame = render(plain(text, "bad"), text).splitlines()[3:]
    assert len(frame[0]) < 200
    assert frame[0][frame[1].index("^") :].startswith("bad")


def test_other_files() -> None:
    """A second place in another file is shown with its own arrow, or by name where its text is not at hand."""
    text, other = "bad", "\nfirst"
    diagnostic = plain(text, "bad", related=(Related(span(other, "first", "b.caveat"), "here"),))
    assert render(diagnostic, text).splitlines()[4:] == ["   | ^^^", "  ::: b.caveat:2:1 here"]
    assert render(diagnostic, {"a.caveat": text, "b.caveat": other}).splitlines()[4:] == [
        "   | ^^^",
        "  ::: b.caveat:2:1",
        "   |",
        " 2 | first",
        "   | ----- here",
    ]


def test_more_than_two_places() -> None:
    """A third place is told by name."""
    text = "bad one two"
    places = (Related(span(text, "one"), "first"), Related(span(text, "two"), "second"))
    assert render(plain(text, "bad", related=places), text).splitlines()[-1] == "  ::: a.caveat:1:9 second"


def test_no_text() -> None:
    """Without its text a diagnostic still says what and where."""
    assert render(plain("bad", "bad", help="h"), {}).splitlines() == ["error[CV103]: m", "  --> a.caveat:1:1", "   = help: h"]


def test_wire_form() -> None:
    """The wire form has the schema's fields, and none else."""
    assert to_json(CV130) == {
        "schema": "caveat.diagnostic/1",
        "code": "CV130",
        "severity": "error",
        "message": "`anti-prescription` never decides: stricter rules cover everything it matches",
        "file": "rules/omop/negation.caveat",
        "line": 4,
        "column": 12,
        "end_line": 4,
        "end_column": 29,
        "notes": [],
        "help": "add `except anti` to `vendors`, or delete `anti-prescription`",
        "related": [
            {"file": "rules/omop/negation.caveat", "line": 3, "column": 8, "end_line": 3, "end_column": 15, "label": "stricter"}
        ],
    }
    assert to_json(plain("bad", "bad", severity=Severity.WARNING))["severity"] == "warning"
