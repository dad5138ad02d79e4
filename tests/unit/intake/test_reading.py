"""What is read by which reader, and what by none."""

from __future__ import annotations

import gzip

import pytest

from caveat.intake.json_reader import Unreadable
from caveat.intake.limits import Limits
from caveat.intake.reading import Form, read_document
from caveat.spec.release import Release
from caveat.spec.shape import tables


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("raw", [gzip.compress(b"{}"), b"PK\3\4", b"PK\5\6"], ids=["gzip", "zip", "empty zip"])
def test_what_is_compressed_is_neither_form(raw: bytes, form: Form) -> None:
    """It is handed over inflated, or as a file with its name; nothing is inflated behind the caller's back."""
    found = read_document(raw, form, tables(Release.R4), Limits())
    assert isinstance(found, Unreadable)
    assert found.code == "encoding"
