"""`make bench`: measure Caveat beside its peers, and write the tables and the chart in `docs/`.

Nothing here passes or fails for being slow: the numbers are for reading. What gives a wrong answer is not measured: it ends the
run. With `--quick` files are a tenth as long, and nothing is written.
"""

from __future__ import annotations

import argparse
import compileall
import importlib.metadata
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import clusters
import files
import growth
import small
from chart import Bar, chart
from measure import Took, apart
from workloads import LINES, Lines, lines_file, policy_text, synthea_file

import caveat
from caveat import Guard, __version__

HERE = Path(__file__).resolve()
DOCS = HERE.parents[2] / "docs"
CORPUS = HERE.parents[3] / "shared" / "corpus" / "bulk"
_PEERS = ("fhir.resources", "orjson", "fhirpathpy", "polars", "duckdb", "pyspark", "jiter", "stringzilla")

Goal = tuple[str, str, float, str]
"""What, beside what, how many times as fast (`>=`) or how many times its time (`<=`)."""
W4_GOALS: tuple[Goal, ...] = (
    ("scan", "ripgrep -c -F", 2.0, "<="),
    ("scan", "read()", 2.0, "<="),
    ("scan, 1 process", "ripgrep -c -F", 2.0, "<="),
    ("scan, 1 process", "read()", 2.0, "<="),
    ("scan, routed", "plain copy", 1.25, "<="),
    ("scan, routed", "plain copy, made durable", 1.25, "<="),
    ("strict", "orjson + walk", 1.3, ">="),
    ("strict, 2 processes", "strict", 1.7, ">="),
)
W5_GOALS: tuple[Goal, ...] = (("scan", "orjson + walk", 4.0, ">="), ("scan, 1 process", "orjson + walk", 4.0, ">="))
SPARK_GOALS: tuple[Goal, ...] = (("caveat.spark, scan", "read text, sum its length", 1.25, "<="),)


