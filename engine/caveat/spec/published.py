"""The generated definitions that are built in, decoded; `build_definitions.py` makes them and says how they are written.

Rule 1: the files are read when a definition is first asked for, not before: few checks need one.
"""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from caveat.domain.errors import CaveatError
from caveat.spec.definition import Content, Context, ContextKind, ExtensionDefinition
from caveat.spec.definition_reader import ANY_VALUE
from caveat.spec.release import Release

TEXTS = ("version", "name", "title", "status", "publisher", "reason")
"""The fields of a definition that are one text each."""

Json = Mapping[str, Any]


def listed_modifier(url: str, release: Release) -> ExtensionDefinition:
    """Return a modifier that is listed for `release` (`published_modifiers`), in full where HL7 itself publishes it."""
    shown = _section("modifiers", release).get(url) or _section("modifiers", "all")[url]
    return ExtensionDefinition(
        url=url,
        is_modifier=True,
        fhir_versions=tuple(shown.get("fhir_versions", ())),
        contexts=tuple(_context(context) for context in shown["contexts"]),
        invariants=tuple(shown.get("invariants", ())),
        content=_content(shown["content"]),
        is_whole=shown.get("is_whole", True),
        is_cross_version=shown.get("is_cross_version", False),
        **{name: shown[name] for name in TEXTS if name in shown},
    )


def listed_plain(url: str, release: Release) -> ExtensionDefinition:
    """Return a plain extension that is listed for `release` (`published_extensions`), in brief."""
    base, slash, ending = url.rpartition("/")
    group = base + slash
    own, common = (_section("plain", section).get(group, {}) for section in (release, "all"))
    title, status, publisher, types, *contexts = own.get(ending) or common[ending]
    return ExtensionDefinition(
        url=url,
        is_modifier=False,
        title=title,
        status=status,
        publisher=_file("plain")["publishers"]["all"][publisher],
        contexts=tuple(_context(context) for context in contexts),
        content=Content(types=_types(types)),
        is_whole=False,
    )


def _section(name: str, section: str) -> Json:
    found: Json = _file(name).get(section, {})
    return found


@cache
def _file(name: str) -> Json:
    data = pkgutil.get_data("caveat.spec.tables", f"{name}.json")
    if data is None:
        raise CaveatError("the package was installed in a way that its definitions cannot be read from")
    decoded: Json = json.loads(data)
    return decoded


def _context(shown: Sequence[str | None]) -> Context:
    kind, expression, *bounds = shown
    return Context(ContextKind(str(kind)), str(expression), *bounds)


def _content(shown: Json) -> Content:
    """Decode what an extension or a part may hold; what is not written is the default."""
    stated = {name: value for name, value in shown.items() if name not in {"types", "parts"}}
    parts = {url: _content(part) for url, part in shown.get("parts", {}).items()}
    return Content(types=_types(shown["types"]), parts=parts, **stated)


def _types(shown: str) -> frozenset[str]:
    return ANY_VALUE if shown == "*" else frozenset(shown.split("|")) - {""}
