"""Generate the shape tables of each release from HL7's StructureDefinitions; run by hand, never at run time.

Rule 1: the output depends on the definitions alone, byte for byte. Rule 2: what the encoding cannot say stops the run.

One table: `resources` names the concrete resource types. `shapes` maps a type name or backbone path to
`[kind, base, carries, elements]`; `elements` are those that `base` does not declare alike, each `name cardinality types`
joined by `;`. A leading `!` marks a modifier element; cardinality is `?` 0..1, `1` 1..1, `*` 0..*, `+` 1..*, else `min..max`;
types are joined by `|`, `.` is the nested shape of that path, `#path` a content reference.
`modifiers` and `plain` hold extension urls as a base and the endings that follow it.
"""

from __future__ import annotations

import json
import re
import sys
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

RELEASES = ("r4", "r4b", "r5")
_KINDS = {"resource": "resource", "complex-type": "datatype", "primitive-type": "primitive"}
_CARDINALITIES = {"0..1": "?", "1..1": "1", "0..*": "*", "1..*": "+"}
_NESTED = {"BackboneElement": "backbone", "Element": "element"}
_FHIR_TYPE = "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type"
_SYSTEM = "http://hl7.org/fhirpath/System."
_CORE_EXTENSIONS = {"r4": "extension-definitions.json", "r4b": "extension-structuredefinitions.tgz"}
_PACK = "extensions-pack/hl7.fhir.uv.extensions-source.tgz"
_XML = "{http://hl7.org/fhir}"

Json = dict[str, Any]
Encoded = list[Any]


class _Undecided(Exception):
    """Signal a definition that this encoding cannot say."""


def build(definitions: Path, release: str) -> str:
    """Return the text of the table of `release` ("r4", "r4b", "r5")."""
    structures = _structures(definitions / release / "base-structuredefinitions.tgz")
    shapes: dict[str, Encoded] = {}
    for name in _bases_first(structures):
        shapes.update(_shapes_of(structures[name], structures))
    modifiers, plain = _extensions(definitions, release)
    concrete = sorted(n for n, s in structures.items() if s["kind"] == "resource" and not s["abstract"])
    return _text(release.upper(), concrete, dict(sorted(shapes.items())), modifiers, plain)


def _text(release: str, resources: list[str], shapes: dict[str, Encoded], modifiers: set[str], plain: set[str]) -> str:
    """Write one shape to a line, so that a change of definitions shows as a change of lines."""
    lines = ",\n".join(f"{_dumps(name)}:{_dumps(shape)}" for name, shape in shapes.items())
    head = f'{{"release":{_dumps(release)},\n"resources":{_dumps(" ".join(resources))},\n"shapes":{{\n{lines}\n}},\n'
    return f'{head}"modifiers":{_dumps(_grouped(modifiers))},\n"plain":{_dumps(_grouped(plain))}}}\n'


def _dumps(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True)


def _grouped(urls: Iterable[str]) -> dict[str, str]:
    """Group urls by what stands up to their last `/`; the endings are joined by spaces, which no url contains."""
    groups: dict[str, list[str]] = {}
    for url in sorted(urls):
        base, slash, ending = url.rpartition("/")
        if not ending or " " in url:
            raise _Undecided(f"the url {url!r} has no ending, or a space")
        groups.setdefault(base + slash, []).append(ending)
    return {base: " ".join(endings) for base, endings in groups.items()}


def _structures(archive: Path) -> dict[str, Json]:
    """Read every type and resource that specialises another; profiles on types and logical models are no shapes."""
    found = (json.loads(data) for _, data in _members(archive))
    return {s["type"]: s for s in found if s["kind"] in _KINDS and s.get("derivation") != "constraint"}


