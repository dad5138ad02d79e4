"""What Caveat measures with, through OpenTelemetry: spans, counters and histograms, and the words that describe them.

Rule 1: an attribute has one of a bounded number of values: words of Caveat, and the first policies and faults that were met.
Rule 2: of an exception its kind is told, and only where that is Caveat's own; never its words.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from opentelemetry import metrics, trace

from caveat.domain.decision import Verdict
from caveat.domain.report import PolicyName, Report
from caveat.domain.version import __version__
from caveat.intake.reading import form_of
from caveat.telemetry.logs import log_held
from caveat.telemetry.seen import Counted, Seen

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

Words = dict[str, str | int]

OTHER: Final = "_OTHER"
"""What stands for a value beyond the bound, as OpenTelemetry's own conventions have it."""
_MOST: Final = 64
"""How many policies, and how many faults, are told by their names in one process."""
_KINDS: Final = frozenset({"AuditUnavailable", "Incomplete", "Lost", "NotLoadable", "RuleFileError", "UsageError"})
_ANSWERS: Final = frozenset({"Refused"})
"""What is raised and is no failure but an answer."""
_SECONDS: Final = tuple(step * 10.0**power for power in range(-5, 2) for step in (1, 2.5, 5))
"""The bounds of the buckets of durations: from ten microseconds, in which a small resource is judged, to fifty seconds."""
NAMES: Final[Mapping[str, str]] = {
    "verdict": "caveat.verdict",
    "evidence": "caveat.evidence",
    "release": "caveat.fhir.release",
    "form": "caveat.form",
    "policy": "caveat.policy.name",
    "digest": "caveat.policy.digest",
    "ground": "caveat.ground",
    "fault": "caveat.fault",
    "kind": "caveat.audit.record.kind",
    "system": "db.system.name",
    "command": "caveat.command",
    "code": "process.exit.code",
    "error": "error.type",
}
"""The attributes, by the names that this package calls them."""


class Bounded:
    """Lets the first few values of an attribute through; what comes later is `_OTHER`."""

    __slots__ = ("_known", "_most")

    def __init__(self, most: int = _MOST) -> None:
        self._known: set[tuple[str, ...]] = set()
        self._most = most

    def __call__(self, *value: str) -> tuple[str, ...]:
        """Return a value, or as many times `_OTHER`."""
        if value in self._known:
            return value
        if len(self._known) >= self._most:
            return (OTHER,) * len(value)
        self._known.add(value)
        return value


class Instruments:
    """The spans and metrics of one pair of providers."""

    def __init__(self, tracers: TracerProvider, meters: MeterProvider) -> None:
        """Make every instrument there is."""
        self.tracer = tracers.get_tracer("caveat", __version__)
        meter = meters.get_meter("caveat", __version__)
        self._resources = meter.create_counter("caveat.resources", "{resource}", "Resources that were judged")
        self._decisions = meter.create_counter("caveat.decisions", "{decision}", "Decisions that were taken")
        self._input = meter.create_counter("caveat.input.io", "By", "Bytes that were judged")
        self._records = meter.create_counter("caveat.audit.records", "{record}", "Records that an audit trail has kept")

        def took(name: str, what: str) -> Any:
            return meter.create_histogram(name, "s", what, explicit_bucket_boundaries_advisory=_SECONDS)

        self._durations = {
            "caveat.check": took("caveat.check.duration", "How long it took to judge one resource, its record included"),
            "caveat.bulk": took("caveat.bulk.duration", "How long it took to judge a block of resources"),
            "caveat.audit.commit": took("caveat.audit.commit.duration", "How long it took to keep records, the disk included"),
            "caveat.command": took("caveat.command.duration", "How long a command ran"),
        }
        self._policy, self._fault = Bounded(), Bounded()

    def watch(self, name: str, words: Mapping[str, str]) -> Seen:
        """Return what is told of something that begins now."""
        return Watch(self, name, named(words))

    def about(self, policy: PolicyName, release: str, form: str | None) -> Words:
        """Return what is said of every document that is judged alike."""
        name, digest = self._policy(policy.name, policy.digest)
        return named({"release": release, "policy": name, "digest": digest, **({} if form is None else {"form": form})})

    def count(self, counted: Counted, about: Words, size: int) -> None:
        """Add up what became of documents."""
        for (verdict, evidence), number in counted.resources.items():
            self._resources.add(number, {**about, **named({"verdict": verdict, "evidence": evidence})})
        for (verdict, ground, fault), number in counted.decisions.items():
            told = {"verdict": verdict, "ground": ground}
            if fault is not None:
                (told["fault"],) = self._fault(fault)
            self._decisions.add(number, {**about, **named(told)})
        if size:
            self._input.add(size, about)

    def record(self, kinds: Iterable[str], system: str) -> None:
        """Add up records that were kept."""
        for kind, number in Counter(kinds).items():
            self._records.add(number, named({"kind": kind, "system": system}))

    def took(self, name: str, seconds: float, words: Words) -> None:
        """Add a duration."""
        self._durations[name].record(seconds, words)

    def tell_block(self, counted: Counted, policy: PolicyName, release: str, form: str | None, size: int) -> None:
        """Tell of a block that was judged, here or in another process."""
        with suppress(Exception):
            about = self.about(policy, release, form)
            self.count(counted, about, size)
            self.took("caveat.bulk", (counted.ended - counted.began) / 1e9, about)
            self.tracer.start_span("caveat.bulk", attributes=about, start_time=counted.began).end(end_time=counted.ended)


