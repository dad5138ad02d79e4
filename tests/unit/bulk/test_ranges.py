"""several processes scan come to what one process tells of it, wherever they begin and end."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from caveat import Guard, Limits
from caveat.bulk import blocks, crew, judging, processes, ranges
from caveat.bulk.crew import Crew, Lost
from caveat.bulk.judging import Plan, Told
from caveat.bulk.processes import parts, workers_that_pay
from caveat.bulk.streams import Stream
from caveat.domain.decision import Verdict
from caveat.judge.check import Question
from strategies.lines import lines

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="where the system does not fork, a file is read by one process")
GUARD = Guard.default()
HELD = b'{"resourceType":"Patient","modifierExtension":[{"url":"http://x.example/m","valueBoolean":true}]}'


def question(guard: Guard = GUARD) -> Question:
    return guard._question(b"", None, release=None, today=date(2026, 11, 25), intent="read", source=None)


PLAN = Plan(question(), scans=True)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stretches of a few lines; and whatever thread another test has left, processes are forked."""
    sizes = {ranges: {"RANGE": 2000, "_REST": 700, "_STEP": 50}, blocks: {"BLOCK": 600}, processes: {"BLOCK": 600}}
    for module, named in sizes.items():
        for name, size in named.items():
            monkeypatch.setattr(module, name, size)
    monkeypatch.setattr(crew.threading, "active_count", lambda: 1)


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Counter[bool]:
    """Count ranges that were looked at and given: whether what was found was little."""
    counted: Counter[bool] = Counter()
    in_order = ranges._in_order

    def counting(*args: Any) -> Iterator[Any]:
        for each, seen in in_order(*args):
            counted[seen is not None] += 1
            yield each, seen

    monkeypatch.setattr(ranges, "_in_order", counting)
    return counted


def come_to(path: Path, workers: int, plan: Plan = PLAN) -> tuple[list[Told], Counter[Verdict], int]:
    """Return what is told, with its place in the file, how many documents are not, and how many bytes were judged."""
    told: list[Told] = []
    quiet: Counter[Verdict] = Counter()
    size = 0
    with path.open("rb") as file:
        for block, part in parts(plan, Stream(path.name, file, plan.question.limits), workers, rooms=None):
            assert block.offset == size  # without a gap
            size += block.end
            told += [each._replace(start=block.offset + each.start, end=block.offset + each.end) for each in part.told]
            quiet += part.quiet
    return told, quiet, size


def written(path: Path, body: bytes) -> Path:
    path.write_bytes(body)
    return path


def test_whatever_the_lines_it_is_the_same(tmp_path: Path, given: Counter[bool]) -> None:
    """Of forged lines, sparse or many together, with and without a line feed at the end."""
    clear = b'{"resourceType":"Patient","id":"%d"}'
    for seed in range(60):
        dice = random.Random(seed)
        odd, often = lines(400, seed), dice.choice([2, 20, 60, 400])
        body = b"\n".join(odd[n] if dice.randrange(often) == 0 else clear % n for n in range(400)) + b"\n" * (seed % 2)
        path = written(tmp_path / "a.ndjson", body)
        one = come_to(path, 1)
        assert come_to(path, 2 + seed % 3) == one, seed
        assert one[2] == len(body)
    assert min(given[True], given[False]) > 20


def test_a_modifier_is_found_wherever_it_stands(tmp_path: Path, given: Counter[bool]) -> None:
    """On every line in turn, so before, behind and across each place where a range may begin."""
    clear = [b'{"resourceType":"Patient","id":"%d"}' % number for number in range(140)]
    for number in range(140):
        path = written(tmp_path / "a.ndjson", b"\n".join([*clear[:number], HELD, *clear[number + 1 :]]) + b"\n")
        told, quiet, _ = come_to(path, 2)
        assert [each.line for each in told] == [number + 1]
        assert path.read_bytes()[told[0].start : told[0].end] == HELD
        assert quiet == {Verdict.CLEAR: 139}
    assert given == {True: 140 * 2}


@pytest.mark.parametrize("long", [300, 701, 5000])
def test_a_long_line_is_whole(long: int, tmp_path: Path, given: Counter[bool]) -> None:
    """It belongs to the range in which it begins, or ranges end before it."""
    clear = b'{"resourceType":"Patient"}\n'
    body = clear * 100 + HELD[:-1] + b" " * long + b"}\n" + clear * 300
    path = written(tmp_path / "a.ndjson", body)
    found = come_to(path, 2)
    assert found == come_to(path, 1)
    assert [each.line for each in found[0]] == [101]
    assert given[True] >= 1


