"""What becomes of the trail when the disk is full, the file is read-only, the server is lost, or the writer dies.

`CAVEAT_KILLS` is how many rounds of kill -9 there are on SQLite (a sixth of them on PostgreSQL); `make prove` sets 300.
"""

from __future__ import annotations

import os
import random
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from caveat import AuditLog, AuditUnavailable, Guard
from caveat.audit.schema import metadata
from strategies.server import Server
from strategies.trailing import GUARD, changed, patient, verified
from strategies.writing import acknowledged, hold, refused, started

KILLS = int(os.environ.get("CAVEAT_KILLS", "3"))
NO_STRACE = "STRACE IS ABSENT OR MAY NOT TRACE: this test looks at the system calls of a writer; Debian's package is `strace`"
NO_MOUNT = "NOTHING CAN BE MOUNTED HERE: this test fills a small file system, for which it must be root"


def ended(process: subprocess.Popen[bytes], after: float) -> bytes:
    """Let a writer write, end it with kill -9 at some moment, and return what it said."""
    assert process.stdout is not None
    first = process.stdout.readline()
    assert first == b"ready\n", process.communicate()
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    said, _ = process.communicate()
    return first + said


# kill -9


def test_no_acknowledged_record_is_lost_on_sqlite(tmp_path: Path) -> None:
    """Killed at any moment, whichever way it writes: what was answered is in the trail, and the trail is whole."""
    chance, heard = random.Random(), 0
    for number in range(KILLS):
        path = tmp_path / f"{number // 10}.db"  # ten rounds go on with one trail
        how = ("one", "many", "threads")[number % 3]
        digests = acknowledged(ended(started(path, tmp_path / "key", how), chance.uniform(0, 0.25)))
        heard += len(digests)
        hold(AuditLog(path, identifier_key=tmp_path / "key"), digests)
    assert heard > 0


