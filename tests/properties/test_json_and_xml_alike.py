"""A document gives the same decisions in JSON and in XML: the same places, grounds and verdicts, wherever modifiers stand."""

from __future__ import annotations

import gzip
import importlib
import importlib.util
import json
import random
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caveat.guard import Guard, Report
from caveat.intake.json_reader import Unreadable, read_json
from caveat.intake.xml_reader import read_xml
from caveat.spec import Release, tables
from caveat.spec.element_name import place_of
from reference.xml_writer import InexpressibleError, Writer, write
from strategies.walking import walk

DAY = date(2026, 1, 1)
GUARD = Guard.default()
RULES = Guard.from_text(
    """caveat 1;
policy "alike" version "1.0.0" { owner "tests"; }
extension known = "http://example.org/fhir/StructureDefinition/known-modifier";
understand flag: known on ImagingStudy.series.instance as boolean when value = false because "understood" assessed 2026-01-01;
exclude left-out: known on ImagingStudy.series because "left out" assessed 2026-01-01;
warn told: known on Patient because "told" assessed 2026-01-01;
"""
)
URL = "http://example.org/fhir/StructureDefinition/not-known"
KNOWN = "http://example.org/fhir/StructureDefinition/known-modifier"
PACKAGES = {Release.R4: "fhir.resources.R4B", Release.R4B: "fhir.resources.R4B", Release.R5: "fhir.resources"}

# What stands in another test is taken from there: the places of FHIR, and the gardens in which modifiers are planted.
_FILE = Path(__file__).with_name("test_every_place.py")
_SPEC = importlib.util.spec_from_file_location("every_place", _FILE)
assert _SPEC is not None
assert _SPEC.loader is not None
places = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(places)

SLOTS = ("modifierExtension", "extension")
EXTENSIONS: list[Any] = [
    {"url": URL, "valueBoolean": True},
    {"url": URL, "valueDecimal": 1.5},
    {"url": KNOWN, "valueBoolean": False},
    {"url": KNOWN, "valueString": "a\n\tb&<>\"'"},
    {"url": URL, "extension": [{"url": "part", "valueInteger": 3}, {"url": "more", "valueUri": "http://a.example/?b&c"}]},
    {"url": URL, "valueTiming": {"event": ["2020-01-01", "2021"], "modifierExtension": [{"url": URL, "valueCode": "a"}]}},
    {"url": URL, "_valueString": {"extension": [{"url": URL, "valueCode": "unknown"}]}},
    {"url": URL, "valueString": "a", "valueBoolean": True},
    {"url": URL},
    {"valueBoolean": True},
    {"url": ""},
    {"url": "relative", "valueInteger": 1},
    {"url": URL + "|1.0", "valueInteger": 1},
    {"url": f" {URL}", "valueString": "a"},
    {"url": URL, "valueBoolean": "yes"},
    {"url": URL, "valueInteger": "one"},
    {"url": URL, "valueCoding": {"system": "http://a.example", "code": "b"}, "id": "x"},
    {},
]


def decided(report: Report) -> list[tuple[Any, ...]]:
    """Return what a report says, without how the document was written."""
    return [
        (
            d.verdict,
            d.ground,
            d.detail,
            o and (o.location, o.carrier.path, o.carrier.short_path, o.url, o.slot, o.value_type, o.contradicted, o.fault),
        )
        for d, o in ((d, d.occurrence) for d in report.decisions)
    ]


def alike(tree: dict[str, Any], release: Release, *, dice: random.Random | None = None, at: str | None = None) -> Report:
    """Hold the report on a tree as JSON against that on the same as XML; InexpressibleError where XML has no such form."""
    place = place_of(at, release) if at is not None else None
    shape = place.shapes[0] if place is not None else None
    xml = Writer(release, dice).document(tree, shape) if shape is not None else write(tree, release, dice)
    options: dict[str, Any] = {"release": release, "today": DAY, "at": at} | ({"within": None} if at is not None else {})
    for guard in (GUARD, RULES):
        as_json, as_xml = guard.check(json.dumps(tree).encode(), **options), guard.check(xml, **options)
        assert decided(as_json) == decided(as_xml), xml
        assert (as_json.verdict, as_json.resource_type, as_json.resource_id) == (
            as_xml.verdict,
            as_xml.resource_type,
            as_xml.resource_id,
        )
    return as_xml


@pytest.mark.parametrize("release", Release)
def test_a_modifier_in_every_place_is_found_alike(release: Release) -> None:
    """In each lawful and each unlawful element of every resource: XML says the same as JSON."""
    dice = random.Random(1)
    for way in places.all_ways(release):
        slot = dice.choice(["modifierExtension", "modifierExtension", "extension", "ModifierExtension"])
        planted = dice.choice(EXTENSIONS if slot in SLOTS else places.PLANTED)
        tree = places.document(way.path.partition(".")[0], way.steps, {slot: [planted]})
        if way.path.endswith(".div"):
            continue  # XHTML has no place for it
        report = alike(tree, release, dice=dice)
        assert slot == "extension" or not report.may_process_reduced or planted.get("url") == KNOWN