class Watch(Seen):
    """Something that is watched: a span from its beginning to its end, and what is told of it meanwhile."""

    __slots__ = ("_around", "_began", "_name", "_span", "_tools", "_words")

    def __init__(self, tools: Instruments, name: str, words: Words) -> None:
        self._tools, self._name, self._words = tools, name, words
        self._around: Any = None
        self._span: trace.Span = trace.INVALID_SPAN

    def __enter__(self) -> Self:
        with suppress(Exception):
            started = self._tools.tracer.start_as_current_span
            # The words of an exception may quote data: nothing of it is recorded but its kind.
            around = started(self._name, attributes=self._words, record_exception=False, set_status_on_exception=False)
            self._span = around.__enter__()
            self._around = around
        self._began = perf_counter()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None, /) -> None:
        """Say how long it took, and by its kind what was raised."""
        seconds = perf_counter() - self._began
        with suppress(Exception):
            if kind is not None and kind.__name__ not in _ANSWERS:
                self._words.update(named({"error": kind.__name__ if kind.__name__ in _KINDS else OTHER}))
            self._tools.took(self._name, seconds, self._words)
        with suppress(Exception):
            self._end()

    def _end(self) -> None:
        try:
            self._span.set_attributes(self._words)
            if NAMES["error"] in self._words:
                self._span.set_status(trace.StatusCode.ERROR)
        finally:  # else what comes after would stand below it
            if self._around is not None:
                self._around.__exit__(None, None, None)

    def told(self, report: Report, form: str | None = None) -> None:
        """Take in what became of a document."""
        with suppress(Exception):
            raw = report.received
            written = form or (None if raw is None else form_of(raw).value)
            about = self._tools.about(report.policy, report.release, written)
            counted = Counted()
            counted.take(report)
            self._tools.count(counted, about, 0 if raw is None else len(raw))
            self._words |= about | named({"verdict": report.verdict.word, "evidence": report.evidence})
        if report.verdict > Verdict.WARN:
            log_held(report)

    def kept(self, kinds: Iterable[str], system: str) -> None:
        """Take in the records that a trail has kept."""
        with suppress(Exception):
            self._tools.record(kinds, system)

    def ended(self, code: int) -> None:
        """Take in the exit code of a command."""
        self._words[NAMES["code"]] = code


def named(words: Mapping[str, str]) -> Words:
    """Return words as attributes."""
    return {NAMES[name]: word for name, word in words.items()}


# which providers there are


@dataclass(frozen=True, slots=True)
class _Made:
    """Instruments, and the providers that they are of; None where those do nothing."""

    tracers: object
    meters: object
    instruments: Instruments | None


_LAST: list[_Made] = []
_UNKNOWN: Final = object()
_IS_NAMED: Final = any(f"OTEL_PYTHON_{each}_PROVIDER" in os.environ for each in ("TRACER", "METER"))
_TRACE: Final = vars(trace)
_METRICS: Final = vars(sys.modules.get("opentelemetry.metrics._internal", metrics))
_OWN: Final = ("opentelemetry.trace", "opentelemetry.metrics")


def instruments() -> Instruments | None:
    """Return what to measure with, None where the program has set no provider.

    To ask the API for a provider that is not there costs a tenth of a small check, for it looks into the environment. So they
    are looked up by the names under which it keeps them, and asked for only where there is one, or there are no such names, or
    the environment names one.
    """
    if _TRACE.get("_TRACER_PROVIDER", _UNKNOWN) is None and _METRICS.get("_METER_PROVIDER", _UNKNOWN) is None and not _IS_NAMED:
        return None
    tracers, meters = trace.get_tracer_provider(), metrics.get_meter_provider()
    if not _LAST or _LAST[0].tracers is not tracers or _LAST[0].meters is not meters:
        is_set = not all(type(each).__module__.startswith(_OWN) for each in (tracers, meters))  # the API's own do nothing
        _LAST[:] = [_Made(tracers, meters, Instruments(tracers, meters) if is_set else None)]
    return _LAST[0].instruments
