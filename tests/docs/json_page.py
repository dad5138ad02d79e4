"""Makes the page of the JSON forms: the fields from the models that promise them, and an example of each that was really written.

A form without a model is shown by its example alone, as soon as there is a command that writes it.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from caveat.cli.app import _COMMANDS
from caveat.formats.schema import ReportRecord
from caveat.formats.schema_lines import RECORDS
from docs.commands import Shell
from docs.markdown import fenced, table
from strategies.packaging import definition, package

_HEAD = """# The JSON forms

With `--format json` a command writes one JSON object a line on standard output, in ASCII, `schema` first. A form keeps its
name as long as what reads it keeps working: fields may be added, and anything else is a new version. No value of a document
is in any of them; urls, paths and locations are, cut to 2,048 characters. Made by `make docs` from the models in
`caveat.formats`, and every example was written by the command above it.

`caveat.formats.schema.json_schema()` gives the JSON Schema of a report, and `Model.model_json_schema(by_alias=True)` that of each
model named here.
"""
_RULES = """caveat 1;

policy "worklist" version "1.0.0" { owner "imaging"; fhir R4; }

extension retake = "https://fhir.example.org/StructureDefinition/retake";

review retakes: retake on ImagingStudy.series
    as boolean
    because "A retaken series is looked at first";

