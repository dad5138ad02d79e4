"""Tests of caveat.judge.content: value, type and parts as the definition has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from caveat.judge.content import content_faults
from caveat.spec.definition import Content
from caveat.spec.release import Release
from caveat.spec.shape import tables

BOOLEAN = Content(frozenset({"boolean"}), needs_value=True, may_have_parts=False, maximum=1)
CODE = Content(frozenset({"code", "Coding"}), may_have_parts=False)
INNER = Content(parts={"deep": BOOLEAN})
WHOLE = Content(parts={"flag": BOOLEAN, "code": replace(CODE, minimum=1), "inner": INNER, "never": replace(CODE, maximum=0)})
FLAG = {"url": "flag", "valueBoolean": True}
CODED = {"url": "code", "valueCode": "a"}


def parts(*inside: Mapping[str, Any]) -> dict[str, Any]:
    return {"extension": list(inside)}


CASES: dict[str, tuple[Content, dict[str, Any], str]] = {
    "the value asked for": (BOOLEAN, {"valueBoolean": False}, ""),
    "known by its extension alone": (BOOLEAN, {"_valueBoolean": {"extension": []}}, ""),
    "one of two types": (CODE, {"valueCoding": {"code": "a"}}, ""),
    "another type": (CODE, {"valueString": "a"}, "value-type"),
    "parts for a value": (BOOLEAN, parts(FLAG), "value-absent parts"),
    "parts for a value, where they are allowed": (
        replace(BOOLEAN, may_have_parts=True),
        parts(CODED),
        "value-absent part-unknown",
    ),
    "a value for parts": (INNER, {"valueBoolean": True}, "value-present"),
    "all that is declared": (WHOLE, parts(FLAG, CODED, {"url": "inner", **parts({"url": "deep", "valueBoolean": True})}), ""),
    "many of what may be many": (WHOLE, parts(CODED, CODED), ""),
    "a part too often": (WHOLE, parts(FLAG, FLAG, CODED), "part-often"),
    "a part that may never be": (WHOLE, parts(CODED, {"url": "never", "valueCode": "a"}), "part-often"),
    "a part too few": (WHOLE, parts(FLAG), "part-absent"),
    "a part not declared": (WHOLE, parts(CODED, {"url": "other", "valueCode": "a"}), "part-unknown"),
    "a part in another case": (WHOLE, parts(CODED, {"url": "Flag", "valueBoolean": True}), "part-unknown"),
    "an extension of its own": (WHOLE, parts(CODED, {"url": "http://x.example/e", "valueCode": "a"}), ""),
    "a URN of its own": (WHOLE, parts(CODED, {"url": "urn:oid:1.2", "valueCode": "a"}), ""),
    "a part of another type": (WHOLE, parts({"url": "code", "valueString": "a"}), "value-type"),
    "a part with parts": (WHOLE, parts(CODED, {"url": "flag", **parts(FLAG)}), "value-absent parts"),
    "a part in a part, too often": (
        WHOLE,
        parts(CODED, {"url": "inner", **parts({"url": "deep", "valueBoolean": True}, {"url": "deep", "valueBoolean": True})}),
        "part-often",
    ),
    "a part in a part, not declared": (WHOLE, parts(CODED, {"url": "inner", **parts(FLAG)}), "part-unknown"),
    "no parts asked for, none there": (Content(frozenset({"boolean"})), {"valueBoolean": True}, ""),
}


@pytest.mark.parametrize(("content", "extension", "codes"), CASES.values(), ids=CASES)
def test_content(content: Content, extension: dict[str, Any], codes: str) -> None:
    """An extension holds what its definition says, in type, number and name, all the way down (MX-72, 73)."""
    children = tables(Release.R4).required("Extension").children
    found = list(content_faults(content, {"url": "http://x.example/m", **extension}, children))
    assert " ".join(fault.code for fault in found) == codes
    assert all(fault.message.startswith("misused: its definition ") for fault in found)


def test_nothing_of_the_document_is_said() -> None:
    """A part of an unknown url and a wrong value are told without either; where it is, is told."""
    children = tables(Release.R4).required("Extension").children
    extension = parts(
        {"url": "Jane-Doe", "valueString": "1970-01-01"}, {"url": "inner", **parts({"url": "deep", "valueString": "Doe"})}
    )
    said = [fault.message for fault in content_faults(WHOLE, extension, children)]
    assert said == [
        "misused: its definition declares the parts code, flag, inner, never only, and there is another",
        "misused: its definition demands the part code",
        "misused: its definition allows a value of type boolean only in its part deep",
    ]


def test_what_stands_for_no_types() -> None:
    """A value that is needed, and a part that is unknown, are told where the definition lists none."""
    children = tables(Release.R4).required("Extension").children
    found = content_faults(Content(needs_value=True), parts({"url": "a", "valueBoolean": True}), children)
    assert [fault.message for fault in found] == [
        "misused: its definition demands a value",
        "misused: its definition declares no parts, and there is one",
    ]
