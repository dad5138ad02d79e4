"""Tests of caveat.intake.extension."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from caveat.domain.decision import Ground
from caveat.intake.extension import content_fault, rules_fault, url_fault, value_type
from caveat.spec import Release, tables

CHILDREN = tables(Release.R4).required("Extension").children
URL = "http://example.org/fhir/StructureDefinition/x"
COMPANION = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]}
LAWFUL_URLS = [
    "http://a",
    "https://example.org/x?y=z#f",
    "HTTP://EXAMPLE.ORG",
    "ftp://a/b",
    "a+b-c.1://host",
    "http://a/%20",
    "http://ü.example",
]
INVISIBLE = ["\u180e", "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff"]
WHITE = [
    " ",
    "\t",
    "\n",
    "\r",
    "\x00",
    "\x1f",
    "\x7f",
    "\x85",
    "\x9f",
    "\xa0",
    "\u1680",
    "\u2003",
    "\u2028",
    "\u202f",
    "\u3000",
    *INVISIBLE,
]


@pytest.mark.parametrize("url", LAWFUL_URLS)
def test_an_absolute_url_is_lawful(url: str) -> None:
    """Any absolute URL will do; nothing is normalised."""
    assert url_fault(url) is None


@pytest.mark.parametrize(
    ("url", "code"),
    [
        (None, "url-missing"),
        ("", "url-missing"),
        (5, "url-missing"),
        ([URL], "url-missing"),
        ({"url": URL}, "url-missing"),
        ("x", "url-not-absolute"),
        ("/fhir/x", "url-not-absolute"),
        ("//example.org/x", "url-not-absolute"),
        ("http:/example.org", "url-not-absolute"),
        ("http:///x", "url-not-absolute"),
        ("http://", "url-not-absolute"),
        ("urn:oid:1.2.3", "url-not-absolute"),
        ("URN:uuid:0", "url-not-absolute"),
        ("urn://x", "url-not-absolute"),
        ("mailto:a@example.org", "url-not-absolute"),
        ("1http://a", "url-not-absolute"),
        ("\u017fttp://a", "url-not-absolute"),
        (URL + "|1.0", "url-version"),
        ("|", "url-version"),
    ],
)
def test_any_other_url_is_malformed(url: object, code: str) -> None:
    """No url, a relative one, a URN and a version each have a code of their own (MX-60 to MX-63)."""
    fault = url_fault(url)
    assert fault is not None
    assert (fault.ground, fault.code) == (Ground.MALFORMED, code)


@pytest.mark.parametrize("character", WHITE, ids=lambda c: f"U+{ord(c):04X}")
@pytest.mark.parametrize("where", ["{}" + URL, URL + "{}", "http://example.org/a{}b"], ids=["before", "after", "within"])
def test_white_space_in_a_url_is_malformed(where: str, character: str) -> None:
    """Nothing is trimmed: a url with anything in it that nobody sees is no url."""
    fault = url_fault(where.format(character))
    assert fault is not None
    assert fault.code == "url-white-space"
    assert rules_fault(where.format(character)) is not None


@pytest.mark.parametrize("value", [URL, "urn:oid:1.2.3", "urn:uuid:0", URL + "|1.0", "a:b"])
def test_the_value_of_implicit_rules_may_be_any_absolute_uri(value: str) -> None:
    """A URN and a version are lawful there."""
    assert rules_fault(value) is None


@pytest.mark.parametrize("value", [None, "", "x", "/x", "urn:", ":x", 5, [], {}, [URL], True])
def test_any_other_value_of_implicit_rules_is_malformed(value: object) -> None:
    """What is no absolute URI cannot be compared with one."""
    fault = rules_fault(value)
    assert fault is not None
    assert (fault.ground, fault.code) == (Ground.MALFORMED, "uri-not-absolute")


LAWFUL: dict[str, tuple[dict[str, Any], str]] = {
    "boolean": ({"valueBoolean": False}, "boolean"),
    "integer": ({"valueInteger": 0}, "integer"),
    "decimal": ({"valueDecimal": Decimal("1.10")}, "decimal"),
    "decimal without a point": ({"valueDecimal": 1}, "decimal"),
    "unsigned": ({"valueUnsignedInt": 0}, "unsignedInt"),
    "positive": ({"valuePositiveInt": 1}, "positiveInt"),
    "float of a tree": ({"valueDecimal": 1.5}, "decimal"),
    "string": ({"valueString": "a"}, "string"),
    "date": ({"valueDate": "2026"}, "date"),
    "code": ({"valueCode": "a"}, "code"),
    "coding": ({"valueCoding": {"code": "a"}}, "Coding"),
    "timing": ({"valueTiming": {"event": ["2026"]}}, "Timing"),
    "companion alone": ({"_valueBoolean": COMPANION}, "boolean"),
    "companion beside": ({"valueString": "a", "_valueString": COMPANION}, "string"),
    "children": ({"extension": [{"url": "a", "valueCode": "b"}]}, "complex"),
    "children with children": ({"extension": [{"url": "a", "extension": [{"url": "b", "valueCode": "c"}]}]}, "complex"),
    "with an id": ({"id": "1", "valueBoolean": True}, "boolean"),
    "a property called value": ({"value": 1, "_value": 1, "valueBoolean": True}, "boolean"),
}


@pytest.mark.parametrize("case", LAWFUL)
def test_exactly_one_value_or_children_is_lawful(case: str) -> None:
    """The value type is what the property's name says (ext-1)."""
    extension, kind = LAWFUL[case]
    assert content_fault({"url": URL, **extension}, CHILDREN) is None
    assert value_type({"url": URL, **extension}, CHILDREN) == kind


