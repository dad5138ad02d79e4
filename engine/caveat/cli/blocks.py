"""Files of one document a line, read in blocks: reported, and routed to what may be processed and what is held.

Rule 1: what is routed is only what was named: files of lines, no folder, nothing that cannot be read again.
Rule 2: an output is no input, and no two outputs are one file; what is there and no file is never replaced.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import cast

from caveat import __version__
from caveat.bulk.judging import Part, Plan, Write
from caveat.bulk.processes import parts, workers_that_pay
from caveat.bulk.routing import Router, kept_beside, outputs, started
from caveat.bulk.state import Seen, State
from caveat.bulk.streams import Stream, opened
from caveat.bulk.writing import ROOMS, Incomplete
from caveat.cli.exits import Exit, say
from caveat.cli.inputs import Absent, Item, LinesFile, NotRead, items_in_blocks
from caveat.cli.judging import Run, question_of
from caveat.cli.options import ReportForm
from caveat.documents import Kind, kind_of
from caveat.domain.errors import UsageError
from caveat.domain.report import Report, of_line
from caveat.formats import outcome, record, text
from caveat.judge.check import Question

Done = Callable[[int, int, int | None], None]
"""Told how many documents there were, how many bytes of the input were read, and how many it has, None where nobody knows."""


@dataclass(frozen=True, slots=True)
class InBlocks:
    """How lines are read: by a scan or strictly, by how many processes, and to be written how; `is_plain`: without colour.

    `jobs` is None where nobody says how many: as many as pay.
    """

    form: ReportForm = ReportForm.TEXT
    is_plain: bool = False
    scans: bool = False
    jobs: int | None = None
    is_routed: bool = False

    @property
    def is_shared(self) -> bool:
        """Whether several processes are asked for."""
        return self.jobs is not None and self.jobs > 1

    def plan(self, question: Question, name: str, run: Run) -> Plan:
        """Return what is asked of each line of the file `name` in a run."""
        write = self._write(name)
        return Plan(
            question,
            name,
            scans=self.scans,
            tells_all=self.form is not ReportForm.TEXT,
            write=write,
            explain=record.Writer(name) if self.is_routed and self.form is not ReportForm.JSON else None,
            keeps=write is None,
            note=run.noting,
        )

    def _write(self, name: str) -> Write | None:
        """Return what writes of each line what is told, None where that is left to whoever is told the report."""
        if self.form is ReportForm.JSON:
            return record.Writer(name)
        if self.form is ReportForm.OUTCOME:
            return partial(_outcome, name)
        return text.Writer(name) if self.form is ReportForm.TEXT and self.is_plain else None


def _outcome(name: str, report: Report, received: bytes | None, resource_id: str | None, line: int) -> str:
    return json.dumps(outcome.outcome(of_line(report, received, resource_id, line, name)))


def results(run: Run, how: InBlocks, names: Iterable[str], done: Done, *, lines: bool) -> Iterator[Report | tuple[str, Part]]:
    """Give the report on each document of the inputs; of files of lines what each block came to, with the file's name."""
    question = question_of(run.asked)
    found = items_in_blocks(names, lines=lines, limits=question.limits)
    for is_whole, group in groupby(found, key=lambda item: not isinstance(item, LinesFile)):
        if is_whole:  # documents by themselves, which are recorded in groups
            yield from run.recorded(cast("Iterator[Item]", group))
            continue
        for item in cast("Iterator[LinesFile]", group):
            yield from _of_lines(run, how, question, item, done)


def _of_lines(run: Run, how: InBlocks, question: Question, item: LinesFile, done: Done) -> Iterator[Report | tuple[str, Part]]:
    """Give what each block of one file of lines came to, and the report on what stands for the rest of it."""
    stream, number, is_file = Stream(item.name, item.file, question.limits), 0, item.size is not None
    plan = how.plan(question, item.name, run)
    with _read_to_the_end(item.name):
        for block, part in parts(plan, stream, how.jobs or workers_that_pay(plan, stream), rooms=None):
            number += part.documents
            failures(run, item.name, part)
            run.record_part(part)
            yield item.name, part
            done(number, stream.read_until(block) if is_file else 0, item.size)
    if stream.fault is not None:
        yield from run.recorded([NotRead(item.name, stream.fault)])
    elif not number:
        yield from run.report_on(Absent(item.name, "holds no line with anything on it", fails=False))


@contextmanager
def _read_to_the_end(name: str) -> Iterator[None]:
    """Say of an input that its end could not be read: the disk fails, or a server is gone."""
    try:
        yield
    except OSError as error:
        raise Incomplete(f"{name} could be read in part only: {error.strerror or type(error).__name__}") from None


def failures(run: Run, name: str, part: Part) -> None:
    """Say on which lines Caveat failed; they were refused."""
    for line, kind in part.failed:
        say(f"caveat: internal fault while checking {name}:{line} ({kind}); the line is refused")
        run.code = Exit.FAILURE


# routing


@dataclass(frozen=True, slots=True)
class Routes:
    """Where lines go."""

    accepted: Path
    held: Path
    resume: bool = False

    @property
    def goes_on(self) -> bool:
        """Whether there is a run to go on with."""
        return self.resume and kept_beside(self.accepted).exists()


