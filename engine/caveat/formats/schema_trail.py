"""The promise of the forms of the audit trail, of comparisons, of logs, and of the files that Caveat leaves: their fields.

Rule 1: as in `schema_lines`: additions are compatible; anything else is a new version; the tests compare what is written with it.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from caveat.formats.schema import GroundWord, RecordPart, VerdictWord

_SHA256 = r"^[0-9a-f]{64}$"
_DIGEST = r"^sha256:[0-9a-f]{64}$"
_TIME = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3,6}Z$"
_DAY = r"^\d{4}-\d{2}-\d{2}$"


# the trail


class AuditDecisionRecord(RecordPart):
    """One decision of a record."""

    url: str | None = Field(description="the url, without its query; null where there is none")
    path: str | None = Field(description="the path of the element that holds it, without indexes")
    location: str | None = Field(description="the place within the document, with indexes")
    slot: str | None = Field(description="the property it stands in")
    value_type: str | None = Field(description="the FHIR type of its value; `complex` for parts")
    verdict: VerdictWord = Field(description="what was decided")
    ground: GroundWord = Field(description="on which ground")
    final: bool = Field(description="whether it counts even below an element that is left out")
    rule: str | None = Field(description="by which rule")
    waiver: str | None = Field(description="under which waiver")
    fault: str | None = Field(description="the code of what is structurally wrong")
    value: str | None = Field(description="the value as JSON, only where the rule says `record value`")


class AuditRecord(RecordPart):
    """One record of the audit trail. What does not go with its kind is null."""

    schema_name: Literal["caveat.audit/1"] = Field(alias="schema", description="name and version of the form")
    sequence: int = Field(description="its number, from 1", ge=1)
    kind: Literal["check", "rerun", "release", "decline", "policy", "prune"] = Field(description="what happened")
    time: str = Field(description="when it was kept (UTC)", pattern=_TIME)
    source: str | None = Field(description="where the document came from, as the caller said")
    input_sha256: str | None = Field(description="the SHA-256 of the bytes; null for a tree or a model", pattern=_SHA256)
    evidence: Literal["document", "tree", "model", "scanned"] | None = Field(description="what was looked at")
    fhir_release: Literal["R4", "R4B", "R5"] | None = Field(description="the release that was judged by")
    resource_type: str | None = Field(description="the type of the resource")
    resource_id: str | None = Field(description="its id: a keyed hash, or as it is where the trail keeps plain ones")
    verdict: VerdictWord | None = Field(description="the verdict")
    within: str | None = Field(description="who vouched for an element alone: `none`, or the digest of a report")
    intent: Literal["read", "modify"] | None = Field(description="what the application was to do")
    judged_on: str | None = Field(description="the day that was judged by", pattern=_DAY)
    policy_name: str | None = Field(description="the policy that judged")
    policy_version: str | None = Field(description="its version")
    policy_digest: str | None = Field(description="its digest", pattern=_DIGEST)
    engine_version: str = Field(description="the version of Caveat")
    problems: str | None = Field(description="the codes of problems, a list as JSON")
    not_checked: str | None = Field(description="what was not checked, a list as JSON")
    held_sha256: str | None = Field(description="the SHA-256 of what the quarantine keeps, encrypted", pattern=_SHA256)
    about: int | None = Field(description="the record that a review or a rerun is about, or up to which was pruned")
    actor: str | None = Field(description="who reviewed or pruned")
    reason: str | None = Field(description="why")
    hash: str = Field(description="the hash of the record over the one before", pattern=_SHA256)
    decisions: list[AuditDecisionRecord] = Field(description="the decisions, in the order of the document")


class HeldRecord(RecordPart):
    """One modifier that holds a resource up, with the columns of HL7's guide FHIR to OMOP."""

    schema_name: Literal["caveat.held/1"] = Field(alias="schema", description="name and version of the form")
    id: int = Field(description="the number of the record that held it, as `release` and `decline` want it", ge=1)
    resource_type: str | None = Field(description="the type of the resource")
    resource_id: str | None = Field(description="its id, as the trail keeps it")
    source_system: str | None = Field(description="where it came from")
    modifier_extension_url: str | None = Field(description="the url; null for a document that cannot be read")
    modifier_extension_value: str = Field(description="the value, `***` unless the rule says `record value`")
    date_quarantined: str = Field(description="when it was held (UTC)", pattern=_TIME)
    review_status: Literal["pending", "released", "declined"] = Field(description="what became of it")
    reviewer_notes: str | None = Field(description="who reviewed it, and why")
    verdict: VerdictWord = Field(description="the verdict on the resource")
    has_bytes: bool = Field(description="whether its bytes were kept, so that it can be decided again")


