"""An ETL step that routes NDJSON: what may be processed goes on, what may not is set aside with its reasons."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from caveat import Guard

HERE = Path(__file__).parent
guard = Guard.from_files(HERE / "policies/worklist.caveat")


def route(source: Path, target: Path) -> tuple[int, int]:
    """Write `accepted.ndjson`, `held.ndjson` and `reasons.ndjson` into `target`; return how many went each way."""
    accepted = held = 0
    with (
        (target / "accepted.ndjson").open("wb") as good,
        (target / "held.ndjson").open("wb") as bad,
        (target / "reasons.ndjson").open("w", encoding="utf-8") as reasons,
    ):
        for line in guard.ndjson(source, source="pacs-a"):
            if line.report.may_process:
                good.write(line.raw + b"\n")
                accepted += 1
            else:
                bad.write(line.raw + b"\n")
                reasons.write(json.dumps(line.report.to_record()) + "\n")
                held += 1
    return accepted, held


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp())
    print("accepted {}, held {}".format(*route(HERE / "data/ImagingStudy.ndjson", folder)))
