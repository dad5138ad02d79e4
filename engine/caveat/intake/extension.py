"""What makes one Extension lawful: its url, and exactly one of a value and children (FHIR R4 2.5.0, invariant ext-1).

Rule 1: a fault is named by a stable code and a sentence without values.
Rule 2: nothing is repaired, trimmed or guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from caveat.domain.decision import Fault, Ground, Occurrence
from caveat.domain.url import has_white_space, is_absolute_uri, is_absolute_url
from caveat.intake.json_reader import NUMBER
from caveat.spec.shape import Child

_NUMBERS = frozenset({"integer", "positiveInt", "unsignedInt", "decimal"})


def malformed(code: str, message: str, *, empty: bool = False) -> Fault:
    """Return a fault of ground `malformed`."""
    return Fault(Ground.MALFORMED, code, message, empty)


def url_fault(url: object) -> Fault | None:
    """Return what is wrong with the url of a modifier extension (MX-60 to MX-63), None when it is lawful."""
    if not isinstance(url, str) or not url:
        return malformed("url-missing", "an extension without a url")
    if is_absolute_url(url):
        return None
    if has_white_space(url):
        return malformed("url-white-space", "a url with white space or invisible characters in it")
    if "|" in url:
        return malformed("url-version", "a url that carries a version")
    return malformed("url-not-absolute", "a url that is relative or no URL")


def rules_fault(value: object) -> Fault | None:
    """Return what is wrong with the value of `implicitRules`, None when it is an absolute URI."""
    if isinstance(value, str) and is_absolute_uri(value):
        return None
    return malformed("uri-not-absolute", "no absolute URI as implicitRules")


def value_keys(extension: Mapping[str, Any]) -> list[str]:
    """Return the names of the value properties of `extension`, `value[x]` and its companions `_value[x]`."""
    return [key for key in extension if key.startswith(("value", "_value")) and key not in {"value", "_value"}]


def value_type(extension: Mapping[str, Any], children: Mapping[str, Child]) -> str | None:
    """Return the FHIR type of the one value of `extension`, `complex` for children, None when that cannot be said.

    `children` are the properties that an Extension may have in the release at hand.
    """
    return _type(extension, _value_names(extension), children)


def content_fault(extension: Mapping[str, Any], children: Mapping[str, Child]) -> Fault | None:
    """Return what is wrong with the value or the children of `extension` (MX-65 to MX-71), None when they are lawful."""
    return content_of(extension, children)[0]


def content_of(extension: Mapping[str, Any], children: Mapping[str, Child]) -> tuple[Fault | None, str | None]:
    """Return both: what is wrong with the content of `extension`, and the type of its value."""
    names = _value_names(extension)
    return _fault(extension, names, children), _type(extension, names, children)


def _value_names(extension: Mapping[str, Any]) -> list[str]:
    """Return the names of the values of `extension`, each once, whether value, companion or both are there."""
    return list({key.removeprefix("_") for key in value_keys(extension)})


def _type(extension: Mapping[str, Any], names: list[str], children: Mapping[str, Child]) -> str | None:
    if not names:
        return "complex" if "extension" in extension else None
    child = children.get(names[0]) if len(names) == 1 else None
    return child.shape.name if child is not None and child.shape is not None else None


def _fault(extension: Mapping[str, Any], names: list[str], children: Mapping[str, Child]) -> Fault | None:
    if len(names) > 1:
        return malformed("two-values", "an extension with two values")
    if names and "extension" in extension:
        return malformed("value-and-children", "an extension with both a value and children")
    if not names and "extension" not in extension:
        return malformed("no-value", "an extension with neither a value nor children")
    if not names:
        return _parts_fault(extension["extension"], children)
    return _value_fault(extension, names[0], children)


def _parts_fault(parts: object, children: Mapping[str, Child]) -> Fault | None:
    """Return what is wrong with the children of an extension, or with one of them, whose url may be relative."""
    if not (isinstance(parts, list) and parts and all(isinstance(part, dict) and part for part in parts)):
        return malformed("children-not-array", "children that are not an array of objects")
    for part in parts:
        if not isinstance(part.get("url"), str) or not part["url"]:
            return malformed("part-url", "a part without a url")
        if fault := content_fault(part, children):
            return fault
    return None


def _value_fault(extension: Mapping[str, Any], name: str, children: Mapping[str, Child]) -> Fault | None:
    """Return what is wrong with the one value of an extension, or with its companion."""
    child = children.get(name)
    if child is None or child.shape is None:
        return malformed("value-type", "a value of no type that an extension may have")
    companion = "_" + name
    if name in extension and not _is_of_kind(extension[name], child):
        return malformed("value-kind", "a value that is not of its type's JSON kind")
    if companion in extension and not (child.primitive and isinstance(extension[companion], dict) and extension[companion]):
        return malformed("value-kind", "a value that is not of its type's JSON kind")
    return None


def _is_of_kind(value: object, child: Child) -> bool:
    """Return whether `value` is of the JSON kind of its FHIR type, and not empty."""
    if not child.primitive or child.shape is None:
        return isinstance(value, dict) and bool(value)
    if child.shape.name == "boolean":
        return isinstance(value, bool)
    if child.shape.name in _NUMBERS:
        return isinstance(value, NUMBER) and not isinstance(value, bool)
    return isinstance(value, str) and bool(value)


def spread(name: str, value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Give each object under one property with its own name, whatever arrays it stands in."""
    pending: list[Iterator[tuple[str, Any]]] = [iter([(name, value)])]
    while pending:
        place, at = next(pending[-1], ("", None))
        if isinstance(at, dict):
            yield place, at
        elif isinstance(at, list):
            pending.append(_numbered(place, at))
        elif not place:
            pending.pop()


def _numbered(place: str, items: list[Any]) -> Iterator[tuple[str, Any]]:
    return ((f"{place}[{index}]", item) for index, item in enumerate(items))


# several, and parts of what was asked for


def asked(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return an Extension of a GraphQL answer without what was asked for and is not there."""
    told = {key: value for key, value in entry.items() if value is not None and value != [] and key != "__typename"}
    if isinstance(told.get("extension"), list):
        told["extension"] = [asked(part) if isinstance(part, dict) else part for part in told["extension"]]
    return told


def contradicting(found: list[Occurrence]) -> Iterator[Occurrence]:
    """Mark the occurrences that share a url, on one carrier, with one of another value.

    Where one differs from the first, each differs from some other; so one comparison for each is enough.
    """
    if len(found) == 1:
        yield found[0]
        return
    first: dict[str | None, Any] = {}
    differing = {each.url for each in found if first.setdefault(each.url, _content(each)) != _content(each)}
    for occurrence in found:
        yield replace(occurrence, contradicted=True) if occurrence.url in differing else occurrence


def _content(occurrence: Occurrence) -> Any:
    """Return what an extension says, apart from its id."""
    return {key: value for key, value in (occurrence.extension or {}).items() if key != "id"}