class RerunRecord(RecordPart):
    """What is held, decided again."""

    schema_name: Literal["caveat.rerun/1"] = Field(alias="schema", description="name and version of the form")
    id: int = Field(description="the number of the record that held it", ge=1)
    resource_type: str | None = Field(description="the type of the resource")
    old: VerdictWord = Field(description="the verdict that held it")
    new: VerdictWord = Field(description="the verdict under the other policy")
    policy: str = Field(description="the digest of that policy", pattern=_DIGEST)


class VerificationFindingRecord(RecordPart):
    """Something that is not as it was written."""

    record: int | None = Field(description="the record; null where it is the trail itself")
    message: str = Field(description="what is wrong")


class VerificationRecord(RecordPart):
    """Whether a trail is as it was written."""

    schema_name: Literal["caveat.verification/1"] = Field(alias="schema", description="name and version of the form")
    whole: bool = Field(description="whether nothing is wrong")
    records: int = Field(description="how many records there are", ge=0)
    first: int = Field(description="the first of them", ge=0)
    last: int = Field(description="the last of them", ge=0)
    checkpoints: int = Field(description="how many checkpoints there are", ge=0)
    pruned: int = Field(description="up to which record was pruned", ge=0)
    anchored: int = Field(description="up to which record the line that was handed over holds", ge=0)
    signed: int = Field(description="up to which record a signature holds", ge=0)
    findings: list[VerificationFindingRecord] = Field(description="what is wrong, the first hundred")
    findings_omitted: int = Field(description="how many more there are", ge=0)
    proves: list[str] = Field(description="what that proves, in words")
    cannot: list[str] = Field(description="what it cannot prove, in words")


# the report on a trail


class AnswerTableRecord(RecordPart):
    """A table that shows an answer."""

    caption: str = Field(description="what it has")
    rows: list[dict[str, str | int | float | None]] = Field(description="its rows by the names of the columns; null: not checked")
    rows_omitted: int = Field(description="how many rows there are beside them", ge=0)


class AnswerRecord(RecordPart):
    """One of the questions to who must answer for a feed, and the answer."""

    key: str = Field(description="a stable name of the question")
    question: str = Field(description="the question")
    level: Literal["good", "care", "stop", "open"] = Field(description="in order, look at it, act on it, or nobody can tell")
    says: list[str] = Field(description="the answer, in sentences")
    tables: dict[str, AnswerTableRecord] = Field(description="what shows that it is so, by stable names")


class PointRecord(RecordPart):
    """One point of HL7's checklist."""

    number: int = Field(description="its number there", ge=1)
    words: str = Field(description="its words there")
    evidence: str | None = Field(description="what shows that it is met; null where Caveat has nothing")
    left_open: str | None = Field(description="what stays open")


class ChecklistRecord(RecordPart):
    """HL7's checklist for FHIR-to-OMOP pipelines, as far as the trail has evidence."""

    source: str = Field(description="where it is published")
    points: list[PointRecord] = Field(description="its points")


class AuditReportRecord(RecordPart):
    """The answers on a feed, from its trail: one object on several lines."""

    schema_name: Literal["caveat.audit-report/1"] = Field(alias="schema", description="name and version of the form")
    title: str = Field(description="what the report is on")
    says: str = Field(description="the verdict on the feed, in one sentence")
    level: Literal["good", "care", "stop", "open"] = Field(description="how that is to be taken")
    facts: dict[str, str] = Field(description="period, policy and denominators")
    answers: list[AnswerRecord] = Field(description="the answers, in their order")
    checklist: ChecklistRecord = Field(description="the checklist")


# what would be decided otherwise


