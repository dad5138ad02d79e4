"""FHIR documents within a document: what a Binary or an Attachment declares and carries as base64.

Rule 1: what declares FHIR content is read as a document of its own, in the form that it declares, or it is unreadable.
Rule 2: the same limits hold for it. INVARIANT: base64 decodes to less than it is, so that all embedded documents together are
smaller than the document that carries them.
Rule 3: one level deep; what is not looked into is told.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator, Mapping
from typing import Any, Final

from caveat.intake.json_reader import SPACE, Unreadable
from caveat.intake.limits import Limits
from caveat.intake.ndjson import documents
from caveat.intake.reading import Form, form_of, read_document
from caveat.spec.shape import Tables

DEEPER: Final = "content embedded more than one level deep"
LINKED: Final = "content that is only linked to"
PACKED: Final = "content in compressed files"
TURTLE: Final = "content in Turtle"

_WITHOUT_SPACE: Final = dict.fromkeys(SPACE)
_NOT_BASE64: Final = Unreadable("base64", "it is no base64")


def media_type(node: Mapping[str, Any]) -> str:
    """Return the media type that a Binary or Attachment declares, in lower case and without parameters; empty for none."""
    declared = node.get("contentType")
    return declared.partition(";")[0].strip().lower() if isinstance(declared, str) else ""


def is_fhir(media: str) -> bool:
    """Return whether a media type is one of FHIR's: `application/fhir+json`, `application/xml+fhir` and their like."""
    return "fhir+" in media or "+fhir" in media


def not_inspected(node: Mapping[str, Any], media: str, *, is_embedded: bool) -> str | None:
    """Return what of a Binary or Attachment is not looked into though FHIR may be in it, None when nothing is left aside."""
    has_data = node.get("data") is not None
    if is_fhir(media):
        if has_data and "turtle" in media:
            return TURTLE
        if not has_data:
            return LINKED if node.get("url") is not None else None
        return DEEPER if is_embedded else None
    return PACKED if has_data and "zip" in media else None


def documents_in(media: str, data: object, tables: Tables, limits: Limits) -> Iterator[tuple[int | None, object | Unreadable]]:
    """Give each document in base64 `data` of a FHIR media type; those of NDJSON with the number of their line from 0."""
    raw = _decoded(data)
    if isinstance(raw, Unreadable):
        yield None, raw
    elif "ndjson" in media:
        for number, line in documents(raw.split(b"\n"), limits.bytes):
            yield number - 1, read_document(line, Form.JSON, tables, limits)
    else:
        yield None, read_document(raw, _form(media, raw), tables, limits)


def _decoded(data: object) -> bytes | Unreadable:
    """Return what base64 spells; white space as FHIR allows it is passed over, and nothing else."""
    if not isinstance(data, str):
        return _NOT_BASE64
    try:
        return binascii.a2b_base64(data.translate(_WITHOUT_SPACE), strict_mode=True)
    except ValueError:
        return _NOT_BASE64


def _form(media: str, raw: bytes) -> Form:
    """Return the form that a media type names; one that names none is read as what it begins as."""
    if "xml" in media:
        return Form.XML
    return Form.JSON if "json" in media else form_of(raw)
