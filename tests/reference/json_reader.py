"""A second reader of FHIR JSON, on the standard library's `json`, written from RFC 8259 and FHIR R4 2.6.2 alone.

It is slow and plain on purpose: what it refuses, and what it reads, is what Caveat's own reader is held against.
"""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

DEPTH = 128
DIGITS = 128
EXPONENT = 307


class RefusedError(ValueError):
    """Say that the bytes are not read."""


def read(raw: bytes) -> Any:
    """Return the value that `raw` spells; RefusedError where it spells none, or more than one."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RefusedError("not UTF-8") from error
    text = text.removeprefix("\ufeff")
    if depth_of(text) > DEPTH:
        raise RefusedError("too deep")
    try:
        tree = json.loads(
            text,
            object_pairs_hook=unique_names,
            parse_constant=no_constant,
            parse_int=short_integer,
            parse_float=short_decimal,
        )
    except json.JSONDecodeError as error:
        raise RefusedError("not JSON") from error
    refuse_surrogates(tree)
    return tree


def depth_of(text: str) -> int:
    """Return how deeply brackets with something in them nest outside strings, whether or not they match."""
    deepest = depth = position = 0
    while position < len(text):
        character = text[position]
        if character == '"':
            position = end_of_string(text, position + 1)
            continue
        depth += (character in "[{") - (character in "]}")
        is_empty = character in "[{" and text[position + 1 :].lstrip(" \t\r\n")[:1] in "]}"
        deepest = max(deepest, depth - is_empty)
        position += 1
    return deepest


def end_of_string(text: str, position: int) -> int:
    """Return where the string that begins before `position` is over."""
    while position < len(text) and text[position] != '"':
        position += 2 if text[position] == "\\" else 1
    return position + 1


def unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object's members; each name stands once."""
    members: dict[str, Any] = {}
    for name, value in pairs:
        if name in members:
            raise RefusedError("a name twice")
        members[name] = value
    return members


def no_constant(_: str) -> NoReturn:
    """Refuse NaN and Infinity, which Python would read."""
    raise RefusedError("not a number of JSON")


def short_integer(text: str) -> int:
    """Return an integer that is not too long."""
    if len(text.lstrip("-")) > DIGITS:
        raise RefusedError("too long")
    return int(text)


def short_decimal(text: str) -> Decimal:
    """Return a number with a fraction or an exponent that is neither too long nor too large or small."""
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise RefusedError("too large") from error
    written = text.lower().split("e")[0].replace("-", "").replace(".", "").lstrip("0")
    if len(written) > DIGITS or not -EXPONENT <= number.adjusted() <= EXPONENT:
        raise RefusedError("too long")
    return number


def refuse_surrogates(tree: Any) -> None:
    """Refuse a tree with a string that is not sequences of Unicode characters (RFC 8259 8.2 leaves it to the reader)."""
    stack = [tree]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            stack += [*value, *value.values()]
        elif isinstance(value, list):
            stack += value
        elif isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
            raise RefusedError("half of a surrogate pair")
