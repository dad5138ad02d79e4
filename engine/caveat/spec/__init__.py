"""What FHIR itself says: its releases, the shapes of its types, the extensions that HL7 publishes."""

from caveat.spec.known import published_definition, published_extensions, published_kind, published_modifiers
from caveat.spec.release import Release
from caveat.spec.shape import Child, Place, Shape, Tables, tables

__all__ = [
    "Child",
    "Place",
    "Release",
    "Shape",
    "Tables",
    "published_definition",
    "published_extensions",
    "published_kind",
    "published_modifiers",
    "tables",
]
