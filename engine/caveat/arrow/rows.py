"""The documents of a column as they lie in Arrow's memory, and which columns have any.

Rule 1: the bytes of a row are those of the column's own buffer, never a decoded copy.
Rule 2: a column that cannot hold documents as they were received is refused, and the message says what does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import pyarrow as pa

from caveat.domain.errors import UsageError


@dataclass(frozen=True, slots=True)
class Rows:
    """The documents of a column as they lie in memory: where each starts in `data`, one bound more than rows; and the nulls."""

    documents: pa.Array
    data: memoryview
    bounds: memoryview
    nulls: frozenset[int]

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def view(self, row: int) -> memoryview:
        """Return the bytes of one row, not copied."""
        return self.data[self.bounds[row] : self.bounds[row + 1]]

    def places(self, span: range) -> Iterator[tuple[int, int]]:
        """Give where in `data` each row of `span` begins and ends."""
        return pairwise(self.bounds[span.start : span.stop + 1].tolist())

    def as_bytes(self) -> pa.Array:
        """Return the same documents as bytes, of which Arrow does not ask that they are UTF-8."""
        kind = self.documents.type
        return self.documents.view(
            pa.binary() if kind == pa.string() else pa.large_binary() if kind == pa.large_string() else kind
        )


def column_of(batch: pa.RecordBatch, name: str, argument: str) -> pa.Array:
    """Return the one column of that name."""
    if not isinstance(name, str):
        raise UsageError(f"`{argument}` is the name of a column, not a {type(name).__name__}")
    found = batch.schema.get_all_field_indices(name)
    if len(found) == 1:
        return batch.column(found[0])
    names = ", ".join(f"`{each}`" for each in batch.schema.names)
    what = f"{len(found)} columns" if found else "no column"
    raise UsageError(f"the batch has {what} of the name `{name}`, which `{argument}` asks for; it has {names or 'none'}")


def identities(batch: pa.RecordBatch, name: str | None) -> pa.Array:
    """Return the ids of the rows, as strings; nulls when nothing was asked."""
    if name is None:
        return pa.nulls(batch.num_rows, pa.string())
    found = _decoded(column_of(batch, name, "id"))
    if not _is_text(found.type):
        raise UsageError(f"`id` is a column of strings, and `{name}` is {found.type}; cast it to string first")
    return found.cast(pa.string())


def rows_of(array: pa.Array) -> Rows:
    """Return the documents of a column; of strings and binaries nothing is copied, views and dictionaries are unpacked first."""
    found = _decoded(array)
    if not (_is_text(found.type) or _is_bytes(found.type)):
        raise UsageError(not_raw(str(array.type), parsed=pa.types.is_nested(found.type)))
    wide = found.type in {pa.large_string(), pa.large_binary()}
    if not wide and found.type not in {pa.string(), pa.binary()}:
        found, wide = found.cast(pa.large_binary()), True
    _, offsets, data = found.buffers()
    nulls = frozenset(n for n, is_null in enumerate(found.is_null().to_pylist()) if is_null) if found.null_count else frozenset()
    if not len(found):
        return Rows(found, memoryview(b""), memoryview(bytes(4)).cast("i"), nulls)
    bounds = memoryview(offsets).cast("B").cast("q" if wide else "i")[found.offset : found.offset + len(found) + 1]
    return Rows(found, memoryview(b"" if data is None else data).cast("B"), bounds, nulls)


def not_raw(kind: str, *, parsed: bool) -> str:
    """Say why a column of type `kind` cannot be checked, and what to do instead."""
    if not parsed:
        return f"the column is {kind}, and documents are text or bytes; name the column that holds them as they were received"
    return (
        f"the column is {kind}: it has been parsed already, into the fields that a schema knows. Modifiers on elements that the "
        "schema leaves out, duplicate keys, and whatever a reader passes over are lost there, and no check can find them again. "
        'Check the raw documents instead: `spark.read.text(path, lineSep="\\n")` for NDJSON, '
        '`spark.read.format("binaryFile").load(path)` for one document a file; and parse what was let through'
    )


def _decoded(array: pa.Array) -> pa.Array:
    """Return an array without its dictionary, or the storage of one of an extension type."""
    while isinstance(array, (pa.DictionaryArray, pa.ExtensionArray)):
        array = array.dictionary_decode() if isinstance(array, pa.DictionaryArray) else array.storage
    return array


def _is_text(kind: pa.DataType) -> bool:
    return kind in {pa.string(), pa.large_string()} or pa.types.is_string_view(kind)


def _is_bytes(kind: pa.DataType) -> bool:
    return kind in {pa.binary(), pa.large_binary()} or pa.types.is_fixed_size_binary(kind) or pa.types.is_binary_view(kind)
