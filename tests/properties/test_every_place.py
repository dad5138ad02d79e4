"""A modifier extension is found wherever it can be put, at exactly its place, in every release (MX-01 to MX-15, MX-88)."""

from __future__ import annotations

import csv
import json
import random
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caveat.domain.decision import Ground, Verdict
from caveat.guard import Guard, Report
from caveat.intake.json_reader import read_json
from caveat.judge.check import known_kind
from caveat.spec import Release, Shape, published_modifiers, tables
from caveat.spec.shape import Child
from reference.finder import find
from strategies.walking import walk

GUARD = Guard.default()
URL = "http://example.org/fhir/StructureDefinition/not-known"
PLANTED = [{"url": URL, "valueBoolean": True}]
NOT_GONE_INTO = {"extension", "modifierExtension", "implicitRules", "id", "url"}
"""Slots, an occurrence of its own kind, and what may hold no extension."""
TIMING = {"url": "http://example.org/fhir/StructureDefinition/plain", "valueTiming": {"modifierExtension": PLANTED}}


class Way(NamedTuple):
    """One way from a resource's root down to an element: its location, its path, its steps, and what it is."""

    location: str
    path: str
    steps: tuple[tuple[str, bool], ...]
    child: Child | None
    shape: Shape | None


def document(kind: str, steps: tuple[tuple[str, bool], ...], leaf: dict[str, Any]) -> dict[str, Any]:
    """Return a resource with nothing but the way down to `leaf`; a step is a property and whether it is an array."""
    inner = leaf
    for key, many in reversed(steps):
        inner = {key: [inner] if many else inner}
    return {"resourceType": kind, **inner}


def ways(release: Release) -> Iterator[Way]:
    """Give a way to every element of every resource type.

    Backbones are gone into wherever they stand, those that an element refers to twice in one way; a data type where it is
    first met, and where it carries, always.
    """
    met: set[Shape] = set()
    for name in sorted(tables(release).resource_types):
        root = tables(release).required(name)
        stack: list[tuple[Way, tuple[Shape, ...]]] = [(Way(name, name, (), None, root), (root,))]
        while stack:
            way, line = stack.pop()
            yield way
            shape = way.shape
            if shape is None or line.count(shape) > 2 or (shape.kind == "datatype" and not shape.carries and shape in met):
                continue
            met.add(shape)
            for key, child in shape.children.items():
                if key not in NOT_GONE_INTO and child.shape is not None:
                    stack.append((_step(way, key, child), (*line, child.shape)))


def _step(way: Way, key: str, child: Child) -> Way:
    many = child.maximum != 1
    name = "_" + key if child.primitive else key
    location = f"{way.location}.{name}[0]" if many else f"{way.location}.{name}"
    shape = None if child.primitive else child.shape
    return Way(location, f"{way.path}.{child.segment}", (*way.steps, (name, many)), child, shape)


@cache
def all_ways(release: Release) -> list[Way]:
    return list(ways(release))


def carrying(release: Release) -> list[Way]:
    return [way for way in all_ways(release) if way.shape is not None and way.shape.carries]


def elsewhere(release: Release) -> list[Way]:
    return [way for way in all_ways(release) if way.shape is None or not way.shape.carries]


def checked(tree: dict[str, Any], release: Release) -> Report:
    return GUARD.check(json.dumps(tree).encode(), release=release)


def assert_one(report: Report, location: str, path: str, ground: Ground) -> None:
    """Exactly one occurrence, at exactly this place, and it refuses the document."""
    assert [
        (d.occurrence.location, d.occurrence.carrier.path, d.ground, d.verdict)
        for d in report.decisions
        if d.occurrence is not None
    ] == [(location, path, ground, Verdict.REJECT)]
    assert not report.may_process_reduced


@pytest.mark.parametrize("release", Release)
def test_a_modifier_in_each_lawful_place_is_found_there(release: Release) -> None:
    """One unknown modifier, in every element of every resource that may carry one: found, named, refused (MX-20)."""
    for way in carrying(release):
        tree = document(way.path.partition(".")[0], way.steps, {"modifierExtension": PLANTED})
        assert_one(checked(tree, release), f"{way.location}.modifierExtension[0]", way.path, Ground.UNKNOWN)


@pytest.mark.parametrize("release", Release)
def test_a_modifier_in_each_unlawful_element_is_misplaced(release: Release) -> None:
    """One modifier, in every element that may carry none, primitives included: found, named, refused (MX-08, 53)."""
    for way in elsewhere(release):
        tree = document(way.path.partition(".")[0], way.steps, {"modifierExtension": PLANTED})
        assert_one(checked(tree, release), f"{way.location}.modifierExtension[0]", way.path, Ground.MISPLACED)


