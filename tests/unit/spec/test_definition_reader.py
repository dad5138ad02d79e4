"""Tests of caveat.spec.definition_reader: what a StructureDefinition says, and that no tree makes it fail."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caveat.spec import Release, tables
from caveat.spec.definition import Content, Context, ContextKind
from caveat.spec.definition_reader import ANY_VALUE, ANYTHING, definition_of, doubt_of
from strategies.packaging import definition

XVER = "http://hl7.org/fhir/5.0/StructureDefinition/extension-ImagingSelection.status"
USE = "http://hl7.org/fhir/StructureDefinition/version-specific-use"
Json = dict[str, Any]


def root(**more: Any) -> Json:
    return {"path": "Extension", **more}


def view(*elements: Json, name: str = "differential") -> Json:
    return {name: {"element": list(elements)}}


def read(*elements: Json, **more: Any) -> Any:
    """Return what a definition with such a differential says."""
    known = definition_of(definition("a") | view(*elements) | more)
    assert known is not None
    return known


def typed(path: str, *codes: str, **more: Any) -> Json:
    return {"path": path, "type": [{"code": code} for code in codes], **more}


def bounds(**said: str) -> list[Json]:
    return [{"url": USE, "extension": [{"url": name, "valueCode": value} for name, value in said.items()]}]


def test_a_definition() -> None:
    """Words, flag, reason, contexts and content are those of the StructureDefinition."""
    known = definition_of(definition("retake", title="Retake", publisher="A hospital", contextInvariant=["true"]))
    assert known is not None
    assert (known.url, known.version, known.name) == ("https://fhir.example.org/StructureDefinition/retake", "1.0.0", "Retake")
    assert (known.title, known.status, known.publisher) == ("Retake", "active", "A hospital")
    assert (known.is_modifier, known.reason) == (True, "the series is not what it seems")
    assert (known.fhir_versions, known.invariants) == (("4.0.1",), ("true",))
    assert known.contexts == (Context(ContextKind.ELEMENT, "ImagingStudy.series"),)
    assert known.content == Content(frozenset({"boolean"}), needs_value=True, may_have_parts=False, maximum=1)
    assert (known.package, known.digest, known.is_whole, known.is_cross_version) == (None, None, True, False)


def test_any_value_is_what_the_tables_allow() -> None:
    """What a definition allows that names no type is every type that an extension's value has in a release that is read."""
    values = (tables(release).required("Extension").children.values() for release in Release)
    assert {c.shape.name for children in values for c in children if c.segment == "value[x]" and c.shape} == ANY_VALUE


@pytest.mark.parametrize(
    "more",
    [
        {"resourceType": "Patient"},
        {"resourceType": None},
        {"type": "Patient"},
        {"type": ["Extension"]},
        {"type": None},
        {"url": "http://hl7.org/fhir/StructureDefinition/Extension"},
        {"url": None},
        {"url": 7},
        {"url": ""},
    ],
)
def test_what_is_no_definition_of_an_extension(more: Json) -> None:
    """Another resource, another type, Extension itself, and what has no url define no extension."""
    assert definition_of(definition("a") | more) is None


@pytest.mark.parametrize("tree", [None, [], "x", 7, True, {}, {"resourceType": "StructureDefinition"}])
def test_what_is_no_structure_definition(tree: object) -> None:
    """No object, or an empty one, defines nothing."""
    assert definition_of(tree) is None


@pytest.mark.parametrize(
    ("snapshot", "differential", "modifier"),
    [
        (True, True, True),
        (True, None, True),
        (None, True, True),
        (False, False, False),
        (None, None, False),
        (False, True, True),
        (True, False, True),
        ("true", None, False),
        (1, None, False),
        ([True], None, False),
    ],
)
def test_the_flag(snapshot: object, differential: object, *, modifier: bool) -> None:
    """The root says whether it modifies; where the views contradict each other a modifier in either is one."""
    views = view(root(isModifier=snapshot), name="snapshot") | view(root(isModifier=differential))
    known = definition_of(definition("a") | views)
    assert known is not None
    assert known.is_modifier is modifier


def test_the_flag_of_another_element_is_not_that_of_the_root() -> None:
    """A value or a part that is marked makes no modifier (MX-104)."""
    assert not read(root(), typed("Extension.value[x]", "code", isModifier=True)).is_modifier
    assert not read(root(), {"path": "Extension.extension", "sliceName": "a", "isModifier": True}).is_modifier


