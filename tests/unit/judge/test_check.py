"""One document judged from bytes to report: what is read, what is skipped, what is inherited."""

from __future__ import annotations

import base64
import gc
import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caveat.domain.decision import Decision, Ground, Verdict
from caveat.domain.report import Report
from caveat.intake.limits import Limits
from caveat.intake.walk import survey, survey_on
from caveat.judge import check
from caveat.judge.check import judge_bytes, judge_tree, known_kind
from strategies.judging import (
    Intent,
    Release,
    Wire,
    X,
    carrying,
    modifier,
    policy_of,
    question,
    report,
    rule,
    study,
    told,
    waiver,
)

POLICY = policy_of(
    rule("understand", "a", "@ok on *.**")
    + rule("warn", "w", "@warn on *.**")
    + rule("exclude", "x", "@out on *.**")
    + rule("narrative", "n", "@show on *.**")
    + rule("review", "v", "@look on *.**")
)
TEXT = {"text": {"status": "generated"}}


def from_bytes(raw: bytes | str, **rest: Any) -> Report:
    return judge_bytes(question(POLICY, **rest), raw.encode() if isinstance(raw, str) else raw).report


# documents

UNREADABLE = {
    "nothing": (b"", "empty"),
    "no JSON": (b"{", "truncated"),
    "more than one": (b'{"resourceType": "Patient"}{}', "syntax"),
    "a key twice": (b'{"resourceType": "Patient", "resourceType": "Patient"}', "duplicate-key"),
    "UTF-16": ('{"resourceType": "Patient"}'.encode("utf-16"), "encoding"),
    "an array": (b"[]", "not-object"),
    "a string": (b'"Patient"', "not-object"),
    "null": (b"null", "not-object"),
    "no type": (b"{}", "resource-type"),
    "no known type": (b'{"resourceType": "Patien"}', "resource-type"),
    "a type that is no resource": (b'{"resourceType": "HumanName"}', "resource-type"),
    "an abstract type": (b'{"resourceType": "DomainResource"}', "resource-type"),
    "a type of another release": (b'{"resourceType": "ImagingSelection"}', "resource-type"),
    "a type that is no string": (b'{"resourceType": 1}', "resource-type"),
    "an unknown type within": (b'{"resourceType": "Patient", "contained": [{"resourceType": "Patien"}]}', "resource-type"),
    "a resource without type within": (b'{"resourceType": "Bundle", "entry": [{"resource": {}}]}', "resource-type"),
}


@pytest.mark.parametrize(("raw", "code"), UNREADABLE.values(), ids=UNREADABLE)
def test_unreadable(raw: bytes, code: str) -> None:
    """What cannot be read is one decision, reject, ground unreadable, with a stable code and nothing of the document."""
    result = from_bytes(raw)
    (decision,) = result.decisions
    assert (decision.verdict, decision.ground, decision.occurrence) == (Verdict.REJECT, Ground.UNREADABLE, None)
    assert result.verdict is Verdict.REJECT
    assert [problem.code for problem in result.problems] == [code]
    assert decision.detail == result.problems[0].message
    assert "Patien`" not in str(result)
    assert result.received == raw


LIMITS = {
    "bytes": Limits(bytes=10),
    "depth": Limits(depth=2),
    "occurrences": Limits(occurrences=1),
}


@pytest.mark.parametrize("limits", LIMITS.values(), ids=LIMITS)
def test_limits(limits: Limits) -> None:
    """A document beyond a limit is unreadable, from bytes and as a tree."""
    tree = study("ok", "ok", series=[{"instance": [{"uid": "1"}]}])
    for result in (from_bytes(json.dumps(tree), limits=limits), report(POLICY, tree, limits=limits)):
        assert [decision.ground for decision in result.decisions] == [Ground.UNREADABLE]
        assert result.verdict is Verdict.REJECT


