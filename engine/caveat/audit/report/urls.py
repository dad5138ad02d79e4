"""The answers about modifiers: unknown ones, their sources, when they were seen, where, on how many resources, how defined."""

from __future__ import annotations

from collections.abc import Iterator

from caveat.audit.report import sums
from caveat.audit.report.feed import day_of, span_of
from caveat.audit.report.material import NO_SOURCE, NO_URL, Material, moment_shown, rows
from caveat.audit.report.sums import MOST, decided, number_of, total
from caveat.domain.decision import Ground
from caveat.formats.answers import Answer, Cell, Chart, Level, Table, counted, share
from caveat.formats.printable import bounded
from caveat.spec.known import published_definition
from caveat.spec.release import Release

_UNKNOWN = "s.ground = 'unknown'"
_PARTS = 12
"""Into how many parts of the period a trend is cut."""
_THROUGH = frozenset({"passed", "warned"})
_STOPPED = tuple(("outcome", each) for each in ("reduced", "held", "refused", "unreadable"))
_BARS = "▁▂▃▄▅▆▇█"


def unknown(material: Material) -> Answer:
    """Answer which modifiers no rule names, the newest first."""
    connection = material.connection
    number = number_of(connection, "s.url", _UNKNOWN)
    found = decided(connection, "s.url", _UNKNOWN, newest=True)
    seen = sums.first_seen(connection, material.period, [each.what[0] for each in found if each.what[0]])
    found.sort(key=lambda each: -seen.get(each.what[0], (each.first, ""))[0])
    listed = tuple(
        (
            each.what[0] or NO_URL,
            moment_shown(seen[each.what[0]][1] if each.what[0] in seen else each.first_time),
            rows(each.decisions, ("ground", "unknown"), ("url", each.what[0])),
            each.first,
        )
        for each in found
    )
    says = (
        f"{counted(number, 'unknown url')} in {counted(total(connection, _UNKNOWN), 'decision')}." if number else "None was seen."
    )
    columns = (
        ("url", "Modifier"),
        ("first", "First seen in the trail (UTC)"),
        ("decisions", "Decisions"),
        ("record", "First record"),
    )
    table = Table("unknown-urls", "Urls that no rule names, the newest first", columns, listed, number)
    return Answer("unknown", "Which unknown urls were seen, the newest first?", (says,), _level(material, number), (table,))


def _level(material: Material, number: int, level: Level = Level.CARE) -> Level:
    return Level.OPEN if not material.seen else level if number else Level.GOOD


def sources(material: Material) -> Answer:
    """Answer from which source unknown modifiers come."""
    connection = material.connection
    found = decided(connection, "c.source, s.url", _UNKNOWN)
    number = number_of(connection, "c.source, s.url", _UNKNOWN)
    listed = tuple(
        (
            each.what[0] or NO_SOURCE,
            each.what[1] or NO_URL,
            rows(each.decisions, ("ground", "unknown"), ("source", each.what[0]), ("url", each.what[1])),
        )
        for each in found
    )
    feeds = tuple(_feeds(material))
    sent = len({each.what[0] for each in found})
    says = f"{counted(sent, 'source')} of {len(feeds):,} sent modifiers that no rule names."
    return Answer(
        "sources",
        "From which source do they come?",
        (says,),
        _level(material, number),
        (
            Table(
                "by-source",
                "Each source",
                (
                    ("source", "Source"),
                    ("resources", "Resources seen"),
                    ("stopped", "Not let through as received"),
                    ("share", "Share"),
                    ("unknown", "Decisions on unknown urls"),
                ),
                feeds,
            ),
            Table(
                "unknown-by-source",
                "Unknown urls by source, the most frequent first",
                (
                    ("source", "Source"),
                    ("url", "Modifier"),
                    ("decisions", "Decisions"),
                ),
                listed,
                number,
            ),
        ),
    )


def _feeds(material: Material) -> Iterator[tuple[Cell, ...]]:
    """Give each source with how many resources it sent, and how many of them were stopped."""
    by: dict[str | None, list[int]] = {}
    for each in material.groups:
        told = by.setdefault(each.source, [0, 0])
        told[0] += each.records
        told[1] += 0 if each.outcome in _THROUGH else each.records
    of = {each.what[0]: each.decisions for each in decided(material.connection, "c.source", _UNKNOWN, most=10_000)}
    yield from (
        (
            source or NO_SOURCE,
            seen,
            rows(stopped, ("source", source), *_STOPPED),
            share(stopped, seen),
            rows(of.get(source, 0), ("ground", "unknown"), ("source", source)),
        )
        for source, (seen, stopped) in sorted(by.items(), key=lambda item: item[0] or "")
    )


