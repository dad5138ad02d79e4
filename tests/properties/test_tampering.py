"""Whatever is changed in a trail shows: every byte of what it says, every deletion, every swap, and with a checkpoint every cut.

A trail of 200 records, with reviews, encrypted bytes and signed checkpoints, is changed in one way at a time and verified.
`CAVEAT_CASES` is how many changes of each kind are tried, evenly over all there are; from 100,000 on it is every one.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from itertools import combinations
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from caveat import AuditLog, CaveatError
from caveat.audit.checkpoint import read_line
from caveat.audit.verify import Verification, verify
from strategies.trailing import filled, public, verified

CASES = int(os.environ.get("CAVEAT_CASES", "100"))
ALL = CASES >= 100_000
NUMBER = 200
TABLES = ("trail", "contexts", "entries", "decisions", "policies", "checkpoints", "held")
T = TypeVar("T")


def some(of: list[T], share: int = 1) -> list[T]:
    """Return as many as are tried, evenly over all."""
    return of if ALL else of[:: max(1, len(of) * share // CASES)]


class Trail:
    """A trail in memory that can be changed and put back, and what was kept of it elsewhere."""

    def __init__(self, folder: Path) -> None:
        log = filled(folder / "a.db", folder, NUMBER)
        made = log.checkpoint()
        assert made is not None
        self.line, self.key = made.line, public(folder)
        log.close()
        self.path = folder / "a.db"
        self.raw = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        with closing(sqlite3.connect(self.path)) as source:
            source.backup(self.raw)
        self.triggers = self.raw.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        self.engine = create_engine("sqlite://", creator=lambda: self.raw, poolclass=StaticPool)
        with self.engine.connect():  # the first connection of an engine takes a transaction back, and with it what was changed
            pass
        self.disarm()

    def disarm(self) -> None:
        """Take the triggers away; whoever changes a trail does."""
        for name, _ in self.triggers:
            self.raw.execute(f"DROP TRIGGER {name}")

    def verify(self, line: str | None = None, key: str | None = None) -> Verification:
        """Return what verification says, the missing triggers aside."""
        with self.engine.connect() as connection:
            told = verify(connection, line, key)
        told.findings = [each for each in told.findings if not each.message.startswith("the trigger")]
        return told

    def after(self, change: Callable[[sqlite3.Connection], Any], **kept: str) -> Verification:
        """Return what verification says after a change, which is taken back."""
        self.raw.execute("BEGIN")
        try:
            change(self.raw)
            return self.verify(**kept)
        finally:
            if self.raw.in_transaction:  # SQLAlchemy takes a transaction back when it is done with a connection
                self.raw.execute("ROLLBACK")

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        """Return the rows of a table, each with its rowid first."""
        return self.raw.execute(f"SELECT rowid, * FROM {table}").fetchall()

    def columns(self, table: str) -> list[str]:
        """Return the columns of a table."""
        return [row[1] for row in self.raw.execute(f"PRAGMA table_info({table})")]


@pytest.fixture(scope="module")
def trail(tmp_path_factory: pytest.TempPathFactory) -> Trail:
    """Return the trail."""
    return Trail(tmp_path_factory.mktemp("trail"))


def places(trail: Trail) -> Iterator[tuple[str, int, str, Any, int]]:
    """Give each byte of each value: table, row, column, value, place in it; of a number its one value, of nothing one too."""
    for table in TABLES:
        for rowid, *values in trail.rows(table):
            for column, value in zip(trail.columns(table), values, strict=True):
                size = len(value.encode()) if isinstance(value, str) else len(value) if isinstance(value, bytes) else 1
                yield from ((table, rowid, column, value, place) for place in range(size))


def other(value: Any, place: int) -> Any:
    """Return a value with one byte changed, a number that is one more, something in place of nothing."""
    if value is None:
        return "x"
    if isinstance(value, int):
        return value + 1
    raw = bytearray(value.encode() if isinstance(value, str) else value)
    raw[place] ^= 1
    return bytes(raw) if isinstance(value, bytes) else bytes(raw).decode("utf-8", "replace")


def test_the_trail_that_is_changed_has_everything(trail: Trail) -> None:
    """Unchanged it is whole, and signed; there is something in every table."""
    told = trail.verify(trail.line, trail.key)
    assert told.is_whole, told.findings
    assert (told.records, told.anchored, told.signed) == (NUMBER, NUMBER, NUMBER)
    assert all(trail.rows(table) for table in TABLES)


def test_every_single_byte(trail: Trail) -> None:
    """Each byte of each column of each table, changed to another, is found without a checkpoint or a key."""
    missed = []
    tried = some(list(places(trail)))
    for table, rowid, column, value, place in tried:

        def change(raw: sqlite3.Connection, where: Any = (table, rowid, column, value, place)) -> None:
            name, row, key, old, at = where
            with suppress(sqlite3.IntegrityError):  # another row has this number: that change is a swap, which is tried below
                raw.execute(f"UPDATE {name} SET {key} = ? WHERE rowid = ?", (other(old, at), row))
                return
            raw.execute(f"DELETE FROM {name} WHERE rowid = ?", (row,))

        if trail.after(change).is_whole:
            missed.append((table, rowid, column, place))
    print(f"{len(tried):,} single bytes changed, {len(missed)} not found")  # noqa: T201  the number is asked for
    assert missed == []


def test_every_deletion(trail: Trail) -> None:
    """Each row of each table, gone, is found; of the last checkpoint only by whoever kept it."""
    rows = [(table, row[0]) for table in TABLES for row in trail.rows(table)]
    last = max(row[0] for row in trail.rows("checkpoints"))
    last_entry = max(row[0] for row in trail.rows("entries"))
    missed = []
    for table, rowid in some(rows):
        told = trail.after(lambda raw, where=(table, rowid): raw.execute(f"DELETE FROM {where[0]} WHERE rowid = ?", where[1:]))
        if told.is_whole:
            missed.append((table, rowid))
    assert set(missed) <= {("checkpoints", last)}
    told = trail.after(lambda raw: raw.execute("DELETE FROM checkpoints WHERE rowid = ?", (last,)), line=trail.line)
    assert not told.is_whole
    assert ("entries", last_entry) not in missed


def test_every_deletion_of_a_record_and_all_that_belongs_to_it(trail: Trail) -> None:
    """A record that goes with its decisions and bytes leaves a gap in the numbers, or an end before the last checkpoint."""
    for number in some(list(range(1, NUMBER + 1))):

        def change(raw: sqlite3.Connection, gone: int = number) -> None:
            for table in ("held", "decisions", "entries"):
                raw.execute(f"DELETE FROM {table} WHERE sequence = ?", (gone,))

        assert not trail.after(change).is_whole, number


def test_every_gap_that_is_closed(trail: Trail) -> None:
    """A record that goes, and all after it move up by one: the hash of the next is not over what is before it now."""
    for number in some(list(range(1, NUMBER)), share=4):

        def change(raw: sqlite3.Connection, gone: int = number) -> None:
            for table in ("held", "decisions", "entries"):
                raw.execute(f"DELETE FROM {table} WHERE sequence = ?", (gone,))
                raw.execute(f"UPDATE {table} SET sequence = -sequence WHERE sequence > ?", (gone,))
                raw.execute(f"UPDATE {table} SET sequence = -sequence - 1 WHERE sequence < 0")
            raw.execute("DELETE FROM checkpoints")

        assert not trail.after(change).is_whole, number


def test_every_swap(trail: Trail) -> None:
    """Two records that change places, with their decisions and bytes, are found, whichever two."""
    pairs = some(list(combinations(range(1, NUMBER + 1), 2)))
    for first, second in pairs:

        def change(raw: sqlite3.Connection, pair: tuple[int, int] = (first, second)) -> None:
            for table in ("held", "decisions", "entries"):
                for old, new in ((pair[0], -1), (pair[1], pair[0]), (-1, pair[1])):
                    raw.execute(f"UPDATE {table} SET sequence = ? WHERE sequence = ?", (new, old))

        assert not trail.after(change).is_whole, (first, second)
    print(f"{len(pairs):,} pairs swapped, 0 not found")  # noqa: T201  the number is asked for


def test_every_swap_of_what_belongs_to_records(trail: Trail) -> None:
    """Decisions or bytes of two records, exchanged alone, are found."""
    for table in ("decisions", "held"):
        numbers = sorted({row[1] for row in trail.rows(table)})
        for first, second in some(list(combinations(numbers, 2)), share=4):

            def change(raw: sqlite3.Connection, where: tuple[str, int, int] = (table, first, second)) -> None:
                name, one, two = where
                for old, new in ((one, -1), (two, one), (-1, two)):
                    raw.execute(f"UPDATE {name} SET sequence = ? WHERE sequence = ?", (new, old))

            if table == "held" or _decided(trail, first) != _decided(trail, second):
                assert not trail.after(change).is_whole, (table, first, second)


def _decided(trail: Trail, number: int) -> list[tuple[Any, ...]]:
    columns = ", ".join(name for name in trail.columns("decisions") if name != "sequence")
    return trail.raw.execute(f"SELECT {columns} FROM decisions WHERE sequence = ? ORDER BY number", (number,)).fetchall()


def cut(number: int) -> Callable[[sqlite3.Connection], None]:
    """Return what cuts a trail off after a record, with everything that could tell."""

    def change(raw: sqlite3.Connection) -> None:
        for table in ("held", "decisions", "entries"):
            raw.execute(f"DELETE FROM {table} WHERE sequence > ?", (number,))
        raw.execute("DELETE FROM contexts WHERE id NOT IN (SELECT context FROM entries)")
        digests = "(SELECT policy_digest FROM records WHERE kind = 'policy')"
        raw.execute(f"DELETE FROM policies WHERE digest NOT IN {digests}")
        for rowid, _, line in raw.execute("SELECT rowid, * FROM checkpoints").fetchall():
            if read_line(line).last > number:
                raw.execute("DELETE FROM checkpoints WHERE rowid = ?", (rowid,))

    return change


def test_every_cut_is_found_with_a_checkpoint(trail: Trail) -> None:
    """Whoever kept the last checkpoint finds every cut; whoever kept none finds none of those that are made well."""
    for number in some(list(range(NUMBER)), share=4):
        assert not trail.after(cut(number), line=trail.line).is_whole, number
        assert trail.after(cut(number)).is_whole, number


def test_a_trail_that_is_made_anew_is_found_with_a_checkpoint_or_a_key(trail: Trail, tmp_path: Path) -> None:
    """A forger with his own key makes a trail that holds together; neither the line nor the key that was kept takes it."""
    log = filled(tmp_path / "a.db", tmp_path, 50)
    log.checkpoint()
    assert verified(log).is_whole
    assert not verified(log, trail.line).is_whole
    assert not verified(log, None, trail.key).is_whole
    log.close()


def test_a_stripped_signature_is_found(trail: Trail) -> None:
    """A line whose signature is taken off is another line; with the key given an unsigned trail is none."""

    def strip(raw: sqlite3.Connection) -> None:
        for rowid, _, line in raw.execute("SELECT rowid, * FROM checkpoints").fetchall():
            raw.execute("UPDATE checkpoints SET line = ? WHERE rowid = ?", (line.partition(" key=")[0], rowid))

    assert not trail.after(strip).is_whole
    assert not trail.after(lambda raw: raw.execute("DELETE FROM checkpoints"), key=trail.key).is_whole


def test_every_byte_of_the_file(trail: Trail, tmp_path: Path) -> None:
    """A byte of the file itself, changed, is found, or what the trail says is still the same, to the last value."""
    raw, said = trail.path.read_bytes(), {table: trail.rows(table) for table in TABLES}
    offsets = list(range(len(raw)))
    tried = offsets[:: max(1, len(offsets) // (20_000 if ALL else min(CASES // 2, 5_000)))]
    found, missed = 0, []
    for offset in tried:
        path = tmp_path / "b.db"
        path.write_bytes(raw[:offset] + bytes([raw[offset] ^ 1]) + raw[offset + 1 :])
        if _is_found(path):
            found += 1
        elif _said(path) != said:
            missed.append(offset)
        for each in tmp_path.glob("b.db-*"):
            each.unlink()
    print(f"{len(tried):,} bytes of the file changed: {found:,} found, the others say the same; {len(missed)} missed")  # noqa: T201
    assert found > 0
    assert missed == []


def _is_found(path: Path) -> bool:
    try:
        with AuditLog(path, create=False) as log:
            return not verified(log).is_whole
    except CaveatError:  # it cannot even be opened
        return True


def _said(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    with closing(sqlite3.connect(path)) as connection:
        return {table: connection.execute(f"SELECT rowid, * FROM {table}").fetchall() for table in TABLES}
