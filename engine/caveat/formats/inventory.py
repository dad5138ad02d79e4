"""Counts the modifiers of many reports by what they differ in: url, path, value type, and what was decided.

Rule 1: what is held is bounded whatever the documents are: so many kinds, of texts that are bounded; what is beyond is counted
by verdict and ground, and never lost from the sum.
Rule 2: of a document only urls, locations and types are kept, never a value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from caveat.domain.decision import RULES, Decision, Ground, Verdict
from caveat.domain.report import NativeModifier, Report
from caveat.formats.draft import Unnamed, path_in_rules, publisher_of
from caveat.formats.printable import LONGEST, bounded
from caveat.spec.definition import ExtensionDefinition

SCHEMA = "caveat.inventory/1"
MOST = 10_000
"""How many kinds are told apart where nobody says otherwise."""
_MOST_CHARACTERS = 32 * 1024 * 1024
"""How many characters the texts of all kinds together may have."""

Key = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """Where the first of a kind is: the input's name, its line where it has lines, and the place within."""

    input: str | None
    line: int | None
    location: str | None


@dataclass(slots=True)
class Row:
    """Modifiers that differ in nothing but place, and what was decided on them.

    `rule_path` is the path by which a rule may call the first of them. `definition` is filled in by whoever knows the policy.
    """

    verdict: Verdict
    ground: Ground
    rule: str | None
    detail: str | None
    url: str | None
    path: str | None
    slot: str | None
    value_type: str | None
    release: str
    rule_path: str | None
    first: Seen
    count: int = 0
    definition: ExtensionDefinition | None = None


@dataclass(slots=True)
class NativeRow:
    """Native modifiers of one path with a value that changes meaning: how many there are, and the first place."""

    path: str
    first: Seen
    count: int = 0


