"""Every published definition is read, says what others found it to say, and is built in as the generator makes it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from caveat.spec import build_definitions
from caveat.spec.definition import ExtensionDefinition
from caveat.spec.definition_reader import definition_of
from caveat.spec.tables import build

ROOT = Path(__file__).resolve().parents[2]
TABLES = ROOT / "engine" / "caveat" / "spec" / "tables"
MOST = 400_000


@pytest.fixture
def definitions(shared: Path) -> Path:
    """Return the folder of published definitions."""
    return shared / "definitions"


def trees(definitions: Path) -> Iterator[tuple[str, object]]:
    """Give every JSON resource of the folder, under the part of the folder that it is from."""
    for entry in json.loads((definitions / "r4" / "extension-definitions.json").read_bytes())["entry"]:
        yield "r4", entry["resource"]
    for _, data in build._members(definitions / "r4b" / "extension-structuredefinitions.tgz"):
        yield "r4b", json.loads(data)
    for release in build.RELEASES:
        for _, data in build._members(definitions / release / "base-structuredefinitions.tgz"):
            yield f"{release} base", json.loads(data)
        for entry in json.loads((definitions / release / "profiles-types.json").read_bytes())["entry"]:
            yield f"{release} types", entry["resource"]


def collected(definitions: Path) -> Iterator[tuple[dict[str, Any], ExtensionDefinition | None]]:
    """Give every entry of the collection of modifiers, with what its file is read as."""
    folder = definitions / "modifier-extensions"
    for entry in json.loads((folder / "index.json").read_bytes()):
        yield entry, build_definitions._read(entry["file"], (folder / entry["file"]).read_bytes())


def test_all_are_read(definitions: Path) -> None:
    """Each StructureDefinition gives a definition or none; of the base types only the profiles on Extension could."""
    counted = Counter((where, known.is_modifier) for where, tree in trees(definitions) if (known := definition_of(tree)))
    assert counted == {("r4", False): 391, ("r4", True): 2, ("r4b", False): 396, ("r4b", True): 2}


def test_the_pack(definitions: Path) -> None:
    """The pack has six modifiers; url and flag are those that the shape tables are made from."""
    members = list(build._members(definitions / build._PACK))
    known = [found for name, data in members if (found := build_definitions._read(name, data))]
    assert sum(each.is_modifier for each in known) == 6
    assert sorted((each.url, each.is_modifier) for each in known) == sorted(build._definitions(members))


def test_the_collection(definitions: Path) -> None:
    """All 327 are modifiers, with the url, status, contexts and reason that the collector found by other means."""
    found = list(collected(definitions))
    assert len(found) == 327
    assert [entry["file"] for entry, known in found if known is None or not known.is_modifier] == []
    for entry, known in found:
        assert known is not None
        assert (known.url, known.version, known.status) == (entry["url"], entry["version"], entry["status"])
        listed = [re.sub(r"^(?:element|extension|fhirpath):", "", text) for text in entry["context"]]
        assert [context.expression for context in known.contexts] == listed
    stated = [(known.reason, entry["isModifierReason"]) for entry, known in found if known and entry["view"] == "differential"]
    assert [pair for pair in stated if pair[0] != pair[1]] == []


def test_the_committed_files_are_what_the_definitions_give(definitions: Path, tmp_path: Path) -> None:
    """Building again gives the committed files, byte for byte, and each is small."""
    build_definitions.main([str(definitions), str(tmp_path)])
    built = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert built.keys() == {"modifiers.json", "plain.json"}
    assert [name for name, text in built.items() if (TABLES / name).read_bytes() != text] == []
    assert [name for name, text in built.items() if len(text) >= MOST] == []
