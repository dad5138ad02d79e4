"""Decides how little of a document has to be read and walked for the same report as with all of it.

Rule 1: the strict read comes first, whatever the bytes show; what it refuses is refused.
Rule 2: what is passed by is proven to hold nothing: no occurrence, and below the root no native modifier that is to be told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final, Protocol

from caveat.intake.json_reader import read_in_short, read_json
from caveat.intake.limits import Limits
from caveat.intake.repeats import LEAST
from caveat.intake.root import Wire
from caveat.intake.scan import count_names, holds_extensions, may_spell, names_one_type, spells_modifier
from caveat.spec.known import Known
from caveat.spec.native import Spellings, native_modifiers, spellings_below
from caveat.spec.release import Release
from caveat.spec.shape import Place, Shape, tables

# INVARIANT: whatever may hold any resource stands in one of these properties of a resource (a test goes through all tables).
HOLDERS: Final = frozenset({"contained", "entry", "parameter", "issues"})
_FHIR: Final = Wire.FHIR
_NO_TYPE: Final = (None, ())


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

    @property
    def known(self) -> Known:
        """Which urls are modifiers."""


@dataclass(slots=True)
class Seen:
    """What was read, or why it was not; where not all of it need be walked, how often `modifierExtension` may stand in it.

    `names` and `shape`, that of the root, are None where all of it is to be walked; else occurrences can be nowhere but under
    that name. `is_short`: of rows of objects that hold nothing only the first was read; it stands for all of them.
    It is never changed; one that is frozen takes three times as long to make.
    """

    tree: object
    names: int | None = None
    shape: Shape | None = None
    is_short: bool = False


def glance(asked: Asked, raw: bytes, *, in_short: bool) -> Seen | None:
    """Read a JSON document, in short where that is allowed and pays; None where all of it is to be read, and nothing is known.

    It is one resource, in bytes that spell no occurrence elsewhere, and no native modifier below the root that changes meaning.
    Where there are extensions, none of them is a known modifier, and nothing is a modifier extension.
    """
    limits = asked.limits
    if len(raw) > limits.bytes or asked.wire is not _FHIR or (asked.at is not None and not asked.at.is_root):
        return None
    names = count_names(raw)
    if names is None or not names_one_type(raw):
        return None
    extended = holds_extensions(raw)
    is_short = in_short and len(raw) > LEAST and not (extended and names)
    tree = read_in_short(raw, limits) if is_short else read_json(raw, limits)
    shape = _plain_shape(asked, raw, tree, is_short=is_short) if isinstance(tree, dict) else None
    if shape is not None and not (extended and (names or _tells_in_extensions(asked, raw))):
        return Seen(tree, names, shape, is_short)
    return None if is_short and isinstance(tree, dict) else Seen(tree)


def _tells_in_extensions(asked: Asked, raw: bytes) -> bool:
    """Return whether an extension may be a known modifier, or hold a native modifier that is to be told."""
    return may_spell(raw, _spellings_in_extensions(asked.release)) or spells_modifier(raw, asked.known)


def _plain_shape(asked: Asked, raw: bytes, tree: Mapping[str, Any], *, is_short: bool) -> Shape | None:
    """Return the shape of the one resource that a document is; None unless it is of the type expected, with nothing to be told.

    That would be a native modifier below the root.
    """
    kind = tree.get("resourceType")
    shape, spellings = _root(asked.release, kind) if isinstance(kind, str) else _NO_TYPE
    if shape is None or (asked.at is not None and asked.at.path != kind) or not HOLDERS.isdisjoint(tree):
        return None
    if is_short and any(isinstance(tree.get(name), dict | list) for name in native_modifiers(shape)):
        return None  # its codings are looked at one by one
    return None if may_spell(raw, spellings) else shape


@cache
def _spellings_in_extensions(release: Release) -> Spellings:
    """Return how native modifiers that may be told are spelt in the values of extensions."""
    return spellings_below(tables(release).required("Extension"))


@lru_cache(maxsize=1024)
def _root(release: Release, kind: str) -> tuple[Shape | None, Spellings]:
    """Return the shape of the resource type `kind`, and how native modifiers below it are spelt; None of no type."""
    read = tables(release)
    if kind not in read.resource_types:
        return _NO_TYPE
    shape = read.required(kind)
    return shape, spellings_below(shape)