@pytest.mark.parametrize("release", Release)
def test_a_modifier_in_the_value_of_an_extension_is_found_wherever_that_stands(release: Release) -> None:
    """Every element but roots that know no extension may hold a Timing in an extension, and that may carry (MX-11)."""
    for way in all_ways(release):
        if way.path in {"Bundle", "Binary", "Parameters"}:
            continue
        tree = document(way.path.partition(".")[0], way.steps, {"extension": [TIMING]})
        location = f"{way.location}.extension[0].valueTiming.modifierExtension[0]"
        assert_one(checked(tree, release), location, f"{way.path}.extension.value[x]", Ground.UNKNOWN)


@pytest.mark.parametrize("release", Release)
def test_a_modifier_on_an_extension_is_misplaced_wherever_that_stands(release: Release) -> None:
    """No extension may carry a modifier (MX-10)."""
    plain = {"url": "http://example.org/plain", "valueBoolean": True, "modifierExtension": PLANTED}
    for way in all_ways(release):
        tree = document(way.path.partition(".")[0], way.steps, {"extension": [plain]})
        location = f"{way.location}.extension[0].modifierExtension[0]"
        assert_one(checked(tree, release), location, f"{way.path}.extension", Ground.MISPLACED)


WRAPPERS: dict[str, tuple[str, tuple[tuple[str, bool], ...]]] = {
    "contained": ("Patient", (("contained", True),)),
    "entry": ("Bundle", (("entry", True), ("resource", False))),
    "outcome": ("Bundle", (("entry", True), ("response", False), ("outcome", False))),
    "parameter": ("Parameters", (("parameter", True), ("resource", False))),
    "part": ("Parameters", (("parameter", True), ("part", True), ("resource", False))),
    "bundle in bundle": ("Bundle", (("entry", True), ("resource", False), ("entry", True), ("resource", False))),
}


@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("release", Release)
def test_every_type_of_resource_is_looked_into_where_resources_stand(release: Release, wrapper: str) -> None:
    """A resource in a resource is walked as its own type, and located from the document's root (MX-13 to MX-15)."""
    kind, steps = WRAPPERS[wrapper]
    for way in carrying(release):
        if way.path.count(".") > 1:
            continue
        inner = document(way.path.partition(".")[0], way.steps, {"modifierExtension": PLANTED})
        tree = document(kind, steps, inner)
        if wrapper == "bundle in bundle":
            tree["entry"][0]["resource"]["resourceType"] = "Bundle"
        prefix = ".".join([kind, *(f"{key}[0]" if many else key for key, many in steps)])
        _, dot, rest = way.location.partition(".")
        assert_one(checked(tree, release), f"{prefix}{dot}{rest}.modifierExtension[0]", way.path, Ground.UNKNOWN)


def test_an_outcome_of_a_bundle_is_looked_into_in_r5() -> None:
    """R5 has one more place for a resource: Bundle.issues (MX-14)."""
    tree = {"resourceType": "Bundle", "issues": {"resourceType": "OperationOutcome", "modifierExtension": PLANTED}}
    assert_one(checked(tree, Release.R5), "Bundle.issues.modifierExtension[0]", "OperationOutcome", Ground.UNKNOWN)
    assert_one(checked(tree, Release.R4), "Bundle.issues.modifierExtension[0]", "Bundle.issues", Ground.MISPLACED)


