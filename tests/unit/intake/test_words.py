"""What is said of a document that is refused, word for word: people read it, and nothing of the document may stand in it."""

from __future__ import annotations

from typing import Any

import pytest

from caveat import Guard
from caveat.intake.extension import content_fault, rules_fault, url_fault
from caveat.intake.json_reader import Unreadable
from caveat.intake.limits import Limits
from caveat.intake.reading import Form, read_document
from caveat.spec import Release, tables

UNREADABLE = [
    (
        Form.XML,
        b"<Patient xmlns='http://hl7.org/fhir'>",
        "truncated",
        "the document ends before it is complete (line 1, column 38)",
    ),
    (
        Form.XML,
        b"<!DOCTYPE a><Patient xmlns='http://hl7.org/fhir'/>",
        "doctype",
        "the document has a DOCTYPE; FHIR allows no DTD, and none is ever read",
    ),
    (
        Form.XML,
        b"<?xml version='1.1'?><Patient xmlns='http://hl7.org/fhir'/>",
        "xml-version",
        "the document says that it is not XML 1.0; FHIR is",
    ),
    (
        Form.XML,
        b"<?xml version='1.0' encoding='latin1'?><Patient xmlns='http://hl7.org/fhir'/>",
        "encoding",
        "the document says that it is not UTF-8; FHIR is always UTF-8",
    ),
    (Form.XML, b"\xff<a/>", "encoding", "the document is not UTF-8"),
    (Form.XML, b"<a>\x00</a>", "encoding", "the document is not UTF-8: it begins as UTF-16 or UTF-32 does"),
    (Form.XML, b"\xef\xbb\xbf\xef\xbb\xbf<a/>", "encoding", "the document begins with more than one byte order mark"),
    (Form.XML, b"", "empty", "there is no document: it has no bytes, or only white space"),
    (Form.XML, b"<Patient/>", "namespace", "an element that is not of the FHIR namespace"),
    (
        Form.XML,
        b"<Patient xmlns='http://hl7.org/fhir' a='1'/>",
        "attribute",
        "an attribute that FHIR does not have there, in Patient",
    ),
    (
        Form.XML,
        b"<Patient xmlns='http://hl7.org/fhir'>x</Patient>",
        "text",
        "text that stands directly in an element of FHIR, in Patient",
    ),
    (
        Form.XML,
        b"<Patient xmlns='http://hl7.org/fhir'>&x;</Patient>",
        "entity",
        "an entity that is not one of XML's own five; FHIR allows no others (line 1, column 41)",
    ),
    (Form.XML, b"<p:Patient/>", "namespace", "an element that is not of the FHIR namespace"),
    (
        Form.XML,
        b"<Patient xmlns='http://hl7.org/fhir'><active value='true'/><active value='true'/></Patient>",
        "duplicate-element",
        "`active` stands twice where FHIR has one, in Patient",
    ),
    (
        Form.XML,
        b"<Patient xmlns='http://hl7.org/fhir'><contained/></Patient>",
        "one-resource",
        "no resource where there must be one, in Patient.contained[0]",
    ),
    (Form.XML, b"<Patient xmlns='http://hl7.org/fhir'/><a/>", "syntax", "the document is not XML (line 1, column 39)"),
    (Form.XML, b"<Patient xmlns='http://hl7.org/fhir' xmlns='a'/>", "syntax", "the document is not XML (line 1, column 47)"),
    (
        Form.XML,
        b"<Patient xmlns='http://hl7.org/fhir'><a b='1' b='2'/></Patient>",
        "syntax",
        "the document is not XML (line 1, column 52)",
    ),
    (
        Form.XML,
        b"<?xml version='1.0' encoding='utf-8' standalone='maybe'?><a/>",
        "syntax",
        "the document is not XML: its XML declaration is none",
    ),
    (Form.XML, b"\xfe\xff\x00<", "encoding", "the document is not UTF-8: it begins as UTF-16 or UTF-32 does"),
    (Form.XML, b"<?xml version='1.0'", "syntax", "the document is not XML: its XML declaration is none"),
    (
        Form.XML,
        b"<!--<Patient xmlns='http://hl7.org/fhir'/>",
        "truncated",
        "the document ends before it is complete (line 1, column 43)",
    ),
    (Form.XML, b"{}", "syntax", "the document is not XML (line 1, column 1)"),
    (Form.JSON, b"", "empty", "there is no document: it has no bytes, or only white space"),
    (Form.JSON, b"{", "truncated", "the document ends before it is complete (line 1, column 1)"),
    (Form.JSON, b'{"a":1,"a":2}', "duplicate-key", "a name stands twice in one object (line 1, column 12)"),
    (Form.JSON, b"\xef\xbb\xbf\xef\xbb\xbf{}", "encoding", "the document begins with more than one byte order mark"),
    (Form.JSON, b"\xff\xfe{", "encoding", "the document is not UTF-8: it begins as UTF-16 or UTF-32 does"),
    (
        Form.JSON,
        b'{"a":"\\ud800"}',
        "encoding",
        "a string has half of a surrogate pair, which is no character (line 1, column 13)",
    ),
    (Form.JSON, b'{"a":1e999}', "number-limit", "a number has more digits or a larger exponent than the limit allows"),
    (Form.JSON, b"{} {}", "syntax", "something follows the document's one value (line 1, column 4)"),
    (Form.JSON, b'{"a":"\xff"}', "encoding", "a string is not UTF-8 (line 1, column 7)"),
    (
        Form.JSON,
        b"\x1f\x8b",
        "encoding",
        "the document begins as gzip or zip does: decompress it first, or name its file, which is read by its ending",
    ),
    (Form.JSON, b"nope", "syntax", "the document is not JSON (line 1, column 2)"),
]

