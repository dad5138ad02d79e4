"""The promise of `caveat.report/1`: the fields of a record, as pydantic models with a JSON Schema.

Rule 1: additions are compatible; anything else is a new version.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

VerdictWord = Literal["clear", "accept", "warn", "exclude", "narrative", "review", "reject"]
GroundWord = Literal[
    "rule",
    "waiver",
    "unknown",
    "undetermined",
    "out-of-scope",
    "malformed",
    "misplaced",
    "wrong-slot",
    "unreadable",
    "incomplete",
    "released",
]
Missed = Literal["url", "except", "path", "type", "condition", "date"]


class RecordPart(BaseModel):
    """A part of a record: never changed, and without fields that nobody promised."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PolicyRecord(RecordPart):
    """Which policy judged; `digest` is `sha256:` and 64 hexadecimal digits."""

    name: str
    version: str
    digest: str = Field(pattern=r"^sha256:[0-9a-f]{64}$")


class NearRecord(RecordPart):
    """A rule that almost decided, and the one part of it that did not match."""

    rule: str
    missed: Missed


class DecisionRecord(RecordPart):
    """What was decided on one occurrence. Location, path, slot and url are null for a document that could not be read.

    `location` has indexes from the document's root, `path` none from the carrier's resource. `rule` is a rule or a waiver.
    `detail` says what is structurally wrong, for people, and `fault` is its reason code, for programs; records of before there
    was such a field lack it.
    """

    location: str | None = Field(max_length=2048)
    path: str | None = Field(max_length=2048)
    slot: str | None
    url: str | None = Field(max_length=2048)
    value_type: str | None
    verdict: VerdictWord
    ground: GroundWord
    final: bool
    rule: str | None
    because: str | None
    near: list[NearRecord]
    detail: str | None
    fault: str | None = None


class EntryRecord(RecordPart):
    """The verdict on one entry of a Bundle whose entries stand for themselves; `index` counts from 0."""

    index: int = Field(ge=0)
    verdict: VerdictWord


class NativeRecord(RecordPart):
    """One of FHIR's own modifier elements with a value that changes meaning; it decides nothing, and its value is not told."""

    location: str = Field(max_length=2048)
    path: str = Field(max_length=2048)


class ProblemRecord(RecordPart):
    """What is wrong with a document as a whole, what is to be noted of it, or what fhir.resources says; never a value of it."""

    code: str
    message: str
    location: str | None = Field(max_length=2048)


class ReportRecord(RecordPart):
    """Everything decided on one resource.

    `input` is the name as given on the command line, `line` counts NDJSON lines from 1. `within` is null for a whole resource,
    `none` when nobody vouches for an element alone, else the digest of the report handed over. `input_sha256` is null for
    what was not handed over as bytes. `decisions_omitted` is there only when more than 1,000 decisions fell, `native_omitted`
    only when there are more than 1,000 native modifiers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", title="caveat.report/1")

    # In the wire form it is `schema`, which pydantic keeps for itself.
    schema_name: Literal["caveat.report/1"] = Field(alias="schema")
    input: str | None
    line: int | None = Field(ge=1)
    resource_type: str | None
    resource_id: str | None = Field(max_length=2048)
    release: Literal["R4", "R4B", "R5"]
    verdict: VerdictWord
    may_process: bool
    may_process_reduced: bool
    evidence: Literal["document", "tree", "model", "scanned"]
    within: str | None
    intent: Literal["read", "modify"]
    date: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    policy: PolicyRecord
    input_sha256: str | None = Field(pattern=r"^[0-9a-f]{64}$")
    decisions: list[DecisionRecord] = Field(max_length=1000)
    decisions_omitted: int | None = Field(default=None, ge=1)
    entries: list[EntryRecord]
    problems: list[ProblemRecord]
    not_checked: list[str]
    source: str | None = None
    native: list[NativeRecord] = Field(default=[], max_length=1000)
    native_omitted: int | None = Field(default=None, ge=1)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a record."""
    return ReportRecord.model_json_schema(by_alias=True)
