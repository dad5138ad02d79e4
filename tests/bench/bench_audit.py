"""What the audit trail costs, as ratios over the same checks without it: `bench_audit.py [NUMBER]`, 100,000 unless said.

In lines, where a group of answers waits for the disk once, and one at a time, where each does. Runs with and without the trail
alternate; the smallest of three is taken, of the time that the processor was at work and of the time that passed. Nothing here
passes or fails: the numbers are for reading, the machine may be noisy.
"""

from __future__ import annotations

import gzip
import itertools
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from caveat import AuditLog, Guard

SHARED = Path(__file__).resolve().parents[2] / ".." / "shared" / "corpus" / "bulk"
SMALL = b'{"resourceType":"Observation","id":"o1","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/1"}}'
ROUNDS = 3


def synthea(most: int) -> list[bytes]:
    """Return lines of Synthea's, again and again up to `most`; none where there are none."""
    found: list[bytes] = []
    for path in sorted(SHARED.rglob("*.ndjson*")):
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            found += itertools.islice((line.rstrip(b"\n") for line in file if line.strip()), 400)
    return list(itertools.islice(itertools.cycle(found), most)) if found else []


def taken(work: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds of processor and of clock that `work` takes."""
    clock, processor = time.perf_counter(), time.process_time()
    work()
    return time.process_time() - processor, time.perf_counter() - clock


def in_lines(guard: Guard, lines: list[bytes]) -> int:
    """Check lines, and let each answer go."""
    return sum(1 for _ in guard.ndjson(lines))


def one_at_a_time(guard: Guard, lines: list[bytes]) -> int:
    """Check documents, one after the other."""
    return sum(guard.check(line).may_process for line in lines)


def compared(work: Callable[[Guard, list[bytes]], int], lines: list[bytes]) -> Iterator[str]:
    """Give the cells of a row: microseconds without and with the trail, and their ratio, of both times."""
    without: list[tuple[float, float]] = []
    recorded: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        log = AuditLog(Path(folder) / "audit.db")
        plain = Guard.default()
        for _ in range(ROUNDS):
            without.append(taken(lambda: work(plain, lines)))
            recorded.append(taken(lambda: work(Guard(plain.policy, audit=log), lines)))
        log.close()
    for kind in (0, 1):
        before, after = min(each[kind] for each in without), min(each[kind] for each in recorded)
        yield f"{before / len(lines) * 1e6:.1f}"
        yield f"{after / len(lines) * 1e6:.1f}"
        yield f"{after / before:.2f}"


def main() -> None:
    """Print a table."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    print("| checks | number | bytes each | processor: without, us | with, us | ratio | clock: without, us | with, us | ratio |")
    print("|---|---|---|---|---|---|---|---|---|")
    real = synthea(number)
    cases = [("lines of Synthea", in_lines, real), ("small lines", in_lines, [SMALL] * number)]
    cases.append(("one at a time, Synthea", one_at_a_time, real[: number // 20]))
    for name, work, lines in cases:
        if lines:
            size = sum(map(len, lines)) // len(lines)
            print(f"| {name} | {len(lines):,} | {size:,} | {' | '.join(compared(work, lines))} |", flush=True)


if __name__ == "__main__":
    main()
