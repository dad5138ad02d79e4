"""Judge a block of lines: strictly each, or by a raw scan that leaves few to be read.

Rule 1: every line with anything on it, or longer than the limit, is a document; each is counted, and each that may not be
processed is told.
Rule 2: what a scan does not name begins as an object and is no longer than the limit, or it is read all the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Final, NamedTuple, Protocol

from caveat.bulk.blocks import Block
from caveat.bulk.memory import Known, Memory, Unknown
from caveat.bulk.needles import needles_of
from caveat.domain.decision import Verdict
from caveat.domain.report import Report, of_line
from caveat.intake.byte_search import count
from caveat.intake.json_reader import Unreadable
from caveat.intake.ndjson import is_blank
from caveat.intake.reading import Form
from caveat.intake.triage import Needles, lines_of
from caveat.judge.check import DUPLICATES, NATIVE, Question, judge_bytes, judge_tree
from caveat.telemetry.seen import Counted
from caveat.telemetry.watching import is_watched

SCANNED: Final = "scanned"
UNREAD: Final = "whether it can be read at all, by a raw scan"
_LINE_FEED: Final = b"\n"
_AT_ONCE: Final = 512  # lines of which it is remembered together
_FEW: Final = 16  # lines of a block that are put off
_LITTLE: Final = 1 << 16  # bytes that they have together at most

Place = tuple[int, int, int]
"""The number of a line, and where it begins and ends in its block, without its line feed."""
Left = tuple[Place, bytes]
"""A line that is still to be read, copied out of its block."""
Own = tuple[bytes | None, str | None]
"""What of a report is that of one line alone: the bytes received, and the id."""


class Write(Protocol):
    """Makes what is to be written of a document: from a report that holds for it but for its bytes, its id and its line."""

    def __call__(self, report: Report, /, received: bytes | None, resource_id: str | None, line: int) -> str:
        """Return it, without a line feed at the end."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked of each line of a stream, and what is to be told.

    `name` is the input as reports name it. `scans`: only lines in which a raw scan finds something are read. `tells_all`: every
    document is told, not only what may not be processed without a word. `write` makes of a report what is to be written of it,
    and must be picklable, for it may be called in another process; `explain` makes what is to stand beside a line that is held,
    where that is not the same; `keeps` says whether the report itself is told too. `note`, picklable as well, makes what is
    recorded of every document, told or not: from a report that holds for it, its bytes, its id.
    `counts`: for whoever watches it is counted what a block comes to.
    """

    question: Question
    name: str | None = None
    scans: bool = False
    tells_all: bool = False
    write: Write | None = None
    explain: Write | None = None
    keeps: bool = True
    note: Callable[[Report, bytes | None, str | None], Any] | None = None
    counts: bool = field(default_factory=is_watched)
    needles: Needles = field(init=False, repr=False, compare=False)
    memory: Memory = field(init=False, repr=False, compare=False)
    free: Report = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Put the needles together once, and remember nothing yet."""
        object.__setattr__(self, "needles", needles_of(self.question.policy))
        object.__setattr__(self, "memory", Memory(self.question))
        object.__setattr__(self, "free", scanned(self.question))

    @property
    def only_scans(self) -> bool:
        """Whether nothing is asked of a line in which a scan finds nothing, but that it is counted."""
        return self.scans and not self.tells_all and self.note is None


class Told(NamedTuple):
    """One document of a block: its line, where it begins and ends there without its line feed, its verdict, and what is told.

    `why` stands beside a line that is held.
    """

    line: int
    start: int
    end: int
    verdict: Verdict
    report: Report | None
    written: str | None = None
    why: str | None = None


@dataclass(slots=True)
class Part:
    """What a block came to: what is told, in order, how many documents of each verdict are not, and what Caveat failed on.

    `failed` has line and kind of error; such a line is told as unreadable. `notes` are of every document, in order. `counted` is
    there where somebody watches.
    """

    told: list[Told] = field(default_factory=list)
    quiet: Counter[Verdict] = field(default_factory=Counter)
    failed: list[tuple[int, str]] = field(default_factory=list)
    notes: list[Any] = field(default_factory=list)
    counted: Counted | None = None

    @property
    def documents(self) -> int:
        """How many documents there were."""
        return len(self.told) + self.quiet.total()


def judged(plan: Plan, block: Block) -> Part:
    """Return what the lines of `block` come to."""
    part, left = looked_at(plan, block)
    read_on(plan, part, left)
    return part


