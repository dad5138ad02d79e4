"""CV101, CV102 and CV110: paths that are nowhere, that cannot carry, and exclusions that leave nothing out."""

from __future__ import annotations

import pytest

from strategies.judging import HEAD, Release, compiled, rule, urls, waiver

ALL = tuple(Release)
R4, R4B, R5 = ALL
STAR = "`*` stands for the root of any resource; only `.implicitRules` or `.**` may follow it"
KIND = "FHIR allows modifierExtension on resources, backbone elements and a few data types"


def reject(path: str) -> str:
    return rule("reject", "r", f"@m on {path}")


def exclude(path: str) -> str:
    return rule("exclude", "r", f"@m on {path}")


def found(body: str, settings: str = "", releases: tuple[Release, ...] = ALL) -> list[tuple[str, str, str | None]]:
    """Return each diagnostic's code, the words it marks, and its help."""
    text = HEAD.replace("SETTINGS", settings) + body
    result = compiled(body, settings, releases)
    assert (result.policy is None) == bool(result.diagnostics)
    return [(d.code, text[d.span.start : d.span.end], d.help) for d in result.diagnostics]


NOWHERE = {
    "a type, misspelt": (reject("ImagingStudi"), "ImagingStudi", "did you mean `ImagingStudy`?"),
    "a type like no other": (reject("Foo"), "Foo", "types are written as FHIR writes them, `ImagingStudy` or `Dosage`"),
    "an element, misspelt": (reject("ImagingStudy.serie"), "ImagingStudy.serie", "did you mean `ImagingStudy.series`?"),
    "an element in between": (
        reject("ImagingStudy.series.instances.uid"),
        "ImagingStudy.series.instances.uid",
        "did you mean `ImagingStudy.series.instance`?",
    ),
    "an element like no other": (
        reject("ImagingStudy.series.instance.zzz"),
        "ImagingStudy.series.instance.zzz",
        "`ImagingStudy.series.instance` has `extension`, `id`, `modifierExtension`, `number`, `sopClass`, `title`, `uid`",
    ),
    "everything below nothing": (reject("ImagingStudy.serie.**"), "ImagingStudy.serie.**", "did you mean `ImagingStudy.series`?"),
    "one of several paths": (reject("ImagingStudy, Patient.nam"), "Patient.nam", "did you mean `Patient.name`?"),
    "a choice by one type": (
        reject("ServiceRequest.occurrenceTiming"),
        "ServiceRequest.occurrenceTiming",
        "did you mean `ServiceRequest.occurrence[x]`?",
    ),
    "an element of any resource": (reject("*.text"), "*.text", STAR),
    "everything below any implicitRules": (reject("*.implicitRules.**"), "*.implicitRules.**", STAR),
    "an abstract type": (
        reject("DomainResource.**"),
        "DomainResource.**",
        "no element is a `DomainResource` and nothing more; `*` is the root of any resource, `*.**` everything in it",
    ),
    "an abstract element": (
        reject("BackboneElement"),
        "BackboneElement",
        "no element is a `BackboneElement` and nothing more; `*` is the root of any resource, `*.**` everything in it",
    ),
    "a read type, misspelt": ("reads ImagingStudi { status }", "ImagingStudi", "did you mean `ImagingStudy`?"),
    "a read type like no other": ("reads Foo {}", "Foo", "`reads` takes a type of resource"),
    "a data type that is read": ("reads Dosage { text }", "Dosage", "`reads` takes a type of resource"),
    "an element that is read as a type": (
        "reads all of ImagingStudy.series;",
        "ImagingStudy.series",
        "did you mean `ImagingStudy`?",
    ),
    "a read element, misspelt": ("reads ImagingStudy { status, statu }", "statu", "did you mean `ImagingStudy.status`?"),
    "a waiver": (waiver("w", "incomplete on Patien as warn"), "Patien", "did you mean `Patient`?"),
    "a waiver of the slot": (waiver("w", "wrong-slot for @m on Patien as warn"), "Patien", "did you mean `Patient`?"),
    "an invariant": (
        urls('invariant i: never accept for @m on Patien because "b";'),
        "Patien",
        "did you mean `Patient`?",
    ),
    "a test": (
        urls('test "t" { modifier @m on Patient.contacts = true; expect reject; }'),
        "Patient.contacts",
        "did you mean `Patient.contact`?",
    ),
    "a test anywhere": (
        urls('test "t" { modifier @m on *.** = true; expect reject; }'),
        "*.**",
        "a test puts its modifier at one place: write the element without `*`",
    ),
    "an exclusion nowhere is not CV110 too": (exclude("Patien"), "Patien", "did you mean `Patient`?"),
}


@pytest.mark.parametrize("release", Release)
@pytest.mark.parametrize(("body", "marked", "advice"), NOWHERE.values(), ids=NOWHERE)
def test_nowhere(body: str, marked: str, advice: str, release: Release) -> None:
    """A path that does not exist stops the policy in each release, marked once, with what was probably meant."""
    assert found(body, releases=(release,)) == [("CV101", marked, advice)]


