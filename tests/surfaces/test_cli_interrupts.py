"""Ctrl-C, once and twice, wherever it comes: the exit code of a run that is not complete, no traceback, and nothing half done.

A program of its own interrupts itself at a named place, so that no test hangs on a moment being met.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from caveat.cli import interrupts
from caveat.cli.exits import Exit

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no such signal to a process by itself")
PROGRAM = """
import atexit, os, signal, sys, weakref

def press(times=1):
    for _ in range(times):
        os.kill(os.getpid(), signal.SIGINT)

def pressing(function):
    def pressed(*given):
        press()
        return function(*given)
    return pressed

def in_a_callback():
    class Gone: pass
    gone = Gone()
    kept = weakref.ref(gone, lambda _: press())
    del gone

class Loading:
    def find_spec(self, name, *_):
        if name == "caveat.cli.check":
            press()

def while_telling(press_here):
    from caveat.cli.telling import Teller
    told = Teller.tell_part
    Teller.tell_part = lambda *given: (press_here(), told(*given))

PLACE
from caveat.cli.__main__ import main
main()
"""
PLACES = {
    "once": "while_telling(press)",
    "while it loads": "sys.meta_path.insert(0, Loading())",
    "in a callback, where it is lost": "while_telling(in_a_callback)",
    "again while files are closed": """
from caveat.bulk.writing import Outputs
Outputs.close = pressing(Outputs.close)
while_telling(press)""",
    "again while processes are ended": """
from caveat.bulk.crew import Crew
Crew.__exit__ = pressing(Crew.__exit__)
while_telling(press)""",
    "again while it is said": """
from caveat.cli import exits
exits.say = pressing(exits.say)
while_telling(press)""",
    "again while Python ends": "atexit.register(press); while_telling(press)",
    "again and again": "atexit.register(press, 3); while_telling(lambda: press(3))",
}


def interrupted(place: str, folder: Path, jobs: str) -> subprocess.CompletedProcess[str]:
    """Route lines while they are interrupted at `place`."""
    lines = "".join(json.dumps({"resourceType": "Patient", "id": str(number)}) + "\n" for number in range(50))
    (folder / "in.ndjson").write_text(lines, encoding="utf-8")
    routes = ["--accepted", folder / "accepted", "--held", folder / "held", "--jobs", jobs]
    command = [sys.executable, "-c", PROGRAM.replace("PLACE", place), "check", folder / "in.ndjson", *routes]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def named(folder: Path) -> set[str]:
    """Return the outputs that have their final names."""
    return {"accepted", "held", "held.reasons.ndjson"} & {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_an_interrupt_ends_in_good_order(place: str, jobs: str, tmp_path: Path) -> None:
    """The run is not complete and says so; no output has its name, and nobody sees where in Python it was."""
    ended = interrupted(place, tmp_path, jobs)
    assert ended.returncode == 3, ended.stderr
    assert "caveat: interrupted" in ended.stderr
    assert not {"Traceback", "Exception", "KeyboardInterrupt"} & set(ended.stderr.replace(":", " ").split())
    assert named(tmp_path) == set()


def test_what_was_done_when_python_is_ended_is_done(tmp_path: Path) -> None:
    """A Ctrl-C that comes when all is written changes nothing: the exit code is that of the run, and its outputs are whole."""
    ended = interrupted("atexit.register(press)", tmp_path, "1")
    assert (ended.returncode, "Traceback" in ended.stderr) == (0, False), ended.stderr
    assert named(tmp_path) == {"accepted", "held", "held.reasons.ndjson"}
    assert (tmp_path / "accepted").read_bytes() == (tmp_path / "in.ndjson").read_bytes()


def test_an_interrupt_of_a_text_that_is_executed() -> None:
    """Dataclasses are made so while Caveat loads; the exit code is the same, and the process does not end by a signal."""
    text = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nfor _ in range(1000): pass"
    program = f"import sys\nfrom caveat.cli.interrupts import interruptible\nsys.exit(interruptible(lambda: exec({text!r}) or 0))"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (3, "caveat: interrupted\n")


def test_the_exit_code_is_that_of_a_run_that_is_not_complete() -> None:
    """It is written twice, so that nothing is loaded before an interrupt is taken care of."""
    assert interrupts.FAILURE == Exit.FAILURE


def test_who_started_it_may_have_it_ignore_interrupts(tmp_path: Path) -> None:
    """What `nohup` and a shell's jobs in the background ignore is ignored."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        ended = interrupted("while_telling(press)", tmp_path, "1")
    finally:
        signal.signal(signal.SIGINT, before)
    assert (ended.returncode, ended.stderr.count("interrupted")) == (0, 0)
    assert named(tmp_path) == {"accepted", "held", "held.reasons.ndjson"}
