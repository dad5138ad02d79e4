"""The generated shape tables against their sources, against tables derived by another hand, and against fhir.resources."""

from __future__ import annotations

import csv
import importlib
import inspect
import json
import pkgutil
from pathlib import Path
from types import ModuleType

import pytest
from pydantic import BaseModel

from caveat.spec import Release, Shape, published_modifiers, tables
from caveat.spec.tables import build

ROOT = Path(__file__).resolve().parents[2]
DEFINITIONS = ROOT / ".." / "shared" / "definitions"
TABLES = ROOT / "engine" / "caveat" / "spec" / "tables"
IN_DERIVED_ONLY = {Release.R4: {"MetadataResource"}, Release.R4B: set[str](), Release.R5: set[str]()}
"""R4 publishes MetadataResource as a logical model, which no document and no other type is made from."""
NO_FHIR_TYPE = {"FHIRPrimitiveExtension", "FHIRAbstractResource"}
"""Classes of fhir.resources that stand for the `_x` companion and for Python's own base: no type of FHIR."""


@pytest.fixture
def definitions() -> Path:
    """Give the folder of HL7's definitions; skip where this checkout has none beside it."""
    if not DEFINITIONS.is_dir():
        pytest.skip("NOT CHECKED against HL7's definitions: there is no ../shared/definitions beside this checkout")
    return DEFINITIONS


def shapes(release: Release) -> dict[str, Shape]:
    found = {name: tables(release).shape(name) for name in tables(release).names()}
    return {name: shape for name, shape in found.items() if shape is not None}


def derived(definitions: Path, release: Release, what: str) -> set[str]:
    """Read the paths of one derived table, without those explained above."""
    with (definitions / "derived" / f"{release.lower()}-{what}.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {row["path"] for row in rows if row["structure"] not in IN_DERIVED_ONLY[release]}


def test_the_committed_tables_are_what_the_definitions_give(definitions: Path, tmp_path: Path) -> None:
    """Building again gives the committed files, byte for byte, and no other."""
    build.main([str(definitions), str(tmp_path)])
    built = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert built.keys() == {"r4.json", "r4b.json", "r5.json"}
    assert [name for name, text in built.items() if (TABLES / name).read_bytes() != text] == []


@pytest.mark.parametrize("release", Release)
def test_the_carrying_paths_are_those_derived(release: Release, definitions: Path) -> None:
    """Exactly the paths whose snapshot declares modifierExtension carry."""
    assert {n for n, s in shapes(release).items() if s.carries} == derived(
        definitions, release, "paths-carrying-modifierExtension"
    )


@pytest.mark.parametrize("release", Release)
def test_the_modifier_elements_are_those_derived(release: Release, definitions: Path) -> None:
    """Exactly the elements whose snapshot says isModifier are modifiers, modifierExtension itself apart."""
    children = {(f"{n}.{c.segment}", c.is_modifier) for n, s in shapes(release).items() for c in s.children.values()}
    marked = {path for path, is_modifier in children if is_modifier and not path.endswith(".modifierExtension")}
    assert marked == derived(definitions, release, "isModifier-elements")


@pytest.mark.parametrize("release", Release)
def test_every_collected_modifier_extension_is_listed(release: Release, definitions: Path) -> None:
    """Each url of the collection is a published modifier, but for two that were so in STU3 and are plain since."""
    index = json.loads((definitions / "modifier-extensions" / "index.json").read_bytes())
    urls = {entry["url"] for entry in index}
    assert len(urls) > 100
    assert urls - published_modifiers(release) == {
        "http://hl7.org/fhir/StructureDefinition/questionnaire-optionExclusive",
        "http://hl7.org/fhir/StructureDefinition/questionnaire-usageMode",
    }


@pytest.mark.parametrize("release", Release)
def test_a_table_is_small(release: Release) -> None:
    """A table stays below 400 kB, and holds ASCII only."""
    text = (TABLES / f"{release.lower()}.json").read_bytes()
    assert len(text) < 400_000
    assert text.isascii()


def model_classes(package: ModuleType) -> dict[str, bool]:
    """Say of each model class of fhir.resources whether it declares modifierExtension, by its FHIR name."""
    declared: dict[str, bool] = {}
    for found in pkgutil.iter_modules(package.__path__):
        if found.ispkg or found.name in {"fhirtypes", "integer64"}:
            continue
        module = importlib.import_module(f"{package.__name__}.{found.name}")
        for name, cls in inspect.getmembers(module, inspect.isclass):
            if cls.__module__ == module.__name__ and issubclass(cls, BaseModel):
                declared[getattr(cls, "__resource_type__", name)] = "modifierExtension" in cls.model_fields
    return declared


@pytest.mark.parametrize(("release", "package"), [(Release.R4B, "fhir.resources.R4B"), (Release.R5, "fhir.resources")])
def test_the_classes_of_fhir_resources_carry_alike(release: Release, package: str) -> None:
    """Each class of fhir.resources has a shape of its name and declares modifierExtension where the shape carries."""
    classes = model_classes(importlib.import_module(package))
    named = {"".join(part[0].upper() + part[1:] for part in n.split(".")): s for n, s in shapes(release).items()}
    expected = {name: shape.carries for name, shape in named.items() if shape.kind != "primitive"}
    assert {name: carries for name, carries in classes.items() if name not in NO_FHIR_TYPE} == expected
    assert classes.keys() >= NO_FHIR_TYPE
