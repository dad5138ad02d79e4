"""What changed between two versions of one extension's definition, of all that must never change (fhir-rules MX-113, MX-114).

Rule 1: contexts may be added, never removed or narrowed; everything else that decides stays as it was. Words may be made clearer.
"""

from __future__ import annotations

from collections.abc import Iterator

from caveat.spec.context import ANYWHERE
from caveat.spec.definition import Content, Context, ContextKind, ExtensionDefinition


def changes(old: ExtensionDefinition, new: ExtensionDefinition) -> Iterator[str]:
    """Give in a few words each what `new` changes that an application may rely on in `old`."""
    if old.is_modifier != new.is_modifier:
        yield "it is a modifier now" if new.is_modifier else "it is no modifier any more"
    for context in old.contexts:
        if new.contexts and not any(_includes(each, context) for each in new.contexts):
            yield f"the context {context.expression} was removed or narrowed"
    if new.contexts and not old.contexts:
        yield "it has contexts of use now, and had none"
    if set(new.invariants) - set(old.invariants):
        yield "it demands another context invariant"
    yield from _content_changes(old.content, new.content, "")


def _includes(new: Context, old: Context) -> bool:
    """Return whether all that `old` allows is allowed by `new`."""
    is_anywhere = new.kind is ContextKind.ELEMENT and new.expression in ANYWHERE and old.kind is ContextKind.ELEMENT
    is_same = (new.kind, new.expression) == (old.kind, old.expression)
    return (is_same or is_anywhere) and new.earliest in {None, old.earliest} and new.latest in {None, old.latest}


def _content_changes(old: Content, new: Content, of: str) -> Iterator[str]:
    """Give what changed in what an extension, or its part `of`, may hold."""
    for what, before, after in (
        ("the value types", old.types, new.types),
        ("whether a value must be there", old.needs_value, new.needs_value),
        ("whether parts may be there", old.may_have_parts, new.may_have_parts),
        ("the cardinality", (old.minimum, old.maximum), (new.minimum, new.maximum)),
        ("the parts declared", old.parts.keys(), new.parts.keys()),
    ):
        if before != after:
            yield f"{what}{of} changed"
    for url in sorted(old.parts.keys() & new.parts.keys()):
        yield from _content_changes(old.parts[url], new.parts[url], f" of the part {url}")
