"""Spark: the reports on a column of documents, what may be processed apart from what may not, and what was found in all.

Rule 1: every row is judged by `caveat.arrow`, as a document is anywhere else; Spark only carries rows there and back.
Rule 2: the policy that judges on a worker is the one on the driver, or the job fails: its digest is computed again there.
Rule 3: what cannot work is refused on the driver, before a job starts, with the call that would.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from caveat import __version__
from caveat.arrow import Asked, asking, check_parts, not_raw, report_schema
from caveat.domain.errors import CaveatError, UsageError
from caveat.guard import Guard
from caveat.policy.policy import Policy

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame
    from pyspark.sql.types import DataType, StructType

REPORT: Final = "caveat_report"
"""The column that `decide` and `split` add: the report on the row, as a struct."""
_OLDEST: Final = {"pyspark": (4, 0), "pandas": (2, 2), "pyarrow": (17, 0)}


class Split(NamedTuple):
    """What may be processed as received, and all else; both with every column of the input, and `caveat_report`."""

    accepted: DataFrame
    held: DataFrame


@dataclass(frozen=True, slots=True)
class Summary:
    """What reports say together, as frames that Spark computes when asked.

    `verdicts`: how many reports have each verdict and evidence, and how many decisions they do not list. `grounds`: by verdict, ground and
    rule. `modifiers`: by url, path, ground, rule and verdict, how often and in how many resources. `unknown`: urls that no rule
    names, by source, with the first and the last day they were judged on.
    """

    verdicts: DataFrame
    grounds: DataFrame
    modifiers: DataFrame
    unknown: DataFrame


def check(
    df: DataFrame,
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
) -> DataFrame:
    """Return the reports on the documents in `column`, one row for each row of `df`; the columns are those of `report_schema`.

    `column` holds raw text or bytes; `id` names a column of strings that goes into the reports. The other arguments are
    those of `caveat.arrow.check_batch`. `today` is the day of this call for all rows; of a streaming frame it is the day on
    which a row is judged. UsageError when the call means nothing.
    """
    asked = asking(guard, source=source, mode=mode, release=release, today=today, intent=intent, form=form)
    _require_frame(df)
    _require_columns(df, column, id)
    chosen = df.select(*(_quoted(name) for name in dict.fromkeys((column, id)) if name is not None))
    task = _task(asked, column, id, is_dated=today is not None or not df.isStreaming)
    return chosen.mapInArrow(_reporting(task), _struct(report_schema()))


def decide(
    df: DataFrame,
    guard: Guard,
    *,
    column: str,
    source: str | None = None,
    mode: str = "strict",
    release: str | None = None,
    today: date | None = None,
    intent: str = "read",
    form: str | None = None,
) -> DataFrame:
    """Return `df` with one column more, `caveat_report`: the report on each row, as a struct. Arguments are those of `check`."""
    asked = asking(guard, source=source, mode=mode, release=release, today=today, intent=intent, form=form)
    _require_frame(df)
    _require_columns(df, column, None)
    _require_distinct([*df.columns, REPORT], "columns of the input and `caveat_report` are carried by name")
    from pyspark.sql.types import StructField, StructType  # noqa: PLC0415  an extra

    task = _task(asked, column, None, is_dated=today is not None or not df.isStreaming)
    told = StructType([*df.schema.fields, StructField(REPORT, _struct(_report_alone()), nullable=False)])
    return df.mapInArrow(_deciding(task), told)


def split(
    df: DataFrame,
    guard: Guard,
    *,
    column: str,
    source: str | None = None,
    mode: str = "strict",
    release: str | None = None,
    today: date | None = None,
    intent: str = "read",
    form: str | None = None,
) -> Split:
    """Return what of `df` may be processed as received, and what is held, both with all columns of `df` and `caveat_report`.

    Each row is in exactly one of the two: a decision depends on the bytes, the policy and the day alone, and both sides have
    the same. Spark may compute `df` once for each side; where `df` itself may change between, or to check only once, persist
    `decide(...)` and filter that. Arguments are those of `check`.
    """
    made = decide(
        df, guard, column=column, source=source, mode=mode, release=release, today=today, intent=intent, form=form
    )
    return Split(made.where(f"{REPORT}.may_process"), made.where(f"NOT {REPORT}.may_process"))


def summary(reports: DataFrame) -> Summary:
    """Return what `reports` (a frame that `check` returned, or several in a union) say together."""
    _require_frame(reports)
    missing = [name for name in report_schema().names if name not in reports.columns]
    if missing:
        raise UsageError(f"`summary` takes the reports that `check` returns; this frame has no column `{missing[0]}`")
    from pyspark.sql import functions as F  # noqa: N812, PLC0415  as Spark's own documentation names it; an extra

    cells = reports.select("source", "date", F.explode(F.expr(_CELLS)).alias("cell")).select("source", "date", "cell.*")
    counted = (F.sum("times").alias("decisions"), F.sum("new").alias("resources"))
    return Summary(
        verdicts=reports.groupBy("verdict", "evidence").agg(
            F.count("*").alias("resources"), F.coalesce(F.sum("decisions_omitted"), F.lit(0)).alias("decisions_omitted")
        ),
        grounds=reports.select(F.explode(F.expr(_GROUNDS)).alias("cell"))
        .select("cell.*")
        .groupBy("verdict", "ground", "rule")
        .agg(F.sum("times").alias("decisions"), F.count("*").alias("resources")),
        modifiers=cells.where("url IS NOT NULL").groupBy("url", "path", "ground", "rule", "verdict").agg(*counted),
        unknown=cells.where("url IS NOT NULL AND ground = 'unknown'")
        .groupBy("url", "source")
        .agg(*counted, F.min("date").alias("first_seen"), F.max("date").alias("last_seen")),
    )
