"""Which reader a document goes to: what was said of it decides, else how it begins."""

from __future__ import annotations

import pytest

from caveat.intake.json_reader import Unreadable
from caveat.intake.limits import Limits
from caveat.intake.reading import Form, form_named, form_of, read_document
from caveat.spec import Release, tables

XML = b'<Basic xmlns="http://hl7.org/fhir"/>'
JSON = b'{"resourceType": "Basic"}'


@pytest.mark.parametrize(
    ("raw", "form"),
    [(XML, Form.XML), (b" \n" + XML, Form.XML), (b"\xef\xbb\xbf" + XML, Form.XML), (JSON, Form.JSON), (b"", Form.JSON)],
)
def test_a_document_is_what_it_begins_as(raw: bytes, form: Form) -> None:
    """The first character beyond a mark and white space says it."""
    assert form_of(raw) is form


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("a.xml", Form.XML),
        ("a.b.XML", Form.XML),
        ("a.json", Form.JSON),
        ("a.xml.json", Form.JSON),
        ("xml", Form.XML),
        ("-", None),
        ("a.ndjson", None),
    ],
)
def test_a_name_says_what_its_file_is(name: str, form: Form | None) -> None:
    """Its ending does, in any case; no other ending says anything."""
    assert form_named(name) is form


@pytest.mark.parametrize("form", Form)
def test_no_second_reader_is_tried(form: Form) -> None:
    """What is said to be JSON is not read as XML, and the reverse."""
    right, wrong = (JSON, XML) if form is Form.JSON else (XML, JSON)
    assert read_document(right, form, tables(Release.R4), Limits()) == {"resourceType": "Basic"}
    assert isinstance(read_document(wrong, form, tables(Release.R4), Limits()), Unreadable)
