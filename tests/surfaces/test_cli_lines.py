"""`caveat check` on files of lines: routed byte for byte, by any number of processes, and resumed after being killed."""

from __future__ import annotations

import gzip
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from caveat import Guard
from reference import lines as reference
from strategies.lines import lines

DAY = "2026-11-25"
BODY = b"\n".join(lines(800, 1))
GUARD = Guard.default()
SLOWLY = """
import sys, time
from caveat.bulk import blocks, processes, routing
routing.EVERY = 0
blocks.BLOCK = processes.BLOCK = 2000
from caveat.__main__ import main
main()
"""


def caveat(*arguments: str | Path, slowly: bool = False) -> subprocess.CompletedProcess[bytes]:
    program = ["-c", SLOWLY] if slowly else ["-m", "caveat"]
    return subprocess.run(
        [sys.executable, *program, "check", *map(str, arguments), "--date", DAY], capture_output=True, check=False
    )


def route(folder: Path, *inputs: Path, options: tuple[str, ...] = ()) -> tuple[int, bytes, bytes, list[dict[str, object]]]:
    """Route `inputs`, and return the exit code, what was accepted and held, and the reasons."""
    done = caveat("--accepted", folder / "a", "--held", folder / "h", *options, *inputs)
    assert not list(folder.glob("*.partial")), done.stderr
    assert not list(folder.glob("*.resume.json"))
    reasons = [json.loads(line) for line in (folder / "h.reasons.ndjson").read_bytes().splitlines()]
    return done.returncode, (folder / "a").read_bytes(), (folder / "h").read_bytes(), reasons


@pytest.mark.parametrize("options", [(), ("--jobs", "3"), ("--format", "json", "--jobs", "2"), ("--format", "outcome")])
def test_every_byte_goes_where_it_belongs(tmp_path: Path, options: tuple[str, ...]) -> None:
    """What is accepted and what is held are, byte for byte, what deciding line by line gives; each held line has its reasons."""
    source = tmp_path / "x.ndjson"
    source.write_bytes(BODY)
    code, accepted, held, reasons = route(tmp_path, source, options=options)
    wanted = reference.routed(GUARD, BODY)
    assert code == 1
    assert (accepted, held) == wanted
    assert len(reasons) == len([line for line in held.split(b"\n") if line])
    assert all(each["schema"] == "caveat.report/1" and not each["may_process"] for each in reasons)


def test_gzip_and_several_inputs(tmp_path: Path) -> None:
    """Inputs follow each other; where the last line of one lacks its line feed and more follows in that output, it gets one."""
    one, two = tmp_path / "x.ndjson.gz", tmp_path / "y.ndjson"
    one.write_bytes(gzip.compress(BODY.rstrip(b"\n")))
    two.write_bytes(b'{"resourceType":"Patient"}\n{"resourceType":"Patient","modifierExtension":[]}')
    _, accepted, held, _ = route(tmp_path, one, two)
    first = reference.routed(GUARD, BODY.rstrip(b"\n"))
    assert len(accepted) + len(held) == len(BODY.rstrip(b"\n")) + len(two.read_bytes()) + 1
    assert accepted.startswith(first[0])
    assert accepted.endswith(b'\n{"resourceType":"Patient"}\n')
    assert held.endswith(b'\n{"resourceType":"Patient","modifierExtension":[]}')


def test_a_scan_routes_what_it_read(tmp_path: Path) -> None:
    """By a scan no line that strict reading holds for a modifier is accepted; the bytes are all there."""
    source = tmp_path / "x.ndjson"
    source.write_bytes(BODY)
    _, accepted, held, reasons = route(tmp_path, source, options=("--scan",))
    strict = reference.routed(GUARD, BODY)
    assert sorted(accepted.splitlines() + held.splitlines()) == sorted(strict[0].splitlines() + strict[1].splitlines())
    assert set(strict[0].split(b"\n")) <= set(accepted.split(b"\n"))
    assert all(each["evidence"] == "document" for each in reasons)


@pytest.mark.parametrize("form", ["text", "json", "outcome"])
def test_any_number_of_processes_says_the_same(tmp_path: Path, form: str) -> None:
    """What is written is the same, byte for byte, whoever judged, strictly and by a scan."""
    source = tmp_path / "x.ndjson"
    source.write_bytes(BODY)
    for how in ((), ("--scan",)):
        one, three = (caveat("--format", form, *how, "--jobs", n, source) for n in ("1", "3"))
        assert (one.returncode, one.stdout, one.stderr) == (three.returncode, three.stdout, three.stderr)
        assert one.returncode == 1


