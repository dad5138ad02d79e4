"""The numbers of a report by a second, simpler way: every record read through the library, and counted in plain Python."""

from __future__ import annotations

from collections import Counter
from datetime import date

from caveat import AuditLog

OUTCOMES = {
    "clear": "Let through",
    "accept": "Let through",
    "warn": "Let through with a warning",
    "exclude": "Only in the reduced form",
}
OUTCOMES |= {"narrative": "Held", "review": "Held", "reject": "Refused"}


def counted(log: AuditLog, since: date, until: date) -> dict[str, object]:
    """Return what a report of a period must say, in the shape of `shown`."""
    outcomes: Counter[str] = Counter()
    unknown: Counter[str] = Counter()
    sources: Counter[str] = Counter()
    paths: Counter[tuple[str, str, str]] = Counter()
    resources: dict[str, set[int]] = {}
    rules: Counter[tuple[str, str, str]] = Counter()
    for record in log.records(since=since, until=until):
        grounds = {each.ground for each in record.decisions}
        outcomes["Not checkable" if "unreadable" in grounds else OUTCOMES[record.verdict or ""]] += 1
        for each in record.decisions:
            url = each.url or "(no url)"
            if each.ground == "unknown":
                unknown[url] += 1
                sources[record.source or ""] += 1
            if each.path is not None:
                paths[each.path, url, "no" if each.ground == "out-of-scope" else "yes"] += 1
            if each.url is not None:
                resources.setdefault(url, set()).add(record.sequence)
            if each.verdict in {"clear", "accept", "warn", "exclude"} and each.ground in {"rule", "waiver", "unknown"}:
                rules[each.rule or f"{each.waiver} (waiver)", each.verdict, url] += 1
    outcomes["Seen"] = outcomes.total()
    return {
        "outcomes": dict(outcomes),
        "unknown": dict(unknown),
        "sources": dict(sources),
        "paths": dict(paths),
        "affected": {url: len(found) for url, found in resources.items()},
        "rules": dict(rules),
    }
