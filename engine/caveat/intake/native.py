"""FHIR's own modifier elements on one object that have a value out of the ordinary: found and named, never decided.

Rule 1: the value is not kept; it is the patient's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from caveat.domain.report import NativeModifier
from caveat.intake.carrier import Frame, Memo, standing_of
from caveat.spec.native import changes_meaning, native_modifiers, ordinary_codes
from caveat.spec.shape import Child, Shape


def is_ordinary(node: Mapping[str, Any], shape: Shape) -> bool:
    """Return True only where `natives_at` gives nothing for an object of that shape; it costs less to ask."""
    for name, child, codes in ordinary_codes(shape):
        value = node.get(name)
        if value.__class__ is str and value in codes:
            continue  # most documents have one code, and go no further
        if value is None:
            if "_" + name in node:
                return False
        elif value.__class__ is list or changes_meaning(child, value):
            return False
    return True


def natives_at(frame: Frame, memo: Memo) -> Iterator[NativeModifier]:
    """Give each native modifier of the object that `frame` is which changes meaning, an entry of an array by itself.

    Null is no value. An element without one, known only by its companion (`_status`), is given under that name.
    """
    for name, child in native_modifiers(frame.shape).items():
        value = frame.node.get(name)
        if value is not None:
            yield from _told(frame, memo, name, child, value)
        elif frame.node.get("_" + name) is not None:
            yield _native(frame, memo, "_" + name, child)


def _told(frame: Frame, memo: Memo, name: str, child: Child, value: object) -> Iterator[NativeModifier]:
    """Give the values of one property that change meaning."""
    if not isinstance(value, list):
        if changes_meaning(child, value):
            yield _native(frame, memo, name, child)
        return
    for index, item in enumerate(value):
        if item is not None and changes_meaning(child, item):
            yield _native(frame, memo, f"{name}[{index}]", child)


def _native(frame: Frame, memo: Memo, step: str, child: Child) -> NativeModifier:
    here = standing_of(frame, memo)
    return NativeModifier(f"{here.location}.{step}", f"{here.named.kind.path}.{child.segment}")
