"""The lock of a rule file's packages: what was taken in, from where, and whether it is still that.

Rule 1: a lock is read strictly; one that is not exactly of this form is no lock.
Rule 2: a package is what the lock pins when reading it again gives the same entry, in every field.

`caveat.lock` stands beside the main rule file:

    {
      "schema": "caveat.lock/1",
      "packages": [
        {
          "name": "hl7.fhir.uv.imaging",
          "version": "1.0.0",
          "sha256": "<64 hexadecimal digits>",
          "found": "packages/hl7.fhir.uv.imaging#1.0.0.tgz",
          "dependencies": {"hl7.fhir.r4.core": "4.0.1"},
          "extensions": {"https://example.org/StructureDefinition/retake": "sha256:<64 hexadecimal digits>"}
        }
      ]
    }

`sha256` is of the bytes of an archive. For a folder it is over its files in the order of their paths from the folder of
`package.json`, hidden ones left out: for each the length of its path in UTF-8, `:`, the path, `:`, the length of its contents,
`:`, and the contents. `found` is a place beside the rule file, or `cache` (`~/.fhir/packages`). `extensions` has each extension
that the package defines with the SHA-256 of its StructureDefinition: canonical JSON (names sorted, no white space, numbers with
the digits they have, nothing escaped but what JSON needs escaped), without `text`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from caveat.intake.json_reader import Unreadable, read_json
from caveat.intake.limits import Limits
from caveat.lang.diagnose import quoted
from caveat.packs.packages import FhirPackage, PackageFault, cache_folder, label_of, read_package

LOCK = "caveat.lock"
SCHEMA = "caveat.lock/1"
FOLDER = "packages"
CACHE = "cache"

_LIMITS = Limits(bytes=64 * 2**20)
_HASH = re.compile(r"[0-9a-f]{64}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Locked:
    """One package as the lock pins it; `found` is its place in the policy's folder, or `cache`."""

    name: str
    version: str
    sha256: str
    found: str
    dependencies: Mapping[str, str]
    extensions: Mapping[str, str]

    @property
    def label(self) -> str:
        """The package as `use` writes it."""
        return f"{self.name}#{self.version}"


@dataclass(frozen=True, slots=True)
class Lock:
    """The packages that are locked, by `name#version`; empty where there is no lock yet."""

    packages: Mapping[str, Locked] = field(default_factory=dict)

    def having(self, package: Locked) -> Lock:
        """Return the lock with one package put in, or in place of itself."""
        return Lock({**self.packages, package.label: package})


@dataclass(frozen=True, slots=True)
class LockFault:
    """Why something is not what the lock pins: one sentence without its subject, and the command that mends it."""

    message: str
    remedy: str