@pytest.mark.parametrize(
    ("snapshot", "differential", "reason"),
    [
        ("generated", "stated", "stated"),
        ("generated", None, None),
        ("generated", " ", None),
        ("generated", 7, None),
        ("only", ..., "only"),
    ],
)
def test_the_reason(snapshot: str, differential: object, reason: str | None) -> None:
    """It is what the author wrote: the snapshot's counts only where there is no differential (MX-116)."""
    tree = definition("a") | view(root(isModifier=True, isModifierReason=snapshot), name="snapshot")
    tree |= view() if differential is ... else view(root(isModifier=True, isModifierReason=differential))
    known = definition_of(tree)
    assert known is not None
    assert known.reason == reason


def test_contexts() -> None:
    """Each kind is read, with the versions it is meant for; what is no context is passed over."""
    contexts = [
        {"type": "element", "expression": "Patient", "extension": bounds(startFhirVersion="4.0", endFhirVersion="4.3.0")},
        {"type": "extension", "expression": "https://a.example", "extension": bounds(endVersion="5.0")},
        {"type": "fhirpath", "expression": "Patient.name", "extension": bounds(startfhirversion="R4")},
        {"type": "resource", "expression": "Patient"},
        {"type": ["element"], "expression": "Patient"},
        {"type": "element"},
        {"type": "element", "expression": 7},
        {"expression": "Patient"},
        "Patient",
        None,
    ]
    assert read(root(), context=contexts).contexts == (
        Context(ContextKind.ELEMENT, "Patient", "4.0", "4.3.0"),
        Context(ContextKind.EXTENSION, "https://a.example", None, "5.0"),
        Context(ContextKind.FHIRPATH, "Patient.name"),
    )


def test_the_versions_of_a_whole_definition_hold_for_its_contexts() -> None:
    """They fill what a context does not say itself (MX-82); of a cross-version one they say only what it was made for."""
    contexts = [{"type": "element", "expression": "A", "extension": bounds(startFhirVersion="4.3")}]
    whole = bounds(startFhirVersion="4.0", endFhirVersion="4.0")
    assert read(root(), context=contexts, extension=whole).contexts == (Context(ContextKind.ELEMENT, "A", "4.3", "4.0"),)
    assert read(root(), context=contexts, extension=whole, url=XVER).contexts == (Context(ContextKind.ELEMENT, "A", "4.3"),)


def test_contexts_of_stu3() -> None:
    """STU3 has one kind for all contexts, which are strings; DSTU2 says `constrainedType`."""
    old = definition("a") | {"contextType": "resource", "context": ["Patient", "Observation.value[x]"]}
    known = definition_of(old | {"type": None, "constrainedType": "Extension", "derivation": None})
    assert known is not None
    assert known.contexts == (Context(ContextKind.ELEMENT, "Patient"), Context(ContextKind.ELEMENT, "Observation.value[x]"))
    assert read(root(), contextType="mapping", context=["x"]).contexts == ()


VALUE = "Extension.value[x]"


@pytest.mark.parametrize(
    ("elements", "types", "needs"),
    [
        ([], ANY_VALUE, False),
        ([{"path": VALUE}], ANY_VALUE, False),
        ([{"path": VALUE, "min": 1}], ANY_VALUE, True),
        ([typed(VALUE, "code", "Quantity")], {"code", "Quantity"}, False),
        ([typed(VALUE, "Reference", "Reference", min=1)], {"Reference"}, True),
        ([{"path": VALUE, "max": "0"}], set(), False),
        ([typed(VALUE, "code", max="0", min=1)], set(), False),
        ([typed("Extension.valueCode", "code", min=1)], {"code"}, True),
        ([typed("Extension.valueCode", "code"), typed("Extension.valueString", "string")], {"code", "string"}, False),
        ([typed(VALUE, "code", "string"), typed(VALUE, "code", sliceName="valueCode", min=1)], {"code", "string"}, False),
        ([typed(VALUE, "code", "string"), typed(VALUE, "code", sliceName="valueCode", max="0")], {"string"}, False),
        ([{"path": VALUE, "slicing": {"rules": "open"}}, typed(VALUE, "code", sliceName="valueCode")], ANY_VALUE, False),
        ([{"path": VALUE, "slicing": {"rules": "closed"}}, typed(VALUE, "code", sliceName="valueCode")], {"code"}, False),
        ([typed(VALUE, "code", id="Extension.value[x]:valueCode", sliceName="valueCode")], {"code"}, False),
        ([{"path": VALUE, "type": "code"}], ANY_VALUE, False),
        ([{"path": VALUE, "type": [{"code": 7}, None, "x"]}], ANY_VALUE, False),
        ([{"path": VALUE, "min": "1"}], ANY_VALUE, False),
        ([{"path": VALUE, "min": True}], ANY_VALUE, False),
    ],
)
def test_the_value(elements: list[Json], types: set[str], *, needs: bool) -> None:
    """The types are those of value[x], else those of its slices, else all; a minimum of one makes it needed."""
    content = read(root(), *elements).content
    assert (content.types, content.needs_value) == (frozenset(types), needs)


