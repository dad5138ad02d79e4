"""What a StructureDefinition says of an extension: from its JSON tree to an `ExtensionDefinition`.

Rule 1: no tree raises; a field of the wrong kind is taken as absent, and what is absent allows.
Rule 2: the snapshot decides, else the differential (MX-104); but a definition whose two views contradict each other is a
modifier when either says so, as everywhere where sources differ.
Rule 3: the reason is the author's own: that of the differential where there is one (MX-116).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from caveat.domain.url import is_absolute_url
from caveat.spec.cross_version import is_cross_version
from caveat.spec.definition import Content, Context, ContextKind, ExtensionDefinition

_TYPES = """
base64Binary boolean canonical code date dateTime decimal id instant integer integer64 markdown oid positiveInt string time
unsignedInt uri url uuid Address Age Annotation Attachment Availability CodeableConcept CodeableReference Coding ContactDetail
ContactPoint Contributor Count DataRequirement Distance Dosage Duration Expression ExtendedContactDetail HumanName Identifier
Meta Money ParameterDefinition Period Quantity Range Ratio RatioRange Reference RelatedArtifact SampledData
Signature Timing TriggerDefinition UsageContext"""
ANY_VALUE = frozenset(_TYPES.split())
"""Every type that the value of an extension may have in R4, R4B or R5: what a definition allows that names none."""

ANYTHING = Content(types=ANY_VALUE)
"""What Extension itself allows: any value, or parts."""

_BASE = "http://hl7.org/fhir/StructureDefinition/Extension"
_DEEPEST = 32  # names in an element's path; beyond it nothing is declared, and so anything is allowed
_VERSION = re.compile(r"\d+\.\d+[0-9A-Za-z.-]*")
_START = frozenset({"startfhirversion", "startversion"})
_END = frozenset({"endfhirversion", "endversion"})
_KINDS = {kind.value: kind for kind in ContextKind}
_OLD_KINDS = {"resource": ContextKind.ELEMENT, "datatype": ContextKind.ELEMENT, "extension": ContextKind.EXTENSION}

Json = Mapping[str, Any]


@dataclass(slots=True)
class _Node:
    """An element of a view with those below it, by name and slice (`extension:reason`)."""

    elements: list[Json] = field(default_factory=list)
    children: dict[str, _Node] = field(default_factory=dict)

    def get(self, name: str) -> Any:
        """Return the first value that the element states for `name`; None when it states none."""
        return next((element[name] for element in self.elements if element.get(name) is not None), None)


def definition_of(tree: object) -> ExtensionDefinition | None:
    """Return what a StructureDefinition says of an extension; None when `tree` is none, or no constraint on Extension.

    `package` and `digest` are left for whoever knows where it came from. Definitions of DSTU2 and STU3 are read as far as they
    speak the same way.
    """
    if not isinstance(tree, Mapping) or not _constrains_extension(tree):
        return None
    url = _text(tree, "url")
    if url is None:
        return None
    snapshot, differential = _view(tree, "snapshot"), _view(tree, "differential")
    views = [view for view in (snapshot, differential) if view is not None]
    return ExtensionDefinition(
        url=url,
        is_modifier=any(element.get("isModifier") is True for view in views for element in view.elements),
        version=_text(tree, "version"),
        name=_text(tree, "name"),
        title=_text(tree, "title"),
        status=_text(tree, "status"),
        publisher=_text(tree, "publisher"),
        reason=_reason(snapshot, differential),
        fhir_versions=tuple(version for version in (_text(tree, "fhirVersion"),) if version),
        contexts=tuple(_contexts(tree, url)),
        invariants=tuple(text for text in _list(tree, "contextInvariant") if isinstance(text, str) and text.strip()),
        content=_content(views[0]) if views else ANYTHING,
        base=_base(tree),
        is_cross_version=is_cross_version(url),
    )


def doubt_of(tree: Json) -> str | None:
    """Return why a definition does not say whether it is a modifier, to complete "holds X, ..."; None when it does.

    What is absent allows, but for this: a flag that cannot be read must not make a modifier plain.
    """
    url = tree.get("url")
    if not isinstance(url, str) or not is_absolute_url(url):
        return "whose url is none that an extension may have"
    views = [view for view in (_view(tree, "snapshot"), _view(tree, "differential")) if view is not None]
    if not any(view.elements for view in views):
        return "which has no root element that could say whether it is a modifier"
    flags = [element.get("isModifier") for view in views for element in view.elements if _says_flag(element)]
    if not all(isinstance(flag, bool) for flag in flags):
        return "whose isModifier is neither true nor false"
    return None


def _says_flag(element: Json) -> bool:
    return "isModifier" in element or "_isModifier" in element


def _base(tree: Json) -> str | None:
    """Return the url of the extension that a definition constrains; None where that is Extension itself, or not said."""
    base = (_text(tree, "baseDefinition") or _text(tree, "base") or _BASE).partition("|")[0]
    return None if base == _BASE else base


def _constrains_extension(tree: Json) -> bool:
    """Return whether a tree is a StructureDefinition that says what an extension is (DSTU2 has `constrainedType`)."""
    kind = tree.get("type") or tree.get("constrainedType")
    return (
        tree.get("resourceType") == "StructureDefinition"
        and isinstance(kind, str)
        and kind.rpartition("/")[2].partition("|")[0] == "Extension"
        and tree.get("url") != _BASE
    )


def _reason(snapshot: _Node | None, differential: _Node | None) -> str | None:
    view = differential or snapshot
    reason = view.get("isModifierReason") if view else None
    return reason if isinstance(reason, str) and reason.strip() else None


# contexts


def _contexts(tree: Json, url: str) -> Iterator[Context]:
    """Give the contexts of use; those of DSTU2 and STU3 are plain strings of one kind.

    Bounds of the whole definition hold for each, but for a cross-version one: there they name the release it was made for.
    """
    old = tree.get("contextType")
    old_kind = _OLD_KINDS.get(old) if isinstance(old, str) else None
    whole = (None, None) if is_cross_version(url) else _bounds(tree)
    for context in _list(tree, "context"):
        if isinstance(context, str) and old_kind is not None:
            yield Context(old_kind, context, *whole)
        elif isinstance(context, Mapping):
            kind, expression = context.get("type"), _text(context, "expression")
            if isinstance(kind, str) and kind in _KINDS and expression is not None:
                earliest, latest = _bounds(context)
                yield Context(_KINDS[kind], expression, earliest or whole[0], latest or whole[1])


def _bounds(holder: Json) -> tuple[str | None, str | None]:
    """Return from which to which version of FHIR something is meant to be used (MX-82)."""
    earliest = latest = None
    for extension in _list(holder, "extension"):
        url = _text(extension, "url") if isinstance(extension, Mapping) else None
        if url is not None and url.endswith("version-specific-use"):
            for part in _list(extension, "extension"):
                name = ((_text(part, "url") or "") if isinstance(part, Mapping) else "").casefold()
                earliest = earliest or (_version(part) if name in _START else None)
                latest = latest or (_version(part) if name in _END else None)
    return earliest, latest


def _version(part: Json) -> str | None:
    values = (value for name, value in part.items() if str(name).startswith("value"))
    return next((value for value in values if isinstance(value, str) and _VERSION.fullmatch(value)), None)


# elements


def _view(tree: Json, name: str) -> _Node | None:
    """Return the root of a view's elements, with all that stands below it; None when the view has no element of Extension."""
    view = tree.get(name)
    root: _Node | None = None
    stand: list[str] = []
    for element in _list(view, "element") if isinstance(view, Mapping) else ():
        segments = _segments(element)
        if segments is None:
            continue
        root = root or _Node()
        stand = _names(element, segments, stand)
        node = root
        for step in stand:
            node = node.children.setdefault(step, _Node())
        node.elements.append(element)
    return root


