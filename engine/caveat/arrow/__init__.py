"""Arrow: a batch of documents in, a batch of reports out, row by row in the same order.

Rule 1: each row has exactly one report. A null, and a row on which Caveat itself fails, are verdicts: reject, unreadable.
Rule 2: what is remembered of rows answers for others under the same question alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import partial
from typing import Final

from caveat.asking import day_of, one_of, release_of, text_asked
from caveat.bulk.memory import Memory
from caveat.domain.decision import Intent
from caveat.domain.errors import UsageError
from caveat.guard import Guard
from caveat.intake.reading import Form
from caveat.judge.check import Question
from caveat.telemetry.seen import Counted
from caveat.telemetry.watching import is_watched, tell_block

try:
    import pyarrow as pa
except ImportError:
    raise UsageError("`caveat.arrow` needs pyarrow: pip install 'caveat[arrow]', or 'caveat[spark]' for Spark") from None

_OLDEST: Final = 17
if int(pa.__version__.partition(".")[0]) < _OLDEST:
    raise UsageError(f"pyarrow {pa.__version__} is too old, {_OLDEST} is needed: pip install 'caveat[arrow]'")

# These take pyarrow as given.
from caveat.arrow.columns import DIGEST, ID, IS_FREE, TOLD, apart_schema, report_schema, reports, reports_apart  # noqa: E402
from caveat.arrow.judging import Part, free_record, parts  # noqa: E402
from caveat.arrow.rows import Rows, column_of, identities, not_raw, rows_of  # noqa: E402

__all__ = [
    "DIGEST",
    "ID",
    "IS_FREE",
    "TOLD",
    "Asked",
    "Mode",
    "apart_schema",
    "asking",
    "check_apart",
    "check_batch",
    "check_parts",
    "free_record",
    "not_raw",
    "report_schema",
]


class Mode(StrEnum):
    """How rows are judged: `strict` reads each, `scan` reads those of which the bytes alone do not prove that all is well."""

    STRICT = "strict"
    SCAN = "scan"


def check_batch(
    batch: pa.RecordBatch,
    guard: Guard,
    *,
    column: str,
    id: str | None = None,  # noqa: A002  it is what the interface calls it
    source: str | None = None,
    mode: str = "strict",
    release: str | None = None,
    today: date | None = None,
    intent: str = "read",
    form: str | None = None,
) -> pa.RecordBatch:
    """Return the reports on the documents in `column`, one row for each row of `batch`, in order; see `report_schema`.

    `column` is text or bytes, one document a row; `id` names a column of strings that goes into the reports as it is. With
    `mode="scan"` a row that is proven free of modifiers is not read, and its report says `scanned`; all others are checked as
    with `strict`. The other arguments are those of `Guard.check`. UsageError when the call means nothing; never for data.
    """
    asked = asking(guard, source=source, mode=mode, release=release, today=today, intent=intent, form=form)
    made = list(check_parts(batch, asked, column=column, id=id))
    return made[0] if len(made) == 1 else pa.concat_batches(made)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of every row of a batch, and what is remembered of rows that it was asked of."""

    question: Question
    mode: Mode
    form: Form | None
    memory: Memory = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Remember nothing yet."""
        object.__setattr__(self, "memory", Memory(self.question))


def asking(
    guard: Guard,
    *,
    source: str | None = None,
    mode: str = "strict",
    release: str | None = None,
    today: date | None = None,
    intent: str = "read",
    form: str | None = None,
) -> Asked:
    """Return what a call asks, for any number of batches on one day; UsageError when it means nothing."""
    if not isinstance(guard, Guard):
        raise UsageError(f"`guard` is a Guard, not a {type(guard).__name__}; make one with `Guard.from_files(...)`")
    if guard.audit is not None:
        said = "this guard has an audit trail, and batches are not recorded by themselves: "
        said += "pass `dataclasses.replace(guard, audit=None)`"
        raise UsageError(f"{said}, and record the reports: `caveat.spark.record(...)`, `caveat.spark.split(..., audit=log)`")
    question = Question(
        policy=guard.policy,
        release=release_of(guard.policy, None, release),
        today=day_of(today),
        intent=one_of(Intent, intent, "intent"),
        limits=guard.limits,
        source=text_asked(source, "source") or guard.source,
    )
    return Asked(question, one_of(Mode, mode, "mode"), None if form is None else one_of(Form, form, "form"))


def check_parts(
    batch: pa.RecordBatch,
    asked: Asked,
    *,
    column: str,
    id: str | None = None,  # noqa: A002  as above
) -> Iterator[pa.RecordBatch]:
    """Give the reports on a batch in parts of bounded size, at least one, in order; together they have its rows."""
    return _made(batch, asked, column, id, reports)


def check_apart(
    batch: pa.RecordBatch,
    asked: Asked,
    *,
    column: str,
    id: str | None = None,  # noqa: A002  as above
    spares: bool = True,
) -> Iterator[pa.RecordBatch]:
    """Give the same apart: a row that is free says only so, since all that are have one report; see `apart_schema`.

    Without `spares` each row has its whole report. What free rows have in common says `free_record`.
    """
    return _made(batch, asked, column, id, partial(reports_apart, spares=spares))


def _made(
    batch: pa.RecordBatch, asked: Asked, column: str, identity: str | None, made: Callable[..., pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Give what is `made` of the reports on a batch, part by part."""
    if not isinstance(batch, pa.RecordBatch):
        given = type(batch).__name__
        raise UsageError(f"`check_batch` takes a pyarrow.RecordBatch, not a {given}; `table.to_batches()` gives them")
    rows = rows_of(column_of(batch, column, "column"))
    names = identities(batch, identity)
    counted = Counted() if is_watched() else None
    for part in parts(asked.question, asked.form, rows, asked.memory, scans=asked.mode is Mode.SCAN):
        counted = _tell(asked, counted, rows, part)
        yield made(asked.question, part, rows, names)


def _tell(asked: Asked, counted: Counted | None, rows: Rows, part: Part) -> Counted | None:
    """Tell whoever watches what a part of a batch came to, and return what the next part is counted in."""
    if counted is None:
        return None
    for pick, times in part.times().items():
        counted.take_record(part.records[pick], times)
    counted.end()
    question, span = asked.question, part.span
    size = rows.bounds[span.stop] - rows.bounds[span.start]
    tell_block(counted, question.policy.named, question.release.value, asked.form and asked.form.value, size)
    return Counted()