def trend(material: Material) -> Answer:
    """Answer when each modifier was seen first and last, and how often over the period."""
    connection = material.connection
    found = decided(connection, "s.url", "s.url IS NOT NULL")
    number = number_of(connection, "s.url", "s.url IS NOT NULL")
    urls = [each.what[0] for each in found]
    days, seen = sums.days_of(connection, urls, "1 = 1"), sums.first_seen(connection, material.period, urls)
    parts = min(_PARTS, material.period.days)
    listed = tuple(
        (
            each.what[0],
            moment_shown(seen[each.what[0]][1]),
            moment_shown(each.last_time),
            rows(each.decisions, ("url", each.what[0])),
            _bars(_parts(material, days[each.what[0]], parts)),
            ", ".join(f"{each:,}" for each in _parts(material, days[each.what[0]], parts)),
        )
        for each in found
    )
    says = f"{counted(number, 'url')} seen, known and unknown ones." if number else "No modifier with a url was seen."
    columns = (
        ("url", "Modifier"),
        ("first", "First seen in the trail (UTC)"),
        ("last", "Last seen in the period (UTC)"),
        ("decisions", "Decisions"),
        ("trend", "Trend"),
        ("parts", f"Decisions in {parts} parts of the period"),
    )
    tables = (Table("trend", "Each modifier, the most frequent first", columns, listed, number),)
    return Answer(
        "trend",
        "When was each first and last seen, and what is the trend?",
        (says,),
        _level(material, 0),
        tables,
        _chart(material),
    )


