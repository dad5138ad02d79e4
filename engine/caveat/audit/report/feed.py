"""The first answers: whether the feed is safe to process, how many of what there were, and what of it could slip past."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

from caveat.audit.report.material import NO_SOURCE, Material, rows
from caveat.audit.report.sums import decided, total
from caveat.domain.decision import Ground, Verdict
from caveat.formats.answers import Answer, Cell, Chart, Leading, Level, Table, counted, share

_SAYS = {
    "passed": (
        "Let through",
        ("clear", "accept"),
        "as received: no modifier concerns the application, or every one is understood",
    ),
    "warned": ("Let through with a warning", ("warn",), "as received; the warning goes with every output"),
    "reduced": ("Only in the reduced form", ("exclude",), "elements are left out; the document as received was held"),
    "held": ("Held", ("narrative", "review"), "only the narrative may be shown, or a person must look first"),
    "refused": ("Refused", ("reject",), "must not be processed"),
    "unreadable": ("Not checkable", ("reject",), "could not be read, and was refused"),
}
_SERIES = (
    ("warned", "warned"),
    ("reduced", "reduced"),
    ("held", "held"),
    ("refused", "refused"),
    ("unreadable", "not checkable"),
)
_MOST_BARS = 100


def verdict_on_feed(material: Material) -> tuple[str, Level]:
    """Return the verdict on the feed in one sentence."""
    seen, found = material.seen, material.outcomes
    broken = material.verification is not None and not material.verification.is_whole
    if broken:
        return "Nobody can tell whether the feed is safe: the trail is not as it was written.", Level.STOP
    if not seen:
        return "Nobody can tell whether the feed is safe: nothing was checked in this period.", Level.OPEN
    stopped = seen - found["passed"] - found["warned"]
    warned = f"; {found['warned']:,} with a warning" if found["warned"] else ""
    if not stopped:
        return (
            f"The feed may be processed as received: all {counted(seen, 'resource')} were let through{warned}.",
            Level.GOOD,
        )
    kept = f"{stopped:,} of {counted(seen, 'resource')} ({share(stopped, seen)}) may not be processed as received"
    return f"The feed is safe only behind Caveat: {kept}{warned}.", Level.STOP


def is_safe(material: Material) -> Answer:
    """Answer whether the feed is safe to process, and under which policy."""
    says, level = verdict_on_feed(material)
    columns = (
        ("policy", "Policy"),
        ("version", "Version"),
        ("digest", "Digest"),
        ("resources", "Resources judged"),
        ("records", "Records"),
    )
    listed: list[tuple[Cell, ...]] = [
        (each.name, each.version, each.digest, each.records, f"{each.first:,} to {each.last:,}") for each in material.policies
    ]
    by = counted(len(listed), "policy", "policies")
    more = f"Judged by {by}." if len(listed) != 1 else f"Judged by the policy {material.policies[0].label}."
    return Answer(
        "safe",
        "Is the feed safe to process, and under which policy?",
        (says, more),
        level,
        (Table("policies", "The policies that judged, the newest first", columns, tuple(listed)),),
    )


def how_many(material: Material) -> Answer:
    """Answer how many were seen, and what became of them."""
    found, seen = material.outcomes, material.seen
    listed: list[tuple[Cell, ...]] = [("Seen", seen, share(seen, seen), "checked, one record each")]
    for key, (label, _, meaning) in _SAYS.items():
        number: Cell = rows(found[key], ("outcome", key)) if key != "passed" else Leading(found[key], table="seen")
        listed.append((label, number, share(found[key], seen), meaning))
    says = f"Of {counted(seen, 'resource')} seen, {found['passed'] + found['warned']:,} were let through as received."
    table = Table(
        "outcomes",
        "What became of them; the parts add up to what was seen",
        (
            ("what", "What"),
            ("resources", "Resources"),
            ("share", "Share"),
            ("meaning", "Meaning"),
        ),
        tuple(listed),
    )
    stopped = found["refused"] + found["held"] + found["unreadable"] + found["reduced"]
    level = Level.OPEN if not seen else Level.CARE if stopped else Level.GOOD
    return Answer(
        "how-many",
        "How many were seen, let through, warned, reduced, held, refused, not checkable?",
        (says,),
        level,
        (
            table,
            _by_kind(material),
        ),
        _chart(material),
    )


def _by_kind(material: Material) -> Table:
    """Return what was seen by source, type and verdict; what was let through may have no decision to lead to."""
    found: Counter[tuple[str | None, str | None, str, str]] = Counter()
    for each in material.groups:
        found[each.source, each.resource_type, each.verdict, each.outcome] += each.records - each.unreadable
        found[each.source, each.resource_type, each.verdict, "unreadable"] += each.unreadable
    listed = tuple(
        (source or NO_SOURCE, kind or "(unknown)", verdict, _SAYS[outcome][0], _counted(number, source, kind, outcome))
        for (source, kind, verdict, outcome), number in sorted(found.items(), key=lambda item: (-item[1], str(item[0])))
        if number
    )
    columns = (
        ("source", "Source"),
        ("type", "Resource type"),
        ("verdict", "Verdict"),
        ("outcome", "What became of them"),
        ("resources", "Resources"),
    )
    return Table("seen", "What was seen, by source, resource type and verdict", columns, listed[:500], len(listed))


def _counted(number: int, source: str | None, kind: str | None, outcome: str) -> Cell:
    return number if outcome == "passed" else rows(number, ("source", source), ("type", kind), ("outcome", outcome))


def _chart(material: Material) -> Chart | None:
    """Return what was not simply let through, by day, or by spans of days where there are many."""
    width = -(-material.period.days // _MOST_BARS)
    found: dict[int, Counter[str]] = {}
    for each in material.groups:
        span = span_of(material, each.day) // width
        at = found.setdefault(span, Counter())
        at[each.outcome] += each.records - each.unreadable
        at["unreadable"] += each.unreadable
    if not found:
        return None
    spans = tuple(
        (day_of(material, span * width), tuple(found.get(span, Counter())[key] for key, _ in _SERIES))
        for span in range(-(-material.period.days // width))
    )
    what = "day" if width == 1 else f"{width} days"
    return Chart(f"Resources not simply let through, per {what}", _SERIES, spans)


def span_of(material: Material, day: str) -> int:
    """Return which day of the period a day is, from 0."""
    return (material.today.fromisoformat(day) - material.period.since).days


def day_of(material: Material, span: int) -> str:
    """Return a day of the period by its number."""
    return material.period.since.fromordinal(material.period.since.toordinal() + span).isoformat()


def slips(material: Material) -> Answer:
    """Answer what could slip past: what was looked at less strictly than a document as received, or not at all."""
    listed = tuple(_loose(material))
    found = sum(1 for row in listed if _number(row[1]))
    says = (
        f"{counted(found, 'way')} in which something could slip past happened in this period."
        if found
        else "Everything that was checked was read strictly, as received and whole."
    )
    more = "What was never handed to Caveat is in no trail: not checked."
    level = Level.OPEN if not material.seen else Level.CARE if found else Level.GOOD
    columns = (("what", "What"), ("resources", "How many"), ("meaning", "Why it matters"))
    unseen = _unseen(material)
    return Answer(
        "slips",
        "What could slip past?",
        (says, more),
        level,
        (
            Table("loose", "What was looked at less strictly, or not at all", columns, listed),
            Table(
                "unseen",
                "What the checks themselves said that they did not look at",
                (
                    ("what", "Not looked at"),
                    ("resources", "Resources"),
                ),
                unseen,
            ),
        ),
    )


def _number(cell: Cell) -> int:
    return cell.value if isinstance(cell, Leading) else cell if isinstance(cell, int) else 0


def _loose(material: Material) -> Iterator[tuple[Cell, ...]]:
    def by(what: str, value: str) -> int:
        return sum(each.records for each in material.groups if getattr(each, what) == value)

    strictly = "duplicate keys and broken syntax were lost before Caveat saw it"
    yield "Scanned only", by("evidence", "scanned"), "the bytes were searched, the document was not read"
    yield "Handed over as a tree", by("evidence", "tree"), strictly
    yield "Handed over as a model", by("evidence", "model"), strictly
    yield "Elements that nobody vouches for", by("within", "none"), "what its resource says above it was not seen"
    unreadable = material.outcomes["unreadable"]
    yield "Unreadable", rows(unreadable, ("ground", "unreadable")), "refused; whether a modifier is in it nobody knows"
    inspected = sum(each.records for each in material.groups if "not-inspected" in json.loads(each.problems or "[]"))
    yield "Not inspected in part", inspected, "a part of it is of a kind that Caveat does not look into"
    connection = material.connection
    through = tuple(f"'{verdict.word}'" for verdict in Verdict if verdict <= Verdict.WARN)
    unknown = total(connection, f"s.ground = ? AND s.verdict IN ({', '.join(through)})", str(Ground.UNKNOWN))
    where = (("ground", "unknown"), ("verdict", "clear"), ("verdict", "accept"), ("verdict", "warn"))
    yield (
        "Unknown modifiers let through by a default",
        rows(unknown, *where),
        "the policy says so of its paths; no rule names them",
    )
    for ground, said in _SOFT.items():
        number = total(connection, f"s.ground = ? AND s.verdict IN ({', '.join(through)})", str(ground))
        yield said[0], rows(number, ("ground", str(ground)), *where[1:]), said[1]


_SOFT = {
    Ground.WAIVER: ("Modifiers let through by a waiver", "an exception for some days: see the waivers"),
    Ground.OUT_OF_SCOPE: ("Modifiers of what the application does not read", "right only while `reads` says all that it reads"),
    Ground.RELEASED: ("Modifiers released by a person", "right only as far as the person was"),
}


def _unseen(material: Material) -> tuple[tuple[Cell, ...], ...]:
    found: Counter[str] = Counter()
    for each in material.groups:
        for what in json.loads(each.not_checked or "[]"):
            found[what] += each.records
    return tuple((what, number) for what, number in sorted(found.items(), key=lambda item: (-item[1], item[0])))


def engines(material: Material) -> str:
    """Return the versions of Caveat that checked."""
    return ", ".join(sorted({each.engine_version for each in material.groups})) or "none"


def unreadable_by_source(material: Material) -> list[tuple[str, int]]:
    """Return from which sources what could not be read came."""
    found = decided(material.connection, "c.source", "s.ground = ?", str(Ground.UNREADABLE))
    return [(each.what[0] or NO_SOURCE, each.decisions) for each in found]
