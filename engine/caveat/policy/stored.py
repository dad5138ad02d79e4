"""A policy as plain JSON values, and back: all of it, so that what comes back decides and says the same.

Rule 1: the form has a version, and names no class that is not listed here; nothing in it is ever run.
Rule 2: what is not exactly of this form is a ValueError; the digest is computed anew, and must be the one that was stored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from caveat.domain.decision import Verdict
from caveat.policy.conditions import (
    CodeLiteral,
    Comparison,
    Conjunction,
    Disjunction,
    Membership,
    Negation,
    Operand,
    Presence,
)
from caveat.policy.policy import PathDefault, Period, Policy, Reading, Rule, Waiver
from caveat.policy.selectors import PathSelector, UrlPattern, UrlSelector, UrlTerms
from caveat.spec.definition import Content, Context, ContextKind, ExtensionDefinition, Library, Package

FORMAT = "caveat.policy/1"

_CLASSES: Mapping[str, type] = {
    kind.__name__: kind
    for kind in (
        CodeLiteral, Comparison, Conjunction, Disjunction, Membership, Negation, Operand, Presence,
        PathDefault, Period, Policy, Reading, Rule, Waiver, PathSelector, UrlPattern, UrlSelector, UrlTerms,
        Content, Context, ExtensionDefinition, Library, Package,
    )
}  # fmt: skip
_WORDS: Mapping[str, Callable[[str], Any]] = {
    "verdict": Verdict.of,
    "context": ContextKind,
    "date": date.fromisoformat,
    "decimal": Decimal,
}


def to_plain(policy: Policy) -> dict[str, Any]:
    """Return `policy` as plain JSON values, with its digest."""
    return {"format": FORMAT, "digest": policy.digest, "policy": _plain(policy)}


def from_plain(stored: object) -> Policy:
    """Return the policy that `to_plain` gave; ValueError for anything else."""
    try:
        if isinstance(stored, dict) and stored.keys() == {"format", "digest", "policy"} and stored["format"] == FORMAT:
            policy = _value(stored["policy"])
            if isinstance(policy, Policy) and policy.digest == stored["digest"]:
                return policy
    except (ArithmeticError, AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise ValueError("no stored policy") from error
    raise ValueError("no stored policy of this format")


def _plain(value: Any) -> Any:
    """Return a part of a policy: an object as its class and its fields in order, what else JSON lacks by a name of its kind."""
    match value:
        case Verdict():  # an int, as a kind of context is a str
            return {"verdict": value.word}
        case ContextKind():
            return {"context": value.value}
        case None | str() | bool() | int():
            return value
        case date():
            return {"date": value.isoformat()}
        case Decimal():
            return {"decimal": str(value)}
        case tuple():
            return [_plain(item) for item in value]
        case frozenset():
            return {"set": sorted(value)}
        case Mapping():
            return {"map": [[key, _plain(item)] for key, item in value.items()]}
        case _:
            return {value.__class__.__name__: [_plain(getattr(value, name)) for name in _names(value.__class__)]}


def _value(plain: Any) -> Any:
    """Return what a part of the stored form stands for."""
    if isinstance(plain, list):
        return tuple(map(_value, plain))
    if not isinstance(plain, dict):
        return plain
    ((name, inner),) = plain.items()
    if name in _WORDS:
        return _WORDS[name](inner)
    if name == "set":
        return frozenset(inner)
    if name == "map":
        return {key: _value(item) for key, item in inner}
    kind = _CLASSES[name]
    return kind(**dict(zip(_names(kind), map(_value, inner), strict=True)))


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(each.name for each in fields(kind) if each.init)
