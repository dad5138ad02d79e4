"""An inventory for a person at a terminal: a table of what was seen, what is known of it, and what was decided.

Rule 1: everything that a document or a definition says is shown bounded, and with nothing that a terminal would obey.
"""

from __future__ import annotations

from collections.abc import Iterator

from caveat.formats.inventory import Inventory, NativeRow, Row, Seen
from caveat.formats.printable import printable
from caveat.spec.definition import ExtensionDefinition
from caveat.spec.reason import says_nothing

Segments = list[tuple[str, str]]


def lines(inventory: Inventory) -> Iterator[Segments]:
    """Give the lines of an inventory: the table of modifiers, what was beyond the bound, and the native modifiers."""
    rows = inventory.listed()
    if rows:
        yield from _table(rows)
    for (verdict, ground), count in sorted(inventory.others.items(), reverse=True):
        yield [(verdict.word, verdict.word), (f"  {ground}  {count:,} more, of kinds that are not told apart", "")]
    natives = inventory.listed_natives()
    if natives:
        yield from _native_table(natives)


def describe(known: ExtensionDefinition) -> str:
    """Say what a definition tells of an extension: what it is, its title, whose it is, and why it modifies."""
    kind = "a modifier" if known.is_modifier else "no modifier"
    title = printable(known.title or known.name or "without a title")
    about = ", ".join(printable(each) for each in (known.publisher, known.package, known.status) if each)
    reason = (
        f"; because {printable(known.reason)}" if known.reason and known.is_modifier and not says_nothing(known.reason) else ""
    )
    return f"{kind}: {title}" + (f" ({about})" if about else "") + reason


def place(first: Seen) -> str:
    """Return where the first of a kind is: input, line and location."""
    line = f":{first.line}" if first.line is not None else ""
    return f"{printable(first.input or '')}{line}" + (f" {printable(first.location)}" if first.location else "")


def _table(rows: list[Row]) -> Iterator[Segments]:
    """Give the rows as a table with a heading."""
    cells = [("verdict", "ground or rule", "count", "value", "path", "url"), *map(_cells, rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(5)]
    for number, row in enumerate(cells):
        verdict, ground, count, kind, path = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False))
        middle = f"  {ground}  {count.strip():>{widths[2]}}  {kind}  {path}  "
        if number == 0:
            yield [(f"{verdict}{middle}{row[-1]}", "faint")]
            continue
        yield [(verdict, row[0]), (middle, ""), (row[-1], "url")]
        known = rows[number - 1].definition
        yield [(f"{' ' * widths[0]}  first: {place(rows[number - 1].first)}", "faint")]
        if known is not None:
            yield [(f"{' ' * widths[0]}  known: {describe(known)}", "faint")]


def _cells(row: Row) -> tuple[str, ...]:
    ground = printable(row.rule or str(row.ground))
    if row.path is None:
        return (row.verdict.word, ground, str(row.count), "", "", printable(row.detail or ""))
    url = printable(row.url) if row.url is not None else f"({printable(row.detail or 'no url')})"
    return (row.verdict.word, ground, str(row.count), row.value_type or "", printable(row.path), url)


def _native_table(rows: list[NativeRow]) -> Iterator[Segments]:
    """Give the rows of native modifiers under a heading."""
    width = max(len(str(row.count)) for row in rows)
    yield [("native modifier elements with a value that changes meaning", "faint")]
    for row in rows:
        yield [(f"  {row.count:>{width}}  {printable(row.path)}", "")]
        yield [(f"  {' ' * width}  first: {place(row.first)}", "faint")]
