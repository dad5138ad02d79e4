"""Which files a policy consists of, and under which names: imports followed within the policy's folder.

Rule 1: an import path is relative to the file that holds it, and never leaves the policy's folder.
Rule 2: a file imported under two names comes twice; depth and number are bounded, so nothing can grow without end.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from caveat.domain.diagnostic import Diagnostic
from caveat.lang import syntax
from caveat.lang.diagnose import diagnose, quoted

MAX_DEPTH = 8
"""How many imports may lie between the main file and the deepest one."""

MAX_FILES = 256
"""How many files, counted once for each name they are imported under, a policy may consist of."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One file under one name: `prefix` is "" for the main file, else dotted and ending in a dot (`org.sub.`)."""

    prefix: str
    file: str


def imports_of(file: syntax.File) -> tuple[syntax.Import, ...]:
    """Return the import statements of a file, in the order written."""
    return tuple(item for item in file.items if isinstance(item, syntax.Import))


def import_target(importer: str, written: str) -> str | None:
    """Return the normalised name of the file that `importer` imports, None when it would lie outside the policy's folder."""
    if not written or written.startswith("/") or "\\" in written or ":" in written or "\0" in written:
        return None
    target = posixpath.normpath(posixpath.join(posixpath.dirname(importer), written))
    return None if target == ".." or target.startswith("../") else target


@dataclass(slots=True)
class _Walk:
    """Where following the imports of one policy stands."""

    files: Mapping[str, syntax.File]
    units: list[Unit] = field(default_factory=list)
    faults: list[Diagnostic] = field(default_factory=list)


def expand(files: Mapping[str, syntax.File], root: str) -> tuple[tuple[Unit, ...], tuple[Diagnostic, ...]]:
    """Follow the imports of `root`: every file under every name, depth first, and a CV160 for each import that cannot be."""
    walk = _Walk(files)
    _enter(walk, Unit("", root), (root,))
    return tuple(walk.units), tuple(walk.faults)


def _enter(walk: _Walk, unit: Unit, trail: tuple[str, ...]) -> None:
    """Take in one file and what it imports; recursion is bounded by `MAX_DEPTH`."""
    walk.units.append(unit)
    for statement, target in _followed(walk, unit, trail):
        _enter(walk, Unit(f"{unit.prefix}{statement.namespace.text}.", target), (*trail, target))


def _followed(walk: _Walk, unit: Unit, trail: tuple[str, ...]) -> Iterator[tuple[syntax.Import, str]]:
    """Yield the imports of one file that can be followed, and keep a fault for each that cannot."""
    seen: set[str] = set()
    for statement in imports_of(walk.files[unit.file]):
        if statement.namespace.text in seen:  # CV104 speaks of it
            continue
        seen.add(statement.namespace.text)
        target = import_target(unit.file, statement.path.value)
        fault = _fault(walk, statement, target, trail)
        if fault is not None:
            walk.faults.append(fault)
        elif target is not None:
            yield statement, target


def _fault(walk: _Walk, statement: syntax.Import, target: str | None, trail: tuple[str, ...]) -> Diagnostic | None:
    """Return what forbids following one import, None when nothing does."""
    if target is None:
        return outside(statement)
    if target in trail:
        circle = " -> ".join((*trail[trail.index(target) :], target))
        return import_fault(statement, "is circular", f"the circle is {circle}", "move what both need into a third file")
    if len(trail) > MAX_DEPTH:
        return import_fault(statement, "nests too deep", f"at most {MAX_DEPTH} imports may follow each other", None)
    if target not in walk.files:
        return import_fault(statement, "is not found", "the path is relative to the file that imports it", None)
    if len(walk.units) >= MAX_FILES:
        return import_fault(statement, "is one too many", f"a policy has at most {MAX_FILES} files, each name counted", None)
    return None


def outside(statement: syntax.Import) -> Diagnostic:
    """Return the CV160 of an import that would leave the policy's folder."""
    note = "imports stay within the folder of the main rule file, so that a policy is all that lies there"
    return import_fault(statement, "lies outside the policy's folder", note, "copy the file into the policy's folder")


def import_fault(statement: syntax.Import, what: str, note: str, remedy: str | None) -> Diagnostic:
    """Return a CV160 at the path of an import statement: `what` completes the sentence "the import ...", `note` says why."""
    message = f"the import {quoted(statement.path.value)} {what}"
    return diagnose("CV160", message, statement.path.span, notes=(note,), remedy=remedy)
