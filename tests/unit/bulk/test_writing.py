"""What is put is written, in order and whole, by a thread or not; what cannot be written is said, and ends the writing."""

from __future__ import annotations

import io
import threading
import time
from pathlib import Path

import pytest

from caveat.bulk import writing
from caveat.bulk.writing import ROOMS, Incomplete, Outputs

BLOCKS = 50


class _Slow(io.FileIO):
    def write(self, raw: object) -> int:
        time.sleep(0.001)
        return super().write(raw)  # type: ignore[arg-type]


class _Full(io.FileIO):
    kind: type[Exception] = OSError

    def write(self, raw: object) -> int:
        if self.tell() >= 20:
            raise self.kind(28, "No space left on device")
        return super().write(raw)  # type: ignore[arg-type]


class _Broken(_Full):
    kind = ZeroDivisionError


@pytest.mark.parametrize("behind", [False, True])
def test_all_is_written_in_order_before_its_room_is_used_again(tmp_path: Path, *, behind: bool) -> None:
    """The bytes of a block are overwritten as many blocks later as there are rooms, and what is slow to write is whole."""
    paths = [tmp_path / "a", tmp_path / "b"]
    rooms = [bytearray(10) for _ in range(ROOMS)]
    outputs = Outputs({path: _Slow(path, "wb") for path in paths}, behind=behind)
    for number in range(BLOCKS):
        room = rooms[number % ROOMS]
        room[:] = b"%010d" % number
        outputs.put(paths[0], memoryview(room)[:5])
        outputs.put(paths[1], memoryview(room)[5:])
        outputs.put(paths[1], b"\n")
        outputs.end_block()
    outputs.sync()
    assert paths[0].read_bytes() == b"00000" * BLOCKS
    assert paths[1].read_bytes() == b"".join(b"%05d\n" % number for number in range(BLOCKS))
    outputs.close()


def _fill(outputs: Outputs, path: Path) -> None:
    for _ in range(8):
        outputs.put(path, b"0123456789")
        outputs.end_block()
    outputs.sync()


@pytest.mark.parametrize("behind", [False, True])
@pytest.mark.parametrize("kind", [_Full, _Broken])
def test_what_cannot_be_written_is_said_and_nothing_is_written_after_it(
    tmp_path: Path, kind: type[_Full], *, behind: bool
) -> None:
    """Whatever it is, it reaches who puts, by the next block or by `sync`, which does not come back as if all were well."""
    path = tmp_path / "a"
    outputs = Outputs({path: kind(path, "wb")}, behind=behind)
    with pytest.raises(Incomplete if kind is _Full else ZeroDivisionError) as caught:
        _fill(outputs, path)
    with pytest.raises(type(caught.value)):
        _fill(outputs, path)
    outputs.close()
    assert path.read_bytes() == b"0123456789" * 2
    if kind is _Full:
        assert str(caught.value) == f"cannot write {path}: No space left on device; what is in the .partial files can be resumed"


def test_what_failed_is_still_said_by_the_last_call(tmp_path: Path) -> None:
    """A single block that cannot be written is no silent loss."""
    path = tmp_path / "a"
    outputs = Outputs({path: _Full(path, "wb")}, behind=True)
    outputs.put(path, b"x" * 20)
    outputs.put(path, b"y")
    outputs.end_block()
    with pytest.raises(Incomplete):
        outputs.sync()
    outputs.close()


def test_no_thread_is_left(tmp_path: Path) -> None:
    """Closed, whether something waits or not, it leaves no thread and no open file."""
    path = tmp_path / "a"
    file = _Slow(path, "wb")
    outputs = Outputs({path: file}, behind=True)
    for _ in range(3):
        outputs.put(path, b"x")
        outputs.end_block()
    outputs.close()
    assert not [each for each in threading.enumerate() if each.name == "caveat-writer"]
    assert file.closed
    assert path.read_bytes() == b"xxx"


def test_what_cannot_be_made_durable_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk tells of a fault once, to whoever asks first: also where that is the thread that makes durable meanwhile."""
    asked = []

    def broken(number: int) -> None:
        asked.append(threading.current_thread().name)
        if len(asked) == 1:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(writing, "_DURABLE", 1)
    monkeypatch.setattr(writing.os, "fsync", broken)
    path = tmp_path / "a"
    outputs = Outputs({path: path.open("wb")}, behind=True)
    with pytest.raises(Incomplete, match="Input/output error"):
        _fill(outputs, path)
    with pytest.raises(Incomplete, match="Input/output error"):
        outputs.sync()
    outputs.close()
    assert asked[0] == "caveat-sync"
    assert not [each for each in threading.enumerate() if each.name == "caveat-sync"]


def test_where_there_is_no_thread_to_make_durable_meanwhile_all_is_so_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for ever on a writer that died of it."""
    start, synced = threading.Thread.start, []

    def refused(thread: threading.Thread) -> None:
        if thread.name == "caveat-sync":
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refused)
    monkeypatch.setattr(writing, "_DURABLE", 1)
    monkeypatch.setattr(writing.os, "fsync", synced.append)
    path = tmp_path / "a"
    outputs = Outputs({path: path.open("wb")}, behind=True)
    outputs.put(path, b"x")
    outputs.end_block()
    assert outputs._done.get(timeout=10) is None  # waited for here, for `sync` would wait for ever where the writer is gone
    outputs._done.put(None)
    outputs.sync()
    assert len(synced) == 1
    outputs.close()


def test_of_what_is_large_little_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines that are long have room of their own, and reasons outgrow what they are for: few of either wait."""
    monkeypatch.setattr(writing, "_LARGE", 5)
    path = tmp_path / "a"
    outputs = Outputs({path: _Slow(path, "wb")}, behind=True)
    for _ in range(5):
        outputs.put(path, b"0123456789")
        outputs.end_block()
        assert outputs._waiting <= 1
    outputs.sync()
    outputs.close()
    assert path.read_bytes() == b"0123456789" * 5


def test_where_there_is_no_thread_to_write_all_is_written_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that gives no thread costs speed, and no byte."""

    def refused(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refused)
    path = tmp_path / "a"
    outputs = Outputs({path: path.open("wb")}, behind=True)
    _fill(outputs, path)
    assert path.read_bytes() == b"0123456789" * 8
    outputs.close()
