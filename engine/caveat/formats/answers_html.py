"""Answers as one page: self-contained, with its charts drawn and its rows in it, for a screen, a screen reader and a printer.

Rule 1: urls, names and reasons are text, and no address is ever linked: nobody should be led where a hostile feed points.
Rule 2: without its script the page says the same, but for the rows, of which it shows the newest.
"""

from __future__ import annotations

import json
from typing import Any

from caveat.formats.answers import LEVELS, NOT_CHECKED, Answer, Answers, Cell, Chart, Leading, Rows, Table, counted
from caveat.formats.html_page import html_page
from caveat.formats.printable import printable

_VERDICTS = frozenset({"clear", "accept", "warn", "exclude", "narrative", "review", "reject"})
_STATIC = 50
"""How many rows are in the page without its script."""
_WIDTH, _HEIGHT, _FOOT = 1000, 180, 20
_LONG = 24
"""A word of more characters may be broken anywhere."""
_NOTHING = "\u2013"


def page(told: Answers) -> str:
    """Return the page."""
    rows = told.rows
    return html_page(
        "report",
        data=packed(rows),
        title=told.title,
        says=told.says,
        level=told.level.value,
        facts=[(term, printable(value)) for term, value in told.facts],
        answers=[_answer(each) for each in told.answers],
        checklist=told.checklist,
        checklist_source=told.checklist_source,
        rows_note=_rows_note(rows),
        row_labels=[label for _, label in rows.columns],
        first_rows=[[_shown(cell) for cell in row] for row in rows.rows[:_STATIC]],
    )


def _rows_note(rows: Rows) -> str:
    left_out = rows.total - len(rows.rows)
    said = "A number above that is a link shows its rows here."
    if not left_out:
        return said
    said += f" The newest {len(rows.rows):,} decisions are on this page; "
    said += f"{counted(left_out, 'older one')} are not: `--format csv` gives all."
    return said


def _answer(told: Answer) -> dict[str, Any]:
    return {
        "key": told.key,
        "question": told.question,
        "says": [printable(each) for each in told.says],
        "level": told.level.value,
        "word": LEVELS[told.level],
        "tables": [_table(each) for each in told.tables],
        "chart": None if told.chart is None else _chart(told.chart),
    }


def _table(told: Table) -> dict[str, Any]:
    note = f"{len(told.rows):,} of {told.total:,} shown" if told.left_out and told.total is not None else ""
    rows = [[_cell(cell) for cell in row] for row in told.rows]
    return {"key": told.key, "caption": told.caption, "note": note, "labels": [label for _, label in told.columns], "rows": rows}


def _cell(cell: Cell) -> dict[str, Any]:
    """Return what a template shows of a cell: its text, whether that is a number, and where it leads."""
    made: dict[str, Any] = {
        "text": NOT_CHECKED,
        "missing": cell is None,
        "number": False,
        "where": None,
        "table": None,
        "verdict": False,
        "long": False,
        "word": False,
    }
    if isinstance(cell, Leading):
        return {**made, "text": f"{cell.value:,}", "number": True, "where": _where(cell), "table": cell.table}
    if isinstance(cell, int | float):
        return {**made, "text": f"{cell:,}", "number": True}
    if cell is not None:
        text = _shown(cell)
        return {
            **made,
            "text": text,
            "verdict": cell in _VERDICTS,
            "long": len(text) > _LONG and " " not in text[:_LONG],
            "word": len(text) <= _LONG and " " not in text,
        }
    return made


def _where(cell: Leading) -> str | None:
    """Return which rows a number counts, as JSON; nothing leads nowhere."""
    return json.dumps([[key, printable(value)] for key, value in cell.where]) if cell.where and cell.value else None


def _shown(value: str | int | None) -> str:
    return _NOTHING if value is None or not str(value) else printable(str(value))


def packed(rows: Rows) -> dict[str, Any]:
    """Return rows for the script: every word once, and the rows as one list of numbers."""
    numbers: dict[str, int] = {}
    flat: list[int] = []
    for first, *others in rows.rows:
        flat.append(int(first or 0))
        flat += [numbers.setdefault("" if each is None else printable(str(each)), len(numbers)) for each in others]
    return {"columns": rows.columns, "words": list(numbers), "rows": flat, "total": rows.total}


def _chart(told: Chart) -> dict[str, Any]:
    """Return the bars of a chart, and what it says in words."""
    most = max(sum(numbers) for _, numbers in told.spans)
    sums = [sum(numbers[index] for _, numbers in told.spans) for index in range(len(told.series))]
    legend = [(style, name, f"{number:,}") for (style, name), number in zip(told.series, sums, strict=True)]
    words = ", ".join(f"{name} {number}" for _, name, number in legend)
    return {
        "caption": told.caption,
        "label": f"{told.caption}, {told.spans[0][0]} to {told.spans[-1][0]}: {words}; at most {most:,} at once",
        "width": _WIDTH,
        "height": _HEIGHT + _FOOT,
        "base": _HEIGHT,
        "foot": _HEIGHT + _FOOT - 4,
        "bars": list(_bars(told, most or 1)),
        "first": told.spans[0][0],
        "last": told.spans[-1][0],
        "most": f"at most {most:,}",
        "legend": legend,
    }


def _bars(told: Chart, most: int) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    step = _WIDTH / len(told.spans)
    top = _HEIGHT - 16
    for index, (_, numbers) in enumerate(told.spans):
        below = float(_HEIGHT)
        for (style, _), number in zip(told.series, numbers, strict=True):
            if number:
                height = max(number * top / most, 1)
                below -= height
                made.append(
                    {
                        "style": style,
                        "x": f"{index * step:.1f}",
                        "y": f"{below:.1f}",
                        "width": f"{min(step * 0.85, 40):.1f}",
                        "height": f"{height:.1f}",
                    }
                )
    return made
