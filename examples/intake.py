"""Intake of a study before a worklist: one call before processing, and an answer that a FHIR client understands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fhir.resources.R4B.imagingstudy import ImagingStudy

from caveat import Guard, Refused

HERE = Path(__file__).parent
guard = Guard.from_files(HERE / "policies/worklist.caveat")
worklist: list[ImagingStudy] = []
archive: list[bytes] = []


def intake(body: bytes) -> tuple[int, dict[str, Any] | None]:
    """Return the HTTP status, and the OperationOutcome when the study is refused."""
    try:
        passed = guard.load(body, ImagingStudy)
    except Refused as refused:
        return 422, refused.report.to_outcome()
    worklist.append(passed.resource)  # the reduced form when something was excluded
    archive.append(passed.original)  # always the bytes as received
    return 201, None


if __name__ == "__main__":
    for name in ("study-good", "study-one-rejected", "study-unknown"):
        status, outcome = intake((HERE / f"data/{name}.json").read_bytes())
        print(name, status)
        if outcome:
            print(json.dumps(outcome, indent=2))
    print(f"{len(worklist)} studies on the worklist, {len(archive)} archived")