def read_lock(folder: Path) -> Lock | LockFault | None:
    """Return the lock in a policy's folder, None when there is none."""
    try:
        with (folder / LOCK).open("rb") as file:
            data = file.read(_LIMITS.bytes + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        return _no_lock(f"cannot be read: {error.strerror or type(error).__name__}")
    tree = read_json(data, _LIMITS)
    if isinstance(tree, Unreadable):
        return _no_lock(f"cannot be read: {tree.message}")
    return _lock_of(tree)


def lock_text(lock: Lock) -> str:
    """Return the text of a lock: for people to read, the same for the same packages."""
    packages = [asdict(package) for _, package in sorted(lock.packages.items())]
    shown = {"schema": SCHEMA, "packages": [package | _sorted(package) for package in packages]}
    return json.dumps(shown, indent=2, ensure_ascii=False) + "\n"


def locked_as(read: FhirPackage, found: str) -> Locked:
    """Return the entry that pins a package which was found at such a place."""
    package = read.package
    extensions = {url: known.digest or "" for url, known in read.definitions.items()}
    return Locked(package.name, package.version, package.sha256, found, dict(read.dependencies), extensions)


def places_of(label: str) -> tuple[str, ...]:
    """Name the places where a package may stand, the nearest first."""
    return (f"{FOLDER}/{label}.tgz", f"{FOLDER}/{label}", CACHE)


def place(folder: Path, label: str, found: str) -> Path:
    """Return the path of a package that stands at the place `found`."""
    return cache_folder() / label if found == CACHE else folder / found


def find(folder: Path, label: str) -> str | None:
    """Return the nearest place where a package stands, None when there is none."""
    return next((found for found in places_of(label) if place(folder, label, found).exists()), None)


def verified(folder: Path, locked: Locked) -> FhirPackage | LockFault:
    """Return the package that the lock pins, read again and compared in every field, or what is not as it was."""
    path = place(folder, locked.label, locked.found)
    if not path.exists():
        elsewhere = find(folder, locked.label)
        where = "the cache" if locked.found == CACHE else f"`{locked.found}`"
        message = f"is locked as found in {where}, and is not there"
        return LockFault(message, "caveat packages lock" if elsewhere else "caveat packages add SOURCE")
    read = read_package(path)
    if isinstance(read, PackageFault):
        return LockFault(read.message, "caveat packages add SOURCE")
    return _difference(locked, locked_as(read, locked.found)) or read


def _difference(locked: Locked, now: Locked) -> LockFault | None:
    """Say in what a package is not what the lock pins; None when it is in all."""
    if (locked.name, locked.version) != (now.name, now.version):
        return LockFault(f"calls itself `{now.label}`", "caveat packages add SOURCE")
    if locked.sha256 != now.sha256:
        return LockFault("has other bytes than the lock pins", "caveat packages lock")
    if locked.dependencies != now.dependencies:
        return LockFault("has other dependencies than the lock says", "caveat packages lock")
    urls = sorted({*locked.extensions, *now.extensions})
    changed = [url for url in urls if locked.extensions.get(url) != now.extensions.get(url)]
    if changed:
        return LockFault(f"defines the extension {quoted(changed[0])} otherwise than the lock pins", "caveat packages lock")
    return None


# the form


def _no_lock(message: str) -> LockFault:
    return LockFault(message, "caveat packages lock")


def _lock_of(tree: Any) -> Lock | LockFault:
    """Return the lock that a tree spells; nothing may be missing, and nothing else may be there."""
    if not isinstance(tree, dict) or tree.get("schema") != SCHEMA:
        return _no_lock(f"is none of the form {SCHEMA}")
    entries = tree.get("packages")
    if tree.keys() != {"schema", "packages"} or not isinstance(entries, list):
        return _no_lock("has other fields than a lock has")
    packages: dict[str, Locked] = {}
    for number, entry in enumerate(entries, 1):
        locked = _locked_of(entry)
        if locked is None:
            return _no_lock(f"has a package, number {number}, that is not written as a lock writes one")
        if locked.label in packages:
            return _no_lock(f"has the package {locked.label} twice")
        packages[locked.label] = locked
    return Lock(packages)


def _locked_of(entry: Any) -> Locked | None:
    if not isinstance(entry, dict) or entry.keys() != set(Locked.__dataclass_fields__):
        return None
    name, version, sha256, found = (entry[each] for each in ("name", "version", "sha256", "found"))
    if not all(isinstance(each, str) for each in (name, version, sha256, found)):
        return None
    label = f"{name}#{version}"
    is_lawful = label_of(label) == (name, version) and _HASH.fullmatch(sha256) and found in places_of(label)
    dependencies, extensions = entry["dependencies"], entry["extensions"]
    if not (is_lawful and _are_texts(dependencies) and _are_texts(extensions)):
        return None
    if not all(_DIGEST.fullmatch(digest) for digest in extensions.values()):
        return None
    return Locked(name, version, sha256, found, dependencies, extensions)


def _are_texts(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())


def _sorted(package: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    return {name: dict(sorted(package[name].items())) for name in ("dependencies", "extensions")}


def labels(lock: Lock, name: str) -> Iterable[str]:
    """Return the labels of the locked packages of one name, whatever their version."""
    return sorted(label for label, locked in lock.packages.items() if locked.name == name)
