"""The rows of a trail as Arrow batches, and as a Parquet file; it needs the extra `arrow`."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from caveat.audit.extras import required
from caveat.audit.report.rows import EXPORTED
from caveat.domain.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

_NUMBERS = frozenset({"sequence", "decision"})
_BATCH = 20_000


def arrow_schema() -> pa.Schema:
    """Return the columns of an export with their Arrow types; UsageError without pyarrow."""
    required("pyarrow", extra="arrow")
    import pyarrow as pa  # noqa: PLC0415  an extra

    def kind(name: str) -> pa.DataType:
        return pa.int64() if name in _NUMBERS else pa.bool_() if name == "final" else pa.string()

    return pa.schema([(name, kind(name)) for name in EXPORTED])


def arrow_batches(rows: Iterable[tuple[Any, ...]]) -> Iterator[pa.RecordBatch]:
    """Give rows of an export as Arrow batches."""
    schema = arrow_schema()
    import pyarrow as pa  # noqa: PLC0415  an extra

    final, left = list(EXPORTED).index("final"), iter(rows)
    while taken := list(islice(left, _BATCH)):
        columns: list[Any] = [list(each) for each in zip(*taken, strict=True)]
        columns[final] = [None if each is None else bool(each) for each in columns[final]]
        yield pa.record_batch([pa.array(each, schema.field(n).type) for n, each in enumerate(columns)], schema=schema)


def write_parquet(rows: Iterable[tuple[Any, ...]], path: Path) -> None:
    """Write rows of an export to a file, which takes its name only when all was written; UsageError when it cannot be."""
    schema = arrow_schema()
    import pyarrow.parquet as pq  # noqa: PLC0415  an extra

    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from None
    os.close(handle)
    try:
        with pq.ParquetWriter(name, schema) as writer:
            for batch in arrow_batches(rows):
                writer.write_batch(batch)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
