"""The compiled grammar that comes with the package is that of the grammar beside it."""

from __future__ import annotations

import hashlib
from importlib.metadata import version

import pytest

from caveat.lang import grammar_table, parser

TEXT = 'caveat 1;\nextension retake = "https://x.example/retake";\nreject r: retake on ImagingStudy because "x";\n'


def test_the_table_is_of_this_grammar() -> None:
    """After a change of the grammar `make grammar` has been run."""
    assert hashlib.sha256(parser._grammar()).hexdigest() == grammar_table.GRAMMAR


def test_the_table_is_used_with_the_lark_that_made_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the locked Lark nothing is built."""
    if version("lark") != grammar_table.LARK:
        pytest.skip(f"Lark {version('lark')} is installed, and the table is of {grammar_table.LARK}")
    monkeypatch.setattr(parser, "_built", lambda _: pytest.fail("the grammar was built"))
    parser._lark.cache_clear()
    assert parser.parse(TEXT, "a.caveat").diagnostics == ()
    parser._lark.cache_clear()


@pytest.mark.parametrize("stale", ["LARK", "GRAMMAR"])
def test_another_lark_or_grammar_is_built(stale: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that does not fit is not used, and the parser reads the same."""
    kept = parser.parse(TEXT, "a.caveat")
    monkeypatch.setattr(grammar_table, stale, "another")
    monkeypatch.setattr(grammar_table, "DATA", {})
    parser._lark.cache_clear()
    assert parser.parse(TEXT, "a.caveat") == kept
    parser._lark.cache_clear()