ELSEWHERE: dict[str, tuple[dict[str, Any], str]] = {
    "root of Bundle": ({"resourceType": "Bundle", "modifierExtension": PLANTED}, "Bundle.modifierExtension[0]"),
    "root of Binary": ({"resourceType": "Binary", "modifierExtension": PLANTED}, "Binary.modifierExtension[0]"),
    "root of Parameters": ({"resourceType": "Parameters", "modifierExtension": PLANTED}, "Parameters.modifierExtension[0]"),
    "unknown property": ({"resourceType": "Patient", "foo": {"modifierExtension": PLANTED}}, "Patient.foo.modifierExtension[0]"),
    "unknown below unknown": (
        {"resourceType": "Patient", "foo": [{"bar": {"modifierExtension": PLANTED}}]},
        "Patient.foo[0].bar.modifierExtension[0]",
    ),
    "resource in an unknown property": (
        {"resourceType": "Patient", "foo": {"resourceType": "Patient", "modifierExtension": PLANTED}},
        "Patient.foo.modifierExtension[0]",
    ),
    "array in an array": (
        {"resourceType": "ImagingStudy", "series": [[{"modifierExtension": PLANTED}]]},
        "ImagingStudy.series[0][0].modifierExtension[0]",
    ),
    "below an array in an array": (
        {"resourceType": "ImagingStudy", "series": [[{"instance": [{"modifierExtension": PLANTED}]}]]},
        "ImagingStudy.series[0][0].instance[0].modifierExtension[0]",
    ),
    "object where an array must be": (
        {"resourceType": "ImagingStudy", "series": {"modifierExtension": PLANTED}},
        "ImagingStudy.series.modifierExtension[0]",
    ),
    "array where an object must be": (
        {"resourceType": "Bundle", "entry": [{"request": [{"modifierExtension": PLANTED}]}]},
        "Bundle.entry[0].request[0].modifierExtension[0]",
    ),
    "object where a scalar must be": (
        {"resourceType": "Patient", "birthDate": {"modifierExtension": PLANTED}},
        "Patient.birthDate.modifierExtension[0]",
    ),
    "contained in contained": (
        {
            "resourceType": "Patient",
            "contained": [{"resourceType": "Patient", "contained": [{"resourceType": "Patient", "modifierExtension": PLANTED}]}],
        },
        "Patient.contained[0].contained[0].modifierExtension[0]",
    ),
    "element of a contained in contained": (
        {
            "resourceType": "Patient",
            "contained": [
                {
                    "resourceType": "Patient",
                    "contained": [{"resourceType": "Patient", "contact": [{"modifierExtension": PLANTED}]}],
                }
            ],
        },
        "Patient.contained[0].contained[0].contact[0].modifierExtension[0]",
    ),
    "comments": (
        {"resourceType": "Patient", "fhir_comments": [{"modifierExtension": PLANTED}]},
        "Patient.fhir_comments[0].modifierExtension[0]",
    ),
    "meta": ({"resourceType": "Patient", "meta": {"modifierExtension": PLANTED}}, "Patient.meta.modifierExtension[0]"),
    "narrative": ({"resourceType": "Patient", "text": {"modifierExtension": PLANTED}}, "Patient.text.modifierExtension[0]"),
    "repeat of a timing": (
        {"resourceType": "ServiceRequest", "occurrenceTiming": {"repeat": {"modifierExtension": PLANTED}}},
        "ServiceRequest.occurrenceTiming.repeat.modifierExtension[0]",
    ),
}


@pytest.mark.parametrize("case", ELSEWHERE)
@pytest.mark.parametrize("release", Release)
def test_a_modifier_where_none_may_stand_is_misplaced(release: Release, case: str) -> None:
    """It is found all the same, at exactly its place, and never judged by a rule."""
    tree, location = ELSEWHERE[case]
    found = [d for d in checked(tree, release).decisions if d.occurrence is not None]
    assert [(d.occurrence.location, d.ground) for d in found if d.occurrence] == [(location, Ground.MISPLACED)]


NEAR = [
    "ModifierExtension",
    "modifierextension",
    "modifier_extension",
    "_modifierExtension",
    "modifierExtension ",
    "modifier\u0415xtension",
]


@pytest.mark.parametrize("key", NEAR)
def test_a_name_that_only_looks_like_it_is_malformed_in_every_carrying_place(key: str) -> None:
    """Nobody can be trusted to tell the two names apart, so that it is refused."""
    for way in carrying(Release.R4B)[::7]:
        tree = document(way.path.partition(".")[0], way.steps, {key: PLANTED})
        report = checked(tree, Release.R4B)
        assert [(d.occurrence.location, d.ground) for d in report.decisions if d.occurrence] == [
            (f"{way.location}.{key}", Ground.MALFORMED)
        ]


@pytest.mark.parametrize("release", Release)
def test_the_ways_lead_to_every_path_that_hl7_lets_carry(shared: Path, release: Release) -> None:
    """The places above are all that the definitions have, counted by another hand."""
    with (shared / "definitions" / "derived" / f"{release.lower()}-paths-carrying-modifierExtension.csv").open(
        newline=""
    ) as file:
        listed = {row["path"] for row in csv.DictReader(file)}
    planted = {way.shape.name for way in carrying(release) if way.shape is not None}
    abstract = {"DomainResource", "BackboneElement", "BackboneType", "CanonicalResource", "MetadataResource"}
    in_extensions_only = {"ElementDefinition", "MarketingStatus", "Population", "ProdCharacteristic", "ProductShelfLife"}
    missing = {path for path in listed - planted if path.partition(".")[0] not in abstract}
    assert missing <= in_extensions_only
    assert len(planted) > 550


# several at once


