"""An imaging-AI loop that leaves out rejected instances: each row of a table of instances is checked standing alone.

The rows come one by one, without their study, so the study is checked first and vouches for its instances (`within`).
"""

from __future__ import annotations

import json
from pathlib import Path

from fhir.resources.R4B.imagingstudy import ImagingStudy, ImagingStudySeriesInstance

from caveat import Guard, Verdict

HERE = Path(__file__).parent
guard = Guard.from_files(HERE / "policies/worklist.caveat")


def usable_instances(study: bytes) -> list[str]:
    """Return the uids of the instances that a model may look at."""
    report = guard.check(study, ImagingStudy)
    if not report.may_process_reduced:
        return []
    uids = []
    for series in json.loads(study)["series"]:
        for row in series["instance"]:
            alone = guard.check(row, ImagingStudySeriesInstance, within=report)
            if alone.verdict <= Verdict.WARN:
                uids.append(row["uid"])
    return uids


if __name__ == "__main__":
    for name in ("study-good", "study-one-rejected", "study-unknown"):
        print(name, usable_instances((HERE / f"data/{name}.json").read_bytes()))
