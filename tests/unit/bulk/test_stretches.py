"""Stretches of a file that several processes scan come to what one process tells of it, wherever they begin and end."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from caveat import Guard, Limits
from caveat.bulk import blocks, crew, processes, stretches
from caveat.bulk.crew import Crew, Lost
from caveat.bulk.judging import Plan, Told
from caveat.bulk.processes import parts, workers_that_pay
from caveat.bulk.streams import Stream
from caveat.domain.decision import Verdict
from caveat.judge.check import Question
from strategies.lines import lines

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="where the system does not fork, a file is read by one process")
GUARD = Guard.default()
HELD = b'{"resourceType":"Patient","modifierExtension":[{"url":"http://x.example/m","valueBoolean":true}]}'


def question(guard: Guard = GUARD) -> Question:
    return guard._question(b"", None, release=None, today=date(2026, 11, 25), intent="read", source=None)


PLAN = Plan(question(), scans=True)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stretches of a few lines; and whatever thread another test has left, processes are forked."""
    sizes = {stretches: {"STRETCH": 2000, "_REST": 700, "_STEP": 50}, blocks: {"BLOCK": 600}, processes: {"BLOCK": 600}}
    for module, named in sizes.items():
        for name, size in named.items():
            monkeypatch.setattr(module, name, size)
    monkeypatch.setattr(crew.threading, "active_count", lambda: 1)


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Counter[bool]:
    """Count stretches that were given: whether what they came to was few."""
    counted: Counter[bool] = Counter()
    ended, alone = stretches._ended, stretches._alone

    def count(*args: Any) -> Any:
        found = ended(*args)
        counted[found[1] is not None] += 1
        return found

    def count_alone(*args: Any) -> Iterator[Any]:
        for found in alone(*args):
            counted[found[1] is not None] += 1
            yield found

    monkeypatch.setattr(stretches, "_ended", count)
    monkeypatch.setattr(stretches, "_alone", count_alone)
    return counted


def come_to(path: Path, workers: int, plan: Plan = PLAN) -> tuple[list[Told], Counter[Verdict], int]:
    """Return what is told, with its place in the file, how many documents are not, and how many bytes were judged."""
    told: list[Told] = []
    quiet: Counter[Verdict] = Counter()
    size = 0
    with path.open("rb") as file:
        for block, part in parts(plan, Stream(path.name, file, plan.question.limits), workers, rooms=0):
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
    """On every line in turn, so before, behind and across each place where a stretch may begin."""
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
    """It belongs to the stretch in which it begins, or stretches end before it."""
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
    """From there on; and where that is at the beginning, none is started to look at stretches."""
    path = written(tmp_path / "a.ndjson", b'{"resourceType":"Patient"}\n' * 200 + b'{"modifierExtension":[]}\n' * 200)
    assert come_to(path, 2) == come_to(path, 1)
    assert given[True] >= 2
    assert given[False] == 1
    given.clear()
    path = written(tmp_path / "b.ndjson", b'{"modifierExtension":[]}\n' * 200)
    assert come_to(path, 2) == come_to(path, 1)
    assert given == {False: 1}


def shorter(path: Path) -> Callable[..., Iterator[Any]]:
    """Return what gives stretches, and cuts the file off after the second, in the middle of a line."""
    every = stretches._stretches

    def cutting(*args: Any) -> Iterator[Any]:
        for number, stretch in enumerate(every(*args)):
            if number == 2:
                os.truncate(path, stretch.offset + 100)
            yield stretch

    return cutting


def test_of_a_file_that_is_cut_off_meanwhile_what_is_there_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: Counter[bool]
) -> None:
    """Nothing is told of bytes that are gone."""
    path = written(tmp_path / "a.ndjson", b'{"resourceType":"Patient","id":"is long enough"}\n' * 400)
    with monkeypatch.context() as patched:
        patched.setattr(stretches, "_stretches", shorter(path))
        found = come_to(path, 2)
    assert given[False] == 1
    assert found == come_to(path, 1)
    assert found[2] == path.stat().st_size


def test_bytes_that_cannot_be_read_are_left_to_be_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: Counter[bool]
) -> None:
    """Who reads on from there says what is wrong, or reads them."""
    path = written(tmp_path / "a.ndjson", b'{"resourceType":"Patient","id":"is long enough"}\n' * 400)
    read = os.preadv

    def broken(file: int, views: Any, offset: int) -> int:
        if offset > 6000:
            raise OSError(5, "as if the disk were broken")
        return read(file, views, offset)

    monkeypatch.setattr(os, "preadv", broken)
    found = come_to(path, 2)
    assert given[False] == 1
    assert given[True] >= 2
    assert (found[0], found[1]) == ([], {Verdict.CLEAR: 400})


def test_a_lost_process_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not looked at is not taken for clear."""
    path = written(tmp_path / "a.ndjson", b'{"resourceType":"Patient","id":"is long enough"}\n' * 4000)
    ask = Crew.ask

    def killing(self: Crew, member: int, question: object) -> None:
        os.kill(self._started[member].pid, signal.SIGKILL)
        ask(self, member, question)

    monkeypatch.setattr(Crew, "ask", killing)
    with pytest.raises(Lost, match="a process that judged was lost"):
        come_to(path, 2)


def test_a_run_that_is_left_leaves_no_process(tmp_path: Path) -> None:
    """Who reads no further has no processes left behind."""
    path = written(tmp_path / "a.ndjson", b'{"resourceType":"Patient","id":"is long enough"}\n' * 4000)
    with path.open("rb") as file:
        found = parts(PLAN, Stream(path.name, file, PLAN.question.limits), 3, rooms=0)
        assert next(found)
        assert len(multiprocessing.active_children()) == 2
        found.close()  # type: ignore[attr-defined]
        assert multiprocessing.active_children() == []


def test_a_failing_process_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one that is lost."""
    path, here, left_of = written(tmp_path / "a.ndjson", HELD + b"\n" + b"{}\n" * 9000), os.getpid(), stretches.left_of

    def fails(*args: Any) -> Any:
        if os.getpid() != here:
            raise ZeroDivisionError("patient data")
        return left_of(*args)

    monkeypatch.setattr(stretches, "left_of", fails)
    with pytest.raises(Lost, match=r"a process failed while it judged \(ZeroDivisionError\)"):
        come_to(path, 2)


def test_a_stream_that_has_been_read_from_is_read_on(tmp_path: Path, given: Counter[bool]) -> None:
    """Standard input may stand anywhere in a file; the lines before are not its own."""
    path = written(tmp_path / "a.ndjson", b"not of the stream\n" + b'{"resourceType":"Patient"}\n' * 900)
    with path.open("rb") as file:
        file.readline()
        stream = Stream("-", file, PLAN.question.limits)
        assert stream.plain is None
        quiet = sum((part.quiet for _, part in parts(PLAN, stream, 2, rooms=0)), Counter[Verdict]())
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