@pytest.mark.parametrize("options", [(), ("--scan",), ("--jobs", "2")])
def test_a_killed_run_goes_on(tmp_path: Path, options: tuple[str, ...]) -> None:
    """Killed again and again at any moment, a run that is resumed ends with the very outputs of one that was not."""
    dice = random.Random(len(options))
    source, packed = tmp_path / "x.ndjson", tmp_path / "y.ndjson.gz"
    source.write_bytes(BODY)
    packed.write_bytes(gzip.compress(BODY[:60_000]))
    (tmp_path / "whole").mkdir()
    wanted = route(tmp_path / "whole", source, packed, options=options)
    arguments = ["--accepted", tmp_path / "a", "--held", tmp_path / "h", *options, "--resume", source, packed, "--date", DAY]
    killed = 0
    while killed < 40:
        run = subprocess.Popen([sys.executable, "-c", SLOWLY, "check", *map(str, arguments)], stdout=-3, stderr=-3)
        while run.poll() is None and not (tmp_path / "a.resume.json").exists():
            time.sleep(0.002)
        time.sleep(dice.random() * 0.12)
        if run.poll() is not None:
            break
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
        killed += 1
    else:
        assert caveat(*arguments[:-2]).returncode == 1
    assert killed > 2
    assert (tmp_path / "a").read_bytes() == wanted[1]
    assert (tmp_path / "h").read_bytes() == wanted[2]
    ours = [json.loads(line) for line in (tmp_path / "h.reasons.ndjson").read_bytes().splitlines()]
    assert ours == wanted[3]
    assert not list(tmp_path.glob("*.partial"))


def interrupted(folder: Path) -> list[str | Path]:
    """Leave a run behind that was killed after it had begun, and return how it was called."""
    source = folder / "x.ndjson"
    source.write_bytes(BODY)
    call: list[str | Path] = ["--accepted", folder / "a", "--held", folder / "h", "--date", DAY, source]
    run = subprocess.Popen([sys.executable, "-c", SLOWLY, "check", *map(str, call)], stdout=-3, stderr=-3)
    while not (folder / "a.resume.json").exists() or b'"offset": 0,' in (folder / "a.resume.json").read_bytes():
        time.sleep(0.002)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    return [*call[:4], source]


def test_what_is_not_the_same_run(tmp_path: Path) -> None:
    """Other options, a changed input, and outputs that are too short are refused; the outputs are left alone."""
    call = interrupted(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for change in (["--scan"], ["--intent", "modify"], ["--source", "b"], ["--fhir", "R5"], [tmp_path / "x.ndjson"]):
        done = caveat("--resume", *call, *change)
        assert done.returncode == 2, change
        assert b"begin again without --resume" in done.stderr
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    os.utime(tmp_path / "x.ndjson", (1, 1))
    assert b"has changed since" in caveat("--resume", *call).stderr


def test_an_output_that_lost_what_was_written(tmp_path: Path) -> None:
    """A partial output that is shorter than was written down is no ground to go on from."""
    call = interrupted(tmp_path)
    (tmp_path / "a.partial").write_bytes(b"")
    done = caveat("--resume", *call)
    assert done.returncode == 2
    assert b"has less in it than was written" in done.stderr


def test_a_damaged_input_gives_no_output(tmp_path: Path) -> None:
    """What was read before the damage stands in `.partial` files, and the run says that it is incomplete."""
    source = tmp_path / "x.ndjson.gz"
    source.write_bytes(gzip.compress(BODY)[:-20])
    done = caveat("--accepted", tmp_path / "a", "--held", tmp_path / "h", source)
    assert done.returncode == 3
    assert b"incomplete" in done.stderr
    assert not (tmp_path / "a").exists()
    assert (tmp_path / "a.partial").exists()


WRONG = {
    "one alone": (["--accepted", "a"], b"go together"),
    "resume alone": (["--resume"], b"goes with"),
    "what is said, resumed": (["--accepted", "a", "--held", "h", "--resume", "-o", "o"], b"written anew"),
    "standard output": (["--accepted", "-", "--held", "h"], b"not standard output"),
    "one file twice": (["--accepted", "a", "--held", "a"], b"two that differ"),
    "over the input": (["--accepted", "x.ndjson", "--held", "h"], b"nothing is written over it"),
    "reasons over the input": (["--accepted", "a", "--held", "h", "h.reasons.ndjson"], b"nothing is written over it"),
    "no lines": (["--accepted", "a", "--held", "h", "y.json"], b"no file of lines"),
    "a folder": (["--accepted", "a", "--held", "h", "."], b"no file of lines"),
    "standard input": (["--accepted", "a", "--held", "h", "-"], b"standard input cannot"),
    "no such folder": (["--accepted", "no/a", "--held", "h"], b"cannot write"),
    "no such input": (["--accepted", "a", "--held", "h", "no.ndjson"], b"cannot read"),
    "models": (["--accepted", "a", "--held", "h", "--load"], b"one at a time"),
    "scan of an element": (["--scan", "--at", "Patient.contact", "--within", "none"], b"--scan"),
}


@pytest.mark.parametrize(("options", "said"), WRONG.values(), ids=WRONG)
def test_what_means_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], said: bytes) -> None:
    """A call that would lose lines, or write over them, is refused before anything is written."""
    monkeypatch.chdir(tmp_path)
    for name in ("x.ndjson", "h.reasons.ndjson"):
        Path(name).write_bytes(b'{"resourceType":"Patient"}\n')
    Path("y.json").write_bytes(b"{}")
    done = caveat(*options, "x.ndjson")
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["h.reasons.ndjson", "x.ndjson", "y.json"]


