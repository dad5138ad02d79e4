"""Conditions on the value of a modifier extension: language page, points 4 and 14."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import product
from typing import Any

import pytest

from caveat.intake.json_reader import read_json
from caveat.policy.conditions import (
    CodeLiteral,
    Comparison,
    Conjunction,
    Disjunction,
    Kleene,
    Membership,
    Negation,
    Operand,
    Presence,
    Scalar,
    answers,
    conjunction,
    disjunction,
    evaluate,
    negation,
    parts_of,
)
from strategies.judging import X, policy_of, report, rule

DCM, LOINC = "http://dicom.example/DCM", "http://loinc.org"
REJECTED, WORKLIST = CodeLiteral(DCM, "113001"), CodeLiteral(DCM, "113038")
DAY = date(2026, 6, 15)
VALUE = Operand(None)
THREE: tuple[Kleene, ...] = (True, False, None)


def extension(**rest: Any) -> dict[str, Any]:
    return {"url": X + "m", **rest}


def compare(literal: Scalar, symbol: str = "=", *, fields: str = "", part: str | None = None, **value: Any) -> Kleene:
    """Compare an operand of an extension with a literal."""
    operand = Operand(part, tuple(fields.split(".")) if fields else ())
    return evaluate(Comparison(operand, symbol, literal), extension(**value), contradicted=False)


def among(*literals: Scalar, **value: Any) -> Kleene:
    """Look for the value of an extension in a list."""
    return evaluate(Membership(VALUE, literals), extension(**value), contradicted=False)


# Kleene's logic


@pytest.mark.parametrize("answer", THREE)
def test_not(answer: Kleene) -> None:
    """`not` swaps true and false, and leaves what is undetermined."""
    assert negation(answer) is {True: False, False: True, None: None}[answer]


@pytest.mark.parametrize(("one", "other"), list(product(THREE, THREE)))
def test_and_or(one: Kleene, other: Kleene) -> None:
    """`and` is false with one false, `or` true with one true, whatever the rest; both commute."""
    both = False if False in {one, other} else None if None in {one, other} else True
    either = True if True in {one, other} else None if None in {one, other} else False
    assert conjunction([one, other]) is conjunction([other, one]) is both
    assert disjunction([one, other]) is disjunction([other, one]) is either


TRUE, FALSE, OPEN = Comparison(VALUE, "=", True), Comparison(VALUE, "=", False), Comparison(VALUE, "=", "x")
OF: dict[Kleene, Comparison] = {True: TRUE, False: FALSE, None: OPEN}


@pytest.mark.parametrize(("one", "other"), list(product(THREE, THREE)))
def test_nodes_follow_the_tables(one: Kleene, other: Kleene) -> None:
    """Conditions put together decide as their tables say."""
    given = extension(valueBoolean=True)
    parts = (OF[one], OF[other])
    assert evaluate(Conjunction(parts), given, contradicted=False) is conjunction([one, other])
    assert evaluate(Disjunction(parts), given, contradicted=False) is disjunction([one, other])
    assert evaluate(Negation(parts[0]), given, contradicted=False) is negation(one)


def test_parts_are_answered_one_by_one() -> None:
    """What a condition is made of is answered in the order in which it stands there, whatever it stands in."""
    made = Negation(Conjunction((TRUE, Disjunction((FALSE, OPEN)))))
    assert parts_of(made) == (TRUE, FALSE, OPEN)
    assert answers(made, extension(valueBoolean=True), contradicted=False) == (True, False, None)
    assert answers(made, extension(valueBoolean=True), contradicted=True) == (None, None, None)


# every kind of literal against every kind of value

LITERALS: dict[str, Scalar] = {
    "string": "2026-06-15",
    "number": Decimal(1),
    "boolean": True,
    "date": DAY,
    "code": REJECTED,
}
VALUES: dict[str, tuple[dict[str, Any], str]] = {
    "string": ({"valueString": "2026-06-15"}, "string date"),
    "code": ({"valueCode": "2026-06-15"}, "string date"),
    "date": ({"valueDate": "2026-06-15"}, "string date"),
    "integer": ({"valueInteger": 1}, "number"),
    "decimal": ({"valueDecimal": Decimal("1.0")}, "number"),
    "float": ({"valueDecimal": 1.0}, "number"),
    "boolean": ({"valueBoolean": True}, "boolean"),
    "Coding": ({"valueCoding": {"system": DCM, "code": "113001"}}, "code"),
    "CodeableConcept": ({"valueCodeableConcept": {"coding": [{"system": DCM, "code": "113001"}]}}, "code"),
    "Quantity": ({"valueQuantity": {"value": 1, "system": DCM, "code": "113001"}}, ""),
    "Period": ({"valuePeriod": {"start": "2026-06-15"}}, ""),
    "complex": ({"extension": [{"url": "a", "valueBoolean": True}]}, ""),
    "companion": ({"_valueString": {"id": "a"}}, ""),
}


@pytest.mark.parametrize(("literal", "value"), list(product(LITERALS, VALUES)))
def test_kinds(literal: str, value: str) -> None:
    """A literal is compared with a value of its own kind; with any other the answer is open, for `=`, `!=` and `in`."""
    given, kinds = VALUES[value]
    answer = True if literal in kinds.split() else None
    assert compare(LITERALS[literal], "=", **given) is answer
    assert compare(LITERALS[literal], "!=", **given) is negation(answer)
    assert among(LITERALS[literal], **given) is answer


@pytest.mark.parametrize(("literal", "symbol"), list(product(["string", "boolean", "code"], ["<", "<=", ">", ">="])))
def test_only_numbers_and_days_have_an_order(literal: str, symbol: str) -> None:
    """Strings, booleans and codes are neither more nor less than others."""
    assert all(compare(LITERALS[literal], symbol, **given) is None for given, _ in VALUES.values())


@pytest.mark.parametrize(
    ("symbol", "answers"),
    [
        ("=", [False, True, False]),
        ("!=", [True, False, True]),
        ("<", [True, False, False]),
        ("<=", [True, True, False]),
        (">", [False, False, True]),
        (">=", [False, True, True]),
    ],
)
def test_operators(symbol: str, answers: list[bool]) -> None:
    """The six comparisons mean what they say, of numbers and of days."""
    assert [compare(Decimal(2), symbol, valueInteger=number) for number in (1, 2, 3)] == answers
    days = [date(2026, 6, day).isoformat() for day in (14, 15, 16)]
    assert [compare(DAY, symbol, valueDate=day) for day in days] == answers


SAME = {
    "a string, other case": ("a", {"valueString": "A"}, False),
    "a string, decomposed": ("ä", {"valueString": "a\u0308"}, False),
    "an empty literal": ("", {"valueString": "a"}, False),
    "a boolean, false": (True, {"valueBoolean": False}, False),
    "false is false": (False, {"valueBoolean": False}, True),
    "a number with more digits": (Decimal("0.1"), {"valueDecimal": Decimal("0.10000000000000000000000000000001")}, False),
    "a float by its shortest name": (Decimal("0.1"), {"valueDecimal": 0.1}, True),
    "a string that looks like a number": (Decimal(1), {"valueString": "1"}, None),
    "a boolean is no number": (Decimal(1), {"valueBoolean": True}, None),
    "something that is no number": (Decimal(1), {"valueDecimal": object()}, None),
    "null": ("a", {"valueString": None}, None),
}


@pytest.mark.parametrize(("literal", "given", "answer"), SAME.values(), ids=SAME)
def test_equality(literal: Scalar, given: dict[str, Any], answer: Kleene) -> None:
    """Values are equal exactly, never nearly."""
    assert compare(literal, **given) is answer


@pytest.mark.parametrize("written", ["1.10", "1.1", "11e-1", "110E-2"])
def test_numbers_as_read(written: str) -> None:
    """A number that kept its digits in the strict read is compared by what it is worth."""
    tree = read_json(b'{"valueDecimal": ' + written.encode() + b"}")
    assert isinstance(tree, dict)
    assert compare(Decimal("1.1"), **tree) is True
    assert compare(Decimal("1.1000000000000000000000000000000000001"), "<", **tree) is True


# codes


def concept(*codings: tuple[str | None, str | None], **rest: Any) -> dict[str, Any]:
    """Return a CodeableConcept of codings, each a system and a code."""
    listed = [{k: v for k, v in zip(("system", "code"), pair, strict=True) if v is not None} for pair in codings]
    return {"valueCodeableConcept": {"coding": listed, **rest} if listed else rest}


IN, OUT = (DCM, "113001"), (DCM, "999")
CODES = {
    "one in the list": (concept(IN), True),
    "one that is not": (concept(OUT), False),
    "two in the list": (concept(IN, (DCM, "113038")), True),
    "two that are not": (concept(OUT, (DCM, "998")), False),
    "mixed": (concept(IN, OUT), None),
    "one, and one of another system": (concept(IN, (LOINC, "x")), True),
    "not, and one of another system": (concept(OUT, (LOINC, "x")), False),
    "another system only": (concept((LOINC, "113001")), None),
    "no system": (concept((None, "113001")), None),
    "the system without a code": (concept((DCM, None)), None),
    "one, and one without a code": (concept(IN, (DCM, None)), None),
    "one, and one without a system": (concept(IN, (None, "999")), True),
    "the code in another case": (concept((DCM, "113001X")), False),
    "the system in another case": (concept((DCM.upper(), "113001")), None),
    "only text": (concept(text="rejected"), None),
    "text and a code": (concept(IN, text="kept"), True),
    "no codings": ({"valueCodeableConcept": {"coding": []}}, None),
    "codings that are no array": ({"valueCodeableConcept": {"coding": {"system": DCM, "code": "113001"}}}, None),
    "a coding that is no object": ({"valueCodeableConcept": {"coding": [None]}}, None),
    "a system that is no string": ({"valueCodeableConcept": {"coding": [{"system": [DCM], "code": "113001"}]}}, None),
    "a code that is no string": ({"valueCodeableConcept": {"coding": [{"system": DCM, "code": 113001}]}}, None),
    "Coding, in the list": ({"valueCoding": {"system": DCM, "code": "113038"}}, True),
    "Coding, not": ({"valueCoding": {"system": DCM, "code": "999"}}, False),
    "Coding, another system": ({"valueCoding": {"system": LOINC, "code": "113001"}}, None),
    "Coding, no system": ({"valueCoding": {"code": "113001"}}, None),
    "Coding, no code": ({"valueCoding": {"system": DCM}}, None),
    "a code has no system": ({"valueCode": "113001"}, None),
    "a Quantity has system and code, and is no code": ({"valueQuantity": {"system": DCM, "code": "113001", "unit": "x"}}, None),
}


@pytest.mark.parametrize(("given", "answer"), CODES.values(), ids=CODES)
def test_codes(given: dict[str, Any], answer: Kleene) -> None:
    """True when all codings of the listed systems are listed, false when none is, else open; `not` is its opposite."""
    assert among(REJECTED, WORKLIST, **given) is answer
    negated = Negation(Membership(VALUE, (REJECTED, WORKLIST)))
    assert evaluate(negated, extension(**given), contradicted=False) is negation(answer)


def test_equals_is_a_list_of_one() -> None:
    """`=` with a code is `in` a list of one, `!=` its negation."""
    assert [compare(REJECTED, **concept(each)) for each in (IN, OUT)] == [True, False]
    assert [compare(REJECTED, "!=", **concept(each)) for each in (IN, OUT)] == [False, True]
    assert compare(REJECTED, "!=", **concept(IN, (DCM, "113038"))) is None


def test_a_list_of_two_systems_asks_for_codings_of_both() -> None:
    """The codings of every system that the list names count."""
    assert among(REJECTED, CodeLiteral(LOINC, "a"), **concept(IN, (LOINC, "a"))) is True
    assert among(REJECTED, CodeLiteral(LOINC, "a"), **concept(IN, (LOINC, "b"))) is None


def test_codes_and_strings_in_one_list() -> None:
    """A list of codes and strings is the `or` of what each kind says."""
    assert among(REJECTED, "a", valueCode="a") is True
    assert among(REJECTED, "a", valueCode="b") is None
    assert among(REJECTED, "a", **concept(IN)) is True


def test_a_list_of_strings() -> None:
    """A list of plain literals is the `or` of their equalities."""
    assert [among("a", "b", valueCode=each) for each in "abc"] == [True, True, False]


# Quantity


LOW: dict[str, Any] = {"valueQuantity": {"value": 5, "comparator": "<", "unit": "mg"}}
COMPARATOR = Comparison(Operand(None, ("comparator",)), "=", "<")
FIELDS: dict[str, Scalar] = {"value": Decimal(5), "unit": "mg"}


@pytest.mark.parametrize("field", FIELDS)
def test_untested_comparator(field: str) -> None:
    """A Quantity with a comparator is open, whatever of it is compared, and whatever says that there is one."""
    assert compare(FIELDS[field], fields=field, **LOW) is None
    assert compare(FIELDS[field], fields=field, valueQuantity={**LOW["valueQuantity"], "comparator": None}) is None
    companion = {"value": 5, "unit": "mg", "_comparator": {"extension": []}}
    assert compare(FIELDS[field], fields=field, valueQuantity=companion) is None
    assert compare(FIELDS[field], fields=field, valueQuantity={"value": 5, "unit": "mg"}) is True


def test_comparator_of_a_field() -> None:
    """The comparator of a Quantity within the value counts too."""
    ratio = {"numerator": {"value": 5, "comparator": "<"}, "denominator": {"value": 1}}
    assert compare(Decimal(5), fields="numerator.value", valueRatio=ratio) is None
    assert compare(Decimal(1), fields="denominator.value", valueRatio=ratio) is True
    value = Comparison(Operand(None, ("numerator", "value")), "=", Decimal(5))
    for fields, answer in ((("comparator",), None), (("denominator", "comparator"), None), (("numerator", "comparator"), True)):
        tested = Disjunction((Presence(VALUE), Presence(Operand(None, fields))))  # true, whatever the comparator
        assert evaluate(Conjunction((value, tested)), extension(valueRatio=ratio), contradicted=False) is answer


@pytest.mark.parametrize("test", [COMPARATOR, Negation(COMPARATOR), Presence(COMPARATOR.operand)], ids=["=", "not", "present"])
def test_tested_comparator(test: Any) -> None:
    """Once the condition looks at the comparator, anywhere, the number is compared as it stands."""
    value = Comparison(Operand(None, ("value",)), "=", Decimal(5))
    for parts in ((test, value), (value, test)):
        assert evaluate(Disjunction(parts), extension(**LOW), contradicted=False) is True
    assert evaluate(COMPARATOR, extension(**LOW), contradicted=False) is True


def test_comparator_of_another_part() -> None:
    """Looking at the comparator of one part says nothing of another's."""
    given = extension(extension=[{"url": "a", **LOW}, {"url": "b", **LOW}])
    tested = Presence(Operand("b", ("comparator",)))
    value = Comparison(Operand("a", ("value",)), "=", Decimal(5))
    assert evaluate(Conjunction((tested, value)), given, contradicted=False) is None