def looked_at(plan: Plan, block: Block) -> tuple[Part, list[Left]]:
    """Return what the lines of `block` come to so far, and copies of those that are still to be read.

    There are some only where a scan finds little: so they can be read together with those of other blocks.
    """
    counted = Counted() if plan.counts and not block.goes_on else None
    near = _near(plan, block)
    part = Part(counted=counted)
    if near is not None and _are_little(near):
        _add_free(part, block.lines - len(near))
        return part, _copied(block, near)
    if near is not None:
        _by_hits(plan, part, block, near)
    elif not block.goes_on:
        _by_lines(plan, part, block)
    return part, []


def little_left(plan: Plan, block: Block) -> list[Left] | None:
    """Return copies of the lines of `block` that a scan leaves to be read; None where that is not little, or it looks at each."""
    near = _near(plan, block)
    return _copied(block, near) if near is not None and _are_little(near) else None


def proved_free(plan: Plan, number: int, began: int) -> Part:
    """Return what so many documents come to that a scan proved free of what it looks for; it `began` then, in nanoseconds."""
    part = Part(counted=Counted(began=began) if plan.counts else None)
    _add_free(part, number)
    return part


def _are_little(near: Sequence[tuple[int, int]]) -> bool:
    """Return whether lines are so few and short that they are put off, to be read with those of other blocks."""
    return len(near) <= _FEW and sum(end - start for start, end in near) <= _LITTLE


def _copied(block: Block, rows: Sequence[tuple[int, int]]) -> list[Left]:
    """Return copies of some lines of a block, in order."""
    return [(place, bytes(block.view[place[1] : place[2]])) for place in _placed(block, rows)]


def read_on(plan: Plan, part: Part, left: Sequence[Left]) -> None:
    """Add to what a block came to the lines of it that were still to be read, and end it."""
    for place, raw in left:
        if plan.needles.must_be_read(memoryview(raw), 0, len(raw)):
            _read(plan, part, place, raw)
        else:
            _add_free(part, 1)
    if part.counted is not None:
        part.counted.end()


def _near(plan: Plan, block: Block) -> list[tuple[int, int]] | None:
    """Return the lines in which a scan finds something; None where it is not asked for, or not every line begins as an object."""
    is_short = block.end <= plan.question.limits.bytes
    if plan.only_scans and is_short and block.room[0] == ord("{") and not block.goes_on:
        near, objects = plan.needles.near_in_lines(block.room, block.end)
        if objects == block.lines - 1:  # every line begins as one: none is empty, and none is in another encoding
            return near
    return None


def _placed(block: Block, rows: Sequence[tuple[int, int]]) -> Iterator[Place]:
    """Give the places of some lines of a block, in order."""
    view, line, counted = block.view, block.line, 0
    for start, end in rows:
        line += count(view, _LINE_FEED, counted, start)
        counted = start
        yield line, start, end


def _add_free(part: Part, number: int) -> None:
    """Add documents that a scan proved free to what a block came to."""
    if number:
        part.quiet[Verdict.CLEAR] += number
        if part.counted is not None:
            part.counted.resources[Verdict.CLEAR.word, SCANNED] += number


def judged_line(plan: Plan, raw: bytes, line: int) -> Report:
    """Return the report on one line by itself."""
    is_free = plan.scans and len(raw) <= plan.question.limits.bytes and not plan.needles.may_hold(raw)
    report = scanned(plan.question, raw) if is_free else _strictly(plan, Part(), raw, line)
    return replace(report, line=line, input=plan.name)


def _by_hits(plan: Plan, part: Part, block: Block, near: Sequence[tuple[int, int]]) -> None:
    """Read the lines in which something was found, where they must be read; the others are looked at no more.

    Those that are remembered are not looked at for that: what is remembered of a line without a modifier is that it has none.
    """
    view, needles, alone = block.view, plan.needles, _alone(plan, part)
    rows = near if alone is not None else [row for row in near if needles.must_be_read(view, *row)]
    free = block.lines - len(rows)
    told = []
    for number, known in plan.memory.recall(view, rows, alone):
        if known is None and alone is not None and not needles.must_be_read(view, *rows[number]):
            free += 1
        else:
            told.append((rows[number], known))
    for place, (_, known) in zip(_placed(block, [row for row, _ in told]), told, strict=True):
        _take(plan, part, place, bytes(view[place[1] : place[2]]), known)
    _add_free(part, free)