def test_one_run_at_a_time_writes_an_output(tmp_path: Path) -> None:
    """A second run on the same outputs is refused; when the first is killed it can be resumed at once."""
    source = tmp_path / "x.ndjson"
    source.write_bytes(BODY)
    named = ["check", "--accepted", str(tmp_path / "a"), "--held", str(tmp_path / "h"), str(source), "--date", DAY, "--jobs", "2"]
    waits = "routing.Router.finish = lambda router: time.sleep(60)\n"
    program = SLOWLY.replace("from caveat.__main__", waits + "from caveat.__main__")
    started = [sys.executable, "-c", program, *named]
    with subprocess.Popen(started, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as first:
        deadline = time.monotonic() + 30
        while not (tmp_path / "a.resume.json").exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        second = caveat(*named[1:-4])
        assert second.returncode == 2
        assert b"another run is writing" in second.stderr
        first.kill()
    assert caveat(*named[1:-4], "--resume").returncode == 1
    assert ((tmp_path / "a").read_bytes(), (tmp_path / "h").read_bytes()) == reference.routed(GUARD, BODY)


@pytest.mark.parametrize("name", ["h", "h.partial", "h.reasons.ndjson", "a.resume.json", "a.resume.json.new"])
def test_what_is_no_file_is_not_replaced(tmp_path: Path, name: str) -> None:
    """A pipe, as a device, stays what it is: `--held /dev/null` by root would put an end to the device."""
    source = tmp_path / "x.ndjson"
    source.write_bytes(BODY)
    os.mkfifo(tmp_path / name)
    done = caveat("--accepted", tmp_path / "a", "--held", tmp_path / "h", source)
    assert done.returncode == 2
    assert b"it is no file" in done.stderr
    assert (tmp_path / name).is_fifo()
    assert {path.name for path in tmp_path.iterdir()} == {"x.ndjson", name}


def test_no_input_is_written_over_by_the_name_of_a_draft(tmp_path: Path) -> None:
    """What a state is written to first counts as an output, so that it cannot be a link to an input."""
    source = tmp_path / "x.ndjson"
    source.write_bytes(BODY)
    (tmp_path / "a.resume.json.new").symlink_to(source)
    done = caveat("--accepted", tmp_path / "a", "--held", tmp_path / "h", source)
    assert done.returncode == 2
    assert source.read_bytes() == BODY


def test_an_output_that_cannot_be_written_is_named_and_the_run_resumed(tmp_path: Path) -> None:
    """A disk that is full is said of the output, with exit code 3 and not of the input; with room again the run goes on."""
    source = tmp_path / "x.ndjson"
    source.write_bytes(BODY)
    program = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))\n" + SLOWLY
    named = ["--accepted", str(tmp_path / "a"), "--held", str(tmp_path / "h"), str(source), "--date", DAY]
    done = subprocess.run([sys.executable, "-c", program, "check", *named], capture_output=True, check=False)
    assert done.returncode == 3, done.stderr
    assert f"cannot write {tmp_path}".encode() in done.stderr
    assert b"cannot read" not in done.stderr
    assert caveat(*named[:5], "--resume").returncode == 1
    assert ((tmp_path / "a").read_bytes(), (tmp_path / "h").read_bytes()) == reference.routed(GUARD, BODY)


