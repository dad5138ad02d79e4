"""Tests of caveat.spec.change: what two versions of one definition differ in that must not change."""

from __future__ import annotations

from dataclasses import replace

import pytest

from caveat.spec.change import changes
from caveat.spec.definition import Content, ExtensionDefinition
from strategies.defining import BOOLEAN, defined

OLD = defined("Patient", "ImagingStudy>4.0<5.0", invariants=("true",), content=Content(parts={"a": BOOLEAN}))
NARROWED, ADDED = defined("Patient", "ImagingStudy>4.3<5.0"), defined("Patient", "ImagingStudy", "Task")
CHANGES: dict[str, tuple[ExtensionDefinition, list[str]]] = {
    "nothing": (OLD, []),
    "words": (replace(OLD, title="T", reason="clearer", status="active", version="2"), []),
    "the kind": (replace(OLD, is_modifier=False), ["it is no modifier any more"]),
    "a context more, one wider": (replace(OLD, contexts=ADDED.contexts), []),
    "everywhere": (replace(OLD, contexts=defined("Element").contexts), []),
    "no context": (replace(OLD, contexts=()), []),
    "a context less": (replace(OLD, contexts=OLD.contexts[:1]), ["the context ImagingStudy was removed or narrowed"]),
    "a context narrower": (replace(OLD, contexts=NARROWED.contexts), ["the context ImagingStudy was removed or narrowed"]),
    "an invariant more": (replace(OLD, invariants=("true", "false")), ["it demands another context invariant"]),
    "an invariant less": (replace(OLD, invariants=()), []),
    "a part more": (replace(OLD, content=Content(parts={"a": BOOLEAN, "b": BOOLEAN})), ["the parts declared changed"]),
    "within a part": (
        replace(OLD, content=Content(parts={"a": replace(BOOLEAN, types=frozenset({"code"}), maximum=2)})),
        ["the value types of the part a changed", "the cardinality of the part a changed"],
    ),
    "the content": (
        replace(OLD, content=Content(frozenset({"code"}), needs_value=True, may_have_parts=False)),
        [
            "the value types changed",
            "whether a value must be there changed",
            "whether parts may be there changed",
            "the parts declared changed",
        ],
    ),
}


@pytest.mark.parametrize(("new", "expected"), CHANGES.values(), ids=CHANGES)
def test_changes(new: ExtensionDefinition, expected: list[str]) -> None:
    """Contexts may be added; what decides otherwise stays (MX-113, MX-114)."""
    assert list(changes(OLD, new)) == expected


def test_from_everywhere_to_somewhere() -> None:
    """A definition without contexts allowed all; one that becomes a modifier is another."""
    assert list(changes(defined(), defined("Patient"))) == ["it has contexts of use now, and had none"]
    assert list(changes(replace(OLD, is_modifier=False), OLD)) == ["it is a modifier now"]
