"""Where an element stands: its location, its paths, and the names by which rules may call it.

Rule 1: nothing here is computed for elements that hold no occurrence; a frame only remembers the way down.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

from caveat.domain.decision import Carrier
from caveat.spec.shape import Child, Shape

_SLOTS = frozenset({"extension", "modifierExtension"})
_SHOWABLE = frozenset({"generated", "extensions"})


class Frame(NamedTuple):
    """One object on the way down: the object, its shape, the frame above, and the property, index and child that lead here.

    `parent` is None at the root of the input. `child` is None where the way is not FHIR's. An element checked alone has
    frames above it whose `node` is None: nobody has seen them.
    """

    node: Any
    shape: Shape
    parent: Frame | None = None
    key: str = ""
    index: int | None = None  # type: ignore[assignment]  # it hides tuple.index, which nobody calls
    child: Child | None = None

    @property
    def is_resource(self) -> bool:
        """Whether a resource begins here."""
        return self.shape.kind == "resource" and (self.parent is None or self.child is None or self.child.shape is None)

    @property
    def is_extension(self) -> bool:
        """Whether it is an entry of `extension` or `modifierExtension`, whatever arrays it stands in."""
        return self.child is not None and self.child.segment in _SLOTS


@dataclass(frozen=True, slots=True)
class _Named:
    """A frame with its long path, its short path and its type-relative names."""

    frame: Frame
    path: str
    short_path: str
    names: frozenset[str]


def location_of(frame: Frame) -> str:
    """Return where `frame` stands: JSON names with indexes from the root of the input."""
    steps: list[str] = []
    at: Frame = frame
    while at.parent is not None and at.parent.node is not None:
        steps.append(at.key if at.index is None else f"{at.key}[{at.index}]")
        at = at.parent
    root = at.shape.name if at.parent is None else _named(at)[-1].path
    return ".".join([root, *reversed(steps)])


def carrier_of(frame: Frame) -> Carrier:
    """Return the element that `frame` stands for, with every name by which a rule may call it."""
    line = _named(frame)
    here = line[-1]
    holder = next((above for above, below in pairwise(line) if below.frame.is_extension), here)
    siblings, count, minimum = _siblings(frame)
    return Carrier(
        location=location_of(frame),
        path=here.path,
        short_path=here.short_path,
        resource_type=line[0].frame.shape.name,
        names=here.names,
        within=frozenset().union(*(named.names for named in line)),
        scope_path=holder.short_path,
        is_root=frame.is_resource or frame.parent is None or frame.parent.node is None,
        in_extension_value=any(_is_extension_value(named.frame) for named in line),
        has_narrative=_has_narrative(frame),
        siblings=siblings,
        count=count,
        minimum=minimum,
    )


def is_lawful(frame: Frame, *, lists_matter: bool = True) -> bool:
    """Return whether FHIR allows a modifier extension on `frame`: its shape carries, and no contained resource nests.

    Where `lists_matter`, everything from the root down stands in an array if it may repeat, and in none if it may not.
    """
    if not frame.shape.carries or _nests(frame) or any(_is_foreign_extension(at) for at in _upward(frame)):
        return False
    return not lists_matter or not any(_is_in_wrong_list(at) for at in _upward(frame))


def _upward(frame: Frame) -> Iterator[Frame]:
    """Give `frame` and all frames above it."""
    at: Frame | None = frame
    while at is not None:
        yield at
        at = at.parent


def _nests(frame: Frame) -> bool:
    """Return whether `frame` lies in a contained resource of a contained resource (dom-2)."""
    keys = [at.key for at in _upward(frame) if at.is_resource]
    return any(inner == outer == "contained" for inner, outer in pairwise(keys))


def _is_foreign_extension(frame: Frame) -> bool:
    """Return whether `frame` is an extension where FHIR allows none: on a Bundle, say, or on what FHIR does not know."""
    return frame.is_extension and frame.parent is not None and frame.key.partition("[")[0] not in frame.parent.shape.children


def _is_in_wrong_list(frame: Frame) -> bool:
    """Return whether `frame` stands alone though it may repeat, in an array though it may not, or in an array of arrays."""
    if frame.child is None or frame.parent is None or frame.parent.node is None:
        return False
    return (frame.index is None) == (frame.child.maximum != 1) or frame.key.endswith("]")


def _named(frame: Frame) -> list[_Named]:
    """Return the frames from the beginning of the resource down to `frame`, each with its names."""
    frames: list[Frame] = []
    for at in _upward(frame):
        frames.append(at)
        if at.is_resource:
            break
    line: list[_Named] = []
    starts: list[tuple[str, str]] = []  # a data type, and the long path it stands at
    for at in reversed(frames):
        line.append(_name(at, line, starts))
    return line


def _name(frame: Frame, line: list[_Named], starts: list[tuple[str, str]]) -> _Named:
    """Return `frame` with its names, given the line above it and the data types that it stands in (added to `starts`).

    An element whose content refers to one above it has the short path of the nearest one of that content.
    """
    if not line:
        name = frame.shape.name
        return _Named(frame, name, name, frozenset({name, "*"} if frame.shape.kind == "resource" else {name}))
    segment = frame.child.segment if frame.child is not None else frame.key
    path = f"{line[-1].path}.{segment}"
    short = f"{line[-1].short_path}.{segment}"
    if frame.child is not None and frame.child.ancestor is not None:
        short = next((above.short_path for above in reversed(line) if above.frame.shape is frame.shape), short)
    if frame.shape.kind == "datatype":
        starts.append((frame.shape.name, path))
    relative = {name + path[len(start) :] for name, start in starts}
    return _Named(frame, path, short, frozenset({path, short} | relative))


def _is_extension_value(frame: Frame) -> bool:
    """Return whether `frame` is the value of an extension."""
    return frame.parent is not None and frame.parent.shape.name == "Extension" and not frame.is_extension


def _siblings(frame: Frame) -> tuple[str, int, int]:
    """Return the location of the list that `frame` stands in, how many stand there, and how many must."""
    if frame.parent is None or frame.parent.node is None or frame.child is None:
        return location_of(frame), 1, 0
    group = frame.parent.node.get(frame.key) if isinstance(frame.parent.node, dict) else None
    count = len(group) if isinstance(group, list) else 1
    return f"{location_of(frame.parent)}.{frame.key}", count, frame.child.minimum


def _has_narrative(frame: Frame) -> bool:
    """Return whether the resource's own narrative (its container's, when contained) may be shown to a person (MX-36, 37)."""
    for at in _upward(frame):
        if at.is_resource and at.key != "contained":
            text = at.node.get("text") if isinstance(at.node, dict) and "text" in at.shape.children else None
            status = text.get("status") if isinstance(text, dict) else None
            return isinstance(status, str) and status in _SHOWABLE
    return False