def _parts(material: Material, days: dict[str, int], parts: int) -> list[int]:
    """Return the decisions of some days, in equal parts of the period."""
    found = [0] * parts
    for day, number in days.items():
        found[span_of(material, day) * parts // material.period.days] += number
    return found


def _bars(numbers: list[int]) -> str:
    """Return numbers as small bars of text, which any form can hold; nothing is a dot."""
    most = max(numbers, default=0)
    return "".join("·" if not each else _BARS[(each * (len(_BARS) - 1)) // most] for each in numbers)


def _chart(material: Material) -> Chart | None:
    """Return decisions by day, on unknown urls and on others."""
    width = -(-material.period.days // 100)
    spans = [[0, 0] for _ in range(-(-material.period.days // width))]
    for each in decided(material.connection, "s.day, s.ground", most=1_000_000):
        spans[span_of(material, each.what[0]) // width][each.what[1] != "unknown"] += each.decisions
    if not any(map(any, spans)):
        return None
    told = tuple((day_of(material, number * width), (one, other)) for number, (one, other) in enumerate(spans))
    what = "day" if width == 1 else f"{width} days"
    return Chart(f"Decisions on modifiers, per {what}", (("refused", "unknown url"), ("known", "other")), told)


def places(material: Material) -> Answer:
    """Answer on which paths modifiers stand, and whether the application reads them."""
    connection = material.connection
    by, where = "s.url, s.path, s.ground", "s.path IS NOT NULL"
    found = decided(connection, by, where)
    number = number_of(connection, by, where)
    judged = {each.says_what_is_read for each in material.policies if each.text is not None}
    unread = total(connection, "s.ground = ?", str(Ground.OUT_OF_SCOPE))
    listed = tuple(
        (
            each.what[1],
            each.what[0] or NO_URL,
            _is_read(each.what[2], judged),
            rows(each.decisions, ("path", each.what[1]), ("url", each.what[0]), ("ground", each.what[2])),
        )
        for each in found
    )
    says = f"{counted(number_of(connection, 's.path', where), 'path')}; {counted(unread, 'decision')} "
    says += "on what the application does not read."
    more = () if True in judged else ("No policy of the period says what the application reads, so everything counts as read.",)
    columns = (("path", "Path"), ("url", "Modifier"), ("read", "Does the application read it?"), ("decisions", "Decisions"))
    table = Table("paths", "Paths with modifiers, the most frequent first", columns, listed, number)
    return Answer("paths", "On which paths, and does the application read them?", (says, *more), _level(material, 0), (table,))


def _is_read(ground: str, judged: set[bool]) -> str | None:
    """Say whether the application reads a place; None where the text of the policy was not kept."""
    if ground == Ground.OUT_OF_SCOPE:
        return "no"
    if not judged:
        return None
    return "yes" if judged == {True} else "yes: nothing says otherwise"


def affected(material: Material) -> Answer:
    """Answer how many resources are affected."""
    told = sums.affected(material.connection, material.period)
    found = decided(material.connection, "s.url", "s.url IS NOT NULL")
    each_of = sums.affected_by(material.connection, material.period, [each.what[0] for each in found])
    listed = tuple(
        (url, rows(of.records, ("url", url)), of.resources, of.without_id)
        for url, of in sorted(each_of.items(), key=lambda item: (-item[1].records, item[0]))
    )
    unreadable = material.outcomes["unreadable"]
    says = f"{counted(told.records, 'check')} of {material.seen:,} ({share(told.records, material.seen)}) found a modifier"
    says += f", on {counted(told.resources, 'different resource')}" + (
        f" and {told.without_id:,} without an id." if told.without_id else "."
    )
    more = (
        (f"{counted(unreadable, 'document')} could not be read: whether a modifier is in them was not checked.",)
        if unreadable
        else ()
    )
    columns = (
        ("url", "Modifier"),
        ("checks", "Checks that found it"),
        ("resources", "Different resources"),
        ("without_id", "Checks without an id"),
    )
    total_urls = number_of(material.connection, "s.url", "s.url IS NOT NULL")
    table = Table("affected", "Resources by modifier", columns, listed, total_urls)
    return Answer("affected", "How many resources are affected?", (says, *more), _level(material, told.records), (table,))


def wrong_slots(material: Material) -> Answer:
    """Answer which modifiers stand in the wrong slot, or as no lawful Extension."""
    connection, where = material.connection, "s.ground IN ('wrong-slot', 'misplaced', 'malformed', 'incomplete')"
    by = "s.ground, s.fault, s.url, s.path, c.source"
    found, number = decided(connection, by, where), number_of(connection, by, where)
    wrong, other = total(connection, "s.ground = 'wrong-slot'"), total(connection, f"{where} AND s.ground <> 'wrong-slot'")
    listed = tuple(
        (
            ground,
            fault,
            url or NO_URL,
            path,
            source or NO_SOURCE,
            rows(each.decisions, ("ground", ground), ("url", url), ("path", path), ("source", source)),
        )
        for each in found
        for ground, fault, url, path, source in [each.what]
    )
    says = f"{counted(wrong, 'modifier')} in the wrong slot; {counted(other, 'other structural finding')}."
    columns = (
        ("ground", "Finding"),
        ("fault", "Code"),
        ("url", "Modifier"),
        ("path", "Path"),
        ("source", "Source"),
        ("decisions", "Decisions"),
    )
    table = Table("wrong-slot", "Structural findings, the most frequent first", columns, listed, number)
    level = _level(material, wrong + other)
    return Answer("wrong-slot", "Which wrong-slot findings are there?", (says,), level, (table,))


def definitions(material: Material) -> Answer:
    """Answer which urls have no definition that is known, or one that changed."""
    found = decided(material.connection, "s.url", "s.url IS NOT NULL", most=10_000)
    number = number_of(material.connection, "s.url", "s.url IS NOT NULL")
    packages = {label for each in material.policies for label in each.packages}
    library = material.policy.library.packages if material.policy is not None else ()
    given = {package.label for package in library}
    missing = sorted(packages - given)
    undefined = [each for each in found if not _is_defined(material, each.what[0])]
    listed = tuple((each.what[0], rows(each.decisions, ("url", each.what[0]))) for each in undefined)
    changed = tuple(_changed(material))
    says = f"{len(undefined):,} of {counted(len(found), 'url')} have no definition in {_looked_in(given)}."
    more: tuple[str, ...] = (
        (f"Not checked: {', '.join(missing)}, which the policies use; pass the policy with --policy.",) if missing else ()
    )
    if number > len(found):
        more = (
            *more,
            f"Not checked: {number - len(found):,} further urls.",
        )
    level = Level.OPEN if missing or not material.seen else Level.CARE if undefined or changed else Level.GOOD
    return Answer(
        "definitions",
        "Which urls have no definition, or a changed one?",
        (says, *more),
        level,
        (
            Table(
                "undefined",
                "Urls without a definition that is known",
                (
                    ("url", "Modifier"),
                    ("decisions", "Decisions"),
                ),
                listed[:MOST],
                len(listed),
            ),
            Table(
                "changed-definitions",
                "Definitions that are not the same in all that judged or is compared",
                (
                    ("what", "What"),
                    ("how", "How"),
                ),
                changed,
            ),
        ),
    )


def _looked_in(given: set[str]) -> str:
    return " or ".join(["HL7's published extensions", *sorted(given)])


def _is_defined(material: Material, url: str) -> bool:
    name = url.partition("|")[0]
    library = material.policy.library.definitions if material.policy is not None else {}
    return name in library or any(published_definition(name, release) is not None for release in Release)


def _changed(material: Material) -> Iterator[tuple[Cell, ...]]:
    """Give packages that policies of the period pin otherwise, and definitions that differ between packages handed over."""
    pins: dict[str, set[str]] = {}
    for each in (*material.policies, *material.policies_before):
        for label, digest in each.packages.items():
            pins.setdefault(label.partition("#")[0], set()).add(f"{label.partition('#')[2]} ({digest[:12]})")
    yield from ((name, f"pinned as {', '.join(sorted(found))}") for name, found in sorted(pins.items()) if len(found) > 1)
    digests: dict[str, dict[str, str | None]] = {}
    for label, by_url in (material.policy.library.by_package if material.policy is not None else {}).items():
        for url, definition in by_url.items():
            digests.setdefault(url, {})[label] = definition.digest
    for url, by_label in sorted(digests.items()):
        if len(set(by_label.values())) > 1:
            yield bounded(url), f"differs between {', '.join(sorted(by_label))}"
