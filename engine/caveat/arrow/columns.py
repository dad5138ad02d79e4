"""Reports as columns of Arrow: what a record has, a column for each field, in the order of `caveat.report/1`.

Rule 1: what a report looks like is said in `formats.schema` and nowhere else; the columns here are made from it.
Rule 2: a record that Arrow cannot hold is its row's verdict, and no other row's.
Rule 3: reports apart say of each row whether it is free; a row has the record of free rows for that word alone.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
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
from caveat.intake.byte_search import sha256
from caveat.judge.check import Question

ID: Final = "id"
"""The column of reports that has what the column named by `id=` has, and null without one."""
DIGEST: Final = "input_sha256"
IS_FREE: Final = "is_free"
TOLD: Final = "told"
_IDENTITY: Final = "resource_id"
_HEXADECIMAL: Final = 64  # digits of a digest


@cache
def report_schema() -> pa.Schema:
    """Return the columns of a batch of reports: `id`, then the fields of `caveat.report/1` as `formats.schema` has them.

    Fields that a record leaves out (`decisions_omitted`) are null.
    """
    return pa.schema([pa.field(ID, pa.string()), *_fields(ReportRecord)])


@cache
def apart_schema() -> pa.Schema:
    """Return the columns of reports apart: what each row has of its own, whether it is free, and all else, once or not at all."""
    told = pa.struct([each for each in report_schema() if each.name not in {ID, DIGEST}])
    own = [pa.field(ID, pa.string()), pa.field(DIGEST, pa.string()), pa.field(IS_FREE, pa.bool_(), nullable=False)]
    return pa.schema([*own, pa.field(TOLD, pa.list_(pa.field("element", told, nullable=False)), nullable=False)])


def reports(question: Question, part: Part, rows: Rows, ids: pa.Array) -> pa.RecordBatch:
    """Return the reports on the rows of a part; `ids` are those of all rows."""
    picks = pc.if_else(part.free, pa.scalar(FREE, pa.int32()), _picks(part))
    told = _told(question, part, picks, range(len(picks)))
    own = {ID: ids[part.start : part.span.stop], DIGEST: _digests(rows, part.span)}
    return pa.RecordBatch.from_arrays([own.get(name, told.get(name)) for name in report_schema().names], schema=report_schema())


def reports_apart(question: Question, part: Part, rows: Rows, ids: pa.Array, *, spares: bool) -> pa.RecordBatch:
    """Return the same as reports apart; without `spares` no row is free in them, and each has all that is told."""
    if not spares:
        return _apart_of(reports(question, part, rows, ids))
    is_read = pc.invert(part.free)
    told = _told(question, part, _picks(part).filter(is_read), pc.indices_nonzero(is_read).to_pylist() if part.identities else ())
    return _apart(ids[part.start : part.span.stop], _digests(rows, part.span), part.free, told)


def _apart_of(whole: pa.RecordBatch) -> pa.RecordBatch:
    """Return whole reports as reports apart of which none is of a free row."""
    none_free = pa.repeat(pa.scalar(value=False), whole.num_rows)
    return _apart(whole[ID], whole[DIGEST], none_free, dict(zip(whole.schema.names, whole.columns, strict=True)))


def _apart(ids: pa.Array, digests: pa.Array, free: pa.Array, told: Mapping[str, pa.Array]) -> pa.RecordBatch:
    """Return reports apart, where `told` is of the rows that are not free."""
    kind = apart_schema().field(TOLD).type
    fields = list(kind.value_type)
    ends = pc.cumulative_sum(pc.invert(free).cast(pa.int32()))
    bounds = pa.concat_arrays([pa.array([0], pa.int32()), ends])
    each = pa.StructArray.from_arrays([told[field.name] for field in fields], fields=fields)
    return pa.RecordBatch.from_arrays(
        [ids, digests, free, pa.ListArray.from_arrays(bounds, each, type=kind)], schema=apart_schema()
    )


def _picks(part: Part) -> pa.Array:
    """Return for each row the number of its record; those that are free have none."""
    return pa.Array.from_buffers(pa.int32(), len(part.picks), [None, pa.py_buffer(part.picks)])


def _told(question: Question, part: Part, picks: pa.Array, places: Sequence[int]) -> dict[str, pa.Array]:
    """Return the columns of the records that `picks` names, which are those of the rows at `places` of the part."""
    taken = _converted(question, part.records).take(picks)
    columns = dict(zip(taken.schema.names, taken.columns, strict=True))
    if part.identities:
        names = columns[_IDENTITY].to_pylist()
        columns[_IDENTITY] = pa.array(
            [part.identities.get(at, name) for at, name in zip(places, names, strict=True)], pa.string()
        )
    return columns


def _digests(rows: Rows, span: range) -> pa.Array:
    """Return the SHA-256 of each row in hexadecimal, null where there is nothing."""
    found = b"".join(sha256(rows.data, list(rows.places(span)))).hex().encode()
    bounds = array("i", range(0, len(found) + 1, _HEXADECIMAL))
    told = pa.StringArray.from_buffers(len(span), pa.py_buffer(bounds), pa.py_buffer(found))
    if rows.nulls.isdisjoint(span):
        return told
    return pc.if_else(pa.array([row in rows.nulls for row in span]), pa.scalar(None, pa.string()), told)


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
