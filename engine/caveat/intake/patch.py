"""Whether a FHIRPath Patch operation makes, moves or removes a modifier extension, whose name is then a value and no key.

Rule 1: an operation that does is one occurrence: with the extension that it spells where it spells exactly one with a lawful url,
and malformed otherwise.
Rule 2: an operation is a parameter named `operation`, wherever it stands; of its parts `name` names what is added, `path`,
`source` and `destination` say where, and `value` has the content, as a value or as parts of its own (FHIR R4 3.1.0.11.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from caveat.domain.decision import EXTENSIONS, MODIFIERS, Fault, Ground
from caveat.domain.url import is_absolute_url
from caveat.intake.extension import content_fault, malformed, value_keys
from caveat.intake.near_miss import skeleton
from caveat.spec.known import Known
from caveat.spec.shape import Child

_SKELETON: Final = skeleton(MODIFIERS)
_PLACES: Final = ("path", "source", "destination")
_MAKES: Final = frozenset({"add", "insert"})
_URLS: Final = frozenset({"valueUri", "valueUrl", "valueString"})
_RULES: Final = "implicitrules"
_LONGEST: Final = 10_000  # of a path: to look for names in a longer one would cost too much
_REACHES: Final = re.compile(r"\b(?:children|descendants|repeat|ofType)\s*\(|implicitRules|/\*|[\r\n]", re.IGNORECASE)
"""What a path may reach modifiers by without naming them, the other modifier that every resource may carry, and what a comment,
which may stand within a call, begins or ends with."""
_ESCAPE: Final = re.compile(r"\\u([0-9a-fA-F]{4})")
_FAULT: Final = malformed("patch", "a patch operation on modifiers that does not say which")

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Patch:
    """What an operation does to modifier extensions: the one Extension that it spells, or what is wrong with it."""

    extension: Json
    fault: Fault | None = None


def patch_in(parameter: Json, children: Mapping[str, Child], known: Known) -> Patch | None:
    """Return what the operation `parameter` does to modifier extensions, None when it is none or does nothing to them.

    `children` are the properties that an Extension may have in the release at hand, `known` says which urls are modifiers.
    """
    if parameter.get("name") != "operation":
        return None
    if any(_is_open(part) for part in _parts(parameter)):
        return Patch({}, _FAULT)
    own, nested = list(_parts(parameter)), [part for part in _below(parameter) if _is_name(part.get("name"))]
    if not nested and not any(_speaks_of_modifiers(part) for part in own):
        return _misfiled(own, children, known)
    exact = all(name == MODIFIERS for name in (*_names(own), *(part["name"] for part in nested)) if _is_name(name))
    sources = nested or [part for part in own if part.get("name") == "value"]
    kinds = [text for part in own if part.get("name") == "type" for text in _texts(part)]
    is_made = all(kind in _MAKES for kind in kinds)  # what is moved, replaced or removed is not what it spells
    spelt = _extension(sources[0], children) if len(sources) == 1 and exact and is_made else None
    return Patch({}, _FAULT) if spelt is None else Patch(spelt)


def _misfiled(own: list[Json], children: Mapping[str, Child], known: Known) -> Patch | None:
    """Return the operation that adds a known modifier as a plain extension, None when it is none such."""
    if not any(text == EXTENSIONS for text in _names(own)):
        return None
    spelt = [_extension(part, children) for part in own if part.get("name") == "value"]
    found = next((each for each in spelt if each is not None and known(each["url"]) is True), None)
    return None if found is None else Patch(found, Fault(Ground.WRONG_SLOT, "modifier-in-plain", "a modifier in plain extension"))


def _is_open(part: Json) -> bool:
    """Return whether a part of an operation leaves open what it reaches: a path that names no names, or implicit rules."""
    texts = _texts(part)
    if part.get("name") == "name":
        return any(text.lower() == _RULES for text in texts)
    is_place = any(part.get("name") == place for place in _PLACES)
    return is_place and any(len(text) > _LONGEST or _REACHES.search(_unescaped(text)) for text in texts)


def _parts(parameter: Json) -> Iterator[Json]:
    """Give the parts of a parameter, not those of its parts."""
    parts = parameter.get("part")
    yield from (part for part in (parts if isinstance(parts, list) else [parts]) if isinstance(part, dict))


def _below(parameter: Json) -> Iterator[Json]:
    """Give the parts of a parameter, and theirs but for those of another operation, which is looked at by itself."""
    pending = list(_parts(parameter))
    while pending:
        part = pending.pop()
        yield part
        if part.get("name") != "operation":
            pending += _parts(part)


def _speaks_of_modifiers(part: Json) -> bool:
    """Return whether a part of an operation names modifier extensions, or a path through them."""
    if part.get("name") == "name":
        return any(_is_name(text) for text in _texts(part))
    is_place = any(part.get("name") == place for place in _PLACES)  # the name may be anything, unhashable too
    return is_place and any(_SKELETON in skeleton(_unescaped(text)) for text in _texts(part))


def _names(parts: list[Json]) -> Iterator[str]:
    """Give the names that the parts `name` say."""
    for part in parts:
        if part.get("name") == "name":
            yield from _texts(part)


def _texts(part: Json) -> list[str]:
    """List the strings that a part has as its value; there should be one."""
    return [part[key] for key in value_keys(part) if isinstance(part[key], str)]


def _is_name(text: object) -> bool:
    """Return whether `text` is the name of the slot, or looks like it."""
    return isinstance(text, str) and skeleton(text) == _SKELETON


def _unescaped(path: str) -> str:
    """Return a FHIRPath with the escapes of its delimited identifiers resolved."""
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), path).replace("\\", "")


def _extension(source: Json, children: Mapping[str, Child]) -> Json | None:
    """Return the Extension that a part spells, as its value or in parts; None when it spells none with a lawful url."""
    parts = list(_parts(source))
    whole = source.get("valueExtension")
    if isinstance(whole, dict):
        return whole if not parts and _is_lawful(whole.get("url")) and content_fault(whole, children) is None else None
    urls = [part[key] for part in parts if part.get("name") == "url" for key in value_keys(part) if key in _URLS]
    if len(urls) != 1 or not _is_lawful(urls[0]):
        return None
    return {"url": urls[0]} | _value(parts)


def _value(parts: list[Json]) -> dict[str, Any]:
    """Return the value of an extension spelt in parts; nothing where there is more than a url and one value."""
    others = [part for part in parts if part.get("name") != "url"]
    if len(others) != 1 or others[0].get("name") != "value" or len(value_keys(others[0])) != 1:
        return {}
    return {key: others[0][key] for key in value_keys(others[0])}


def _is_lawful(url: object) -> bool:
    return isinstance(url, str) and is_absolute_url(url)