def _segments(element: object) -> list[str] | None:
    path = element.get("path") if isinstance(element, Mapping) else None
    if not isinstance(path, str) or path.count(".") >= _DEEPEST:
        return None
    segments = path.split(".")
    return segments if segments[0] == "Extension" else None


def _names(element: Json, segments: list[str], stand: list[str]) -> list[str]:
    """Return the way to an element by name and slice: by its id, else by what stands before it.

    `stand` is the way to the element before. DSTU2 has neither id nor `sliceName`, and calls the slice `name`.
    """
    identity = element.get("id")
    steps = identity.split(".") if isinstance(identity, str) else []
    if [step.partition(":")[0] for step in steps] == segments:
        return steps[1:]
    above = [known if known.partition(":")[0] == name else name for known, name in zip(stand, segments[1:-1], strict=False)]
    above += segments[1 + len(above) : -1]
    given = element.get("sliceName", element.get("name"))
    return [] if len(segments) == 1 else [*above, f"{segments[-1]}:{given}" if isinstance(given, str) else segments[-1]]


# content


def _content(node: _Node) -> Content:
    """Return what an extension, or a part of one, may hold and how often it may stand."""
    extension = node.children.get("extension")
    may_have_parts = extension is None or extension.get("max") != "0"
    values = {step: child for step, child in node.children.items() if step.startswith("value")}
    types = _types(values)
    return Content(
        types=types,
        needs_value=bool(types) and any(_minimum(value) > 0 for step, value in values.items() if ":" not in step),
        may_have_parts=may_have_parts,
        parts=_parts(node) if may_have_parts else {},
        minimum=_minimum(node),
        maximum=_maximum(node),
    )