def test_default_nowhere() -> None:
    """The paths of a default must exist."""
    assert found("", "default exclude on Patien;") == [("CV101", "Patien", "did you mean `Patient`?")]


RELEASES = {
    "a type of R5": (reject("ImagingSelection"), "ImagingSelection", {R5}, "`ImagingSelection` is a type of FHIR R5"),
    "a type of R4": (
        reject("DeviceUseStatement"),
        "DeviceUseStatement",
        {R4, R4B},
        "`DeviceUseStatement` is a type of FHIR R4, R4B",
    ),
    "a read type of R5": (
        "reads ImagingSelection { status }",
        "ImagingSelection",
        {R5},
        "`ImagingSelection` is a type of FHIR R5",
    ),
    "an element of R4B and R5": (
        reject("Ingredient.substance"),
        "Ingredient.substance",
        {R4B, R5},
        "`Ingredient` is a type of FHIR R4B, R5",
    ),
}


@pytest.mark.parametrize(("body", "marked", "has", "advice"), RELEASES.values(), ids=RELEASES)
def test_releases(body: str, marked: str, has: set[Release], advice: str) -> None:
    """A path must exist in at least one of the releases, whether the file or the caller names them."""
    for release in Release:
        findings = [] if release in has else [("CV101", marked, advice)]
        assert found(body, releases=(release,)) == found(body, f"fhir {release};", (R4, R4B, R5)) == findings
    assert found(body) == []


def test_the_file_decides_on_releases() -> None:
    """`fhir` in the header counts, and what the caller says only without it."""
    result = compiled(reject("ImagingSelection"), "fhir R4, R4B;", (R5,))
    assert [d.message for d in result.diagnostics] == ["no `ImagingSelection` in FHIR R4 or R4B"]
    loaded = compiled(reject("ImagingSelection"), "fhir R4, R5;", (R4,))
    assert loaded.policy is not None
    assert loaded.policy.releases == ("R4", "R5")


CARRY_NOT = {
    "a data type": (
        "ImagingStudy.series.modality",
        {R4: "Coding", R4B: "Coding", R5: "CodeableConcept"},
        "the nearest element that can is `ImagingStudy.series`",
    ),
    "a primitive": ("Patient.birthDate", dict.fromkeys(ALL, "date"), "the nearest element that can is `Patient`"),
    "an element of a data type": (
        "Patient.name.given",
        dict.fromkeys(ALL, "string"),
        "the nearest element that can is `Patient`",
    ),
    "in a data type": ("Coding.code", dict.fromkeys(ALL, "code"), None),
    "an extension": ("Patient.extension", dict.fromkeys(ALL, "Extension"), "the nearest element that can is `Patient`"),
}


@pytest.mark.parametrize("release", Release)
@pytest.mark.parametrize(("path", "types", "advice"), CARRY_NOT.values(), ids=CARRY_NOT)
def test_cannot_carry(path: str, types: dict[Release, str], advice: str | None, release: Release) -> None:
    """A path where FHIR allows no modifierExtension stops the policy, with the type there and the nearest that can."""
    (diagnostic,) = compiled(reject(path), releases=(release,)).diagnostics
    assert found(reject(path), releases=(release,)) == [("CV102", path, advice)]
    assert diagnostic.message == f"`{path}` cannot carry a modifierExtension in FHIR {release}"
    assert diagnostic.label == "this rule can never match"
    assert diagnostic.notes == (f"it has the data type {types[release]}; {KIND}",)


REASONS = {
    "an element that is no backbone": ("ElementDefinition.slicing", "it is no backbone element", "ElementDefinition"),
    "a place for resources": (
        "Bundle.entry.resource",
        "it holds whole resources, whose paths begin with their own type",
        "Bundle.entry",
    ),
    "contained": ("Patient.contained", "it holds whole resources, whose paths begin with their own type", "Patient"),
    "a data type by itself": ("Coding", "Coding is a type without modifierExtension", None),
    "a resource that is no DomainResource": ("Bundle", "Bundle is a type without modifierExtension", None),
    "Parameters": ("Parameters", "Parameters is a type without modifierExtension", None),
    "two types in two releases": (
        "ImagingStudy.series.bodySite",
        "it has the data type CodeableReference or Coding",
        "ImagingStudy.series",
    ),
}


@pytest.mark.parametrize(("path", "reason", "near"), REASONS.values(), ids=REASONS)
def test_why_it_cannot_carry(path: str, reason: str, near: str | None) -> None:
    """The note says what stands there in FHIR's terms."""
    (diagnostic,) = compiled(reject(path)).diagnostics
    assert (diagnostic.code, diagnostic.notes) == ("CV102", (f"{reason}; {KIND}",))
    assert diagnostic.help == (near and f"the nearest element that can is `{near}`")


ALSO_CARRY_NOT = {
    "a waiver of unknown": waiver("w", "unknown for @m on Patient.name as warn"),
    "a waiver of empty": waiver("w", "empty on Patient.name as warn"),
    "a waiver of incomplete": waiver("w", "incomplete on Patient.name as warn"),
    "an invariant": urls('invariant i: never accept for @m on Patient.name because "b";'),
    "a test": urls('test "t" { modifier @m on Patient.name = true; expect reject; }'),
}


