"""Tests of caveat.intake.repeats, and of the reader that uses it."""
# ruff: noqa: UP031  every brace of JSON would have to be doubled

from __future__ import annotations

import json
from typing import Any

import pytest

from caveat.intake import json_reader
from caveat.intake.json_reader import Unreadable, read_in_short, read_json
from caveat.intake.limits import Limits
from caveat.intake.repeats import expanded, shortened


def row(form: str, number: int = 40) -> str:
    """Write so many objects with their numbers."""
    return ",".join(form.replace("N", str(each)) for each in range(1, number + 1))


SHORT = {
    "strings": '{"a":[%s]}' % row('{"b":"N"}'),
    "numbers": '{"a":[%s]}' % row('{"b":N,"c":-0.N}'),
    "booleans and objects": '{"a":[%s]}' % row('{"b":true,"c":{"d":"N"}}'),
    "arrays": '{"a":[%s]}' % row('{"b":["N",{"c":N}],"d":{}}'),
    "in an array of arrays": '{"a":[[%s],[%s]]}' % (row('{"b":N}'), row('{"c":N}')),
    "two rows in one": '{"a":[%s,{"x":"other"},%s]}' % (row('{"b":N}'), row('{"b":N}')),
    "after places that are no rows": '{"x":[{"a":null},{"a":null},{"b":1},{"b":2},{"e":"%s"},{"e":"%s"}],"a":[%s]}'
    % ("ä" * 9, "x" * 2100, row('{"b":N}', 1000)),
}
LONG = {
    "too few": '{"a":[%s]}' % row('{"b":N}', 10),
    "white space": '{"a":[%s]}' % row('{"b": N}').replace("},", "}, "),
    "less than half": '{"a":[%s],"x":"%s"}' % (row('{"b":N}'), "x" * 1000),
    "null": '{"a":[%s]}' % row('{"b":null,"c":N}'),
    "a name that is no word": '{"a":[%s]}' % row('{"b-b":N}'),
    "a name with an escape": '{"a":[%s]}' % row('{"b\\u0062":N}'),
    "a string with an escape": '{"a":[%s]}' % row('{"b":"\\n","c":N}'),
    "a string beyond ASCII": '{"a":[%s]}' % row('{"b":"ä","c":N}'),
    "a large number": '{"a":[%s]}' % row('{"b":1234567890123456N}'),
    "a number with an exponent": '{"a":[%s]}' % row('{"b":1e5,"c":N}'),
    "modifier extensions": '{"a":[%s]}' % row('{"b":1,"modifierExtension":[{"url":"N"}]}'),
    "extensions": '{"a":[%s]}' % row('{"b":1,"extension":[{"url":"N"}]}'),
    "the mark in it": '{"a":[%s],"b":"\\u00009"}' % row('{"b":N}'),
    "very deep": '{"a":[{"b":1},{"b":%s1%s}]}' % ("[" * 900, "]" * 900),
    "cut": '{"a":[{"b":1},{"b":2',
}


@pytest.mark.parametrize("text", SHORT.values(), ids=SHORT)
def test_what_is_shortened(text: str) -> None:
    """Less than half is left, and it has the structure of all of it."""
    short = shortened(text.encode())
    assert short is not None
    assert len(short.text) < len(text) / 2
    full, again = read_json(text.encode()), expanded(read_json(short.text))
    assert shape_of(again) == shape_of(full)
    assert members(full) == short.members + members(read_json(short.text)) - short.text.count(b"\\u0000")


def shape_of(value: Any) -> Any:
    """Return a tree without its values."""
    if isinstance(value, dict):
        return {name: shape_of(item) for name, item in value.items()}
    return [shape_of(item) for item in value] if isinstance(value, list) else isinstance(value, str)


def members(value: Any) -> int:
    """Count the properties and elements of a tree."""
    if isinstance(value, dict | list):
        return len(value) + sum(map(members, value.values() if isinstance(value, dict) else value))
    return 0


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_what_is_not(text: str) -> None:
    """Too little to pay, or something that is not to be left out."""
    assert shortened(text.encode()) is None


@pytest.mark.parametrize("odd", ['{"b":7,"c":1}', '{"c":7}', '{"b":"7"}', '{"b":7,"b":8}', '{"b":07}', '{"b":7 }', "7", "[]"])
def test_a_row_ends_where_something_is_otherwise(odd: str) -> None:
    """What is not quite alike stays in the text."""
    text = '{"a":[%s,%s,%s]}' % (row('{"b":N}'), odd, row('{"b":N}'))
    short = shortened(text.encode())
    assert short is not None
    assert odd.encode() in short.text


def test_a_modifier_extension_is_never_filled() -> None:
    """Neither with a row in its value, nor where it is a row itself."""
    inside = json.loads('{"x":[{"modifierExtension":[{"url":"u","valueCodeableConcept":{"coding":[{"code":"a"},"\\u00009"]}}]}]}')
    assert expanded(inside) is None
    assert expanded(json.loads('{"modifierExtension":[{"url":"u"},"\\u00009"]}')) is None
    plain = json.loads('{"modifierExtension":[{"url":"u","valueRange":{"low":{"value":1}},"x":[[1]]}]}')
    assert expanded(plain) == plain


WRONG = {
    "a name twice in the first": '{"a":[{"b":0},%s]}' % row('{"b":N,"b":N}'),
    "a name twice outside": '{"a":[%s],"a":1}' % row('{"b":N}'),
    "something behind one": '{"a":[%s}]}' % row('{"b":N}x').replace("x", "", 30).removesuffix("}"),
    "an end that is missing": '{"a":[%s]' % row('{"b":N}'),
    "in an object": '{"a":{"x":{},%s}}' % row('{"b":N}'),
    "in a string": '{"a":"},%s"}' % row('{"b":N}'),
    "too deep": '{"a":%s%s%s}' % ("[" * 130, row('{"b":N}'), "]" * 130),
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_what_is_refused_in_full_is_refused_in_short(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the reason that the full text gives."""
    monkeypatch.setattr(json_reader, "LEAST", 0)
    fault = read_json(text.encode())
    assert isinstance(fault, Unreadable)
    assert read_in_short(text.encode()) == fault


@pytest.mark.parametrize("limits", [Limits(members=20), Limits(number_length=9), Limits(bytes=10), Limits(exponent=9)])
def test_limits_are_held_in_full(limits: Limits, monkeypatch: pytest.MonkeyPatch) -> None:
    """What may exceed one is read as it stands."""
    monkeypatch.setattr(json_reader, "LEAST", 0)
    text = SHORT["numbers"].encode()
    assert read_in_short(text, limits) == read_json(text, limits)


def test_only_long_texts_are_shortened(monkeypatch: pytest.MonkeyPatch) -> None:
    """A short one is read as it is, and what cannot be shortened too."""
    text = SHORT["strings"].encode()
    assert read_in_short(text) == read_json(text)
    monkeypatch.setattr(json_reader, "LEAST", 0)
    assert read_in_short(text) != read_json(text)
    assert read_in_short(LONG["null"].encode()) == read_json(LONG["null"].encode())
