"""Reports as columns of Arrow: what a record has, a column for each field, in the order of `caveat.report/1`.

Rule 1: what a report looks like is said in `formats.schema` and nowhere else; the columns here are made from it.
Rule 2: a record that Arrow cannot hold is its row's verdict, and no other row's.
Rule 3: reports apart say of each row whether it is free; a row has the record of free rows for that word alone.
"""

from __future__ import annotations

import hashlib
from functools import cache
from types import NoneType
from typing import Any, Final, Literal, get_args, get_origin

import pyarrow as pa
from pyarrow import compute as pc
from pydantic import BaseModel

from caveat.arrow.judging import FREE, Part
from caveat.arrow.rows import Rows
from caveat.bulk.judging import failed
from caveat.formats.record import record
from caveat.formats.schema import ReportRecord
from caveat.judge.check import Question

ID: Final = "id"
"""The column of reports that has what the column named by `id=` has, and null without one."""
DIGEST: Final = "input_sha256"
IS_FREE: Final = "is_free"
TOLD: Final = "told"
_IDENTITY: Final = "resource_id"


@cache
def report_schema() -> pa.Schema:
    """Return the columns of a batch of reports: `id`, then the fields of `caveat.report/1` as `formats.schema` has them.

    Fields that a record leaves out (`decisions_omitted`) are null.
    """
    return pa.schema([pa.field(ID, pa.string()), *_fields(ReportRecord)])


@cache
def apart_schema() -> pa.Schema:
    """Return the columns of reports apart: what each row has of its own, whether it is free, and all else, null where it is."""
    told = pa.struct([each for each in report_schema() if each.name not in {ID, DIGEST}])
    own = [pa.field(ID, pa.string()), pa.field(DIGEST, pa.string()), pa.field(IS_FREE, pa.bool_(), nullable=False)]
    return pa.schema([*own, pa.field(TOLD, told)])


def reports(question: Question, part: Part, rows: Rows, ids: pa.Array) -> pa.RecordBatch:
    """Return the reports on the rows of a part; `ids` are those of all rows."""
    told = _told(question, part, _picks(part, FREE))
    own = {ID: ids[part.start : part.span.stop], DIGEST: _digests(rows, part.span)}
    return pa.RecordBatch.from_arrays([own.get(name, told.get(name)) for name in report_schema().names], schema=report_schema())


def reports_apart(question: Question, part: Part, rows: Rows, ids: pa.Array, *, spares: bool) -> pa.RecordBatch:
    """Return the same as reports apart; without `spares` no row is free in them, and each has all that is told."""
    schema = apart_schema()
    free = part.free if spares else pa.repeat(pa.scalar(value=False), len(part.free))
    own = [ids[part.start : part.span.stop], _digests(rows, part.span), free]
    return pa.RecordBatch.from_arrays([*own, _nested(question, part, free, schema.field(TOLD).type)], schema=schema)


def _nested(question: Question, part: Part, free: pa.Array, kind: pa.StructType) -> pa.Array:
    """Return what is told of rows as structs, null where they are free."""
    if free.true_count == len(free):
        return pa.nulls(len(free), kind)
    columns = _told(question, part, _picks(part, None if free is part.free else FREE))
    return pa.StructArray.from_arrays([columns[each.name] for each in kind], fields=list(kind), mask=free)


def _picks(part: Part, free: int | None) -> pa.Array:
    """Return for each row the number of its record, `free` for those that are free."""
    picks = pa.Array.from_buffers(pa.int32(), len(part.picks), [None, pa.py_buffer(part.picks)])
    return pc.if_else(part.free, pa.scalar(free, pa.int32()), picks)


def _told(question: Question, part: Part, picks: pa.Array) -> dict[str, pa.Array]:
    """Return the columns of the records of a part, for each row that of its own."""
    taken = _converted(question, part.records).take(picks)
    columns = dict(zip(taken.schema.names, taken.columns, strict=True))
    if part.identities:
        names = columns[_IDENTITY].to_pylist()
        for row, name in part.identities.items():
            names[row] = name
        columns[_IDENTITY] = pa.array(names, pa.string())
    return columns


def _digests(rows: Rows, span: range) -> pa.Array:
    """Return the SHA-256 of each row in hexadecimal, null where there is nothing."""
    data, sha256 = rows.data, hashlib.sha256  # names at hand: this is the one thing done for every row by itself
    found: list[str | None] = [sha256(data[start:end]).hexdigest() for start, end in rows.places(span)]
    for row in rows.nulls:
        if row in span:
            found[row - span.start] = None
    return pa.array(found, pa.string())


def _converted(question: Question, records: list[dict[str, Any]]) -> pa.RecordBatch:
    """Return records as columns; one that Arrow cannot hold is that row's verdict."""
    try:
        return pa.RecordBatch.from_pylist(records, schema=report_schema())
    except Exception:  # noqa: BLE001  as in `judging`
        return pa.concat_batches([_one(question, each) for each in records])


def _one(question: Question, told: dict[str, Any]) -> pa.RecordBatch:
    try:
        return pa.RecordBatch.from_pylist([told], schema=report_schema())
    except Exception as error:  # noqa: BLE001  as in `judging`
        return pa.RecordBatch.from_pylist([record(failed(question, error))], schema=report_schema())


# the fields


def _fields(model: type[BaseModel]) -> list[Any]:
    """Return the fields of a model of the wire form as Arrow has them."""
    found = []
    for name, stated in model.model_fields.items():
        kinds = get_args(stated.annotation)
        is_open = NoneType in kinds
        kind = next(each for each in kinds if each is not NoneType) if is_open else stated.annotation
        found.append(pa.field(stated.alias or name, _type(kind), nullable=is_open))
    return found


def _type(kind: Any) -> Any:
    """Return the Arrow type of one kind of field."""
    if get_origin(kind) is list:
        return pa.list_(pa.field("element", _type(get_args(kind)[0]), nullable=False))
    if get_origin(kind) is Literal:
        return _type(type(get_args(kind)[0]))
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return pa.struct(_fields(kind))
    return {str: pa.string(), int: pa.int64(), bool: pa.bool_()}[kind]