def test_output_goes_through_a_device_and_a_link(tmp_path: Path) -> None:
    """`-o` writes to a device as it is, and to where a link leads; it puts no file in the place of either."""
    source, target, link = tmp_path / "x.ndjson", tmp_path / "target", tmp_path / "link"
    source.write_bytes(BODY)
    link.symlink_to(target)
    assert caveat(source, "--format", "json", "-o", link).returncode == 1
    assert link.is_symlink()
    assert target.read_bytes().startswith(b'{"schema"')
    link.unlink()
    link.symlink_to("/dev/null")
    assert caveat(source, "--format", "json", "-o", link).returncode == 1
    assert link.is_char_device()
    assert link.is_symlink()


def test_lines_are_routed_to_where_a_link_leads(tmp_path: Path) -> None:
    """A link that is named as an output stays one, and what was routed is where it leads."""
    source, shelf = tmp_path / "x.ndjson", tmp_path / "shelf"
    source.write_bytes(BODY)
    shelf.mkdir()
    for name in ("a", "h"):
        (tmp_path / name).symlink_to(shelf / name)
    assert caveat("--accepted", tmp_path / "a", "--held", tmp_path / "h", source).returncode == 1
    assert ((shelf / "a").read_bytes(), (shelf / "h").read_bytes()) == reference.routed(GUARD, BODY)
    assert all((tmp_path / name).is_symlink() for name in ("a", "h"))


LOSING = """
import os, signal
from caveat.bulk import blocks, processes
blocks.BLOCK = processes.BLOCK = 2000
processes._answer = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
from caveat.__main__ import main
main()
"""


def test_a_process_that_is_lost_makes_the_run_incomplete(tmp_path: Path) -> None:
    """As where memory runs out and the system ends one: it is said, the exit code is 3, and no output has its name."""
    source = tmp_path / "x.ndjson"
    source.write_bytes(BODY)
    words = ["check", "--jobs", "2", "--accepted", str(tmp_path / "a"), "--held", str(tmp_path / "h"), "--date", DAY, str(source)]
    done = subprocess.run([sys.executable, "-c", LOSING, *words], capture_output=True, check=False)
    assert done.returncode == 3
    assert b"caveat: incomplete: a process that judged was lost" in done.stderr
    assert not (tmp_path / "a").exists()
    assert not (tmp_path / "h").exists()
    code, accepted, held, _ = route(tmp_path, source, options=("--resume", "--jobs", "2"))
    assert (code, (accepted, held)) == (1, reference.routed(GUARD, BODY))


FAILING = """
from caveat.bulk import blocks, processes
blocks.BLOCK = processes.BLOCK = 2000
filled = blocks.Blocks._filled
def failing(self):
    if self.offset > 20_000:
        raise OSError(5, "Input/output error")
    return filled(self)
blocks.Blocks._filled = failing
from caveat.__main__ import main
main()
"""


@pytest.mark.parametrize("options", [(), ("--scan",), ("--jobs", "2"), ("--accepted", "a", "--held", "h")])
def test_a_disk_that_fails_midway_makes_the_run_incomplete(tmp_path: Path, options: tuple[str, ...]) -> None:
    """What was read before is told, the input is named, and the exit code says that it is not all."""
    source = tmp_path / "x.ndjson"
    source.write_bytes(BODY)
    words = ["check", *options, "--date", DAY, str(source)]
    done = subprocess.run([sys.executable, "-c", FAILING, *words], capture_output=True, check=False, cwd=tmp_path)
    assert done.returncode == 3
    assert f"caveat: incomplete: {source} could be read in part only: Input/output error" in done.stderr.decode()
    assert b"x.ndjson:1" in done.stdout
    assert not (tmp_path / "a").exists()
