"""Answers to people who must answer for a feed: what is asked, what is said to it, and the tables that show it.

Rule 1: what nobody looked at is None, which every form writes as `not checked`, never as 0.
Rule 2: a number that counts decisions names the rows that it counts (`Leading`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

NOT_CHECKED = "not checked"
"""How every form writes what nobody looked at."""


class Level(StrEnum):
    """How an answer is to be taken: well, with care, as a stop; open where nobody can tell."""

    GOOD = "good"
    CARE = "care"
    STOP = "stop"
    OPEN = "open"


LEVELS = {Level.GOOD: "in order", Level.CARE: "look at it", Level.STOP: "act on it", Level.OPEN: "open"}
"""The words of a level, for whoever sees no colour."""

Where = tuple[tuple[str, str], ...]
"""Which rows: pairs of a column and a value; several of one column are any of them."""


@dataclass(frozen=True, slots=True)
class Leading:
    """A number that leads to its rows: those `where` all columns agree, or a table of the page by its key."""

    value: int
    where: Where = ()
    table: str | None = None


Cell = str | int | float | Leading | None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a caption; `columns` are pairs of a key and a label. `total` counts the rows where not all are shown."""

    key: str
    caption: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: int | None = None

    @property
    def left_out(self) -> int:
        """How many rows there are that are not shown."""
        return 0 if self.total is None else self.total - len(self.rows)


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars over time, stacked: for each span its label and one number a series; the series have a name and a class."""

    caption: str
    series: tuple[tuple[str, str], ...]
    spans: tuple[tuple[str, tuple[int, ...]], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """One question, in one sentence, the sentences that answer it, and what shows that it is so."""

    key: str
    question: str
    says: tuple[str, ...]
    level: Level
    tables: tuple[Table, ...] = ()
    chart: Chart | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a checklist: its number and words as published, the evidence that there is, and what stays open."""

    number: int
    words: str
    evidence: str | None
    left_open: str | None


@dataclass(frozen=True, slots=True)
class Rows:
    """The decisions behind the numbers: `columns` are keys and labels; `total` counts those that are not among them too."""

    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str | int | None, ...], ...]
    total: int


@dataclass(frozen=True, slots=True)
class Answers:
    """A whole report: the verdict in one sentence, what it is about, the answers, a checklist, and the rows."""

    title: str
    says: str
    level: Level
    facts: tuple[tuple[str, str], ...]
    answers: tuple[Answer, ...]
    rows: Rows
    checklist: tuple[Point, ...] = ()
    checklist_source: str = ""
    notes: tuple[str, ...] = field(default=())

    def tables(self) -> Iterator[Table]:
        """Give every table, in order."""
        for answer in self.answers:
            yield from answer.tables


def plain(cell: Cell) -> str | int | float | None:
    """Return what a cell says, without the rows that it leads to."""
    return cell.value if isinstance(cell, Leading) else cell


def counted(number: int, what: str, many: str | None = None) -> str:
    """Return a number with what it counts, in the plural where there are several: `many`, or with an `s`."""
    return f"{number:,} {what if number == 1 else many or what + 's'}"


def share(part: int, whole: int) -> str:
    """Return a part in percent, in a way that neither few nor many are rounded away."""
    if whole == 0:
        return NOT_CHECKED
    percent = 100 * part / whole
    if part in {0, whole}:
        return f"{percent:.0f} %"
    return "< 0.1 %" if percent < 0.1 else "> 99.9 %" if percent > 99.9 else f"{percent:.1f} %"  # noqa: PLR2004  the last digit shown
