"""Makes the page of the JSON forms: the fields from the models that promise them, and an example of each that was really written.

A form without a model is shown by its example alone, as soon as there is a command that writes it.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

from caveat.bulk.routing import Router
from caveat.bulk.writing import Incomplete
from caveat.cli.app import _COMMANDS
from caveat.formats.schema import ReportRecord
from caveat.formats.schema_lines import RECORDS
from docs.commands import Shell
from docs.markdown import fenced, table
from strategies.packaging import definition, package

_HEAD = """# The JSON forms

With `--format json` a command writes one JSON object a line on standard output, in ASCII, `schema` first. A form keeps its
name as long as what reads it keeps working: fields may be added, and anything else is a new version. No value of a document
is in any of them but in `caveat.change/1` (of witnesses, which are made up) and where a rule says `record value`; urls, paths and
locations are, cut to 2,048 characters. Made by `make docs` from the models in `caveat.formats`, and every example was written by
the command above it; times, and hashes that differ from run to run, are replaced by others.

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
    """A form: its name, what writes it, the command of the example, and the file in which that leaves it, if it does."""

    name: str
    told: str
    command: str
    file: str | None = None


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
    Form(
        "caveat.change/1",
        "One a difference, by `caveat diff`.",
        "caveat diff --date 2026-11-24 --format json worklist.caveat looser.caveat",
    ),
    Form(
        "caveat.replay/1",
        "One for past decisions that would change alike, by `caveat diff --replay`.",
        "caveat diff --date 2026-11-24 --format json worklist.caveat looser.caveat --replay reports.ndjson",
    ),
    Form(
        "caveat.witnesses/1",
        "The file `index.json` beside the witnesses that `caveat diff --save` writes.",
        "caveat diff --date 2026-11-24 worklist.caveat looser.caveat --save witnesses",
        "witnesses/index.json",
    ),
    Form(
        "caveat.audit/1",
        "One a record, by `caveat audit list`. What a record's hash is over is a form of its own: docs/audit.md.",
        "caveat audit list --audit audit.db --format json",
    ),
    Form(
        "caveat.held/1",
        "One a modifier that holds a resource up, by `caveat audit list --held`.",
        "caveat audit list --held --audit audit.db --format json",
    ),
    Form(
        "caveat.rerun/1",
        "One a resource, by `caveat audit rerun`.",
        "caveat audit rerun --audit audit.db -p looser.caveat --quarantine-key q.key --date 2026-11-24 --format json",
    ),
    Form("caveat.verification/1", "One a trail, by `caveat audit verify`.", "caveat audit verify --audit audit.db --format json"),
    Form(
        "caveat.audit-report/1",
        "One a trail, by `caveat audit report`; here with the first answer and the first point of the checklist only.",
        "caveat audit report --audit audit.db --format json -o report.json",
        "report.json",
    ),
    Form("caveat.package/1", "One a package, by `caveat packages`.", "caveat packages show org.example.imaging --format json"),
    Form(
        "caveat.definition/1",
        "One a StructureDefinition, by `caveat check --definitions`.",
        "caveat check --definitions --format json retake.json",
    ),
    Form(
        "caveat.resume/1",
        "The file that ends in `.resume.json`, beside the file of `--accepted` as long as a run is not complete.",
        "caveat check -p worklist.caveat --date 2026-11-24 feed.ndjson --accepted well.ndjson --held held.ndjson",
        "well.ndjson.resume.json",
    ),
    Form("caveat.lock/1", "The file `caveat.lock`, by `caveat packages`.", "caveat packages lock", "caveat.lock"),
    Form(
        "caveat.log/1",
        "One an event, on standard error, where `CAVEAT_LOG` asks for it: docs/telemetry.md.",
        "CAVEAT_LOG=json caveat check -p worklist.caveat --date 2026-11-24 study.json",
    ),
)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z")
_DIFFERS = {
    "hash": "5e" * 32,
    "resource_id": "1d" * 32,
    "held_sha256": "4a" * 32,
    "Trail": "7b" * 16,
    "modified": 1764000000000000000,
    "inode": 4711,
}
"""Fields that differ from run to run, and what the page shows for them."""


