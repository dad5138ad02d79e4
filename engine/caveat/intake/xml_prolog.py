"""What is refused before an XML parser sees the document: other encodings, other versions of XML, and every DTD.

Rule 1: no entity is ever declared, so that none can be expanded: a document with a DOCTYPE is refused before it is parsed.
Rule 2: the bytes are UTF-8, whatever the document says of itself; one that says otherwise is refused.
"""

from __future__ import annotations

import re
from typing import Final

from caveat.intake.json_reader import BOM, EMPTY, NOT_UTF_8, SPACE, TWO_MARKS, UTF_16, Unreadable

_DECLARATION: Final = re.compile(
    rb"""<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(?P<v>["'])(?P<version>[^"'<>]*)(?P=v)"""
    rb"""(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*(?P<e>["'])(?P<encoding>[^"'<>]*)(?P=e))?"""
    rb"""(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(?:"(?:yes|no)"|'(?:yes|no)'))?[ \t\r\n]*\?>"""
)
_BEGINS_DECLARATION: Final = re.compile(rb"<\?xml[ \t\r\n?]")
_BLANK: Final = re.compile(rb"[ \t\r\n]*")

_NO_DECLARATION: Final = Unreadable("syntax", "the document is not XML: its XML declaration is none")
_OTHER_VERSION: Final = Unreadable("xml-version", "the document says that it is not XML 1.0; FHIR is")
_OTHER_ENCODING: Final = Unreadable("encoding", "the document says that it is not UTF-8; FHIR is always UTF-8")
_NOT_DECODED: Final = Unreadable("encoding", "the document is not UTF-8")
_NUL: Final = Unreadable("encoding", "the document has a NUL, which is no character of XML")
_DOCTYPE: Final = Unreadable("doctype", "the document has a DOCTYPE; FHIR allows no DTD, and none is ever read")


def without_mark(raw: bytes) -> bytes:
    """Return a document without the one byte order mark that it may begin with."""
    return raw.removeprefix(BOM)


def refused_unparsed(text: bytes) -> Unreadable | None:
    """Return why a document without its mark must not even be parsed, None when a parser may have it."""
    return _not_utf_8(text) or _misdeclared(text) or (_DOCTYPE if _has_doctype(text) else None)


def _not_utf_8(text: bytes) -> Unreadable | None:
    """Return why the bytes are not read as UTF-8."""
    if text.startswith(BOM):
        return TWO_MARKS
    if text.startswith(UTF_16) or b"\0" in text[:4]:
        return NOT_UTF_8
    if b"\0" in text:
        return _NUL
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return _NOT_DECODED
    return None if text.strip(SPACE) else EMPTY


def _misdeclared(text: bytes) -> Unreadable | None:
    """Return what is wrong with the XML declaration, None when it is right or there is none."""
    if not _BEGINS_DECLARATION.match(text):
        return None
    said = _DECLARATION.match(text)
    if said is None:
        return _NO_DECLARATION
    if said["version"] != b"1.0":
        return _OTHER_VERSION
    return _OTHER_ENCODING if (said["encoding"] or b"UTF-8").upper() != b"UTF-8" else None


def _has_doctype(text: bytes) -> bool:
    """Return whether a DOCTYPE, in any case, stands before the root: a parser refuses one that stands elsewhere.

    White space, comments and processing instructions are passed over, to the same end that every parser of XML sees.
    """
    at = 0
    while at >= 0:
        at = _blank_from(text, at)
        if text.startswith(b"<!--", at):
            at = _after(text, b"-->", at + 4)
        elif text.startswith(b"<?", at):
            at = _after(text, b"?>", at + 2)
        else:
            return text[at : at + 9].upper() == b"<!DOCTYPE"
    return False


def _blank_from(text: bytes, at: int) -> int:
    """Return where the white space that begins at `at` is over."""
    found = _BLANK.match(text, at)
    return found.end() if found is not None else at


def _after(text: bytes, end: bytes, at: int) -> int:
    """Return where what ends in `end` is over, -1 where it never is: a parser refuses it then."""
    found = text.find(end, at)
    return found + len(end) if found >= 0 else -1
