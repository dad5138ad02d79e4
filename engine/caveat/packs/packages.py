"""FHIR packages as they are published: what they are called, what they need, and which extensions they define.

Rule 1: a package is an archive, a folder of the same files, or a folder of the cache; it is read, never changed or unpacked.
Rule 2: what might define an extension is read strictly; one such file that cannot be read refuses the package, since nobody
knows what it would have said.
Rule 3: what is wrong with a package is a `PackageFault`; only a place where nothing is at all is for the caller to notice.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Any

from caveat.intake.json_reader import Unreadable, read_json
from caveat.intake.limits import Limits
from caveat.packs.archives import ArchiveFault, ArchiveLimits, lawful_name, read_archive
from caveat.spec.definition import ExtensionDefinition, Package
from caveat.spec.definition_reader import definition_of, doubt_of

CORE = {"hl7.fhir.r4.core": "4.0.1", "hl7.fhir.r4b.core": "4.3.0", "hl7.fhir.r5.core": "5.0.0"}
"""The packages of FHIR itself, whose shapes and extensions are built in."""

LABEL = re.compile(
    r"(?P<name>[0-9A-Za-z](?:[0-9A-Za-z._-]*[0-9A-Za-z])?)#(?P<version>[0-9A-Za-z](?:[0-9A-Za-z._+-]*[0-9A-Za-z])?)"
)
"""`name#version`, in characters that mean nothing to a file system."""

_LIMITS = ArchiveLimits()
_READING = Limits(bytes=_LIMITS.file)
_FOLDERS = ("", "other/")
"""Where the files that define something stand, from the folder of `package.json`; examples and schemas stand elsewhere."""
_LONGEST = 200
_MOST_MEMBERS = 50_000
"""Properties and array elements of one definition: what HL7 publishes has 2,000."""


@dataclass(frozen=True, slots=True)
class PackageFault:
    """Why a package is not read, to complete "the package ..."."""

    message: str


@dataclass(frozen=True, slots=True)
class FhirPackage:
    """A package that was read. `dependencies` are versions by name, as `package.json` has them; `definitions` are by url."""

    package: Package
    dependencies: Mapping[str, str]
    definitions: Mapping[str, ExtensionDefinition]


@dataclass(slots=True)
class _Reading:
    """What was found so far in the files of a package, named from the folder of `package.json`."""

    manifest: Mapping[str, Any] | None = None
    definitions: dict[str, ExtensionDefinition] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def see(self, name: str, data: bytes) -> None:
        """Take from one file what it says; remember what is wrong with it."""
        if self.faults or not _may_define(name):  # one fault refuses the package
            return
        tree = read_json(data, _READING)
        if isinstance(tree, Unreadable):
            self.faults.append(f"holds {name}, which cannot be read: {tree.message}")
        elif name == "package.json":
            self.manifest = tree if isinstance(tree, dict) else None
        else:
            self._keep(name, tree)

    def _keep(self, name: str, tree: object) -> None:
        known = definition_of(tree)
        if known is None or not isinstance(tree, dict):
            return
        doubt = doubt_of(tree) or ("which is larger than any definition" if _members(tree) > _MOST_MEMBERS else None)
        if doubt is not None:
            self.faults.append(f"holds {name}, {doubt}")
            return
        known = replace(known, digest=digest_of(tree))
        if self.definitions.setdefault(known.url, known).digest != known.digest:
            self.faults.append(f"holds {name}, which defines an extension that another file of it defines differently")


def cache_folder() -> Path:
    """Return the folder where the tools of FHIR keep packages; it is only ever read."""
    return Path.home() / ".fhir" / "packages"


def read_package(path: Path) -> FhirPackage | PackageFault:
    """Return the package at `path`, an archive or a folder, with or without a folder `package` in it."""
    try:
        return _from_folder(path) if path.is_dir() else _from_archive(path)
    except OSError as error:
        return PackageFault(f"cannot be read: {error.strerror or type(error).__name__}")


def label_of(text: str) -> tuple[str, str] | None:
    """Return name and version of `name#version`; None when `text` is written otherwise."""
    match = LABEL.fullmatch(text)
    return (match["name"], match["version"]) if match and len(text) <= _LONGEST else None


def digest_of(resource: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the canonical JSON of a resource without its narrative, with `sha256:` before it."""
    said = {name: value for name, value in resource.items() if name != "text"}
    return "sha256:" + hashlib.sha256(canonical(said).encode()).hexdigest()


