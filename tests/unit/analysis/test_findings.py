"""Each finding, with the repair that its own help gives: applied, it silences the finding."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from caveat.analysis.findings import Analysis, analyse
from caveat.domain.diagnostic import CODES, Diagnostic, Severity
from caveat.packs.policies import load_policy_text

HEAD = """caveat 1;
policy "p" version "1" { owner "o"; SETTINGS }
extension anti = "http://example.org/x/anti";
extension bad = "http://example.org/x/bad";
codesystem Q = "http://q.example/cs";
"""
WHY = ' because "b" assessed 2026-01-01;\n'


def found_in(body: str, settings: str = "") -> tuple[str, tuple[Diagnostic, ...]]:
    """Return the text of a policy, and what the analyses find in it."""
    text = HEAD.replace("SETTINGS", settings) + body.replace(";;", WHY)
    return text, analysis_of(text).findings


def analysis_of(text: str, **options: Any) -> Analysis:
    """Return what the analyses say of a rule file, which must load."""
    loaded = load_policy_text(text)
    assert loaded.policy is not None, [each.message for each in loaded.diagnostics]
    return analyse(loaded.policy, loaded.resolved, told=loaded.diagnostics, **options)


def repaired(text: str, found: Diagnostic) -> str:
    """Apply the first repair that the help of a finding names, as a person would: in its place, or to another statement."""
    said = found.help or ""
    before, marked, after = text[: found.span.start], text[found.span.start : found.span.end], text[found.span.end :]
    for pattern, replacement in IN_PLACE:
        if match := re.search(pattern, said):
            return re.sub(r" except $", " ", before) + replacement(match, marked) + after
    for pattern, change in ELSEWHERE:
        if matches := list(re.finditer(pattern, said)):
            for match in matches:
                text = change(text, match)
            return text
    raise AssertionError(said)


IN_PLACE: list[tuple[str, Callable[[re.Match[str], str], str]]] = [
    (r"write `(when .+)`$", lambda match, _: match[1]),
    (r"leave out the `when`$", lambda _, __: ""),
    (r"write `(\S+?)`(?: without quotes|$|, a string)", lambda match, _: match[1]),
    (r"did you mean `(\w+)`", lambda match, marked: re.sub(r"\w+$", match[1], marked)),
    (r"^delete the `except`", lambda _, __: ""),
    (r"^write `forbid`:", lambda _, __: "forbid"),
]
"""What to write instead of what is marked."""
ELSEWHERE: list[tuple[str, Callable[[str, re.Match[str]], str]]] = [
    (r"add `except (\S+?)` to `(\S+?)`", lambda text, m: re.sub(rf"( {m[2]}: .+?)( on )", rf"\1 except {m[1]}\2", text, count=1)),
    (
        r"add `(\S+?)` to the `except` of `(\S+?)`",
        lambda text, m: re.sub(rf"( {m[2]}: .+?)( on )", rf"\1, {m[1]}\2", text, count=1),
    ),
    (r"add `(\S+?)` to `reads (\w+)`", lambda text, m: text.replace(f"reads {m[2]} {{", f"reads {m[2]} {{ {m[1]},")),
    (r"write `(reads .+;)`", lambda text, m: re.sub(r"reads \w+ \{.*?\}\n", f"{m[1]}\n", text)),
    (r"write `(forbid .+;)` in place of `(\S+?)`", lambda text, m: re.sub(rf"(?m)^\w+ {m[2]}:[^;]*;\n", f"{m[1]}\n", text)),
    (r"write `(forbid .+;)`", lambda text, m: f"{text}{m[1]}\n"),
    (r"^write `review` or `reject`", lambda text, _: text.replace("exclude r:", "review r:")),
    (r"delete (?:the waiver )?`(\S+?)`", lambda text, m: re.sub(rf"(?m)^\w+ {m[1]}:[^;]*;\n", "", text)),
]
"""What to change in another place."""


CASES = {
    "covered by a pattern": ("CV130", 'understand r: anti on Patient;;reject v: "http://example.org/**" on Patient.**;;'),
    "covered by the same url": ("CV130", "understand r: anti on Patient;;reject v: anti on Patient;;"),
    "covered by two together": (
        "CV130",
        (
            'understand r: anti on Patient as boolean;;reject v: "http://example.org/**" on Patient when value = true;;'
            "review w: anything on Patient when not value = true;;"
        ),
    ),
    "covered by two, one after the other": (
        "CV130",
        (
            "understand r: anti on Patient from 2026-01-01 until 2026-03-31;;reject v: anything on Patient until 2026-02-15;;"
            "reject w: anything on Patient from 2026-02-16;;"
        ),
    ),
    "covered by one with an except": (
        "CV130", 'understand r: anti on Patient;;reject v: "http://example.org/**" except bad on Patient.**;;',
    ),
    "a pattern under a wider one": (
        "CV130", 'warn r: "http://example.org/x/*" on Patient;;reject v: "http://example.org/**" on *.**;;',
    ),
    "covered where it may not be decided": (
        "CV130", 'understand r: anti on Patient as code when not value present;;reject v: anything on Patient when value = "a";;',
    ),
    "plain at HL7": ("CV130", 'review r: "http://hl7.org/fhir/StructureDefinition/patient-birthPlace" on Patient;;'),
    "defined for another place": ("CV130", 'review r: "http://hl7.org/fhir/StructureDefinition/perform-condition" on Patient;;'),
    "defined for another type": (
        "CV130", 'review r: "http://hl7.org/fhir/StructureDefinition/perform-condition" on ServiceRequest as boolean;;',
    ),
    "of a type that implicitRules have not": ("CV130", 'review r: "urn:x" on *.implicitRules as boolean;;'),
    "the same twice": ("CV131", "review a: anti on Patient;;review r: anti on Patient;;"),
    "named by none": ("CV131", "reject a: anything on *.**;;reject r: anti on Patient;;"),
    "outside what is read": ("CV132", "reads Patient { name }\nreview r: anti on Patient.contact;;"),
    "of a type that is not read": ("CV132", "reads Patient { }\nreview r: anti on Patient;;"),
    "never, of two codes": ("CV133", 'review r: anti on Patient as code when value = "a" and value = "b";;'),
    "never, of numbers": ("CV133", "review r: anti on Patient as integer when value > 5 and value < 5;;"),
    "never, of a part": ("CV133", "review r: anti on Patient as complex when value present;;"),
    "always, of two codes": ("CV133", 'review r: anti on Patient as code when value != "a" or value != "b";;'),
    "always there": ("CV133", "review r: anti on Patient as Coding when value present;;"),
    "a code has no system": ("CV133", "review r: anti on Patient as code when value = Q#good;;"),
    "a truth in quotes": ("CV133", 'review r: anti on Patient as boolean when value = "true";;'),
    "a number in quotes": ("CV133", 'review r: anti on Patient as integer when value in [1, "2"];;'),
    "a number as a string": ("CV133", "review r: anti on Patient as string when value = 5;;"),
    "a misspelt field": ("CV133", "review r: anti on Patient as Quantity when value.vlue present;;"),
    "nothing left": ("CV134", 'review r: anti, bad except "http://example.org/**" on Patient;;'),
    "a field may be missing": ("CV135", 'review r: anti on Patient as Quantity when value.value > 5 and value.unit = "mg";;'),
    "a part may be missing": ("CV135", 'review r: anti on Patient when part("x") = true or part("y") = 5;;'),
    "of a native modifier": ("CV111", "exclude r: anti on List.entry;;"),
    "of a condition, below": ("CV111", "exclude r: anti on PlanDefinition.action;;"),
    "of what is a modifier": ("CV111", "exclude r: anti on Patient.link;;"),
    "swallowed on the element": ("CV112", "exclude r: anti on Patient.contact;;reject j: bad on Patient.contact;;"),
    "swallowed as another type": (
        "CV112", "exclude r: anti on Patient.contact as boolean;;reject j: anti on Patient.contact as string;;",
    ),
    "swallowed as another value": (
        "CV112",
        (
            "exclude r: anti on Patient.contact as Quantity when value.unit present;;"
            "reject j: anti on Patient.contact as Quantity when not value.unit present;;"
        ),
    ),
    "swallowed below": (
        "CV112", "exclude r: anti on ImagingStudy.series;;reject j: anything except anti on ImagingStudy.series.**;;",
    ),
    "swallowed once another rule has ended": (
        "CV112",
        (
            "exclude r: anti on ImagingStudy.series from 2026-03-01;;narrative n: anti on ImagingStudy.** until 2027-01-22;;"
            "reject j: bad on ImagingStudy.series;;"
        ),
    ),
    "broken by a rule": ("CV180", 'understand r: anti on Patient;;invariant i: never accept for anti on Patient because "z";'),
    "broken by a rule of more": (
        "CV180", 'warn r: "http://example.org/x/**" on Patient;;invariant i: never warn for anti on Patient.** because "z";',
    ),
    "broken by a rule in more places": (
        "CV180", 'understand r: anti on Patient, Group;;invariant i: never accept for anti on Patient.** because "z";',
    ),
    "broken by a default": ("CV180", 'review r: anti on Patient;;invariant i: never exclude for bad on Patient.** because "z";'),
    "broken by a waiver": (
        "CV180",
        (
            'reject r: anti on Patient;;invariant i: never warn for anti on Patient because "z";'
            '\nwaive w: r for anti on Patient as warn from 2026-01-01 until 2026-02-01 owner "o" because "x";\n'
        ),
    ),
    "broken in the other slot": (
        "CV180",
        (
            'forbid r: anti on Patient;;invariant i: never warn for anti on Patient.** because "z";'
            '\nwaive w: wrong-slot for anti on Patient.name as warn from 2026-01-01 until 2026-02-01 owner "o" because "x";\n'
        ),
    ),
    "broken by what is not read": (
        "CV180", 'reads Patient { name }\nreview r: anti on Patient;;invariant i: never clear for bad on Patient.** because "z";',
    ),
}  # fmt: skip
SETTINGS = {"broken by a default": "default exclude on Patient.contact;"}
WARNINGS = {"CV111", "CV112", "CV131", "CV132", "CV135"}


@pytest.mark.parametrize("case", CASES)
def test_a_finding_is_made_once_and_its_repair_silences_it(case: str) -> None:
    """The policy has the one finding, of its severity, in one line; after what the help says, none of its code."""
    code, body = CASES[case]
    text, findings = found_in(body, SETTINGS.get(case, ""))
    assert [each.code for each in findings] == [code], [each.message for each in findings]
    (finding,) = findings
    assert finding.severity is (Severity.WARNING if code in WARNINGS or case.startswith("always") else Severity.ERROR)
    assert "\n" not in finding.message
    assert not finding.message.endswith(".")
    mended = repaired(text, finding)
    assert mended != text
    left = {each.code for each in analysis_of(mended).findings}
    assert code not in left, mended
    assert "CV130" not in left, mended


CLEAN = {
    "a narrow rule beside a wide one": "understand r: anti on Patient;;reject v: anything except anti on *.**;;",
    "a rule that covers only some days": "understand r: anti on Patient;;reject v: anti on Patient from 2026-01-01;;",
    "a narrative where there may be none": "narrative r: anti on Patient;;review v: anti on Patient;;",
    "an exclusion that rejects on roots": "exclude r: anti on ImagingStudy.**;;review v: anti on ImagingStudy.**;;",
    "a rule whose coverer is waived for a while": (
        "understand r: anti on Patient;;reject v: anti on Patient;;"
        'waive w: v for anti on Patient as warn from 2026-01-01 until 2026-02-01 owner "o" because "x";\n'
        "understand s: bad on Patient;;"
    ).replace("understand r", "review r"),
    "a guarded part": 'review r: anti on Patient as complex when part("x") present and part("x") = 5;;',
    "a guarded field beside what only text leaves open": (
        'review r: anti on Patient as CodeableConcept when value = Q#good or (value.text present and value.text = "x");;'
    ),
    "one of two types": 'review r: anti on Patient as code | CodeableConcept when value = "a" or value = Q#good;;',
    "an exclusion of an imaging series": "exclude r: anti on ImagingStudy.series;;forbid j: bad on ImagingStudy.series;;",
    "an exclusion above nothing rejected": (
        "exclude r: anti on ImagingStudy.series.instance;;reject j: bad on ImagingStudy.series;;"
    ),
    "an invariant that a forbid keeps": (
        'forbid r: anti on Patient.**;;warn v: "http://example.org/x/*" on Patient;;'
        'invariant i: never accept, warn, exclude for anti on Patient.** because "z";'
    ),
    "outside of one type and inside of another": "reads Patient { name }\nreview r: anti on Patient.contact, Group;;",
    "two rules of one url that meet nowhere": "review r: anti on Patient;;reject v: anti on Group;;",
    "an except of some": "review r: anti, bad except bad on Patient;;",
}  # fmt: skip


@pytest.mark.parametrize("case", CLEAN)
def test_what_is_right_is_let_be(case: str) -> None:
    """Nothing is found in a policy that does what its author may well mean."""
    _, findings = found_in(CLEAN[case])
    assert [(each.code, each.message) for each in findings] == []


def test_one_mistake_is_said_once() -> None:
    """A rule with nothing left of its urls is not also called one that never decides; nor one whose condition is never true."""
    _, findings = found_in(
        "understand r: anti except anti on Patient;;understand s: bad on Patient as boolean when value = 5;;"
        "reject v: anything on *.**;;"
    )
    assert [each.code for each in findings] == ["CV134", "CV133"]


@pytest.mark.parametrize("when", ['value = ""', 'value in [""]', 'value = "" and value = "a"'])
def test_no_text_of_fhir_is_empty(when: str) -> None:
    """A condition that only an empty string would meet is never true: a document with one is malformed."""
    _, findings = found_in(f"warn r: bad on Patient as string when {when};;")
    assert [each.code for each in findings] == ["CV133"]


def test_none_of_it_stops_loading() -> None:
    """What the analyses find fails `lint`, and never keeps a policy from being used."""
    assert not any(CODES[code].stops_loading for code, _ in CASES.values())


def test_proofs_are_sentences_with_counts() -> None:
    """`--prove` says what unnamed urls reach, which invariants hold, where each rule decides, and how many cases were tried."""
    text = HEAD.replace("SETTINGS", "") + (
        'understand r: anti on Patient;;warn v: "http://example.org/x/*" except bad on Patient;;forbid f: bad on Patient.**;;'
        'invariant i: never accept, warn for bad on Patient.** because "z";'
    ).replace(";;", WHY)
    proofs = analysis_of(text, prove=True).proofs
    assert proofs[0] == "no unnamed url reaches accept, warn or exclude outside this pattern: `http://example.org/x/*`"
    assert "the invariant `i` holds" in proofs
    assert "`f` decides, for example `http://example.org/x/bad` on `Patient` as boolean" in proofs
    assert re.fullmatch(r"[\d,]+ cases were tried, in \d+ kinds of places of FHIR R4, R4B, R5", proofs[-1])


@pytest.mark.parametrize(
    ("reads", "codes"),
    [("series.uid", ["CV112"]), ("series.instance", ["CV112"]), ("status", []), ("", [])],
)
def test_nothing_is_swallowed_out_of_scope(reads: str, codes: list[str]) -> None:
    """What is not read is clear, and under intent `modify` nothing is left out: there an exclusion swallows no `reject`."""
    rules = "exclude r: anti on ImagingStudy.series;;reject j: bad on ImagingStudy.series;;"
    _, found = found_in(f"reads ImagingStudy {{ {reads} }} {rules}")
    assert [each.code for each in found if each.code == "CV112"] == codes


HL7 = "http://hl7.org/fhir/StructureDefinition"


@pytest.mark.parametrize(
    ("url", "path", "when", "codes"),
    [
        (f"{HL7}/capabilitystatement-prohibited", "CapabilityStatement.rest.resource.interaction", "value present", []),
        (f"{HL7}/capabilitystatement-prohibited", "CapabilityStatement.rest.resource.interaction", "value = true", []),
        (f"{HL7}/consent-provision-limit", "Consent.provision", 'part("element") present', ["CV112"]),
        ("http://example.org/x/new", "Patient.contact", "value present", ["CV112"]),
        ("http://example.org/x/new", "Patient.contact", "value = true", []),
    ],
    ids=[
        "allowed once",
        "allowed once, compared",
        "allowed often",
        "not known",
        "not known, compared: each contradicts the other",
    ],
)
def test_one_url_is_swallowed_only_where_it_may_stand_twice(url: str, path: str, when: str, codes: list[str]) -> None:
    """Two of a url meet on one element unless its definition allows one; where they contradict each other none is compared."""
    _, found = found_in(f'exclude r: "{url}" on {path} when {when};;reject j: "{url}" on {path} when not ({when});;')
    assert [each.code for each in found if each.code == "CV112"] == codes
