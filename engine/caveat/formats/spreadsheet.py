"""Rows as CSV that a spreadsheet shows and never runs.

Rule 1: a cell that a spreadsheet would take for a formula has an apostrophe before it: one that begins with `=`, `+`, `-`, `@`, a
tab or a line end, white space before it or not. A whole number stays one.
Rule 2: what is not there is an empty cell; RFC 4180 otherwise.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What makes a formula of a cell, the full-width forms too, which some spreadsheets fold."""


def cell(value: Any) -> str:
    """Return a value as one cell."""
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    text = str(value)
    return f"'{text}" if text.startswith(_RUNS) or text.lstrip().startswith(_RUNS) else text


def write_rows(rows: Iterable[Sequence[Any]], file: TextIO) -> None:
    """Write rows of values as lines of CSV."""
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerows([cell(each) for each in row] for row in rows)
