"""Rule 1: what two policies decide differently, found by asking the reference about every point of a small world.

A point is one modifier at one place with one value on one day under one intent. `verdict_at` says what a policy makes of it, by
`reference.evaluator` alone, so nothing here shares code with the engine. A known modifier in plain `extension` is an
occurrence only where it is known (A6): elsewhere it is nothing, and so `clear`.
"""

from __future__ import annotations

import base64
import datetime as dt
import itertools
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from reference import evaluator
from reference.generate import ELSEWHERE, MODIFIER, PATHS, PLAIN, RULES_URIS, SYSTEMS, A, B, C, published
from reference.walk import Occurrence, Reading, occurrences, root_of

Json = dict[str, Any]
URLS = [
    A, B, C, PLAIN, MODIFIER, f"{A}/", "https://example.org/fhir/ext/a", "http://example.org/fhir/ext/new",
    "http://example.org/fhir/ext/deep/new", "http://example.org/fhir/new", "http://example.org/fhir/ext/a%2Fb",
    "http://vendor.example/x/y", "http://vendor.example/x/new", "http://vendor.example/x/y/new", "http://elsewhere.example/new",
]  # fmt: skip
"""Every literal of random policies, urls below each of their patterns, and urls that only look like those."""


@dataclass(frozen=True)
class Point:
    """One modifier: in which slot, where, with which value (`ext` has no url), on which day, and for what."""

    slot: str
    found: Occurrence
    url: str | None
    ext: Json
    day: dt.date
    modify: bool

    @property
    def path(self) -> str:
        """The long path of what carries it."""
        path = self.found.node.path
        return f"{path}.implicitRules" if self.slot == "implicitRules" else path


def verdict_at(policy: Json, point: Point) -> str:
    """Return what `policy` decides at a point; `clear` where it sees no modifier."""
    setting = evaluator.Setting(policy, point.day, point.modify)
    literals = {url for rule in policy["rules"] for url in rule["urls"] if url != "anything" and not url.endswith("*")}
    found = replace(point.found, url=point.url, fault=_fault(point, literals), ext=point.ext)
    if point.slot == "extension" and found.fault is None:
        return "clear"
    verdict: str = evaluator._decide(setting, found)["verdict"]
    return evaluator._modified(verdict) if point.modify else verdict


def _fault(point: Point, literals: set[str]) -> str | None:
    """Return the structural ground of a point: what is there before any rule is asked."""
    if point.found.fault:
        return point.found.fault
    kind = published(point.url or "")
    if point.slot == "extension":
        return "wrong-slot" if kind or (kind is None and point.url in literals) else None
    if point.slot == "modifierExtension" and kind is False:
        return "wrong-slot"
    return "malformed" if point.slot == "modifierExtension" and point.url in ELSEWHERE else None


# places


def places(kinds: list[str]) -> list[Occurrence]:
    """Return an occurrence at every carrier of `kinds`: with and without a narrative, in an embedded document, in values."""
    found = []
    for kind in kinds:
        own = (kind + rest for rest in dict.fromkeys(PATHS[kind]))
        paths = [path for path in own if not path.endswith("**") and path not in {"Bundle", "Parameters"}]
        for path, status, embedded in itertools.product(paths, ["generated", "empty"], [False, True]):
            found += _found(_planted(path, status), embedded=embedded)
    return found


def _planted(path: str, status: str) -> Json:
    """Return the smallest resource with a modifier at `path`."""
    kind, *steps = path.split(".")
    resource: Json = {"resourceType": kind, "text": {"status": status, "div": "<div>x</div>"}}
    at = resource
    for step in steps:
        child: Json = {"id": "x"}
        single = step in {"timing", "dispenseRequest", "search", "request", "response"}
        at[step] = child if single else [child]
        at = child
    at["modifierExtension"] = [{"url": A, "valueBoolean": True}]
    return resource


def _found(document: Json, *, embedded: bool) -> list[Occurrence]:
    if embedded:
        data = base64.b64encode(json.dumps(document).encode()).decode()
        document = {"resourceType": "Binary", "contentType": "application/fhir+json", "data": data}
    return list(
        occurrences(Reading(graphql=False, published=lambda _: None, literals=frozenset()), document, root_of(document, None))
    )


def in_values(kinds: list[str]) -> list[Occurrence]:
    """Return an occurrence in the value of an extension on each root of `kinds`."""
    found = []
    for kind, status in itertools.product(
        [kind for kind in kinds if kind not in {"Bundle", "Parameters"}], ["generated", "empty"]
    ):
        document = {"resourceType": kind, "text": {"status": status, "div": "<div>x</div>"}}
        dosage = {"text": "x", "modifierExtension": [{"url": A, "valueBoolean": True}]}
        found += _found({**document, "extension": [{"url": "http://example.org/plain", "valueDosage": dosage}]}, embedded=False)
    return found