def page() -> str:
    """Return the page."""
    with tempfile.TemporaryDirectory() as folder:
        shell = Shell(_filled(Path(folder)))
        return "\n".join([_HEAD, *(_section(form, shell) for form in FORMS if _is_written(form))])


def examples(form: Form, folder: Path) -> list[dict[str, Any]]:
    """Return the records of a form that its command writes in a folder."""
    return _answered(Shell(_filled(folder)), form)


def _answered(shell: Shell, form: Form) -> list[dict[str, Any]]:
    """Return the records of a form that its command writes, or leaves in a file."""
    words = form.command.removeprefix("CAVEAT_LOG=json ")
    asked = {"CAVEAT_LOG": "json"} if words != form.command else {}
    dies = mock.patch.object(Router, "_compare", _dies)
    with mock.patch.dict(os.environ, asked), dies if form.name == "caveat.resume/1" else contextlib.nullcontext():
        said = shell.answer(words)
    if form.file is None:
        return _records(said, form.name)
    found = json.loads((shell.root / form.file).read_text(encoding="utf-8"))
    assert found["schema"] == form.name
    return [found]


def _dies(router: Router) -> None:
    """End a run before its outputs have their names, as one that is killed."""
    router._close()
    raise Incomplete("as if it had been killed")


def _is_written(form: Form) -> bool:
    """Return whether there is a command that writes a form."""
    return form.command.removeprefix("CAVEAT_LOG=json ").split()[1] in _COMMANDS


def _filled(folder: Path) -> Path:
    """Fill a folder with what the commands read."""
    (folder / "worklist.caveat").write_text(_RULES, encoding="utf-8")
    (folder / "looser.caveat").write_text(_LOOSER, encoding="utf-8")
    (folder / "wrong.caveat").write_text(_RULES.replace("ImagingStudy.series\n", "ImagingStudy.serie\n"), encoding="utf-8")
    (folder / "study.json").write_text(json.dumps(_STUDY), encoding="utf-8")
    (folder / "retake.json").write_text(json.dumps(definition("retake", status="unheard-of")), encoding="utf-8")
    (folder / "imaging.tgz").write_bytes(package())
    (folder / "feed.ndjson").write_text(json.dumps(_STUDY) + "\n", encoding="utf-8")
    shell = Shell(folder)
    shell.answer("caveat packages add imaging.tgz")
    shell.answer("caveat audit keys q.key --for quarantine")
    check = "caveat check --policy worklist.caveat --date 2026-11-24"
    shell.answer(f"{check} --format json study.json > reports.ndjson")
    shell.answer(f"{check} --source pacs-a --audit audit.db --quarantine-key q.key study.json")
    return folder


def _records(output: str, name: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    return [record for record in found if record["schema"] == name]


def _section(form: Form, shell: Shell) -> str:
    """Return what is said of one form."""
    records = _answered(shell, form)
    model = ReportRecord if form.name == "caveat.report/1" else RECORDS.get(form.name)
    schema = model.model_json_schema(by_alias=True) if model is not None else _guessed(records[0])
    shown = _settled(records[1] if form.name in {"caveat.inventory/1", "caveat.audit/1", "caveat.log/1"} else records[0])
    if form.name == "caveat.audit-report/1":
        shown = {**shown, "answers": shown["answers"][:1], "checklist": _first_point(shown["checklist"])}
    example = f"$ {form.command}\n" + json.dumps(shown, indent=2)
    parts = [
        f"## {form.name}\n\n{form.told}\n",
        *_fields(schema),
        "An example, on several lines to be read:\n",
        fenced(example, "console"),
    ]
    return "\n".join(parts)


def _first_point(checklist: dict[str, Any]) -> dict[str, Any]:
    return {**checklist, "points": checklist["points"][:1]}


def _settled(told: Any, name: str = "") -> Any:
    """Return a record with what differs from run to run replaced."""
    if isinstance(told, dict):
        return {key: _settled(value, key) for key, value in told.items()}
    if isinstance(told, list):
        return [_settled(each, name) for each in told]
    if name in _DIFFERS and told is not None:
        return _DIFFERS[name]
    if not isinstance(told, str):
        return told
    return _TIME.sub("2026-11-24T09:30:00.000000Z", told).replace(datetime.now(UTC).date().isoformat(), "2026-11-24")


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