def main() -> None:
    """Measure, print, and write."""
    quick = _arguments().quick
    compileall.compile_dir(Path(caveat.__file__).parent, quiet=1)  # as pip does with what it installs
    started = time.monotonic()
    page: list[str] = [*_head()]
    bars: list[Bar] = []
    for part in (_small, _files, _memory, _spark, _growth):
        _say(f"{part.__name__[1:]} (after {time.monotonic() - started:.0f} s)")
        for line in part(quick, bars):
            print(line)
            page.append(line)
    if not quick:
        (DOCS / "benchmarks.md").write_text("\n".join([*page, ""]), encoding="utf-8")
        (DOCS / "benchmarks.svg").write_text(chart("How many times as fast as the peer", bars), encoding="utf-8")
    _say(f"measured in {time.monotonic() - started:.0f} s")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="files a tenth as long; nothing is written")
    return parser.parse_args()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _head() -> Iterator[str]:
    """Say what was measured with what."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in _PEERS)
    yield "# How fast"
    yield ""
    yield "Written by `make bench`. Every table is one run on one machine, its cases one after the other in every round; what is"
    yield "told are medians."
    yield "Trust the ratios within a table, not the times. None of the peers refuses a duplicate key, and none decides anything."
    yield "Of files, `scan` is what `caveat check --scan` does where nobody says by how many processes: two scan a large file."
    yield "Other cases have one (polars, duckdb and Spark a thread for each core). Memory is that of the largest process."
    yield ""
    yield "![How many times as fast as the peer; a red line marks a goal](benchmarks.svg)"
    yield ""
    machine = f"{platform.python_implementation()} {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores"
    yield f"Caveat {__version__}, {machine}. {versions}."


# the parts of the page


def _small(quick: bool, bars: list[Bar]) -> Iterator[str]:  # noqa: FBT001  each part is called alike
    """Measure one document in memory."""
    for name, what, took in small.tables(Guard.default()):
        yield from _table(f"{name}: {what}", took, lambda each: each.cpu, "processor")
        goals = tuple((case, peer, goal, ">=") for (case, peer), goal in small.GOALS[name].items())
        yield from _goals(name, took, goals, lambda each: each.cpu, bars)


def _files(quick: bool, bars: list[Bar]) -> Iterator[str]:  # noqa: FBT001  as above
    """Measure files of lines."""
    rounds = 1 if quick else 5
    with _folder(quick) as (folder, lines):
        policy = _policy(folder)
        w4 = lines_file(folder / "w4.ndjson", every=1000, lines=lines)
        took = apart({**files.caveat_of(w4, policy, folder), **files.peers_of(w4, folder)}, rounds)
        took["fhir.resources (from 4,000 lines)"] = _whole(w4)
        yield from _table(f"W4: {_what(w4)}", took, lambda each: each.wall, "clock", memory=True)
        yield from _goals("W4", took, W4_GOALS, lambda each: each.wall, bars)
        w5 = lines_file(folder / "w5.ndjson", every=2, lines=lines, seed=5)
        slow = {"scan", "scan, 1 process", "strict", "orjson + walk", "json + walk"}
        cases = {**files.caveat_of(w5, policy, folder), **files.peers_of(w5, folder)}
        took = apart({name: case for name, case in cases.items() if name in slow}, min(rounds, 3))
        yield from _table(f"W5: {_what(w5)}", took, lambda each: each.wall, "clock", memory=True)
        yield from _goals("W5", took, W5_GOALS, lambda each: each.wall, bars)
        real = synthea_file(folder / "real.ndjson", CORPUS)
        if real is None:
            yield from ("", "Real lines of Synthea were not measured: there is no `shared/corpus/bulk` beside the checkout.")
            return
        took = apart({**files.caveat_of(real, policy, folder), **files.peers_of(real, folder)}, rounds)
        yield from _table(f"Synthea: {_what(real)}", took, lambda each: each.wall, "clock", memory=True)


def _whole(lines: Lines) -> Took:
    """Return what fhir.resources would take for a whole file, by what it takes for a part."""
    took, share = apart({"": files.fhir_resources_of(lines)}, 1)[""], files.share_sampled(lines)
    return Took(took.wall / share, took.cpu / share, took.memory)


def _memory(quick: bool, bars: list[Bar]) -> Iterator[str]:  # noqa: FBT001  as above
    """Measure the memory of W4, and of W4 ten times over."""
    yield from ("", "## Memory", "", "| work | file | most memory, MB |", "|---|---|---|")
    with _folder(quick) as (folder, lines):
        policy, most = _policy(folder), {}
        for times in (1, 10):
            made = lines_file(folder / f"w4x{times}.ndjson", every=1000, lines=lines * times)
            for name, took in apart(files.caveat_of(made, policy, folder), 1).items():
                most.setdefault(name, []).append(took.memory)
                yield f"| {name} | {_what(made)} | {took.memory:.0f} |"
            made.path.unlink()
    yield ""
    yield (
        "Ten times the lines take "
        + ", ".join(f"{large / little:.2f}x ({name})" for name, (little, large) in most.items())
        + " (goal: <= 1.2x)."
    )


def _spark(quick: bool, bars: list[Bar]) -> Iterator[str]:  # noqa: FBT001  as above
    """Measure Spark."""
    with _folder(quick) as (folder, lines):
        w4 = lines_file(folder / "w4.ndjson", every=1000, lines=lines)
        took = clusters.spark_took(w4, Guard.from_text(policy_text()), folder)
    yield from _table("Spark local[2], W4", took, lambda each: each.wall, "clock")
    yield from _goals("Spark", took, SPARK_GOALS, lambda each: each.wall, bars)


def _growth(quick: bool, bars: list[Bar]) -> Iterator[str]:  # noqa: FBT001  as above
    """Measure how cost grows."""
    guard = Guard.default()
    yield from (
        "",
        "## How cost grows",
        "",
        "| with | sizes | ms | exponent (1: linear) | fit, R squared |",
        "|---|---|---|---|---|",
    )
    for grown in (growth.in_bytes(guard), growth.in_occurrences(guard)):
        sizes, took = ", ".join(f"{size:,}" for size in grown.sizes), ", ".join(f"{each:.3g}" for each in grown.took)
        yield f"| {grown.what} | {sizes} | {took} | {grown.exponent:.2f} | {grown.fit:.4f} |"
    by_rules = growth.in_rules()
    few, many = min(by_rules), max(by_rules)
    sizes, took = ", ".join(f"{size:,}" for size in by_rules), ", ".join(f"{each:.3g}" for each in by_rules.values())
    yield f"| rules, one modifier among ten instances | {sizes} | {took} | | |"
    yield ""
    yield f"From {few} to {many:,} rules a check takes {by_rules[many] / by_rules[few]:.2f}x the time (goal: < 1.10x)."


# tables


def _table(
    title: str, took: Mapping[str, Took], of: Callable[[Took], float], what: str, *, memory: bool = False
) -> Iterator[str]:
    """Give a table of medians, and of how many times the fastest of them each takes."""
    fastest = min(of(each) for each in took.values())
    yield from ("", f"## {title}", "", f"| case | {what}, ms | x the fastest |" + (" memory, MB |" if memory else ""))
    yield "|---|---|---|" + ("---|" if memory else "")
    for name, each in sorted(took.items(), key=lambda item: of(item[1])):
        yield f"| {name} | {of(each) * 1e3:.4g} | {of(each) / fastest:.3g} |" + (f" {each.memory:.0f} |" if memory else "")


def _goals(
    work: str, took: Mapping[str, Took], goals: tuple[Goal, ...], of: Callable[[Took], float], bars: list[Bar]
) -> Iterator[str]:
    """Give a table of what was to be reached, and what was."""
    yield from ("", "| goal | measured | reached |", "|---|---|---|")
    for case, peer, goal, sign in goals:
        if case not in took or peer not in took:
            yield f"| {case} beside {peer} | not measured: it is not installed | |"
            continue
        faster = of(took[peer]) / of(took[case])
        bars.append(Bar(f"{work} {case} / {peer}", faster, goal if sign == ">=" else 1 / goal))
        ratio = faster if sign == ">=" else 1 / faster
        words = "as fast as" if sign == ">=" else "the time of"
        reached = ratio >= goal if sign == ">=" else ratio <= goal
        yield f"| {work} {case} {sign} {goal:g}x {words} {peer} | {ratio:.3g}x | {'yes' if reached else 'no'} |"


# files


@contextmanager
def _folder(quick: bool) -> Iterator[tuple[Path, int]]:  # noqa: FBT001  as above
    """Give a folder to work in that is kept, so that files are made once, and how many lines a file has."""
    path = HERE.parents[2] / "build" / ("bench-quick" if quick else "bench")
    path.mkdir(parents=True, exist_ok=True)
    yield path, LINES // 10 if quick else LINES
    for name in ("copy.ndjson", "accepted.ndjson", "held.ndjson", "held.ndjson.reasons.ndjson"):
        (path / name).unlink(missing_ok=True)


def _policy(folder: Path) -> Path:
    path = folder / "bench.caveat"
    path.write_text(policy_text())
    return path


def _what(lines: Lines) -> str:
    return f"{lines.lines:,} lines, {lines.size / 1e6:.0f} MB, {lines.hits:,} with a modifier"


if __name__ == "__main__":
    main()