CONTENT: list[tuple[dict[str, Any], str, str]] = [
    ({}, "no-value", "an extension with neither a value nor children"),
    ({"valueString": "a", "valueCode": "b"}, "two-values", "an extension with two values"),
    ({"valueString": "a", "extension": []}, "value-and-children", "an extension with both a value and children"),
    ({"extension": []}, "children-not-array", "children that are not an array of objects"),
    ({"extension": [{"valueCode": "a"}]}, "part-url", "a part without a url"),
    ({"valueFoo": 1}, "value-type", "a value of no type that an extension may have"),
    ({"valueBoolean": "x"}, "value-kind", "a value that is not of its type's JSON kind"),
    ({"_valueBoolean": 5}, "value-kind", "a value that is not of its type's JSON kind"),
]

URLS = [
    (None, "url-missing", "an extension without a url"),
    ("a b", "url-white-space", "a url with white space or invisible characters in it"),
    ("http://a|1", "url-version", "a url that carries a version"),
    ("x", "url-not-absolute", "a url that is relative or no URL"),
]

DOCUMENTS: dict[str, tuple[dict[str, Any], str]] = {
    "a slot that is empty": ({"resourceType": "Patient", "modifierExtension": []}, "an empty modifierExtension"),
    "a slot that is no array": ({"resourceType": "Patient", "modifierExtension": {}}, "a modifierExtension that is no array"),
    "an entry that is no object": ({"resourceType": "Patient", "modifierExtension": [1]}, "an entry that is no object"),
    "a slot where there is none": (
        {"resourceType": "Patient", "name": [{"modifierExtension": [{"url": "http://e.x/m", "valueBoolean": True}]}]},
        "where FHIR allows no modifier extension",
    ),
    "a name that looks like it": (
        {"resourceType": "Patient", "modifierextension": [{"url": "http://e.x/m", "valueBoolean": True}]},
        "a property whose name only looks like modifierExtension",
    ),
    "implicit rules in another case": (
        {"resourceType": "Patient", "ImplicitRules": "http://e.x/r"},
        "a property whose name only looks like implicitRules",
    ),
    "implicit rules on no resource": (
        {"resourceType": "Patient", "contact": [{"implicitRules": "http://e.x/r"}]},
        "implicitRules where FHIR allows none",
    ),
    "a modifier as a plain extension": (
        {
            "resourceType": "Patient",
            "extension": [
                {"url": "http://hl7.org/fhir/StructureDefinition/capabilitystatement-prohibited", "valueBoolean": True}
            ],
        },
        "a modifier extension in plain extension",
    ),
    "a plain extension as a modifier": (
        {
            "resourceType": "Patient",
            "modifierExtension": [
                {"url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace", "valueAddress": {"text": "a"}}
            ],
        },
        "a plain extension in modifierExtension",
    ),
    "elements left out": (
        {"resourceType": "Patient", "meta": {"tag": [{"code": "SUBSETTED"}]}},
        "from a source that left elements out (tagged SUBSETTED)",
    ),
    "null among objects": ({"resourceType": "Patient", "contact": [None]}, "null in an array of objects"),
    "an embedded document that cannot be read": (
        {"resourceType": "Binary", "contentType": "application/fhir+json", "data": "e30x"},
        "embedded FHIR content that cannot be read",
    ),
    "a patch": (
        {
            "resourceType": "Parameters",
            "parameter": [{"name": "operation", "part": [{"name": "name", "valueString": "modifierExtension"}]}],
        },
        "a patch operation on modifiers that does not say which",
    ),
    "a resource of no type": (
        {"resourceType": "Patient", "contained": [{"resourceType": "No"}]},
        "what stands at Patient.contained[0] is no resource of a type that FHIR R4 knows",
    ),
    "no resource": ({"a": 1}, "the document is no resource of a type that FHIR R4 knows"),
}