test "a retaken series goes to a person" {
    modifier retake on ImagingStudy.series = true;
    expect review by retakes;
}
"""
_LOOSER = _RULES.replace("review retakes", "warn retakes").replace('looked at first"', 'looked at first" assessed 2026-11-24')
_STUDY = {
    "resourceType": "ImagingStudy",
    "id": "s1",
    "status": "available",
    "series": [
        {
            "uid": "1.2.3",
            "modifierExtension": [
                {"url": "https://fhir.example.org/StructureDefinition/retake", "valueBoolean": True},
                {"url": "https://fhir.example.org/StructureDefinition/unnamed", "valueString": "x"},
            ],
        }
    ],
}


@dataclass(frozen=True, slots=True)
class Form:
    """A form: its name, what writes it, and the command of the example."""

    name: str
    told: str
    command: str


FORMS = (
    Form(
        "caveat.report/1",
        "One a resource, by `caveat check`; the library's `Report.to_record()` gives the same.",
        "caveat check --policy worklist.caveat --date 2026-11-24 --format json study.json",
    ),
    Form(
        "caveat.inventory/1",
        "One a kind of modifier, by `caveat inventory`.",
        "caveat inventory --policy worklist.caveat --format json study.json",
    ),
    Form("caveat.diagnostic/1", "One a diagnostic, by `caveat lint`.", "caveat lint --format json wrong.caveat"),
    Form("caveat.test/1", "One a test, by `caveat test`.", "caveat test --format json worklist.caveat"),
    Form(
        "caveat.coverage/1",
        "One a rule or waiver, after the tests, by `caveat test --coverage`.",
        "caveat test --coverage --format json worklist.caveat",
    ),
    Form(
        "caveat.gap/1",
        "One for each thing that no test has shown, after those, by `caveat test --coverage`.",
        "caveat test --coverage --format json worklist.caveat",
    ),
    Form(
        "caveat.survivor/1",
        "One a change that no test notices, by `caveat test --strength`.",
        "caveat test --strength --format json worklist.caveat",
    ),
    Form("caveat.change/1", "One a difference, by `caveat diff`.", "caveat diff --format json worklist.caveat looser.caveat"),
    Form("caveat.package/1", "One a package, by `caveat packages`.", "caveat packages show org.example.imaging --format json"),
    Form(
        "caveat.definition/1",
        "One a StructureDefinition, by `caveat check --definitions`.",
        "caveat check --definitions --format json retake.json",
    ),
)


def page() -> str:
    """Return the page."""
    with tempfile.TemporaryDirectory() as folder:
        shell = Shell(_filled(Path(folder)))
        return "\n".join([_HEAD, *(_section(form, shell) for form in FORMS if _is_written(form))])


def examples(form: Form, folder: Path) -> list[dict[str, Any]]:
    """Return the records of a form that its command writes in a folder."""
    return _records(Shell(_filled(folder)).answer(form.command), form.name)


def _is_written(form: Form) -> bool:
    """Return whether there is a command that writes a form."""
    return form.command.split()[1] in _COMMANDS


def _filled(folder: Path) -> Path:
    """Fill a folder with what the commands read."""
    (folder / "worklist.caveat").write_text(_RULES, encoding="utf-8")
    (folder / "looser.caveat").write_text(_LOOSER, encoding="utf-8")
    (folder / "wrong.caveat").write_text(_RULES.replace("ImagingStudy.series\n", "ImagingStudy.serie\n"), encoding="utf-8")
    (folder / "study.json").write_text(json.dumps(_STUDY), encoding="utf-8")
    (folder / "retake.json").write_text(json.dumps(definition("retake", status="unheard-of")), encoding="utf-8")
    (folder / "imaging.tgz").write_bytes(package())
    Shell(folder).answer("caveat packages add imaging.tgz")
    return folder


def _records(output: str, name: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    return [record for record in found if record["schema"] == name]


def _section(form: Form, shell: Shell) -> str:
    """Return what is said of one form."""
    records = _records(shell.answer(form.command), form.name)
    model = ReportRecord if form.name == "caveat.report/1" else RECORDS.get(form.name)
    schema = model.model_json_schema(by_alias=True) if model is not None else _guessed(records[0])
    shown = records[1] if form.name == "caveat.inventory/1" else records[0]
    example = f"$ {form.command}\n" + json.dumps(shown, indent=2)
    parts = [
        f"## {form.name}\n\n{form.told}\n",
        *_fields(schema),
        "An example, on several lines to be read:\n",
        fenced(example, "console"),
    ]
    return "\n".join(parts)


def _guessed(record: dict[str, Any]) -> dict[str, Any]:
    """Return a schema of what a record shows."""
    kinds = {str: "string", bool: "boolean", int: "integer", list: "array", dict: "object", type(None): "null"}
    return {"properties": {name: {"type": kinds.get(type(value), "any")} for name, value in record.items()}}


def _fields(schema: dict[str, Any]) -> Iterator[str]:
    """Give the fields of a form, then those of its parts."""
    yield _table(schema)
    for name, part in schema.get("$defs", {}).items():
        yield f"### {name}\n\n{' '.join(part.get('description', '').split())}\n"
        yield _table(part)


def _table(schema: dict[str, Any]) -> str:
    needed = schema.get("required", list(schema["properties"]))
    rows = [
        (f"`{name}`" + ("" if name in needed else " (may be absent)"), _type(field), field.get("description", ""))
        for name, field in schema["properties"].items()
    ]
    about = schema.get("description", "") if "title" in schema and "/" in schema["title"] else ""
    said = f"{' '.join(about.split())}\n\n" if about else ""
    return said + (
        table(("Field", "Type", "What it is"), rows)
        if any(row[2] for row in rows)
        else table(("Field", "Type"), [row[:2] for row in rows])
    )


def _type(field: dict[str, Any]) -> str:
    """Return the type of a field as a person writes it."""
    if "$ref" in field:
        return field["$ref"].rpartition("/")[2]
    if "const" in field:
        return f'`"{field["const"]}"`'
    if "enum" in field:
        return ", ".join(f'`"{value}"`' for value in field["enum"])
    if "anyOf" in field:
        return " or ".join(_type(each) for each in field["anyOf"])
    if field.get("type") == "array" and "items" in field:
        return f"array of {_type(field['items'])}"
    return str(field.get("type", "any"))


def names(records: Sequence[dict[str, Any]]) -> set[str]:
    """Return the fields that records have."""
    return {name for record in records for name in record}
