"""Spark: the reports on a column of documents, what may be processed apart from what may not, and what was found in all.

Rule 1: every row is judged by `caveat.arrow`, as a document is anywhere else; Spark only carries rows there and back.
Rule 2: what is recorded is recorded by the driver, from the reports that the workers made, before it is handed out.
Rule 3: what cannot work is refused on the driver, before a job starts, with the call that would.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from caveat.arrow import ID, asking, not_raw, report_schema
from caveat.asking import trail_asked
from caveat.domain.errors import UsageError
from caveat.guard import Guard
from caveat.spark.columns import report_sql, struct_apart, struct_sql
from caveat.spark.workers import deciding, reporting, task_of

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame
    from pyspark.sql.types import DataType

    from caveat.audit.log import AuditLog

REPORT: Final = "caveat_report"
"""The column that `decide` and `split` add: the report on the row, as a struct."""
_DOCUMENT: Final = "document"
_OLDEST: Final = {"pyspark": (4, 0), "pandas": (2, 2), "pyarrow": (17, 0)}


class Split(NamedTuple):
    """What may be processed as received, and all else; both with every column of the input, and `caveat_report`."""

    accepted: DataFrame
    held: DataFrame


@dataclass(frozen=True, slots=True)
class Summary:
    """What reports say together, as frames that Spark computes when asked.

    `verdicts`: how many reports have each verdict and evidence, and how many decisions they do not list. `grounds`: how many
    decisions by verdict, ground and rule. `modifiers`: by url, path, ground, rule and verdict, how many, in how many
    resources. `unknown`: urls that no rule names, by source, with the first and the last day they were judged on.
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
    wanted = [(column, _DOCUMENT), *([(id, ID)] if id is not None else [])]
    chosen = df.select(*(_column(name).alias(plain) for name, plain in wanted))  # Spark hands on plain names only
    task = task_of(asked, _DOCUMENT, None if id is None else ID, is_dated=today is not None or not df.isStreaming)
    told = chosen.mapInArrow(reporting(task), struct_apart())
    return told.selectExpr(*(f"{said} AS {name}" for name, said in report_sql(asked).items()))


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
    from pyspark.sql import functions as F  # noqa: N812, PLC0415  as Spark's own documentation names it; an extra
    from pyspark.sql.types import StructField, StructType  # noqa: PLC0415  an extra

    plain = [f"c{number}" for number in range(len(df.columns))]  # as in `check`
    task = task_of(asked, plain[df.columns.index(column)], None, is_dated=today is not None or not df.isStreaming)
    kept = [StructField(name, each.dataType, each.nullable, each.metadata) for name, each in zip(plain, df.schema, strict=True)]
    told = df.toDF(*plain).mapInArrow(deciding(task), StructType([*kept, *struct_apart().fields[1:]]))
    return told.select(*plain, F.expr(struct_sql(asked)).alias(REPORT)).toDF(*df.columns, REPORT)


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
    audit: AuditLog | None = None,
) -> Split:
    """Return what of `df` may be processed as received, and what is held, both with all columns of `df` and `caveat_report`.

    Each row is in exactly one of the two: a decision depends on the bytes, the policy and the day alone, and both sides have
    the same. Spark may compute `df` once for each side; where `df` itself may change between, or to check only once, persist
    `decide(...)` and filter that. With `audit` rows are decided now, once, and recorded before this returns; AuditUnavailable
    when they cannot be. Arguments are those of `check`.
    """
    made = decide(df, guard, column=column, source=source, mode=mode, release=release, today=today, intent=intent, form=form)
    if audit is not None:
        _require_end(df)
        # What was recorded is what is handed out: where it is lost Spark fails, and decides nothing anew.
        made = made.localCheckpoint()
        record(made, audit, guard)
    return Split(made.where(f"{REPORT}.may_process"), made.where(f"NOT {REPORT}.may_process"))


def record(reports: DataFrame, log: AuditLog, guard: Guard | None = None, *, after: int | None = None) -> int:
    """Keep `reports` (a frame that `check` or `decide` returned) in an audit trail, one record a row; return how many there were.

    The driver does it, in the order of the frame, 2,000 rows a transaction. With `guard` the trail keeps the text of its policy.
    `after` is the number of a record (`log.last` before the first attempt) behind which an attempt that failed may have kept the
    first rows: they are found, and not kept again. AuditUnavailable when rows cannot be kept; none of them may be answered then.
    """
    _require_frame(reports)
    _require_end(reports)
    trail_asked(log)
    from pyspark.sql import functions as F  # noqa: N812, PLC0415  as Spark's own documentation names it; an extra

    from caveat.audit import written  # noqa: PLC0415  only where something is recorded

    is_beside = REPORT in reports.columns
    missing = [] if is_beside else [name for name in written.COLUMNS if name not in reports.columns]
    if missing:
        raise UsageError(f"`record` takes the reports that `check` or `decide` returns; this frame has no column `{missing[0]}`")
    told = F.struct(*(F.col(f"{REPORT}.{name}" if is_beside else name).alias(name) for name in written.COLUMNS))
    rows = reports.select(F.to_json(told, {"ignoreNullFields": "false"})).toLocalIterator(prefetchPartitions=True)
    return written.keep(log, (json.loads(row[0]) for row in rows), None if guard is None else guard.policy, after)


