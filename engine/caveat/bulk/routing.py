"""Route lines to two files, byte for byte: what may be processed as received, and what is held.

Rule 1: every byte of the inputs goes to exactly one of the two, in order; a line feed is added only where the last line of an
input lacks its own and more follows. What may be processed only in its reduced form is held.
Rule 2: beside the held file stands why: `F.reasons.ndjson`, one record for each held line.
Rule 3: outputs are called `F.partial` until all is written, counted and durable; a run that does not get so far leaves them so.
Rule 4: a run that is resumed cuts its outputs back to what was written down, and goes on from there: nothing twice, nothing lost.
Rule 5: one run at a time writes to an output. What cannot be written is said of the output, never of the input.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final, Self

from caveat.bulk.blocks import Block
from caveat.bulk.judging import Part
from caveat.bulk.state import DRAFT, Seen, State, load, refuse_another, save, sync_folder
from caveat.bulk.writing import Incomplete, Outputs, said_of
from caveat.domain.decision import Verdict
from caveat.domain.errors import UsageError

try:
    import fcntl
except ImportError:  # Windows, where a file that is open cannot be renamed by another run
    fcntl = None  # type: ignore[assignment]

REASONS: Final = ".reasons.ndjson"
PARTIAL: Final = ".partial"
STATE: Final = ".resume.json"
EVERY: Final = 5.0
"""After how many seconds it is written down how far a run is."""
_BUFFER: Final = 1 << 16
_ACCEPTED, _HELD, _WHY = "accepted", "held", "reasons"


class Router:
    """The outputs of one run, and how far it is: `state`, which stands before the first block, or where a killed run was.

    `behind` says that a thread writes them, so that a block's bytes are to stay until `writing.ROOMS` blocks later.
    """

    def __init__(self, accepted: Path, held: Path, state: State, *, behind: bool = False) -> None:
        self.state, self._told = state, time.monotonic()
        self._paths = {_ACCEPTED: accepted, _HELD: held, _WHY: held.with_name(held.name + REASONS)}
        self._kept = kept_beside(accepted)
        self._last = _ACCEPTED
        sizes = {} if state.is_written else {path: state.sizes.setdefault(name, 0) for name, path in self._paths.items()}
        self._outputs = Outputs({path: _opened_at(partial(path), size) for path, size in sizes.items()}, behind=behind)
        if not state.is_written:
            try:
                self._keep()
            except BaseException:
                self._close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    @property
    def tally(self) -> Counter[Verdict]:
        """How many documents got which verdict, those before the run was resumed included."""
        words = {verdict.word: verdict for verdict in Verdict}
        return Counter({words[word]: number for word, number in self.state.tally.items()})

    def take(self, block: Block, part: Part) -> None:
        """Write the lines of a block where they belong, `part` being what they came to."""
        if block.goes_on:
            self._write(_HELD, block.view)
        else:
            self._spread(block, part)
        tally = self.state.tally
        for verdict, number in (part.quiet + Counter(told.verdict for told in part.told)).items():
            tally[verdict.word] = tally.get(verdict.word, 0) + number
        self._outputs.end_block()
        self.state.taken += block.end
        self.state.offset, self.state.line = block.offset + block.end, block.line + block.lines
        is_at_line = block.room[block.end - 1] == ord("\n")
        if is_at_line and time.monotonic() - self._told >= EVERY:
            self._keep()

    def end_source(self) -> None:
        """Stand at the beginning of the next input. Incomplete where the one just read has changed meanwhile, or is gone."""
        was = self.state.inputs[self.state.source]
        if not _is_as_it_was(was):
            raise Incomplete(f"{was.name} changed while it was read")
        for name in (_ACCEPTED, _HELD):
            if self._last == name and self._lacks_end:
                self.state.unended.append(name)
        self._lacks_end = False
        self.state.source, self.state.offset, self.state.line = self.state.source + 1, 0, 1

    _lacks_end = False

    def finish(self) -> None:
        """Give the outputs their names, once what is in them agrees with the inputs; else Incomplete."""
        if not self.state.is_written:
            self._keep()
            self._compare()
            self.state.is_written = True
            self._keep()
            self._close()
        for path in self._paths.values():
            if partial(path).exists():
                partial(path).replace(path)
        sync_folder(self._paths[_ACCEPTED])
        sync_folder(self._paths[_HELD])
        self._kept.unlink()

    def give_up(self) -> None:
        """Leave the outputs as they are, partial, and do away with what a run could be resumed by."""
        self._close()
        self._kept.unlink(missing_ok=True)

    def _close(self) -> None:
        self._outputs.close()

    def _compare(self) -> None:
        """Raise Incomplete unless every byte read was written, and every file is as long as what was written to it."""
        sizes, state = self.state.sizes, self.state
        if sizes[_ACCEPTED] + sizes[_HELD] != state.taken + state.added:
            raise Incomplete(f"{state.taken} bytes were read, and {sizes[_ACCEPTED] + sizes[_HELD]} written")
        for name, path in self._paths.items():
            if (size := partial(path).stat().st_size) != sizes[name]:
                raise Incomplete(f"{partial(path)} has {size} bytes, and {sizes[name]} were written")

    def _spread(self, block: Block, part: Part) -> None:
        """Write whole spans of what is accepted, and each line that is held with its reasons."""
        view, written = block.view, 0
        for told in part.told:
            if told.verdict <= Verdict.WARN:
                continue
            end = min(told.end + 1, block.end)
            self._write(_ACCEPTED, view[written : told.start])
            self._write(_HELD, view[told.start : end])
            self._write(_WHY, f"{told.why}\n".encode())
            written = end
        self._write(_ACCEPTED, view[written:])

    def _write(self, name: str, raw: memoryview | bytes) -> None:
        if not raw:
            return
        if name in self.state.unended:
            self.state.unended.remove(name)
            self.state.added += 1
            self._put(name, b"\n")
        self._put(name, raw)
        if name != _WHY:
            self._last, self._lacks_end = name, raw[-1] != ord("\n")

    def _put(self, name: str, raw: memoryview | bytes) -> None:
        self._outputs.put(self._paths[name], raw)
        self.state.sizes[name] += len(raw)

    def _keep(self) -> None:
        """Make durable what was written, and write down how far the run is."""
        self._outputs.sync()
        with said_of(self._kept):
            save(self._kept, self.state)
        self._told = time.monotonic()


def started(accepted: Path, held: Path, asked: dict[str, Any], inputs: Sequence[Seen], *, resume: bool) -> State:
    """Return where a run begins: at the beginning, or where the one that was killed had got to.

    UsageError where that one was another run, or where its outputs are shorter than it wrote down.
    """
    left = load(kept_beside(accepted)) if resume else None
    if left is None:
        return State(asked, list(inputs))
    refuse_another(left, asked, list(inputs))
    if not left.is_written:
        for name, path in ((_ACCEPTED, accepted), (_HELD, held), (_WHY, held.with_name(held.name + REASONS))):
            size = partial(path).stat().st_size if partial(path).exists() else -1
            if size < left.sizes.get(name, 0):
                raise UsageError(f"{partial(path)} has less in it than was written; begin again without --resume")
    return left


def _is_as_it_was(seen: Seen) -> bool:
    """Return whether an input looks as it did when the run began."""
    try:
        return Seen.of(seen.name) == seen
    except OSError:
        return False


def kept_beside(accepted: Path) -> Path:
    """Return where it is written down how far a run is, as long as it is not over."""
    return accepted.with_name(accepted.name + STATE)


def partial(path: Path) -> Path:
    """Return what an output is called until it is whole."""
    return path.with_name(path.name + PARTIAL)


def outputs(accepted: Path, held: Path) -> list[Path]:
    """Return every file that a run writes, by all names that it has."""
    named = [accepted, held, held.with_name(held.name + REASONS)]
    kept = kept_beside(accepted)
    return [*named, *map(partial, named), kept, kept.with_name(kept.name + DRAFT)]


def _opened_at(path: Path, size: int) -> IO[bytes]:
    """Open a file to go on behind its first `size` bytes; what stands there is torn, and is cut off.

    UsageError where it cannot be written, or where another run writes it.
    """
    try:
        path.touch()
        file = path.open("r+b", buffering=_BUFFER)
        if not _is_ours(path, file):
            file.close()
            raise UsageError(f"another run is writing {path}; wait for its end, or name other files")
        file.truncate(size)
        file.seek(size)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from None
    return file


def _is_ours(path: Path, file: IO[bytes]) -> bool:
    """Take an output for this run alone, as long as this process lives; return whether it was to be had.

    A run that ended meanwhile has given the file its name, and what stands at `path` is another one, or nothing.
    """
    try:
        if fcntl is not None:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # not `flock`: a process that judges would hold it on
    except (BlockingIOError, PermissionError):  # what is said of a lock that is taken depends on the system
        return False
    except OSError:
        pass  # a file system without locks
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    return False
