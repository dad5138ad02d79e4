"""A monthly audit, end to end: NDJSON is checked and recorded, the trail is fixed and verified, and a page answers for the feed.

    python examples/monthly_audit.py EXPORT.ndjson[.gz]... [--to FOLDER]

Without an input it audits `examples/data/ImagingStudy.ndjson`. It needs the extra `audit`.
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from caveat import AuditLog, Guard
from caveat.audit.report.making import Asked, report_of
from caveat.formats.answers_html import page

HERE = Path(__file__).resolve().parent
POLICY = HERE / "policies" / "worklist.caveat"
SAMPLE = HERE / "data" / "ImagingStudy.ndjson"


def main() -> None:
    """Check, record, fix, report."""
    options = argparse.ArgumentParser(description="A monthly audit.")
    options.add_argument("inputs", nargs="*", type=Path, default=[SAMPLE])
    options.add_argument("--to", type=Path, default=None, help="where the trail and the page are written")
    asked = options.parse_args()
    folder = asked.to or Path(tempfile.mkdtemp(prefix="caveat-audit-"))
    with AuditLog(folder / "audit.db") as log:
        seen, held = record(log, asked.inputs)
        fixed = log.checkpoint()
        line = fixed.line if fixed is not None else log.checkpoints()[-1].line
        written = report(log, line, folder / "report.html")
    print(f"{seen} resources checked, {held} held")
    print(f"keep this line where nobody who writes the trail can change it:\n{line}")
    print(f"{written} written to {folder / 'report.html'}")


def record(log: AuditLog, inputs: list[Path]) -> tuple[int, int]:
    """Check every line of the inputs, each file a source of its own; a line is given when it is on record."""
    policy = Guard.from_files(POLICY).policy
    seen = held = 0
    for path in inputs:
        guard = Guard(policy, audit=log, source=path.name)
        for line in guard.ndjson(path):
            seen += 1
            held += not line.report.may_process
    return seen, held


def report(log: AuditLog, line: str, to: Path) -> str:
    """Write the page on this month so far, with the trail verified against the line that fixes it, and return its verdict."""
    today = datetime.now(UTC).date()
    with log.reading() as connection:
        told = report_of(connection, Asked(since=today.replace(day=1), until=today, checkpoint=line), log.facts.id)
    to.write_text(page(told), encoding="utf-8")
    return told.says


if __name__ == "__main__":
    main()
