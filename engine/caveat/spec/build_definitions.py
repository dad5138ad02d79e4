"""Generate what is built in of published extension definitions: the modifiers in full, the plain ones in brief.

Rule 1: the output depends on the definitions alone, byte for byte. Rule 2: it has every url that the shape tables list as an
extension, and says of each what they say. Rule 3: whole is only what HL7 itself publishes: core, its pack, and its cross-version
extensions; of what others define there are several versions about, and none is a reason to refuse a document.

`modifiers.json` maps a release, or `all`, to urls, and each to the fields of its definition that are not the default (see
`caveat.spec.published`). `plain.json` has the urls as a base and the endings that follow it, and for each
`[title, status, publisher, types, contexts...]`, the publisher as a number in `publishers`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from caveat.spec.definition import Content, Context, ExtensionDefinition
from caveat.spec.definition_reader import ANY_VALUE, definition_of
from caveat.spec.published import TEXTS
from caveat.spec.tables import build

_LISTS = frozenset({"extension", "context", "contextInvariant", "element", "type", "profile", "targetProfile"})
_VERSIONS = {"r4": "4.0", "r4b": "4.3", "r5": "5.0"}
_FHIR = "{http://hl7.org/fhir}"
_HL7 = "HL7+fhir-xver-"
"""How the names of the files begin that hold the cross-version extensions as HL7 publishes them."""

Json = dict[str, Any]
Collected = dict[str, list[ExtensionDefinition]]


def build_modifiers(definitions: Path) -> str:
    """Return the text of `modifiers.json`."""
    pack, collected = _pack(definitions), _collected(definitions)
    found: dict[str, dict[str, Json]] = {}
    for release in build.RELEASES:
        listed, _ = build._extensions(definitions, release)  # noqa: SLF001  the tables and this say the same
        core = _core(definitions, release)
        found[release.upper()] = {url: _encoded(_of_modifier(url, release, pack, core, collected)) for url in sorted(listed)}
    first, *others = found.values()
    common = {url: shown for url, shown in first.items() if all(other.get(url) == shown for other in others)}
    sections = {"all": common} | {name: {u: s for u, s in each.items() if u not in common} for name, each in found.items()}
    return _text(sections)


def build_plain(definitions: Path) -> str:
    """Return the text of `plain.json`."""
    pack = _pack(definitions)
    publishers: dict[str | None, int] = {}
    sections: dict[str, Json] = {"all": {}}
    for release in build.RELEASES:
        _, listed = build._extensions(definitions, release)  # noqa: SLF001  as above
        core = _core(definitions, release)
        for url in sorted(listed):
            known = pack.get(url) or core[url]
            publisher = publishers.setdefault(known.publisher, len(publishers))
            words = (known.title or known.name, known.status, publisher, _types(known.content.types))
            brief = [*words, *(_context(context) for context in known.contexts)]
            base, slash, ending = url.rpartition("/")
            sections.setdefault("all" if url in pack else release.upper(), {}).setdefault(base + slash, {})[ending] = brief
    return _text({"publishers": {"all": list(publishers)}} | sections)


def _text(sections: Mapping[str, Mapping[str, Any]]) -> str:
    """Write one definition, or the group of one base, to a line."""
    shown = (
        f"{build._dumps(name)}:{{\n" + ",\n".join(f"{build._dumps(k)}:{build._dumps(v)}" for k, v in each.items()) + "}"  # noqa: SLF001  one way of writing
        for name, each in sections.items()
    )
    return "{" + ",\n".join(shown) + "}\n"


# sources


def _pack(definitions: Path) -> dict[str, ExtensionDefinition]:
    """Read HL7's extensions pack, which holds for every release."""
    members = build._members(definitions / build._PACK)  # noqa: SLF001  one place says where it is
    return {known.url: known for name, data in members if (known := _read(name, data))}


def _core(definitions: Path, release: str) -> dict[str, ExtensionDefinition]:
    """Read the extensions in the release itself."""
    if release not in build._CORE_EXTENSIONS:  # noqa: SLF001  as above
        return {}
    source = definitions / release / build._CORE_EXTENSIONS[release]  # noqa: SLF001  as above
    if source.suffix == ".tgz":
        trees = [json.loads(data) for _, data in build._members(source)]  # noqa: SLF001  as above
    else:
        trees = [entry["resource"] for entry in json.loads(source.read_bytes())["entry"]]
    return {known.url: known for tree in trees if (known := definition_of(tree))}