LIKE_THIS = {"resourceType": "Patient", "modifierExtension": [{"url": "http://e.x/m", "valueBoolean": True}]}
LINKED = {"attachment": {"contentType": "application/fhir+json", "url": "http://e.x/a"}}
NOTES: list[tuple[dict[str, Any], tuple[str, str, str]]] = [
    (LIKE_THIS, ("no-narrative", "it has modifier extensions, and no narrative to show them", "Patient")),
    (
        {"resourceType": "Binary", "contentType": "application/zip", "data": "eA=="},
        ("not-inspected", "content in compressed files", "Binary"),
    ),
    (
        {"resourceType": "DocumentReference", "content": [LINKED]},
        ("not-inspected", "content that is only linked to", "DocumentReference.content[0].attachment"),
    ),
]


@pytest.mark.parametrize(("form", "raw", "code", "message"), UNREADABLE, ids=lambda each: str(each)[:40])
def test_what_is_said_of_a_document_that_cannot_be_read(form: Form, raw: bytes, code: str, message: str) -> None:
    """The code for programs, the sentence for people, and a place where the parser knows one."""
    assert read_document(raw, form, tables(Release.R4), Limits()) == Unreadable(code, message)


@pytest.mark.parametrize(("extension", "code", "message"), CONTENT, ids=lambda each: str(each)[:40])
def test_what_is_said_of_an_unlawful_extension(extension: dict[str, Any], code: str, message: str) -> None:
    """Of its value or its parts."""
    fault = content_fault(extension, tables(Release.R4).required("Extension").children)
    assert fault is not None
    assert (fault.code, fault.message) == (code, message)


@pytest.mark.parametrize(("url", "code", "message"), URLS, ids=lambda each: str(each)[:40])
def test_what_is_said_of_an_unlawful_url(url: object, code: str, message: str) -> None:
    """Of an extension's, and of the value of implicitRules."""
    fault, rules = url_fault(url), rules_fault(url)
    assert fault is not None
    assert (fault.code, fault.message) == (code, message)
    assert rules is None or (rules.code, rules.message) == ("uri-not-absolute", "no absolute URI as implicitRules")


@pytest.mark.parametrize(("tree", "detail"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_what_is_said_of_what_stands_wrong(tree: dict[str, Any], detail: str) -> None:
    """Of the first thing found."""
    assert Guard.default().check(tree).decisions[0].detail == detail


@pytest.mark.parametrize(
    ("more", "detail"),
    [
        ({}, "from a query that did not ask for modifierExtension"),
        ({"modifierExtension": [], "x": "1"}, "from a query that renamed an element, or lifted it out of what holds it"),
    ],
)
def test_what_is_said_of_a_graphql_answer(more: dict[str, Any], detail: str) -> None:
    """Of what it was not asked for, or gives otherwise."""
    report = Guard.default().check({"resourceType": "Patient", **more}, wire="graphql")
    assert [each.detail for each in report.decisions] == [detail]


@pytest.mark.parametrize(("tree", "note"), NOTES, ids=lambda each: str(each)[:40])
def test_what_is_noted(tree: dict[str, Any], note: tuple[str, str, str]) -> None:
    """What decides nothing is said too, with its place."""
    assert [(each.code, each.message, each.location) for each in Guard.default().check(tree).problems] == [note]
