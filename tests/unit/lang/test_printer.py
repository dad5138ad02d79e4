"""The canonical form: golden files, formatted twice, and comments that stay where they were.

`CAVEAT_UPDATE_GOLDEN=1` writes the expected files anew.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from caveat.lang.parser import parse
from caveat.lang.printer import print_file

FORMAT = Path(__file__).resolve().parents[2] / "golden" / "format"
FILES = sorted(FORMAT.glob("*.caveat"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_formatting_gives_the_golden_text(path: Path) -> None:
    """A file in any layout prints exactly as the golden file, means the same, and prints again unchanged."""
    parsed = parse(path.read_text(encoding="utf-8"), path.name)
    assert parsed.diagnostics == ()
    printed = print_file(parsed.file)
    expected = path.with_suffix(".formatted")
    if os.environ.get("CAVEAT_UPDATE_GOLDEN") == "1":
        expected.write_text(printed, encoding="utf-8")
    assert printed == expected.read_text(encoding="utf-8")
    again = parse(printed, path.name)
    assert again.file == parsed.file
    assert print_file(again.file) == printed


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_formatting_keeps_every_comment(path: Path) -> None:
    """All comments are there after printing, in their order."""
    parsed = parse(path.read_text(encoding="utf-8"), path.name)
    again = parse(print_file(parsed.file), path.name)
    assert [comment.text for comment in again.file.comments] == [comment.text for comment in parsed.file.comments]


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("(value = true)", "value = true"),
        ("not (value present and value = 1)", "not (value present and value = 1)"),
        ("(value = 1 and value = 2) or value = 3", "value = 1 and value = 2 or value = 3"),
        ("(value = 1 or value = 2) and value = 3", "(value = 1 or value = 2) and value = 3"),
        ("(value = 1 or value = 2) or value = 3", "(value = 1 or value = 2) or value = 3"),
        ("not not value present", "not not value present"),
    ],
)
def test_parentheses_stand_where_they_are_needed(written: str, printed: str) -> None:
    """Parentheses are kept where the tree would change without them, and nowhere else."""
    text = f'caveat 1;\n\nreject a: b on *.** when {written} because "x";\n'
    assert print_file(parse(text, "x").file) == text.replace(written, printed)


def test_characters_that_may_not_stand_in_a_file_are_escaped() -> None:
    """A string that holds control or direction characters prints them as escapes."""
    text = 'caveat 1;\n\nuse "\\u0007 \\u202E \\uFEFF \\n \\t \\\\ \\" é";\n'
    assert print_file(parse(text, "x").file) == text


def test_an_empty_file_prints_as_nothing() -> None:
    """Where nothing could be read, nothing is printed."""
    assert print_file(parse("", "x").file) == ""
