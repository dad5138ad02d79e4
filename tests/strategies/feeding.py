"""A feed of ninety days from three sources, as it is recorded: real resources, with modifiers planted in some of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from caveat import AuditLog, Guard
from caveat.audit import appending
from caveat.audit.quarantine import How

FIRST = date(2026, 7, 1)
DAYS = 90
SOURCES = ("pacs-a", "lab-b", "registry-c")
BASE = "https://vendor.example/fhir/StructureDefinition/"
OLD = f"""caveat 1;
policy "intake" version "3.1.0" {{ owner "imaging-team"; }}
reads all of Patient; reads all of Immunization; reads all of AllergyIntolerance;
reads Procedure {{ status, code, subject, performed[x] }}
understand not-given: "{BASE}not-given" on Immunization as boolean
    because "stored as a refusal" kind negation assessed 2026-01-01;
warn uncertain: "{BASE}uncertain" on AllergyIntolerance because "shown beside the allergy" kind reliability assessed 2026-02-01;
review restricted: "{BASE}restricted" on Patient because "privacy decides" kind privacy;
reject test-data: "{BASE}test-data" on *.** because "no real patient";
waive pilot: unknown for "{BASE}pilot-scanner" on Procedure as warn
    from 2026-07-01 until 2026-10-15 owner "j.doe@hospital.example" because "pilot on ward 3";
waive over: unknown for "{BASE}old-pilot" on Procedure as warn
    from 2026-05-01 until 2026-07-31 owner "j.doe@hospital.example" because "it is over";
"""
NEW = (
    OLD.replace("3.1.0", "3.2.0")
    + f'warn late: "{BASE}late-entry" on Procedure because "shown in the timeline" assessed 2026-08-15;\n'
)
PLANTED = {
    "Patient": ("restricted", "test-data", "deceased-unsure"),
    "Immunization": ("not-given", "not-given", "subpotent-vendor"),
    "AllergyIntolerance": ("uncertain", "refuted-by-nlp"),
    "Procedure": ("pilot-scanner", "late-entry", "not-done"),
}
FOLDER = "sample-bulk-10-patients"


def lines(bulk: Path, number: int) -> Iterator[bytes]:
    """Give real resources in turn, one of each type."""
    files = [(bulk / FOLDER / f"{kind}.000.ndjson").read_bytes().splitlines() for kind in PLANTED]
    for count in range(number):
        for each in files:
            yield each[count % len(each)]


def planted(raw: bytes, number: int) -> bytes:
    """Return a resource with a modifier of its type, in one of seven; one of forty-one in the wrong slot, one of sixty broken."""
    if number % 60 == 59:
        return raw[:-2]
    tree: dict[str, Any] = json.loads(raw)
    names = PLANTED[tree["resourceType"]]
    name = names[number // 28 % len(names)]
    if number % 7 == 0 and (name not in {"refuted-by-nlp", "not-done"} or number > 600):  # some are new late in the period
        modifier = [{"url": BASE + name, "valueBoolean": True}]
        if name == "not-done":  # on an element that the application does not read
            tree["performer"] = [{"actor": {"display": "somebody"}, "modifierExtension": modifier}]
        else:
            tree["modifierExtension"] = modifier
    if number % 41 == 7:
        tree["extension"] = [*tree.get("extension", []), {"url": BASE + names[0], "valueBoolean": True}]
    return json.dumps(tree).encode()


def recorded(bulk: Path, trail: Path, *, per_day: int = 12, hostile: tuple[bytes, ...] = ()) -> AuditLog:
    """Make a trail of the feed, a record at the time that it would have been kept."""
    log = AuditLog(trail, identifiers="plain")
    documents = iter(enumerate(lines(bulk, per_day * DAYS)))
    for day in range(DAYS):
        when = datetime.combine(FIRST + timedelta(days=day), datetime.min.time(), UTC) + timedelta(hours=6)
        guard = Guard.from_text(OLD if day < DAYS // 2 else NEW)
        reports = [
            guard.check(planted(raw, number), today=when.date(), source=SOURCES[number % 5 % 3])
            for number, raw in (next(documents) for _ in range(per_day))
        ]
        reports += [guard.check(raw, today=when.date(), source=SOURCES[0]) for raw in hostile if day == DAYS - 1]
        with patch.object(appending, "now", lambda when=when: when.isoformat(timespec="microseconds").replace("+00:00", "Z")):
            log.record_many(reports, guard.policy, How())
            if day == DAYS // 2:
                held = [each.record.sequence for each in log.held() if each.record.verdict == "review"]
                log.release(held[0], by="dr. who", because="the restriction is about the address only")
                log.decline(held[1], by="dr. no", because="consent was withdrawn")
    return log