def test_a_line_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    """As by one process."""
    plan = Plan(question(Guard(GUARD.policy, limits=Limits(bytes=400))), scans=True)
    path = written(
        tmp_path / "a.ndjson", b'{"resourceType":"Patient"}\n' * 300 + b'{"a":"' + b"x" * 450 + b'"}\n' + b"{}\n" * 900
    )
    found = come_to(path, 2, plan)
    assert found == come_to(path, 1, plan)
    assert 301 in [each.line for each in found[0]]


def test_where_more_than_little_is_found_other_processes_judge_blocks(tmp_path: Path, given: Counter[bool]) -> None:
    """From there on; and where that is at the beginning, none is started to look at ranges."""
    path = written(tmp_path / "a.ndjson", b'{"resourceType":"Patient"}\n' * 200 + b'{"modifierExtension":[]}\n' * 200)
    assert come_to(path, 2) == come_to(path, 1)
    assert given[True] >= 2
    assert given[False] == 1


def test_for_a_file_of_which_much_is_found_no_process_is_started_in_vain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: Counter[bool]
) -> None:
    """The first range is looked at before; it comes to the same."""
    path = written(tmp_path / "b.ndjson", b'{"modifierExtension":[]}\n' * 200)
    wanted, started = come_to(path, 1), Crew.start
    answers: list[Any] = []

    def noting(self: Crew, answer: Any) -> None:
        answers.append(answer)
        started(self, answer)

    monkeypatch.setattr(Crew, "start", noting)
    assert come_to(path, 2) == wanted
    assert given == {False: 1}
    assert [each.func.__module__ for each in answers] == ["caveat.bulk.processes"]


def test_much_is_also_what_is_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: Counter[bool]) -> None:
    """Few lines that are large are not sent from one process to another."""
    monkeypatch.setattr(judging, "_LITTLE", 90)
    path = written(tmp_path / "a.ndjson", (HELD + b"\n") * 100)
    assert come_to(path, 2) == come_to(path, 1)
    assert given == {False: 1}


def test_beside_other_threads_it_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: Counter[bool]) -> None:
    """Nothing is forked then; a thread may also come later, between the first range and the second."""
    path = written(tmp_path / "a.ndjson", (b'{"resourceType":"Patient"}\n' * 30 + HELD + b"\n") * 60)
    wanted = come_to(path, 1)
    threads = iter([1, *[2] * 9])
    monkeypatch.setattr(crew.threading, "active_count", lambda: next(threads))
    monkeypatch.setattr(processes, "_ALONE", 10**6)  # the rest needs no process of its own
    assert come_to(path, 2) == wanted
    assert given == {True: 1}
    given.clear()
    monkeypatch.setattr(crew.threading, "active_count", lambda: 2)
    assert come_to(path, 2) == wanted
    assert not given


def test_few_ranges_are_under_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However far behind the one is whose turn it is, and whoever reads."""
    path = written(tmp_path / "a.ndjson", b'{"resourceType":"Patient","id":"is long enough"}\n' * 6000)
    begun, every = 0, ranges._ranges
    ahead = []

    def counting(*args: Any) -> Iterator[Any]:
        nonlocal begun
        for each in every(*args):
            begun += 1
            yield each

    monkeypatch.setattr(ranges, "_ranges", counting)
    monkeypatch.setattr(Crew, "_is_answered", lambda _self, _member: False)  # as if all waited for a slow one
    with path.open("rb") as file:
        for ended, _ in enumerate(parts(PLAN, Stream(path.name, file, PLAN.question.limits), 3, rooms=None), 1):
            ahead.append(begun - ended)
    assert begun > 100
    # Of the others, of this process, and those that are judged together.
    assert ranges._EACH * 2 <= max(ahead) <= ranges._EACH * 2 + ranges._OWN + processes._RANGES


def shorter(path: Path) -> Callable[..., Iterator[Any]]:
    """Return what gives ranges, and cuts the file off after the second, in the middle of a line."""
    every = ranges._ranges

    def cutting(*args: Any) -> Iterator[Any]:
        for number, each in enumerate(every(*args)):
            if number == 2:
                os.truncate(path, each.offset + 100)
            yield each

    return cutting


def test_of_a_file_that_is_cut_off_meanwhile_what_is_there_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: Counter[bool]
) -> None:
    """Nothing is told of bytes that are gone."""
    path = written(tmp_path / "a.ndjson", b'{"resourceType":"Patient","id":"is long enough"}\n' * 400)
    with monkeypatch.context() as patched:
        patched.setattr(ranges, "_ranges", shorter(path))
        found = come_to(path, 2)
    assert given[False] == 1
    assert found == come_to(path, 1)
    assert found[2] == path.stat().st_size


def test_a_line_end_that_is_gone_meanwhile_ends_no_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: Counter[bool]
) -> None:
    """A file that is written over while it is read is not cut up within its lines."""
    path = written(tmp_path / "a.ndjson", b'{"resourceType":"Patient","id":"is long enough"}\n' * 400)
    monkeypatch.setattr(ranges, "_line_end", lambda _, offset: offset - offset % 49 + 20)
    assert come_to(path, 2) == come_to(path, 1)
    assert given == {False: 1}


@pytest.mark.parametrize("call", ["pread", "preadv"])
def test_bytes_that_cannot_be_read_are_left_to_be_read_again(
    call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: Counter[bool]
) -> None:
    """Who reads on from there says what is wrong, or reads them."""
    path = written(tmp_path / "a.ndjson", b'{"resourceType":"Patient","id":"is long enough"}\n' * 400)
    read = getattr(os, call)

    def broken(*args: Any) -> Any:
        if args[-1] > 9000:
            raise OSError(5, "as if the disk were broken")
        return read(*args)

    monkeypatch.setattr(os, call, broken)
    found = come_to(path, 2)
    assert given == ({True: 4, False: 1} if call == "preadv" else {True: 4})
    assert (found[0], found[1]) == ([], {Verdict.CLEAR: 400})


def test_a_lost_process_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not looked at is not taken for clear."""
    path = written(tmp_path / "a.ndjson", b'{"resourceType":"Patient","id":"is long enough"}\n' * 4000)
    give = Crew.give

    def killing(self: Crew, question: object) -> int | None:
        os.kill(self._started[0].pid, signal.SIGKILL)
        return give(self, question)

    monkeypatch.setattr(Crew, "give", killing)
    with pytest.raises(Lost, match="a process that judged was lost"):
        come_to(path, 2)


