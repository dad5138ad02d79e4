"""Plain values around the literals of conditions: each literal itself, and one value in each gap between and beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from caveat.policy.conditions import Scalar

_DAY = timedelta(days=1)
_SOME_DAY = date(2026, 1, 15)
_SHAPED = {
    "uri": "https://caveat.invalid/unnamed",
    "url": "https://caveat.invalid/unnamed",
    "canonical": "https://caveat.invalid/unnamed",
    "base64Binary": "dW5uYW1lZA==",
    "oid": "urn:oid:1.2.3",
    "uuid": "urn:uuid:c757873d-ec9a-4326-a141-556f43239520",
    "time": "12:00:00",
    "integer64": "1",
}


def texts(literals: Iterable[Scalar], kind: str) -> list[Any]:
    """Return every text among `literals` that FHIR lets stand, which is none that is empty, after one that is none of them."""
    given = [each for each in literals if isinstance(each, str)]
    other = _SHAPED.get(kind, "unnamed")
    while other in given:
        other += "-1"
    return [other, *filter(None, given)]


def numbers(literals: Iterable[Scalar], *, whole: bool) -> list[Any]:
    """Return numbers below, at, between and above the numbers among `literals`; only integers where `whole`."""
    given = sorted({each for each in literals if isinstance(each, Decimal)})
    if not given:
        return [1]
    between = [_between(low, high, whole=whole) for low, high in pairwise(given)]
    drawn = [given[0] - 1, *given, *(each for each in between if each is not None), given[-1] + 1]
    if whole:
        drawn = [Decimal(int(each)) for each in drawn if each == each.to_integral_value() or each in {drawn[0], drawn[-1]}]
        drawn += [Decimal(int(given[0]) - 2), Decimal(int(given[-1]) + 2)]
    return [_written(each) for each in dict.fromkeys(drawn)]


def _written(number: Decimal) -> Any:
    """Return a number as JSON has it, one that a float cannot hold as it is."""
    if number == number.to_integral_value():
        return int(number)
    return float(number) if Decimal(str(float(number))) == number else number


def _between(low: Decimal, high: Decimal, *, whole: bool) -> Decimal | None:
    if not whole:
        return (low + high) / 2
    middle = Decimal(int(low.to_integral_value(rounding="ROUND_FLOOR")) + 1)
    return middle if low < middle < high else None


def times(literals: Iterable[Scalar], kind: str) -> list[Any]:
    """Return days around the days among `literals`, and the months and years that they lie in, as values of the type `kind`."""
    given = sorted({each for each in literals if isinstance(each, date)})
    days = list(dict.fromkeys(day for each in given for day in _around(each))) or [_SOME_DAY]
    if kind == "instant":
        return [f"{day.isoformat()}T12:00:00Z" for day in days]
    partial = [text for day in days for text in (day.isoformat()[:7], day.isoformat()[:4])] if given else []
    return list(dict.fromkeys([*(day.isoformat() for day in days), *partial]))


def _around(day: date) -> Iterator[date]:
    if day > date.min:
        yield day - _DAY
    yield day
    if day < date.max:
        yield day + _DAY
