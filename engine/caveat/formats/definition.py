"""The forms of what was found in a definition: `caveat.definition/1`, one object a line, and lines for people.

Rule 1: what comes from the definition is shown as it may be shown on a terminal, and cut to a bounded length.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from caveat.formats.printable import bounded, printable
from caveat.spec.definition_faults import Finding

SCHEMA = "caveat.definition/1"
_STYLES = {"error": "reject", "warning": "warn", "information": "faint"}


def to_json(name: str, line: int | None, url: str | None, *, is_modifier: bool | None, findings: Sequence[Finding]) -> str:
    """Return what was found in one definition as one line of ASCII; `is_modifier` is null for what defines no extension."""
    told = {
        "schema": SCHEMA,
        "input": name,
        "line": line,
        "url": None if url is None else bounded(url),
        "is_modifier": is_modifier,
        "findings": [
            {
                "requirement": each.requirement,
                "code": each.code,
                "severity": each.severity,
                "message": bounded(each.message),
                "location": each.location,
            }
            for each in findings
        ],
    }
    return json.dumps(told, separators=(", ", ": "))


def lines(
    name: str, line: int | None, url: str | None, *, is_modifier: bool | None, findings: Sequence[Finding]
) -> Iterator[list[tuple[str, str]]]:
    """Give the lines that say what was found in one definition: what it is, then each finding with its place."""
    what = {True: "modifier extension", False: "extension", None: "profile or type"}[is_modifier]
    place = printable(name) + (f":{line}" if line is not None else "")
    yield [(f"{place}: ", "place"), (f"{what} ", ""), (printable(url) if url else "without url", "url"), (_counted(findings), "")]
    for each in findings:
        yield [
            (f"  {each.severity:<12}", _STYLES[each.severity]),
            (printable(each.message), ""),
            (f" [{each.requirement}]", "faint"),
        ]
        yield [(f"              at {each.location}", "faint")]


def _counted(findings: Sequence[Finding]) -> str:
    return "" if findings else ": nothing wrong"
