"""The library: one call before processing.

Rule 1: `check` never raises on data; `load` hands out a model only of what may be processed.
Rule 2: what the library was called with wrongly raises a `CaveatError` that names the right call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import wraps
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast, get_type_hints

from caveat.domain import report as domain
from caveat.domain.decision import Decision, Intent, Verdict
from caveat.domain.errors import CaveatError, UsageError
from caveat.intake.limits import Limits
from caveat.intake.scan import may_hold_modifier
from caveat.intake.walk import Wire
from caveat.judge.check import Judged, Question, judge_bytes, judge_tree
from caveat.judge.fold import counting, excluded
from caveat.judge.reduce import reduced
from caveat.policy.policy import Policy
from caveat.spec.element_name import place_of
from caveat.spec.release import Release

if TYPE_CHECKING:
    from pydantic import BaseModel

    from caveat.domain.diagnostic import Diagnostic

Data = bytes | bytearray | memoryview | str | Mapping[str, Any] | Path | object
M = TypeVar("M")


class _Unsaid:
    """The type of `UNSAID`."""

    def __repr__(self) -> str:
        return "UNSAID"


UNSAID: Final = _Unsaid()
"""What `within` is until the caller says whether somebody vouches for an element alone."""


class RuleFileError(CaveatError):
    """A rule file that cannot be loaded; `diagnostics` has every mistake in it."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...], texts: Mapping[str, str]) -> None:
        """Say every mistake of `diagnostics`, with its line from `texts`, by file name."""
        from caveat.formats.diagnostic import render  # noqa: PLC0415  only when something is wrong

        super().__init__("\n\n".join(render(each, texts.get(each.span.file, "")) for each in diagnostics))
        self.diagnostics = diagnostics


class Triage(StrEnum):
    """What a raw scan can say of a document."""

    FREE = "no modifier can be here"
    LOOK_CLOSER = "look closer"