@pytest.mark.parametrize("release", Release)
@pytest.mark.parametrize("wrapper", sorted(places.WRAPPERS))
def test_resources_in_resources_are_found_alike(release: Release, wrapper: str) -> None:
    """A resource in `contained`, an entry, an outcome, a parameter: the same locations from the document's root."""
    kind, steps = places.WRAPPERS[wrapper]
    dice = random.Random(2)
    for way in places.carrying(release):
        if way.path.count(".") > 1:
            continue
        inner = places.document(way.path.partition(".")[0], way.steps, {"modifierExtension": places.PLANTED})
        tree = places.document(kind, steps, inner)
        if wrapper == "bundle in bundle":
            tree["entry"][0]["resource"]["resourceType"] = "Bundle"
        assert not alike(tree, release, dice=dice).may_process_reduced


@pytest.mark.parametrize("release", Release)
def test_a_modifier_where_none_may_stand_is_found_alike(release: Release) -> None:
    """What has a form in XML at all is found misplaced there as well."""
    compared = 0
    for tree, _ in places.ELSEWHERE.values():
        try:
            report = alike(tree, release)
        except InexpressibleError:
            continue
        compared += 1
        assert not report.may_process_reduced
    assert compared >= 8


RULES_NAME = "implicitRules"


@pytest.mark.parametrize("key", [RULES_NAME, "ImplicitRules", "IMPLICITRULES"])
@pytest.mark.parametrize("value", ["http://example.org/rules", "", "relative"])
def test_rules_are_found_alike_wherever_they_stand(key: str, value: str) -> None:
    """Where they are lawful, and where they are not, under their name and under one like it."""
    for way in places.all_ways(Release.R4B)[::23]:
        if way.child is None or not way.child.primitive:
            alike(places.document(way.path.partition(".")[0], way.steps, {key: value}), Release.R4B)
            both = {key: value, f"_{key}": {"id": "a"}} if key == RULES_NAME else {key: value}
            alike(places.document(way.path.partition(".")[0], way.steps, both), Release.R4B)
    assert not alike({"resourceType": "Patient", key: value}, Release.R4B).may_process


ALONE = [
    "ImagingStudy.series",
    "ImagingStudy.series.instance",
    "Dosage",
    "Timing",
    "Bundle.entry",
    "Questionnaire.item",
    "Coding",
]


@pytest.mark.parametrize("at", ALONE)
@pytest.mark.parametrize("release", Release)
def test_elements_alone_are_judged_alike(release: Release, at: str) -> None:
    """An element that stands alone, under whatever name its root has."""
    for planted in EXTENSIONS:
        for slot in SLOTS:
            alike({slot: [planted]}, release, at=at)
            alike({"id": "a", "link": [{slot: [planted]}]}, release, at=at)
    assert not alike({"modifier_extension": places.PLANTED}, release, at=at).may_process


@given(st.integers(0, 2**32), st.sampled_from(Release))
def test_gardens_are_judged_alike(seed: int, release: Release) -> None:
    """Random documents with several modifiers: each is found at its place, in any spelling of XML."""
    garden = places.Garden(seed, release)
    report = alike(garden.tree, release, dice=random.Random(seed))
    found = [d.occurrence.location for d in report.decisions if d.occurrence is not None]
    assert sorted(found) == sorted(garden.planted)


@given(st.integers(0, 2**32), st.sampled_from(Release), st.data())
def test_what_is_written_is_read_again(seed: int, release: Release, data: st.DataObject) -> None:
    """The tree that XML gives is the tree that was written, to the last property."""
    dice = random.Random(seed)
    tree = grown(dice, release, dice.choice(["Patient", "ImagingStudy", "Bundle", "Observation", "MedicationRequest"]), 4)
    expected = read_json(json.dumps(tree).encode())
    found = read_xml(write(tree, release, dice), tables(release))
    assert not isinstance(found, Unreadable), found
    assert spelt(found) == spelt(expected)


VALUES: dict[str, list[Any]] = {
    "boolean": [True, False],
    "decimal": [0, 1.5, -3, 1e-7],
    "xhtml": ['<div xmlns="http://www.w3.org/1999/xhtml">a</div>'],
}
VALUES |= {kind: [1, 7, 12345678901234567890] for kind in ("integer", "positiveInt", "unsignedInt")}
LETTERS = ["a", "", " a  b ", "ä\u20ac\U0001f600", "<&>\"'", "a\nb\tc\rd", "true", "5"]


def grown(dice: random.Random, release: Release, kind: str, depth: int) -> dict[str, Any]:
    return {"resourceType": kind, **limbs(dice, release, kind, depth)}