def routes_of(accepted: str | None, held: str | None, *, resume: bool) -> Routes | None:
    """Return where lines go, None when they go nowhere; UsageError when only half of it is said."""
    if accepted is None and held is None:
        if resume:
            raise UsageError("--resume goes with --accepted and --held; nothing else of a run is kept")
        return None
    if accepted is None or held is None:
        raise UsageError("--accepted and --held go together: no line may be lost")
    if "-" in {accepted, held}:
        raise UsageError("--accepted and --held are files, not standard output")
    return Routes(_followed(accepted), _followed(held), resume)


def _followed(name: str) -> Path:
    """Return the file to write: where a symbolic link leads, for the link is to stay one."""
    path = Path(name)
    return path.resolve() if path.is_symlink() else path


def routed(
    run: Run, how: InBlocks, names: Sequence[str], routes: Routes, done: Done, *, lines: bool, output: str | None
) -> Iterator[tuple[Router, str, Part]]:
    """Give what each block of the inputs came to, once its lines are written where they belong; Incomplete when that fails."""
    if routes.resume and output is not None:
        said = "-o is written anew by each run, and what a run said before it was killed is not in it"
        raise UsageError(f"{said}; leave it away: why a line is held stands beside the held file")
    question = question_of(run.asked)
    seen = [_lines_named(name, lines=lines) for name in names]
    _refuse_overwriting([*names, *([output] if output else [])], routes)
    state = started(routes.accepted, routes.held, _asked(run, question, how), seen, resume=routes.resume)
    recording, jobs = _Recording(run, state), how.jobs or 1
    if state.offset or state.source or state.is_written:
        say(f"resumed at {state.inputs[min(state.source, len(names) - 1)].name}, line {state.line}")
    with Router(
        routes.accepted, routes.held, state, behind=jobs == 1
    ) as router:  # where processes are forked, no thread is to be
        while not state.is_written and state.source < len(names):
            name = names[state.source]
            with opened(Path(name)) as file, _read_to_the_end(name):
                stream = Stream(name, file, question.limits, line=state.line, offset=state.offset)
                for block, part in parts(how.plan(question, name, run), stream, jobs, rooms=ROOMS):
                    recording.take(part)  # before it is written and told: a run that is killed between finds it recorded
                    router.take(block, part)
                    failures(run, name, part)
                    yield router, name, part
                    done(sum(router.tally.values()), stream.read_until(block), seen[state.source].size)
            if stream.fault is not None:
                router.give_up()
                raise Incomplete(f"{name}: {stream.fault.message}; what was read of it before is in the .partial files")
            router.end_source()
        router.finish()
    yield router, "", Part()


class _Recording:
    """Records the blocks of a routed run, each once: what the run had recorded when it was killed is found, and left as it is."""

    def __init__(self, run: Run, state: State) -> None:
        self._run, self._state = run, state
        self._is_looking = state.recorded is not None
        if state.recorded is None and run.audit is not None:
            state.recorded = run.audit.last

    def take(self, part: Part) -> None:
        """Record one block."""
        notes, audit, last = part.notes, self._run.audit, self._state.recorded
        if audit is None or last is None or not notes:
            return
        if self._is_looking:
            there, last = audit.recorded(notes, last)
            self._is_looking = there == len(notes)
            notes = notes[there:]
        self._state.recorded = self._run.record_notes(notes) if notes else last


def _lines_named(name: str, *, lines: bool) -> Seen:
    """Return an input that can be routed, as it is now; UsageError for any other."""
    if name == "-":
        raise UsageError(
            "standard input cannot be routed: a run that is interrupted could not be resumed; write it to a file first"
        )
    if Path(name).is_dir() or not (lines or kind_of(name) is Kind.LINES) or kind_of(name) is Kind.ARCHIVE:
        raise UsageError(
            f"{name} is no file of lines; --accepted and --held route .ndjson and .jsonl, each also .gz, or any with --ndjson"
        )
    try:
        return Seen.of(name)
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read {name}: {getattr(error, 'strerror', None) or 'no file can have this name'}") from None


def _refuse_overwriting(names: Iterable[str], routes: Routes) -> None:
    """Refuse outputs that are an input or each other."""
    written = outputs(routes.accepted, routes.held)
    if len({path.resolve() for path in written}) < len(written):
        raise UsageError("--accepted and --held write to files of their own; name two that differ")
    for name in names:
        if any(
            path.resolve() == Path(name).resolve() or (path.exists() and path.samefile(name))
            for path in written
            if Path(name).exists()
        ):
            raise UsageError(f"{name} is an input; nothing is written over it")
    for path in (routes.accepted, routes.held):
        if not path.parent.is_dir() or path.is_dir():
            raise UsageError(f"cannot write {path}: its folder is missing, or it is one")
    for path in written:  # a device or a pipe would be put out of the way by the file that takes its name
        if path.exists() and not path.is_file():
            raise UsageError(f"cannot write {path}: it is no file, and outputs are put in place as files")


def _asked(run: Run, question: Question, how: InBlocks) -> dict[str, object]:
    """Return what makes a run another one."""
    asked = run.asked
    return {
        "policy": question.policy.digest,
        "release": question.release.value,
        "date": question.today.isoformat(),
        "intent": str(question.intent),
        "place": asked.at,
        "source": question.source,
        "reading (--scan or not)": how.scans,
        "limits": asdict(question.limits),
        "audit trail": None if run.audit is None else run.audit.facts.id,
        "version of Caveat": __version__,
    }
