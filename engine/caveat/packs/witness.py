"""A test that shows one difference, as a person would write it: what it plants, and what it expects.

Rule 1: it says no more than it must: no type that is the usual one, no day where nothing has dates, no release but another one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from caveat.analysis.specimen import Planted, extension, usual_type
from caveat.domain.decision import Decision, Ground, Intent, Verdict
from caveat.domain.diagnostic import Span
from caveat.judge.check import Question
from caveat.lang import syntax
from caveat.lang.resolved import ResolvedTest
from caveat.packs.cases import Outcome, run_test
from caveat.policy import conditions as cond
from caveat.spec.release import Release
from caveat.spec.shape import tables

NOWHERE = Span("", 0, 0, 1, 1, 1, 1)
"""The place of what nobody has written yet."""
_BY_NAME = frozenset({Ground.RULE, Ground.WAIVER})


FIXTURE = "fixture.json"
"""What the file of a witness is called until it is written."""


@dataclass(frozen=True, slots=True)
class Names:
    """What a test calls things: itself, its fixture, and extensions by their url."""

    test: str = "witness"
    fixture: str = FIXTURE
    urls: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Modifier:
    """One modifier of a test: `literal` None where no value is said, `type` None for the usual one."""

    url: str
    path: str
    literal: cond.Scalar | None = None
    type: str | None = None


@dataclass(frozen=True, slots=True)
class Witness:
    """A test: what it plants, on which day, in which release and for which intent, and what it expects.

    `resource` is what it judges where no `modifier` statement can plant it: the JSON of a fixture.
    """

    modifiers: tuple[Modifier, ...]
    today: date | None = None
    release: Release | None = None
    intent: Intent = Intent.READ
    expect: syntax.Expect | None = None
    resource: bytes | None = None

    @property
    def is_plain(self) -> bool:
        """Whether it is one modifier with a decided value, for an application that reads."""
        return self.plainness[:5] == (False, False, 1, False, False)

    @property
    def plainness(self) -> tuple[object, ...]:
        """Sort the test first that says least."""
        types = [each.type for each in self.modifiers if each.literal is None or usual_type(each.literal) != each.type]
        open_ = self.expect is not None and self.expect.ground is not None and self.expect.ground.text == Ground.UNDETERMINED
        said = (self.resource is not None, self.intent is not Intent.READ, len(self.modifiers), "complex" in types, open_)
        return (*said, self.release is not None, self.today is not None, len(types))


def as_test(witness: Witness, systems: Mapping[str, str], named: Names | None = None) -> ResolvedTest:
    """Return a witness as a test; `systems` has the names of code systems by url."""
    named = named or Names()
    modifiers = tuple((_given(each, systems, named.urls), each.url) for each in witness.modifiers)
    statements: list[syntax.TestStatement] = []
    if witness.release is not None:
        statements.append(syntax.GivenRelease(_word(witness.release.value), NOWHERE))
    if witness.today is not None:
        day = syntax.Day(witness.today.isoformat(), witness.today, NOWHERE)
        statements.append(syntax.GivenToday(day, NOWHERE))
    if witness.intent is not Intent.READ:
        statements.append(syntax.GivenIntent(_word(witness.intent.value), NOWHERE))
    if witness.resource is not None:
        statements.append(syntax.GivenResource(syntax.Text(named.fixture, NOWHERE), NOWHERE))
    statements += [given for given, _ in modifiers]
    expects = () if witness.expect is None else (witness.expect,)
    test = syntax.Test(syntax.Text(named.test, NOWHERE), (*statements, *expects), NOWHERE)
    told = tuple((each, each.rule.text if each.rule is not None else None) for each in expects)
    return ResolvedTest(test, "", modifiers, told, {name: url for url, name in systems.items()})


def systems_of(witness: Witness) -> list[str]:
    """Return the urls of the code systems that a witness names."""
    literals = (each.literal for each in witness.modifiers)
    return sorted({literal.system for literal in literals if isinstance(literal, cond.CodeLiteral)})


def run(question: Question, witness: Witness) -> Outcome:
    """Run a witness as the test that it is."""
    test = as_test(witness, {url: f"S{n}" for n, url in enumerate(systems_of(witness))})
    return run_test(test, question, None, {FIXTURE: witness.resource or b""})


def expectation(old: Outcome, new: Outcome) -> syntax.Expect | None:
    """Return the expectation that `old` meets and `new` does not, the most telling one; None where a test sees no difference.

    Of a decision that only one of them has everything is said; where the decisions are the same, the verdict of all together.
    """
    mine, others = Counter(map(seen, old.decisions)), Counter(map(seen, new.decisions))
    for verdict, ground, rule in sorted((mine - others).keys(), key=lambda each: (-each[0], each[1], each[2] or "")):
        if (verdict, ground, rule) not in others:
            said = None if ground in _BY_NAME and rule is not None else _word(str(ground))
            return syntax.Expect(_word(verdict.word), said, None if rule is None else _ref(rule), None, NOWHERE)
    if old.verdict is not None and old.verdict is not new.verdict:
        return syntax.Expect(_word(old.verdict.word), None, None, None, NOWHERE)
    return None


def seen(decision: Decision) -> tuple[Verdict, Ground, str | None]:
    """Return what a test can see of a decision."""
    return decision.verdict, decision.ground, decision.rule


def literals_of(url: str, kind: str, content: Mapping[str, Any], release: Release) -> Iterator[cond.Scalar]:
    """Give the literals that, planted as `kind`, make an extension with that content, beside its url."""
    known = tables(release)
    for literal in _guesses(content):
        try:
            made = extension(Planted(url, "", literal, kind), known)
        except (KeyError, ValueError):
            continue
        if {name: value for name, value in made.items() if name != "url"} == dict(content):
            yield literal


def _guesses(content: object) -> Iterator[cond.Scalar]:
    """Give what a literal may have been that became `content`: every scalar in it, and every coding."""
    match content:
        case bool() | str():
            yield content
            if isinstance(content, str):
                yield from _day(content)
        case int() | float() | Decimal():
            yield Decimal(str(content))
        case Mapping():
            system, code = content.get("system"), content.get("code")
            if isinstance(system, str) and isinstance(code, str):
                yield cond.CodeLiteral(system, code)
            for value in content.values():
                yield from _guesses(value)
        case list():
            for item in content:
                yield from _guesses(item)
        case _:
            return


def _day(text: str) -> Iterator[date]:
    try:
        yield date.fromisoformat(text[:10])
    except ValueError:
        return


def _given(modifier: Modifier, systems: Mapping[str, str], urls: Mapping[str, str]) -> syntax.GivenModifier:
    """Return a modifier as a test writes it."""
    literal, kind = modifier.literal, modifier.type
    url = _ref(urls[modifier.url]) if modifier.url in urls else syntax.Text(modifier.url, NOWHERE)
    usual = literal is not None and usual_type(literal) == kind
    shown = None if usual or kind is None else _word(kind)
    written = None if literal is None else _literal(literal, systems)
    return syntax.GivenModifier(url, _word(modifier.path), written, shown, NOWHERE)


def _literal(literal: cond.Scalar, systems: Mapping[str, str]) -> syntax.Literal:
    match literal:
        case bool():
            return syntax.Truth(literal, NOWHERE)
        case Decimal():
            return syntax.Number(literal, NOWHERE)
        case date():
            return syntax.Day(literal.isoformat(), literal, NOWHERE)
        case cond.CodeLiteral(system, code):
            return syntax.Code(systems[system], code, None, NOWHERE)
        case _:
            return syntax.Text(literal, NOWHERE)


def _ref(name: str) -> syntax.Ref:
    namespace, dot, last = name.rpartition(".")
    return syntax.Ref(namespace if dot else None, last, NOWHERE)


def _word(text: str) -> syntax.Word:
    return syntax.Word(text, NOWHERE)
