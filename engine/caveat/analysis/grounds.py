"""What decides before rules are asked: what the lock or HL7's tables know of a url, and what its definition allows.

Rule 1: only a plain no counts. What cannot be told (a slice, FHIRPath) is taken as allowed, so that nothing is called impossible
that may happen.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from caveat.analysis.sites import Site
from caveat.analysis.specimen import Planted, extension
from caveat.analysis.values import COMPLEX
from caveat.judge.allowed import definitions_of
from caveat.policy.policy import Policy
from caveat.spec.context import Spot, any_of, counts, element_allows, spot_of
from caveat.spec.definition import ContextKind, ExtensionDefinition
from caveat.spec.known import published_kind
from caveat.spec.release import Release
from caveat.spec.shape import tables


class Grounds:
    """The structural grounds of some policies: where a url is lawful for at least one of them."""

    def __init__(self, policies: tuple[Policy, ...]) -> None:
        """Look at the locked definitions of `policies`; nothing is read before it is asked for."""
        self._policies = policies
        self._allowed: dict[tuple[str, Site], bool] = {}
        self._bases: dict[tuple[str, Release], Mapping[str, Any] | None] = {}
        self._known: dict[tuple[str, Release], bool | None] = {}
        self._definitions: dict[tuple[str, Release], ExtensionDefinition | None] = {}

    def kind(self, url: str, release: Release) -> bool | None:
        """Return whether the lock, else HL7's tables, call `url` a modifier (True) or plain (False)."""
        key = (url, release)
        if key not in self._known:
            locked = [
                policy.library.definitions[url].is_modifier for policy in self._policies if url in policy.library.definitions
            ]
            self._known[key] = any(locked) if locked else published_kind(url, release)
        return self._known[key]

    def definition(self, url: str, release: Release) -> ExtensionDefinition | None:
        """Return the definition of a url, of the first policy that has one."""
        key = (url, release)
        if key not in self._definitions:
            found = (definitions_of(policy, release)(url) for policy in self._policies)
            self._definitions[key] = next((each for each in found if each is not None), None)
        return self._definitions[key]

    def allow(self, url: str, site: Site) -> bool:
        """Return whether a lawful modifier of this url can stand at `site`, as far as anybody can tell."""
        if self.kind(url, site.release) is False:
            return False
        definition = self._held(url, site.release)
        if definition is None or definition.is_cross_version or not definition.contexts:
            return True
        key = (url, site)
        if key not in self._allowed:
            self._allowed[key] = self._is_in_context(definition, site)
        return self._allowed[key]

    def types(self, url: str, release: Release) -> frozenset[str] | None:
        """Return the value types that the definition of a url allows, `complex` for parts; None when nobody knows."""
        definition = self._held(url, release)
        if definition is None:
            return None
        content = definition.content
        parts = {COMPLEX} if content.may_have_parts and not content.needs_value else set()
        return frozenset(content.types) | parts

    def base(self, url: str, release: Release) -> Mapping[str, Any] | None:
        """Return a content with the parts that the definition of a url demands; None when it declares none, or is not known."""
        key = (url, release)
        if key not in self._bases:
            definition = self._held(url, release)
            made = None
            if definition is not None and definition.content.parts:
                planted = Planted(url, "", None, COMPLEX, definition.content)
                made = {name: value for name, value in extension(planted, tables(release)).items() if name != "url"}
            self._bases[key] = made
        return self._bases[key]

    def is_once(self, url: str, release: Release) -> bool:
        """Return whether two of a url on one carrier cannot contradict each other and be lawful, by its definition."""
        return self._held(url, release) is not None

    def is_several(self, url: str, release: Release) -> bool:
        """Return whether two of a url on one carrier may be lawful: its definition allows it, or is not known."""
        definition = self._held(url, release)
        return definition is None or definition.content.maximum is None or definition.content.maximum > 1

    def _held(self, url: str, release: Release) -> ExtensionDefinition | None:
        """Return the definition that occurrences are held to, which is one that is known in full."""
        definition = self.definition(url, release)
        return definition if definition is not None and definition.is_whole else None

    def _is_in_context(self, definition: ExtensionDefinition, site: Site) -> bool:
        """Return whether a context allows the place, or may."""
        read = tables(site.release)
        spot = _spot_at(site)
        contexts = [each for each in definition.contexts if counts(each, site.release)]
        plain = any_of(element_allows(c.expression, spot, read) for c in contexts if c.kind is ContextKind.ELEMENT)
        return plain is not False or any(each.kind is ContextKind.FHIRPATH for each in contexts)


@cache
def _spot_at(site: Site) -> Spot:
    """Return what contexts of use look at, once for each place: a hundred definitions may ask of all of them."""
    read = tables(site.release)
    return spot_of(read, read.resolve(site.path), site.names)
