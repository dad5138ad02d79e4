"""W4 on Spark `local[2]`: reports on every line, beside reading the text and summing its length."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

from measure import Took, interleaved
from workloads import Lines

from caveat import Guard


def spark_took(lines: Lines, guard: Guard, scratch: Path) -> dict[str, Took]:
    """Return what each took by the clock; the start of Spark is not counted."""
    from pyspark.sql import SparkSession, functions  # noqa: PLC0415  slow to import

    from caveat.spark import check  # noqa: PLC0415  as above

    logging.getLogger("py4j").setLevel(logging.ERROR)
    os.environ["PYSPARK_PYTHON"] = sys.executable  # workers have what this process has
    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.memory", "3g")
        .config("spark.local.dir", str(scratch))
        .config("spark.sql.warehouse.dir", str(scratch / "warehouse"))
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    try:
        text = session.read.text(str(lines.path))

        def verdicts(mode: str) -> None:
            reports = check(text, guard, column="value", mode=mode)
            counted = {row["verdict"]: row["count"] for row in reports.groupBy("verdict").count().collect()}
            assert sum(counted.values()) == lines.lines
            assert lines.lines - counted["clear"] == lines.hits

        return interleaved(
            {
                "read text, sum its length": lambda: text.select(functions.sum(functions.length("value"))).collect(),
                "caveat.spark, scan": lambda: verdicts("scan"),
                "caveat.spark, strict": lambda: verdicts("strict"),
            },
            3,
            0,
        )
    finally:
        session.stop()