def test_no_acknowledged_record_is_lost_on_postgresql(fresh: Callable[[], str], tmp_path: Path) -> None:
    """The same, on a server."""
    chance, url, heard = random.Random(), fresh(), 0
    for number in range(max(1, KILLS // 6)):
        how = ("one", "many", "threads")[number % 3]
        digests = acknowledged(ended(started(url, tmp_path / "key", how), chance.uniform(0, 0.25)))
        heard += len(digests)
        hold(AuditLog(url, identifier_key=tmp_path / "key"), digests)
    assert heard > 0


def test_no_acknowledged_record_is_lost_with_the_server(server: Server, fresh: Callable[[], str], tmp_path: Path) -> None:
    """The server is ended as a power cut would end it: the writer is refused, what it was answered is there."""
    url = fresh()
    writer = started(url, tmp_path / "key", "one")
    assert writer.stdout is not None
    first = [writer.stdout.readline() for _ in range(20)]
    server.kill()
    said, _ = writer.communicate(timeout=60)
    with pytest.raises(AuditUnavailable):
        AuditLog(url, identifier_key=tmp_path / "key")
    server.start()
    digests = acknowledged(b"".join(first) + said)
    assert len(digests) >= 19
    assert len(refused(said)) == 1
    hold(AuditLog(url, identifier_key=tmp_path / "key"), digests)


def test_a_log_outlives_its_server(server: Server, opened: Callable[[], AuditLog]) -> None:
    """While the server is gone every check is refused; when it is back the same log goes on."""
    log = opened()
    guard = Guard(GUARD.policy, audit=log)
    guard.check(patient("review", identity="mrn-4711"))
    server.kill()
    with pytest.raises(AuditUnavailable) as found:
        guard.check(patient(identity="mrn-4711"))
    assert "mrn-4711" not in str(found.value)
    server.start()
    guard.check(patient("warn"))
    assert [record.verdict for record in log.records()] == ["review", "warn"]
    assert verified(log).is_whole


# on disk before the answer


def test_the_disk_has_it_before_the_answer(tmp_path: Path) -> None:
    """Between the last write to the log of SQLite and the answer there is an fdatasync of that log, for every answer."""
    trace = tmp_path / "trace"
    run_traced(tmp_path, trace, "-y", "-e", "trace=fdatasync,fsync,pwrite64,write")
    unsynced, answers, syncs = False, 0, 0
    for line in trace.read_text().splitlines():
        if re.search(r"pwrite64\(\d+<[^>]*audit\.db-wal>", line):
            unsynced = True
        elif re.search(r"f(data)?sync\(\d+<[^>]*audit\.db-wal>", line):
            unsynced, syncs = False, syncs + 1
        elif '"ack ' in line:
            assert not unsynced, line
            answers += 1
    assert answers == 12
    assert syncs >= 12


@pytest.mark.parametrize(("call", "some"), [("fdatasync", (1, 4)), ("pwrite64", (9, 20))])
def test_no_failing_call_loses_a_record(call: str, some: tuple[int, ...], tmp_path: Path) -> None:
    """The n-th write or sync fails: the writer is refused or goes on, and what was answered is there, for every n tried."""
    refusals = 0
    for number in range(1, 60) if KILLS >= 300 else some:
        path = tmp_path / f"{number}.db"
        AuditLog(path, identifier_key=tmp_path / "key").close()
        injected = f"inject={call}:error=EIO:when={number}"
        said = run_traced(tmp_path, tmp_path / "trace", "-e", f"trace={call}", "-e", injected, path=path)
        refusals += bool(refused(said))
        hold(AuditLog(path, identifier_key=tmp_path / "key"), acknowledged(said))
    assert refusals > 0


def run_traced(folder: Path, trace: Path, *options: str, path: Path | None = None) -> bytes:
    """Run a writer of twelve records under strace, and return what it said; skip where nothing can be traced."""
    if shutil.which("strace") is None or subprocess.run(["strace", "-o", "/dev/null", "true"], check=False).returncode:
        pytest.skip(NO_STRACE)
    path = path or folder / "audit.db"
    said, _ = started(path, folder / "key", "one", 12, "strace", "-f", "-o", str(trace), *options).communicate(timeout=120)
    return said


def test_a_server_is_asked_for_the_same(opened: Callable[[], AuditLog]) -> None:
    """A session of the trail commits synchronously, whatever the server's default is."""
    with opened().reading() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"


def test_sqlite_is_asked_for_the_same(tmp_path: Path) -> None:
    """A connection of the trail writes ahead, and syncs on every commit."""
    with AuditLog(tmp_path / "audit.db").reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2


# a full disk, a file that cannot be written


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """Return a file system of two megabytes, or skip and say so."""
    folder = tmp_path / "small"
    folder.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "small", folder], check=False).returncode:
        pytest.skip(NO_MOUNT)
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.parametrize("how", ["one", "many"])
def test_a_full_disk(small: Path, tmp_path: Path, how: str) -> None:
    """When the disk is full the writer is refused; all that it was answered is there, and the trail is whole."""
    said, wrong = started(small / "audit.db", tmp_path / "key", how).communicate(timeout=120)
    digests = acknowledged(said)
    assert len(digests) > 100, wrong
    assert len(refused(said)) == 1
    assert "full" in refused(said)[0]
    hold(AuditLog(small / "audit.db", identifier_key=tmp_path / "key"), digests)


def test_a_file_that_may_not_grow(tmp_path: Path) -> None:
    """A limit on the size of files does the same, wherever nothing can be mounted."""

    def limited() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))

    writer = started(tmp_path / "audit.db", tmp_path / "key", "many", preexec_fn=limited)
    said, wrong = writer.communicate(timeout=120)
    digests = acknowledged(said)
    assert len(refused(said)) == 1, wrong
    assert len(digests) > 20
    hold(AuditLog(tmp_path / "audit.db", identifier_key=tmp_path / "key"), digests)


def test_a_trail_that_may_not_grow(tmp_path: Path) -> None:
    """SQLite's own limit of pages is a full disk as well: the check is refused, and the log goes on when there is room again."""
    log = AuditLog(tmp_path / "audit.db")
    guard = Guard(GUARD.policy, audit=log)
    guard.check(patient("warn"))
    with log._store.writing() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(AuditUnavailable, match="full"):
        list(guard.ndjson([patient("warn")] * 200))
    assert len(list(log.records())) == 1
    log.close()
    guard.check(patient("review"))
    assert verified(log).is_whole


