"""Finds the definition of an extension: in a file, in the packages that a lock pins, or in what HL7 publishes.

Rule 1: a definition that cannot be read, or that is of no modifier, is said; nothing is drafted from a guess.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from caveat.domain.errors import UsageError
from caveat.intake.json_reader import Unreadable
from caveat.intake.limits import Limits
from caveat.intake.reading import form_of, read_document
from caveat.packs.lock import Lock, LockFault, read_lock, verified
from caveat.spec.definition import ExtensionDefinition
from caveat.spec.definition_reader import definition_of, doubt_of
from caveat.spec.known import published_definition
from caveat.spec.release import Release
from caveat.spec.shape import tables


def find_modifier(named: str, folder: Path, releases: Sequence[Release]) -> list[ExtensionDefinition]:
    """Return what is defined for the modifier `named`, a url or a file: once, or once for each release in which HL7 does.

    `folder` may have a `caveat.lock`. UsageError when there is no such definition, or when it is of no modifier.
    """
    found = [_in_file(Path(named))] if _is_file(named) else [*_in_lock(named, folder)][:1] or [*_published(named, releases)]
    if not found:
        raise UsageError(
            f"no definition of {named!r} is known: it is no file, no package of the lock in {str(folder)!r} defines it, and HL7 "
            f"does not publish it for FHIR {', '.join(releases)}; `caveat packages add` takes a package in"
        )
    if not any(each.is_modifier for each in found):
        raise UsageError(
            f"{found[0].url!r} is defined as a plain extension: in modifierExtension it is refused (wrong-slot) under any rule"
        )
    return found


def _is_file(named: str) -> bool:
    try:
        return Path(named).is_file()
    except (OSError, ValueError):
        return False


def _in_file(path: Path) -> ExtensionDefinition:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{str(path)!r} cannot be read: {error.strerror or type(error).__name__}") from None
    tree = read_document(raw, form_of(raw), tables(Release.R4), Limits())
    if isinstance(tree, Unreadable):
        raise UsageError(f"{str(path)!r} cannot be read: {tree.message}")
    known = definition_of(tree)
    if known is None or not isinstance(tree, Mapping):
        raise UsageError(f"{str(path)!r} is no StructureDefinition of an extension")
    doubt = doubt_of(tree)
    if doubt is not None:
        raise UsageError(f"{str(path)!r} holds a definition {doubt.removeprefix('which ').removeprefix('whose ')}")
    return known


def _in_lock(url: str, folder: Path) -> Iterator[ExtensionDefinition]:
    """Give the definitions of a url in locked packages, a modifier before a plain one."""
    lock = read_lock(folder) if folder.is_dir() else None
    if isinstance(lock, LockFault):
        raise UsageError(f"the lock in {str(folder)!r} {lock.message}; make it anew with `{lock.remedy}`")
    found = _defined(url, folder, lock) if lock is not None else ()
    yield from sorted(found, key=lambda each: not each.is_modifier)


def _defined(url: str, folder: Path, lock: Lock) -> Iterable[ExtensionDefinition]:
    for label, locked in sorted(lock.packages.items()):
        if url in locked.extensions:
            read = verified(folder, locked)
            if isinstance(read, LockFault):
                raise UsageError(f"the package {label} {read.message}; mend it with `{read.remedy}`")
            yield read.definitions[url]


def _published(url: str, releases: Iterable[Release]) -> Iterator[ExtensionDefinition]:
    found = (published_definition(url, release) for release in releases)
    yield from (each for each in found if each is not None)
