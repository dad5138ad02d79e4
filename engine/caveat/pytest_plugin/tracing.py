"""A resource that records which of its elements an application touches, held to what its policy says that it reads.

Rule 1: a read is what takes one element by its name: an attribute, `d["name"]`, `get`, `pop`, `setdefault`, `"name" in d`, and
`hasattr`, which nobody can tell from taking it.
Rule 2: whatever goes over everything is none, for it says nothing of what is used: printing, copying, comparing, pickling,
dumping, listing keys, values or items, `isinstance`, and whatever pydantic, fhir.resources, pytest and Caveat do themselves.
Rule 3: what is below keeps tracing, in lists and copies too; a plain dump of a model (`model_dump`) does not.
Rule 4: `resourceType` is no element, and `modifierExtension` and `implicitRules` are what the policy decides on: neither counts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, TypeVar

from caveat.asking import class_of, place_asked, release_of
from caveat.domain.decision import MODIFIERS, RULES
from caveat.domain.errors import UsageError
from caveat.pytest_plugin.standing import Spot, path_below, resource_at
from caveat.pytest_plugin.traced_model import traced_model
from caveat.pytest_plugin.traced_object import traced
from caveat.spec.shape import tables

if TYPE_CHECKING:
    from caveat.policy.policy import Policy, Reading

R = TypeVar("R")

_NOT_THE_APPLICATION = frozenset({
    *("_pytest", "pluggy", "pytest", "unittest", "caveat", "fhir", "fhir_core", "pydantic", "pydantic_core"),
    *("abc", "copy", "copyreg", "dataclasses", "inspect", "json", "logging", "pickle", "pprint", "reprlib", "rich", "typing"),
})  # fmt: skip
_SHOWN = 20


@dataclass(slots=True)
class Reads:
    """What an application read of the resources that it was handed; `touched` has each path with the first place in the code."""

    policy: Policy
    touched: dict[str, str] = field(default_factory=dict)

    def __call__(self, resource: R, *, at: str | None = None, release: str | None = None) -> R:
        """Return a copy of a resource that records what is read of it: a model of fhir.resources, or a mapping.

        `at` is the path of an element that stands alone, `release` the one whose elements count; both are as for `Guard.check`.
        """
        kind = class_of(resource, None)
        chosen = release_of(self.policy, kind, release)
        place = place_asked(kind, at, chosen)
        known = tables(chosen)
        if place is not None:
            spot: Spot | None = Spot(place.short_path, place.shapes[0], known)
        else:
            spot = resource_at(resource, known)
        if spot is None:
            raise UsageError("`caveat_reads` traces a resource with its `resourceType`; of an element alone say `at=` its path")
        if kind is not None:
            return traced_model(self.touch, resource, spot)
        made: R = traced(self.touch, resource, spot)
        return made

    def touch(self, spot: Spot, name: str, frame: FrameType) -> None:
        """Keep that the element called `name` in JSON was read, where the application itself did that."""
        if frame.f_globals.get("__name__", "").partition(".")[0] in _NOT_THE_APPLICATION:
            return
        path = path_below(spot, name)
        if path is not None and path.rpartition(".")[2] not in {MODIFIERS, RULES}:
            self.touched.setdefault(path, f"{_shown_file(frame)}:{frame.f_lineno} in `{frame.f_code.co_name}`")

    @property
    def outside(self) -> list[str]:
        """The paths that were read, and that the policy's `reads` do not cover."""
        return sorted(path for path in self.touched if not self._covers(path))

    def _covers(self, path: str) -> bool:
        reading = self.policy.reading.get(path.partition(".")[0])
        return reading is None or reading.elements is None or any(_touches(path, element) for element in reading.elements)

    def told(self) -> str:
        """Say what was read outside the policy's `reads`, where, and what these would have to say."""
        outside = self.outside
        lines = [f"  {path}, first at {self.touched[path]}" for path in outside[:_SHOWN]]
        more = [f"  and {len(outside) - _SHOWN} more"] if len(outside) > _SHOWN else []
        readings = [self.policy.reading[kind] for kind in sorted({path.partition(".")[0] for path in outside})]
        wanted = [f"  {_statement(reading, outside)}" for reading in readings]
        head = f"the application read what the policy `{self.policy.name}` does not say that it reads:"
        advice = "modifiers there are out of scope and do not count; leave it unread, or let the policy say:"
        return "\n".join([head, *lines, *more, advice, *wanted])


def _statement(reading: Reading, outside: list[str]) -> str:
    """Return the `reads` of a type with what was read beside it."""
    named = [*(reading.elements or ()), *(path for path in outside if path.startswith(f"{reading.type}."))]
    elements = [path.removeprefix(f"{reading.type}.") for path in named]
    return f"reads {reading.type} {{ {', '.join(elements)} }}"


def _touches(one: str, other: str) -> bool:
    """Return whether one of two paths is the other, or above it: what the engine calls in scope."""
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")


def _shown_file(frame: FrameType) -> str:
    """Return the file of a frame as a person calls it, from where the tests were started."""
    file = Path(frame.f_code.co_filename)
    try:
        return file.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return str(file)
