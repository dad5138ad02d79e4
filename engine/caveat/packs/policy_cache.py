"""Keeps compiled policies on disk, so that a check needs neither the language nor its parser.

Rule 1: an entry counts only when every file that decided is byte for byte what it was: the rule file, what it imports, the tests
beside it, `caveat.lock` and the archives that it pins; and when the engine's own files are as they were.
Rule 2: the folder and its entries must be the user's own, and nobody else may write to them. What is not so, or is damaged, or
cannot be read or written, is passed over, which only a log says: then the policy is compiled.
Rule 3: only policies are kept. A rule file with a mistake is compiled each time, so that nothing that is said of it is lost.

CAVEAT_CACHE names another folder; `off` keeps nothing. Where the system does not show who may write (Windows), nothing is kept.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from caveat.domain.version import __version__
from caveat.packs.rule_file import contents, rule_file, tests_of
from caveat.policy.stored import from_plain, to_plain
from caveat.telemetry.logs import DEBUG, WARNING, Event, log

if TYPE_CHECKING:
    from caveat.packs.policies import LoadedPolicy
    from caveat.policy.policy import Policy

VARIABLE = "CAVEAT_CACHE"
_FORM = b"caveat.policy-cache/1"
_LARGEST = 1 << 20  # bytes of a rule file; a larger one is no rule file
_MOST = 64 << 20  # bytes of an entry, or of an archive
_ENTRIES = 256
_DECIDING = ("domain", "lang", "policy", "spec", "spec/tables", "intake", "packs")  # what makes a policy of texts and packages
_LOCK = "caveat.lock"  # as `packs.lock` calls it, which is slow to import
_DAMAGED = (AttributeError, OSError, RecursionError, TypeError, ValueError)  # what reading a damaged entry may end in
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def policy_at(name: str | Path) -> Policy | LoadedPolicy:
    """Return the policy of a rule file, pack folder or shipped pack, kept or compiled; where there is none, what was loaded."""
    path = rule_file(name)
    policy = cached_policy(path)
    if policy is not None:
        return policy
    from caveat.packs.policies import load_policy  # noqa: PLC0415  it needs Lark, which is slow to import

    loaded = load_policy(path)
    keep_policy(path, loaded)
    return loaded if loaded.policy is None else loaded.policy


def cached_policy(path: Path) -> Policy | None:
    """Return the policy of the rule file at `path`, None when it is not kept, or something that decided has changed."""
    try:
        return _kept(path)
    except FileNotFoundError:  # there is none
        return None
    except _DAMAGED:
        log(Event.CACHE, WARNING, reason="entry")
        return None


def _kept(path: Path) -> Policy | None:
    with _folder(make=False) as folder:
        name = _entry_name(path)
        if folder is not None and name is not None:
            entry = _read(folder, name)
            if _is_as_it_was(path, entry):
                return from_plain(entry["policy"])
            log(Event.CACHE, DEBUG, reason="stale")
    return None


def keep_policy(path: Path, loaded: LoadedPolicy) -> None:
    """Keep the policy that the rule file at `path` was compiled to, if there is one, and all that it came from can be told."""
    if loaded.policy is None or loaded.folder is None:
        return
    with suppress(OSError, ValueError), _folder(make=True) as folder:
        name = _entry_name(path)
        if folder is None or name is None:
            return
        files = _files(loaded, loaded.folder)
        packages = _packages(loaded.folder) if loaded.policy.library.packages or loaded.resolved.uses else []
        used = [[package.label, package.sha256] for package in loaded.policy.library.packages]
        if files is None or packages is None or any(each not in packages for each in used):
            return
        entry = {"files": files, "tests": tests_of(path), "packages": packages, "policy": to_plain(loaded.policy)}
        _write(folder, name, json.dumps(entry, separators=(",", ":")).encode())
        _prune(folder)


# what decided


def _entry_name(path: Path) -> str | None:
    """Return the name of a rule file's entry: the digest of the engine, its name and its bytes; None when it is too large."""
    data = contents(path.parent, path.name, _LARGEST + 1)
    engine = _engine()
    if isinstance(data, str) or len(data) > _LARGEST or engine is None:
        return None
    digest = hashlib.sha256(_FORM)
    for part in (engine, path.name.encode("utf-8", "surrogateescape"), data):
        digest.update(b"%d:" % len(part) + part)
    return digest.hexdigest()


def _engine() -> bytes | None:
    """Say which engine this is: its version, and name, size and time of every file that makes policies; None without any."""
    root = Path(__file__).parents[1]
    told = [__version__]
    for folder in _DECIDING:
        with os.scandir(root / folder) as found:
            states = ((each.name, each.stat()) for each in found if each.is_file())
            told += sorted(f"{folder}/{name} {state.st_size} {state.st_mtime_ns}" for name, state in states)
    return "\n".join(told).encode() if len(told) > len(_DECIDING) else None


