"""Judge the rows of a batch: each by itself, as one that says the same, or by a raw scan that leaves few to be read.

Rule 1: a null, and a row on which Caveat itself fails, are verdicts of that row: reject, unreadable.
Rule 2: a short cut is taken where rows follow each other in memory as Arrow demands, and where one fails, rows are read.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

import pyarrow as pa
from pyarrow import compute as pc

from caveat.arrow.rows import Rows
from caveat.bulk.judging import failed, scanned
from caveat.bulk.memory import Known, Memory, Unknown
from caveat.bulk.needles import needles_of
from caveat.domain.report import Report
from caveat.formats.printable import bounded
from caveat.formats.record import record
from caveat.intake.byte_search import find
from caveat.intake.json_reader import Unreadable
from caveat.intake.reading import Form
from caveat.judge.check import Question, judge_bytes, judge_tree

FREE: Final = 0
"""The number, among the records of a part, of that of all rows that are free."""
_REFUSED: Final = 1  # of that which a row has that nobody judged, for none may be free by mistake
_MOST_PARTS: Final = 10_000  # decisions and the like in one part: a hostile feed must not fill a worker's memory with reports
_AT_ONCE: Final = 512  # rows of which it is remembered together
_NULL: Final = Unreadable("null", "the row holds no document: its value is null")


@dataclass(slots=True)
class Part:
    """Rows that follow each other: `picks` has for each which of `records` is its own, unless it is `free`.

    Rows that say the same share a record; the id of the resource of such a row is in `identities`, by its place in the part.
    """

    start: int
    records: list[dict[str, Any]]
    picks: array[int]
    free: pa.BooleanArray
    identities: dict[int, str | None] = field(default_factory=dict)
    found: int = 0
    _alike: dict[int, tuple[Report, int]] = field(default_factory=dict)

    @property
    def span(self) -> range:
        """Which rows of the batch these are."""
        return range(self.start, self.start + len(self.picks))

    def times(self) -> Counter[int]:
        """Return how many rows have each record, by its number."""
        found = Counter(self.picks)
        found.update({FREE: self.free.true_count, _REFUSED: -self.free.true_count})
        return +found

    def add(self, row: int, told: dict[str, Any]) -> None:
        """Say that the record of a row of the batch is `told`."""
        self.picks[row - self.start] = len(self.records)
        self.records.append(told)
        self.found += _size(told)

    def add_alike(self, row: int, known: Known) -> None:
        """Say that a row of the batch says what is known already."""
        (_, report), leaf, match = known
        identity = leaf.identity(match)
        shared = self._alike.get(id(report))
        if shared is None:
            shared = self._alike[id(report)] = (report, len(self.records))  # held, so that its `id` is nothing else's
            self.records.append(record(report))
        self.picks[row - self.start] = shared[1]
        self.identities[row - self.start] = None if identity is None else bounded(identity)
        self.found += len(report.decisions) + len(report.native)

    def cut(self, stop: int) -> Part:
        """End this part before that row of the batch, and return the next one."""
        size = stop - self.start
        rest = Part(stop, self.records[: _REFUSED + 1], self.picks[size:], self.free[size:])
        self.picks, self.free = self.picks[:size], self.free[:size]
        return rest


def _size(told: dict[str, Any]) -> int:
    return len(told["decisions"]) + len(told["native"]) + len(told["entries"])


def parts(question: Question, form: Form | None, rows: Rows, memory: Memory, *, scans: bool) -> Iterator[Part]:
    """Give the rows in parts of bounded size, at least one, even for no rows."""
    follows = _follow_each_other(rows)
    free = _free(question, rows) if scans and follows else bytearray(len(rows))
    records = [free_record(question), record(failed(question, AssertionError()))]
    picks, is_free = array("i", [_REFUSED]) * len(rows), pa.array(free, pa.uint8()).cast(pa.bool_())
    part = Part(0, records, picks, is_free)
    judging = _Judging(question, form, rows, memory if follows and form is not Form.XML else None)
    for row, known in judging.recalled(_zeros(free)):
        if known is None or not _added(part, row, known):
            judging.judge(part, row)
        if part.found > _MOST_PARTS and row + 1 < len(rows):
            rest = part.cut(row + 1)
            yield part
            part = rest
    yield part


def free_record(question: Question) -> dict[str, Any]:
    """Return the record that all free rows have."""
    return record(scanned(question))


def _zeros(free: bytearray) -> Iterator[int]:
    """Give the rows that are not free."""
    row = free.find(0)
    while row >= 0:
        yield row
        row = free.find(0, row + 1)


def _follow_each_other(rows: Rows) -> bool:
    """Return whether rows lie one behind the other; a batch from elsewhere may say otherwise, and nobody else looks."""
    try:
        rows.as_bytes().validate(full=True)
    except Exception:  # noqa: BLE001  then every row is read by itself
        return False
    return True


def _free(question: Question, rows: Rows) -> bytearray:
    """Return 1 for each row of which the bytes prove that no modifier is in it, 0 for what is to be read.

    What does not begin as an object, is larger than the limit, or is null is to be read, as triage itself demands.
    INVARIANT: rows follow each other, or bytes of a row would go unseen.
    """
    try:
        begun = pc.starts_with(rows.documents, pattern="{")
        small = pc.less_equal(pc.binary_length(rows.documents), question.limits.bytes)
        free = bytearray(pc.and_(begun, small).fill_null(False).cast(pa.uint8()).buffers()[1])[: len(rows)]
        for start, _ in _hits(question, rows):
            free[bisect_right(rows.bounds, start) - 1] = 0
    except Exception:  # noqa: BLE001  triage is a short cut: where it fails every row is read
        return bytearray(len(rows))
    return free


def _hits(question: Question, rows: Rows) -> list[tuple[int, int]]:
    """Return the bounds of each row in which the bytes show something, all rows looked at as they lie, without a gap."""
    first = rows.bounds[0]

    def row_at(position: int) -> tuple[int, int]:
        row = bisect_right(rows.bounds, position + first) - 1  # of rows that begin there, the last: the others are empty
        return rows.bounds[row] - first, rows.bounds[row + 1] - first

    hits = needles_of(question.policy).hits(rows.data[first : rows.bounds[-1]], row_at)
    return [(start + first, end + first) for start, end in hits]


def _added(part: Part, row: int, known: Known) -> bool:
    """Add a row as what is known of it; return whether that was done."""
    try:
        part.add_alike(row, known)
    except Exception:  # noqa: BLE001  to remember is a short cut too
        return False
    return True


@dataclass(frozen=True, slots=True)
class _Judging:
    """What is asked of rows, and what is remembered of others that say the same; None where that is not to be asked."""

    question: Question
    form: Form | None
    rows: Rows
    memory: Memory | None

    def recalled(self, numbers: Iterator[int]) -> Iterator[tuple[int, Known | None]]:
        """Give rows, each with what patterns that answered often say of it."""
        while some := list(islice(numbers, _AT_ONCE)):
            yield from zip(some, self._recalled(some), strict=True)

    def _recalled(self, some: Sequence[int]) -> Sequence[Known | None]:
        if self.memory is None:
            return [None] * len(some)
        try:
            places = [self._line(row) for row in some]
            return [known for _, known in self.memory.recall(self.rows.data, places, None)]
        except Exception:  # noqa: BLE001  as in `_added`
            return [None] * len(some)

    def _line(self, row: int) -> tuple[int, int]:
        """Return where a row lies if it is one line, as what is remembered are lines; else a place at which nothing is."""
        start, end = self.rows.bounds[row], self.rows.bounds[row + 1]
        if row in self.rows.nulls or find(self.rows.data, b"\n", start, end) >= 0:
            return start, start
        return start, end

    def judge(self, part: Part, row: int) -> None:
        """Add one row to a part, whatever happens."""
        if row in self.rows.nulls:
            part.add(row, record(judge_tree(self.question, _NULL, "document").report))
            return
        raw = bytes(self.rows.view(row))
        found = self._found(raw)
        if found is None or isinstance(found, Unknown) or not _added(part, row, found):
            part.add(row, self._read(raw, found if isinstance(found, Unknown) else None))

    def _found(self, raw: bytes) -> Known | Unknown | None:
        """Return what is remembered of a row."""
        if self.memory is None or b"\n" in raw:
            return None
        try:
            return self.memory.find(raw)
        except Exception:  # noqa: BLE001  as in `_added`
            return None

    def _read(self, raw: bytes, unknown: Unknown | None) -> dict[str, Any]:
        """Return the record of a row that is read; its digest is not in it, for that every row has beside its record."""
        try:
            report = judge_bytes(self.question, raw, self.form, keep=False).report
            told = record(report)
        except Exception as error:  # noqa: BLE001  whatever it is, it is this row's verdict, and no other row's
            return record(failed(self.question, error))
        if unknown is not None and self.memory is not None:
            with suppress(Exception):
                self.memory.keep(unknown, raw, report)
        return told
