"""Whether a resource says that elements were left out of it: the tag SUBSETTED (MX-44).

Rule 1: a tag without a system, or with one that is no string, is taken at its word; another system's code is another code.
"""

from __future__ import annotations

from typing import Any

_OBSERVATION_VALUE = frozenset(
    {
        "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
        "http://hl7.org/fhir/v3/ObservationValue",
    }
)


def is_subsetted(meta: Any) -> bool:
    """Return whether a resource's `meta` says that elements were left out."""
    said = [each.get("tag") for each in (meta if isinstance(meta, list) else [meta]) if isinstance(each, dict)]
    return any(_is_subsetted_tag(tag) for tags in said for tag in (tags if isinstance(tags, list) else [tags]))


def _is_subsetted_tag(tag: Any) -> bool:
    if not isinstance(tag, dict) or tag.get("code") != "SUBSETTED":
        return False
    system = tag.get("system")
    return not system or not isinstance(system, str) or system in _OBSERVATION_VALUE