class ChangeAnswerRecord(RecordPart):
    """What one policy decides."""

    verdict: VerdictWord = Field(description="the verdict")
    ground: GroundWord | None = Field(description="the ground; null where it sees no modifier")
    rule: str | None = Field(description="the rule or waiver")


class ChangeWitnessRecord(RecordPart):
    """How the document that shows a change is to be judged."""

    release: Literal["R4", "R4B", "R5"] = Field(description="by which release")
    date: str = Field(description="on which day", pattern=_DAY)
    intent: Literal["read", "modify"] = Field(description="for what")
    file: str | None = Field(description="where it was saved (`--witnesses`)")


class ChangeRecord(RecordPart):
    """What two policies decide differently, for one url, path, type, value and span of days; a change has lines of one number."""

    schema_name: Literal["caveat.change/1"] = Field(alias="schema", description="name and version of the form")
    change: Literal["looser", "stricter"] = Field(description="which way")
    number: int = Field(description="the change", ge=1)
    group: int = Field(description="changes of one group have one cause", ge=1)
    old: ChangeAnswerRecord = Field(description="what the old policy decides")
    new: ChangeAnswerRecord = Field(description="what the new policy decides")
    path: str = Field(description="on which path")
    url: str | None = Field(description="which url, pattern, or `anything`; null where there is none")
    value_type: str | None = Field(description="with a value of which type; null for every one")
    value: Any = Field(description="with which value, as FHIR JSON; null for every one")
    # In the wire form it is `from`, which Python keeps for itself.
    since: str | None = Field(alias="from", description="from which day; null for ever before", pattern=_DAY)
    to: str | None = Field(description="until which day, included; null for ever after", pattern=_DAY)
    kind: Literal["modifier", "plain-in-modifier", "modifier-in-plain", "implicit-rules", "empty", "incomplete"] = Field(
        description="what is decided"
    )
    slot: str = Field(description="the property it stands in")
    url_is: str = Field(description="`literal`, `pattern`, `anything`, `none`, or `known modifier` and `known plain`")
    other_types: bool = Field(description="whether the type is every one that no rule there names")
    except_paths: list[str] = Field(description="paths that are not meant")
    value_text: str | None = Field(description="the value as a rule file would say it")
    contradicted: bool = Field(description="whether another of the same url beside it has another value")
    intent: Literal["read", "modify"] = Field(description="`modify`: only for who writes back")
    where: Literal["no-narrative", "nothing-can-be-left-out", "no-narrative-and-nothing-can-be-left-out"] | None = Field(
        description="what is so of the place, where it is seen only there"
    )
    among: Literal["elements", "values-of-extensions"] | None = Field(description="which of the places are meant; null for all")
    releases: list[Literal["R4", "R4B", "R5"]] = Field(description="in which releases")
    name: str | None = Field(description="what the rule files call the url")
    witness: ChangeWitnessRecord = Field(description="the document that shows it")


class ReplayFirstRecord(RecordPart):
    """Where the first of past decisions is."""

    input: str | None = Field(description="the input, as its report names it")
    line: int | None = Field(description="its line, where it has lines")
    location: str | None = Field(description="the place within, with indexes")


class ReplayRecord(RecordPart):
    """What would become of past decisions that would change alike."""

    schema_name: Literal["caveat.replay/1"] = Field(alias="schema", description="name and version of the form")
    change: Literal["looser", "stricter", "untold"] = Field(description="which way; `untold`: it depends on a value")
    old: ChangeAnswerRecord = Field(description="what was decided")
    new: ChangeAnswerRecord | None = Field(description="what would be decided; null where that cannot be told")
    path: str | None = Field(description="on which path")
    slot: str | None = Field(description="in which property")
    url: str | None = Field(description="which url")
    value_type: str | None = Field(description="with a value of which type")
    count: int = Field(description="how many decisions there are", ge=1)
    first: ReplayFirstRecord = Field(description="where the first is")


# files


class WitnessRecord(RecordPart):
    """One witness: what it shows, and how to see it."""

    number: int = Field(description="the change that it shows", ge=1)
    file: str = Field(description="its file in the folder")
    change: str = Field(description="`looser` or `stricter`")
    old: VerdictWord = Field(description="the verdict of the old policy")
    new: VerdictWord = Field(description="the verdict of the new policy")
    check_old: list[str] = Field(description="the command that shows the old verdict, as words")
    check_new: list[str] = Field(description="the command that shows the new verdict, as words")


