"""Decides how little of a document has to be read and walked for the same report as with all of it.

Rule 1: the strict read comes first, whatever the bytes show; what it refuses is refused.
Rule 2: what is passed by is proven to hold nothing: no occurrence, and below the root no native modifier that is to be told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from caveat.intake.json_reader import read_in_short, read_json
from caveat.intake.limits import Limits
from caveat.intake.repeats import LEAST
from caveat.intake.root import Wire
from caveat.intake.scan import count_names, counts_one_resource, may_spell
from caveat.spec.native import native_modifiers, spellings_below
from caveat.spec.release import Release
from caveat.spec.shape import Place, tables

_HOLDS_RESOURCES = frozenset({"contained", "entry", "parameter", "issues"})


class Asked(Protocol):
    """The part of a question that says how a document is read."""

    @property
    def release(self) -> Release:
        """The release that it is of."""

    @property
    def at(self) -> Place | None:
        """The place or type expected."""

    @property
    def wire(self) -> Wire:
        """How it was asked for."""

    @property
    def limits(self) -> Limits:
        """How much is read of it."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was read, or why it was not, and how often `modifierExtension` may stand in it, when occurrences can be nowhere else.

    `names` is None where all of it is to be walked. `is_short`: of rows of objects that hold nothing only the first was read; it
    stands for all of them.
    """

    tree: object
    names: int | None
    is_short: bool = False


def glance(asked: Asked, raw: bytes, *, in_short: bool) -> Seen | None:
    """Read a JSON document, in short where that is allowed and pays; None where all of it is to be read, and nothing is known.

    It is one resource, in bytes that spell no occurrence elsewhere, and no native modifier below the root that changes meaning.
    """
    if len(raw) > asked.limits.bytes or asked.wire is not Wire.FHIR or (asked.at is not None and not asked.at.is_root):
        return None
    names = count_names(raw)
    if names is None or not counts_one_resource(raw):
        return None
    is_short = in_short and len(raw) > LEAST
    tree = read_in_short(raw, asked.limits) if is_short else read_json(raw, asked.limits)
    if isinstance(tree, dict) and _is_plain(asked, raw, tree, is_short=is_short):
        return Seen(tree, names, is_short)
    return None if is_short and isinstance(tree, dict) else Seen(tree, None)


def _is_plain(asked: Asked, raw: bytes, tree: Mapping[str, Any], *, is_short: bool) -> bool:
    """Return whether the document is one resource of the type expected, with no native modifier below the root to be told."""
    kind = tree.get("resourceType")
    read = tables(asked.release)
    if not isinstance(kind, str) or kind not in read.resource_types or (asked.at is not None and asked.at.path != kind):
        return False
    if not _HOLDS_RESOURCES.isdisjoint(tree):
        return False
    shape = read.required(kind)
    if is_short and any(isinstance(tree.get(name), dict | list) for name in native_modifiers(shape)):
        return False  # its codings are looked at one by one
    return not may_spell(raw, spellings_below(shape))