def test_a_run_that_is_left_leaves_no_process(tmp_path: Path) -> None:
    """Who reads no further has no processes left behind."""
    path = written(tmp_path / "a.ndjson", b'{"resourceType":"Patient","id":"is long enough"}\n' * 4000)
    with path.open("rb") as file:
        found = parts(PLAN, Stream(path.name, file, PLAN.question.limits), 3, rooms=None)
        assert next(found)
        assert len(multiprocessing.active_children()) == 2
        found.close()  # type: ignore[attr-defined]
        assert multiprocessing.active_children() == []


def test_a_failing_process_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one that is lost."""
    path, here, left = written(tmp_path / "a.ndjson", HELD + b"\n" + b"{}\n" * 9000), os.getpid(), ranges.little_left

    def fails(*args: Any) -> Any:
        if os.getpid() != here:
            raise ZeroDivisionError("patient data")
        return left(*args)

    monkeypatch.setattr(ranges, "little_left", fails)
    with pytest.raises(Lost, match=r"a process failed while it judged \(ZeroDivisionError\)"):
        come_to(path, 2)


def test_a_stream_that_has_been_read_from_is_read_on(tmp_path: Path, given: Counter[bool]) -> None:
    """Standard input may stand anywhere in a file; the lines before are not its own."""
    path = written(tmp_path / "a.ndjson", b"not of the stream\n" + b'{"resourceType":"Patient"}\n' * 900)
    with path.open("rb") as file:
        file.readline()
        stream = Stream("-", file, PLAN.question.limits)
        assert stream.plain is None
        quiet = sum((part.quiet for _, part in parts(PLAN, stream, 2, rooms=None)), Counter[Verdict]())
    assert quiet == {Verdict.CLEAR: 900}
    assert not given


def test_two_processes_scan_a_large_file_where_there_are_two_processors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And one does whatever else is asked where nobody says how many."""
    path = written(tmp_path / "a.ndjson", b"{}\n" * 100)
    with path.open("rb") as file:
        stream = Stream("a.ndjson", file, PLAN.question.limits)
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
        assert workers_that_pay(PLAN, stream) == 1
        monkeypatch.setattr(processes, "_LARGE", 300)
        assert workers_that_pay(PLAN, stream) == 2
        assert workers_that_pay(replace(PLAN, scans=False), stream) == 1
        assert workers_that_pay(replace(PLAN, tells_all=True), stream) == 1
        assert workers_that_pay(replace(PLAN, note=lambda *_: None), stream) == 1
        assert workers_that_pay(PLAN, Stream("a.ndjson.gz", file, PLAN.question.limits)) == 1
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0}, raising=False)
        assert workers_that_pay(PLAN, stream) == 1
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
        monkeypatch.setattr(crew.threading, "active_count", lambda: 2)
        assert workers_that_pay(PLAN, stream) == 1
