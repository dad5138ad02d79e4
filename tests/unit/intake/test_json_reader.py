"""The strict reader: what it reads, what it refuses and by which code, and that no message repeats the document."""

from __future__ import annotations

import json
import sys
from collections import OrderedDict
from decimal import Context, Decimal, localcontext
from typing import Any

import pytest

from caveat.intake import json_reader
from caveat.intake.json_reader import NUMBER, Unreadable, decimal_of, inspect_tree, read_json
from caveat.intake.limits import Limits

BOM = b"\xef\xbb\xbf"


def nested(depth: int) -> bytes:
    """Return a document whose objects and arrays nest `depth` deep, the root object being 1."""
    arrays = depth - 1
    return b'{"a":' + b"[" * arrays + b"1" + b"]" * arrays + b"}"


def code_of(result: object) -> str | None:
    """Return the reason code of a refusal, None of a tree."""
    return result.code if isinstance(result, Unreadable) else None


READ = {
    "empty object": (b"{}", {}),
    "byte order mark once": (BOM + b"{}", {}),
    "white space around": (b" \t\r\n{ } \n", {}),
    "a scalar": (b'"a"', "a"),
    "null": (b"null", None),
    "a fraction keeps its digits": (b"[1.10]", [Decimal("1.10")]),
    "largest exponent": (b"[1e307]", [Decimal("1e307")]),
    "smallest exponent": (b"[1e-307]", [Decimal("1e-307")]),
    "longest integer": (b"[" + b"9" * 128 + b"]", [int("9" * 128)]),
    "longest negative integer": (b"[-" + b"9" * 128 + b"]", [-int("9" * 128)]),
    "digits in a string are no number": (b'["' + b"9" * 5000 + b'"]', ["9" * 5000]),
    "deepest": (nested(128), json.loads(nested(128))),
    "surrogate pair as escapes": (rb'["\ud834\udd1e"]', ["\U0001d11e"]),
    "one name in two objects": (b'{"a":{"a":1}}', {"a": {"a": 1}}),
    "names apart by case": (b'{"a":1,"A":2}', {"a": 1, "A": 2}),
    "a string that begins with a colon": (b'{"a":":","b":"\\":"}', {"a": ":", "b": '":'}),
    "white space before a colon": (b'{"a" :1,"b"\n:2}', {"a": 1, "b": 2}),
}

REFUSED = {
    "no bytes": (b"", "empty"),
    "only white space": (b" \t\r\n", "empty"),
    "only a byte order mark": (BOM, "empty"),
    "byte order mark twice": (BOM + BOM + b"{}", "encoding"),
    "byte order mark later": (b"{" + BOM + b"}", "syntax"),
    "UTF-16 with mark": ("{}".encode("utf-16"), "encoding"),
    "UTF-16 without mark": ("{}".encode("utf-16-be"), "encoding"),
    "UTF-32 with mark": ("{}".encode("utf-32"), "encoding"),
    "UTF-32 without mark": ("{}".encode("utf-32-le"), "encoding"),
    "Latin-1": ('{"a":"é"}'.encode("latin-1"), "encoding"),
    "overlong": (b'{"\xc1\xad":1}', "encoding"),
    "encoded surrogate": (b'["\xed\xa0\x80"]', "encoding"),
    "lone leading surrogate": (rb'["\ud800"]', "encoding"),
    "leading surrogate before a letter": (rb'["\ud800\u0041"]', "encoding"),
    "lone trailing surrogate": (rb'["\udc00"]', "encoding"),
    "NUL padding": (b'{"a":1}\0\0', "syntax"),
    "duplicate": (b'{"a":1,"a":2}', "duplicate-key"),
    "duplicate with the same value": (b'{"a":1,"a":1}', "duplicate-key"),
    "duplicate as escape": (rb'{"a":1,"\u0061":2}', "duplicate-key"),
    "duplicate deep within": (b'{"x":[{"y":{"a":1,"b":2,"a":3}}]}', "duplicate-key"),
    "duplicate made up for by a colon": (b'{"a":1,"a":":"}', "duplicate-key"),
    "duplicate after white space": (b'{"a" :1,"a":1}', "duplicate-key"),
    "duplicate in a part that is lost": (b'{"a":{"b":1,"b":2},"a":1}', "duplicate-key"),
    "too deep": (nested(129), "depth"),
    "deeper than the parser goes": (nested(300), "depth"),
    "deep and cut": (b"[" * 100_000, "depth"),
    "integer too long": (b"[1" + b"0" * 128 + b"]", "number-limit"),
    "integer too long below a name": (b'{"a":{"b":[-1' + b"0" * 128 + b"]}}", "number-limit"),
    "integer longer than the parser reads": (b"[" + b"1" * 5000 + b"]", "number-limit"),
    "fraction too long": (b"[0." + b"1" * 129 + b"]", "number-limit"),
    "fraction without end": (b"[0." + b"1" * 5000 + b"]", "number-limit"),
    "exponent too large": (b"[1e308]", "number-limit"),
    "exponent too small": (b"[1e-308]", "number-limit"),
    "exponent beyond Decimal": (b"[1e99999999999999999999999]", "number-limit"),
    "a root that is too large": (b"1e999", "number-limit"),
    "cut in an object": (b'{"a":1', "truncated"),
    "cut in a string": (b'{"a', "truncated"),
    "cut after a colon": (b'{"a":', "truncated"),
    "two values": (b"{}{}", "syntax"),
    "trailing text": (b"{} x", "syntax"),
    "NaN": (b"[NaN]", "syntax"),
    "Infinity": (b"[-Infinity]", "syntax"),
    "comment": (b"{/**/}", "syntax"),
    "trailing comma": (b"[1,]", "syntax"),
    "single quotes": (b"{'a':1}", "syntax"),
    "bare name": (b"{a:1}", "syntax"),
    "leading zero": (b"[01]", "syntax"),
    "control character": (b'["\n"]', "syntax"),
    "escaped letter": (rb'["\m"]', "syntax"),
}


