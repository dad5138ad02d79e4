"""How long Spark takes to check W4, against Spark reading the same text and summing its length, interleaved in one session.

`python tests/bench/bench_spark.py FOLDER` makes `w4.ndjson` in FOLDER from a seed (200,000 lines, 0.1 % with a modifier) and
prints a table. Nothing here passes or fails. Wall clock, since the work is done in other processes.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

LINES = 200_000
HITS = 1000  # one line in so many has a modifier
ROUNDS = 5
URL = "https://x.example/fhir/modifier-"


def resource(rng: random.Random, number: int) -> dict[str, Any]:
    """Return one of four kinds of resources, of 1,480 bytes on the average."""
    kind = ("ImagingStudy", "Observation", "MedicationRequest", "Encounter")[number % 4]
    made: dict[str, Any] = {"resourceType": kind, "id": f"{rng.getrandbits(64):016x}", "status": "available"}
    made["subject"] = {"reference": f"Patient/{rng.getrandbits(64):016x}", "display": f"Subject {rng.randrange(10**6)}"}
    made["identifier"] = [{"system": f"urn:oid:1.2.{rng.randrange(10**6)}", "value": f"{rng.getrandbits(96):024x}"}] * 3
    made["note"] = [{"text": " ".join(f"w{rng.randrange(10**5)}" for _ in range(12))} for _ in range(rng.randrange(9, 15))]
    if kind == "ImagingStudy":
        instances = [{"uid": f"1.2.{rng.randrange(10**9)}", "number": n} for n in range(3)]
        made["series"] = [{"uid": f"1.{rng.randrange(10**9)}", "instance": instances}]
    return made


def write(path: Path, seed: int = 4) -> None:
    """Write the workload, unless it is there."""
    if path.is_file():
        return
    rng = random.Random(seed)
    with path.open("w", encoding="utf-8") as file:
        for number in range(LINES):
            made = resource(rng, number)
            if number % HITS == HITS // 2:
                made["modifierExtension"] = [{"url": f"{URL}{rng.randrange(40)}", "valueBoolean": True}]
            file.write(json.dumps(made, separators=(",", ":")) + "\n")


def main(folder: Path) -> None:
    """Print the table."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    from pyspark.sql import SparkSession, functions  # noqa: PLC0415  the environment is said first

    import caveat.spark  # noqa: PLC0415  as above
    from caveat import Guard  # noqa: PLC0415  as above

    path = folder / "w4.ndjson"
    write(path)
    quiet = {"spark.ui.enabled": "false", "spark.driver.bindAddress": "127.0.0.1", "spark.sql.shuffle.partitions": "2"}
    session = SparkSession.builder.master("local[2]").config(map=quiet).getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    guard = Guard.default()
    text = session.read.text(str(path), lineSep="\n")

    def verdicts(mode: str) -> dict[str, int]:
        found = caveat.spark.check(text, guard, column="value", mode=mode).groupBy("verdict").count().collect()
        return {row["verdict"]: row["count"] for row in found}

    def held(mode: str) -> int:
        return caveat.spark.split(text, guard, column="value", mode=mode).held.count()

    cases: dict[str, Callable[[], object]] = {
        "read + sum(length)": lambda: text.select(functions.sum(functions.length("value"))).collect()[0][0],
        "check, scan": lambda: verdicts("scan"),
        "split, scan, held only": lambda: held("scan"),
    }
    if "--strict" in sys.argv:
        cases["check, strict"] = lambda: verdicts("strict")
    answers = {name: case() for name, case in cases.items()}  # once before counting
    taken: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(ROUNDS):
        for name, case in cases.items():
            start = time.perf_counter()
            case()
            taken[name].append(time.perf_counter() - start)
    floor = statistics.median(taken["read + sum(length)"])
    print(f"{path.stat().st_size:,} bytes, {LINES:,} lines, Spark {session.version} local[2], {ROUNDS} rounds interleaved")
    print("| work | median s | fastest s | x | answer |")
    print("|---|---|---|---|---|")
    for name, times in taken.items():
        middle = statistics.median(times)
        print(f"| {name} | {middle:.2f} | {min(times):.2f} | {middle / floor:.2f} | {answers[name]} |")
    session.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
