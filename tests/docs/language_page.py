"""Makes the page of the language: each part of the grammar as it is compiled, with what it means and an example that is read."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from caveat.lang.parser import _words
from caveat.lang.spelling import RESERVED
from docs.markdown import fenced, table

ROOT = Path(__file__).resolve().parents[2]
_RULE = re.compile(r"^\??(?P<name>[a-z_]+): (?P<body>.*(?:\n +\|.*)*)", re.MULTILINE)
_ALIAS = re.compile(r" *-> *(\w+)")
_HEAD = """# The rule language, edition 1

A rule file (`*.caveat`) says what an application does about modifier extensions. Every part of the language is here as the
grammar has it; all examples are read by the tests. Made by `make docs` from the grammar and `tests/docs/language.toml`. Where
something is wrong, the checker says so: [diagnostics](diagnostics/README.md).
A first policy, step by step: [tutorial.md](tutorial.md).

In the grammar a word in quotes stands as it is, `|` is a choice, `?` means at most once, `*` any number, `+` at least once.
Words in capitals are in [Words](#words).
"""


def told() -> Mapping[str, Any]:
    """Return what is said beside the grammar."""
    return tomllib.loads((ROOT / "tests" / "docs" / "language.toml").read_text(encoding="utf-8"))


def grammar() -> dict[str, str]:
    """Return the rules of the grammar by name, as the grammar's file has them."""
    text = (ROOT / "engine" / "caveat" / "lang" / "grammar.lark").read_text(encoding="utf-8")
    found = {match["name"]: match["body"] for match in _RULE.finditer(text)}
    aliases = {alias for body in found.values() for alias in _ALIAS.findall(body)}
    assert aliases
    return found


def examples() -> Iterator[tuple[str, str, bool]]:
    """Give every example of the page: its title, its text, and whether it loads by itself."""
    for each in (*told()["section"], *told()["meaning"]):
        if "example" in each:
            yield each["title"], each["example"].lstrip("\n"), each.get("loads", True)


def page() -> str:
    """Return the page."""
    said, rules = told(), grammar()
    parts = [_HEAD, *(_section(each, rules) for each in said["section"])]
    parts += ["## Verbs\n\n" + table(("Verb", "What it decides"), [(f"`{verb}`", text) for verb, text in said["verbs"].items()])]
    parts += ["## What rules mean\n", *(_meaning(number, each) for number, each in enumerate(said["meaning"], 1))]
    return "\n".join([*parts, _vocabulary(said["terminals"])])


def shown(rules: Mapping[str, str], name: str) -> str:
    """Return a rule of the grammar as people read it, in words."""
    alternatives = [part.strip() for part in re.split(r"\n +\|", rules[name])]
    lines = [_spelt(_ALIAS.sub("", part)) for part in alternatives]
    return f"{name.strip('_')} = " + ("\n" + " " * len(name.strip("_")) + " | ").join(lines)


def _spelt(body: str) -> str:
    """Return the body of a rule with words in place of the names that terminals have."""
    return re.sub(r'"[^"]*"|\b_?[A-Za-z]\w*', lambda match: _word(match[0]), body).replace("  ", " ")


def _word(token: str) -> str:
    if token.startswith('"'):
        return token
    if token != token.upper():
        return token.strip("_")
    spelt = _words().get(token, ())
    return f'"{spelt[0]}"' if len(spelt) == 1 else token.lstrip("_")


def _section(each: Mapping[str, Any], rules: Mapping[str, str]) -> str:
    names = dict.fromkeys(_named(name, rules) for name in each["rules"])
    excerpt = "\n".join(shown(rules, name) for name in names)
    return f"## {each['title']}\n\n{fenced(excerpt)}\n{each['text'].strip()}\n\n{fenced(each['example'].lstrip(), 'caveat')}"


def _named(name: str, rules: Mapping[str, str]) -> str:
    """Return the rule of a name, or that of which it is an alternative."""
    return name if name in rules else next(rule for rule, body in rules.items() if name in _ALIAS.findall(body))


def _meaning(number: int, each: Mapping[str, Any]) -> str:
    example = "\n" + fenced(each["example"].lstrip(), "caveat") if "example" in each else ""
    return f"### {number}. {each['title']}\n\n{each['text']}\n{example}"


def _vocabulary(terminals: Mapping[str, str]) -> str:
    choices = [(name, " ".join(f"`{word}`" for word in words)) for name, words in sorted(_words().items()) if len(words) > 1]
    rows = [(f"`{name}`", text) for name, text in (*terminals.items(), *choices)]
    reserved = " ".join(f"`{word}`" for word in sorted(RESERVED))
    listed = table(("Word", "What it is"), rows)
    return f"## Words\n\n{listed}\nThese words are reserved: nothing can be named so (CV105).\n\n{reserved}\n"
