"""Files of lines: W4, W5 and real lines, by Caveat and by its peers, each case in a process of its own.

ripgrep is measured as a whole process, since nobody can ask it from within another; so is a start of Python, to be told beside.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from pathlib import Path

import peers
from measure import Case, Prepared
from workloads import Lines

_PIECE = 2**20
_SAMPLE = 4_000


def caveat_of(lines: Lines, policy: Path, out: Path) -> dict[str, Prepared]:
    """Return the ways in which Caveat decides a file: as the command line does, once it has been imported."""
    routed = ["--accepted", str(out / "accepted.ndjson"), "--held", str(out / "held.ndjson")]
    ways = {
        "scan": ["--scan"],
        "scan, 1 process": ["--scan", "--jobs", "1"],
        "scan, routed": ["--scan", *routed],
        "strict": [],
        "strict, 2 processes": ["--jobs", "2"],
    }
    inside = {name: partial(_command, lines, policy, out, options) for name, options in ways.items()}
    return {**inside, "scan, whole process": partial(_now, partial(_whole_process, lines, policy))}


def _command(lines: Lines, policy: Path, out: Path, options: list[str]) -> Case:
    """Return the run of `caveat check` with `options`; what it says goes to a file, and is held against what is known."""
    import caveat.cli.check  # noqa: PLC0415  in the measured process only; commands are imported when they are first run
    from caveat.cli.app import run  # noqa: PLC0415  as above

    assert caveat.cli.check

    def checked() -> None:
        for name in ("accepted.ndjson", "held.ndjson", "held.ndjson.reasons.ndjson"):
            (out / name).unlink(missing_ok=True)
        said = out / "said.txt"
        with said.open("w") as err, Path(os.devnull).open("w") as nowhere, redirect_stderr(err), redirect_stdout(nowhere):
            code = run(["check", *options, "--policy", str(policy), str(lines.path)])
        assert code == 1, code  # a quarter of the modifiers are of no rule
        assert f"{lines.lines} resources" in said.read_text().replace(",", ""), said.read_text()

    return checked


def _whole_process(lines: Lines, policy: Path) -> None:
    """Run `caveat check --scan` as a user does, the start of Python included."""
    words = [sys.executable, "-m", "caveat", "check", "--scan", "--policy", str(policy), str(lines.path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert f"{lines.lines} resources" in done.stderr.replace(",", ""), done.stderr


def peers_of(lines: Lines, out: Path) -> dict[str, Prepared]:
    """Return what Caveat is compared with on a file; `out` is a folder to write to."""
    cases: dict[str, Prepared] = {
        "read()": partial(_now, partial(_read, lines.path)),
        "plain copy": partial(_now, partial(_copy, lines.path, out / "copy.ndjson")),
        "plain copy, made durable": partial(_now, partial(_copy, lines.path, out / "copy.ndjson", is_durable=True)),
        "plain copy within the system": partial(_now, partial(shutil.copyfile, lines.path, out / "copy.ndjson")),
        "orjson + walk": partial(_each_line, lines, peers.orjson_walk),
        "json + walk": partial(_each_line, lines, peers.json_walk),
        "polars line filter": partial(_polars, lines),
        "duckdb line filter": partial(_duckdb, lines),
    }
    if shutil.which("rg"):
        cases["ripgrep -c -F"] = partial(_now, partial(_ripgrep, lines))
    return cases


def fhir_resources_of(lines: Lines) -> Prepared:
    """Return the case in which fhir.resources reads the first lines: all of them would take most of a minute."""
    return partial(_sampled, lines)


def share_sampled(lines: Lines) -> float:
    """Return which part of a file `fhir_resources_of` reads."""
    return min(1.0, _SAMPLE / lines.lines)


def _now(case: Case) -> Case:
    return case


def _read(path: Path) -> None:
    """Read a file to its end, in pieces, into one buffer."""
    buffer = bytearray(_PIECE)
    with path.open("rb", buffering=0) as file:
        while file.readinto(buffer):
            pass


def _copy(source: Path, target: Path, *, is_durable: bool = False) -> None:
    """Copy a file in pieces through one buffer; durably as Caveat writes what it routes, where that is asked for."""
    buffer = memoryview(bytearray(_PIECE))
    target.unlink(missing_ok=True)
    with source.open("rb", buffering=0) as file, target.open("wb", buffering=0) as copy:
        while taken := file.readinto(buffer):
            copy.write(buffer[:taken])
        if is_durable:
            os.fsync(copy.fileno())


def _ripgrep(lines: Lines) -> None:
    done = subprocess.run(["rg", "-c", "-F", peers.WORD.decode(), str(lines.path)], capture_output=True, text=True, check=True)
    assert int(done.stdout) == lines.hits


def _each_line(lines: Lines, answer: Callable[[bytes], object]) -> Case:
    def counted() -> None:
        with lines.path.open("rb") as file:
            assert sum(bool(answer(line)) for line in file) == lines.hits

    return counted


def _sampled(lines: Lines) -> Case:
    with lines.path.open("rb") as file:
        taken = [file.readline() for _ in range(min(_SAMPLE, lines.lines))]
    for each in {line[:40]: line for line in taken[:200]}.values():
        peers.fhir_resources(each)  # a class is built when it is first used

    def read() -> None:
        for line in taken:
            peers.fhir_resources(line)

    return read


def _polars(lines: Lines) -> Case:
    import polars as pl  # noqa: PLC0415  in the measured process only

    def filtered() -> None:
        held = pl.scan_csv(lines.path, has_header=False, separator="\x01", quote_char=None, new_columns=["line"])
        words = pl.col("line").str.contains_any([peers.WORD.decode(), "\\u00"])
        assert held.filter(words).select(pl.len()).collect().item() == lines.hits

    return filtered


def _duckdb(lines: Lines) -> Case:
    import duckdb  # noqa: PLC0415  in the measured process only

    options = "columns={'line': 'VARCHAR'}, delim='\x01', quote='', escape='', header=false, max_line_size=16000000"
    found = f"contains(line, '{peers.WORD.decode()}') or contains(line, '\\u00')"
    query = f"select count(*) from read_csv('{lines.path}', {options}) where {found}"

    def filtered() -> None:
        assert duckdb.sql(query).fetchall()[0][0] == lines.hits

    return filtered
