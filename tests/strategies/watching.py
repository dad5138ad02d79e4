"""Somebody who watches: providers of OpenTelemetry in memory, and what they were told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

from opentelemetry import trace
from opentelemetry.metrics import _internal as metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

Attributes = frozenset[tuple[str, Any]]


@dataclass(frozen=True, slots=True)
class Watcher:
    """What was told so far."""

    exporter: InMemorySpanExporter
    reader: InMemoryMetricReader

    @property
    def spans(self) -> list[ReadableSpan]:
        """The spans that have ended, in that order."""
        return list(self.exporter.get_finished_spans())

    def points(self) -> dict[str, dict[Attributes, Any]]:
        """Return the points of each metric by their attributes."""
        data = self.reader.get_metrics_data()
        found: dict[str, dict[Attributes, Any]] = {}
        for resource in [] if data is None else data.resource_metrics:
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    found[metric.name] = {frozenset((each.attributes or {}).items()): each for each in metric.data.data_points}
        return found

    def sums(self, name: str, *attributes: str) -> Counter[Any]:
        """Return what a counter came to, by the values of `attributes`; of a histogram how many values it took."""
        found: Counter[Any] = Counter()
        for told, point in self.points().get(name, {}).items():
            words = dict(told)
            key = tuple(words.get(each) for each in attributes)
            found[key[0] if len(key) == 1 else key] += getattr(point, "value", None) or getattr(point, "count", 0)
        return found

    def everything(self) -> str:
        """Return all that was told, in one text."""
        data = self.reader.get_metrics_data()
        return "\n".join(
            [*(each.to_json() for each in self.spans), "" if data is None else data.to_json(), *map(repr, self.spans)]
        )

    def words(self) -> dict[str, set[Any]]:
        """Return every value that each attribute had."""
        found: dict[str, set[Any]] = {}
        told = [dict(each.attributes or {}) for each in self.spans]
        told += [dict(each) for points in self.points().values() for each in points]
        for name, value in [item for each in told for item in each.items()]:
            found.setdefault(name, set()).add(value)
        return found


@contextmanager
def watched() -> Iterator[Watcher]:
    """Set providers for as long as the context lasts; a program may do so once only, so it is done behind the API's back."""
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    tracers, meters = TracerProvider(shutdown_on_exit=False), MeterProvider([reader], shutdown_on_exit=False)
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    with mock.patch.object(trace, "_TRACER_PROVIDER", tracers), mock.patch.object(metrics, "_METER_PROVIDER", meters):
        yield Watcher(exporter, reader)
