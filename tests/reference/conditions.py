"""Rule 1: a condition is True, False or None (undetermined); the readings it takes where the page is silent are B1 to B7.

B1  A literal of another kind than the value (a string against a boolean, a code against a `code`, an order on anything but
    numbers and dates) is undetermined, and so is a field that is a list, an object or null.
B2  `=` and `!=` with a code on a Quantity, a string or a CodeableConcept's field are undetermined; a coding of a named system
    that has no `code` is undetermined too ("a missing part").
B3  `part("x")` is the value of the part with exactly that url; a part that occurs twice is undetermined, and present when one of
    the two is; a part that has parts in place of a value is a missing value.
B4  A Quantity with a comparator makes every comparison of one of its fields but `comparator` undetermined, unless the condition
    has, anywhere, an operand that ends in `.comparator` of the same value or part.
B5  A dateTime with a time counts by its UTC day; what is no date at all is undetermined.
B6  `in` on anything but Coding and CodeableConcept is the `or` of its equalities; there, codes only.
B7  `present` asks whether the JSON name is there with something else than null, `[]` or `{}`.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Any

from reference.shapes import TYPES, choice

Truth = bool | None
MISSING, TWICE = (None, None), ("?", None)
DAY = re.compile(r"\d{4}(-\d\d(-\d\d)?)?")


def truth(cond: tuple[Any, ...], ext: dict[str, Any], *, contradicted: bool) -> Truth:
    """Return what `cond` says of the Extension `ext` (or of `{"valueUri": ...}` for implicitRules)."""
    return _truth(cond, ext, contradicted, {(c[1][0]) for c in _predicates(cond) if c[1][1][-1:] == ["comparator"]})


def _predicates(cond: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    inner = [cond[1]] if cond[0] == "not" else list(cond[1]) if cond[0] in {"and", "or"} else []
    return [p for c in inner for p in _predicates(c)] if inner else [cond]


def _truth(cond: tuple[Any, ...], ext: dict[str, Any], contradicted: bool, tested: set[Any]) -> Truth:  # noqa: FBT001
    if cond[0] == "not":
        inner = _truth(cond[1], ext, contradicted, tested)
        return None if inner is None else not inner
    if cond[0] in {"and", "or"}:
        truths = [_truth(c, ext, contradicted, tested) for c in cond[1]]
        decisive = cond[0] == "or"
        return decisive if decisive in truths else None if None in truths else not decisive
    part, fields = cond[1]
    kind, value = _look_up(ext, part, fields, part in tested or cond[0] == "present")
    if cond[0] == "present":
        return kind == "?" or value not in (None, [], {})
    if contradicted or kind in {None, "?"} or value is None:
        return None
    op, literals = ("in", cond[2]) if cond[0] == "in" else (cond[2], [cond[3]])
    if kind in {"Coding", "CodeableConcept"}:
        found = _codes(kind, value, literals)
        return (None if found is None else not found) if op == "!=" else found if op in {"in", "="} else None
    each = [_compare(kind, value, "=" if op == "in" else op, literal) for literal in literals]
    return True if True in each else None if None in each else False


def _look_up(ext: dict[str, Any], part: str | None, fields: list[str], tested: bool) -> tuple[str | None, Any]:  # noqa: FBT001
    """Return the FHIR type and JSON value of an operand; the type is None where it is missing, `?` where it is repeated."""
    if part is not None:
        children = ext.get("extension")
        parts = [c for c in children if isinstance(c, dict) and c.get("url") == part] if isinstance(children, list) else []
        if len(parts) != 1:
            return TWICE if any(_look_up(p, None, fields, True)[0] for p in parts) else MISSING
        ext = parts[0]
    named = [(choice(TYPES["Extension"], key), value) for key, value in ext.items()]
    found = [(meant[1], value) for meant, value in named if meant]
    if len(found) != 1:
        return MISSING
    kind, value = found[0]
    for field in fields:
        compared = kind == "Quantity" and field != "comparator" and not tested
        if not isinstance(value, dict) or field not in value or field not in TYPES.get(kind, {}):
            return MISSING
        if compared and value.get("comparator") is not None:
            return MISSING
        kind, _, many = TYPES[kind][field]
        value = value[field]
        if many:
            return ("?", None) if value not in (None, []) else MISSING
    return kind, value


def _codes(kind: str, value: Any, literals: list[Any]) -> Truth:
    wanted = [c[1:] for c in literals if isinstance(c, tuple)]
    codings = value.get("coding") if kind == "CodeableConcept" and isinstance(value, dict) else [value]
    if len(wanted) != len(literals) or not isinstance(codings, list):
        return None
    of_system = [c for c in codings if isinstance(c, dict) and c.get("system") in {system for system, _ in wanted}]
    if not of_system or not all(isinstance(c.get("code"), str) for c in of_system):
        return None
    there = [(c["system"], c["code"]) in wanted for c in of_system]
    return True if all(there) else None if any(there) else False


def _compare(kind: str, value: Any, op: str, literal: Any) -> Truth:
    if op == "!=":
        equal = _compare(kind, value, "=", literal)
        return None if equal is None else not equal
    if isinstance(literal, dt.date):
        days = _days(value) if kind in {"date", "dateTime", "instant"} else None
        return None if days is None else _ordered(op, *days, literal)
    if isinstance(literal, bool) or isinstance(value, bool):
        return value == literal if op == "=" and isinstance(literal, bool) and isinstance(value, bool) else None
    if isinstance(literal, int | Decimal) and isinstance(value, int | float | Decimal):
        return _ordered(op, Decimal(str(value)), Decimal(str(value)), Decimal(literal))
    return value == literal if op == "=" and isinstance(literal, str) and isinstance(value, str) else None


def _ordered(op: str, low: Any, high: Any, literal: Any) -> Truth:
    """Compare an interval with a point: decided when every point of it says the same."""
    if op == "=":
        return low == high == literal or (None if low <= literal <= high else False)
    each = {{"<": x < literal, "<=": x <= literal, ">": x > literal, ">=": x >= literal}[op] for x in (low, high)}
    return each.pop() if len(each) == 1 else None


def _days(value: Any) -> tuple[dt.date, dt.date] | None:
    """Return the first and the last day that a date, dateTime or instant may mean."""
    try:
        if DAY.fullmatch(value):
            first = dt.date.fromisoformat((value + "-01-01")[:10])
            after = {4: first.replace(year=first.year + 1), 7: (first + dt.timedelta(31)).replace(day=1)}
            return first, after[len(value)] - dt.timedelta(1) if len(value) in after else first
        moment = dt.datetime.fromisoformat(value)
        day = moment.astimezone(dt.UTC).date()
    except (ValueError, TypeError, OverflowError):
        return None
    return (day, day) if moment.tzinfo else None
