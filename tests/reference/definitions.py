"""Rule 1: whether an occurrence is allowed by its definition, naively, from fhir-rules D (MX-71 to 73, 77 to 79, 82 to 84).

D1  Types are the few of `reference.shapes`; a place is a list of steps from its resource, each with the type that stands there.
D2  The answer is "yes", "no" or "open"; no is told before open. FHIRPath is not spoken here.
D3  `Element` and `Any` are every place. A definition without contexts allows every place.
D4  The data types that carry modifiers are BackboneElements in R4 and R4B, BackboneTypes and DataTypes in R5 (MX-06).
D5  What an element's content refers to (`Questionnaire.item`) gives it the shorter name as well.
"""

from __future__ import annotations

from typing import Any

from reference.shapes import RECURSIVE, RESOURCES, TYPES, choice

RELEASES = {"R4": 4.0, "R4B": 4.3, "R5": 5.0}
Json = dict[str, Any]


def verdict(definition: Json, document: Json, place: list[str | int], number: int, release: str) -> str:
    """Return what `definition` says of entry `number` of `modifierExtension` of what stands at `place` in `document`."""
    carrier: Any = document
    for step in place:
        carrier = carrier[step]
    entries = carrier["modifierExtension"]
    alike = [entry for entry in entries if entry["url"] == entries[number]["url"]]
    most = definition["content"]["max"]
    answers = [_held(definition["content"], entries[number])]
    if most != "*" and len(alike) > int(most):
        answers.append("no")
    if definition["contexts"]:
        answers.append(_placed(definition["contexts"], document, place, release))
    return next((word for word in ("no", "open") if word in answers), "yes")


# what it holds


def _held(content: Json, extension: Json) -> str:
    values = {key.removeprefix("_")[5:] for key in extension if key.removeprefix("_").startswith("value")}
    inside = extension.get("extension", [])
    if not values and content["value_needed"]:
        return "no"
    if any(kind[:1].lower() + kind[1:] not in content["types"] and kind not in content["types"] for kind in values):
        return "no"
    if inside and not content["parts_allowed"]:
        return "no"
    names = [part["url"] for part in inside]
    if any(name not in content["parts"] and not name.startswith(("http:", "https:", "urn:")) for name in names):
        return "no"
    for name, part in content["parts"].items():
        there = [each for each in inside if each["url"] == name]
        if len(there) < part["min"] or (part["max"] != "*" and len(there) > int(part["max"])):
            return "no"
        if any(_held(part, each) == "no" for each in there):
            return "no"
    return "yes"


# where it stands


def _placed(contexts: list[Json], document: Json, place: list[str | int], release: str) -> str:
    here = RELEASES[release]
    names, kinds = _named(document, place, release)
    told = {
        _answer(context["expression"], names, kinds)
        for context in contexts
        if context["type"] == "element" and context.get("from", 0) <= here <= context.get("until", 9)
    }
    return next((word for word in ("yes", "open") if word in told), "no")


def _answer(expression: str, names: set[str], kinds: set[str]) -> str:
    core = "http://hl7.org/fhir/StructureDefinition/"
    identity, of_profile = expression, False
    if "#" in expression:
        url, identity = expression.split("#")
        of_profile = not (url.startswith(core) and url[len(core) :] in TYPES)
    bare = ".".join(part.split(":")[0] for part in identity.split("."))
    if bare not in names | kinds | {"Element", "Any"}:
        return "no"
    return "open" if of_profile or ":" in identity else "yes"


def _named(document: Json, place: list[str | int], release: str) -> tuple[set[str], set[str]]:
    """Return the names of what stands at `place`, and the types that it is by inheritance."""
    at: Any = document
    kind = document["resourceType"]
    trail: list[tuple[str, list[str]]] = [(kind, [])]  # each type or resource on the way, and the elements from there
    short = kind
    for step in place:
        at = at[step]
        if isinstance(step, int):
            continue
        if (isinstance(at, dict) and "resourceType" in at) or (isinstance(at, list) and at and "resourceType" in at[0]):
            kind = (at if isinstance(at, dict) else at[0])["resourceType"]
            trail, short = [(kind, [])], kind
            continue
        element, type_ = _child(kind, step)
        for _, steps in trail:
            steps.append(element)
        short = short if (kind, element) in RECURSIVE else f"{short}.{element}"
        if type_ in TYPES and type_.split(".")[0] not in RESOURCES and "." not in type_:
            trail.append((type_, []))
        kind = type_
    names = {".".join([start, *steps]) for start, steps in trail} | {short}
    if kind in RESOURCES:
        return names, {"Resource", "DomainResource"}
    of_type = kind in TYPES and "." not in kind
    return names, {"BackboneType", "DataType"} if of_type and release == "R5" else {"BackboneElement"}


def _child(kind: str, step: str) -> tuple[str, str]:
    """Return element name and type of a JSON property."""
    if step in {"extension", "modifierExtension"}:
        return step, "Extension"
    fields = TYPES[kind]
    if step in fields:
        return step, fields[step][0]
    found = choice(fields, step)
    assert found is not None
    return found
