"""Documents with modifier extensions planted anywhere, lawful or not, in all that may stand around them."""

from __future__ import annotations

import json
import random
from typing import Any

from caveat.spec.native import native_modifiers
from caveat.spec.release import Release
from caveat.spec.shape import Child, Shape, tables

_PLANTED = frozenset({"modifierExtension", "extension", "contained", "implicitRules", "resourceType"})
URL = "https://x.example/fhir/StructureDefinition/"
KINDS = [
    "ImagingStudy",
    "Observation",
    "Patient",
    "MedicationRequest",
    "Questionnaire",
    "Condition",
    "OperationOutcome",
    "OperationOutcome",
]
_ODD = ["contact", "foo", "a b", "_x", "name", "valueTiming", "resource", "item", "contentType"]
_SELDOM: list[tuple[str, Any]] = [
    ("extension", [{"url": URL + "m", "valueBoolean": True}]),
    ("implicitRules", "http://x.example/rules"),
    ("ModifierExtension", []),
    ("contained", [{"resourceType": "Patient", "modifierExtension": [{"url": URL + "m", "valueBoolean": True}]}]),
    ("meta", {"tag": [{"code": "SUBSETTED"}]}),
    ("foo", [{}, None]),
    ("text", {"status": "generated"}),
]
_WRONG: list[Any] = [[], {}, {"url": URL + "m"}, "modifierExtension", 5, True, [1], ["a"], [[{"url": URL + "m"}]], [{}]]
_USUAL: list[Any] = ["old", "a", 1.5, True, "x"]


class Planter:
    """Makes one document from a seed; `often` is how often an object has a `modifierExtension`."""

    def __init__(self, seed: int, release: Release, often: float = 0.15) -> None:
        """Begin with that seed, for resources of that release."""
        self.dice = random.Random(seed)
        self.tables = tables(release)
        self.often = often
        self.kind = self.dice.choice(KINDS)
        self.is_plain = self.chance(0.8)  # without native modifiers below the root, but for those in entries

    def document(self) -> dict[str, Any]:
        """Return one resource."""
        tree = {"resourceType": self.kind, **self.thing(self.tables.required(self.kind), 4)}
        if not self.is_plain and self.chance(0.4):
            key, value = self.dice.choice(_SELDOM)
            tree[key] = value
        return tree

    def raw(self) -> bytes:
        """Return one resource as bytes."""
        spaces = self.dice.choice([None, None, 1])
        return json.dumps(self.document(), indent=spaces, separators=None if spaces else (",", ":")).encode()

    def chance(self, often: float) -> bool:
        """Return True that often."""
        return self.dice.random() < often

    def thing(self, shape: Shape, depth: int, *, in_entry: bool = False) -> dict[str, Any]:
        """Return an object of a shape with some of its properties, some that it has not, and perhaps modifier extensions."""
        names = [key for key in shape.children if key not in _PLANTED]
        if self.is_plain and shape.kind != "resource" and not in_entry:
            names = [key for key in names if key not in native_modifiers(shape)] or ["id"]
        complex_ = [key for key in names if not shape.children[key].primitive]
        chosen = self.dice.sample(names, min(len(names), 2)) + self.dice.sample(complex_, min(len(complex_), 3))
        chosen = chosen if depth > 0 else []
        node = {key: self.property(shape, key, shape.children[key], depth - 1, in_entry=in_entry) for key in chosen}
        if depth > 0 and self.chance(0.12):
            node[self.dice.choice(_ODD)] = self.listed(self.thing(shape, depth - 2))
        if depth > 0 and self.chance(0.1):
            node["_" + self.dice.choice(names)] = self.listed(self.thing(self.tables.required("Element"), depth - 2))
        if depth > -3 and self.chance(self.often * (0.1 if in_entry else 1)):
            node["modifierExtension"] = self.slot(depth)
        keys = list(node)
        self.dice.shuffle(keys)
        return {key: node[key] for key in keys}

    def property(self, shape: Shape, key: str, child: Child, depth: int, *, in_entry: bool = False) -> Any:
        """Return a value of one property, in an array where it may repeat, and seldom in one too many."""
        if child.primitive or child.shape is None:
            usual = key in native_modifiers(shape) and self.chance(0.7)
            value = self.ordinary(child) if usual else self.dice.choice(_USUAL)
            value = value if usual or self.chance(0.98) else self.dice.choice(["status", "modifierExtension"])
            return value if child.maximum == 1 or usual else [value]
        if self.chance(0.05):
            return self.listed(self.thing(child.shape, depth, in_entry=in_entry))
        if child.maximum == 1:
            return self.thing(child.shape, depth, in_entry=in_entry)
        made = [self.thing(child.shape, depth, in_entry=in_entry) for _ in range(self.dice.choice([1, 1, 2, 3]))]
        return made if self.chance(0.2) else [self.like(made[0]) for _ in made]

    def like(self, thing: dict[str, Any]) -> dict[str, Any]:
        """Return an object that has what another has, but for modifier extensions here and there."""
        made = json.loads(json.dumps(thing))
        if self.chance(self.often):
            made["modifierExtension"] = self.slot(0)
        elif self.chance(0.5):
            made.pop("modifierExtension", None)
        return made

    def ordinary(self, child: Child) -> Any:
        """Return what says nothing out of the ordinary, for most native modifiers."""
        if child.shape is not None and child.shape.name == "boolean":
            return child.segment in {"active", "display", "instance"}
        return {"use": "official", "intent": "order"}.get(child.segment, "active")

    def listed(self, thing: Any) -> Any:
        """Return something by itself, in an array, in one beside something else, or in an array of arrays."""
        return self.dice.choice([thing, [thing], [thing, {}], [thing, "a"], [[thing]], [[thing], {"a": thing}]])

    def slot(self, depth: int) -> Any:
        """Return what stands under `modifierExtension`: mostly entries."""
        if self.chance(0.12):
            return self.dice.choice(_WRONG)
        return [self.entry(depth) for _ in range(self.dice.choice([1, 1, 1, 2, 3]))]

    def entry(self, depth: int) -> dict[str, Any]:
        """Return one Extension, of a few urls, with a value that may hold anything."""
        values = ["valueBoolean", "valueString", "valueCodeableConcept", "valueIdentifier", "valueDosage", "valueQuantity"]
        entry: dict[str, Any] = {"url": URL + self.dice.choice("mn")} if self.chance(0.95) else {}
        for name in self.dice.sample(values, 1 if self.chance(0.9) else 2):
            child = self.tables.required("Extension").children[name]
            entry[name] = self.property(self.tables.required("Extension"), name, child, min(depth - 1, 1), in_entry=True)
            if self.kind == "OperationOutcome" and isinstance(entry[name], dict):  # of which nothing else below has a `use`
                entry[name]["use"] = self.dice.choice(["old", "official"])
        if self.chance(0.03):
            entry["modifierExtension"] = [{"url": URL + "inner", "valueBoolean": True}]
        if self.chance(0.05):
            entry[self.dice.choice(_ODD)] = {"use": "old"}
        return entry