FAULTS: dict[str, tuple[dict[str, Any], str, str | None]] = {
    "neither": ({}, "no-value", None),
    "only an id": ({"id": "1"}, "no-value", None),
    "property called value": ({"value": True}, "no-value", None),
    "two values": ({"valueBoolean": True, "valueString": "a"}, "two-values", None),
    "value and companion of another": ({"valueBoolean": True, "_valueString": COMPANION}, "two-values", None),
    "three values": ({"valueBoolean": True, "valueString": "a", "valueCode": "b"}, "two-values", None),
    "value and children": ({"valueBoolean": True, "extension": [{"url": "a"}]}, "value-and-children", "boolean"),
    "value and no children": ({"valueBoolean": True, "extension": []}, "value-and-children", "boolean"),
    "companion and children": ({"_valueBoolean": COMPANION, "extension": [{"url": "a"}]}, "value-and-children", "boolean"),
    "children null": ({"extension": None}, "children-not-array", "complex"),
    "children empty": ({"extension": []}, "children-not-array", "complex"),
    "children object": ({"extension": {"url": "a"}}, "children-not-array", "complex"),
    "child null": ({"extension": [None]}, "children-not-array", "complex"),
    "child empty": ({"extension": [{}]}, "children-not-array", "complex"),
    "child string": ({"extension": [{"url": "a"}, "b"]}, "children-not-array", "complex"),
    "child without a url": ({"extension": [{"valueCode": "b"}]}, "part-url", "complex"),
    "child of no type": ({"extension": [{"url": "a", "valueNonsense": True}]}, "value-type", "complex"),
    "child without a value": ({"extension": [{"url": "a", "value": True}]}, "no-value", "complex"),
    "child of a child with two values": (
        {"extension": [{"url": "a", "extension": [{"url": "b", "valueCode": "c", "valueString": "d"}]}]},
        "two-values",
        "complex",
    ),
    "unknown type": ({"valueFoo": True}, "value-type", None),
    "type in lower case": ({"valueboolean": True}, "value-type", None),
    "type that may not be a value": ({"valueNarrative": {"status": "empty"}}, "value-type", None),
    "companion of unknown": ({"_valueFoo": COMPANION}, "value-type", None),
    "null": ({"valueBoolean": None}, "value-kind", "boolean"),
    "null with companion": ({"valueBoolean": None, "_valueBoolean": COMPANION}, "value-kind", "boolean"),
    "boolean as string": ({"valueBoolean": "true"}, "value-kind", "boolean"),
    "boolean as number": ({"valueBoolean": 1}, "value-kind", "boolean"),
    "integer as string": ({"valueInteger": "5"}, "value-kind", "integer"),
    "integer as boolean": ({"valueInteger": True}, "value-kind", "integer"),
    "string as number": ({"valueString": 5}, "value-kind", "string"),
    "string empty": ({"valueString": ""}, "value-kind", "string"),
    "string as array": ({"valueString": ["a"]}, "value-kind", "string"),
    "coding as string": ({"valueCoding": "a"}, "value-kind", "Coding"),
    "coding as array": ({"valueCoding": [{"code": "a"}]}, "value-kind", "Coding"),
    "coding empty": ({"valueCoding": {}}, "value-kind", "Coding"),
    "coding with companion": ({"valueCoding": {"code": "a"}, "_valueCoding": COMPANION}, "value-kind", "Coding"),
    "companion null": ({"valueBoolean": True, "_valueBoolean": None}, "value-kind", "boolean"),
    "companion empty": ({"_valueBoolean": {}}, "value-kind", "boolean"),
    "companion array": ({"_valueBoolean": [COMPANION]}, "value-kind", "boolean"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_any_other_content_is_malformed(case: str) -> None:
    """Each fault has a code, and a sentence that repeats nothing of the value (MX-65 to MX-71)."""
    extension, code, kind = FAULTS[case]
    fault = content_fault({"url": URL, **extension}, CHILDREN)
    assert fault is not None
    assert (fault.ground, fault.code) == (Ground.MALFORMED, code)
    assert not fault.empty
    assert value_type({"url": URL, **extension}, CHILDREN) == kind


def test_what_may_be_a_value_depends_on_the_release() -> None:
    """R5 has value types that R4 has not."""
    extension = {"url": URL, "valueInteger64": "5"}
    assert content_fault(extension, CHILDREN) is not None
    assert value_type(extension, tables(Release.R5).required("Extension").children) == "integer64"
