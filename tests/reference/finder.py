"""A second finder, written from the rule language's page ("Words", "Meaning" 5, "Locations") and not from the engine.

It recurses, knows no shapes, and says only where something stands, never whether it may stand there. What needs shapes is
the other reference's (`walk`): null among objects; a patch too.
"""

from __future__ import annotations

import base64
import json
import re
import unicodedata
from collections.abc import Collection, Iterator
from typing import Any

NAME = "modifierExtension"
CYRILLIC = str.maketrans("\u043e\u0435\u0445\u0456\u0455", "oexis")
HOLDERS = re.compile(r"(contained|resource|outcome|issues)(\[\d+\])*")
SUBSETTED_SYSTEMS = {
    "",
    "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "http://hl7.org/fhir/v3/ObservationValue",
}


def find(document: dict[str, Any], modifiers: Collection[str]) -> list[str]:
    """Return the location of every occurrence in `document`; `modifiers` are the urls known to be modifiers."""
    return sorted(_object(document, str(document["resourceType"]), modifiers, is_resource=True, in_modifier=False))


def looks_like(key: str) -> bool:
    """Return whether `key` is the name but for case, width, white space and signs."""
    letters = "".join(c for c in unicodedata.normalize("NFKC", key).casefold() if c.isalpha()).translate(CYRILLIC)
    return key != NAME and letters == NAME.casefold()


def _object(node: dict[str, Any], at: str, modifiers: Collection[str], *, is_resource: bool, in_modifier: bool) -> Iterator[str]:
    if is_resource:
        yield from _of_the_resource(node, at)
    for key, value in node.items():
        if key == NAME:
            yield from ([f"{at}.{key}[{i}]" for i in range(len(value))] if isinstance(value, list) and value else [f"{at}.{key}"])
        elif looks_like(key):
            yield f"{at}.{key}"
        elif key == "data" and "fhir" in str(node.get("contentType")).lower():
            yield from _embedded(value, f"{at}.data", modifiers)
        for place, inner in _spread(f"{at}.{key}", value):
            in_slot = key in {NAME, "extension"}
            hidden = key == "extension" and not in_modifier and _is_one_of(inner.get("url"), modifiers)
            if hidden:
                yield place
            part = in_slot and (key == NAME or in_modifier)
            yield from _object(inner, place, modifiers, is_resource=_is_resource(key, inner), in_modifier=part)


def _embedded(data: str, at: str, modifiers: Collection[str]) -> Iterator[str]:
    """Give what is in the JSON document of a Binary or Attachment, which must be readable."""
    yield from _object(json.loads(base64.b64decode(data)), at, modifiers, is_resource=True, in_modifier=False)


def _is_one_of(url: object, urls: Collection[str]) -> bool:
    return isinstance(url, str) and url in urls


def _of_the_resource(node: dict[str, Any], at: str) -> Iterator[str]:
    if "implicitRules" in node or "_implicitRules" in node:
        yield f"{at}.implicitRules"
    meta = node.get("meta")
    tags = meta.get("tag") if isinstance(meta, dict) else None
    for tag in tags if isinstance(tags, list) else []:
        if (
            isinstance(tag, dict)
            and tag.get("code") == "SUBSETTED"
            and (tag.get("system") is None or _is_one_of(tag["system"], SUBSETTED_SYSTEMS))
        ):
            yield f"{at}.{NAME}"
            return


def _is_resource(key: str, node: dict[str, Any]) -> bool:
    return bool(HOLDERS.fullmatch(key)) and "resourceType" in node


def _spread(place: str, value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, dict):
        yield place, value
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _spread(f"{place}[{index}]", item)