def summary(reports: DataFrame) -> Summary:
    """Return what `reports` (a frame that `check` returned, or several in a union) say together."""
    _require_frame(reports)
    missing = [name for name in report_schema().names if name not in reports.columns]
    if missing:
        raise UsageError(f"`summary` takes the reports that `check` returns; this frame has no column `{missing[0]}`")
    from pyspark.sql import functions as F  # noqa: N812, PLC0415  as Spark's own documentation names it; an extra

    omitted = F.coalesce(F.sum("decisions_omitted"), F.lit(0)).alias("decisions_omitted")
    days = (F.min("date").alias("first_seen"), F.max("date").alias("last_seen"))
    known = "each.url IS NOT NULL"
    return Summary(
        verdicts=reports.groupBy("verdict", "evidence").agg(F.count("*").alias("resources"), omitted),
        grounds=_counted(reports, ("verdict", "ground", "rule"), (), "TRUE"),
        modifiers=_counted(reports, ("url", "path", "ground", "rule", "verdict"), (), known),
        unknown=_counted(reports, ("url", "source"), days, f"{known} AND each.ground = 'unknown'"),
    )


def _counted(reports: DataFrame, names: tuple[str, ...], more: tuple[Any, ...], kept: str) -> DataFrame:
    """Return how many decisions, and of how many resources, there are of each combination of `names`.

    Each report is cut to its own combinations first, so that a resource counts once, on a stream too.
    """
    from pyspark.sql import functions as F  # noqa: N812, PLC0415  as above

    own = [name for name in names if name != "source"]
    key = ", ".join(f"'{name}', each.{name}" for name in own)
    keys = f"transform(filter(decisions, each -> {kept}), each -> named_struct({key}))"
    cells = "transform(array_distinct(keys), one -> named_struct('key', one, 'times', size(filter(keys, each -> each <=> one))))"
    made = reports.select("source", "date", F.expr(keys).alias("keys"))
    made = made.select("source", "date", F.explode(F.expr(cells)).alias("cell"))
    counts = (F.sum("cell.times").alias("decisions"), F.count("*").alias("resources"))
    by = [F.col(name if name == "source" else f"cell.key.{name}").alias(name) for name in names]
    return made.groupBy(*by).agg(*counts, *more)


# on the driver


def _require_frame(df: object) -> None:
    """Refuse what is no frame of Spark, and a Spark that cannot carry Arrow."""
    _require_extra()
    from pyspark.sql import DataFrame  # noqa: PLC0415  an extra

    if not isinstance(df, DataFrame):
        kind = f"{type(df).__module__.partition('.')[0]}.{type(df).__name__}"
        raise UsageError(f"caveat.spark takes a DataFrame of Spark, not a {kind}; `caveat.arrow.check_batch` takes Arrow batches")


def _require_end(df: DataFrame) -> None:
    """Refuse a stream where all rows are wanted."""
    if df.isStreaming:
        raise UsageError("a stream has no end to be recorded at; decide and record each micro-batch, in `foreachBatch`")


def _require_extra() -> None:
    """Refuse where something of the extra is missing or too old: Spark would fall back to pickled rows, or fail in a worker."""
    try:
        import pandas  # noqa: ICN001, PLC0415  an extra
        import pyarrow  # noqa: ICN001, PLC0415  an extra
        import pyspark  # noqa: PLC0415  an extra
    except ImportError as error:
        raise UsageError(f"Spark needs the extra `spark`, and {error.name} is missing: pip install 'caveat[spark]'") from None
    for module in (pyspark, pandas, pyarrow):
        major, minor = module.__version__.split(".")[:2]
        oldest = _OLDEST[module.__name__]
        if (int(major), int(minor)) < oldest:
            wanted = ".".join(map(str, oldest))
            name = module.__name__
            raise UsageError(f"{name} {module.__version__} is too old, {wanted} is needed: pip install 'caveat[spark]'")


def _require_columns(df: DataFrame, column: str, identity: str | None) -> None:
    """Refuse a column that is not there once, is no raw document, or cannot be an id."""
    kind = _type_of(df, column, "column")
    if kind.typeName() not in {"string", "varchar", "char", "binary"}:
        parsed = kind.typeName() in {"struct", "array", "map", "variant"}
        raise UsageError(f"`{column}`: {not_raw(kind.simpleString()[:200], parsed=parsed)}")
    if identity is None:
        return
    kind = _type_of(df, identity, "id")
    if kind.typeName() not in {"string", "varchar", "char"}:
        cast = f'`df.withColumn("{identity}", df["{identity}"].cast("string"))`'
        raise UsageError(f"`id` is a column of strings, and `{identity}` is {kind.simpleString()[:200]}; cast it first: {cast}")


def _type_of(df: DataFrame, name: object, argument: str) -> DataType:
    """Return the type of the one column of that name."""
    if not isinstance(name, str):
        raise UsageError(f"`{argument}` is the name of a column, not a {type(name).__name__}")
    if name not in df.columns:
        names = ", ".join(f"`{each}`" for each in df.columns) or "none"
        raise UsageError(f"there is no column `{name}`, which `{argument}` asks for; the frame has {names}")
    _require_distinct([each for each in df.columns if each.casefold() == name.casefold()], f"`{argument}` names one column")
    return df.schema[name].dataType


def _require_distinct(names: list[str], why: str) -> None:
    """Refuse names of columns that Spark takes for one another; it passes over case."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.get(name.casefold())
        if other is not None:
            raise UsageError(f"there are two columns `{other}` and `{name}`, and {why}; rename one with `toDF`")
        seen[name.casefold()] = name


def _column(name: str) -> Column:
    """Return the column of that name, whatever is in the name."""
    from pyspark.sql.functions import col  # noqa: PLC0415  an extra

    return col("`" + name.replace("`", "``") + "`")
