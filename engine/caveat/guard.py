"""The library: one call before processing.

Rule 1: `check` never raises on data; `load` hands out a model only of what may be processed.
Rule 2: what the library was called with wrongly raises a `CaveatError` that names the right call.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast, get_type_hints

from caveat.domain.decision import Decision, Intent, Verdict
from caveat.domain.errors import UsageError
from caveat.domain.report import Report as Told
from caveat.intake.limits import Limits
from caveat.intake.mapping import tree_of
from caveat.intake.ndjson import bounded_lines, documents
from caveat.intake.scan import may_hold_modifier
from caveat.intake.walk import Wire
from caveat.judge.check import Judged, Question, judge_bytes, judge_tree
from caveat.judge.fold import counting
from caveat.policy.policy import Policy
from caveat.results import Line, NotLoadable, Passed, Refused, Report, RuleFileError, Triage
from caveat.spec.element_name import place_of, place_of_class
from caveat.spec.release import Release
from caveat.spec.shape import Place

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["UNSAID", "Data", "Guard", "Line", "NotLoadable", "Passed", "Refused", "Report", "RuleFileError", "Triage"]

Data = bytes | bytearray | memoryview | str | Mapping[str, Any] | Path | object
M = TypeVar("M")


class _Unsaid:
    """The type of `UNSAID`."""

    def __repr__(self) -> str:
        return "UNSAID"


UNSAID: Final = _Unsaid()
"""What `within` is until the caller says whether somebody vouches for an element alone."""


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
        within: Report | _Unsaid | None = UNSAID,
        source: str | None = None,
    ) -> Report:
        """Return the report on `data`; never raises on data.

        `data` is content (bytes, str), a tree (mapping), a model of fhir.resources, or a file (Path). `model` is the class
        that it is expected to be, `at` an element path or type for data without one. An element alone needs `within`: the
        report on its resource, or None when nobody vouches. `today` is the day in UTC. UsageError when the call means nothing.
        """
        asked = self._question(
            data, model, release=release, today=today, intent=intent, at=at, wire=wire, within=within, source=source
        )
        return Report.of(_judge(asked, data))

    def load(
        self,
        data: Data,
        model: type[M] | None = None,
        *,
        release: str | None = None,
        today: date | None = None,
        intent: str = "read",
        at: str | None = None,
        within: Report | _Unsaid | None = UNSAID,
        source: str | None = None,
    ) -> Passed[M]:
        """Return what may be processed of `data`, as a model of fhir.resources; the arguments are those of `check`.

        Refused when it must not be processed, NotLoadable when fhir.resources cannot hold what was let through.
        """
        asked = self._question(data, model, release=release, today=today, intent=intent, at=at, within=within, source=source)
        judged = _judge(asked, data)
        report = Report.of(judged)
        if not report.may_process_reduced or judged.tree is None:
            raise Refused(report)
        is_reduced = report.verdict is Verdict.EXCLUDE
        tree = report.reduced() if is_reduced else judged.tree
        noted, made = _loaded(asked, replace(judged, tree=tree), model)
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
        """Say whether a modifier can be in `raw` at all, without reading it; it says nothing of whether it is valid."""
        return Triage.LOOK_CLOSER if may_hold_modifier(_bytes_of(raw)) else Triage.FREE

    def ndjson(
        self,
        lines: str | Path | Iterable[bytes],
        *,
        release: str | None = None,
        today: date | None = None,
        intent: str = "read",
        source: str | None = None,
    ) -> Iterator[Line]:
        """Give each line of an NDJSON file with its report, in order; a bad line is that line's verdict.

        `lines` is the name of a file, or bytes lines cut at 0x0A. Lines without anything on them are passed over.
        """
        if isinstance(lines, (bytes, bytearray, memoryview)):
            raise UsageError("`ndjson` reads a file or lines; pass the file's name, or the file opened with `rb`")
        asked = self._question(b"", None, release=release, today=today, intent=intent, source=source)
        return _lines(asked, lines)

    def protects(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap a function of a resource: it is called with the checked model in place of what it was handed.

        The class is taken from the annotation of the first parameter. What may not be processed raises Refused instead.
        """
        name, model = _first_parameter(function)

        @wraps(function)
        def protected(*args: Any, **options: Any) -> Any:
            if args:
                return function(self.load(args[0], model).resource, *args[1:], **options)
            if name in options:
                options[name] = self.load(options[name], model).resource
            return function(**options)  # without a resource it says itself what is missing

        return protected

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
        within: Report | _Unsaid | None = UNSAID,
    ) -> Question:
        """Put together what is asked of `data`."""
        kind = _class_of(data, model)
        chosen = self._release(kind, release)
        place = _place(kind, at, chosen)
        inherited, said = _vouching(within, place)
        if isinstance(within, Report) and (within.policy.digest, within.intent) != (self.policy.digest, intent):
            raise UsageError("`within` was judged by another policy or for another intent; check the resource like its part")
        return Question(
            policy=self.policy,
            release=chosen,
            today=_day(today),
            intent=_one_of(Intent, intent, "intent"),
            at=place,
            wire=_one_of(Wire, wire, "wire"),
            limits=self.limits,
            inherited=inherited,
            within=said,
            source=source or self.source,
        )

    def _release(self, kind: type[BaseModel] | None, release: str | None) -> Release:
        """Return the release to judge by: the model class's, else the one named, else the policy's only one, else R4."""
        stated = tuple(Release.of(name) for name in self.policy.releases)
        options = _releases_of(kind)
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
            raise UsageError(f"policy `{self.policy.name}` is for {names}, not for {chosen}; pass `release={stated[0].value!r}`")
        return chosen