@pytest.mark.parametrize("body", ALSO_CARRY_NOT.values(), ids=ALSO_CARRY_NOT)
def test_other_statements_that_cannot_carry(body: str) -> None:
    """Waivers, invariants and tests name places that can carry, as rules do."""
    assert [(code, marked) for code, marked, _ in found(body)] == [("CV102", "Patient.name")]


def test_a_default_cannot_carry_and_that_alone_is_said() -> None:
    """A default on a path that cannot carry is CV102, and not CV110 as well where the element is needed."""
    assert [code for code, *_ in found("", "default exclude on Observation.code;")] == ["CV102"]
    assert [code for code, *_ in found(exclude("Observation.code"))] == ["CV102"]


SILENT = {
    "a root": reject("ImagingStudy"),
    "any root": reject("*"),
    "everything": reject("*.**"),
    "a backbone element": reject("ImagingStudy.series.instance"),
    "a data type that carries": reject("Dosage"),
    "another": reject("Timing"),
    "an element of that type": reject("MedicationRequest.dosageInstruction"),
    "through a data type": reject("MedicationRequest.dosageInstruction.timing"),
    "a choice of which one type carries": reject("ServiceRequest.occurrence[x]"),
    "the value of an extension": reject("Extension.value[x]"),
    "recursion": reject("Questionnaire.item"),
    "recursion, deeper": reject("Questionnaire.item.item.item"),
    "everything in what carries nothing itself": reject("Bundle.**"),
    "everything in a data type": reject("Patient.name.**"),
    "implicitRules": reject("Patient.implicitRules"),
    "any implicitRules": reject("*.implicitRules"),
    "implicitRules of what carries nothing": reject("Bundle.implicitRules"),
    "an entry": reject("Bundle.entry"),
    "a parameter": reject("Parameters.parameter"),
    "reading elements": "reads ImagingStudy { status, series.instance.uid }",
    "reading a choice": "reads Observation { value[x] }",
    "reading nothing of a type": "reads Patient {}",
    "reading all of a type": "reads all of Bundle;",
    "a known modifier in the plain slot": waiver("w", "wrong-slot for @m on Patient.name as warn"),
    "a test": urls('test "t" { modifier @m on Patient.contact = true; expect reject; }'),
    "a test of implicitRules": urls('test "t" { modifier @m on Patient.implicitRules; expect reject; }'),
    "an exclusion": exclude("ImagingStudy.series"),
    "an exclusion with a root among others": exclude("ImagingStudy, ImagingStudy.series"),
    "an exclusion anywhere": exclude("ImagingStudy.**"),
    "an exclusion of a list that needs one": exclude("Appointment.participant"),
    "an exclusion of a single element that may lack": exclude("Subscription.channel, MedicationRequest.dispenseRequest"),
    "an exclusion of a data type": exclude("Dosage"),
}


@pytest.mark.parametrize("body", SILENT.values(), ids=SILENT)
def test_silent(body: str) -> None:
    """Paths that exist and can carry, and exclusions that can leave something out, are nobody's mistake."""
    assert found(body) == []


@pytest.mark.parametrize("release", Release)
@pytest.mark.parametrize("body", [each for name, each in SILENT.items() if "single" not in name])
def test_silent_in_each_release(body: str, release: Release) -> None:
    """The same holds in every release."""
    assert found(body, releases=(release,)) == []


INDISPENSABLE = {
    "a root": "Patient",
    "any root": "*",
    "several roots": "Patient, *, ImagingStudy",
    "implicitRules": "Patient.implicitRules",
    "any implicitRules": "*.implicitRules",
    "an element that must be there once": "MessageHeader.source",
    "the value of an extension": "Extension.value[x]",
    "the value of an extension on an element": "Patient.extension.value[x]",
    "below the value of an extension": "Patient.extension.value[x].timing",
}


@pytest.mark.parametrize("release", Release)
@pytest.mark.parametrize("path", INDISPENSABLE.values(), ids=INDISPENSABLE)
def test_exclude_of_what_must_be_there(path: str, release: Release) -> None:
    """An `exclude` none of whose paths can be left out is said once, at its first path, in rules, waivers and defaults."""
    first = path.partition(",")[0]
    finding = [("CV110", first, "write `reject`, or name an element below that may be absent")]
    assert found(exclude(path), releases=(release,)) == finding
    assert found(waiver("w", f"unknown for @m on {path} as exclude"), releases=(release,)) == finding
    assert found("", f"default exclude on {path};", (release,)) == finding
    (diagnostic,) = compiled(exclude(path), releases=(release,)).diagnostics
    assert diagnostic.message == f"`exclude` on `{first}` can leave nothing out"
    assert diagnostic.label == "this would reject instead"


def test_exclude_needs_one_release_in_which_it_can() -> None:
    """An element that may be absent in one release of several is lawful to exclude."""
    assert found(exclude("Subscription.channel"), releases=(R4,))[0][0] == "CV110"
    assert found(rule("review", "r", "@m on MessageHeader.source")) == []
    assert found("", "default exclude;") == []
