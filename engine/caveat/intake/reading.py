"""Which reader a document goes to: by what its name or its sender said of it, else by how it begins.

Rule 1: a document said to be of one form is read in that form alone; no second reader is tried.
"""

from __future__ import annotations

from enum import StrEnum

from caveat.intake.json_reader import BOM, SPACE, Unreadable, read_json
from caveat.intake.limits import Limits
from caveat.spec.shape import Place, Tables

_GLANCE = 4096
_PACKED = (b"\x1f\x8b", b"PK")
_COMPRESSED = Unreadable(
    "encoding", "the document begins as gzip or zip does: decompress it first, or name its file, which is read by its ending"
)


class Form(StrEnum):
    """How a document is written down."""

    JSON = "json"
    XML = "xml"


_JSON = Form.JSON  # to ask the class costs a small document more than to look how it begins


def form_of(raw: bytes) -> Form:
    """Return the form that `raw` begins as: XML where its first character beyond white space is `<`, else JSON."""
    if raw.startswith(b"{"):
        return _JSON
    start = raw[:_GLANCE].removeprefix(BOM).lstrip(SPACE)
    return Form.XML if start.startswith(b"<") else Form.JSON


def read_document(raw: bytes, form: Form, tables: Tables, limits: Limits, at: Place | None = None) -> object | Unreadable:
    """Return the tree of a document as FHIR JSON has it, or why it is not read; the caller checks that it is an object.

    What begins as a gzip file or an archive is of neither form: a document is handed over inflated, or as a file with its name.
    `at` is the place of an element that stands alone, or the resource type expected; XML cannot be read without knowing it.
    """
    if raw.startswith(_PACKED):
        return _COMPRESSED
    if form is Form.XML:
        from caveat.intake.xml_reader import read_xml  # noqa: PLC0415  lxml is slow to import, and JSON needs none of it

        return read_xml(raw, tables, limits, at)
    return read_json(raw, limits)