def test_what_a_report_says() -> None:
    """A report names the resource, release, day, intent, policy, source and the bytes."""
    raw = json.dumps(study("warn", id="i-1")).encode()
    result = from_bytes(raw, release=Release.R5, today=date(2026, 1, 2), intent=Intent.READ, source="queue")
    assert (result.resource_type, result.resource_id, result.release) == ("ImagingStudy", "i-1", "R5")
    assert (result.date, result.intent, result.source, result.received) == (date(2026, 1, 2), Intent.READ, "queue", raw)
    assert (result.policy, result.evidence, result.within) == (POLICY.named, "document", None)
    assert result.not_checked == ()
    assert result.verdict is Verdict.WARN


def test_an_id_that_is_no_string_is_not_told() -> None:
    """Only a string is an id, and only a known type a type."""
    assert report(POLICY, study(id=["secret"])).resource_id is None
    assert report(POLICY, {"resourceType": ["secret"]}).resource_type is None
    assert report(POLICY, {"resourceType": "Secret"}).resource_type is None


# trees


def test_a_tree_has_lost_its_duplicate_keys() -> None:
    """A document that somebody else has read is judged alike, and the report says what could not be checked."""
    tree = study("warn", series=[carrying("out")])
    result = report(POLICY, tree)
    assert told(result) == told(from_bytes(json.dumps(tree)))
    assert (result.evidence, result.received) == ("tree", None)
    assert result.not_checked == ("duplicate keys, lost before the check",)
    assert judge_tree(question(POLICY), tree, "model").report.evidence == "model"


NO_TREES: dict[str, Any] = {
    "a list": [],
    "None": None,
    "a tuple within": {"resourceType": "Patient", "name": ({},)},
    "a key that is no string": {"resourceType": "Patient", 1: 2},
    "not a number": {"resourceType": "Patient", "a": float("nan")},
    "bytes": {"resourceType": "Patient", "a": b"b"},
}


@pytest.mark.parametrize("tree", NO_TREES.values(), ids=NO_TREES)
def test_no_tree(tree: object) -> None:
    """What no JSON document could have been read as is unreadable."""
    assert [decision.ground for decision in report(POLICY, tree).decisions] == [Ground.UNREADABLE]


def test_the_tree_is_handed_on() -> None:
    """The tree that the report is about comes with it; there is none where nothing could be read."""
    tree = study("ok")
    assert judge_tree(question(POLICY), tree).tree is tree
    assert judge_bytes(question(POLICY), json.dumps(tree).encode()).tree == tree
    assert judge_bytes(question(POLICY), b"{").tree is None
    assert judge_bytes(question(POLICY), b"{}").tree == {}


def test_numbers_keep_their_digits() -> None:
    """A number of a document is compared by its digits, not by what a float can hold."""
    policy = policy_of(rule("understand", "r", "@m on * when value = 0.1"))
    raw = '{"resourceType":"Patient","modifierExtension":[{"url":"%sm","valueDecimal":%s}]}'
    near = "0.1000000000000000000001"
    results = [judge_bytes(question(policy), (raw % (X, number)).encode()).report for number in ("0.10", "1e-1", near)]
    assert [result.verdict.word for result in results] == ["accept", "accept", "reject"]
    assert Decimal(near) != Decimal("0.1")


@pytest.mark.parametrize("enabled", [True, False], ids=["on", "off"])
def test_the_collector_is_as_it_was(*, enabled: bool) -> None:
    """The cyclic garbage collector is paused for large documents only while they are judged."""
    was_enabled = gc.isenabled()
    (gc.enable if enabled else gc.disable)()
    try:
        result = from_bytes(json.dumps(study("warn", description="x" * 70_000)))
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if was_enabled else gc.disable)()
    assert result.verdict is Verdict.WARN


# known modifiers


