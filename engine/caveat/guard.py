"""The library: one call before processing.

Rule 1: `check` never raises on data; `load` hands out a model only of what may be processed.
Rule 2: what the library was called with wrongly raises a `CaveatError` that names the right call.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast, get_type_hints

from caveat.asking import UNSAID, Data, Unsaid, class_of, day_of, one_of, place_asked, release_of, vouching
from caveat.domain.decision import Intent, Verdict
from caveat.domain.errors import UsageError
from caveat.domain.report import Report as Told
from caveat.intake.limits import Limits
from caveat.intake.mapping import tree_of
from caveat.intake.ndjson import bounded_lines, documents
from caveat.intake.root import Wire
from caveat.intake.scan import may_hold_modifier
from caveat.judge.check import Judged, Question, judge_bytes, judge_tree
from caveat.judge.fold import counting
from caveat.policy.policy import Policy
from caveat.results import Line, NotLoadable, Passed, Refused, Report, RuleFileError, Triage
from caveat.spec.release import Release

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["UNSAID", "Data", "Guard", "Line", "NotLoadable", "Passed", "Refused", "Report", "RuleFileError", "Triage"]

M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Guard:
    """A policy ready to judge. Thread-safe, picklable, cheap to share."""

    policy: Policy
    source: str | None = field(default=None, kw_only=True)
    limits: Limits = field(default=Limits(), kw_only=True)

    def __post_init__(self) -> None:
        """Refuse what is no policy."""
        if not isinstance(self.policy, Policy):
            raise UsageError(f"a guard takes a compiled policy, not a {type(self.policy).__name__}; use `Guard.from_files(...)`")

    @classmethod
    def from_files(cls, path: str | Path, *, source: str | None = None, limits: Limits = Limits()) -> Guard:
        """Return a guard with the policy in the rule file `path` (or a pack's folder, or a shipped pack's name).

        RuleFileError carries every diagnostic; UsageError when there is no such file.
        """
        from caveat.packs.policies import load_policy  # noqa: PLC0415  the check itself needs no rule source

        loaded = load_policy(path)
        if loaded.policy is None:
            raise RuleFileError(loaded.diagnostics, loaded.texts)
        return cls(loaded.policy, source=source, limits=limits)

    @classmethod
    def from_text(cls, text: str, *, source: str | None = None, limits: Limits = Limits()) -> Guard:
        """Return a guard with the policy that `text` spells; RuleFileError carries every diagnostic."""
        from caveat.packs.policies import load_policy_text  # noqa: PLC0415  the check itself needs no rule source

        loaded = load_policy_text(text)
        if loaded.policy is None:
            raise RuleFileError(loaded.diagnostics, loaded.texts)
        return cls(loaded.policy, source=source, limits=limits)

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
        within: Report | Unsaid | None = UNSAID,
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
            source=source or self.source,
        )


# the parts


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