def _by_lines(plan: Plan, part: Part, block: Block) -> None:
    """Look at every line."""
    view = block.view
    near = set(plan.needles.hits(view, lines_of(block.room, block.end))) if plan.scans else set()
    bounds, line = _bounds(block), block.line
    while lines := list(islice(bounds, _AT_ONCE)):
        for number, known in _recalled(plan, part, view, lines):
            start, end = lines[number]
            raw = bytes(view[start : min(end, start + plan.question.limits.bytes + 1)])
            if is_blank(raw, plan.question.limits.bytes):
                continue
            is_free = plan.scans and (start, end) not in near and raw.startswith(b"{") and len(raw) <= plan.question.limits.bytes
            if is_free:
                _tell(plan, part, (line + number, start, end), plan.free, (raw, None))
            else:
                _take(plan, part, (line + number, start, end), raw, known)
        line += len(lines)


def _recalled(plan: Plan, part: Part, view: memoryview, lines: Sequence[tuple[int, int]]) -> Iterable[tuple[int, Known | None]]:
    """Return which of `lines` are to be told or judged, with what is remembered of them; by a scan all are."""
    if plan.scans:
        return ((number, None) for number in range(len(lines)))
    return plan.memory.recall(view, lines, _alone(plan, part))


def _alone(plan: Plan, part: Part) -> Counter[Verdict] | None:
    """Return where documents without a word are counted, None where more is to be taken of each than its verdict."""
    return None if plan.tells_all or plan.note is not None or part.counted is not None else part.quiet


def _bounds(block: Block) -> Iterator[tuple[int, int]]:
    """Give where each line of a block begins and ends, without its line feed."""
    start = 0
    while start < block.end:
        end = block.room.find(b"\n", start, block.end)
        end = block.end if end < 0 else end
        yield start, end
        start = end + 1


def _take(plan: Plan, part: Part, place: Place, raw: bytes, known: Known | None) -> None:
    """Add one line to what a block came to: as what is remembered of lines that say the same, else judged by itself."""
    if known is None:
        _read(plan, part, place, raw)
    else:
        answer, leaf, match = known
        _tell(plan, part, place, answer.report, (raw, leaf.identity(match)))


def _read(plan: Plan, part: Part, place: Place, raw: bytes) -> None:
    """Add one line that no joined pattern answers for."""
    found = plan.memory.find(raw)
    if found is not None and not isinstance(found, Unknown):
        _take(plan, part, place, raw, found)
        return
    report = _strictly(plan, part, raw, place[0])
    if found is not None:
        plan.memory.keep(found, raw, report)
    _tell(plan, part, place, report, (report.received, report.resource_id))


def _tell(plan: Plan, part: Part, place: Place, report: Report, own: Own) -> None:
    """Add one document that `report` holds for, but for its line and its `own` bytes and id, to what a block came to."""
    raw, identity = own
    if plan.note is not None:
        part.notes.append(plan.note(report, raw, identity))
    if part.counted is not None:
        part.counted.take(report)
    verdict, (line, start, end) = report.verdict, place
    if verdict <= Verdict.ACCEPT and not plan.tells_all:
        part.quiet[verdict] += 1
        return
    written = plan.write(report, raw, identity, line) if plan.write is not None else None
    why = plan.explain(report, raw, identity, line) if plan.explain is not None and verdict > Verdict.WARN else written
    whole = of_line(report, raw, identity, line, plan.name) if plan.keeps else None
    part.told.append(Told(line, start, end, verdict, whole, written, why))


def _strictly(plan: Plan, part: Part, raw: bytes, line: int) -> Report:
    """Return the report on a line that is read; a line that Caveat fails on is refused, and does not hide the others."""
    try:
        report = judge_bytes(plan.question, raw, Form.JSON, keep=False).report
    except Exception as error:  # noqa: BLE001  whatever it is, the line must not pass
        part.failed.append((line, type(error).__name__))
        report = failed(plan.question, error, raw)
    return report


def scanned(question: Question, raw: bytes | None = None) -> Report:
    """Return the report on a document that was not read, since its bytes prove that no modifier is in it."""
    return Report(
        verdict=Verdict.CLEAR,
        decisions=(),
        resource_type=None,
        resource_id=None,
        release=question.release.value,
        evidence=SCANNED,
        intent=question.intent,
        date=question.today,
        policy=question.policy.named,
        received=raw,
        source=question.source,
        not_checked=(UNREAD, DUPLICATES, NATIVE),
    )


def failed(question: Question, error: Exception, raw: bytes | None = None) -> Report:
    """Return the report on a document that Caveat failed on; of what the exception says nothing is told: it may hold values."""
    fault = Unreadable("internal-fault", f"Caveat failed on the document ({type(error).__name__}), which is refused for that")
    return replace(judge_tree(question, fault, "document").report, received=raw)
