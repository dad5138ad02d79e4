"""The library: one call before processing.

Rule 1: `check` never raises on data; `load` hands out a model only of what may be processed.
Rule 2: what the library was called with wrongly raises a `CaveatError` that names the right call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Any, TypeVar, cast

from caveat.asking import (
    UNSAID,
    Approved,
    Data,
    Unsaid,
    approving,
    calling,
    class_of,
    day_of,
    first_parameter,
    one_of,
    place_asked,
    release_of,
    text_asked,
    trail_asked,
    vouching,
)
from caveat.bulk.judging import Plan
from caveat.bulk.lines import lines_asked
from caveat.bulk.needles import needles_of
from caveat.bulk.streams import opened
from caveat.documents import Document, Kind, NotRead, document_of, kind_of
from caveat.domain.decision import Intent, Verdict
from caveat.domain.errors import UsageError
from caveat.domain.report import Report as Told
from caveat.intake.limits import Limits
from caveat.intake.mapping import tree_of
from caveat.intake.reading import Form
from caveat.intake.root import Wire
from caveat.intake.triage import Needles
from caveat.judge.check import Judged, Question, judge_bytes, judge_tree
from caveat.judge.fold import counting
from caveat.policy.policy import Policy
from caveat.results import Line, NotLoadable, Passed, Refused, Report, RuleFileError, Triage
from caveat.spec.release import Release
from caveat.telemetry.logs import log_policy
from caveat.telemetry.seen import Seen
from caveat.telemetry.watching import watching

if TYPE_CHECKING:
    from pydantic import BaseModel

    from caveat.audit.log import AuditLog

__all__ = ["UNSAID", "Approved", "Data", "Guard", "Line", "NotLoadable", "Passed", "Refused", "Report", "RuleFileError", "Triage"]

M = TypeVar("M")
_NOTHING_SAID = (None,) * 5
_DAY = 24 * 60 * 60
_FIRST = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Guard:
    """A policy ready to judge. Thread-safe, picklable, cheap to share.

    With `audit` every answer is recorded before it is given; where it cannot be, AuditUnavailable is raised in its place.
    """

    policy: Policy
    audit: AuditLog | None = field(default=None, kw_only=True, compare=False)
    source: str | None = field(default=None, kw_only=True)
    limits: Limits = field(default=Limits(), kw_only=True)
    _last: list[tuple[float, Question]] = field(default_factory=list, init=False, repr=False, compare=False)
    _needles: Needles = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what is no policy, no limits, or no name of a source."""
        if not isinstance(self.policy, Policy):
            raise UsageError(f"a guard takes a compiled policy, not a {type(self.policy).__name__}; use `Guard.from_files(...)`")
        if not isinstance(self.limits, Limits):
            raise UsageError(f"`limits` is a `Limits`, not a {type(self.limits).__name__}; pass `Limits(depth=64)` or the like")
        text_asked(self.source, "source")
        object.__setattr__(self, "_needles", needles_of(self.policy))
        if self.audit is not None:
            trail_asked(self.audit)

    @classmethod
    def from_files(
        cls, path: str | Path, *, audit: AuditLog | None = None, source: str | None = None, limits: Limits = Limits()
    ) -> Guard:
        """Return a guard with the policy in the rule file `path` (or a pack's folder, or a shipped pack's name).

        RuleFileError carries every diagnostic; UsageError when there is no such file.
        """
        if not isinstance(path, (str, Path)):
            raise UsageError(f"a policy is loaded from a rule file, a folder or a shipped pack, not from a {type(path).__name__}")
        from caveat.packs.policy_cache import policy_at  # noqa: PLC0415  the check itself needs no rule source

        found = policy_at(path)
        if not isinstance(found, Policy):
            raise RuleFileError(found.diagnostics, found.texts)
        log_policy(found.named)
        return cls(found, audit=audit, source=source, limits=limits)

    @classmethod
    def from_text(
        cls, text: str, *, audit: AuditLog | None = None, source: str | None = None, limits: Limits = Limits()
    ) -> Guard:
        """Return a guard with the policy that `text` spells; RuleFileError carries every diagnostic."""
        if not isinstance(text, str):
            raise UsageError(f"`from_text` takes the text of a rule file, not a {type(text).__name__}; `from_files` takes a file")
        from caveat.packs.policies import load_policy_text  # noqa: PLC0415  the check itself needs no rule source

        loaded = load_policy_text(text)
        if loaded.policy is None:
            raise RuleFileError(loaded.diagnostics, loaded.texts)
        log_policy(loaded.policy.named)
        return cls(loaded.policy, audit=audit, source=source, limits=limits)

    @classmethod
    def default(cls) -> Guard:
        """Return the guard that knows no rule and rejects every modifier."""
        return cls(Policy("default", "0"))

    def check(
        self,
        data: Data,
        model: type[Any] | None = None,
        *,
        release: str | None = None,
        today: date | None = None,
        intent: str = "read",
        at: str | None = None,
        wire: str = "fhir",
        within: Report | Unsaid | None = UNSAID,
        source: str | None = None,
        form: str | None = None,
        approved: Approved = None,
    ) -> Report:
        """Return the report on `data`; never raises on data.

        `data` is content (bytes, str), a tree (mapping), a model of fhir.resources, or a file (Path), which its name says to be
        JSON, XML, or either as gzip; a name that says nothing leaves it to the content. `model` is the class
        that it is expected to be, `at` an element path or type for data without one. An element alone needs `within`: the
        report on its resource, or None when nobody vouches. `today` is the day in UTC. `form` is `json` or `xml`; without it a
        file is what its name ends in, and content what it begins as. `approved` are releases of what a person looked at, or the
        audit trail that has them: what they release of exactly these bytes under this policy is accepted. UsageError when the
        call means nothing, AuditUnavailable when the answer cannot be recorded.
        """
        with watching("caveat.check") as seen:
            said = (model, release, today, at, source)
            if isinstance(data, bytes) and said == _NOTHING_SAID and within is UNSAID:
                raw = data if type(data) is bytes else bytes(data)
                stated = None if form is None else _form_asked(form)
                judged = judge_bytes(self._usual_question(intent, wire), raw, stated, keep=False, made=Report)
                report = Report.just_made(judged) if approved is None else Report.of(approving(judged, approved))
            else:
                asked = self._question(
                    data, model, release=release, today=today, intent=intent, at=at, wire=wire, within=within, source=source
                )
                report = Report.of(approving(_judge(asked, data, _form_asked(form), keep=False), approved))
            return self._recorded(seen, report, form, at, wire)

    def load(
        self,
        data: Data,
        model: type[M] | None = None,
        *,
        release: str | None = None,
        today: date | None = None,
        intent: str = "read",
        at: str | None = None,
        within: Report | Unsaid | None = UNSAID,
        source: str | None = None,
        form: str | None = None,
        approved: Approved = None,
    ) -> Passed[M]:
        """Return what may be processed of `data`, as a model of fhir.resources; the arguments are those of `check`.

        Refused when it must not be processed, NotLoadable when fhir.resources cannot hold what was let through.
        """
        with watching("caveat.check") as seen:
            asked = self._question(data, model, release=release, today=today, intent=intent, at=at, within=within, source=source)
            judged = approving(_judge(asked, data, _form_asked(form)), approved)
            report = Report.of(judged)
            if not report.may_process_reduced or judged.tree is None:
                raise Refused(self._recorded(seen, report, form, at))
            is_reduced = report.verdict is Verdict.EXCLUDE
            tree = report.reduced() if is_reduced else judged.tree
            try:
                noted, made = _loaded(asked, replace(judged, tree=tree), model)
            except NotLoadable:
                self._recorded(seen, report, form, at)
                raise
            self._recorded(seen, report, form, at)
        told = counting(report.decisions)
        return Passed(
            resource=cast("M", made),
            report=Report.of(replace(judged, report=noted)),
            warnings=tuple(d for d in told if d.verdict is Verdict.WARN),
            excluded=tuple(d for d in told if d.verdict is Verdict.EXCLUDE),
            is_reduced=is_reduced,
            original=data,
        )

    def scan(self, raw: bytes | bytearray | memoryview | str) -> Triage:
        """Say whether a modifier can be in `raw` at all, without reading it; it says nothing of whether it is valid.

        What FREE means, and what it does not, stands in `caveat.intake.triage` with its proof. UsageError for what is no
        content: a file is read first, a tree or a model is for `check`.
        """
        if not isinstance(raw, (bytes, bytearray, memoryview, str)):
            raise UsageError(f"`scan` looks at bytes or str, not at a {type(raw).__name__}; read the file first, or ask `check`")
        return Triage.LOOK_CLOSER if self._needles.may_hold(raw if type(raw) is bytes else _bytes_of(raw)) else Triage.FREE

    def ndjson(
        self,
        lines: str | Path | Iterable[bytes],
        *,
        release: str | None = None,
        today: date | None = None,
        intent: str = "read",
        source: str | None = None,
        workers: int = 1,
        scan: bool = False,
    ) -> Iterator[Line]:
        """Give each line of an NDJSON file with its report, in order; a bad line is that line's verdict.

        `lines` is the name of a file, gzip where it ends in `.gz`, or bytes lines cut at 0x0A. Lines without anything on them
        are passed over, unless they are beyond the limit. A gzip file that proves damaged, or inflates too far, ends in a line
        without number and bytes whose report refuses the file, whatever was said of the lines before it. `workers` processes
        share a file; what comes out is the same, and where one is lost a RuntimeError. `scan` reads only lines in which a raw
        scan finds something; the others are `clear`, with the evidence `scanned`, which says nothing of whether they are valid.
        UsageError when the call means nothing, and with the first line that is asked for when the file cannot be read.
        """
        if isinstance(lines, (bytes, bytearray, memoryview, Mapping)) or not isinstance(lines, (Path, Iterable)):
            raise UsageError("`ndjson` reads a file or lines; pass the file's name, or the file opened with `rb`")
        asked = self._question(b"", None, release=release, today=today, intent=intent, source=source)
        plan = Plan(asked, scans=bool(scan), tells_all=True)
        found = lines_asked(plan, lines, workers)
        return found if self.audit is None else self._recorded_lines(found)

    def protects(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap a function of a resource: it is called with the checked model in place of what it was handed.

        The class is taken from the annotation of the first parameter. What may not be processed raises Refused instead.
        A coroutine function stays one.
        """
        if not callable(function):
            raise UsageError(f"`protects` wraps a function, not a {type(function).__name__}; write `@guard.protects` above one")
        name, model = first_parameter(function)

        def with_model(args: tuple[Any, ...], options: dict[str, Any]) -> tuple[Any, ...]:
            """Return the arguments, with the first as a model that was checked."""
            if args:
                return self.load(args[0], model).resource, *args[1:]
            if name in options:
                options[name] = self.load(options[name], model).resource
            return ()  # without a resource the function says itself what is missing

        return calling(function, with_model)

    def _usual_question(self, intent: str, wire: str) -> Question:
        """Return what is asked of content where nothing else was said; the last such question is kept."""
        day = time() // _DAY  # the number of the day in UTC, which costs less than its date
        for kept, last in self._last:
            if kept == day and last.intent == intent and last.wire == wire:
                return last
        today = date.fromordinal(_FIRST + int(day))
        asked = self._question(b"", None, release=None, today=today, intent=intent, wire=wire, source=None)
        self._last[:] = [(day, asked)]
        return asked

    def _recorded(self, seen: Seen, report: Report, form: str | None, at: str | None, wire: str = "fhir") -> Report:
        """Return a report that is recorded, where it is to be, and told to whoever watches."""
        if self.audit is not None:
            from caveat.audit.quarantine import How  # noqa: PLC0415  a check without a trail does not need it

            self.audit.record(report, self.policy, How(form, at, wire))
        seen.told(report, form)
        return report

    def _recorded_lines(self, lines: Iterator[Line]) -> Iterator[Line]:
        """Give lines in groups, each when all of it is recorded: a group costs the disk as much as one line does."""
        from caveat.audit.grouping import recorded  # noqa: PLC0415  as above
        from caveat.audit.quarantine import How  # noqa: PLC0415  as above

        assert self.audit is not None  # noqa: S101  the caller asked
        log, how = self.audit, How(Form.JSON)
        return recorded(lines, lambda group: log.record_many([line.report for line in group], self.policy, how))

    def _question(
        self,
        data: Data,
        model: type | None,
        *,
        release: str | None,
        today: date | None,
        intent: str,
        source: str | None,
        at: str | None = None,
        wire: str = "fhir",
        within: Report | Unsaid | None = UNSAID,
    ) -> Question:
        """Put together what is asked of `data`."""
        kind = class_of(data, model)
        if isinstance(within, Report):  # a part is judged as its resource was, unless the caller says otherwise
            release, today = release or within.release, today or within.date
        chosen, day = release_of(self.policy, kind, release), day_of(today)
        place = place_asked(kind, at, chosen)
        inherited, said = vouching(within, place, (self.policy.digest, intent, chosen.value, day))
        return Question(
            policy=self.policy,
            release=chosen,
            today=day,
            intent=one_of(Intent, intent, "intent"),
            at=place,
            wire=one_of(Wire, wire, "wire"),
            limits=self.limits,
            inherited=inherited,
            within=said,
            source=text_asked(source, "source") or self.source,
        )


# judging


def _form_asked(form: str | None) -> Form | None:
    return one_of(Form, form, "form") if form is not None else None


def _judge(question: Question, data: Data, form: Form | None = None, *, keep: bool = True) -> Judged:
    """Judge `data` in whatever form it was handed over; `form` is what was said of how content is written.

    Without `keep` a tree that can be read again from bytes is not kept.
    """
    if isinstance(data, (bytes, bytearray, memoryview, str)):
        return judge_bytes(question, _bytes_of(data), form, keep=keep, made=Report)
    if isinstance(data, Document):
        return judge_bytes(question, data.raw, data.form, keep=keep, made=Report)
    if isinstance(data, NotRead):
        return judge_tree(question, data.fault, "document")
    if isinstance(data, Path):
        found = _document(data, question.limits)
        return _judge(question, replace(found, form=form) if form and isinstance(found, Document) else found, keep=keep)
    if isinstance(data, Mapping):
        return judge_tree(question, tree_of(data))
    from caveat import models  # noqa: PLC0415  only when a model was handed over

    if models.is_model(data):
        return judge_tree(question, models.to_tree(cast("BaseModel", data)), "model")
    raise UsageError(f"cannot check a {type(data).__name__}; pass bytes, str, a mapping, a Path or a model of fhir.resources")


def _bytes_of(content: bytes | bytearray | memoryview | str) -> bytes:
    """Return content as bytes; halves of surrogate pairs become bytes that are no UTF-8, and are refused for that."""
    return content.encode("utf-8", "surrogatepass") if isinstance(content, str) else bytes(content)


def _loaded(question: Question, judged: Judged, model: type | None) -> tuple[Told, object]:
    """Return the model of what was let through, and the report with what is to be said of it; else NotLoadable."""
    from caveat import models  # noqa: PLC0415  fhir.resources is slow to import

    report = judged.report
    path = question.at.shapes[0].name if question.at is not None else report.resource_type
    wanted = cast("type[BaseModel]", model) if model else models.model_class(path or "", question.release)
    made = models.to_model(judged.tree if isinstance(judged.tree, Mapping) else {}, wanted)
    if isinstance(made, list):
        raise NotLoadable(Report.of(judged), tuple(made))
    if question.release is Release.R4:
        report = replace(report, problems=(*report.problems, models.R4_NOTE))
    return report, made


def _document(path: Path, limits: Limits) -> Document | NotRead:
    """Return the one document of a file; UsageError when its name says that it holds several."""
    kind = kind_of(path.name)
    if kind is Kind.LINES:
        raise UsageError(f"{path} holds one document a line; ask `ndjson` for each")
    if kind is Kind.ARCHIVE:
        raise UsageError(f"{path} is an archive; `caveat check` reads it whole, the library its members as they are unpacked")
    with opened(path) as file:
        return document_of(str(path), file, limits)
