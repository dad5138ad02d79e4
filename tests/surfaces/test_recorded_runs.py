"""`caveat check --audit` on files of lines: whichever way lines are read each is recorded once, in order, killed or not."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest

from caveat import AuditLog, Guard
from caveat.audit.record import Record
from strategies.trailing import verified

RULES = """caveat 1; policy "p" version "1" { owner "o"; }
warn kept: "https://x.example/kept" on Patient because "b" record value;
review looked: "https://x.example/looked" on *.** because "b";
"""
DAY = "2026-11-25"
KILLED = """
import os, signal, sys
from caveat.audit.log import AuditLog
from caveat.bulk import blocks, processes, routing
blocks.BLOCK = processes.BLOCK = 3000
routing.EVERY = float(os.environ["EVERY"])
left = int(os.environ["LEFT"])
def dying(method):
    def run(*arguments, **options):
        global left
        done = method(*arguments, **options)
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        return done
    return run
AuditLog.record_notes = dying(AuditLog.record_notes)  # recorded, and not written
routing.Router.take = dying(routing.Router.take)  # written, and it is seldom said so
from caveat.__main__ import main
main()
"""


def patient(number: int) -> bytes:
    """Return a line: most are alike, some have a value that is kept, some are held, some are broken."""
    if number % 19 == 18:
        return b'{"resourceType":"Patient","id":"torn'
    url = {0: "kept", 1: "looked", 2: "nobody-knows"}.get(number % 7)
    more = f',"modifierExtension":[{{"url":"https://x.example/{url}","valueString":"value {number % 30}"}}]' if url else ""
    return f'{{"resourceType":"Patient","id":"p{number}"{more}}}'.encode()


LINES = [patient(number) for number in range(240)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rules.caveat").write_text(RULES)
    (tmp_path / "x.ndjson").write_bytes(b"\n".join(LINES) + b"\n\n")
    subprocess.run([sys.executable, "-m", "caveat", "audit", "keys", tmp_path / "q.key", "--for", "quarantine"], check=True)
    return tmp_path


def checked(folder: Path, *options: str, program: tuple[str, ...] = ("-m", "caveat"), **environment: str) -> int:
    call = [*program, "check", "x.ndjson", "-p", "rules.caveat", "--date", DAY, "--source", "s", "--audit", "a.db"]
    whole = [sys.executable, *call, "--quarantine-key", "q.key", *options]
    done = subprocess.run(whole, cwd=folder, env={**os.environ, **environment}, capture_output=True, check=False)
    (folder / "said").write_bytes(done.stdout)
    return done.returncode


def told(record: Record) -> tuple[object, ...]:
    """Return what a record says but its place, time and hash."""
    return (record.input_sha256, record.evidence, record.resource_type, record.resource_id, record.verdict, record.source,
            record.judged_on, record.policy_digest, record.problems, record.not_checked, record.held_sha256 is None,
            record.decisions)  # fmt: skip


def kept(folder: Path, source: str | None = None) -> list[tuple[object, ...]]:
    """Return what a trail says, which is whole."""
    with AuditLog(folder / "a.db", create=False) as log:
        assert verified(log).is_whole
        return [told(record) for record in log.records(source=source)]


def one_by_one(folder: Path) -> list[tuple[object, ...]]:
    """Return what is recorded when the library is asked for one document after the other."""
    (folder / "one").mkdir()
    key, quarantine = folder / "a.db.key", folder / "q.key"
    with AuditLog(folder / "one" / "a.db", identifier_key=key, quarantine_key=quarantine) as log:
        guard = Guard.from_text(RULES, audit=log, source="s")
        for line in LINES:
            guard.check(line, today=date.fromisoformat(DAY))
        return [told(record) for record in log.records()]


WAYS = ((), ("--format", "json"), ("--jobs", "2"), ("--accepted", "a", "--held", "h"))


def test_every_way_records_what_one_by_one_does(folder: Path) -> None:
    """By blocks, in several processes, routed: what is recorded of each line is what the library records of it alone."""
    found = []
    for way in WAYS:
        assert checked(folder, *way) == 1
        found.append(kept(folder))
        (folder / "a.db").unlink()
    wanted = one_by_one(folder)
    assert len(wanted) == len(LINES)
    assert {row[4] for row in wanted} == {"clear", "warn", "review", "reject"}
    assert any(decision.value for row in wanted for decision in row[-1])  # type: ignore[attr-defined]
    assert all(each == wanted for each in found)


@pytest.mark.parametrize("way", [("--scan",), ("--scan", "--jobs", "2", "--accepted", "a", "--held", "h")])
def test_a_scan_records_every_line_too(folder: Path, way: tuple[str, ...]) -> None:
    """Of lines that were not read the digest is recorded, and that they were scanned; in order, with those that were."""
    assert checked(folder, *way) == 1
    found = kept(folder)
    assert [row[0] for row in found] == [sha256(line).hexdigest() for line in LINES]
    assert {row[1] for row in found} == {"scanned", "document"}


@pytest.mark.parametrize(("every", "jobs"), [("0", "1"), ("60", "2")])
def test_a_killed_run_records_each_line_once(folder: Path, every: str, jobs: str) -> None:
    """Killed between record and output, or behind both, again and again: each line is in the trail once, in order.

    Another run writes to the trail between.
    """
    dice, killed = random.Random(f"{every} {jobs}"), 0
    routed = ("--accepted", "a", "--held", "h", "--resume", "--jobs", jobs)
    while True:
        steps = dice.randint(1, 3) if every == "0" else 2 + 2 * killed  # without a word of progress each goes on from the start
        code = checked(folder, *routed, program=("-c", KILLED), EVERY=every, LEFT=str(steps))
        if code != -signal.SIGKILL:
            break
        killed += 1
        with AuditLog(folder / "a.db", identifier_key=folder / "a.db.key") as log:
            list(Guard.from_text(RULES, audit=log, source="other").ndjson(LINES[: dice.randint(1, 30)]))
    assert code == 1
    assert killed >= 3
    assert [row[0] for row in kept(folder, "s")] == [sha256(line).hexdigest() for line in LINES]
    assert (folder / "a").stat().st_size + (folder / "h").stat().st_size == (folder / "x.ndjson").stat().st_size


def test_a_run_is_resumed_with_its_trail(folder: Path) -> None:
    """Another trail, or none, is another run: its records would be missing."""
    routed = ("--accepted", "a", "--held", "h", "--resume")
    assert checked(folder, *routed, program=("-c", KILLED), EVERY="0", LEFT="3") == -signal.SIGKILL
    assert checked(folder, *routed, "--audit", "b.db") == 2
    assert not (folder / "b.db").exists()
    assert checked(folder, *routed) == 1
    assert len(kept(folder)) == len(LINES)


FULL = """
import os
from caveat.audit.log import AuditLog, AuditUnavailable
from caveat.bulk import blocks, processes
blocks.BLOCK = processes.BLOCK = 3000
left, record = 2, AuditLog.record_notes
def full(*arguments, **options):
    global left
    left -= 1
    if left < 0:
        raise AuditUnavailable("the disk is full")
    return record(*arguments, **options)
AuditLog.record_notes = full
from caveat.__main__ import main
main()
"""


@pytest.mark.parametrize("way", [(), ("--accepted", "a", "--held", "h", "--jobs", "2")])
def test_nothing_is_said_of_a_block_that_is_not_recorded(folder: Path, way: tuple[str, ...]) -> None:
    """The run ends with exit code 3; as many lines are told, or written to the outputs, as are in the trail."""
    assert checked(folder, "--format", "json", *way, program=("-c", FULL)) == 3
    recorded = len(kept(folder))
    assert 0 < recorded < len(LINES)
    if way:
        partial = b"".join((folder / f"{name}.partial").read_bytes() for name in "ah")
        assert partial.count(b"\n") <= recorded
    else:
        assert len((folder / "said").read_bytes().splitlines()) == recorded