# values


def values() -> list[tuple[Json, str | None]]:
    """Return what may stand beside a url, with its value type: every value that matters to a condition of `generate`."""
    one, two = SYSTEMS.values()
    codings = [
        {"system": one, "code": "a"},
        {"system": one, "code": "b"},
        {"system": two, "code": "a"},
        {"system": one, "code": "z"},
    ]
    concepts: list[Any] = [{"coding": list(some)} for n in (1, 2) for some in itertools.combinations(codings, n)]
    days = ["2026", "2026-06", "2026-05", "2026-06-14", "2026-06-15", "2026-06-16", "2027-01-01"]
    moments = ["2026-06-15T23:30:00-05:00", "2026-06-15T12:00:00Z"]
    quantities = [{"value": n, "unit": unit} for n in (1, 2, 2.5, 3, 5) for unit in ("mg", "g")]
    listed: list[tuple[str, list[Any]]] = [
        ("boolean", [True, False]), ("code", [*"abc"]), ("string", [*"abc"]), ("integer", [1, 2, 3, 4]),
        ("decimal", [2.5, 1, 7.25]), ("CodeableConcept", [*concepts, {"text": "x"}, {"coding": codings[:1], "text": "x"}]),
        ("Coding", codings), ("Quantity", [*quantities, {"value": 1, "comparator": "<"}, {"unit": "mg"}]), ("date", days),
        ("dateTime", [*days, *moments]), ("instant", moments), ("Period", [{"start": day} for day in days] + [{"end": "2026"}]),
    ]  # fmt: skip
    made: list[tuple[Json, str | None]] = [
        ({f"value{kind[0].upper()}{kind[1:]}": value}, kind) for kind, some in listed for value in some
    ]
    parts = [
        {"valueBoolean": True}, {"valueBoolean": False}, {"valueCoding": codings[0]}, {"valueInteger": 1},
        {"valueQuantity": {"value": 5}}, {"valueQuantity": {"value": 1}},
    ]  # fmt: skip
    for each in parts:
        made += [({"extension": [{"url": name, **each}]}, "complex") for name in "pqr"]
        made.append(({"extension": [{"url": "p", **each}, {"url": "p", **parts[0]}]}, "complex"))
    companion = {"_valueBoolean": {"extension": [{"url": "http://example.org/plain", "valueCode": "x"}]}}
    return [*made, (companion, "boolean"), ({"valueTiming": {"repeat": {"count": 1}}}, "Timing")]


VALUES = values()


# points


def days_of(*policies: Json) -> list[dt.date]:
    """Return every day on which something begins or ends, those beside them, and one far off on each side."""
    named = {
        day
        for policy in policies
        for each in [*policy["rules"], *policy["waivers"]]
        for day in (each["from"], each["until"])
        if day
    }
    cut = {
        w["from"] + dt.timedelta(p["waivers_at_most"])
        for p in policies
        for w in p["waivers"]
        if w["from"] and p.get("waivers_at_most")
    }
    near = {day + dt.timedelta(step) for day in named | cut for step in (-1, 0, 1)}
    return sorted(near | {dt.date(2000, 1, 1), dt.date(2100, 1, 1)})


def points(rng: random.Random, old: Json, new: Json, found: list[Occurrence], count: int) -> Iterator[Point]:
    """Give `count` points of the world, those with urls and days that the policies name more often."""
    days = days_of(old, new)
    for _ in range(count):
        slot = rng.choices(["modifierExtension", "implicitRules", "extension", "empty", "incomplete"], [20, 1, 2, 1, 1])[0]
        at, day, modify = rng.choice(found), rng.choice(days), rng.random() < 0.15
        if slot in {"implicitRules", "incomplete"} and not (at.node.root and at.node.path == at.node.resource):
            slot = "modifierExtension"
        yield point_at(rng, slot, at, day, modify=modify)


def point_at(rng: random.Random, slot: str, at: Occurrence, day: dt.date, *, modify: bool) -> Point:
    """Return a point in one slot at one place."""
    ext, kind = rng.choice(VALUES)
    if slot == "modifierExtension":
        where = replace(at, value_type=kind, contradicted=rng.random() < 0.1)
        return Point(slot, where, rng.choice(URLS), ext, day, modify)
    if slot == "implicitRules":
        uri = rng.choice(RULES_URIS)
        return Point(slot, replace(at, slot=slot, value_type="uri"), uri, {"valueUri": uri}, day, modify)
    if slot == "extension":
        return Point(slot, replace(at, slot=slot, value_type=kind), rng.choice(URLS), ext, day, modify)
    fault = {"empty": "malformed", "incomplete": "incomplete"}[slot]
    where = replace(at, fault=fault, empty=slot == "empty", value_type=None)
    return Point("modifierExtension", where, None, {}, day, modify)
