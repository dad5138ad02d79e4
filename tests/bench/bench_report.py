"""How long the report of a large trail takes, with verification and without: `bench_report.py FOLDER [RECORDS [DECISIONS]]`.

The trail is made once, in the folder: 500,000 records with two decisions each unless said, over 90 days, from five sources.
Each report is made twice, and must be the same, byte for byte. Seconds of processor are for comparing; the clock counts what
others do too.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from unittest.mock import patch

from caveat import AuditLog, Guard
from caveat.audit import appending

BASE = "https://vendor.example/fhir/StructureDefinition/"
RULES = f"""caveat 1;
policy "intake" version "1" {{ owner "imaging-team"; }}
warn y1: "{BASE}y1" on Patient because "shown";
review restricted: "{BASE}restricted" on Patient because "privacy decides";
"""
DAYS, GROUP = 90, 2000


def document(number: int, decisions: int) -> bytes:
    """Return a resource with so many modifiers, of 310 in all."""
    urls = [f"{BASE}{name}" for name in ("restricted", f"x{number % 300}", f"y{number % 7}", "test-data")]
    told = [{"url": urls[(number + n) % len(urls)], "valueBoolean": True} for n in range(decisions)]
    return json.dumps({"resourceType": "Patient", "id": f"p{number}", "modifierExtension": told}).encode()


def at(when: datetime) -> Callable[[], str]:
    """Return a clock that stands still."""
    return lambda: when.isoformat(timespec="microseconds").replace("+00:00", "Z")


def make(path: Path, number: int, decisions: int) -> None:
    """Make the trail."""
    guard = Guard.from_text(RULES)
    reports = [guard.check(document(n, decisions), source=f"s{n % 5}") for n in range(GROUP)]
    groups = -(-number // GROUP)
    with AuditLog(path) as log:
        for group in range(groups):
            day = datetime(2026, 7, 1, 6, tzinfo=UTC) + timedelta(days=group * DAYS // groups)
            with patch.object(appending, "now", at(day)):
                log.record_many([replace(each, resource_id=f"p{group}-{n}") for n, each in enumerate(reports)], guard.policy)


def measured(trail: Path, page: Path, *options: str) -> str:
    """Make the report in a process of its own, and return what it took."""
    before, clock = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    call = [sys.executable, "-m", "caveat", "audit", "report", "--audit", str(trail), "-o", str(page), *options]
    subprocess.run(call, check=True)
    after, clock = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - clock
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    size, digest = page.stat().st_size, sha256(page.read_bytes()).hexdigest()[:12]
    return (
        f"{processor:.1f} s of processor, {clock:.1f} s of clock, {after.ru_maxrss >> 10} MiB at most, {size:,} bytes, {digest}"
    )


def main() -> None:
    """Print what each report takes."""
    folder, given = Path(sys.argv[1]), [int(each) for each in sys.argv[2:]]
    number, decisions = [*given, 500_000, 2][0], [*given[1:], 2][0]
    trail = folder / f"{number}-{decisions}.db"
    if not trail.exists():
        make(trail, number, decisions)
    print(f"{number:,} records, {number * decisions:,} decisions, {trail.stat().st_size:,} bytes")
    for options in (["--no-verify"], [], []):
        print(f"{options or 'verified'}: {measured(trail, folder / 'report.html', *options)}", flush=True)


if __name__ == "__main__":
    main()