def _collected(definitions: Path) -> Collected:
    """Read the collection of modifiers, each url with all that define it, HL7's own first."""
    found: Collected = {}
    paths = (path for path in (definitions / "modifier-extensions").iterdir() if path.name != "index.json")
    for path in sorted(paths, key=lambda path: (not path.name.startswith(_HL7), path.name)):
        known = _read(path.name, path.read_bytes())
        if known:
            found.setdefault(known.url, []).append(replace(known, is_whole=path.name.startswith(_HL7)))
    return found


def _of_modifier(
    url: str,
    release: str,
    pack: Mapping[str, ExtensionDefinition],
    core: Mapping[str, ExtensionDefinition],
    collected: Collected,
) -> ExtensionDefinition:
    """Return the definition that counts: of the pack, with contexts that the release adds; else the release's; else collected."""
    if url in pack:
        older = core[url].contexts if url in core else ()
        contexts = (*pack[url].contexts, *(context for context in older if context not in pack[url].contexts))
        known = replace(pack[url], contexts=contexts)
    elif url in core:
        known = core[url]
    else:
        made_for = _VERSIONS[release]
        mine = (each for each in collected[url] if each.is_whole or "".join(each.fhir_versions).startswith(made_for))
        known = next(mine, collected[url][0])
    return replace(known, is_modifier=True)


def _read(name: str, data: bytes) -> ExtensionDefinition | None:
    """Read one definition, JSON or XML; None for prose, for files left empty by the publisher, and for other things."""
    if name.endswith(".json"):
        return definition_of(json.loads(data))
    try:
        return definition_of({"resourceType": "StructureDefinition", **_tree(ET.fromstring(data))})
    except ET.ParseError:
        return None  # build.py says so on the terminal


def _tree(node: ET.Element) -> Json:
    """Return the JSON form of a StructureDefinition in XML, without narrative, as far as a definition is read from it."""
    tree: Json = {name: value for name, value in node.attrib.items() if name != "value"}
    for child in node:
        name = child.tag.removeprefix(_FHIR)
        if not child.tag.startswith(_FHIR) or name == "text":
            continue
        value = _value(name, child)
        if name in _LISTS and not (name == "type" and isinstance(value, str)):
            tree.setdefault(name, []).append(value)
        else:
            tree[name] = value
    return tree


def _value(name: str, node: ET.Element) -> Any:
    text = node.get("value")
    if text is None:
        return _tree(node)
    if name in {"isModifier", "abstract"}:
        return text == "true"
    return int(text) if name == "min" else text


# encoding


def _encoded(known: ExtensionDefinition) -> Json:
    """Return the fields that are not the default; `url` and `is_modifier` are said by the place."""
    shown: Json = {name: text for name in TEXTS if (text := getattr(known, name))}
    lists = {"fhir_versions": list(known.fhir_versions), "invariants": list(known.invariants)}
    shown |= {name: items for name, items in lists.items() if items}
    shown["contexts"] = [_context(context) for context in known.contexts]
    shown["content"] = _content(known.content)
    shown |= {} if known.is_whole else {"is_whole": False}
    return shown | ({"is_cross_version": True} if known.is_cross_version else {})


def _context(context: Context) -> list[str | None]:
    bounds = [context.earliest, context.latest] if context.earliest or context.latest else []
    return [context.kind.value, context.expression, *bounds]


def _content(content: Content) -> Json:
    shown: Json = {"types": _types(content.types)}
    stated = {
        "needs_value": content.needs_value,
        "may_have_parts": content.may_have_parts,
        "minimum": content.minimum,
        "maximum": content.maximum,
    }
    default = Content()
    shown |= {name: value for name, value in stated.items() if value != getattr(default, name)}
    return shown | ({"parts": {url: _content(part) for url, part in content.parts.items()}} if content.parts else {})


def _types(types: Iterable[str]) -> str:
    return "*" if types == ANY_VALUE else "|".join(sorted(types))


def texts(definitions: Path) -> Iterator[tuple[str, str]]:
    """Give the files by name, with their texts."""
    yield "modifiers.json", build_modifiers(definitions)
    yield "plain.json", build_plain(definitions)


def main(arguments: list[str]) -> None:
    """Write both files; the arguments, both optional, are the folder of the definitions and the one to write to."""
    here = Path(__file__).resolve().parent
    definitions = Path(arguments[0]) if arguments else here.parents[2] / ".." / "shared" / "definitions"
    target = Path(arguments[1]) if len(arguments) > 1 else here / "tables"
    for name, text in texts(definitions):
        (target / name).write_text(text, encoding="ascii", newline="\n")
        print(f"{name}: {len(text)} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
