"""The promises of the other JSON forms that commands write, one object a line: their fields, as pydantic models.

Rule 1: additions are compatible; anything else is a new version. What stands here and what is written are the same; the tests
compare them.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from caveat.formats.schema import GroundWord, RecordPart, VerdictWord
from caveat.formats.schema_trail import TRAIL_RECORDS


class SeenRecord(RecordPart):
    """Where the first of a kind was seen."""

    input: str | None = Field(description="the input as named on the command line")
    line: int | None = Field(description="its line, from 1, where it has lines")
    location: str | None = Field(description="the place within, with indexes")


class KnownRecord(RecordPart):
    """What a definition says of an extension."""

    is_modifier: bool = Field(description="whether it is defined as a modifier")
    title: str | None = Field(description="its title, else its name")
    status: str | None = Field(description="`draft`, `active` or `retired`")
    publisher: str | None = Field(description="who publishes it")
    reason: str | None = Field(description="why it is a modifier, as its author says")
    package: str | None = Field(description="`name#version` of the locked package; null for what is built in")


class InventoryRecord(RecordPart):
    """One kind of modifier that was seen; kinds differ in url, path, value type, slot, or in what was decided."""

    schema_name: Literal["caveat.inventory/1"] = Field(alias="schema", description="name and version of the form")
    kind: Literal["modifier", "native", "others"] = Field(
        description="`modifier`; `native` for FHIR's own modifier elements; `others` for kinds beyond `--most`"
    )
    url: str | None = Field(description="the url; null where there is none, and for the other two kinds")
    path: str | None = Field(description="the path of the element that holds it, without indexes")
    slot: str | None = Field(description="the property it stands in")
    value_type: str | None = Field(description="the FHIR type of its value; `complex` for parts")
    count: int = Field(description="how many were seen", ge=0)
    first: SeenRecord | None = Field(description="where the first was seen")
    verdict: VerdictWord | None = Field(description="what the policy decides")
    ground: GroundWord | None = Field(description="on which ground")
    rule: str | None = Field(description="by which rule or waiver")
    detail: str | None = Field(description="what is structurally wrong")
    publisher: str | None = Field(description="whose url it is, as far as it says so")
    definition: KnownRecord | None = Field(description="what is published of it, or locked; null when nothing is known")


class PlaceRecord(RecordPart):
    """A stretch of a rule file and what is said of it there."""

    file: str = Field(description="the file as named on the command line")
    line: int = Field(description="first line, from 1", ge=1)
    column: int = Field(description="first column, from 1, in characters", ge=1)
    end_line: int = Field(description="last line", ge=1)
    end_column: int = Field(description="the column after the last character", ge=1)
    label: str = Field(description="what is said of the place")


class DiagnosticRecord(RecordPart):
    """One thing wrong in a rule file."""

    schema_name: Literal["caveat.diagnostic/1"] = Field(alias="schema", description="name and version of the form")
    code: str = Field(description="the code; `caveat explain CODE` prints its page", pattern="^CV[0-9]{3}$")
    severity: Literal["error", "warning"] = Field(description="an error fails; a warning only under `--deny warnings`")
    message: str = Field(description="what is wrong, in one line")
    file: str = Field(description="the file as named on the command line")
    line: int = Field(description="first line, from 1", ge=1)
    column: int = Field(description="first column, from 1, in characters", ge=1)
    end_line: int = Field(description="last line", ge=1)
    end_column: int = Field(description="the column after the last character", ge=1)
    notes: list[str] = Field(description="why it is wrong")
    help: str | None = Field(description="what to do")
    related: list[PlaceRecord] = Field(description="further places that it speaks of")


class RuleTestRecord(RecordPart):
    """What became of one test of a rule file."""

    schema_name: Literal["caveat.test/1"] = Field(alias="schema", description="name and version of the form")
    file: str = Field(description="the file it stands in")
    line: int = Field(description="its first line, from 1", ge=1)
    name: str = Field(description="its name")
    passed: bool = Field(description="whether everything expected came")
    expected: str = Field(description="what was expected; of a test that failed, what did not come")
    got: str = Field(description="the verdict that came, and the decisions")


class CoverageRecord(RecordPart):
    """How the tests exercised one rule or waiver (`caveat test --coverage`)."""

    schema_name: Literal["caveat.coverage/1"] = Field(alias="schema", description="name and version of the form")
    rule: str = Field(description="the rule or waiver")
    decided: int = Field(description="how often it decided", ge=0)
    nearly: int = Field(description="how often one part alone kept it from deciding", ge=0)


class GapRecord(RecordPart):
    """Something that no test has shown, at the clause where it is written (`caveat test --coverage`)."""

    schema_name: Literal["caveat.gap/1"] = Field(alias="schema", description="name and version of the form")
    kind: Literal["decides", "url", "except", "path", "type", "condition", "date", "default"] = Field(
        description="what was not shown"
    )
    rule: str | None = Field(description="the rule or waiver; null for a default")
    message: str = Field(description="the same, as a sentence")
    file: str = Field(description="the file of the clause")
    line: int = Field(description="its first line, from 1", ge=1)
    column: int = Field(description="its first column, from 1", ge=1)
    end_line: int = Field(description="its last line", ge=1)
    end_column: int = Field(description="the column behind its end", ge=1)


class SurvivorRecord(RecordPart):
    """A change of a rule file that no test notices (`caveat test --strength`)."""

    schema_name: Literal["caveat.survivor/1"] = Field(alias="schema", description="name and version of the form")
    kind: Literal["looser", "stricter", "removed", "except", "negated", "unconditional", "path", "pattern", "types", "dates"] = (
        Field(description="what was changed")
    )
    rule: str | None = Field(description="the rule or waiver; null for a default")
    message: str = Field(description="the same, as a sentence")
    file: str = Field(description="the file of the clause")
    line: int = Field(description="its first line, from 1", ge=1)
    column: int = Field(description="its first column, from 1", ge=1)
    end_line: int = Field(description="its last line", ge=1)
    end_column: int = Field(description="the column behind its end", ge=1)
    test: str | None = Field(description="the statements of a test that notices it; null where none was found")


class PackageDefinitionRecord(RecordPart):
    """One extension that a package defines (`caveat packages show`)."""

    url: str = Field(description="its url")
    is_modifier: bool = Field(description="whether it is a modifier")
    title: str | None = Field(description="its title, else its name")
    status: str | None = Field(description="`draft`, `active` or `retired`")
    contexts: list[str] = Field(description="where it may stand: elements, or `extension:` and `fhirpath:` with an expression")
    value_types: list[str] = Field(description="the types that its value may have")
    parts: list[str] = Field(description="the urls of its parts")
    reason: str | None = Field(description="why it is a modifier")
    digest: str | None = Field(description="the SHA-256 of its definition, as the lock pins it")


class PackageRecord(RecordPart):
    """One locked package."""

    schema_name: Literal["caveat.package/1"] = Field(alias="schema", description="name and version of the form")
    name: str = Field(description="its name")
    version: str = Field(description="its version")
    found: str = Field(description="its place beside the rule file, or `cache`")
    sha256: str = Field(description="what the lock pins: of the archive, or of the files of a folder")
    state: Literal["unchanged", "faulty"] = Field(description="whether it is what the lock pins")
    problem: str | None = Field(description="what is not as it was")
    extensions: int = Field(description="how many extensions it defines", ge=0)
    modifiers: int | None = Field(description="how many are modifiers; null where they were not read")
    definitions: list[PackageDefinitionRecord] | None = Field(default=None, description="of `show` only: its extensions")


class FindingRecord(RecordPart):
    """One thing wrong in a definition."""

    requirement: str = Field(description="the requirement of FHIR (docs/requirements.md)")
    code: str = Field(description="a stable name of what is wrong")
    severity: Literal["error", "warning", "information"] = Field(description="how much it weighs")
    message: str = Field(description="what is wrong")
    location: str = Field(description="where in the definition")


class DefinitionRecord(RecordPart):
    """What is wrong with one StructureDefinition (`caveat check --definitions`)."""

    schema_name: Literal["caveat.definition/1"] = Field(alias="schema", description="name and version of the form")
    input: str = Field(description="the input as named on the command line")
    line: int | None = Field(description="its line, from 1, where it has lines")
    url: str | None = Field(description="the url of the definition")
    is_modifier: bool | None = Field(description="whether it defines a modifier; null for what defines no extension")
    findings: list[FindingRecord] = Field(description="what is wrong with it")


RECORDS: dict[str, type[BaseModel]] = {
    "caveat.inventory/1": InventoryRecord,
    "caveat.diagnostic/1": DiagnosticRecord,
    "caveat.test/1": RuleTestRecord,
    "caveat.coverage/1": CoverageRecord,
    "caveat.gap/1": GapRecord,
    "caveat.survivor/1": SurvivorRecord,
    "caveat.package/1": PackageRecord,
    "caveat.definition/1": DefinitionRecord,
    **TRAIL_RECORDS,
}
"""The model of each form by its name; that of `caveat.report/1` is `formats.schema.ReportRecord`."""