class WitnessesRecord(RecordPart):
    """The witnesses of a comparison."""

    schema_name: Literal["caveat.witnesses/1"] = Field(alias="schema", description="name and version of the form")
    old: str = Field(description="the old policy, as named on the command line")
    new: str = Field(description="the new one")
    witnesses: list[WitnessRecord] = Field(description="the witnesses")


class ResumeInputRecord(RecordPart):
    """An input as it was when the run began."""

    name: str = Field(description="its name as given")
    size: int = Field(description="its bytes", ge=0)
    modified: int = Field(description="when it was last written to, in nanoseconds")
    inode: int = Field(description="which file it is")


class ResumeRecord(RecordPart):
    """How far a routed run is that was interrupted."""

    schema_name: Literal["caveat.resume/1"] = Field(alias="schema", description="name and version of the form")
    asked: dict[str, Any] = Field(description="policy, options and version of Caveat: a run goes on only as the same run")
    inputs: list[ResumeInputRecord] = Field(description="the inputs")
    source: int = Field(description="at which of them it is, from 0", ge=0)
    offset: int = Field(description="at which byte of that", ge=0)
    line: int = Field(description="at which line of that", ge=1)
    taken: int = Field(description="how many bytes were read of all", ge=0)
    added: int = Field(description="how many line feeds were added that the inputs lacked", ge=0)
    sizes: dict[str, int] = Field(description="how many bytes each output has")
    unended: list[str] = Field(description="outputs of which the last line lacks its line feed")
    tally: dict[VerdictWord, int] = Field(description="how many documents of each verdict")
    recorded: int | None = Field(description="the last record of the trail that it made, or began behind; null without a trail")
    is_written: bool = Field(description="whether all is written and only the names are to be given")


class LockedPackageRecord(RecordPart):
    """One package as the lock pins it."""

    name: str = Field(description="its name")
    version: str = Field(description="its version")
    sha256: str = Field(description="of the archive, or over the files of a folder (docs/packages.md)", pattern=_SHA256)
    found: str = Field(description="its place beside the rule file, or `cache`")
    dependencies: dict[str, str] = Field(description="the packages that it names, with their versions")
    extensions: dict[str, str] = Field(description="each extension that it defines, with the digest of its definition")


class LockRecord(RecordPart):
    """The packages of a policy."""

    schema_name: Literal["caveat.lock/1"] = Field(alias="schema", description="name and version of the form")
    packages: list[LockedPackageRecord] = Field(description="the packages")


# logs


class LogRecord(BaseModel):
    """One event. The fields behind `event` are those of the event, as docs/telemetry.md lists them: strings, numbers and null."""

    model_config = ConfigDict(frozen=True, extra="allow")

    __pydantic_extra__: dict[str, str | int | None] = Field(init=False)
    schema_name: Literal["caveat.log/1"] = Field(alias="schema", description="name and version of the form")
    time: str = Field(description="when (UTC)", pattern=_TIME)
    level: Literal["debug", "info", "warning", "error"] = Field(description="how much it weighs")
    logger: Literal["caveat.check", "caveat.policy", "caveat.bulk", "caveat.audit"] = Field(description="the name of the logger")
    message: str = Field(description="what happened, the same sentence for each event")
    event: str = Field(description="the name of the event")


TRAIL_RECORDS: dict[str, type[BaseModel]] = {
    "caveat.change/1": ChangeRecord,
    "caveat.replay/1": ReplayRecord,
    "caveat.witnesses/1": WitnessesRecord,
    "caveat.audit/1": AuditRecord,
    "caveat.held/1": HeldRecord,
    "caveat.rerun/1": RerunRecord,
    "caveat.verification/1": VerificationRecord,
    "caveat.audit-report/1": AuditReportRecord,
    "caveat.resume/1": ResumeRecord,
    "caveat.lock/1": LockRecord,
    "caveat.log/1": LogRecord,
}
"""The model of each of these forms by its name."""
