"""Take packages in: from an archive, a folder or the cache to the folder of a policy, and into its lock.

Rule 1: what is written is what was read: an archive's own bytes, a folder's files under the names they were read by.
Rule 2: nothing that is there is overwritten, unless it is the same already.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from caveat.domain.errors import UsageError
from caveat.lang import syntax
from caveat.packs.files import SUFFIX, TEST_SUFFIX, load_files
from caveat.packs.lock import CACHE, FOLDER, Lock, Locked, find, locked_as, place
from caveat.packs.packages import (
    CORE,
    FhirPackage,
    PackageFault,
    folder_files,
    label_of,
    package_of,
    read_archive_bytes,
    read_package,
    root_of,
)


def take_in(source: str, folder: Path) -> Locked:
    """Copy the package `source` into a policy's folder, and return what to lock; UsageError when it cannot be.

    A package of the cache, `name#version`, stays where it is.
    """
    path = Path(source)
    try:
        if path.is_dir():
            return _take_folder(path, folder)
        if path.exists():
            return _take_archive(path, folder)
    except OSError as error:
        raise UsageError(f"{source!r} cannot be taken in: {error.strerror or type(error).__name__}") from error
    if label_of(source) is None:
        raise UsageError(f"there is no archive or folder at {source!r}, and it is no name#version of the cache")
    cached = place(folder, source, CACHE)
    if not cached.exists():
        raise UsageError(
            f"the cache has no package {source}; give the .tgz, or put it into the cache with the tool that fills it"
        )
    return locked_as(_readable(read_package(cached), source, source), CACHE)


def lock_folder(folder: Path) -> tuple[Lock, tuple[str, ...]]:
    """Return a new lock of what is in `packages`, and of what the rule files use from the cache; and what could not be locked."""
    lock, faults = Lock(), []
    for label in sorted({*_in_packages(folder), *_used(folder)}):
        found = find(folder, label) if label_of(label) else None
        if found is None:
            if CORE.get(label.partition("#")[0]) != label.partition("#")[2]:
                faults.append(f"{label} is neither in {folder / FOLDER} nor in the cache")
            continue
        read = read_package(place(folder, label, found))
        if isinstance(read, PackageFault):
            faults.append(f"{label} {read.message}")
        elif read.package.label != label:
            faults.append(f"{label} calls itself {read.package.label}")
        else:
            lock = lock.having(locked_as(read, found))
    return lock, tuple(faults)


def _in_packages(folder: Path) -> Iterator[str]:
    """Name what stands in `packages`, as its file or folder is called."""
    inner = folder / FOLDER
    for path in sorted(inner.iterdir()) if inner.is_dir() else ():
        if not path.name.startswith("."):
            yield path.name.removesuffix(".tgz")


def _used(folder: Path) -> Iterator[str]:
    """Name the packages that the rule files of a folder use."""
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        if not path.name.endswith(TEST_SUFFIX):
            items = load_files(path).files[path.name].items
            yield from (item.package.value for item in items if isinstance(item, syntax.Use))


def _readable(read: FhirPackage | PackageFault, source: str, label: str | None = None) -> FhirPackage:
    if isinstance(read, PackageFault):
        raise UsageError(f"the package {source!r} {read.message}")
    if label is not None and read.package.label != label:
        raise UsageError(f"the package {source!r} calls itself {read.package.label}")
    return read


def _take_archive(path: Path, folder: Path) -> Locked:
    raw = read_archive_bytes(path)
    if isinstance(raw, PackageFault):
        raise UsageError(f"the package {str(path)!r} {raw.message}")
    read = _readable(package_of(raw), str(path))
    found = f"{FOLDER}/{read.package.label}.tgz"
    target = folder / found
    if target.exists():
        _same(target, read)
        return locked_as(read, found)
    target.parent.mkdir(exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".taking.", dir=target.parent)
    try:
        with open(handle, "wb") as file:  # noqa: PTH123  a handle
            file.write(raw)
        Path(name).chmod(0o644)
        Path(name).rename(target)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
    return locked_as(read, found)


def _take_folder(path: Path, folder: Path) -> Locked:
    """Copy the files of a folder one by one, and lock the copy only when it is what was read."""
    read = _readable(read_package(path), str(path))
    found = f"{FOLDER}/{read.package.label}"
    target = folder / found
    if target.exists():
        _same(target, read)
        return locked_as(read, found)
    target.parent.mkdir(exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=".taking.", dir=target.parent))
    try:
        names = folder_files(path)
        for name in () if isinstance(names, PackageFault) else names:
            copy = made / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root_of(path) / name, copy, follow_symlinks=False)
        _same(made, read)
        made.chmod(0o755)
        made.rename(target)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return locked_as(read, found)


def _same(target: Path, read: FhirPackage) -> None:
    """Refuse to go on where something else stands already."""
    there = read_package(target)
    if isinstance(there, PackageFault) or there.package != read.package:
        raise UsageError(f"{target} is there already with other contents; nothing is overwritten")
