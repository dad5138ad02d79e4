"""`caveat check --definitions`: what a person sees, what a program reads, and the exit code."""
# ruff: noqa: E501  documents read best whole

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from caveat.cli.app import run

URL = "https://fhir.example.org/StructureDefinition/retake"
ELEMENTS = [
    {"id": "Extension", "path": "Extension", "isModifier": True, "isModifierReason": "Not to be read"},
    {"id": "Extension.extension", "path": "Extension.extension", "max": "0"},
    {"id": "Extension.url", "path": "Extension.url", "fixedUri": URL},
    {"id": "Extension.value[x]", "path": "Extension.value[x]", "min": 1},
]
GOOD: dict[str, Any] = {
    "resourceType": "StructureDefinition", "url": URL, "name": "Retake", "status": "active", "kind": "complex-type", "abstract": False,
    "type": "Extension", "publisher": "Example", "derivation": "constraint", "description": "Absent: not retaken",
    "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Extension", "context": [{"type": "element", "expression": "ImagingStudy"}],
    "differential": {"element": ELEMENTS},
}  # fmt: skip
WRONG = {**GOOD, "context": [{"type": "element", "expression": "ContactPoint"}]}
PROFILE = {
    **{key: value for key, value in GOOD.items() if key != "context"}, "type": "Patient", "url": URL + "-profile",
    "differential": {"element": [{"path": "Patient.extension", "sliceName": "x", "type": [{"code": "Extension", "profile": [URL]}]}]},
}  # fmt: skip


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    documents = {"good": GOOD, "wrong": WRONG, "profile": PROFILE, "patient": {"resourceType": "Patient"}}
    for name, document in documents.items():
        Path(f"{name}.json").write_text(json.dumps(document), encoding="utf-8")
    Path("broken.json").write_text("{", encoding="utf-8")
    Path("list.json").write_text("[]", encoding="utf-8")
    Path("all.ndjson").write_text("\n".join(map(json.dumps, (GOOD, WRONG))), encoding="utf-8")


CODES = {
    "good.json": 0,
    "wrong.json": 1,
    "profile.json": 0,
    "profile.json good.json": 1,
    "all.ndjson": 1,
    "patient.json": 2,
    "patient.json good.json": 0,
    "patient.json wrong.json": 1,
    "broken.json good.json": 2,
    "list.json": 2,
    "absent.json good.json": 2,
    "good.json --format sarif": 2,
    "good.json --format outcome": 2,
    "good.json --policy hl7": 2,
    "good.json --date 2026-11-25 --no-load": 2,
    "good.json --jobs 2": 2,
    "good.json --approved": 2,
    "good.json --allow-reduced": 2,
    "good.json --intent modify": 2,
    "good.json --wire graphql": 2,
}


@pytest.mark.parametrize(("arguments", "code"), CODES.items())
def test_exit_codes(arguments: str, code: int) -> None:
    """0 no error; 1 an error; 2 nothing that is a definition, something that could not be read, or no such form."""
    assert run(["check", "--definitions", *arguments.split()]) == code


def test_what_a_person_sees(capsys: pytest.CaptureFixture[str]) -> None:
    """Each definition with what it is, each finding with its requirement and place; what is none is said on stderr."""
    run(["check", "--definitions", "good.json", "wrong.json", "patient.json", "broken.json"])
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        f"good.json: modifier extension {URL}: nothing wrong",
        f"wrong.json: modifier extension {URL}",
        "  error       it is a modifier, and none of its contexts can carry one in FHIR R4, R4B or R5 [MX-110]",
        "              at StructureDefinition.context",
    ]
    assert "patient.json is no StructureDefinition" in err
    assert "broken.json cannot be read: " in err
    assert err.endswith("2 definitions checked: 1 error, 0 warnings\n")


def test_what_a_program_reads(capsys: pytest.CaptureFixture[str]) -> None:
    """One object a definition, with its line where a file has one a line; a profile knows the definitions beside it."""
    run(["check", "--definitions", "--format", "json", "all.ndjson", "profile.json"])
    first, second, third = map(json.loads, capsys.readouterr().out.splitlines())
    assert first == {
        "schema": "caveat.definition/1", "input": "all.ndjson", "line": 1, "url": URL, "is_modifier": True, "findings": [],
    }  # fmt: skip
    assert (second["line"], [each["code"] for each in second["findings"]]) == (2, ["no-carrier"])
    assert third["is_modifier"] is None
    (finding,) = third["findings"]
    assert finding == {
        "requirement": "MX-111", "code": "wrong-slot", "severity": "error",
        "message": f"it puts {URL}, a modifier extension, into extension", "location": "StructureDefinition.differential.element[0]",
    }  # fmt: skip


def test_a_modifier_in_any_source_is_a_modifier(capsys: pytest.CaptureFixture[str]) -> None:
    """Where two inputs differ on an extension, and where an input differs from HL7, a profile is held to the modifier."""
    url = "http://hl7.org/fhir/StructureDefinition/request-doNotPerform"
    plain = [{**ELEMENTS[0], "isModifier": False}, *ELEMENTS[1:]]
    other = {**GOOD, "differential": {"element": plain}}
    profile = json.loads(json.dumps(PROFILE).replace(f'["{URL}"]', f'["{URL}", "{url}"]'))
    for name, tree in {"a": other, "b": other | {"url": url}, "p": profile}.items():
        Path(f"{name}.json").write_text(json.dumps(tree), encoding="utf-8")
    run(["check", "--definitions", "--format", "json", "p.json", "good.json", "a.json", "b.json"])
    first = json.loads(capsys.readouterr().out.splitlines()[0])
    assert [each["message"].split(",")[0] for each in first["findings"]] == [f"it puts {URL}", f"it puts {url}"]


def test_it_is_written_to_a_file() -> None:
    """`-o` writes the findings to a file, and never over an input."""
    assert run(["check", "--definitions", "good.json", "-o", "out.txt"]) == 0
    assert Path("out.txt").read_text(encoding="utf-8").startswith("good.json: ")
    assert run(["check", "--definitions", "good.json", "-o", "good.json"]) == 2
