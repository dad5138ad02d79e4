"""Conditions on the value of a modifier extension, in three values: true, false, undetermined (None).

Rule 1: Kleene's logic; `and` and `or` commute.
Rule 2: whatever the document leaves open is undetermined, never guessed; only `present` is always decided.
"""

from __future__ import annotations

import operator
import re
from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

Kleene = bool | None


@dataclass(frozen=True, slots=True, order=True)
class CodeLiteral:
    """A code of a code system, both of which a comparison needs."""

    system: str
    code: str


Scalar = str | Decimal | bool | date | CodeLiteral


@dataclass(frozen=True, slots=True)
class Operand:
    """Where to look: the value, or the part with that url; then which fields down."""

    part: str | None
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """An operand against one literal."""

    operand: Operand
    operator: str
    literal: Scalar


@dataclass(frozen=True, slots=True)
class Membership:
    """An operand against a list of literals."""

    operand: Operand
    literals: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Presence:
    """Whether an operand has a value at all."""

    operand: Operand


@dataclass(frozen=True, slots=True)
class Negation:
    """Not."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class Conjunction:
    """All of."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Disjunction:
    """Any of."""

    conditions: tuple[Condition, ...]


Condition = Comparison | Membership | Presence | Negation | Conjunction | Disjunction


def evaluate(condition: Condition, extension: Mapping[str, Any], *, contradicted: bool) -> Kleene:
    """Return whether `condition` holds of `extension`, None when that cannot be decided.

    `contradicted`: another occurrence of the same url on the same carrier has another value, so no comparison is decided.
    """
    return _evaluate(condition, _Subject(extension, contradicted, frozenset(_operands(condition))))


def answers(condition: Condition, extension: Mapping[str, Any], *, contradicted: bool) -> tuple[Kleene, ...]:
    """Return what each comparison and each `present` of `condition` answers, in the order of `parts_of`."""
    subject = _Subject(extension, contradicted, frozenset(_operands(condition)))
    return tuple(_evaluate(each, subject) for each in parts_of(condition))


def parts_of(condition: Condition) -> tuple[Comparison | Membership | Presence, ...]:
    """Return the comparisons and tests of presence that `condition` is made of, as they stand in it."""
    match condition:
        case Negation(inner):
            return parts_of(inner)
        case Conjunction(conditions) | Disjunction(conditions):
            return tuple(part for each in conditions for part in parts_of(each))
        case _:
            return (condition,)


@dataclass(frozen=True, slots=True)
class _Subject:
    """What a condition is evaluated on; `tested` are the operands that the whole condition looks at."""

    extension: Mapping[str, Any]
    contradicted: bool
    tested: frozenset[Operand]


def _evaluate(condition: Condition, subject: _Subject) -> Kleene:
    match condition:
        case Presence(operand):
            return any(True for _ in _values(operand, subject.extension))
        case Negation(inner):
            return negation(_evaluate(inner, subject))
        case Conjunction(conditions):
            return conjunction(_evaluate(each, subject) for each in conditions)
        case Disjunction(conditions):
            return disjunction(_evaluate(each, subject) for each in conditions)
        case Comparison(operand, "!=", literal):
            return negation(_evaluate(Comparison(operand, "=", literal), subject))
        case _:
            if subject.contradicted or _has_untested_comparator(condition.operand, subject):
                return None
            return _compare(condition, _value(condition.operand, subject.extension))


def negation(answer: Kleene) -> Kleene:
    """Return the opposite; what is undetermined stays so."""
    return None if answer is None else not answer


def conjunction(answers: Iterable[Kleene]) -> Kleene:
    """Return false when one is false, else undetermined when one is, else true."""
    told = set(answers)
    return False if False in told else None if None in told else True


def disjunction(answers: Iterable[Kleene]) -> Kleene:
    """Return true when one is true, else undetermined when one is, else false."""
    told = set(answers)
    return True if True in told else None if None in told else False


def _operands(condition: Condition) -> Iterator[Operand]:
    """Give every operand that `condition` looks at."""
    return (part.operand for part in parts_of(condition))


# operands


def _value(operand: Operand, extension: Mapping[str, Any]) -> Any:
    """Return the one value that `operand` names; None when it is missing, or when it or anything on the way is repeated."""
    found: list[Any] = _holders(operand, extension)
    found = _contents(operand, found[0]) if len(found) == 1 else []
    for field in operand.fields:
        found = _field(found[0], field) if len(found) == 1 else []
    return found[0] if len(found) == 1 else None


def _values(operand: Operand, extension: Mapping[str, Any]) -> Iterator[Any]:
    """Give every value that `operand` names, however often it or something on the way is repeated."""
    for holder in _holders(operand, extension):
        found = _contents(operand, holder)
        for field in operand.fields:
            found = [inner for value in found for inner in _field(value, field)]
        yield from found


def _contents(operand: Operand, holder: Mapping[str, Any]) -> list[Any]:
    """Return the value of an extension; for a part without fields its own parts too, which are all that it has."""
    found = [value for key, value in holder.items() if key.startswith("value") and value is not None]
    if operand.part is not None and not operand.fields and holder.get("extension"):
        found.append(holder["extension"])
    return found