@pytest.mark.parametrize("space", [" ", "\t", "\r", "\n"])
def test_white_space_before_a_colon_hides_no_duplicate(space: str) -> None:
    """A name need not be followed by its colon at once."""
    assert code_of(read_json(f'{{"a"{space}:1,"a":1}}'.encode())) == "duplicate-key"


@pytest.mark.parametrize(("raw", "tree"), READ.values(), ids=READ)
def test_what_is_read(raw: bytes, tree: object) -> None:
    """Valid documents within the limits are read as they are, numbers with their digits."""
    assert repr(read_json(raw)) == repr(tree)


@pytest.mark.parametrize(("raw", "code"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(raw: bytes, code: str) -> None:
    """Every refusal has its code, and is a value."""
    assert code_of(read_json(raw)) == code


@pytest.mark.parametrize("raw", [raw for raw, _ in REFUSED.values()], ids=REFUSED)
def test_a_refusal_stands_behind_valid_text_too(raw: bytes) -> None:
    """What is refused alone is refused as a value in an otherwise good document."""
    assert code_of(read_json(b'{"good":"text","part":' + raw + b"}")) is not None


def test_messages_name_the_place_and_nothing_of_the_document() -> None:
    """Parsers quote names; a reason has line and column only."""
    refused = read_json(b'{"Jane Doe":1,\n"Jane Doe":2}')
    assert refused == Unreadable("duplicate-key", "a name stands twice in one object (line 2, column 12)")


@pytest.mark.parametrize(
    "raw", [b'{"SECRET":1,"SECRET":2}', b'{"SECRET":SECRET}', b'["SECRET', b'{"SECRET":1}SECRET', b'["SECRET\xff"]']
)
def test_messages_hold_no_value(raw: bytes) -> None:
    """No text of the document is in a message."""
    refused = read_json(raw)
    assert isinstance(refused, Unreadable)
    assert "SECRET" not in refused.message


def test_an_error_without_a_place_is_still_a_reason() -> None:
    """A message of the parser that is not known, and has no place, becomes plain `syntax`."""
    assert json_reader._reason("something new") == Unreadable("syntax", "the document is not JSON")


SEVERAL = [1, json_reader._FEW - 1, json_reader._FEW, json_reader._FEW + 1]


@pytest.mark.parametrize("number", SEVERAL)
@pytest.mark.parametrize("like", [b'"1e234, 1e234, "', b'"7e1661", "1e555", "a 1e555 b"', b"1e234", b"12.5e-300 "])
def test_a_large_exponent_is_found_behind_what_looks_like_one(like: bytes, number: int) -> None:
    """In however many strings and numbers, and none is found where there is none."""
    many = b",".join([like] * number)
    assert code_of(read_json(b"[%s]" % many)) is None
    for large in (b"1e308", b"-1.5E+400 ", b"0.1e-999\n", b"1" * 100 + b"e999"):
        assert code_of(read_json(b"[%s,%s]" % (many, large))) == "number-limit"
        assert code_of(read_json(b'{"a":%s,"b":[%s]}' % (large, many))) == "number-limit"


@pytest.mark.parametrize("raw", [b"1e308", b" 1e308", b"1e308 ", b"\n-1e+308\n", b"1E-308"])
def test_a_large_exponent_alone(raw: bytes) -> None:
    """Nothing need stand before or behind it."""
    assert code_of(read_json(raw)) == "number-limit"


LIMITED = {
    "bytes": (b'{"a":1}', Limits(bytes=7), Limits(bytes=6), "size"),
    "depth": (b'{"a":[{"b":1}]}', Limits(depth=3), Limits(depth=2), "depth"),
    "members": (b'{"a":[1,2]}', Limits(members=3), Limits(members=2), "member-limit"),
    "digits of an integer": (b"[123]", Limits(number_length=3), Limits(number_length=2), "number-limit"),
    "digits of a fraction": (b"[1.23]", Limits(number_length=3), Limits(number_length=2), "number-limit"),
    "exponent": (b"[1e5]", Limits(exponent=5), Limits(exponent=4), "number-limit"),
}


@pytest.mark.parametrize(("raw", "enough", "short", "code"), LIMITED.values(), ids=LIMITED)
def test_each_limit_is_exact(raw: bytes, enough: Limits, short: Limits, code: str) -> None:
    """What just fits is read; one less, and it is refused; the same of trees handed in."""
    assert code_of(read_json(raw, enough)) is None
    assert code_of(read_json(raw, short)) == code
    if short.bytes > 100:
        tree = read_json(raw)
        assert inspect_tree(tree, enough) is None
        assert code_of(inspect_tree(tree, short)) == code


def test_a_callers_decimal_context_changes_nothing() -> None:
    """An exponent beyond Decimal is refused even where the application has turned Decimal's signals off."""
    with localcontext(Context(traps=[], prec=2)):
        assert code_of(read_json(b"[1e99999999999999999999999]")) == "number-limit"
        assert repr(read_json(b"[1.2345]")) == "[Decimal('1.2345')]"


def test_a_low_limit_of_digits_in_python_changes_nothing() -> None:
    """Where Python itself reads few digits, long integers are compared and not written."""
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(640)
    try:
        assert code_of(read_json(b"[" + b"1" * 4000 + b"]")) == "number-limit"
    finally:
        sys.set_int_max_str_digits(before)


CLOSING = {
    "one closed and opened": b"{}],[{}",
    "all closed and opened": b"{}" + b"]" * 72 + b"," + b"[" * 72 + b"{}",
    "closed only": b"{}]",
    "opened only": b"[{}",
    "two values": b"{},{}",
    "nothing": b"]" + b"[",
}


@pytest.mark.parametrize("raw", CLOSING.values(), ids=CLOSING)
@pytest.mark.parametrize("depth", [1, 128, 200])
def test_a_text_cannot_reach_out_of_itself(raw: bytes, depth: int) -> None:
    """Brackets that would close what the reader put around the text are no JSON, at any limit of depth."""
    assert code_of(read_json(raw, Limits(depth=depth))) in {"syntax", "truncated"}


@pytest.mark.parametrize("depth", [1, 2, 127, 128, 199, 200])
@pytest.mark.parametrize("around", [(b"[", b"]"), (b'{"a":', b"}")], ids=["arrays", "objects"])
def test_depth_is_held_exactly(depth: int, around: tuple[bytes, bytes]) -> None:
    """At the limit a document is read, one deeper it is refused; what is empty does not nest."""
    start, end = around
    limits = Limits(depth=depth)
    assert code_of(read_json(start * depth + b"1" + end * depth, limits)) is None
    assert code_of(read_json(start * depth + b"{}" + end * depth, limits)) is None
    assert code_of(read_json(start * (depth + 1) + b"1" + end * (depth + 1), limits)) == "depth"


@pytest.mark.parametrize("text", ['["1e999, "]', '["' + "1" * 200 + '"]', '{"id":"f1e4567-1e456","x":1.5}'])
def test_text_like_large_numbers_is_no_number(text: str) -> None:
    """Digits in a string make the reader look at the numbers, and change nothing."""
    assert read_json(text.encode(), Limits(number_length=40)) == json.loads(text, parse_float=Decimal)


def cycle() -> list[Any]:
    """Return a list that holds itself."""
    ring: list[Any] = []
    ring.append(ring)
    return ring


def doubled(times: int) -> list[Any]:
    """Return lists of two, each twice the next: few objects, 2 to the power of `times` places."""
    tree: list[Any] = []
    for _ in range(times):
        tree = [tree, tree]
    return tree


FOREIGN = {
    "set": ({"a": {1}}, "not-json"),
    "bytes": ({"a": b"b"}, "not-json"),
    "tuple": ({"a": (1,)}, "not-json"),
    "number as name": ({1: "a"}, "not-json"),
    "None as name, below": ([{None: "a"}], "not-json"),
    "subclass of dict": (OrderedDict(a=1), "not-json"),
    "NaN": ([float("nan")], "not-json"),
    "infinite": ([float("-inf")], "not-json"),
    "Decimal NaN": ([Decimal("sNaN")], "not-json"),
    "complex": ([1j], "not-json"),
    "surrogate": (["\ud800"], "encoding"),
    "surrogate in a name": ({"\udc00": 1}, "encoding"),
    "cycle": ({"a": cycle()}, "depth"),
    "doubled too often": (doubled(100), "member-limit"),
    "too deep": (json.loads(nested(129)), "depth"),
    "long integer": ([10**128], "number-limit"),
    "long negative integer": ([-(10**128)], "number-limit"),
    "long Decimal": ([Decimal("0." + "1" * 129)], "number-limit"),
    "large Decimal": ([Decimal("1e308")], "number-limit"),
}


@pytest.mark.parametrize(("tree", "code"), FOREIGN.values(), ids=FOREIGN)
def test_trees_that_no_reader_could_have_returned_are_refused(tree: object, code: str) -> None:
    """A tree handed in is held to the same rules as bytes, without recursion and without end."""
    assert code_of(inspect_tree(tree, Limits(members=10**6))) == code


def test_text_of_a_tree_counts_as_bytes() -> None:
    """Strings that no document of the size limit could hold are refused."""
    assert code_of(inspect_tree({"a": "b" * 10}, Limits(bytes=10))) == "size"


@pytest.mark.parametrize(
    "tree", [{}, [], "a", None, True, {"a": [1, 1.5, Decimal("1.10"), None, {"b": "é"}]}, json.loads(nested(128))]
)
def test_ordinary_trees_pass(tree: object) -> None:
    """What `json` and this reader return is accepted."""
    assert inspect_tree(tree) is None


def test_shared_parts_pass() -> None:
    """One object in two places is no fault."""
    shared = {"system": "s", "code": "c"}
    assert inspect_tree({"a": shared, "b": [shared, shared]}) is None


@pytest.mark.parametrize(
    ("number", "value"),
    [(1, "1"), (-(10**40), "-1" + "0" * 40), (0.1, "0.1"), (1e300, "1E+300"), (Decimal("1.10"), "1.10")],
)
def test_decimal_of_is_exact(number: float | Decimal, value: str) -> None:
    """Every number has one exact value, whatever the context's precision."""
    with localcontext(Context(prec=2)):
        assert decimal_of(number) == Decimal(value)


def test_numbers_of_a_tree_are_known_by_type() -> None:
    """Whatever the reader returns for a number is a NUMBER."""
    tree = read_json(b"[0,-1,1.5,1e2]")
    assert isinstance(tree, list)
    assert all(isinstance(number, NUMBER) for number in tree)


@pytest.mark.parametrize(
    ("text", "weight"),
    [("a", 4), ("\u00e9", 5), ("\u6f22", 5), ("\U0001f600", 7)],
    ids=["ASCII", "Latin", "first plane", "beyond"],
)
def test_what_reading_takes_is_estimated_before_it_is_done(text: str, weight: int) -> None:
    """120 bytes for each comma, bracket and brace, and for each byte by the widest letter; exact on both sides of the limit."""
    raw = f'{{"a":["{text}",{{}}]}}'.encode()
    memory = 4 * 120 + weight * len(raw)
    assert not isinstance(read_json(raw, Limits(memory=memory)), Unreadable)
    assert code_of(read_json(raw, Limits(memory=memory - 1))) == "memory-limit"
