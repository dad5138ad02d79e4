"""Every slip has the diagnostics that a person needs, and no others.

`CAVEAT_UPDATE_GOLDEN=1` writes the expected files anew; read the difference before committing it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from caveat.domain.diagnostic import Diagnostic
from caveat.lang.parser import parse_bytes

MISTAKES = sorted((Path(__file__).parent / "mistakes").glob("*.caveat"))


def rendered(diagnostic: Diagnostic) -> str:
    """Return a diagnostic as lines of plain text."""
    span = diagnostic.span
    place = f"{span.line}:{span.column}-{span.end_line}:{span.end_column}"
    lines = [f"{diagnostic.code} {place} {diagnostic.severity.value} {diagnostic.message}"]
    lines += [f"    | {note}" for note in diagnostic.notes]
    lines += [f"    > {diagnostic.help}"] if diagnostic.help is not None else []
    return "\n".join(lines)


@pytest.mark.parametrize("path", MISTAKES, ids=lambda path: path.stem)
def test_mistake_has_exactly_these_diagnostics(path: Path) -> None:
    """A wrong rule file gives exactly the diagnostics written beside it."""
    found = "\n".join(rendered(diagnostic) for diagnostic in parse_bytes(path.read_bytes(), path.name).diagnostics) + "\n"
    expected = path.with_suffix(".txt")
    if os.environ.get("CAVEAT_UPDATE_GOLDEN") == "1":
        expected.write_text(found, encoding="utf-8")
    assert found == expected.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", MISTAKES, ids=lambda path: path.stem)
def test_messages_follow_the_house_style(path: Path) -> None:
    """A message is one line, begins with no capital outside backticks, and has no full stop."""
    diagnostics = parse_bytes(path.read_bytes(), path.name).diagnostics
    assert diagnostics
    for said in (text for diagnostic in diagnostics for text in (diagnostic.message, diagnostic.help or "", *diagnostic.notes)):
        assert "\n" not in said
        assert not said.endswith(".") or said.endswith("...")
        assert not said[:1].isupper()


def test_there_are_enough_mistakes() -> None:
    """At least sixty slips are held in place, several of them with three or more mistakes."""
    counts = [len(parse_bytes(path.read_bytes(), path.name).diagnostics) for path in MISTAKES]
    assert len(counts) >= 60
    assert sum(count >= 3 for count in counts) >= 5