def canonical(value: Any) -> str:
    """Return a tree of the strict reader as JSON in one form: names sorted, no white space, decimals as `{"decimal": "1.10"}`."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_spelt)


def _members(tree: object) -> int:
    """Return how many properties and array elements a tree has, as far as it matters whether they are too many."""
    pending, found = [tree], 0
    while pending and found <= _MOST_MEMBERS:
        at = pending.pop()
        inner = list(at.values()) if isinstance(at, dict) else at if isinstance(at, list) else []
        found += len(inner)
        pending += inner[: _MOST_MEMBERS + 1]
    return found


def _spelt(number: Decimal) -> dict[str, str]:
    """Return a number with its digits, in a form that no other value of FHIR has."""
    return {"decimal": str(number)}


# archives


def _from_archive(path: Path) -> FhirPackage | PackageFault:
    raw = read_archive_bytes(path)
    return raw if isinstance(raw, PackageFault) else package_of(raw)


def read_archive_bytes(path: Path) -> bytes | PackageFault:
    """Return the bytes of an archive, no more than are too many; OSError when it cannot be read."""
    if path.exists() and not path.is_file():  # a pipe would never end
        return PackageFault("is neither a file nor a folder")
    with path.open("rb") as file:
        return file.read(_LIMITS.packed + 1)


def package_of(raw: bytes) -> FhirPackage | PackageFault:
    """Return the package that an archive holds, all of it under `package/`."""
    reading = _Reading()

    def visit(name: str, data: bytes) -> None:
        top, _, rest = name.partition("/")
        if top == "package":
            reading.see(rest, data)

    fault = read_archive(raw, visit)
    if isinstance(fault, ArchiveFault):
        return PackageFault(fault.message)
    return _finished(reading, hashlib.sha256(raw).hexdigest())


# folders


def _from_folder(path: Path) -> FhirPackage | PackageFault:
    """Read a folder; its hash is over the paths and contents of all files but hidden ones, which tools keep for themselves."""
    reading, total = _Reading(), hashlib.sha256()
    files = folder_files(path)
    if isinstance(files, PackageFault):
        return files
    for name, data in _contents(root_of(path), files):
        if data is None:
            return PackageFault(f"holds files of more than {_LIMITS.file} bytes, or of more than {_LIMITS.unpacked} together")
        total.update(f"{len(name.encode())}:{name}:{len(data)}:".encode() + data)
        reading.see(name, data)
    return _finished(reading, total.hexdigest())


def root_of(path: Path) -> Path:
    """Return the folder of a package that holds its `package.json`."""
    inner = path / "package"
    return inner if inner.is_dir() and not inner.is_symlink() and not (path / "package.json").exists() else path


def folder_files(path: Path) -> list[str] | PackageFault:
    """Name the files of a package's folder in order, from the folder of `package.json`; hidden ones do not belong to it."""
    root = root_of(path)
    found: list[str] = []
    for folder, folders, names in os.walk(root, onerror=_raise):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in (*folders, *(name for name in names if not name.startswith("."))):
            place = Path(folder, name)
            relative = place.relative_to(root).as_posix()
            mode = place.lstat().st_mode
            if lawful_name(relative) is None or not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                return PackageFault("holds a link, or something else that is neither file nor folder")
            if stat.S_ISREG(mode):
                found.append(relative)
            if len(found) > _LIMITS.members:
                return PackageFault(f"holds more than {_LIMITS.members} files")
    return sorted(found)


def _raise(error: OSError) -> None:
    raise error


def _contents(root: Path, names: list[str]) -> Iterator[tuple[str, bytes | None]]:
    """Give the contents of each file; None for one that is too large, or when they are too much together."""
    left = _LIMITS.unpacked
    for name in names:
        with root.joinpath(*PurePosixPath(name).parts).open("rb") as file:
            data = file.read(_LIMITS.file + 1)
        left -= len(data)
        yield name, data if len(data) <= _LIMITS.file and left >= 0 else None


# what was found


def _may_define(name: str) -> bool:
    """Whether a file may be a definition: JSON, directly in the folder or in `other`, and no tool's own index."""
    folder, slash, base = name.rpartition("/")
    return folder + slash in _FOLDERS and base.endswith(".json") and not base.startswith(".")


def _finished(reading: _Reading, sha256: str) -> FhirPackage | PackageFault:
    """Return the package that was read, or the first thing that is wrong with it."""
    if reading.faults:
        return PackageFault(reading.faults[0])
    named = _named(reading.manifest or {})
    if named is None:
        return PackageFault("has no package.json with a name and a version that can be written as `name#version`")
    package = Package(*named, sha256)
    dependencies = (reading.manifest or {}).get("dependencies")
    needed = dependencies if isinstance(dependencies, dict) else {}
    return FhirPackage(
        package,
        {name: version for name, version in sorted(needed.items()) if isinstance(version, str)},
        {url: replace(known, package=package.label) for url, known in sorted(reading.definitions.items())},
    )


def _named(manifest: Mapping[str, Any]) -> tuple[str, str] | None:
    name, version = manifest.get("name"), manifest.get("version")
    return label_of(f"{name}#{version}") if isinstance(name, str) and isinstance(version, str) else None
