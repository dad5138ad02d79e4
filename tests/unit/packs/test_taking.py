"""Tests of caveat.packs.taking: what is taken in is what was read, and nothing is overwritten."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from caveat.domain.errors import UsageError
from caveat.packs import taking
from caveat.packs.lock import verified
from caveat.packs.packages import FhirPackage
from caveat.packs.taking import lock_folder, take_in
from strategies.packaging import definition, files, package, write

LABEL = "org.example.imaging#1.0.0"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty policy's folder, in a home whose cache is empty."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "policy").mkdir()
    return tmp_path / "policy"


def everything(folder: Path) -> dict[str, bytes]:
    """Return all files of a folder by name."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_an_archive_is_copied(folder: Path, tmp_path: Path) -> None:
    """Its bytes stand in `packages` under its own name and version, whatever the file was called; twice is once."""
    raw = package(LABEL)
    write(tmp_path, {"any.tgz": raw})
    for _ in range(2):
        locked = take_in(str(tmp_path / "any.tgz"), folder)
        assert locked.found == f"packages/{LABEL}.tgz"
        assert isinstance(verified(folder, locked), FhirPackage)
        assert everything(folder) == {f"packages/{LABEL}.tgz": raw}


def test_a_folder_is_copied(folder: Path, tmp_path: Path) -> None:
    """Its files stand in `packages`, without the hidden ones, and it may be taken in again from there."""
    contents = files(LABEL, definition("retake"))
    source = write(tmp_path / "source", contents)
    locked = take_in(str(source), folder)
    assert locked.found == f"packages/{LABEL}"
    assert isinstance(verified(folder, locked), FhirPackage)
    shown = {f"packages/{LABEL}/{name.removeprefix('package/')}": data for name, data in contents.items() if "/." not in name}
    assert everything(folder) == shown
    assert take_in(str(folder / locked.found), folder) == locked
    assert everything(folder) == shown


def test_a_package_of_the_cache_stays_there(folder: Path, tmp_path: Path) -> None:
    """It is locked where it is, and the cache is not touched."""
    cache = write(tmp_path / "home" / ".fhir" / "packages" / LABEL, files(LABEL, definition("retake")))
    before = everything(cache)
    locked = take_in(LABEL, folder)
    assert locked.found == "cache"
    assert isinstance(verified(folder, locked), FhirPackage)
    assert (everything(folder), everything(cache)) == ({}, before)


def test_a_package_of_the_cache_under_another_name(folder: Path, tmp_path: Path) -> None:
    """A folder of the cache that calls itself otherwise is refused."""
    write(tmp_path / "home" / ".fhir" / "packages" / "a#1", files(LABEL))
    with pytest.raises(UsageError, match=f"calls itself {LABEL}"):
        take_in("a#1", folder)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("none.tgz", "there is no archive or folder at 'none.tgz'"),
        ("a#1", "the cache has no package a#1"),
        ("../a#1", "there is no archive or folder"),
    ],
)
def test_nothing_of_that_name(source: str, message: str, folder: Path) -> None:
    """What is neither there nor in the cache is said to be neither."""
    with pytest.raises(UsageError, match=message):
        take_in(source, folder)


@pytest.mark.parametrize("is_folder", [True, False])
def test_nothing_is_overwritten(folder: Path, tmp_path: Path, *, is_folder: bool) -> None:
    """Another content under that name and version stays as it is, whether it is a package or rubbish."""
    one, other = definition("retake"), definition("retake", modifier=False)
    for number, present in enumerate(({"x": b"x"}, files(LABEL, other))):
        name = f"packages/{LABEL}" if is_folder else f"packages/{LABEL}.tgz"
        shutil.rmtree(folder / "packages", ignore_errors=True)
        write(folder / name, present) if is_folder else write(folder, {name: package(LABEL, other) if number else b"x"})
        before = everything(folder)
        source = (
            write(tmp_path / "s", files(LABEL, one)) if is_folder else write(tmp_path, {"s.tgz": package(LABEL, one)}) / "s.tgz"
        )
        with pytest.raises(UsageError, match="nothing is overwritten"):
            take_in(str(source), folder)
        assert everything(folder) == before


def test_what_is_no_package(folder: Path, tmp_path: Path) -> None:
    """An archive or a folder that is none leaves nothing behind."""
    write(tmp_path, {"a.tgz": b"PK\x03\x04", "b/x.json": b"{}"})
    for name, message in (("a.tgz", "is no gzip"), ("b", "has no package.json")):
        with pytest.raises(UsageError, match=message):
            take_in(str(tmp_path / name), folder)
    assert everything(folder) == {}


def test_a_pipe(folder: Path, tmp_path: Path) -> None:
    """What would never end is not begun."""
    os.mkfifo(tmp_path / "pipe.tgz")
    with pytest.raises(UsageError, match="is neither a file nor a folder"):
        take_in(str(tmp_path / "pipe.tgz"), folder)


def test_a_folder_that_changes_while_it_is_copied(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy that is not what was read is thrown away."""
    source = write(tmp_path / "source", files(LABEL))
    monkeypatch.setattr(taking, "folder_files", lambda _: ["package.json"])
    with pytest.raises(UsageError, match="nothing is overwritten"):
        take_in(str(source), folder)
    assert everything(folder) == {}


def test_a_copy_that_cannot_be_written(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full leaves no half of a package."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    write(tmp_path, {"a.tgz": package(LABEL)})
    monkeypatch.setattr(Path, "chmod", full)
    with pytest.raises(UsageError, match="No space left"):
        take_in(str(tmp_path / "a.tgz"), folder)
    assert everything(folder) == {}


def test_a_lock_made_anew(folder: Path, tmp_path: Path) -> None:
    """It has what is in `packages` and what the rule files use from the cache; what is nowhere or misnamed is said."""
    cache = tmp_path / "home" / ".fhir" / "packages"
    write(cache / "a#1", files("a#1"))
    write(cache / "unused#1", files("unused#1"))
    uses = 'use "a#1"; use "gone#1"; use "hl7.fhir.r4.core#4.0.1"; use "no package";'
    write(
        folder,
        {
            f"packages/{LABEL}.tgz": package(LABEL),
            **{f"packages/b#1/{name}": data for name, data in files("b#1").items()},
            "packages/c#1.tgz": b"PK\x03\x04",
            "packages/d#1.tgz": package("e#1"),
            "packages/readme.txt": b"x",
            "packages/.hidden": b"x",
            "p.caveat": f'caveat 1; policy "p" version "1" {{ owner "o"; }} {uses}'.encode(),
            "p_test.caveat": b'caveat 1; use "of-a-test#1";',
        },
    )
    lock, faults = lock_folder(folder)
    assert {label: locked.found for label, locked in lock.packages.items()} == {
        LABEL: f"packages/{LABEL}.tgz",
        "b#1": "packages/b#1",
        "a#1": "cache",
    }
    assert [fault.partition(" is ")[0] for fault in faults[2:]] == ["gone#1", "no package", "readme.txt"]
    assert faults[:2] == ("c#1 is no gzip", "d#1 calls itself e#1")
