"""Rule 1: every occurrence once; the readings it takes where the page is silent are A1 to A8 and A21 to A26.

A1  One occurrence for each entry of a `modifierExtension` array; a fault of the slot itself (`[]`, null, no array) is one and has
    no index.
A2  `misplaced` before `malformed` before `wrong-slot`; an empty slot at an unlawful place is misplaced: `waive empty` cannot
    reach it.
A3  A look-alike property is one occurrence (no index, url None); what stands in it is not read. At an unlawful place it is
    misplaced.
A4  Malformed is judged in the modifierExtension slot only; a known modifier in plain `extension` is wrong-slot whatever it holds.
A5  The slot decides what children are: parts under `modifierExtension`, looked at under `extension`; values of both are walked,
    and a modifierExtension on an Extension, part or not, is misplaced. Parts are not checked for form.
A6  A literal in a rule's `urls` makes a known modifier; one in `except` or in a waiver does not.
A7  A url is absolute when it has a scheme. A value key of no known type is malformed. `_value[x]` and `value[x]` are one value.
A8  An unknown property is an element of no type: a modifierExtension below it is misplaced, and so is one below a misplaced one,
    and one in what is contained in something contained.
A21 Data types lend their names to paths below them (`Dosage.timing`); `Type.**` takes element paths and data types as Type.
A22 In GraphQL answers, properties that are null or `[]` are absent, but the key `modifierExtension`, which then is there.
A23 `_implicitRules` alone is no occurrence; a null `implicitRules` is malformed, and not "empty".
A24 Null is malformed in an array of elements that are no primitives, in FHIR's own form only; it is on what holds the array.
A25 A Binary, an Attachment or an element of no type whose content type is one of FHIR's has its data read as a document of its
    own: always FHIR's own form, never left out, one level deep; what is in it is all there, or it is one malformed
    occurrence, and no line after it is read.
A26 A Parameters operation that names modifierExtension, has a path through it, or makes a part of that name is one occurrence;
    its url counts where it adds or inserts exactly one extension with a lawful url under exactly that name, else it is
    malformed; and so is one on implicitRules, or with a path that has a comment or calls what reaches elements without their
    names. One that adds a known modifier under the name `extension` is in the wrong slot.
"""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from reference.json_reader import RefusedError, read
from reference.shapes import (
    CARRIERS,
    DATA_TYPES,
    NO_DOMAIN_RESOURCE,
    NUMBERS,
    PRIMITIVES,
    RECURSIVE,
    RESOURCES,
    STRINGS,
    TYPES,
    choice,
)