def _members(archive: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(archive) as tar:
        for member in tar:
            stream = tar.extractfile(member)
            if stream is not None:
                yield member.name, stream.read()


def _bases_first(structures: dict[str, Json]) -> list[str]:
    """Order the types so that each follows its base."""
    order: dict[str, None] = {}

    def visit(name: str) -> None:
        """Put a type behind its base."""
        base = _base(structures[name])
        if base and base not in order:
            visit(base)
        order[name] = None

    for name in sorted(structures):
        visit(name)
    return list(order)


def _base(structure: Json) -> str:
    return str(structure.get("baseDefinition", "")).rpartition("/")[2]


def _shapes_of(structure: Json, structures: dict[str, Json]) -> dict[str, Encoded]:
    """Encode one type and every nested element of it that has children of its own."""
    name, elements = structure["type"], structure["snapshot"]["element"]
    children: dict[str, list[Json]] = {name: []}
    nested = {name: (_KINDS[structure["kind"]], _base(structure))}
    for element in elements[1:]:
        parent = element["path"].rpartition(".")[0]
        children[parent].append(element)
        code = _codes(element)[0] if "type" in element else ""
        if code in _NESTED and element["path"] != "Element":
            nested[element["path"]] = (_NESTED[code], code)
            children[element["path"]] = []
    return {path: _shape(kind, base, children[path], structures) for path, (kind, base) in nested.items()}


def _shape(kind: str, base: str, elements: list[Json], structures: dict[str, Json]) -> Encoded:
    """Encode one shape as what it adds to, or declares otherwise than, its base."""
    carries = any(e["path"].endswith(".modifierExtension") for e in elements)
    encoded = [_element(e) for e in elements if not (kind == "primitive" and e["path"].endswith(".value"))]
    inherited = _declared(base, structures) if base and kind != "primitive" else []
    if {_name(e) for e in inherited} - {_name(e) for e in encoded}:
        raise _Undecided(f"{elements[0]['path']} lacks an element of {base}")
    return [kind, base, int(carries), ";".join(e for e in encoded if e not in inherited)]


def _declared(name: str, structures: dict[str, Json]) -> list[str]:
    elements = structures[name]["snapshot"]["element"][1:]
    return [_element(e) for e in elements if e["path"].count(".") == 1]


def _name(encoded: str) -> str:
    return encoded.partition(" ")[0].lstrip("!")


def _element(element: Json) -> str:
    """Encode one element: mark, name, cardinality, types."""
    path = element["path"]
    name = path.rpartition(".")[2]
    cardinality = f"{element['min']}..{element['max']}"
    mark = "!" if element.get("isModifier") else ""
    return f"{mark}{name} {_CARDINALITIES.get(cardinality, cardinality)} {_types(element)}"


def _types(element: Json) -> str:
    if "contentReference" in element:
        return "#" + str(element["contentReference"]).partition("#")[2]
    codes = _codes(element)
    if codes[0] in _NESTED:
        return "."
    if len(codes) > 1 and not element["path"].endswith("[x]"):
        raise _Undecided(f"{element['path']} has types {codes} and is no choice")
    return "|".join(codes)


def _codes(element: Json) -> list[str]:
    """Name the types of an element once each; FHIRPath's system types by the FHIR type they stand for."""
    return list(dict.fromkeys(_code(kind) for kind in element["type"]))


def _code(kind: Json) -> str:
    code = str(kind["code"])
    if not code.startswith(_SYSTEM):
        return code
    stated = [e.get("valueUrl") or e.get("valueUri") for e in kind.get("extension", ()) if e["url"] == _FHIR_TYPE]
    system = code.removeprefix(_SYSTEM)
    return str(stated[0]) if stated else system[0].lower() + system[1:]


def _extensions(definitions: Path, release: str) -> tuple[set[str], set[str]]:
    """Return the published extension urls of a release: modifiers and plain ones.

    What the release's core or HL7's pack publishes counts before the collection of modifiers, which has older releases too:
    `questionnaire-optionExclusive` was a modifier in STU3 and is plain in R4.
    """
    told = [*_core(definitions, release), *_definitions(_members(definitions / _PACK))]
    found = (p for p in sorted((definitions / "modifier-extensions").iterdir()) if p.name != "index.json")
    listed = {url for url, _ in told}
    collected = _definitions((path.name, path.read_bytes()) for path in found)
    told += [(url, kind) for url, kind in collected if kind and url not in listed]
    modifiers = {url for url, is_modifier in told if is_modifier}
    return modifiers, {url for url, _ in told} - modifiers


def _core(definitions: Path, release: str) -> list[tuple[str, bool]]:
    """Read the extensions in the release itself; R5 has moved all of its own to the pack."""
    if release not in _CORE_EXTENSIONS:
        return []
    source = definitions / release / _CORE_EXTENSIONS[release]
    if source.suffix == ".tgz":
        return _definitions(_members(source))
    bundle = json.loads(source.read_bytes())
    return [told for entry in bundle["entry"] for told in _from_json(entry["resource"])]


def _definitions(files: Iterable[tuple[str, bytes]]) -> list[tuple[str, bool]]:
    """Read extension definitions, JSON or XML; pages of prose and files left empty by the publisher define none."""
    told: list[tuple[str, bool]] = []
    for name, data in files:
        if name.endswith(".json"):
            told += _from_json(json.loads(data))
        elif not re.search(r"-intro\.xml$|-notes\.xml$", name):
            told += _from_xml(name, data)
    return told


def _from_json(resource: Json) -> list[tuple[str, bool]]:
    constrained = resource.get("type") or resource.get("constrainedType")  # as DSTU2 has it
    if resource.get("resourceType") != "StructureDefinition" or constrained != "Extension":
        return []
    views = ((resource.get(view) or {}).get("element") or () for view in ("snapshot", "differential"))
    roots = [e for view in views for e in view if e["path"] == "Extension"]
    return [(resource["url"], any(e.get("isModifier") is True for e in roots))]


def _from_xml(name: str, data: bytes) -> list[tuple[str, bool]]:
    try:
        root = ET.fromstring(data)
    except ET.ParseError as error:
        print(f"left out: {name}: {error}", file=sys.stderr)
        return []
    url = root.find(f"{_XML}url")
    kind = next((found for name in ("type", "constrainedType") if (found := root.find(_XML + name)) is not None), None)
    if url is None or kind is None or kind.get("value") != "Extension":
        return []
    elements = root.iter(f"{_XML}element")
    return [(str(url.get("value")), any(_is_modifier_root(element) for element in elements))]


def _is_modifier_root(element: ET.Element) -> bool:
    path, flag = element.find(f"{_XML}path"), element.find(f"{_XML}isModifier")
    return path is not None and path.get("value") == "Extension" and flag is not None and flag.get("value") == "true"


def main(arguments: list[str]) -> None:
    """Write the three tables; the arguments, both optional, are the folder of the definitions and the one to write to."""
    here = Path(__file__).resolve().parent
    definitions = Path(arguments[0]) if arguments else here.parents[3] / ".." / "shared" / "definitions"
    target = Path(arguments[1]) if len(arguments) > 1 else here
    for release in RELEASES:
        text = build(definitions, release)
        (target / f"{release}.json").write_text(text, encoding="ascii", newline="\n")
        print(f"{release}: {len(text)} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
