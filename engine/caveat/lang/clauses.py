"""The clauses of rules and waivers read out, and what is wrong with them: twice (CV107), missing (CV106), no such day (CV109)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from caveat.domain.diagnostic import Diagnostic, Related, Span
from caveat.lang import syntax
from caveat.lang.diagnose import diagnose, listed, quoted
from caveat.lang.names import twice
from caveat.lang.walk import nodes

ASSESSED_VERBS = frozenset({"understand", "warn", "exclude"})
"""Verbs that let data through: FHIR wants the assessment behind them repeated, so they carry its day."""


def keyword(clause: syntax.Clause) -> str:
    """Return the word or words that a clause starts with."""
    match clause:
        case syntax.AsTypes():
            return "as"
        case syntax.When():
            return "when"
        case syntax.RecordValue():
            return "record value"
    return clause.keyword


@dataclass(frozen=True, slots=True)
class Clauses:
    """The clauses of one statement by keyword, the first of each."""

    by_keyword: Mapping[str, syntax.Clause]

    def text(self, word: str) -> str | None:
        """Return the string of a clause, None when it is not there."""
        clause = self.by_keyword.get(word)
        return clause.text.value if isinstance(clause, syntax.TextClause) else None

    def word(self, word: str) -> str | None:
        """Return the word of a clause, None when it is not there."""
        clause = self.by_keyword.get(word)
        return clause.word.text if isinstance(clause, syntax.WordClause) else None

    def day(self, word: str) -> date | None:
        """Return the date of a clause, None when it is not there or there is no such day."""
        clause = self.by_keyword.get(word)
        return clause.day.value if isinstance(clause, syntax.DayClause) else None

    def types(self) -> tuple[str, ...]:
        """Return the value types after `as`, empty when any type will do."""
        clause = self.by_keyword.get("as")
        return tuple(word.text for word in clause.types) if isinstance(clause, syntax.AsTypes) else ()

    def condition(self) -> syntax.Condition | None:
        """Return the condition after `when`."""
        clause = self.by_keyword.get("when")
        return clause.condition if isinstance(clause, syntax.When) else None

    def lacks(self, word: str) -> bool:
        """Return whether a clause is not there, or holds nothing but white space."""
        clause = self.by_keyword.get(word)
        return clause is None or (isinstance(clause, syntax.TextClause) and not clause.text.value.strip())


def clauses_of(statement: syntax.Rule | syntax.Waiver) -> Clauses:
    """Return the clauses of a rule or waiver, the first of each kind."""
    found: dict[str, syntax.Clause] = {}
    for clause in statement.clauses:
        found.setdefault(keyword(clause), clause)
    return Clauses(found)


_MERGED = {
    "as": "list the types once, with `|` between them",
    "when": "write one condition, with `and` or `or` between its parts",
}


def repeated(given: Iterable[tuple[str, Span]]) -> Iterator[Diagnostic]:
    """Yield a CV107 for each keyword that comes a second time."""
    first: dict[str, Span] = {}
    for word, span in given:
        if word in first:
            yield twice("CV107", f"{quoted(word)} is given twice", span, first[word], _MERGED.get(word, "delete one of them"))
        first.setdefault(word, span)


def clause_faults(statement: syntax.Rule | syntax.Waiver) -> Iterator[Diagnostic]:
    """Yield clauses given twice, and a first day that lies after the last."""
    yield from repeated((keyword(clause), clause.span) for clause in statement.clauses)
    clauses = clauses_of(statement).by_keyword
    since, until = clauses.get("from"), clauses.get("until")
    if isinstance(since, syntax.DayClause) and isinstance(until, syntax.DayClause):
        yield from backwards(since.day, until.day, "until")


def backwards(first: syntax.Day, last: syntax.Day, word: str) -> Iterator[Diagnostic]:
    """Yield a CV109 when the day after `from` lies after the day after `word`."""
    if first.value is not None and last.value is not None and first.value > last.value:
        message = f"`from` {first.text} lies after `{word}` {last.text}"
        related = (Related(last.span, word),)
        yield diagnose("CV109", message, first.span, notes=("both days are included, so no day is left",), related=related)


def day_faults(file: syntax.File) -> Iterator[Diagnostic]:
    """Yield a CV109 for each date of a file, wherever it stands, that the calendar does not have."""
    for day in nodes(file.items, syntax.Day):
        if day.value is None:
            yield diagnose("CV109", f"there is no day {quoted(day.text)}", day.span, remedy="write it as year-month-day")


def missing(statement: syntax.Rule | syntax.Waiver, owner: str | None) -> Diagnostic | None:
    """Return the CV106 of a statement without its mandatory clauses; `owner` is the policy's, which a rule may rely on."""
    lacking = list(lacking_clauses(statement, owner))
    if not lacking:
        return None
    message = f"{quoted(statement.name.text)} lacks {listed(lacking)}"
    note = "a rule says why it is there and who answers for it" if isinstance(statement, syntax.Rule) else _WHY_WAIVER
    if "assessed" in lacking:
        note = "what lets data through says when it was assessed: FHIR wants that repeated when behaviour changes"
    remedy = f"add {listed(lacking)}"
    return diagnose("CV106", message, statement.name.span, notes=(note,), remedy=remedy)


_WHY_WAIVER = "a waiver is a dated, owned exception; without these it does not hold"


def lacking_clauses(statement: syntax.Rule | syntax.Waiver, owner: str | None) -> Iterator[str]:
    """Yield the mandatory clauses that a statement lacks, in the order that the language names them."""
    clauses = clauses_of(statement)
    if isinstance(statement, syntax.Waiver):
        yield from (word for word in ("from", "until", "owner", "because") if clauses.lacks(word))
        return
    if clauses.lacks("because"):
        yield "because"
    if clauses.lacks("owner") and not owner:
        yield "owner"
    if statement.verb.text in ASSESSED_VERBS and clauses.lacks("assessed"):
        yield "assessed"