def _is_as_it_was(path: Path, entry: Any) -> bool:
    """Return whether all files are as they were when an entry was written."""
    folder = path.parent
    if list(tests_of(path)) != entry["tests"]:
        return False
    if any(_digest(contents(folder, name, _LARGEST + 1)) != digest for name, digest in entry["files"].items()):
        return False
    return not entry["packages"] or _packages(folder) == entry["packages"]


def _files(loaded: LoadedPolicy, folder: Path) -> dict[str, str] | None:
    """Return the digest of each file by its name in the policy's folder, None when one is not what was compiled any more."""
    digests = {}
    for named, text in loaded.texts.items():
        name = Path(named).relative_to(folder).as_posix()
        data = contents(folder, name, _LARGEST + 1)
        if isinstance(data, str) or data.decode("utf-8-sig") != text:
            return None
        digests[name] = _digest(data)
    return digests


def _packages(folder: Path) -> list[list[str]] | None:
    """Return the digests of the lock, and of the archives that it pins; None where one is a folder, or not as it is pinned."""
    from caveat.packs.lock import Lock, place, read_lock  # noqa: PLC0415  only for a policy that uses packages

    lock, text = read_lock(folder), contents(folder, _LOCK, _MOST)
    if not isinstance(lock, Lock) or isinstance(text, str):
        return None
    told = [[_LOCK, _digest(text)]]
    for label, locked in sorted(lock.packages.items()):
        path = place(folder, label, locked.found)
        if not path.is_file() or path.stat().st_size > _MOST or _digest(path.read_bytes()) != locked.sha256:
            return None
        told.append([label, locked.sha256])
    return told


def _digest(data: bytes | str) -> str:
    """Return the SHA-256 of bytes in hexadecimal; of a reason why there are none, nothing that is one."""
    return hashlib.sha256(data).hexdigest() if isinstance(data, bytes) else ""


# the folder


def _place() -> Path | None:
    """Return where entries are kept, None for nowhere."""
    named = os.environ.get(VARIABLE, "")
    if named == "off" or not hasattr(os, "geteuid") or os.open not in os.supports_dir_fd:
        return None
    if named:
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME", "")
    usual = Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
    return (Path(base) if Path(base).is_absolute() else usual) / "caveat"


@contextmanager
def _folder(*, make: bool) -> Iterator[int | None]:
    """Open the folder of entries; None when there is none that is to be trusted."""
    place = _place()
    if place is None:
        yield None
        return
    if make:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        is_own = _is_own(os.fstat(handle))
        if not is_own:
            log(Event.CACHE, WARNING, reason="folder")
        yield handle if is_own else None
    finally:
        os.close(handle)


def _is_own(state: os.stat_result) -> bool:
    """Return whether a file or folder is the user's own, and nobody else may write to it."""
    return state.st_uid == os.geteuid() and not state.st_mode & _OTHERS_WRITE


def _read(folder: int, name: str) -> Any:
    """Return what an entry says; OSError or ValueError when it is none, or not to be trusted."""
    handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, dir_fd=folder)
    with open(handle, "rb") as file:  # noqa: PTH123  a handle
        state = os.fstat(handle)
        if not stat.S_ISREG(state.st_mode) or not _is_own(state) or state.st_size > _MOST:
            raise ValueError("no entry to be trusted")
        digest, _, body = file.read(_MOST).partition(b"\n")
    if hashlib.sha256(body).hexdigest().encode() != digest:
        raise ValueError("a damaged entry")
    entry = json.loads(body)
    if not isinstance(entry, dict) or entry.keys() != {"files", "tests", "packages", "policy"}:
        raise ValueError("an entry of another form")
    return entry


def _write(folder: int, name: str, body: bytes) -> None:
    """Write an entry, whole or not at all."""
    unfinished = f".{name}.{os.getpid()}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(unfinished, flags, 0o600, dir_fd=folder)
    try:
        with open(handle, "wb") as file:  # noqa: PTH123  a handle
            file.write(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
        os.rename(unfinished, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(OSError):
            os.unlink(unfinished, dir_fd=folder)
        raise


def _prune(folder: int) -> None:
    """Remove the oldest entries when there are very many."""
    names = os.listdir(folder)
    if len(names) <= _ENTRIES:
        return
    by_age = sorted(names, key=lambda name: os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime_ns)
    for name in by_age[: len(names) // 2]:
        os.unlink(name, dir_fd=folder)