def test_units_are_not_converted() -> None:
    """5 is 5 in whatever unit, and a unit is a string."""
    quantity = {"value": 5, "unit": "g"}
    assert compare(Decimal(5), fields="value", valueQuantity=quantity) is True
    assert compare("mg", fields="unit", valueQuantity=quantity) is False


# parts and fields

COMPLEX = {
    "extension": [{"url": "reason", "valueCode": "a"}, {"url": "twice", "valueCode": "a"}, {"url": "twice", "valueCode": "a"}]
}
NESTED = {"url": "outer", "extension": [{"url": "inner", "valueCode": "a"}]}

PRESENT = {
    "a value": (None, "", {"valueBoolean": False}, True),
    "no value": (None, "", COMPLEX, False),
    "only a companion": (None, "", {"_valueBoolean": {"id": "a"}}, False),
    "a value and a companion": (None, "", {"valueCode": "a", "_valueCode": {"id": "a"}}, True),
    "null": (None, "", {"valueBoolean": None}, False),
    "a field": (None, "text", {"valueCodeableConcept": {"text": "a"}}, True),
    "no such field": (None, "text", {"valueCodeableConcept": {"coding": []}}, False),
    "an empty list": (None, "coding", {"valueCodeableConcept": {"coding": []}}, False),
    "a list of null": (None, "coding", {"valueCodeableConcept": {"coding": [None]}}, False),
    "a list": (None, "coding", {"valueCodeableConcept": {"coding": [{}, {}]}}, True),
    "a field of a string": (None, "text", {"valueString": "a"}, False),
    "a part": ("reason", "", COMPLEX, True),
    "a part twice": ("twice", "", COMPLEX, True),
    "no such part": ("other", "", COMPLEX, False),
    "a part with parts": ("outer", "", {"extension": [NESTED]}, True),
    "a part of a part": ("inner", "", {"extension": [NESTED]}, False),
    "a field of a part with parts": ("outer", "code", {"extension": [NESTED]}, False),
    "a part with a companion only": ("a", "", {"extension": [{"url": "a", "_valueCode": {"id": "a"}}]}, False),
    "a field of a part": ("a", "code", {"extension": [{"url": "a", "valueCoding": {"code": "x"}}]}, True),
    "a part of no complex extension": ("a", "", {"valueBoolean": True}, False),
    "children that are no array": ("a", "", {"extension": {"url": "a", "valueBoolean": True}}, False),
    "a child that is no object": ("a", "", {"extension": ["a"]}, False),
}