class Garden:
    """A random document with modifiers planted in it, and where they are."""

    def __init__(self, seed: int, release: Release) -> None:
        self.dice = random.Random(seed)
        self.release = release
        self.planted: list[str] = []
        kind = self.dice.choice(
            ["ImagingStudy", "Questionnaire", "MedicationRequest", "Bundle", "Parameters", "Patient", "Observation"]
        )
        self.tree = {"resourceType": kind, **self.grown(tables(release).required(kind), kind, 5)}

    def grown(self, shape: Shape, at: str, depth: int) -> dict[str, Any]:
        """Return an object with some of its children, and perhaps with modifiers."""
        node: dict[str, Any] = {}
        names = [key for key in shape.children if key != "modifierExtension"]
        for key in self.dice.sample(names, min(len(names), 3)) if depth else []:
            child = shape.children[key]
            if not child.primitive:
                self.grow(node, key, child, f"{at}.{key}", depth - 1)
        if self.dice.random() < 0.3:
            count = self.dice.randint(1, 3)
            node["modifierExtension"] = [{"url": f"{URL}{i}", "valueInteger": i} for i in range(count)]
            self.planted += [f"{at}.modifierExtension[{i}]" for i in range(count)]
        return node

    def grow(self, node: dict[str, Any], key: str, child: Child, at: str, depth: int) -> None:
        if child.maximum == 1:
            node[key] = self.inner(child, at, depth)
        else:
            node[key] = [self.inner(child, f"{at}[{i}]", depth) for i in range(self.dice.randint(1, 2))]

    def inner(self, child: Child, at: str, depth: int) -> dict[str, Any]:
        if child.shape is not None:
            return self.grown(child.shape, at, depth)
        kind = self.dice.choice(["Patient", "Basic", "Bundle"])
        return {"resourceType": kind, **self.grown(tables(self.release).required(kind), at, depth)}


def occurrences(tree: dict[str, Any], release: Release) -> list[str] | None:
    """Return the locations that the engine's walk finds, nulls left out; None when the document is unreadable."""
    found = walk(tree, tables(release), known_kind(GUARD.policy, release))
    if not isinstance(found, list):
        return None
    return sorted(each.location for each in found if each.fault is None or each.fault.code != "null-entry")


@given(st.integers(0, 2**32), st.sampled_from(list(Release)))
def test_of_several_modifiers_each_is_found_once(seed: int, release: Release) -> None:
    """What is found is what was planted, no more and no less, as the whole guard sees it."""
    garden = Garden(seed, release)
    report = checked(garden.tree, release)
    assert Counter(d.occurrence.location for d in report.decisions if d.occurrence) == Counter(garden.planted)
    assert report.may_process is not bool(garden.planted)
    assert find(garden.tree, published_modifiers(release)) == sorted(garden.planted)


KEYS = [
    "modifierExtension",
    "extension",
    "ModifierExtension",
    "_birthDate",
    "series",
    "instance",
    "contact",
    "foo",
    "url",
    "valueTiming",
    "name",
]
NOT_DONE = "http://hl7.org/fhir/StructureDefinition/request-doNotPerform"
SCALARS = st.sampled_from([None, True, 0, "", NOT_DONE, URL])
HOSTILE = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=40,
)


@given(st.dictionaries(st.sampled_from(KEYS), HOSTILE, max_size=6), st.sampled_from(["Patient", "ImagingStudy", "Bundle"]))
def test_both_finders_agree_on_hostile_trees(properties: dict[str, Any], kind: str) -> None:
    """Whatever stands where it must not, in whatever arrays: the engine and the naive reading of the page find the same."""
    tree = {"resourceType": kind, **properties}
    assert occurrences(tree, Release.R4) == find(tree, published_modifiers(Release.R4))


OF_RESOURCES = ["resourceType", "text", "type", "meta", "tag", "code", "system", "entry", "resource", "contained"]
OF_ALL = ["implicitRules", "signature", "status", *KEYS]
ROOT_KEYS = st.sampled_from([*OF_RESOURCES, *OF_ALL])


ANYTHING = st.recursive(
    SCALARS | st.sampled_from(["Patient", "Bundle", "SUBSETTED"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ROOT_KEYS, inner, max_size=5),
    max_leaves=40,
)


@given(ANYTHING, st.sampled_from(["Patient", "Bundle", []]))
def test_no_tree_makes_the_guard_raise(value: Any, kind: object) -> None:
    """Whatever JSON says, the answer is a report; as a tree and as bytes it is the same verdict."""
    tree = {"resourceType": kind, **value} if isinstance(value, dict) else {"resourceType": kind, "x": value}
    assert GUARD.check(tree).verdict is checked(tree, Release.R4).verdict


OF_ANOTHER_KIND = {"BY-182-fhirpath-patch-add.json", "BY-170-binary-fhirxml.json"}


def test_both_finders_agree_on_every_document_of_the_corpora(shared: Path) -> None:
    """On thousands of documents that others wrote, they find the same occurrences."""
    compared = 0
    for path in sorted((shared / "corpus").rglob("*.json")):
        for tree in _resources(path):
            found = occurrences(tree, Release.R4)
            if found is not None and path.name not in OF_ANOTHER_KIND:
                assert found == find(tree, published_modifiers(Release.R4)), path.name
                compared += 1
    assert compared > 300


def _resources(path: Path) -> Iterator[dict[str, Any]]:
    tree = read_json(path.read_bytes())
    if isinstance(tree, dict) and isinstance(tree.get("resourceType"), str):
        yield tree
