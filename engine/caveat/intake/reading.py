"""Which reader a document goes to: by what its name or its sender said of it, else by how it begins.

Rule 1: a document said to be of one form is read in that form alone; no second reader is tried.
"""

from __future__ import annotations

from enum import StrEnum

from caveat.intake.json_reader import Unreadable, read_json
from caveat.intake.limits import Limits
from caveat.spec.shape import Place, Tables

_BOM = b"\xef\xbb\xbf"
_SPACE = b" \t\r\n"
_GLANCE = 4096


class Form(StrEnum):
    """How a document is written down."""

    JSON = "json"
    XML = "xml"


def form_of(raw: bytes) -> Form:
    """Return the form that `raw` begins as: XML where its first character beyond white space is `<`, else JSON."""
    start = raw[:_GLANCE].removeprefix(_BOM).lstrip(_SPACE)
    return Form.XML if start.startswith(b"<") else Form.JSON


def form_named(name: str) -> Form | None:
    """Return the form that the ending of a file's name says, in any case; None where it says none."""
    _, _, ending = name.lower().rpartition(".")
    return Form(ending) if ending in set(Form) else None


def read_document(raw: bytes, form: Form, tables: Tables, limits: Limits, at: Place | None = None) -> object | Unreadable:
    """Return the tree of a document as FHIR JSON has it, or why it is not read; the caller checks that it is an object.

    `at` is the place of an element that stands alone, or the resource type expected; XML cannot be read without knowing it.
    """
    if form is Form.XML:
        from caveat.intake.xml_reader import read_xml  # noqa: PLC0415  lxml is slow to import, and JSON needs none of it

        return read_xml(raw, tables, limits, at)
    return read_json(raw, limits)