@pytest.mark.parametrize(("part", "fields", "given", "answer"), PRESENT.values(), ids=PRESENT)
def test_present(part: str | None, fields: str, given: dict[str, Any], *, answer: bool) -> None:
    """`present` is always decided, contradicted or not, and false for a companion alone."""
    operand = Operand(part, tuple(fields.split(".")) if fields else ())
    assert evaluate(Presence(operand), extension(**given), contradicted=False) is answer
    assert evaluate(Presence(operand), extension(**given), contradicted=True) is answer


LOOKED_UP = {
    "a part": ("reason", "", COMPLEX, True),
    "a part twice, of one value": ("twice", "", COMPLEX, None),
    "no such part": ("other", "", COMPLEX, None),
    "a part by another case": ("Reason", "", COMPLEX, None),
    "the value of a complex extension": (None, "", COMPLEX, None),
    "a part with parts": ("outer", "", {"extension": [NESTED]}, None),
    "a field": (None, "code", {"valueCoding": {"code": "a"}}, True),
    "a field that is missing": (None, "code", {"valueCoding": {"display": "a"}}, None),
    "a field two down": (None, "identifier.value", {"valueReference": {"identifier": {"value": "a"}}}, True),
    "a repeated field": (None, "line", {"valueAddress": {"line": ["a", "a"]}}, None),
    "a field of a repeated one": (
        None,
        "coding.code",
        {"valueCodeableConcept": {"coding": [{"code": "a"}, {"code": "b"}]}},
        None,
    ),
    "a field that one of two has": (None, "coding.code", {"valueCodeableConcept": {"coding": [{"code": "a"}, {}]}}, None),
    "a field that one of two parts has": (
        "b",
        "code",
        {"extension": [{"url": "b", "valueCoding": {"code": "a"}}, {"url": "b"}]},
        None,
    ),
    "only a companion": (None, "", {"_valueCode": {"id": "a"}}, None),
}