@dataclass(slots=True)
class Inventory:
    """What was seen so far. `others` counts, by verdict and ground, what came when `most` kinds were told apart already."""

    most: int = MOST
    resources: int = 0
    releases: set[str] = field(default_factory=set)
    rows: dict[Key, Row] = field(default_factory=dict)
    natives: dict[str, NativeRow] = field(default_factory=dict)
    others: dict[tuple[Verdict, Ground], int] = field(default_factory=dict)
    other_natives: int = 0
    characters: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether every kind has a row of its own."""
        return not self.others and not self.other_natives

    def add(self, report: Report) -> None:
        """Count what one report decided, and the native modifiers that it tells."""
        self.resources += 1
        self.releases.add(report.release)
        for decision in report.decisions:
            self._count(decision, report)
        for native in report.native:
            self._count_native(native, report)
        self.other_natives += report.native_omitted

    def listed(self) -> list[Row]:
        """Return the rows, the strictest first, then the most frequent."""
        return sorted(
            self.rows.values(), key=lambda row: (-row.verdict, -row.count, row.url or "", row.path or "", row.first.input or "")
        )

    def listed_natives(self) -> list[NativeRow]:
        """Return the rows of native modifiers, the most frequent first."""
        return sorted(self.natives.values(), key=lambda row: (-row.count, row.path))

    def total(self) -> int:
        """Return how many modifiers were seen."""
        return sum(row.count for row in self.rows.values()) + sum(self.others.values())

    def total_natives(self) -> int:
        """Return how many native modifiers were seen."""
        return sum(row.count for row in self.natives.values()) + self.other_natives

    def _count(self, decision: Decision, report: Report) -> None:
        found = decision.occurrence
        place = (found.url, found.carrier.path, found.value_type, found.slot) if found is not None else ()
        detail = decision.detail if found is not None else report.problems[0].code
        # A hash of a text beyond the bound would still hold it: such texts are cut before they become a key.
        cut = tuple(bounded(each) if each is not None else None for each in place)
        key = (decision.verdict, decision.ground, decision.rule, detail, *cut)
        row = self.rows.get(key)
        if row is None:
            row = self._kept(key, _row(decision, detail, report))
        if row is None:
            both = (decision.verdict, decision.ground)
            self.others[both] = self.others.get(both, 0) + 1
        else:
            row.count += 1

    def _kept(self, key: Key, row: Row) -> Row | None:
        """Keep a row of a new kind, if there is room for it."""
        size = sum(len(text) for text in (row.url, row.path, row.detail, row.first.location, row.first.input) if text is not None)
        if len(self.rows) >= self.most or self.characters + size > _MOST_CHARACTERS:
            return None
        self.characters += size
        self.rows[key] = row
        return row

    def _count_native(self, native: NativeModifier, report: Report) -> None:
        path = bounded(native.path)
        row = self.natives.get(path)
        if row is None and len(self.natives) < self.most:
            seen = Seen(report.input, report.line, bounded(native.location))
            row = self.natives[path] = NativeRow(path, seen)
        if row is None:
            self.other_natives += 1
        else:
            row.count += 1


def _row(decision: Decision, detail: str | None, report: Report) -> Row:
    found = decision.occurrence
    location = bounded(found.location) if found is not None else None
    seen = Seen(report.input, report.line, location)
    if found is None:
        return Row(decision.verdict, decision.ground, decision.rule, detail, None, None, None, None, report.release, None, seen)
    # A url that was cut is no url any more: no rule can name it.
    path = path_in_rules(found.carrier) if found.url is not None and len(found.url) <= LONGEST else None
    return Row(
        verdict=decision.verdict,
        ground=decision.ground,
        rule=decision.rule,
        detail=detail,
        url=bounded(found.url) if found.url is not None else None,
        path=bounded(found.carrier.path),
        slot=found.slot,
        value_type=found.value_type,
        release=report.release,
        rule_path=path,
        first=seen,
    )


def unnamed(rows: Iterable[Row]) -> list[Unnamed]:
    """Return the unknown modifiers, each url once with all its paths and types; the values of implicitRules apart."""
    grouped: dict[tuple[str, bool], list[Row]] = {}
    for row in rows:
        if row.ground is Ground.UNKNOWN and row.url is not None:
            grouped.setdefault((row.url, row.slot == RULES), []).append(row)
    return [_unnamed(url, group) for (url, _), group in grouped.items()]


def _unnamed(url: str, rows: list[Row]) -> Unnamed:
    paths = sorted({row.rule_path for row in rows if row.rule_path})
    types = sorted({row.value_type for row in rows if row.value_type})
    definition = next((row.definition for row in rows if row.definition is not None), None)
    return Unnamed(url, tuple(paths), tuple(types), definition)


# the wire form


def records(inventory: Inventory) -> Iterator[dict[str, Any]]:
    """Give every row in its wire form, `caveat.inventory/1`: modifiers, what was beyond the bound, native modifiers."""
    yield from (_record(row) for row in inventory.listed())
    for (verdict, ground), count in sorted(inventory.others.items(), key=lambda each: (-each[0][0], each[0][1])):
        yield _EMPTY | {"kind": "others", "count": count, "verdict": verdict.word, "ground": str(ground)}
    yield from (
        _EMPTY | {"kind": "native", "path": row.path, "count": row.count, "first": _seen(row.first)}
        for row in inventory.listed_natives()
    )
    if inventory.other_natives:
        yield _EMPTY | {"kind": "native", "count": inventory.other_natives}


_NAMES = (
    "kind",
    "url",
    "path",
    "slot",
    "value_type",
    "count",
    "first",
    "verdict",
    "ground",
    "rule",
    "detail",
    "publisher",
    "definition",
)
_EMPTY: dict[str, Any] = {"schema": SCHEMA, **dict.fromkeys(_NAMES)}


def _record(row: Row) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "kind": "modifier",
        "url": row.url,
        "path": row.path,
        "slot": row.slot,
        "value_type": row.value_type,
        "count": row.count,
        "first": _seen(row.first),
        "verdict": row.verdict.word,
        "ground": str(row.ground),
        "rule": row.rule,
        "detail": row.detail,
        "publisher": publisher_of(row.url) if row.url else None,
        "definition": _definition(row.definition) if row.definition is not None else None,
    }


def _seen(first: Seen) -> dict[str, Any]:
    return {"input": first.input, "line": first.line, "location": first.location}


def _definition(known: ExtensionDefinition) -> dict[str, Any]:
    """Return what is known of a definition; `package` is null for what HL7 publishes and is built in."""
    return {
        "is_modifier": known.is_modifier,
        "title": _cut(known.title or known.name),
        "status": known.status,
        "publisher": _cut(known.publisher),
        "reason": _cut(known.reason),
        "package": known.package,
    }


def _cut(text: str | None) -> str | None:
    return None if text is None else bounded(text)