def _holders(operand: Operand, extension: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the extensions whose value is meant: itself, or its parts of that url."""
    if operand.part is None:
        return [extension]
    parts = extension.get("extension")
    return [p for p in parts if isinstance(p, dict) and p.get("url") == operand.part] if isinstance(parts, list) else []


def _field(value: Any, field: str) -> list[Any]:
    """Return what stands under `field` of `value`, each item of a list for itself."""
    inner = value.get(field) if isinstance(value, dict) else None
    if isinstance(inner, list):
        return [item for item in inner if item is not None]
    return [] if inner is None else [inner]


def _has_untested_comparator(operand: Operand, subject: _Subject) -> bool:
    """Return whether `operand` is, or is a field of, a Quantity with a comparator that the condition does not test."""
    for length in range(len(operand.fields) + 1):
        fields = operand.fields[:length]
        if Operand(operand.part, (*fields, "comparator")) in subject.tested:
            continue
        found = _values(Operand(operand.part, fields), subject.extension)
        if any("comparator" in each or "_comparator" in each for each in found if isinstance(each, dict)):
            return True
    return False


# comparisons


def _compare(condition: Comparison | Membership, value: Any) -> Kleene:
    """Compare a value with the literal or literals; None, which is of no kind, leaves it open."""
    if isinstance(condition, Membership):
        return _member(value, condition.literals)
    if condition.operator == "=":
        return _member(value, (condition.literal,))
    return _ordered(value, condition.operator, condition.literal)


def _member(value: Any, literals: tuple[Scalar, ...]) -> Kleene:
    """Return whether `value` is one of `literals`; codes count together, as one list of their systems."""
    codes = frozenset(literal for literal in literals if isinstance(literal, CodeLiteral))
    answers = [_equals(value, literal) for literal in literals if not isinstance(literal, CodeLiteral)]
    if codes:
        answers.append(_coded(value, codes))
    return disjunction(answers)


_QUANTITY = frozenset({"value", "comparator", "unit"})  # it has system and code too, and is no code


def _coded(value: Any, codes: frozenset[CodeLiteral]) -> Kleene:
    """Return whether all codings of the systems that `codes` names are among `codes`."""
    if not isinstance(value, dict) or not _QUANTITY.isdisjoint(value):
        return None
    codings = value.get("coding", [] if "system" not in value else [value])
    if not isinstance(codings, list) or not all(isinstance(coding, dict) for coding in codings):
        return None
    if not all(isinstance(coding.get("system", ""), str) for coding in codings):
        return None
    systems = {code.system for code in codes}
    mine = [coding.get("code") for coding in codings if coding.get("system") in systems]
    if not mine or not all(isinstance(code, str) for code in mine):
        return None
    named = [CodeLiteral(c["system"], c["code"]) in codes for c in codings if c.get("system") in systems]
    return True if all(named) else None if any(named) else False


def _equals(value: Any, literal: Scalar) -> Kleene:
    """Return whether `value` equals `literal`, None when they are not of one kind."""
    match literal:
        case bool():
            return value == literal if isinstance(value, bool) else None
        case str():
            return value == literal if isinstance(value, str) else None
        case _:
            return _ordered(value, "=", literal)


_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _ordered(value: Any, symbol: str, literal: Scalar) -> Kleene:
    """Compare numbers, and days by the span of days that the value may mean."""
    compare = _OPERATORS[symbol]
    if isinstance(literal, Decimal):
        number = _number(value)
        return None if number is None else compare(number, literal)
    if isinstance(literal, date):
        days = _days(value)
        if days is None:
            return None
        answers = {compare(day, literal) for day in days}
        spans = symbol == "=" and days[0] < literal < days[1]
        return None if len(answers) > 1 or spans else answers.pop()
    return None


def _number(value: Any) -> Decimal | None:
    """Return the number that a JSON number (an int, or one that kept its text) stands for."""
    if isinstance(value, (bool, str, dict, list)):
        return None
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?\Z", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)\Z", re.ASCII)


def _days(value: Any) -> tuple[date, date] | None:
    """Return the first and last day that a FHIR date, dateTime or instant may mean; a time counts by its UTC day."""
    if not isinstance(value, str):
        return None
    try:
        if _TIME.match(value):
            day = datetime.fromisoformat(re.sub(r"\.\d+", "", value)).astimezone(UTC).date()
            return day, day
        partial = _DATE.match(value)
        return _span(*partial.groups()) if partial else None
    except (ValueError, OverflowError):
        return None


def _span(year: str, month: str | None, day: str | None) -> tuple[date, date]:
    """Return the first and last day of a date that may lack its day, or its month."""
    first = date(int(year), int(month or 1), int(day or 1))
    if day:
        return first, first
    if month:
        return first, first.replace(day=monthrange(first.year, first.month)[1])
    return first, date(first.year, 12, 31)