@pytest.mark.parametrize(("part", "fields", "given", "answer"), LOOKED_UP.values(), ids=LOOKED_UP)
def test_operand(part: str | None, fields: str, given: dict[str, Any], answer: Kleene) -> None:
    """What is missing, or stands twice, leaves the comparison open."""
    assert compare("a", fields=fields, part=part, **given) is answer
    assert compare("a", "!=", fields=fields, part=part, **given) is negation(answer)


def test_contradicted_comparisons_are_open() -> None:
    """Two of one url with different values decide no comparison; what does not compare is decided."""
    given = extension(valueBoolean=True)
    assert evaluate(TRUE, given, contradicted=True) is None
    assert evaluate(Comparison(VALUE, "!=", True), given, contradicted=True) is None
    assert evaluate(Membership(VALUE, (True,)), given, contradicted=True) is None
    assert evaluate(Disjunction((TRUE, Presence(VALUE))), given, contradicted=True) is True


# days

DAYS: dict[str, tuple[str, str, Kleene]] = {
    "a day": ("=", "2026-06-15", True),
    "a month with the day in it": ("=", "2026-06", None),
    "a month without": ("=", "2026-07", False),
    "a year with the day in it": ("=", "2026", None),
    "a year without": ("=", "2025", False),
    "a month before": ("<", "2026-05", True),
    "a month that overlaps": ("<", "2026-06", None),
    "a month after": ("<", "2026-07", False),
    "a year that overlaps": (">=", "2026", None),
    "a year after": (">", "2027", True),
    "the last month of a year": (">", "2026-12", True),
    "the last month there is": (">", "9999-12", True),
    "the last year there is": (">", "9999", True),
    "a time that is that day": ("=", "2026-06-15T12:00:00Z", True),
    "a time that is the next day in UTC": ("=", "2026-06-15T23:30:00-05:00", False),
    "a time whose UTC day it is": ("=", "2026-06-16T01:00:00+02:00", True),
    "a time with a fraction": ("=", "2026-06-15T23:59:59.999Z", True),
    "a time with many digits": ("=", "2026-06-15T23:59:59.99999999999Z", True),
    "a time without zone": ("=", "2026-06-15T12:00:00", None),
    "a time without seconds": ("=", "2026-06-15T12:00Z", None),
    "the first moment, west of UTC": (">", "9999-12-31T23:59:59-01:00", None),
    "a leap second": ("=", "2026-06-15T23:59:60Z", None),
    "no such day": ("=", "2026-02-30", None),
    "no such month": ("=", "2026-13", None),
    "the year nought": ("<", "0000", None),
    "a day with a line break": ("=", "2026-06-15\n", None),
    "a day in other digits": ("=", "\uff12\uff10\uff12\uff16-06-15", None),
    "no day": ("=", "soon", None),
    "an empty string": ("=", "", None),
}


