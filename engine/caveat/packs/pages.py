"""Writes a pack's page from its rules and tests, so that the page says what the pack does.

Rule 1: nothing stands here that is not in the rule files, or in what their tests gave.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise, takewhile
from textwrap import dedent, indent

from caveat.lang import syntax
from caveat.lang.print_parts import condition, given, literal, url
from caveat.lang.resolved import Resolved, ResolvedRule, ResolvedTest, UrlSet
from caveat.packs.cases import Outcome
from caveat.packs.coverage import Coverage
from caveat.packs.policies import LoadedPolicy


def pack_page(loaded: LoadedPolicy, outcomes: Iterable[Outcome], counts: Iterable[Coverage]) -> str:
    """Return the Markdown page of a pack; `outcomes` are those of its tests, `counts` their coverage."""
    resolved, counted = loaded.resolved, {each.rule: each for each in counts}
    blocks = [
        f"# {resolved.name}",
        *_purpose(resolved.sources[resolved.main]),
        *_use(resolved.name),
        *_files(resolved),
        *_defaults(resolved),
        *_rules(resolved, counted),
        *_names(resolved),
        *_tests(resolved, list(outcomes)),
    ]
    return "\n\n".join(blocks) + "\n"


def _purpose(file: syntax.File) -> Iterator[str]:
    """Give the paragraphs of a file's opening comment; indented lines stay as they are."""
    for lines in _paragraphs(_opening(file)):
        if all(line.startswith("  ") for line in lines):
            yield indent(dedent("\n".join(lines)), "    ")
        else:
            yield "\n".join(line.strip() for line in lines)


def _opening(file: syntax.File) -> list[str]:
    """Return the lines of the first comment, without their slashes: those that stand on lines one after the other."""
    first, *rest = file.comments or (None,)
    if first is None:
        return []
    joined = takewhile(lambda pair: pair[1].span.line == pair[0].span.line + 1, pairwise((first, *rest)))
    comments = [first, *(after for _, after in joined)]
    return [comment.text.removeprefix("//").removeprefix(" ") for comment in comments]


def _paragraphs(lines: list[str]) -> Iterator[list[str]]:
    """Give the runs of lines between empty ones."""
    held: list[str] = []
    for line in (*lines, ""):
        if line.strip():
            held.append(line)
        elif held:
            yield held
            held = []


def _use(name: str) -> Iterator[str]:
    yield "## How to use it"
    commands = (f"caveat check data.json --policy {name}", f"caveat rules copy {name} my-rules", f"caveat test my-rules/{name}")
    yield "```sh\n" + "\n".join(commands) + "\n```"


def _files(resolved: Resolved) -> Iterator[str]:
    """Give what the imported files say of themselves."""
    tests = {test.file for test in resolved.tests}
    for name, file in resolved.sources.items():
        if name != resolved.main and name not in tests:
            yield f"## {name}"
            yield from _purpose(file)


def _defaults(resolved: Resolved) -> Iterator[str]:
    """Say what becomes of what no rule names."""
    yield "## What no rule names"
    general = next((each.verdict.text for each in resolved.defaults if not each.paths), "reject")
    placed = [each for each in resolved.defaults if each.paths]
    exceptions = [f"- `{each.verdict.text}` on {_codes(word.text for word in each.paths)}" for each in placed]
    yield "\n".join([f"- `{general}`" + (", but" if placed else ""), *exceptions])


# rules


def _rules(resolved: Resolved, counted: dict[str, Coverage]) -> Iterator[str]:
    """Give the rules: all of them in one table, then each with its parts."""
    yield "## Rules"
    yield "How often each rule decided in the tests below, and how often one part alone kept it from deciding:"
    yield _table(("Rule", "Verb", "Decided", "Nearly"), [_row(rule, counted[rule.name]) for rule in resolved.rules])
    for rule in resolved.rules:
        yield f"### {rule.name}"
        yield _table(("", ""), list(_parts(rule)))


def _row(rule: ResolvedRule, count: Coverage) -> tuple[str, ...]:
    return f"`{rule.name}`", rule.verb, str(count.decided), str(count.nearly)


def _parts(rule: ResolvedRule) -> Iterator[tuple[str, str]]:
    """Give what a rule says, part by part, each as the rule file spells it."""
    yield "Verb", f"`{rule.verb}`"
    yield "Urls", _urls(rule.urls)
    yield "Paths", _codes(word.text for word in rule.rule.paths)
    yield "Types", _codes(rule.types) or "any"
    yield "Condition", f"`{condition(rule.when)}`" if rule.when is not None else "none"
    if rule.kind:
        yield "Kind", rule.kind
    yield "Because", rule.because or ""


def _urls(urls: UrlSet) -> str:
    """Return the urls of a rule, those it spares last."""
    spared = f"<br>except {_codes((term.text for term in urls.exclude), '<br>')}" if urls.exclude else ""
    return _codes((term.text or "anything" for term in urls.include), "<br>") + spared


def _names(resolved: Resolved) -> Iterator[str]:
    """Give the names of extensions and code systems, as rules and tests write them."""
    systems = {name: link for rule in resolved.rules for name, link in rule.codesystems.items()}
    named = sorted({**resolved.extensions, **systems}.items())
    if named:
        yield "## Names"
        yield _table(("Name", "Url"), [(f"`{name}`", f"`{link}`") for name, link in named])


# tests

_Fact = syntax.GivenModifier | syntax.GivenResource | syntax.GivenToday | syntax.GivenRelease | syntax.GivenIntent


def _tests(resolved: Resolved, outcomes: list[Outcome]) -> Iterator[str]:
    """Give the tests in words, and how many pass."""
    yield "## Tests"
    yield f"{sum(outcome.passed for outcome in outcomes)} of {len(outcomes)} tests pass."
    if resolved.tests:
        yield "\n".join(f"- {_in_words(test)}" for test in resolved.tests)


def _in_words(test: ResolvedTest) -> str:
    """Return a test as one sentence: what it is about, what is given, what is expected."""
    statements = test.test.statements
    facts = [_given(each) for each in statements if not isinstance(each, syntax.Expect)]
    wishes = [f"`{given(each)}`" for each in statements if isinstance(each, syntax.Expect)]
    return f"**{test.test.name.value}**: {', '.join(facts)}; {', '.join(wishes)}"


def _given(statement: _Fact) -> str:
    """Return what a test supposes, in words."""
    match statement:
        case syntax.GivenModifier():
            value = "" if statement.literal is None else f" with `{literal(statement.literal)}`"
            kind = "" if statement.type is None else f" as {statement.type.text}"
            return f"`{url(statement.url)}`{value}{kind} on `{statement.path.text}`"
        case syntax.GivenResource():
            return f"the resource `{statement.path.value}`"
        case syntax.GivenToday():
            return f"on {statement.day.text}"
        case syntax.GivenRelease():
            return f"in {statement.release.text}"
        case syntax.GivenIntent():
            return f"with the intent to {statement.intent.text}"


# Markdown


def _codes(words: Iterable[str], between: str = ", ") -> str:
    return between.join(f"`{word}`" for word in words)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a table; a bar in a cell is escaped, or it would end the cell."""
    lines = (head, ("---",) * len(head), *rows)
    return "\n".join("| " + " | ".join(re.sub(r"\|", r"\\|", cell) for cell in line) + " |" for line in lines)