def _types(values: Mapping[str, _Node]) -> frozenset[str]:
    """Return the types that the value may have.

    `value[x]` says them. Where it says none, its slices (`value[x]:valueCode`, or `valueCode` as older definitions write it)
    do, unless the slicing is open; where they too say none, any type is allowed.
    """
    base = values.get("value[x]")
    if base is not None and base.get("max") == "0":
        return frozenset()
    slices = [value for step, value in values.items() if step != "value[x]"]
    allowed = frozenset(code for value in slices if value.get("max") != "0" for code in _codes(value))
    refused = frozenset(code for value in slices if value.get("max") == "0" for code in _codes(value))
    if base is not None and _codes(base):
        return _codes(base) - refused
    is_open = base is not None and not _is_closed(base)
    if not slices or is_open or not allowed:
        return ANY_VALUE - refused
    return allowed


def _is_closed(value: _Node) -> bool:
    slicing = value.get("slicing")
    return isinstance(slicing, Mapping) and slicing.get("rules") == "closed"


def _codes(value: _Node) -> frozenset[str]:
    """Return the codes of the types that an element states."""
    kinds = (kind for element in value.elements for kind in _list(element, "type"))
    return frozenset(code for kind in kinds if isinstance(kind, Mapping) and (code := _text(kind, "code")) is not None)


def _parts(node: _Node) -> dict[str, Content]:
    """Return the parts that are declared, by url; two slices with one url are one part that may be as either says."""
    parts: dict[str, Content] = {}
    for step, child in node.children.items():
        name, _, given = step.partition(":")
        if name == "extension" and given:
            url = _part_url(child) or given
            parts[url] = _either(parts[url], _content(child)) if url in parts else _content(child)
    return parts


def _part_url(part: _Node) -> str | None:
    """Return the url of a part: fixed, of the definition that it is bound to, else None, and then its slice's name serves."""
    url = part.children.get("url")
    fixed = (url.get(name) for name in ("fixedUri", "patternUri", "fixedUrl", "patternUrl")) if url else ()
    profiles = (profile for element in part.elements for profile in _profiles(element))
    return next((text for text in (*fixed, *profiles) if isinstance(text, str) and text), None)


def _profiles(element: Json) -> Iterator[Any]:
    """Give the definitions that a part is bound to; DSTU2 and STU3 have one where R4 has a list."""
    for kind in _list(element, "type"):
        profile = kind.get("profile") if isinstance(kind, Mapping) else None
        yield from profile if isinstance(profile, list) else (profile,)


def _either(one: Content, other: Content) -> Content:
    """Return the content that allows what either of two slices of one url allows, as often as both together."""
    bounded = one.maximum is not None and other.maximum is not None
    return replace(
        one,
        types=one.types | other.types,
        needs_value=one.needs_value and other.needs_value,
        may_have_parts=one.may_have_parts or other.may_have_parts,
        parts={**other.parts, **one.parts},
        minimum=one.minimum + other.minimum,
        maximum=(one.maximum or 0) + (other.maximum or 0) if bounded else None,
    )


def _minimum(node: _Node) -> int:
    minimum = node.get("min")
    return minimum if type(minimum) is int and minimum > 0 else 0


def _maximum(node: _Node) -> int | None:
    """Return the maximum as a number; None when it is unbounded, not said, or no number."""
    maximum = node.get("max")
    return int(maximum) if isinstance(maximum, str) and re.fullmatch(r"[0-9]{1,9}", maximum) else None


# fields


def _list(holder: Json, name: str) -> Iterable[Any]:
    value = holder.get(name)
    return value if isinstance(value, list) else ()


def _text(holder: Json, name: str) -> str | None:
    value = holder.get(name)
    return value if isinstance(value, str) and value else None