@pytest.mark.parametrize(("symbol", "value", "answer"), DAYS.values(), ids=DAYS)
def test_days(symbol: str, value: str, answer: Kleene) -> None:
    """A partial date that overlaps is open, a time counts by its UTC day, and what is no date is open."""
    assert compare(DAY, symbol, valueDateTime=value) is answer


@pytest.mark.parametrize(("year", "last"), [("2024", "29"), ("2023", "28"), ("2100", "28"), ("2000", "29")])
def test_february(year: str, last: str) -> None:
    """A month ends on its last day, leap years and all."""
    ends, after = date.fromisoformat(f"{year}-02-{last}"), date.fromisoformat(f"{year}-03-01")
    assert compare(ends, "<=", valueDate=f"{year}-02") is True
    assert compare(after, "<", valueDate=f"{year}-02") is True
    assert compare(ends, ">=", valueDate=f"{year}-02") is None


def test_days_of_the_wrong_kind() -> None:
    """A number is no day."""
    assert compare(DAY, valueInteger=20260615) is None


# from the rule file to the answer

WRITTEN = {
    "a boolean": ("value = true", "accept"),
    "a number": ("value >= 1", "reject"),
    "both": ("value = true and value present", "accept"),
    "either": ("value = false or not value = false", "accept"),
    "never": ("value != true", "reject"),
    "in a list": ("value in [true, false]", "accept"),
    "a code": ("value = DCM#1", "reject"),
    "a date": ("value < 2026-01-01", "reject"),
    "a string": ('value = "a"', "reject"),
    "a part": ('part("a") present', "reject"),
}


@pytest.mark.parametrize(("condition", "verdict"), WRITTEN.values(), ids=WRITTEN)
def test_written(condition: str, verdict: str) -> None:
    """Conditions mean in a policy what they are written as."""
    body = f'codesystem DCM = "{DCM}";' + rule("understand", "r", f"@m on Patient when {condition}")
    patient = {"resourceType": "Patient", "modifierExtension": [{"url": X + "m", "valueBoolean": True}]}
    assert report(policy_of(body), patient).verdict.word == verdict