def test_known_kind() -> None:
    """HL7's tables come first, then the literal urls of rules, whatever their dates; patterns say nothing."""
    body = rule("reject", "r", "@m on * until 2020-01-01") + rule("reject", "p", '"https://y.example/**" on *')
    kind = known_kind(policy_of(body), Release.R4)
    assert kind(X + "m") is True
    assert kind(X + "n") is kind("https://y.example/a") is None
    assert kind("http://hl7.org/fhir/StructureDefinition/patient-birthPlace") is False


def test_what_is_a_modifier_by_its_definition_is_told_apart() -> None:
    """A rule's url has no definition, and a plain extension is no modifier."""
    not_done, birth_place = (
        f"http://hl7.org/fhir/StructureDefinition/{n}" for n in ("request-doNotPerform", "patient-birthPlace")
    )
    defined: set[str] = set()
    kind = known_kind(policy_of(rule("reject", "r", "@m on *")), Release.R4, defined)
    assert [kind(url) for url in (X + "m", X + "n", birth_place, not_done, not_done)] == [True, None, False, True, True]
    assert defined == {not_done}


# skipping the walk

SKIPPED = {
    "a resource without modifiers": ({"resourceType": "Patient", "name": [{"family": "a"}]}, {}, True),
    "the type expected": ({"resourceType": "Patient"}, {"at": "Patient"}, True),
    "another type expected": ({"resourceType": "Patient"}, {"at": "ImagingStudy"}, False),
    "an element alone": ({"uid": "1"}, {"at": "ImagingStudy.series"}, False),
    "a data type that calls itself one": ({"resourceType": "Dosage"}, {"at": "Dosage"}, False),
    "a GraphQL answer": ({"resourceType": "Patient"}, {"wire": Wire.GRAPHQL}, False),
    "no type": ({"id": "1"}, {}, False),
    "an unknown type": ({"resourceType": "Patien"}, {}, False),
    "a type that is no string": ({"resourceType": None}, {}, False),
    "contained": ({"resourceType": "Patient", "contained": []}, {}, False),
    "entries": ({"resourceType": "Bundle", "entry": []}, {}, False),
    "an extension": ({"resourceType": "Patient", "extension": [{"url": "a", "valueCode": "b"}]}, {}, True),
    "an extension that is a modifier": ({"resourceType": "Patient", "name": [{"extension": [modifier("ok")]}]}, {}, False),
    "an extension beside a modifier": ({**study("ok"), "extension": [{"url": "a", "valueCode": "b"}]}, {}, False),
    "an old name in an extension": (
        {"resourceType": "Basic", "extension": [{"url": "a", "valueHumanName": {"use": "old"}}]},
        {},
        False,
    ),
    "a modifier": (study("ok"), {}, False),
    "another resource": ({"resourceType": "Patient", "link": [{"a": {"resourceType": "Patien"}}]}, {}, False),
    "a native modifier on the root": ({"resourceType": "Patient", "active": False}, {}, True),
    "an ordinary name": ({"resourceType": "Patient", "name": [{"use": "official"}]}, {}, True),
    "an old name": ({"resourceType": "Patient", "name": [{"use": "old"}]}, {}, False),
    "a name without use": ({"resourceType": "Patient", "name": [{"_use": {"id": "a"}}]}, {}, False),
    "null": ({"resourceType": "Patient", "name": [None]}, {}, False),
    "FHIR content": ({"resourceType": "Binary", "contentType": "application/FHIR+json"}, {}, False),
    "a compressed file": ({"resourceType": "Binary", "contentType": "application/gzip"}, {}, False),
    "a patch": ({"resourceType": "Parameters", "parameter": [{"name": "operation"}]}, {}, False),
}


