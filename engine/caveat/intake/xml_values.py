"""What the `value` attribute of a FHIR primitive is in JSON: a boolean, a number that keeps its digits, or a string.

Rule 1: what is not spelt as its type demands stays a string, so that it is found to be of the wrong kind, never guessed.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Final

from caveat.intake.json_reader import TOO_LONG, Unreadable, is_oversized
from caveat.intake.limits import Limits

_BOOLEANS: Final = {"true": True, "false": False}
_INTEGERS: Final = frozenset({"integer", "positiveInt", "unsignedInt"})
_INTEGER: Final = re.compile(r"0|[-+]?[1-9][0-9]*")
_DECIMAL: Final = re.compile(r"(-?(?:0|[1-9][0-9]*))((?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)")


def json_value(kind: str, text: str, limits: Limits) -> str | bool | int | Decimal | Unreadable:
    """Return the JSON value of a primitive of the type `kind` that is written `text`; a number too large is not read.

    A decimal without fraction and exponent is an `int`, as in JSON, and an `integer64` a string, as FHIR R5 has it there.
    """
    if kind == "boolean":
        return _BOOLEANS.get(text, text)
    if kind in _INTEGERS and _INTEGER.fullmatch(text):
        return _integer(text, limits)
    if kind == "decimal" and (found := _DECIMAL.fullmatch(text)):
        return _decimal(text, limits) if found[2] else _integer(text, limits)
    return text


def _integer(text: str, limits: Limits) -> int | Unreadable:
    return TOO_LONG if len(text.lstrip("+-")) > limits.number_length else int(text)


def _decimal(text: str, limits: Limits) -> Decimal | Unreadable:
    try:
        number = Decimal(text)
    except InvalidOperation:  # an exponent that no Decimal has
        return TOO_LONG
    return TOO_LONG if is_oversized(number, limits) else number