def part(name: str, url: Json | None = None, *codes: str, **more: Any) -> list[Json]:
    """Return the elements of a part without ids, as DSTU2 and hand-written differentials have them."""
    elements = [{"path": "Extension.extension", "sliceName": name, **more}]
    elements += [{"path": "Extension.extension.url", **url}] if url else []
    return elements + ([typed("Extension.extension.value[x]", *codes)] if codes else [])


def test_parts() -> None:
    """A part is known by its url, fixed or of a pattern, by the definition it is bound to, or by its slice's name."""
    bound = {"path": "Extension.extension", "sliceName": "d", "type": [{"code": "Extension", "profile": ["https://d.example"]}]}
    old = {"path": "Extension.extension", "name": "e", "type": [{"code": "Extension", "profile": "https://e.example"}]}
    content = read(
        root(max="*", min=1),
        {"path": "Extension.extension", "slicing": {"rules": "open"}},
        *part("a", {"fixedUri": "the-a"}, "code", min=1, max="1"),
        *part("b", {"patternUri": "the-b"}, "string", max="*"),
        *part("c", None, "Quantity", max="0"),
        bound,
        old,
        {"path": VALUE, "max": "0"},
    ).content
    assert content == Content(
        types=frozenset(),
        minimum=1,
        maximum=None,
        parts={
            "the-a": Content(frozenset({"code"}), minimum=1, maximum=1),
            "the-b": Content(frozenset({"string"})),
            "c": Content(frozenset({"Quantity"}), maximum=0),
            "https://d.example": ANYTHING,
            "https://e.example": ANYTHING,
        },
    )


def test_parts_of_parts_by_id_in_any_order() -> None:
    """An element's id says where it belongs, whatever stands before it."""
    elements = [
        {
            "id": "Extension.extension:a.extension:b.value[x]",
            "path": "Extension.extension.extension.value[x]",
            "type": [{"code": "id"}],
        },
        {"id": "Extension.extension:a", "path": "Extension.extension", "sliceName": "a", "max": "1"},
        {"id": "Extension.extension:a.extension:b.url", "path": "Extension.extension.extension.url", "fixedUri": "bee"},
        {"id": "Extension.extension:a.extension", "path": "Extension.extension.extension", "min": 0},
        {"id": "Extension.extension:c.extension", "path": "Extension.extension.extension", "max": "0"},
    ]
    content = read(root(), *elements).content
    assert content.parts["a"].parts == {"bee": Content(frozenset({"id"}))}
    assert content.parts["a"].maximum == 1
    assert not content.parts["c"].may_have_parts


def test_no_parts_where_none_are_allowed() -> None:
    """With a maximum of 0 nothing declared below counts."""
    content = read(root(), {"path": "Extension.extension", "max": "0"}, *part("a")).content
    assert (content.may_have_parts, content.parts) == (False, {})


def test_two_slices_of_one_url_are_one_part() -> None:
    """It may hold what either may hold, as often as both together."""
    one = part("a", {"fixedUri": "u"}, "code", min=1, max="1")
    content = read(root(), *one, *part("b", {"fixedUri": "u"}, "string", max="2")).content
    assert content.parts == {"u": Content(frozenset({"code", "string"}), minimum=1, maximum=3)}
    assert read(root(), *one, *part("b", {"fixedUri": "u"}, max="*")).content.parts["u"].maximum is None


def test_the_snapshot_decides_what_may_stand() -> None:
    """A differential that says otherwise than the snapshot is not listened to."""
    tree = definition("a") | view(root(max="1"), typed(VALUE, "code"), name="snapshot") | view(root(max="*"), typed(VALUE, "id"))
    known = definition_of(tree)
    assert known is not None
    assert (known.content.maximum, known.content.types) == (1, {"code"})


@pytest.mark.parametrize("views", [{}, {"snapshot": None}, view(), {"differential": []}, view(typed("Patient.name", "string"))])
def test_a_definition_without_elements_allows_anything(views: Json) -> None:
    """What says nothing is the default of Extension itself."""
    tree = {name: value for name, value in definition("a").items() if name != "differential"} | views
    known = definition_of(tree)
    assert known is not None
    assert (known.content, known.is_modifier) == (ANYTHING, False)