class Report(domain.Report):
    """A report as the library hands it out: what was decided, and the forms that others read it in."""

    __slots__ = ("_judged",)
    _judged: Judged

    @classmethod
    def of(cls, judged: Judged) -> Report:
        """Return the report of `judged`, with its tree kept for the reduced form."""
        made = cls(**{each.name: getattr(judged.report, each.name) for each in fields(domain.Report)})
        object.__setattr__(made, "_judged", judged)
        return made

    def reduced(self) -> dict[str, Any]:
        """Return the reduced form: a copy without the excluded elements, tagged SUBSETTED.

        It is never to be stored or sent as the resource, and supports no negative finding. CaveatError when the resource may
        not be processed even so.
        """
        tree = self._judged.tree
        if not self.may_process_reduced or tree is None:
            raise CaveatError("this resource may not be processed, not even in reduced form; ask `may_process_reduced` first")
        root = self.resource_type or ""
        return reduced(tree, excluded(self.decisions), root)

    def to_outcome(self) -> dict[str, Any]:
        """Return the report as a FHIR OperationOutcome; it holds no value of the resource."""
        from caveat.formats.outcome import outcome  # noqa: PLC0415  only where it is asked for

        return outcome(self)

    def to_record(self) -> dict[str, Any]:
        """Return the report in its wire form, `caveat.report/1`."""
        from caveat.formats.record import record  # noqa: PLC0415  it needs pydantic

        return record(self)

    @property
    def digest(self) -> str:
        """The digest of the report's wire form: `sha256:` and 64 hexadecimal digits."""
        from caveat.formats.record import to_json  # noqa: PLC0415  it needs pydantic

        return "sha256:" + hashlib.sha256(to_json(self).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Passed(Generic[M]):
    """What was let through. `resource` is the model, in its reduced form when something was excluded (`is_reduced`).

    `warnings` are the decisions that must go with every output, `excluded` those that left something out, `original` is what
    the caller handed over, bytes as received.
    """

    resource: M
    report: Report
    warnings: tuple[Decision, ...]
    excluded: tuple[Decision, ...]
    is_reduced: bool
    original: Any


class Refused(CaveatError):
    """A resource that must not be processed; `report` says why."""

    def __init__(self, report: Report) -> None:
        """Carry `report`, whose words are the message."""
        super().__init__(str(report))
        self.report = report


class NotLoadable(CaveatError):
    """A resource that was let through, but that fhir.resources cannot hold; `problems` says where and why."""

    def __init__(self, report: Report, problems: tuple[domain.Problem, ...]) -> None:
        """Carry `report` and `problems`, the first of which is in the message."""
        first = problems[0]
        where = f" at {first.location}" if first.location else ""
        super().__init__(f"fhir.resources refuses the resource{where}: {first.message} ({len(problems)} in all)")
        self.report = report
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an NDJSON file: its number from 1, its bytes as received without the line end, and its report."""

    number: int
    raw: bytes
    report: Report


@dataclass(frozen=True, slots=True)
class Guard:
    """A policy ready to judge. Thread-safe, picklable, cheap to share."""

    policy: Policy
    source: str | None = None
    limits: Limits = Limits()

    @classmethod
    def from_files(cls, path: str | Path, *, source: str | None = None, limits: Limits = Limits()) -> Guard:
        """Return a guard with the policy in the rule file `path` (or a pack's folder, or a shipped pack's name).

        RuleFileError carries every diagnostic; UsageError when there is no such file.
        """
        from caveat.packs.policies import load_policy  # noqa: PLC0415  the check itself needs no rule source

        loaded = load_policy(path)
        if loaded.policy is None:
            raise RuleFileError(loaded.diagnostics, loaded.texts)
        return cls(loaded.policy, source, limits)

    @classmethod
    def from_text(cls, text: str, *, source: str | None = None, limits: Limits = Limits()) -> Guard:
        """Return a guard with the policy that `text` spells; RuleFileError carries every diagnostic."""
        from caveat.packs.policies import load_policy_text  # noqa: PLC0415  the check itself needs no rule source

        loaded = load_policy_text(text)
        if loaded.policy is None:
            raise RuleFileError(loaded.diagnostics, loaded.texts)
        return cls(loaded.policy, source, limits)

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
        within: Report | None | _Unsaid = UNSAID,
        source: str | None = None,
    ) -> Report:
        """Return the report on `data`; never raises on data.

        `data` is content (bytes, str), a tree (mapping), a model of fhir.resources, or a file (Path). `model` is the class
        that it is expected to be, `at` an element path or type for data without one. An element alone needs `within`: the
        report on its resource, or None when nobody vouches. `today` is the day in UTC. UsageError when the call means nothing.
        """
        return Report.of(self._judge(data, model, release, today, intent, at, wire, within, source))

    def load(
        self,
        data: Data,
        model: type[M] | None = None,
        *,
        release: str | None = None,
        today: date | None = None,
        intent: str = "read",
        at: str | None = None,
        within: Report | None | _Unsaid = UNSAID,
        source: str | None = None,
    ) -> Passed[M]:
        """Return what may be processed of `data`, as a model of fhir.resources; the arguments are those of `check`.

        Refused when it must not be processed, NotLoadable when fhir.resources cannot hold what was let through.
        """
        judged = self._judge(data, model, release, today, intent, at, "fhir", within, source)
        report = Report.of(judged)
        if not report.may_process_reduced or judged.tree is None:
            raise Refused(report)
        is_reduced = report.verdict is Verdict.EXCLUDE
        return self._passed(report, report.reduced() if is_reduced else judged.tree, model, data, is_reduced=is_reduced)

    def _passed(
        self, report: Report, tree: Mapping[str, Any], model: type[M] | None, data: Data, *, is_reduced: bool
    ) -> Passed[M]:
        """Return `tree` as a model, with what the report says of it."""
        from caveat import models  # noqa: PLC0415  fhir.resources is slow to import

        release = Release.of(report.release)
        wanted = cast("type[BaseModel]", model) if model else models.model_class(report.resource_type or "", release)
        made = models.to_model(tree, wanted)
        if isinstance(made, list):
            raise NotLoadable(report, tuple(made))
        if release is Release.R4:
            noted = replace(report._judged.report, problems=(*report.problems, models.R4_NOTE))  # noqa: SLF001  one class in two names
            report = Report.of(replace(report._judged, report=noted))  # noqa: SLF001  see above
        told = counting(report.decisions)
        return Passed(
            resource=cast("M", made),
            report=report,
            warnings=tuple(d for d in told if d.verdict is Verdict.WARN),
            excluded=tuple(d for d in told if d.verdict is Verdict.EXCLUDE),
            is_reduced=is_reduced,
            original=data,
        )

    def scan(self, raw: bytes) -> Triage:
        """Say whether a modifier can be in `raw` at all, without reading it; it says nothing of whether it is valid."""
        return Triage.LOOK_CLOSER if may_hold_modifier(raw) else Triage.FREE

    def ndjson(
        self,
        lines: Path | Iterable[bytes],
        *,
        release: str | None = None,
        today: date | None = None,
        intent: str = "read",
        source: str | None = None,
    ) -> Iterator[Line]:
        """Give each line of an NDJSON file with its report, in order; a bad line is that line's verdict.

        `lines` is a file, or bytes lines cut at 0x0A. Lines without anything on them are passed over.
        """
        if isinstance(lines, Path):
            with _opened(lines) as file:
                yield from self.ndjson(file, release=release, today=today, intent=intent, source=source)
            return
        for number, line in enumerate(lines, 1):
            raw = line.removesuffix(b"\n")
            if raw.strip(b" \t\r"):
                judged = self._judge(raw, None, release, today, intent, None, "fhir", UNSAID, source)
                yield Line(number, raw, Report.of(replace(judged, report=replace(judged.report, line=number))))

    def protects(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap a function of a resource: it is called with the checked model in place of what it was handed.

        The class is taken from the annotation of the first parameter. What may not be processed raises Refused instead.
        """
        hints = get_type_hints(function)
        model = next((hint for name, hint in hints.items() if name != "return"), None)

        @wraps(function)
        def protected(data: Data, *args: Any, **options: Any) -> Any:
            return function(self.load(data, model).resource, *args, **options)

        return protected

    def _judge(
        self,
        data: Data,
        model: type | None,
        release: str | None,
        today: date | None,
        intent: str,
        at: str | None,
        wire: str,
        within: Report | None | _Unsaid,
        source: str | None,
    ) -> Judged:
        """Put the question together and judge."""
        chosen = self._release(data, model, release)
        place = place_of(at or _name_of(model), chosen) if at or model else None
        alone = place is not None and not place.is_root
        inherited, said = _vouching(within, alone=alone, path=place.path if place else "")
        question = Question(
            policy=self.policy,
            release=chosen,
            today=today or datetime.now(UTC).date(),
            intent=_one_of(Intent, intent, "intent"),
            at=place,
            wire=_one_of(Wire, wire, "wire"),
            limits=self.limits,
            inherited=inherited,
            within=said,
            source=source or self.source,
        )
        return _judge_data(question, data)

    def _release(self, data: Data, model: type | None, release: str | None) -> Release:
        """Return the release to judge by: the model class's, else the one named, else the policy's only one, else R4."""
        stated = tuple(Release.of(name) for name in self.policy.releases)
        options = _model_releases(data, model)
        if release is not None:
            chosen = Release.of(release)
        elif options:
            chosen = next((each for each in options if each in stated), options[0])
        else:
            chosen = stated[0] if len(stated) == 1 else Release.R4
        if options and chosen not in options:
            raise UsageError(f"a model of {options[0]} cannot hold a resource of {chosen}; pass the class of that release")
        if stated and chosen not in stated:
            names = ", ".join(stated)
            raise UsageError(f"policy `{self.policy.name}` is for {names}, not for {chosen}; pass `release={stated[0]!r}`")
        return chosen


E_ = TypeVar("E_", bound=StrEnum)


def _one_of(kind: type[E_], word: str, name: str) -> E_:
    """Return the member of `kind` that `word` names; UsageError, listing what there is, otherwise."""
    try:
        return kind(word)
    except ValueError:
        raise UsageError(f"{name}={word!r} means nothing; write one of {', '.join(repr(str(k)) for k in kind)}") from None


def _model_releases(data: Data, model: type | None) -> tuple[Release, ...]:
    """Return the releases that the class asked for, or of the model handed over, can hold."""
    if model is None and (isinstance(data, (bytes, bytearray, memoryview, str, Mapping, Path))):
        return ()
    from caveat import models  # noqa: PLC0415  the bridge is wanted only now

    if model is not None:
        return models.releases_of(model)
    return models.releases_of(type(data)) if models.is_model(data) else ()


def _name_of(model: type | None) -> str:
    """Return the FHIR name of a model class; a subclass of one is named by its nearest fhir.resources class."""
    bases = model.__mro__ if model is not None else ()
    return next(base.__name__ for base in bases if base.__module__.startswith("fhir.resources"))


def _vouching(within: Report | None | _Unsaid, *, alone: bool, path: str) -> tuple[tuple[Decision, ...], str | None]:
    """Return the decisions that an element alone inherits, and how the report names where they are from."""
    if not alone:
        if isinstance(within, Report):
            raise UsageError("`within` goes with an element alone; a whole resource speaks for itself")
        return (), None
    if isinstance(within, _Unsaid):
        raise UsageError(f"`{path}` stands alone: pass `within=` the report on its resource, or `within=None` when nobody vouches")
    if within is None:
        return (), "none"
    if within.resource_type not in {None, path.partition(".")[0]}:
        raise UsageError(f"`within` is a report on {within.resource_type}, which holds no `{path}`")
    return within.decisions, within.digest


def _judge_data(question: Question, data: Data) -> Judged:
    """Judge `data` in whatever form it was handed over."""
    if isinstance(data, str):
        return judge_bytes(question, data.encode("utf-8", "surrogatepass"))
    if isinstance(data, (bytes, bytearray, memoryview)):
        return judge_bytes(question, bytes(data))
    if isinstance(data, Path):
        with _opened(data) as file:
            return judge_bytes(question, file.read(question.limits.bytes + 1))
    if isinstance(data, Mapping):
        return judge_tree(question, data if isinstance(data, dict) else dict(data))
    from caveat import models  # noqa: PLC0415  only when a model was handed over

    if models.is_model(data):
        return judge_tree(question, models.to_tree(cast("BaseModel", data)), "model")
    raise UsageError(f"cannot check a {type(data).__name__}; pass bytes, str, a mapping, a Path or a model of fhir.resources")


def _opened(path: Path) -> Any:
    """Open a file for reading; UsageError when that cannot be."""
    try:
        return path.open("rb")
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