def limbs(dice: random.Random, release: Release, kind: str, depth: int) -> dict[str, Any]:
    """Return some lawful properties of an object, values and companions of all kinds among them."""
    made: dict[str, Any] = {}
    shape = tables(release).required(kind)
    for key in dice.sample(sorted(shape.children), min(4, len(shape.children))):
        child = shape.children[key]
        many = child.maximum != 1
        if child.primitive and child.shape is not None:
            values = [dice.choice(VALUES.get(child.shape.name, LETTERS)) for _ in range(dice.randint(1, 3) if many else 1)]
            is_attribute = (key == "id" and shape.kind != "resource") or (key == "url" and kind == "Extension")
            made[key] = values if many else values[0]
            if not is_attribute and child.shape.name != "xhtml" and dice.random() < 0.4:
                others = [dice.choice([None, {"id": "a"}, {"extension": [dice.choice(EXTENSIONS)]}]) for _ in values]
                if any(others):
                    made["_" + key] = others if many else others[0]
        elif depth:
            inner = [
                limbs(dice, release, child.shape.name, depth - 1) if child.shape else grown(dice, release, "Patient", depth - 1)
                for _ in range(dice.randint(1, 2) if many else 1)
            ]
            made[key] = inner if many else inner[0]
    return made


def spelt(tree: Any) -> str:
    return json.dumps(tree, default=lambda number: [str(number)], sort_keys=True)


# real documents


def documents(shared: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give every JSON document of the corpora that is read, and some lines of bulk."""
    for name in ("imagingstudy", "modifier-instances", "bypass", "bypass-url"):
        for file in sorted((shared / "corpus" / name).rglob("*.json")):
            tree = read_json(file.read_bytes())
            if isinstance(tree, dict) and "resourceType" in tree:
                yield file.name, tree
    for file in sorted((shared / "corpus" / "bulk").rglob("*.ndjson*")):
        with (gzip.open if file.suffix == ".gz" else open)(file, "rb") as lines:
            for _, line in zip(range(10), lines, strict=False):
                tree = read_json(line)
                assert isinstance(tree, dict)
                yield file.name, tree


def release_in(tree: dict[str, Any]) -> Release:
    """Return a release that knows the document's type; which one does not matter here."""
    return next(
        (each for each in (Release.R4B, Release.R5, Release.R4) if tree["resourceType"] in tables(each).resource_types),
        Release.R4B,
    )


def test_the_corpora_are_judged_alike_in_xml(shared: Path) -> None:
    """Every JSON document of the corpora that has a form in XML, written by the writer of these tests."""
    compared = 0
    for name, tree in documents(shared):
        release = release_in(tree)
        try:
            xml = write(tree, release, random.Random(name))
        except InexpressibleError:
            continue
        found = read_xml(xml, tables(release))
        assert not isinstance(found, Unreadable), (name, found)
        expected = walk(tree, tables(release), is_known)
        seen = walk(found, tables(release), is_known)  # type: ignore[arg-type]
        assert spelt_occurrences(expected) == spelt_occurrences(seen), name
        compared += 1
    assert compared > 200


def is_known(url: str) -> bool | None:
    """Say that a url is a known modifier, or not known."""
    return url in RULES.policy.by_url or None


def spelt_occurrences(found: Any) -> Any:
    """Return what a walk found, in a form that compares."""
    if isinstance(found, Unreadable):
        return found
    return [
        (o.url, o.location, o.slot, o.carrier.path, o.carrier.short_path, o.value_type, spelt(o.extension), o.fault)
        for o in found
    ]


def test_what_fhir_resources_writes_is_judged_alike(shared: Path) -> None:
    """XML by another hand, where fhir.resources can hold the document: decisions are the same."""
    compared = 0
    for name, tree in documents(shared):
        release = release_in(tree)
        try:
            model = getattr(importlib.import_module(f"{PACKAGES[release]}.{tree['resourceType'].lower()}"), tree["resourceType"])
            made = model.model_validate(json.loads(json.dumps(tree, default=float)))
            xml = made.model_dump_xml()
            held = json.loads(made.model_dump_json())
        except Exception:  # noqa: BLE001, S112  fhir.resources raises what it likes on what it cannot hold
            continue
        raw = xml if isinstance(xml, bytes) else xml.encode()
        as_json = GUARD.check(json.dumps(held).encode(), release=release, today=DAY)
        as_xml = GUARD.check(raw, release=release, today=DAY)
        assert decided(as_json) == decided(as_xml), (name, raw[:400])
        compared += 1
    assert compared > 100


def test_xml_of_the_corpora_is_judged_alike_in_json(shared: Path) -> None:
    """Every XML document of the corpora that is read: what it becomes gives the same decisions as JSON."""
    compared = 0
    for file in sorted((shared / "corpus").rglob("*.xml")):
        for release in Release:
            tree = read_xml(file.read_bytes(), tables(release))
            if isinstance(tree, Unreadable):
                continue
            raw = json.dumps(tree, default=float).encode()
            as_json, as_xml = (GUARD.check(each, release=release, today=DAY) for each in (raw, file))
            assert decided(as_json) == decided(as_xml), file.name
            compared += 1
    assert compared > 100
