"""The options that several commands share, spelt once."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from caveat.domain.decision import Intent
from caveat.domain.errors import UsageError

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class WireForm(StrEnum):
    """How a document was asked for."""

    FHIR = "fhir"
    GRAPHQL = "graphql"


class Vouched(StrEnum):
    """Who speaks for the resource that an element alone is from."""

    NONE = "none"


class TextOrJson(StrEnum):
    """The two forms that every command writes."""

    TEXT = "text"
    JSON = "json"


class TestForm(StrEnum):
    """The forms of rule tests."""

    __test__ = False  # pytest takes what is named so for tests

    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"


class LintForm(StrEnum):
    """The forms of diagnostics."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"


class ReportForm(StrEnum):
    """The forms of a report."""

    TEXT = "text"
    JSON = "json"
    OUTCOME = "outcome"
    SARIF = "sarif"
    JUNIT = "junit"
    CSV = "csv"
    HTML = "html"


Inputs = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT...",
        help="Files (.json .xml .ndjson .jsonl, each also .gz; a bare .gz; .zip), folders, or - for standard input.",
        show_default=False,
    ),
]
PolicyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--policy",
        "-p",
        metavar="RULES",
        help="Rule file, pack folder or shipped pack; one only: a rule file that imports others puts them together. "
        "Without one every modifier is rejected.",
        show_default=False,
    ),
]
FhirOption = Annotated[
    str | None,
    typer.Option("--fhir", metavar="R4|R4B|R5", help="FHIR release; else the policy's only one, else R4.", show_default=False),
]
LintFhirOption = Annotated[
    str | None,
    typer.Option(
        "--fhir", metavar="R4|R4B|R5", help="FHIR release of rule files that state none; else all three.", show_default=False
    ),
]
RuleTestFhirOption = Annotated[
    str | None,
    typer.Option(
        "--fhir",
        metavar="R4|R4B|R5",
        help="FHIR release of tests that name none; else the policy's first, else R4.",
        show_default=False,
    ),
]
AtOption = Annotated[
    str | None,
    typer.Option(
        "--at",
        metavar="PATH",
        help="What each input is: an element standing alone (ImagingStudy.series.instance), or a type of resource.",
    ),
]
WithinOption = Annotated[
    Vouched | None,
    typer.Option("--within", help="With --at and an element: say that nobody vouches for the resource that it is from."),
]
WireOption = Annotated[WireForm, typer.Option("--wire", help="What the data is: FHIR itself, or a GraphQL answer.")]
IntentOption = Annotated[
    Intent, typer.Option("--intent", help="What the application will do: only read, or change and write back.")
]
DateOption = Annotated[
    str | None,
    typer.Option(
        "--date", metavar="YYYY-MM-DD", help="Judge as on this day (UTC); rules and waivers have dates.", show_default="today"
    ),
]
SourceOption = Annotated[str | None, typer.Option("--source", metavar="NAME", help="Where the data comes from; kept in reports.")]
LinesOption = Annotated[
    bool,
    typer.Option(
        "--ndjson", help="Read every input but archives, standard input too, as one document a line.", show_default=False
    ),
]
OutputOption = Annotated[
    str | None, typer.Option("-o", "--output", metavar="FILE", help="Write to FILE, whole or not at all.", show_default=False)
]
FormatOption = Annotated[TextOrJson, typer.Option("--format", help="For a person, or one JSON object a line.")]
DefinitionsOption = Annotated[
    bool, typer.Option("--definitions", help="The inputs are StructureDefinitions: say what is wrong with them as definitions.")
]
TestFormOption = Annotated[
    TestForm, typer.Option("--format", help="For a person, one JSON object a line, or JUnit XML (extra `junit`).")
]
LintFormOption = Annotated[
    LintForm, typer.Option("--format", help="For a person, one JSON object a line, or one SARIF 2.1.0 log.")
]
LoadOption = Annotated[
    bool | None,
    typer.Option(
        "--load/--no-load",
        help="Also read what may be processed into fhir.resources: what it says against it are problems, never a verdict; "
        "with --load they give exit code 1.",
        show_default="on for documents up to 256 KiB, off for lines",
    ),
]
AuditOption = Annotated[
    str | None,
    typer.Option(
        "--audit",
        metavar="URL",
        help="Record every answer before it is given: a file, made when it is not there, or postgresql://user@host/database.",
        show_default=False,
    ),
]
IdentifierKeyOption = Annotated[
    Path | None,
    typer.Option(
        "--identifier-key",
        metavar="FILE",
        envvar="CAVEAT_IDENTIFIER_KEY",
        help="With --audit: the key of the hashes of ids; else the file beside the trail that ends in .key.",
        show_default=False,
    ),
]
QuarantineKeyOption = Annotated[
    Path | None,
    typer.Option(
        "--quarantine-key",
        metavar="FILE",
        envvar="CAVEAT_QUARANTINE_KEY",
        help="With --audit: the key under which the bytes of what is held are kept; without it only their digest is.",
        show_default=False,
    ),
]
ApprovedOption = Annotated[
    bool, typer.Option("--approved", help="With --audit: accept what was released there of the very same bytes and policy.")
]
ReducedOption = Annotated[
    bool, typer.Option("--allow-reduced", help="What may be processed in its reduced form counts as success.")
]
ScanOption = Annotated[
    bool,
    typer.Option(
        "--scan",
        help="Of files with one document a line, read only lines in which a raw scan finds something; the others are clear, "
        "and nothing is said of whether they are valid.",
    ),
]
JobsOption = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        "-j",
        min=1,
        metavar="N",
        help="Judge lines with N processes; what comes out is the same. Without it one judges; on Linux two scan a large file "
        "of which only what is held is told.",
    ),
]
AcceptedOption = Annotated[
    str | None,
    typer.Option(
        "--accepted", metavar="FILE", help="With --held: write here, byte for byte, each line that may be processed as received."
    ),
]
HeldOption = Annotated[
    str | None,
    typer.Option("--held", metavar="FILE", help="With --accepted: write here every other line, and why to FILE.reasons.ndjson."),
]
ResumeOption = Annotated[
    bool, typer.Option("--resume", help="With --accepted and --held: go on where the same run was interrupted, if it was.")
]
ReportFormOption = Annotated[ReportForm, typer.Option("--format", help="text, or one JSON object for each document.")]


def written(context: typer.Context, *names: str) -> list[str]:
    """Return how those of the options `names` are spelt that stand in the call itself; the environment speaks for every call."""
    said = [name for name in names if getattr(context.get_parameter_source(name), "name", "") == "COMMANDLINE"]
    return [f"--{name.replace('_', '-')}" for name in said]


def day(text: str | None) -> date:
    """Return the day that `text` names, today (UTC) when it names none; UsageError when there is no such day."""
    if text is None:
        return datetime.now(UTC).date()
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise UsageError(f"{text!r} is no day; write it as in 2026-11-23")