def test_a_cross_version_definition() -> None:
    """A url of that form stands for an element of another release (MX-130)."""
    assert read(root(), url=XVER).is_cross_version


def test_a_path_without_end() -> None:
    """A path of ten thousand names is no element, and costs no recursion."""
    assert read(root(), {"path": "Extension" + ".extension" * 10_000, "sliceName": "a"}).content == ANYTHING


WHOLE = definition("a") | view(
    root(isModifier=True, max="1"), *part("a", {"fixedUri": "u"}, "code"), typed(VALUE, "code"), name="snapshot"
)
WHOLE |= {"context": [{"type": "element", "expression": "A", "extension": bounds(startFhirVersion="4.0")}]}
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["Extension", "0", "*"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def spots(tree: Any) -> list[tuple[Any, Any]]:
    """Give every place in a tree: its holder, and its name or index there."""
    pairs = list(tree.items()) if isinstance(tree, dict) else list(enumerate(tree)) if isinstance(tree, list) else []
    return [(tree, name) for name, _ in pairs] + [spot for _, value in pairs for spot in spots(value)]


@given(st.data())
def test_no_tree_raises(data: st.DataObject) -> None:
    """Whatever stands in whichever field, there is a definition or none, and what is not touched is still read."""
    tree = copy.deepcopy(WHOLE)
    for _ in range(data.draw(st.integers(1, 4))):
        holder, name = data.draw(st.sampled_from(spots(tree)))
        holder[name] = data.draw(JUNK)
    known = definition_of(tree)
    assert known is None or known.url == tree["url"]


DOUBTS: dict[str, tuple[dict[str, Any], str]] = {
    "no view": ({"differential": None}, "no root element"),
    "a view that is none": ({"differential": {"element": {"path": "Extension"}}}, "no root element"),
    "a root without a path": ({"differential": {"element": [{"id": "Extension", "isModifier": True}]}}, "no root element"),
    "a root beside itself": ({"differential": {"element": [{"path": " Extension", "isModifier": True}]}}, "no root element"),
    "a flag in a string": (
        {"differential": {"element": [{"path": "Extension", "isModifier": "true"}]}},
        "neither true nor false",
    ),
    "a flag as a number": ({"differential": {"element": [{"path": "Extension", "isModifier": 1}]}}, "neither true nor false"),
    "a flag known by its companion": ({"differential": {"element": [{"path": "Extension", "_isModifier": {}}]}}, "neither"),
    "a url with a version": ({"url": "http://x.example/a|1"}, "url"),
}


@pytest.mark.parametrize(("more", "said"), DOUBTS.values(), ids=DOUBTS)
def test_a_flag_that_cannot_be_read_is_a_doubt(more: dict[str, Any], said: str) -> None:
    """What is absent allows, but for this: an unreadable flag must not make a modifier plain (MX-104)."""
    root = [{"path": "Extension", "isModifier": True}]
    tree = {
        "resourceType": "StructureDefinition",
        "type": "Extension",
        "url": "http://x.example/a",
        "differential": {"element": root},
    }
    assert doubt_of(tree) is None
    assert doubt_of(tree | {"differential": {"element": [{"path": "Extension"}]}}) is None
    assert said in (doubt_of(tree | more) or "")


@pytest.mark.parametrize("kind", ["Extension", "http://hl7.org/fhir/StructureDefinition/Extension|4.0.1"])
@pytest.mark.parametrize("derivation", ["constraint", "specialization", None])
def test_what_says_it_is_an_extension_is_read_as_one(kind: str, derivation: str | None) -> None:
    """However it is spelt: a definition passed over would leave its url unknown."""
    tree = {"resourceType": "StructureDefinition", "type": kind, "url": "http://x.example/a", "derivation": derivation}
    assert definition_of(tree) is not None


def test_the_base_of_a_definition_is_the_extension_it_constrains() -> None:
    """Extension itself is none, and a version is no part of it (MX-104)."""
    tree = {"resourceType": "StructureDefinition", "type": "Extension", "url": "http://x.example/a"}
    said = [
        definition_of(tree | {"baseDefinition": base})
        for base in (None, "http://hl7.org/fhir/StructureDefinition/Extension|4.0.1", "http://x.example/b|1")
    ]
    assert [each.base if each else "" for each in said] == [None, None, "http://x.example/b"]
