"""What HL7's published definitions say of an extension url: modifier, plain, or nothing.

Rule 1: urls are compared exactly, never normalised. Rule 2: a modifier in any source is a modifier.
Rule 3: a cross-version extension is a modifier when the element that it stands for is one (fhir-rules MX-131).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache

from caveat.spec.cross_version import cross_version_definition, cross_version_kind
from caveat.spec.definition import ExtensionDefinition
from caveat.spec.release import Release
from caveat.spec.shape import tables

_LONGEST = 512  # letters of a url that is remembered

Known = Callable[[str], bool | None]
"""Whether a url is a known modifier (True), a known plain extension (False), or not known (None)."""


def published_kind(url: str, release: Release) -> bool | None:
    """Return True when `url` is published as a modifier extension, False when as a plain one, None when not known.

    Cross-version urls are computed from the tables of the release that they name.
    """
    return _kept_kind(url, release) if len(url) <= _LONGEST else _kind(url, release)


@lru_cache(maxsize=4096)
def _kept_kind(url: str, release: Release) -> bool | None:
    return _kind(url, release)


def _kind(url: str, release: Release) -> bool | None:
    if url in published_modifiers(release):
        return True
    if url in _published(release, "plain"):
        return False
    return cross_version_kind(url)


def published_definition(url: str, release: Release) -> ExtensionDefinition | None:
    """Return what HL7's published definitions say of an extension url, None when they do not know it.

    It never says otherwise than `published_kind`. A modifier that HL7 publishes is whole. A plain extension is known in brief:
    title, status, publisher, contexts and value types; so is a modifier of somebody else, and a cross-version extension that is
    not listed, which stands for an element (MX-130 to MX-136).
    """
    kind = published_kind(url, release)
    if kind is None:
        return None
    if url not in published_extensions(release):
        return cross_version_definition(url)
    from caveat.spec.published import listed_modifier, listed_plain  # noqa: PLC0415  seldom needed, and it reads two files

    return listed_modifier(url, release) if kind else listed_plain(url, release)


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