SUBSETTED = ("http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "SUBSETTED")
WHITE = re.compile("[\\s\\x00-\\x1f\\x7f-\\x9f\\u180e\\u200b-\\u200d\\u2060\\ufeff]")
LOOK_ALIKES = str.maketrans("\u043e\u0435\u0456\u0445\u0455\u03bf\u03b9\u0131", "oeixsoii")  # Cyrillic, Greek, dotless i
Json = dict[str, Any]


@dataclass(frozen=True)
class Reading:
    """What the walk must know beside the document: `published` is what the lock or HL7 says of a url, None when nothing."""

    graphql: bool
    published: Callable[[str], bool | None]
    literals: frozenset[str]


REACHING = re.compile(r"(?i)\b(children|descendants|repeat|ofType)\s*\(|implicitRules|/\*|[\r\n]")


class Unreadable(Exception):
    """Say that the document holds a resource of no known type."""


@dataclass(frozen=True)
class Node:
    """An element; `names` are the paths that name it, `within` those and all above in its resource, `row` the list it is in."""

    location: str
    path: str
    short: str
    kind: str | None
    resource: str
    names: frozenset[str]
    within: frozenset[str]
    scope: str
    narrative: bool = False
    root: bool = False
    in_extension: bool = False
    in_value: bool = False
    parts: bool = False
    contained: int = 0
    row: tuple[str, int, int] = ("", 1, 0)
    embedded: bool = False
    foreign: bool = False


@dataclass(frozen=True)
class Occurrence:
    """One modifier extension at one place; `fault` is a structural ground."""

    node: Node
    location: str
    slot: str = "modifierExtension"
    fault: str | None = None
    ext: Json = field(default_factory=dict)
    url: str | None = None
    value_type: str | None = None
    contradicted: bool = False
    empty: bool = False


def root_of(document: Any, at: str | None) -> Node:
    """Return the node that the document is: a resource, or the element `at`."""
    if not isinstance(document, dict):
        raise Unreadable
    if at is None or at in RESOURCES:
        return _resource(document if at is None else {"resourceType": at} | document, "", None)
    above = frozenset(at[:i] for i, letter in enumerate(at) if letter == ".")
    return Node(at, at, at, at, at.split(".")[0], frozenset({at}), above | {at, "*"}, at, root=True)


def _resource(value: Any, location: str, holder: Node | None, *, contained: bool = False) -> Node:
    kind = value.get("resourceType") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in RESOURCES:
        raise Unreadable
    text = value.get("text") if kind not in NO_DOMAIN_RESOURCE else None
    narrative = isinstance(text, dict) and text.get("status") in {"generated", "extensions"}
    depth = 0
    if holder and contained:
        narrative, depth = holder.narrative, holder.contained + 1
    names = frozenset({kind, "*"})
    embedded = holder is not None and holder.embedded
    return Node(
        location or kind, kind, kind, kind, kind, names, names, kind, narrative, root=True, contained=depth, in_value=embedded,
        embedded=embedded,
    )  # fmt: skip


def occurrences(reading: Reading, obj: Json, node: Node) -> Iterator[Occurrence]:
    """Return every occurrence on `obj` and below it."""
    if reading.graphql:
        obj = {k: v for k, v in obj.items() if k != "__typename" and (v not in (None, []) or k == "modifierExtension")}
    yield from _of_resource(obj, node)
    yield from _in_slot(reading, obj, node)
    for i, ext in enumerate(_listed(obj.get("extension"))):
        if isinstance(ext, dict) and not node.parts and _known(reading, ext.get("url")):
            place = f"{node.location}.extension[{i}]"
            yield Occurrence(node, place, "extension", "wrong-slot", ext, ext["url"], _value_type(ext))
    yield from _of_a_patch(reading, obj, node)
    yield from _embedded(reading, obj, node)
    for key, value in obj.items():
        if not reading.graphql and isinstance(value, list) and _holds_objects(node, key):
            for i, item in enumerate(value):
                if item is None:
                    yield Occurrence(node, f"{node.location}.{key}[{i}]", fault="malformed")
        if _letters(key) == "modifierextension" and key != "modifierExtension":
            yield Occurrence(node, f"{node.location}.{key}", fault="malformed")
            continue
        for item, index, count in _items(value):
            yield from occurrences(reading, item, _child(node, key, item, index, count))


def _holds_objects(node: Node, key: str) -> bool:
    fields = TYPES.get(node.kind or "", {})
    kind = (choice(fields, key) or ("", fields.get(key, (None,))[0]))[1]
    return key == "extension" or (kind is not None and kind not in PRIMITIVES)


def _of_a_patch(reading: Reading, obj: Json, node: Node) -> Iterator[Occurrence]:
    if node.kind != "Parameters.parameter" or obj.get("name") != "operation":
        return
    own = [part for part in _listed(obj.get("part")) if isinstance(part, dict)]
    inner = [part for part in _all_parts(obj) if _letters(str(part.get("name"))) == "modifierextension"]
    names = [text for part in own if part.get("name") == "name" for text in _strings(part)]
    named = [text for text in names if _letters(text) == "modifierextension"]
    places = [text for part in own if part.get("name") in {"path", "source", "destination"} for text in _strings(part)]
    kinds = {text for part in own if part.get("name") == "type" for text in _strings(part)}
    is_open = "implicitrules" in map(str.lower, names) or any(REACHING.search(text) for text in places)
    if not is_open and not inner and not named and not any("modifierExtension" in text for text in places):
        values = [_made(part) for part in own if part.get("name") == "value"] if "extension" in names else []
        urls = [made["url"] for made in values if made and not _malformed_url(made.get("url"))]
        for url in [url for url in urls if _known(reading, url)][:1]:
            ext = next(made for made in values if made and made.get("url") == url)
            place = f"{node.location}.modifierExtension"
            yield Occurrence(node, place, fault="wrong-slot", ext=ext, url=url, value_type=_value_type(ext))
        return
    made = [_made(part) for part in inner or [part for part in own if part.get("name") == "value"]]
    is_exact = {*named, *(part["name"] for part in inner)} <= {"modifierExtension"} and kinds <= {"add", "insert"} and not is_open
    ext = made[0] if len(made) == 1 and is_exact and made[0] and not _malformed_url(made[0].get("url")) else None
    place, fault = f"{node.location}.modifierExtension", None if ext else "malformed"
    ext = ext or {}
    yield Occurrence(node, place, fault=fault, ext=ext, url=ext.get("url"), value_type=_value_type(ext))


def _all_parts(obj: Json) -> Iterator[Json]:
    for part in _listed(obj.get("part")):
        if isinstance(part, dict):
            yield part
            yield from _all_parts(part) if part.get("name") != "operation" else ()


def _strings(part: Json) -> list[str]:
    return [value for key, value in part.items() if key.startswith("value") and isinstance(value, str)]


def _made(part: Json) -> Json | None:
    """Return the extension that a part is, or says in parts; None when it is malformed or has not one url."""
    parts = [each for each in _listed(part.get("part")) if isinstance(each, dict)]
    if "valueExtension" in part:
        return None if parts or _malformed(part["valueExtension"]) else part["valueExtension"]
    urls = [each.get(key) for each in parts if each.get("name") == "url" for key in ("valueUri", "valueUrl", "valueString")]
    urls = [url for url in urls if url is not None]
    others = [each for each in parts if each.get("name") != "url"]
    value = {key: each for key, each in others[0].items() if key.startswith("value")} if len(others) == 1 else {}
    return {"url": urls[0], **(value if len(value) == 1 and others[0]["name"] == "value" else {})} if len(urls) == 1 else None


def _embedded(reading: Reading, obj: Json, node: Node) -> Iterator[Occurrence]:
    media = str(obj.get("contentType", "")).split(";")[0].lower()
    data = obj.get("data")
    if (
        node.kind not in {"Binary", "Attachment", None}
        or "fhir" not in media
        or "+" not in media
        or data is None
        or node.embedded
    ):
        return
    try:
        raw = base64.b64decode(re.sub("[ \t\r\n]", "", data), validate=True)
    except (TypeError, ValueError):
        yield Occurrence(node, f"{node.location}.data", fault="malformed")
        return
    lines = enumerate(raw.split(b"\n")) if "ndjson" in media else [(None, raw)]
    for number, line in lines:
        if number is None or line.strip():
            place = f"{node.location}.data" + ("" if number is None else f"[{number}]")
            found = _document(reading, line, place, node)
            yield from found
            if any(each.location == place for each in found):
                return


def _document(reading: Reading, raw: bytes, place: str, node: Node) -> list[Occurrence]:
    try:
        tree = read(raw)
        root = replace(_resource(tree, place, None), in_value=True, embedded=True)
        return list(occurrences(replace(reading, graphql=False), tree, root))
    except (RefusedError, Unreadable):
        return [Occurrence(node, place, fault="malformed")]


def _items(value: Any) -> list[tuple[Json, int | None, int]]:
    if isinstance(value, list):
        return [(item, index, len(value)) for index, item in enumerate(value) if isinstance(item, dict)]
    return [(value, None, 1)] if isinstance(value, dict) else []


def _of_resource(obj: Json, node: Node) -> Iterator[Occurrence]:
    if node.kind not in RESOURCES:
        return
    if "implicitRules" in obj:
        url = obj["implicitRules"]
        good = isinstance(url, str) and re.match(r"[A-Za-z][A-Za-z0-9+.-]*:.", url) and not WHITE.search(url)
        fault, found = None if good else "malformed", url if isinstance(url, str) else None
        place = f"{node.location}.implicitRules"
        yield Occurrence(node, place, "implicitRules", fault, {"valueUri": url}, found, "uri")
    meta = obj.get("meta")
    tags = _listed(meta.get("tag")) if isinstance(meta, dict) else []
    if any(isinstance(tag, dict) and (tag.get("system"), tag.get("code")) == SUBSETTED for tag in tags):
        yield Occurrence(node, f"{node.location}.modifierExtension", fault="incomplete")


def _in_slot(reading: Reading, obj: Json, node: Node) -> Iterator[Occurrence]:
    place, slot = f"{node.location}.modifierExtension", obj.get("modifierExtension")
    if "modifierExtension" not in obj:
        if reading.graphql and node.kind in CARRIERS:
            yield Occurrence(node, place, fault="incomplete")
    elif reading.graphql and slot in (None, []):
        return
    elif not isinstance(slot, list) or not slot:
        yield Occurrence(node, place, fault="malformed" if _carries(node) else "misplaced", empty=slot in (None, []))
    else:
        for i, ext in enumerate(slot):
            yield _entry(reading, ext, slot, node, f"{place}[{i}]")


def _entry(reading: Reading, ext: Any, slot: list[Any], node: Node, place: str) -> Occurrence:
    ext = ext if isinstance(ext, dict) else {}
    if reading.graphql:
        ext = {k: v for k, v in ext.items() if k != "__typename" and v not in (None, [])}
    url = ext.get("url") if isinstance(ext.get("url"), str) else None
    plain = url is not None and reading.published(url) is False
    fault = "misplaced" if not _carries(node) else "malformed" if _malformed(ext) else "wrong-slot" if plain else None
    same = [{k: v for k, v in e.items() if k != "id"} for e in slot if isinstance(e, dict) and e.get("url") == url]
    return Occurrence(node, place, "modifierExtension", fault, ext, url, _value_type(ext), any(e != same[0] for e in same))


def _child(node: Node, key: str, item: Json, index: int | None, count: int) -> Node:
    """Return the element that `item` is, under the JSON name `key` of `node`."""
    fields, name = TYPES.get(node.kind or "", {}), key.removeprefix("_")
    name, kind = choice(fields, name) or (name, fields.get(name, (None,))[0])
    is_stray = (key == "modifierExtension" and node.kind not in CARRIERS) or (key == "extension" and key not in fields)
    if key in {"modifierExtension", "extension"}:  # lawful there or not
        kind = "Extension"
    location = f"{node.location}.{key}" + ("" if index is None else f"[{index}]")
    if kind == "Resource":
        return _resource(item, location, node, contained=key == "contained")
    same = (node.kind, name) in RECURSIVE
    names = node.names if same else frozenset(f"{n}.{name}" for n in node.names - {"*"})
    names |= {kind} & DATA_TYPES if kind else frozenset()
    short = node.short if same else f"{node.short}.{name}"
    from_extension = node.kind == "Extension" or kind == "Extension"
    return replace(
        node,
        location=location,
        path=f"{node.path}.{name}",
        short=short,
        kind=("Element" if key.startswith("_") else None) if kind in PRIMITIVES else kind,
        root=False,
        names=names,
        within=node.within | names,
        scope=node.scope if from_extension or node.in_extension else short,
        in_extension=node.in_extension or from_extension,
        in_value=node.in_value or (node.kind == "Extension" and kind != "Extension"),
        foreign=node.foreign or is_stray,
        parts=kind == "Extension" and (key == "modifierExtension" or node.parts),
        row=(f"{node.location}.{key}", count, fields.get(name, ("", 0, False))[1]),
    )


def _carries(node: Node) -> bool:
    return node.kind in CARRIERS and node.contained < 2 and not node.foreign


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _letters(key: str) -> str:
    plain = unicodedata.normalize("NFKC", WHITE.sub("", key)).translate(LOOK_ALIKES).casefold().translate(LOOK_ALIKES)
    return plain.replace("_", "")


def _known(reading: Reading, url: Any) -> bool:
    if not isinstance(url, str):
        return False
    known = reading.published(url)
    return url in reading.literals if known is None else known


def _value_type(ext: Json) -> str | None:
    kinds = {meant[1] for key in ext if (meant := choice(TYPES["Extension"], key.removeprefix("_")))}
    return kinds.pop() if len(kinds) == 1 else "complex" if ext.get("extension") and not kinds else None


def _malformed_url(url: Any) -> bool:
    return not isinstance(url, str) or not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:.", url) or bool(WHITE.search(url)) or "|" in url


def _malformed(ext: Json) -> bool:
    url, parts = ext.get("url"), ext.get("extension")
    if _malformed_url(url):
        return True
    values = {key.removeprefix("_") for key in ext if re.match("_?value[A-Z]", key)}
    if url.lower().startswith("urn:") or len(values) + ("extension" in ext) != 1:
        return True
    if "extension" in ext:
        return not isinstance(parts, list) or not parts or any(_broken_part(part) for part in parts)
    key, meant = min(values), choice(TYPES["Extension"], min(values))
    return not meant or not (_of_kind(meant[1], ext[key]) if key in ext else True) or not isinstance(ext.get(f"_{key}", {}), dict)


def _broken_part(part: Any) -> bool:
    """Return whether a part is malformed; its url may be relative."""
    if not isinstance(part, dict) or not isinstance(part.get("url"), str) or not part["url"]:
        return True
    told = {key: value for key, value in part.items() if key != "__typename"}
    return _malformed({**told, "url": "http://part.example/x"})


def _of_kind(kind: str, value: Any) -> bool:
    if kind == "boolean":
        return isinstance(value, bool)
    if kind in NUMBERS:
        return not isinstance(value, bool | str | dict | list | None)
    return isinstance(value, str if kind in STRINGS else dict)
