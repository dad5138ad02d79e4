"""What an extension is: one that modifies or not, where it may stand, and what it may hold, as its StructureDefinition says.

Rule 1: a definition is words and bounds alone; whether an occurrence obeys it is decided elsewhere.
Rule 2: whether an extension modifies is said by the root element of its snapshot or of its differential (MX-75, MX-104).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class ContextKind(StrEnum):
    """How a context of use says where: an element, an extension that it is part of, or a FHIRPath expression."""

    ELEMENT = "element"
    EXTENSION = "extension"
    FHIRPATH = "fhirpath"


@dataclass(frozen=True, slots=True)
class Context:
    """One place where an extension may stand (`StructureDefinition.context`).

    `earliest` and `latest` bound it to FHIR versions, inclusive, as `4.0` or `4.0.1` (version-specific use, MX-82).
    """

    kind: ContextKind
    expression: str
    earliest: str | None = None
    latest: str | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """What an extension, or a part of one, may hold: a value of some types, or parts.

    `types` are the FHIR types that its value may have, empty when it may have none. `needs_value`: a value must be there.
    `parts` are those declared, by url; `may_have_parts` is False when none is allowed at all. `minimum` and `maximum` say how
    often it may stand on one element or in one extension, None being unbounded.
    """

    types: frozenset[str] = frozenset()
    needs_value: bool = False
    may_have_parts: bool = True
    parts: Mapping[str, Content] = field(default_factory=dict)
    minimum: int = 0
    maximum: int | None = None


@dataclass(frozen=True, slots=True)
class ExtensionDefinition:
    """One definition of an extension.

    `reason` is `isModifierReason` as the author gave it (of the differential where there is one, MX-116). `invariants` are the
    FHIRPath expressions of `contextInvariant`. `package` is `name#version`, None for what is built in. `base` is the url of
    another extension that it constrains, whose flag it has too (MX-104). `is_whole` says that
    contexts and content are known; a definition known by name alone answers only whether it modifies. `digest` is the SHA-256
    of its canonical JSON, with `sha256:` before it, None where it was computed and never published. `is_cross_version`: it
    stands for an element of another release (MX-130), and its contexts may have other names here (MX-134).
    """

    url: str
    is_modifier: bool
    version: str | None = None
    name: str | None = None
    title: str | None = None
    status: str | None = None
    publisher: str | None = None
    reason: str | None = None
    fhir_versions: tuple[str, ...] = ()
    contexts: tuple[Context, ...] = ()
    invariants: tuple[str, ...] = ()
    content: Content = Content()
    package: str | None = None
    digest: str | None = None
    base: str | None = None
    is_whole: bool = True
    is_cross_version: bool = False


@dataclass(frozen=True, slots=True)
class Package:
    """A FHIR package as the lock pins it: `sha256` is of the archive, or of the files of a folder, in hexadecimal."""

    name: str
    version: str
    sha256: str

    @property
    def label(self) -> str:
        """The package as `use` writes it."""
        return f"{self.name}#{self.version}"


@dataclass(frozen=True, slots=True)
class Library:
    """The definitions that a policy takes from locked packages, and the packages; empty for a policy without `use`.

    `by_package` has the definitions of each package by url, under `name#version`, also of those locked only to compare with.
    """

    definitions: Mapping[str, ExtensionDefinition] = field(default_factory=dict)
    packages: tuple[Package, ...] = ()
    by_package: Mapping[str, Mapping[str, ExtensionDefinition]] = field(default_factory=dict)