# what was asked


E_ = TypeVar("E_", bound=StrEnum)


def _one_of(kind: type[E_], word: str, name: str) -> E_:
    """Return the member of `kind` that `word` names; UsageError, listing what there is, otherwise."""
    try:
        return kind(word)
    except ValueError:
        raise UsageError(f"{name}={word!r} means nothing; write one of {', '.join(repr(str(k)) for k in kind)}") from None


def _day(today: date | None) -> date:
    """Return the day to judge by; a point in time is none, and does not compare with the dates of rules."""
    if today is None:
        return datetime.now(UTC).date()
    if isinstance(today, datetime) or not isinstance(today, date):
        raise UsageError("`today` is a day; pass a date, as in `datetime.now(UTC).date()`")
    return today


def _class_of(data: Data, model: object) -> type[BaseModel] | None:
    """Return the class of fhir.resources that was asked for, or that of the model handed over; None when there is none."""
    if model is None and isinstance(data, (bytes, bytearray, memoryview, str, Mapping, Path)):
        return None
    from caveat import models  # noqa: PLC0415  the bridge is wanted only now

    if model is not None:
        return models.fhir_class(model)
    return models.fhir_class(type(data)) if models.is_model(data) else None


def _releases_of(kind: type[BaseModel] | None) -> tuple[Release, ...]:
    """Return the releases whose documents the class asked for can hold."""
    if kind is None:
        return ()
    from caveat import models  # noqa: PLC0415  the bridge is wanted only now

    return models.releases_of(kind)


def _place(kind: type[BaseModel] | None, at: str | None, release: Release) -> Place | None:
    """Return the place that was asked for, by its class or its path; UsageError when the two are not the same."""
    by_class = place_of_class(kind.__name__, release) if kind is not None else None
    if at is None:
        return by_class
    place = place_of(at, release)
    if by_class is not None and by_class.shapes != place.shapes:
        raise UsageError(f"`at={at!r}` is not what {by_class.path} is; pass the class or the path alone")
    return place


def _vouching(within: Report | _Unsaid | None, place: Place | None) -> tuple[tuple[Decision, ...], str | None]:
    """Return the decisions that an element alone inherits, and how the report names where they are from."""
    if not isinstance(within, (Report, _Unsaid, type(None))):
        raise UsageError(f"`within` is the report on a resource, or None; a {type(within).__name__} is neither")
    if place is None or place.is_root:
        if isinstance(within, Report):
            raise UsageError("`within` goes with an element alone; a whole resource speaks for itself")
        return (), None
    if isinstance(within, _Unsaid):
        said = "pass `within=` the report on its resource, or `within=None` when nobody vouches"
        raise UsageError(f"`{place.path}` stands alone: {said}")
    if within is None:
        return (), "none"
    head, dot, _ = place.path.partition(".")
    if not dot:
        example = "as in `MedicationRequest.dosageInstruction`"
        raise UsageError(f"`{head}` may stand in many places; name the one that the report is about, {example}")
    if within.resource_type not in {None, head}:
        raise UsageError(f"`within` is a report on {within.resource_type}, which holds no `{place.path}`")
    return within.decisions, within.digest


def _first_parameter(function: Callable[..., Any]) -> tuple[str, type | None]:
    """Return the name of the first parameter, and the class of fhir.resources that it is annotated with."""
    called = getattr(function, "__qualname__", repr(function))
    name = next(iter(inspect.signature(function).parameters), None)
    if name is None:
        raise UsageError(f"`protects` wraps a function of a resource, and `{called}` takes nothing")
    try:
        model = get_type_hints(function).get(name)
    except NameError as error:
        raise UsageError(f"`{called}` is annotated with `{error.name}`, which it cannot see; import it at the top") from None
    return name, model if model is None else _class_asked(model)


def _class_asked(model: object) -> type:
    """Return a class that a parameter is annotated with; UsageError when it is none that `load` knows."""
    from caveat import models  # noqa: PLC0415  the bridge is wanted only now

    models.releases_of(model)
    return cast("type", model)


# judging


def _judge(question: Question, data: Data) -> Judged:
    """Judge `data` in whatever form it was handed over."""
    if isinstance(data, (bytes, bytearray, memoryview, str)):
        return judge_bytes(question, _bytes_of(data))
    if isinstance(data, Path):
        with _opened(data) as file:
            return judge_bytes(question, file.read(question.limits.bytes + 1))
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
    made = models.to_model(judged.tree or {}, wanted)
    if isinstance(made, list):
        raise NotLoadable(Report.of(judged), tuple(made))
    if question.release is Release.R4:
        report = replace(report, problems=(*report.problems, models.R4_NOTE))
    return report, made


def _lines(question: Question, lines: str | Path | Iterable[bytes]) -> Iterator[Line]:
    """Give each line that holds anything, judged."""
    if isinstance(lines, (str, Path)):
        if str(lines).endswith(".gz"):
            raise UsageError(f"{lines} is gzip, which this version does not read; decompress it first")
        with _opened(Path(lines)) as file:
            yield from _lines(question, bounded_lines(file, question.limits.bytes))
        return
    for number, raw in documents(map(_checked_line, lines)):
        judged = judge_bytes(question, raw)
        yield Line(number, raw, Report.of(replace(judged, report=replace(judged.report, line=number))))


def _checked_line(line: bytes) -> bytes:
    if not isinstance(line, bytes):
        raise UsageError(f"`ndjson` reads lines of bytes, not of {type(line).__name__}; open the file with `rb`")
    return line


def _opened(path: Path) -> Any:
    """Open a file for reading; UsageError when that cannot be."""
    try:
        return path.open("rb")
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
