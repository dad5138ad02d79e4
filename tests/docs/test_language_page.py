"""The page of the language leaves nothing of the grammar out, and its examples are what they say."""

from __future__ import annotations

from datetime import date

import pytest

from caveat.domain.diagnostic import CODES, Severity
from caveat.lang.lint import lint
from caveat.lang.parser import _lark, _words, parse
from caveat.lang.scan import VERBS, pieces_of, statements_of
from caveat.packs.policies import load_policy_text
from docs.language_page import _ALIAS, examples, grammar, page, told

EXAMPLES = list(examples())


def test_every_rule_of_the_grammar_is_shown() -> None:
    """Each statement and clause has its section; what a rule is only made of stands with it."""
    sections = {name for section in told()["section"] for name in section["rules"]}
    rules = grammar()
    aliases = {alias: rule for rule, body in rules.items() for alias in _ALIAS.findall(body)}
    assert {aliases.get(name, name) for name in sections} == rules.keys() - {"statement"}
    assert set(told()["verbs"]) == VERBS


def test_every_word_is_explained() -> None:
    """A word that has one spelling stands in an example, one that has several in the table; so do all other terminals."""
    met = {token for _, text, _ in EXAMPLES for token in terminals(text)}
    words, known = _words(), {terminal.name for terminal in _lark().terminals}
    single = {name for name, spelt in words.items() if len(spelt) == 1}
    assert single - met == set()
    marks = {terminal.name for terminal in _lark().terminals if terminal.pattern.type == "str"}
    assert set(told()["terminals"]) == known - words.keys() - marks - {"COMMENT", "__IGNORE_0", "__IGNORE_1"}
    assert [word for name, spelt in words.items() if len(spelt) > 1 for word in spelt if f"`{word}`" not in page()] == []


def terminals(text: str) -> set[str]:
    """Return the terminals that stand in a lawful file."""
    statements = [text[part[0].start : part[-1].end] for part in statements_of(pieces_of(text))]
    return {token.type for each in statements for token in _lark().parse_interactive(each).iter_parse()}


@pytest.mark.parametrize(("title", "text", "loads"), EXAMPLES, ids=[title for title, *_ in EXAMPLES])
def test_an_example_is_read(title: str, text: str, *, loads: bool) -> None:
    """It parses; one that needs no other file also loads, without an error."""
    assert parse(text, "x").diagnostics == ()
    if loads:
        loaded = load_policy_text(text)
        findings = [*loaded.diagnostics, *lint(loaded.resolved, date(2026, 11, 24))]
        assert [each.message for each in findings if CODES[each.code].severity is Severity.ERROR] == []


def test_the_grammar_is_shown_in_words() -> None:
    """What the grammar's file spells for Lark is spelt for people: no terminal that is one word is left by its name."""
    excerpts = page().split("```\n")[1::2]
    names = {name for name, spelt in _words().items() if len(spelt) == 1}
    assert [name for name in names for text in excerpts if not text.startswith("caveat 1") and f" {name} " in text] == []
