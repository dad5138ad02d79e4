"""Tests of caveat.packs.lock: a lock says again what it was made of, and every change to it or to a package is noticed."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caveat.packs.lock import Lock, Locked, LockFault, find, lock_text, locked_as, places_of, read_lock, verified
from caveat.packs.packages import FhirPackage, read_package
from strategies.packaging import BASE, definition, files, package, write

LABEL = "org.example.imaging#1.0.0"
FOUND = f"packages/{LABEL}.tgz"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a policy's folder with one locked package, in a home whose cache is empty."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    made = write(tmp_path / "policy", {FOUND: package(LABEL, definition("retake"), definition("quality", modifier=False))})
    read = read_package(made / FOUND)
    assert isinstance(read, FhirPackage)
    (made / "caveat.lock").write_text(lock_text(Lock().having(locked_as(read, FOUND))), encoding="utf-8")
    return made


def told(folder: Path) -> str | None:
    """Return what is wrong with the lock, or with what it pins; None when all is as it was."""
    lock = read_lock(folder)
    assert lock is not None
    if isinstance(lock, LockFault):
        return lock.message
    (locked,) = lock.packages.values()
    read = verified(folder, locked)
    return read.message if isinstance(read, LockFault) else None


def change(folder: Path, edit: Callable[[Any], None]) -> None:
    """Change the lock as JSON."""
    tree = json.loads((folder / "caveat.lock").read_text(encoding="utf-8"))
    edit(tree)
    (folder / "caveat.lock").write_text(json.dumps(tree), encoding="utf-8")


def test_a_lock_says_what_it_was_made_of(folder: Path) -> None:
    """Written, read and written again it is the same text, and its package is as it was."""
    lock = read_lock(folder)
    assert isinstance(lock, Lock)
    assert lock_text(lock) == (folder / "caveat.lock").read_text(encoding="utf-8")
    assert told(folder) is None


def test_the_form_of_a_lock(folder: Path) -> None:
    """It is what the module says: pretty, sorted, with its schema first."""
    text = (folder / "caveat.lock").read_text(encoding="utf-8")
    tree = json.loads(text)
    (entry,) = tree["packages"]
    assert text.startswith('{\n  "schema": "caveat.lock/1",\n')
    assert list(entry) == ["name", "version", "sha256", "found", "dependencies", "extensions"]
    assert (entry["name"], entry["version"], entry["found"]) == ("org.example.imaging", "1.0.0", FOUND)
    assert list(entry["extensions"]) == [BASE + "quality", BASE + "retake"]


NAMES = st.from_regex(r"[a-z][a-z0-9.-]{0,8}[a-z0-9]", fullmatch=True)
HASHES = st.integers(0, 16**64 - 1).map(lambda number: f"{number:064x}")


@given(
    st.dictionaries(
        NAMES, st.tuples(HASHES, st.integers(0, 2), st.dictionaries(st.text(), st.text()), st.dictionaries(st.text(), HASHES))
    )
)
def test_every_lock_is_read_as_it_was_written(packages: dict[str, Any]) -> None:
    """Whatever packages need and define, the text says it, and says it alike in whatever order it was put together."""
    lock = Lock()
    for name, (sha256, number, needs, defines) in packages.items():
        label = f"{name}#1.0"
        extensions = {url: f"sha256:{digest}" for url, digest in defines.items()}
        lock = lock.having(Locked(name, "1.0", sha256, places_of(label)[number], needs, extensions))
    with TemporaryDirectory() as folder:
        (Path(folder) / "caveat.lock").write_text(lock_text(lock), encoding="utf-8")
        assert read_lock(Path(folder)) == lock
    assert lock_text(Lock(dict(reversed(lock.packages.items())))) == lock_text(lock)


def test_no_lock(tmp_path: Path) -> None:
    """Where there is none that is no fault."""
    assert read_lock(tmp_path) is None


LEAVES = [
    ("name", "org.example.other"),
    ("version", "1.0.1"),
    ("sha256", "0" * 64),
    ("found", f"packages/{LABEL}"),
    ("found", "cache"),
    ("dependencies", {}),
    ("dependencies", {"hl7.fhir.r4.core": "4.0.0"}),
    ("dependencies", {"hl7.fhir.r4.core": "4.0.1", "a": "1"}),
    ("extensions", {}),
    ("extensions", {BASE + "retake": "sha256:" + "0" * 64}),
]


@pytest.mark.parametrize(("name", "value"), LEAVES)
def test_each_field_is_compared(name: str, value: object, folder: Path) -> None:
    """A field that says otherwise than the package is noticed."""
    change(folder, lambda tree: tree["packages"][0].update({name: value}))
    assert told(folder) is not None


def test_each_digest_is_compared(folder: Path) -> None:
    """A digest that changes, an extension that is added or taken out, is noticed by its url."""

    def swap(tree: Any) -> None:
        extensions = tree["packages"][0]["extensions"]
        extensions[BASE + "retake"], extensions[BASE + "quality"] = extensions[BASE + "quality"], extensions[BASE + "retake"]

    change(folder, swap)
    assert told(folder) == f"defines the extension `{BASE}quality` otherwise than the lock pins"
    change(folder, lambda tree: tree["packages"][0]["extensions"].pop(BASE + "retake"))
    assert told(folder) is not None


@pytest.mark.parametrize(
    "edit",
    [
        lambda tree: tree.update(schema="caveat.lock/2"),
        lambda tree: tree.pop("schema"),
        lambda tree: tree.pop("packages"),
        lambda tree: tree.update(more=1),
        lambda tree: tree.update(packages={}),
        lambda tree: tree["packages"].append(7),
        lambda tree: tree["packages"].append(copy.deepcopy(tree["packages"][0])),
        lambda tree: tree["packages"][0].update(more=1),
        *(lambda tree, name=name: tree["packages"][0].pop(name) for name in ("name", "version", "sha256", "found")),
        *(lambda tree, name=name: tree["packages"][0].pop(name) for name in ("dependencies", "extensions")),
        *(lambda tree, name=name: tree["packages"][0].update({name: 7}) for name in ("name", "version", "sha256", "found")),
        *(lambda tree, name=name: tree["packages"][0].update({name: [7]}) for name in ("dependencies", "extensions")),
        lambda tree: tree["packages"][0].update(dependencies={"a": 1}),
        lambda tree: tree["packages"][0].update(extensions={BASE: None}),
        lambda tree: tree["packages"][0].update(extensions={BASE: "sha256:1"}),
        lambda tree: tree["packages"][0].update(sha256="x" * 64),
        lambda tree: tree["packages"][0].update(sha256="A" * 64),
        lambda tree: tree["packages"][0].update(found="packages/other.tgz"),
        lambda tree: tree["packages"][0].update(found=f"packages/../{FOUND}"),
        lambda tree: tree["packages"][0].update(found="/etc/passwd"),
        lambda tree: tree["packages"][0].update(name="../a"),
        lambda tree: tree["packages"][0].update(version="1/../.."),
    ],
)
def test_what_is_no_lock(edit: Callable[[Any], None], folder: Path) -> None:
    """A lock that misses something, has more, or says what a lock never says, is none; it names no path elsewhere."""
    change(folder, edit)
    assert isinstance(read_lock(folder), LockFault)


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '{"schema":"caveat.lock/1","schema":"caveat.lock/1","packages":[]}'])
def test_what_is_no_json(text: str, folder: Path) -> None:
    """A lock is read as strictly as a document."""
    (folder / "caveat.lock").write_text(text)
    assert isinstance(read_lock(folder), LockFault)


def test_a_lock_that_cannot_be_opened(folder: Path) -> None:
    """A folder of that name is no lock."""
    (folder / "caveat.lock").unlink()
    (folder / "caveat.lock").mkdir()
    assert isinstance(read_lock(folder), LockFault)


def test_another_package_in_its_place(folder: Path) -> None:
    """One byte more, another name, another extension: each is noticed, and so is damage."""
    contents = files(LABEL, definition("retake"), definition("quality", modifier=False))
    for raw, message in (
        (package(LABEL, definition("retake")), "has other bytes than the lock pins"),
        (package("org.example.other#1.0.0"), "calls itself `org.example.other#1.0.0`"),
        (b"PK\x03\x04", "is no gzip"),
    ):
        (folder / FOUND).write_bytes(raw)
        assert told(folder) == message
    (folder / FOUND).unlink()
    write(folder / "packages" / LABEL, contents)
    assert told(folder) == f"is locked as found in `{FOUND}`, and is not there"


def test_the_places_of_a_package(folder: Path, tmp_path: Path) -> None:
    """The archive beside the rule file comes before the folder, and both before the cache."""
    cache = write(tmp_path / "home" / ".fhir" / "packages" / LABEL, files(LABEL, definition("retake")))
    write(folder / "packages" / LABEL, files(LABEL, definition("retake")))
    assert find(folder, LABEL) == FOUND
    (folder / FOUND).unlink()
    assert find(folder, LABEL) == f"packages/{LABEL}"
    (folder / "packages" / LABEL).rename(folder / "packages" / "gone")
    assert find(folder, LABEL) == "cache"
    cache.rename(tmp_path / "away")
    assert find(folder, LABEL) is None
