"""How cost grows: with bytes, with occurrences, and with the number of rules."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from measure import interleaved
from workloads import policy_text, study

from caveat import Guard

_INSTANCES = (1_250, 2_500, 5_000, 10_000, 20_000)
_MODIFIERS = (625, 1_250, 2_500, 5_000, 10_000)
_RULES = (10, 100, 1_000, 10_000)


@dataclass(frozen=True, slots=True)
class Growth:
    """What was varied, over which sizes, the milliseconds that each took, and the exponent of the power law that fits best.

    An exponent of 1 is linear; `fit` is the share of the variance that the law explains (R squared, of logarithms).
    """

    what: str
    sizes: tuple[int, ...]
    took: tuple[float, ...]
    exponent: float
    fit: float


def in_bytes(guard: Guard) -> Growth:
    """Measure studies of more and more instances, with no modifier."""
    made = {size: study(size) for size in _INSTANCES}
    return _grown("bytes, no modifier", tuple(len(raw) for raw in made.values()), _took(guard, made))


def in_occurrences(guard: Guard) -> Growth:
    """Measure one study with more and more modifiers on its instances; what it takes with none is taken off."""
    most = max(_MODIFIERS)
    took = _took(guard, {0: study(most, modifiers=1), **{size: study(most, modifiers=size) for size in _MODIFIERS}})
    return _grown("occurrences", _MODIFIERS, tuple(each - took[0] for each in took[1:]))


def in_rules() -> Mapping[int, float]:
    """Return the milliseconds of a check of one modifier among ten instances, under more and more rules."""
    raw = study(10, modifiers=1)
    guards = {rules: Guard.from_text(policy_text(rules)) for rules in _RULES}
    took = interleaved({str(rules): lambda guard=guard: guard.check(raw) for rules, guard in guards.items()}, 9)
    return {rules: took[str(rules)].cpu * 1e3 for rules in _RULES}


def _took(guard: Guard, made: Mapping[int, bytes]) -> tuple[float, ...]:
    took = interleaved({str(size): lambda raw=raw: guard.check(raw) for size, raw in made.items()}, 7)
    return tuple(took[str(size)].cpu * 1e3 for size in made)


def _grown(what: str, sizes: tuple[int, ...], took: Sequence[float]) -> Growth:
    x, y = [math.log(size) for size in sizes], [math.log(max(each, 1e-9)) for each in took]
    slope, _ = statistics.linear_regression(x, y)
    return Growth(what, sizes, tuple(took), slope, statistics.correlation(x, y) ** 2)
