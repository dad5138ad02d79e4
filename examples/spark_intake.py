"""A day's export through Spark: what may be processed goes on, what may not is held, with its reasons beside it."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from pyspark.sql import SparkSession

import caveat.spark
from caveat import Guard

HERE = Path(__file__).parent


def main(session: SparkSession, folder: Path) -> None:
    """Split the export into `folder`, each line decided once."""
    guard = Guard.from_files(HERE / "policies/worklist.caveat", source="pacs-a")
    lines = session.read.text(str(HERE / "data/ImagingStudy.ndjson"), lineSep="\n")

    decided = caveat.spark.decide(lines, guard, column="value").persist()
    accepted, held = decided.where("caveat_report.may_process"), decided.where("NOT caveat_report.may_process")
    accepted.select("value").write.mode("overwrite").text(str(folder / "accepted"))
    held.write.mode("overwrite").parquet(str(folder / "held"))
    print(f"accepted {accepted.count()}, held {held.count()}")
    decided.unpersist()

    found = caveat.spark.summary(caveat.spark.check(lines, guard, column="value"))
    for row in found.unknown.orderBy("url").collect():
        print(f"no rule names {row.url}: {row.decisions} in {row.resources} resources, from {row.source}")


if __name__ == "__main__":
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    with SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate() as running:
        running.sparkContext.setLogLevel("ERROR")
        main(running, Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp()))