@pytest.mark.parametrize(("tree", "rest", "skipped"), SKIPPED.values(), ids=SKIPPED)
def test_skip(tree: dict[str, Any], rest: dict[str, Any], *, skipped: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The walk is left out only for one resource, of the type expected, in bytes that can spell no occurrence."""
    walks: list[object] = []
    monkeypatch.setattr(check, "survey", lambda *args, **named: walks.append(args[0]) or survey(*args, **named))
    monkeypatch.setattr(check, "survey_on", lambda *args: walks.append(args[0]) or survey_on(*args))
    from_bytes(json.dumps(tree), **rest)
    assert (not walks) is skipped


_NAMES = st.sampled_from(
    [
        "resourceType", "modifierExtension", "extension", "implicitRules", "_implicitRules",
        "contained", "entry", "resource", "meta", "tag",
        "code", "url", "valueBoolean", "contact", "series",
        "instance", "outcome", "issues", "parameter", "ModifierExtension",
        "modifier_extension", "mod\u0131fierExtension", "text", "name", "_birthDate",
        "signature",
    ]
)  # fmt: skip
_LEAVES = st.sampled_from(
    [
        "Patient",
        "Bundle",
        "ImagingStudy",
        "Patien",
        "SUBSETTED",
        X + "ok",
        X + "bad",
        "urn:a:b",
        "modifierExtension",
        "",
        1,
        True,
        None,
    ]
)
_TREES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_NAMES, inner, max_size=4), max_leaves=8
)
_ROOTS = st.builds(
    lambda kind, rest: {**kind, **rest},
    st.sampled_from([{"resourceType": "Patient"}, {"resourceType": "Bundle"}, {"resourceType": "ImagingStudy"}, {}]),
    st.dictionaries(_NAMES, _TREES, max_size=4),
)


def escaped(text: str) -> str:
    """Spell a document with each letter `e` escaped."""
    return text.replace("e", "\\u0065")


@given(_ROOTS, st.sampled_from([str, escaped]), st.booleans(), st.sampled_from([{}, {"at": "Patient"}, {"wire": Wire.GRAPHQL}]))
def test_skipping_is_never_wrong(tree: dict[str, Any], spell: Any, plain: bool, rest: dict[str, Any]) -> None:  # noqa: FBT001
    """A report with the walk left out is the report with it."""
    raw = spell(json.dumps(tree, ensure_ascii=plain)).replace("tru\\u0065", "true")
    with pytest.MonkeyPatch.context() as patch:
        usual = from_bytes(raw, **rest)
        patch.setattr(check, "glance", lambda *_, **__: None)
        assert from_bytes(raw, **rest) == usual


@given(st.dictionaries(st.sampled_from(["id", "name", "gender", "text", "contact", "meta"]), _TREES, max_size=3))
def test_skipping_small_patients_is_never_wrong(tree: dict[str, Any]) -> None:
    """The same where most documents hold nothing, so that the walk is really left out."""
    raw = json.dumps({"resourceType": "Patient", **tree})
    with pytest.MonkeyPatch.context() as patch:
        usual = from_bytes(raw)
        patch.setattr(check, "glance", lambda *_, **__: None)
        assert from_bytes(raw) == usual


_NATIVE_NAMES = st.sampled_from(
    ["status", "_status", "active", "use", "_use", "comparator", "mode", "deleted", "link", "enableWhen", "doNotPerform", "type",
     "deceasedBoolean", "identifier", "name", "entry", "item", "quantity", "valueQuantity", "target", "photo", "contentType",
     "data", "url", "coding", "code", "clinicalStatus", "verificationStatus", "meta"]
)  # fmt: skip
_NATIVE_LEAVES = st.sampled_from(
    ["official", "old", "active", "cancelled", "working", "changes", "confirmed", "<", "use", "text/plain",
     "application/fhir+json", "e30=", True, False, 1]
)  # fmt: skip
_NATIVE_TREES = st.recursive(
    _NATIVE_LEAVES,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_NATIVE_NAMES, inner, max_size=4),
    max_leaves=10,
)
_TYPES = st.sampled_from(
    ["Patient", "List", "Observation", "Questionnaire", "CarePlan", "ConceptMap", "Condition", "ImagingStudy", "Binary", "Basic"]
)


@given(
    _TYPES,
    st.dictionaries(_NATIVE_NAMES, _NATIVE_TREES, max_size=5),
    st.sampled_from([None, 1]),
    st.sampled_from(list(Release)),
    st.sampled_from([Limits(), Limits(occurrences=1)]),
)
def test_skipping_loses_no_native_modifier(
    kind: str, tree: dict[str, Any], indent: int | None, release: Release, limits: Limits
) -> None:
    """Decisions, native modifiers, notes, entries, and all else that a report says, are the same with the walk and without."""
    raw = json.dumps({"resourceType": kind, **tree}, indent=indent)
    with pytest.MonkeyPatch.context() as patch:
        usual = from_bytes(raw, release=release, limits=limits)
        patch.setattr(check, "glance", lambda *_, **__: None)
        assert from_bytes(raw, release=release, limits=limits) == usual


_ENTRIES = st.recursive(
    st.dictionaries(
        st.sampled_from(["url", "url", "valueUrl", "valueIdentifier", "valueQuantity", "valueAttachment", "id", "_valueUrl"]),
        st.sampled_from([X + "ok", X + "ok", X + "bad", "ok", "a/b", {"use": "old"}, {"use": "usual"}, {"comparator": "<"}])
        | st.sampled_from([{"contentType": "a/zip", "data": "e30="}, {"id": "url"}, "url", 1, []]),
        max_size=3,
    ),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.builds(
            lambda key, below, url: {"url": url, key: below},
            st.sampled_from(["extension", "extension", "valueReference", "modifierExtension"]),
            st.lists(inner, max_size=2) | inner,
            st.sampled_from([X + "ok", X + "bad", "a"]),
        )
    ),
    max_leaves=5,
)
_PLACES = st.sampled_from(["extension", "name", "_birthDate", "contact", "text", "foo"])


@given(
    kind=st.sampled_from(["Patient", "Basic", "Observation", "Questionnaire"]),
    places=st.dictionaries(_PLACES, st.lists(_ENTRIES, max_size=2) | _ENTRIES, min_size=1, max_size=2),
    slashes=st.booleans(),
    indent=st.sampled_from([None, 1]),
    release=st.sampled_from(list(Release)),
)
def test_passing_extensions_by_is_never_wrong(
    kind: str, places: dict[str, Any], *, slashes: bool, indent: int | None, release: Release
) -> None:
    """Wherever extensions stand, and whatever they are made of and in them, the report is the one with a walk."""
    below = {name: part if name == "extension" else {"id": "a", "extension": part} for name, part in places.items()}
    raw = json.dumps({"resourceType": kind, **below}, indent=indent)
    raw = raw.replace("/", "\\/") if slashes else raw
    with pytest.MonkeyPatch.context() as patch:
        usual = from_bytes(raw, release=release)
        patch.setattr(check, "glance", lambda *_, **__: None)
        assert from_bytes(raw, release=release) == usual


def test_some_native_modifiers_are_told_without_a_walk() -> None:
    """The property above is no idle one: of a plain resource the root is looked at, and nothing more."""
    tree = {"resourceType": "Patient", "active": False, "name": [{"use": "usual"}], "deceasedDateTime": "2020"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(check, "survey", None)
        patch.setattr(check, "survey_on", None)
        assert [each.location for each in from_bytes(json.dumps(tree)).native] == ["Patient.active", "Patient.deceasedDateTime"]


def test_a_native_modifier_is_told_beside_what_is_decided() -> None:
    """Neither replaces the other: it decides nothing, and a modifier extension that is understood does not hush it (MX-43)."""
    told = report(POLICY, {**study("ok"), "status": "entered-in-error"})
    assert (told.verdict.word, [each.location for each in told.native]) == ("accept", ["ImagingStudy.status"])
    refused = report(POLICY, {**study("nobody"), "status": "entered-in-error"})
    assert (refused.verdict.word, [each.location for each in refused.native]) == ("reject", ["ImagingStudy.status"])


# embedded documents and patches


def embedded(tree: object) -> dict[str, Any]:
    data = base64.b64encode(json.dumps(tree).encode()).decode()
    return {"resourceType": "Binary", "contentType": "application/fhir+json", "data": data}


EMBEDDED: dict[str, tuple[object, str, str]] = {
    "accept": (study("ok"), "accept", "rule"),
    "exclude, which is impossible": (study(series=[carrying("out"), carrying("ok")]), "reject", "rule"),
    "unknown": (study("nobody"), "reject", "unknown"),
    "not read": ({"resourceType": "Nothing"}, "reject", "malformed"),
}


@pytest.mark.parametrize(("tree", "verdict", "ground"), EMBEDDED.values(), ids=EMBEDDED)
def test_embedded_documents_are_decided(tree: object, verdict: str, ground: str) -> None:
    """By the same rules, but that nothing can be left out of them."""
    result = report(POLICY, embedded(tree))
    strictest = max(result.decisions, key=lambda each: each.verdict)
    assert (result.verdict.word, strictest.verdict.word, strictest.ground) == (verdict, verdict, ground)


def test_what_is_not_inspected_decides_nothing_and_is_told() -> None:
    """A note with its place, and a word in what was not checked."""
    result = report(POLICY, embedded(embedded(study("bad"))))
    assert (result.verdict, result.decisions) == (Verdict.CLEAR, ())
    assert [(each.code, each.location) for each in result.problems] == [("not-inspected", "Binary.data")]
    assert "content embedded more than one level deep" in result.not_checked


def test_an_entry_answers_for_what_is_embedded_in_it() -> None:
    """The verdict of an entry counts what its resource carries."""
    entries = [{"resource": embedded(study("bad"))}, {"resource": study("ok")}]
    result = report(POLICY, {"resourceType": "Bundle", "type": "collection", "entry": entries})
    assert [each.verdict for each in result.entries] == [Verdict.REJECT, Verdict.ACCEPT]


def test_an_unreadable_document_was_not_looked_at() -> None:
    """Nothing is told of what was not read, and that is said."""
    result = from_bytes('{"resourceType": "Patient", "active": false, "active": false}')
    assert result.native == ()
    assert result.not_checked == ("native modifier elements",)


# an element alone, and the report on what is around it

ABOVE: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": (study(), "clear"),
    "accept on the root": (study("ok"), "accept"),
    "warn on the root": (study("warn"), "warn"),
    "review on the root": (study("look"), "review"),
    "reject on the root": (study("bad"), "reject"),
    "narrative on the root": (study("show", **TEXT), "reject"),
    "warn on the series": (study(series=[carrying("warn")]), "warn"),
    "exclude on the series": (study(series=[carrying("out")]), "reject"),
    "implicitRules": (study(implicitRules="urn:a:b"), "reject"),
    "beside": (study(series=[{"performer": [carrying("bad")]}]), "clear"),
    "on another of its kind": (study(series=[{"instance": [carrying("bad")]}]), "clear"),
    "on a contained resource": (study(contained=[{"resourceType": "Patient", **carrying("bad")}]), "clear"),
    "an unreadable study": ({"resourceType": "Study"}, "reject"),
    "an incomplete study": (study(meta={"tag": [{"code": "SUBSETTED"}]}), "reject"),
}


@pytest.mark.parametrize(("tree", "verdict"), ABOVE.values(), ids=ABOVE)
def test_within(tree: dict[str, Any], verdict: str) -> None:
    """Every decision on an ancestor path counts for the element too; what would be left out or only shown is rejected."""
    inherited = report(POLICY, tree).decisions
    result = report(POLICY, {"uid": "1"}, at="ImagingStudy.series.instance", inherited=inherited, within="sha256:0")
    assert result.verdict.word == verdict
    assert (result.within, result.resource_type) == ("sha256:0", "ImagingStudy.series.instance")


def test_within_and_its_own() -> None:
    """The strictest of what is inherited and what is its own counts."""
    inherited = report(POLICY, study("warn")).decisions
    at = "ImagingStudy.series.instance"
    assert report(POLICY, carrying("look"), at=at, inherited=inherited).verdict is Verdict.REVIEW
    result = report(POLICY, carrying("ok"), at=at, inherited=inherited)
    assert result.verdict is Verdict.WARN
    assert [decision.rule for decision in result.decisions] == ["a", "w"]


def test_within_to_modify() -> None:
    """What is to be written back inherits as reject whatever is neither clear nor accepted."""
    at = "ImagingStudy.series.instance"
    verdicts = [
        report(POLICY, {"uid": "1"}, at=at, inherited=report(POLICY, study(name)).decisions, intent=Intent.MODIFY).verdict.word
        for name in ("ok", "warn", "look")
    ]
    assert verdicts == ["accept", "reject", "reject"]


def test_a_whole_resource_inherits_nothing() -> None:
    """Only what stands alone inherits; of a resource, nothing is above but the document itself."""
    decisions = report(POLICY, study("look")).decisions
    assert report(POLICY, study(), inherited=decisions).verdict is Verdict.CLEAR
    assert report(POLICY, study(), at="ImagingStudy", inherited=decisions).verdict is Verdict.CLEAR
    unreadable = (Decision(Verdict.REJECT, Ground.UNREADABLE),)
    assert report(POLICY, study(), at="ImagingStudy", inherited=unreadable).verdict is Verdict.REJECT


def test_locations_of_an_element_alone() -> None:
    """The root of an element alone is written as its full path."""
    result = report(POLICY, carrying("ok", instance=[carrying("ok")]), at="ImagingStudy.series")
    assert list(told(result)) == [
        "ImagingStudy.series.modifierExtension[0]",
        "ImagingStudy.series.instance[0].modifierExtension[0]",
    ]
    dosage = report(POLICY, {"timing": carrying("ok")}, at="Dosage")
    assert list(told(dosage)) == ["Dosage.timing.modifierExtension[0]"]


def test_another_type_than_expected() -> None:
    """A resource of another type than was asked for is unreadable."""
    result = report(POLICY, {"resourceType": "Patient"}, at="ImagingStudy")
    assert [problem.code for problem in result.problems] == ["resource-type"]


# GraphQL


def test_graphql() -> None:
    """In a GraphQL answer null and [] are ordinary, and an object that was not asked for modifiers is incomplete."""
    whole = {"__typename": "ImagingStudy", "modifierExtension": [], "series": [{"modifierExtension": None, "uid": "1"}]}
    assert report(POLICY, whole, wire=Wire.GRAPHQL).decisions == ()
    del whole["series"][0]["modifierExtension"]  # type: ignore[attr-defined]
    result = report(POLICY, whole, wire=Wire.GRAPHQL)
    assert told(result) == {"ImagingStudy.series[0].modifierExtension": "reject incomplete"}
    assert result.resource_type == "ImagingStudy"
    softened = policy_of(waiver("w", "incomplete on ImagingStudy.series as warn"))
    assert report(softened, whole, wire=Wire.GRAPHQL).verdict is Verdict.WARN


def test_typename_means_nothing_elsewhere() -> None:
    """In FHIR's own JSON a `__typename` is no type."""
    assert report(POLICY, {"__typename": "ImagingStudy"}).resource_type is None
    assert report(POLICY, {"__typename": 1}, wire=Wire.GRAPHQL).resource_type is None


def test_every_occurrence_is_decided_once() -> None:
    """There are as many decisions as occurrences, each at its own place."""
    tree = study("ok", "ok", "look", series=[carrying("out", instance=[carrying("x", "y")])], implicitRules="urn:a:b")
    tree["contained"] = [{"resourceType": "Patient", "contact": [{"modifierExtension": [modifier("ok"), None]}]}]
    result = report(POLICY, tree)
    assert len(result.decisions) == len(told(result)) == 9
