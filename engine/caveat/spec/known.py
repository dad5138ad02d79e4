"""What HL7's published definitions say of an extension url: modifier, plain, or nothing.

Rule 1: urls are compared exactly, never normalised. Rule 2: a modifier in any source is a modifier.
Rule 3: a cross-version extension is a modifier when the element that it stands for is one (fhir-rules MX-131).
"""

from __future__ import annotations

import re
from functools import cache

from caveat.spec.release import Release
from caveat.spec.shape import tables

_SOURCES = {"4.0": Release.R4, "4.3": Release.R4B, "5.0": Release.R5}
_CROSS_VERSION = re.compile(r"http://hl7\.org/fhir/(\d\.\d)/StructureDefinition/extension-([A-Za-z0-9.]+(?:\[x\])?)")


def published_kind(url: str, release: Release) -> bool | None:
    """Return True when `url` is published as a modifier extension, False when as a plain one, None when not known.

    Cross-version urls are computed from the tables of the release that they name.
    """
    if url in published_modifiers(release):
        return True
    if url in _published(release, "plain"):
        return False
    return _cross_version_kind(url)


@cache
def published_modifiers(release: Release) -> frozenset[str]:
    """Return the urls listed as modifier extensions for `release`; cross-version ones only as far as listed."""
    return _published(release, "modifiers")


@cache
def published_extensions(release: Release) -> frozenset[str]:
    """Return every url listed as an extension for `release`, modifier or plain."""
    return published_modifiers(release) | _published(release, "plain")


@cache
def _published(release: Release, group: str) -> frozenset[str]:
    listed = tables(release).published[group]
    return frozenset(base + ending for base, endings in listed.items() for ending in endings.split(" "))


def _cross_version_kind(url: str) -> bool | None:
    """Return whether the element that a cross-version url stands for is a modifier; None when there is no such element."""
    match = _CROSS_VERSION.fullmatch(url.replace("%5Bx%5D", "[x]"))
    source = _SOURCES.get(match[1]) if match else None
    if match is None or source is None:
        return None
    parent, _, segment = match[2].rpartition(".")
    shape = tables(source).shape(parent)
    children = shape.children.values() if shape else ()
    return next((child.is_modifier for child in children if child.segment == segment), None)
