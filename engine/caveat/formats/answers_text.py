"""Answers as Markdown for a ticket, and as JSON for a program.

Rule 1: in Markdown what came from outside can be no markup: every character that could begin some is escaped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from caveat.formats.answers import LEVELS, NOT_CHECKED, Answer, Answers, Cell, Table, plain
from caveat.formats.printable import printable

SCHEMA = "caveat.audit-report/1"
_MARKUP = re.compile(r"([\\`*_{}\[\]()<>#+!|~&:@^$=\-])")


def to_json(told: Answers) -> str:
    """Return the answers as one JSON object; what was not checked is null."""
    return json.dumps(
        {
            "schema": SCHEMA,
            "title": told.title,
            "says": told.says,
            "level": told.level.value,
            "facts": dict(told.facts),
            "answers": [_json_answer(each) for each in told.answers],
            "checklist": {
                "source": told.checklist_source,
                "points": [
                    {"number": each.number, "words": each.words, "evidence": each.evidence, "left_open": each.left_open}
                    for each in told.checklist
                ],
            },
        },
        indent=1,
    )


def _json_answer(told: Answer) -> dict[str, Any]:
    tables = {
        table.key: {
            "caption": table.caption,
            "rows": [dict(zip([key for key, _ in table.columns], map(plain, row), strict=True)) for row in table.rows],
            "rows_omitted": table.left_out,
        }
        for table in told.tables
    }
    return {"key": told.key, "question": told.question, "level": told.level.value, "says": list(told.says), "tables": tables}


def to_markdown(told: Answers) -> str:
    """Return the answers as Markdown."""
    return "\n".join(_markdown(told))


def _markdown(told: Answers) -> Iterator[str]:
    yield from (f"# {_words(told.title)}", "", f"**{_words(told.says)}**", "")
    yield from _grid(("", ""), told.facts)
    for number, answer in enumerate(told.answers, 1):
        yield from (
            f"## {number}. {_words(answer.question)}",
            "",
            f"*{LEVELS[answer.level]}* {' '.join(map(_words, answer.says))}",
            "",
        )
        for table in answer.tables:
            yield from _table(table)
    if told.checklist:
        yield from (
            "## Checklist for FHIR-to-OMOP pipelines",
            "",
            f"The points are those of {_words(told.checklist_source)}.",
            "",
        )
        points = [
            (each.number, each.words, each.evidence or "[ ] no evidence", each.left_open or "nothing") for each in told.checklist
        ]
        yield from _grid(("Point", "Item", "Evidence", "Left open"), points)


def _table(table: Table) -> Iterator[str]:
    left = f" ({len(table.rows):,} of {table.total:,} shown)" if table.left_out and table.total is not None else ""
    if not table.rows:
        yield from (f"{_words(table.caption)}: none.", "")
        return
    yield from (f"{_words(table.caption)}{left}:", "")
    yield from _grid([label for _, label in table.columns], table.rows)


def _grid(labels: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Iterator[str]:
    yield f"| {' | '.join(map(_words, labels))} |"
    yield "|" + " --- |" * len(labels)
    yield from (f"| {' | '.join(map(_cell, row))} |" for row in rows)
    yield ""


def _cell(cell: Cell) -> str:
    value = plain(cell)
    if value is None:
        return f"*{NOT_CHECKED}*"
    return f"{value:,}" if isinstance(value, int | float) else _words(value)


def _words(text: str) -> str:
    """Return text that Markdown shows as it is."""
    return _MARKUP.sub(r"\\\1", printable(text))