READ_ONLY = """
import os, sys
from caveat import AuditLog, AuditUnavailable, Guard
from caveat.audit.verify import verify
try:
    Guard(Guard.default().policy, audit=AuditLog(sys.argv[1], identifiers="plain")).check(b"{}")
except AuditUnavailable as error:
    print("refused", error)
"""


def test_a_read_only_file(tmp_path: Path) -> None:
    """Whoever may read the trail and not write it is refused; the trail is what it was."""
    path = tmp_path / "audit.db"
    log = AuditLog(path, identifiers="plain")
    Guard(GUARD.policy, audit=log).check(patient("review"))
    log.close()
    before = path.read_bytes()
    path.chmod(0o444)
    tmp_path.chmod(0o555)
    try:
        command = [sys.executable, "-c", READ_ONLY, str(path)]
        if os.geteuid() == 0:  # nothing is read-only to root
            command = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", *command]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    finally:
        tmp_path.chmod(0o755)
        path.chmod(0o644)
    assert done.stdout.startswith("refused nothing can be"), done.stderr
    assert path.read_bytes() == before
    assert verified(AuditLog(path)).is_whole


# many processes


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_processes_write_one_trail(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Three processes, one of them with four threads, begin a trail at once and write it: one chain, no number twice."""
    url = tmp_path / "audit.db" if kind == "sqlite" else request.getfixturevalue("fresh")()
    writers = [started(url, tmp_path / "key", how, number) for how, number in (("one", 40), ("many", 40), ("threads", 10))]
    said = [writer.communicate(timeout=120) for writer in writers]
    digests = [digest for out, _ in said for digest in acknowledged(out)]
    assert len(digests) == 120, said
    with AuditLog(url, identifier_key=tmp_path / "key") as log:
        assert [record.sequence for record in log.records(kinds=None)] == list(range(1, 122))
        hold(log, digests)


# the tables


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_migrations_make_what_the_schema_says(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Alembic finds no difference between the tables that it made and those that readers are told of."""
    from alembic.autogenerate import compare_metadata  # noqa: PLC0415  only here
    from alembic.migration import MigrationContext  # noqa: PLC0415  as above

    url = tmp_path / "audit.db" if kind == "sqlite" else request.getfixturevalue("fresh")()
    with AuditLog(url, identifier_key=tmp_path / "key") as log, log.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_a_server_refuses_to_change_the_trail(server: Server, opened: Callable[[], AuditLog]) -> None:
    """A courtesy to whoever errs; whoever switches it off is found by it."""
    log = opened()
    Guard(GUARD.policy, audit=log).check(patient("review"))
    database = log.url.partition("@/")[2].partition("?")[0]
    for statement in ("UPDATE entries SET time = 'x'", "DELETE FROM decisions", "TRUNCATE policies"):
        with pytest.raises(subprocess.CalledProcessError) as found:
            server.sql(statement, database=database)
        assert b"never changed" in found.value.stderr
    server.sql("ALTER TABLE entries DISABLE TRIGGER ALL", "UPDATE entries SET time = 'x' WHERE sequence = 2", database=database)
    said = " ".join(map(str, verified(log).findings))
    assert "trigger that keeps `entries`" in said
    assert "record 2: it is not as it was written" in said


def test_a_trail_that_is_changed_while_it_is_open_is_read_as_it_is(tmp_path: Path) -> None:
    """A log keeps nothing of what it wrote: verification sees the file."""
    log = AuditLog(tmp_path / "audit.db")
    Guard(GUARD.policy, audit=log).check(patient("review"))
    changed(tmp_path / "audit.db", "UPDATE entries SET resource_id = 'x' WHERE sequence = 2")
    assert [str(each) for each in verified(log).findings] == [
        "record 2: it is not as it was written, or not what was written after the one before"
    ]
    with closing(sqlite3.connect(tmp_path / "audit.db")) as connection:
        assert connection.execute("SELECT count(*) FROM entries").fetchone() == (2,)
