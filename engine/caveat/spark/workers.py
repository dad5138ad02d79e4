"""What Spark's workers do: restore the policy that travelled, and hand rows to `caveat.arrow`.

Rule 1: the policy that judges on a worker is the one on the driver, or the job fails: its digest is computed again there.
Rule 2: only under the day that the driver knows do rows come back as free; else each brings its whole report.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from caveat import __version__
from caveat.arrow import Asked, check_apart
from caveat.domain.errors import CaveatError
from caveat.policy.policy import Policy

if TYPE_CHECKING:
    import pyarrow as pa

Batches = Callable[[Iterator["pa.RecordBatch"]], Iterator["pa.RecordBatch"]]
"""What Spark runs on a worker."""


@dataclass(frozen=True, slots=True)
class Task:
    """What travels to a worker: the compiled policy with its digest, the version of Caveat, and what is asked.

    `asked` has no policy. Where `is_dated` is False the day is asked anew for each batch.
    """

    policy: bytes
    digest: str
    engine: str
    asked: Asked
    column: str
    id: str | None
    is_dated: bool


def task_of(asked: Asked, column: str, identity: str | None, *, is_dated: bool) -> Task:
    """Return what a worker needs; the policy goes apart, so that it is restored once a process and not with every task."""
    policy = asked.question.policy
    empty = replace(asked, question=replace(asked.question, policy=_NO_POLICY))
    return Task(pickle.dumps(policy), policy.digest, __version__, empty, column, identity, is_dated)


_NO_POLICY: Final = Policy("none", "0")


@lru_cache(maxsize=8)
def restored(policy: bytes, digest: str, engine: str) -> Policy:
    """Return the policy that travelled; CaveatError, which fails the job, when it or the engine is not the driver's."""
    if engine != __version__:
        raise CaveatError(f"the driver has Caveat {engine}, this worker {__version__}: install the same on both")
    found: Policy = replace(pickle.loads(policy))  # noqa: S301  from the driver, as this function is itself; digest and indexes anew
    if found.digest != digest:
        raise CaveatError(f"the policy that reached this worker has the digest {found.digest}, that of the driver has {digest}")
    return found


def asked_now(task: Task, before: Asked | None = None) -> Asked:
    """Return what is asked of one batch: what was asked `before`, with all that it remembers, while the day is the same."""
    today = task.asked.question.today if task.is_dated else datetime.now(UTC).date()
    if before is not None and before.question.today == today:
        return before
    policy = restored(task.policy, task.digest, task.engine)
    return replace(task.asked, question=replace(task.asked.question, policy=policy, today=today))


def reporting(task: Task) -> Batches:
    """Return the function that Spark runs on a worker; it is handed over by value, and what it calls by name."""

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return reports_of(task, batches)

    return run


def deciding(task: Task) -> Batches:
    """Return the like for rows that keep their columns."""

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return rows_with_reports(task, batches)

    return run


def reports_of(task: Task, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Give the reports apart on batches of documents."""
    asked: Asked | None = None
    for batch in batches:
        asked = asked_now(task, asked)
        yield from check_apart(batch, asked, column=task.column, id=task.id, spares=task.is_dated)


def rows_with_reports(task: Task, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Give the rows of batches as they came, each with its report apart, without an id."""
    import pyarrow as pa  # noqa: PLC0415  an extra

    asked: Asked | None = None
    for batch in batches:
        asked, start = asked_now(task, asked), 0
        for part in check_apart(batch, asked, column=task.column, spares=task.is_dated):
            rows, told = batch.slice(start, part.num_rows), part.drop_columns("id")
            yield pa.RecordBatch.from_arrays([*rows.columns, *told.columns], names=[*rows.schema.names, *told.schema.names])
            start += part.num_rows
