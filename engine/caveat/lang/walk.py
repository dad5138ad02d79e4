"""Every syntax node below a node, in the order written, whatever its kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from typing import TypeVar

from caveat.domain.diagnostic import Span

Node = TypeVar("Node")


@cache
def _parts(kind: type) -> tuple[str, ...]:
    """Return the fields of a node kind that may hold further nodes."""
    return tuple(part.name for part in fields(kind) if part.name not in ("span", "comments"))


def nodes(root: object, kind: type[Node]) -> Iterator[Node]:
    """Yield `root` and all nodes below it that are of `kind`; without recursion, so depth cannot end it."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, kind):
            yield node
        if isinstance(node, tuple):
            waiting.extend(reversed(node))
        elif is_dataclass(node) and not isinstance(node, (type, Span)):
            waiting.extend(getattr(node, name) for name in reversed(_parts(type(node))))
