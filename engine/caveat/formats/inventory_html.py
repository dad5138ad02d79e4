"""An inventory as one page for a meeting: a table for each publisher, what is known of each modifier, what is decided now.

Rule 1: an address of a document is shown and never linked: nobody should be led where a hostile feed points.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from caveat.formats.draft import publisher_of
from caveat.formats.html_page import html_page
from caveat.formats.inventory import Inventory, Row
from caveat.formats.inventory_text import describe, place
from caveat.formats.printable import printable
from caveat.formats.words import GROUNDS

_NO_PUBLISHER = "Without a url"


def page(inventory: Inventory, *, policy: str, date: str) -> str:
    """Return the page; `policy` and `date` say by which rules, and as on which day, was judged."""
    kinds, natives = _many(len(inventory.rows), "kind"), _many(inventory.total_natives(), "native modifier")
    return html_page(
        "inventory",
        title="Modifier extensions seen",
        read=_many(inventory.resources, "resource"),
        seen=f"{_many(inventory.total(), 'modifier')} of {kinds}; {natives}",
        policy=printable(policy),
        date=date,
        others=[
            {"verdict": verdict.word, "ground": str(ground), "count": f"{count:,}"}
            for (verdict, ground), count in sorted(inventory.others.items(), reverse=True)
        ],
        groups=list(_groups(inventory)),
        natives=[
            {"path": printable(row.path), "count": f"{row.count:,}", "first": place(row.first)}
            for row in inventory.listed_natives()
        ],
    )


def _groups(inventory: Inventory) -> Iterator[Mapping[str, Any]]:
    """Give the rows of each publisher, who has the strictest and most frequent first."""
    groups: dict[str, list[Row]] = {}
    for row in inventory.listed():
        groups.setdefault(publisher_of(row.url) if row.url else _NO_PUBLISHER, []).append(row)
    for publisher, rows in groups.items():
        count = sum(row.count for row in rows)
        yield {
            "publisher": printable(publisher),
            "caption": f"{_many(count, 'modifier')} of {_many(len(rows), 'kind')}",
            "rows": [_cells(row) for row in rows],
        }


def _cells(row: Row) -> Mapping[str, str]:
    by = f"by {row.rule}" if row.rule else row.detail or GROUNDS[row.ground]
    return {
        "url": printable(row.url) if row.url is not None else "no url",
        "path": printable(row.path or "the document"),
        "value_type": row.value_type or "unknown",
        "count": f"{row.count:,}",
        "known": describe(row.definition) if row.definition is not None else "nothing published that Caveat has",
        "verdict": row.verdict.word,
        "why": printable(by),
        "first": place(row.first),
    }


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("" if number == 1 else "s")
