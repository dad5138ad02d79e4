"""Which reader a document goes to: what was said of it decides, else how it begins."""

from __future__ import annotations

import gzip

import pytest

from caveat.intake.json_reader import Unreadable
from caveat.intake.limits import Limits
from caveat.intake.reading import Form, form_of, read_document
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


@pytest.mark.parametrize("form", Form)
def test_no_second_reader_is_tried(form: Form) -> None:
    """What is said to be JSON is not read as XML, and the reverse."""
    right, wrong = (JSON, XML) if form is Form.JSON else (XML, JSON)
    assert read_document(right, form, tables(Release.R4), Limits()) == {"resourceType": "Basic"}
    assert isinstance(read_document(wrong, form, tables(Release.R4), Limits()), Unreadable)


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("raw", [gzip.compress(b"{}"), b"PK\3\4", b"PK\5\6"], ids=["gzip", "zip", "empty zip"])
def test_what_is_compressed_is_neither_form(raw: bytes, form: Form) -> None:
    """It is handed over inflated, or as a file with its name; nothing is inflated behind the caller's back."""
    found = read_document(raw, form, tables(Release.R4), Limits())
    assert isinstance(found, Unreadable)
    assert found.code == "encoding"
