"""JSON objects that record what is read of them: dicts that tell whoever listens which names are taken.

Rule 1: what does not take one element by its name is a dict's own, and tells nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any

from caveat.pytest_plugin.standing import Spot, spot_below

Touch = Callable[[Spot, str, FrameType], None]
"""What is told of a read: where the object stands, the name in JSON, and the frame that took it."""


def traced(touch: Touch, node: Any, spot: Spot | None) -> Any:
    """Return a copy of a JSON value that records what is read of it; None in place of `spot` leaves it untraced."""
    if isinstance(node, Mapping):
        inner = {name: traced_below(touch, value, spot, name) for name, value in node.items()}
        return TracedObject(touch, spot, inner) if spot is not None else inner
    if isinstance(node, list):
        return [traced(touch, each, spot) for each in node]
    return node


def traced_below(touch: Touch, node: Any, spot: Spot | None, name: str) -> Any:
    """Return what stands under `name`, traced; each item of a list may be a resource of another type."""
    if isinstance(node, list):
        return [traced_below(touch, each, spot, name) for each in node]
    return traced(touch, node, spot_below(spot, name, node) if spot is not None else None)


class TracedObject(dict[str, Any]):
    """A JSON object that records what is read of it."""

    __slots__ = ("_spot", "_touched")

    def __init__(self, touch: Touch, spot: Spot, content: Mapping[str, Any]) -> None:
        """Hold `content`, whose own objects are traced already."""
        super().__init__(content)
        self._touched, self._spot = touch, spot

    def __getitem__(self, name: str) -> Any:
        self._touch(name, _caller())
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        self._touch(name, _caller())
        return super().__contains__(name)

    def get(self, name: str, default: Any = None) -> Any:
        """Return what stands under `name`."""
        self._touch(name, _caller())
        return super().get(name, default)

    def pop(self, name: str, *default: Any) -> Any:
        """Take what stands under `name`."""
        self._touch(name, _caller())
        return super().pop(name, *default)

    def setdefault(self, name: str, default: Any = None) -> Any:
        """Return what stands under `name`, put there when it is not."""
        self._touch(name, _caller())
        return super().setdefault(name, default)

    def copy(self) -> TracedObject:
        """Return a copy that goes on recording."""
        return TracedObject(self._touched, self._spot, self)

    __copy__ = copy

    def __deepcopy__(self, memo: dict[int, Any]) -> TracedObject:
        return traced(self._touched, plain(self), self._spot)  # type: ignore[no-any-return]

    def __reduce_ex__(self, protocol: object) -> tuple[Callable[..., Any], tuple[Any]]:
        return dict, (plain(self),)

    def _touch(self, name: object, frame: FrameType) -> None:
        if isinstance(name, str):
            self._touched(self._spot, name, frame)


def plain(node: Any) -> Any:
    """Return a JSON value without any tracing."""
    if isinstance(node, dict):
        return {name: plain(value) for name, value in node.items()}
    return [plain(each) for each in node] if isinstance(node, list) else node


def _caller() -> FrameType:
    """Return the frame that called a method of this module."""
    return sys._getframe(2)  # noqa: SLF001  there is no other way that costs as little
