"""Tests of caveat.packs.packages: what a package is called, needs and defines, and when it is refused."""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caveat.intake.json_reader import read_json
from caveat.packs import packages
from caveat.packs.packages import FhirPackage, PackageFault, canonical, digest_of, label_of, package_of, read_package
from strategies.packaging import BASE, definition, files, package, tgz, write

LABEL = "org.example.imaging#1.0.0"


def good(raw: bytes) -> FhirPackage:
    """Return a package that is read."""
    read = package_of(raw)
    assert isinstance(read, FhirPackage)
    return read


def fault(read: FhirPackage | PackageFault) -> str:
    """Return why a package is refused."""
    assert isinstance(read, PackageFault)
    return read.message


def test_an_archive() -> None:
    """Name, version, hash, dependencies and definitions are those of the files under `package/`."""
    raw = package(LABEL, definition("retake"), definition("quality", modifier=False))
    read = good(raw)
    assert (read.package.label, read.package.sha256) == (LABEL, hashlib.sha256(raw).hexdigest())
    assert read.dependencies == {"hl7.fhir.r4.core": "4.0.1"}
    assert {url: known.is_modifier for url, known in read.definitions.items()} == {BASE + "retake": True, BASE + "quality": False}
    assert {known.package for known in read.definitions.values()} == {LABEL}
    assert read.definitions[BASE + "retake"].digest == digest_of(definition("retake"))


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_every_form_of_archive(form: int) -> None:
    """The three forms of tar hold the same package."""
    assert good(tgz(files(LABEL, definition("retake")), form)).definitions.keys() == {BASE + "retake"}


def test_where_definitions_stand() -> None:
    """They stand in the package's folder or in `other`; examples, schemas and what lies beside the package define nothing."""
    tree = json.dumps(definition("retake")).encode()
    elsewhere = ("package/example/a.json", "package/xml/a.json", "package/.a.json", "package/a.xml", "a.json", "other/a.json")
    for name in elsewhere:
        assert good(tgz(files(LABEL) | {name: tree})).definitions == {}
    assert good(tgz(files(LABEL) | {"package/other/a.json": tree})).definitions.keys() == {BASE + "retake"}


@pytest.mark.parametrize("top", ["", "package"])
def test_a_folder_is_what_its_archive_is(top: str, tmp_path: Path) -> None:
    """With or without a folder `package` it defines the same, and its hash is the same: over its own files."""
    contents = files(LABEL, definition("retake"))
    folder = write(
        tmp_path / "x", {f"{top}/{name.removeprefix('package/')}".lstrip("/"): data for name, data in contents.items()}
    )
    read = read_package(folder)
    assert isinstance(read, FhirPackage)
    assert (read.package.label, read.definitions) == (LABEL, good(tgz(contents)).definitions)
    said = [(name.removeprefix("package/"), data) for name, data in contents.items() if not name.startswith("package/.")]
    expected = b"".join(b"%d:%s:%d:%s" % (len(name), name.encode(), len(data), data) for name, data in sorted(said))
    assert read.package.sha256 == hashlib.sha256(expected).hexdigest()


def test_hidden_files_of_a_folder_are_the_tools_own(tmp_path: Path) -> None:
    """An index that a tool writes anew changes nothing; every other file does."""
    folder = write(tmp_path, files(LABEL, definition("retake")))
    before = read_package(folder)
    write(folder, {"package/.index.db": b"x", "package/.cache/a.json": b"x", "usage.ini": b"x"})
    assert read_package(folder) == before
    write(folder, {"package/example/note.txt": b"x"})
    after = read_package(folder)
    assert isinstance(before, FhirPackage)
    assert isinstance(after, FhirPackage)
    assert before.package != after.package
    assert before.definitions == after.definitions


BROKEN = {
    "duplicate names": b'{"resourceType":"StructureDefinition","url":"a","url":"b"}',
    "no JSON": b"{",
    "UTF-16": b"\xff\xfe{}",
    "deep": b"[" * 150 + b"1" + b"]" * 150,
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("name", ["package/a.json", "package/other/a.json"])
def test_a_file_that_cannot_be_read_refuses_the_package(name: str, data: bytes) -> None:
    """Nobody knows what it would have defined; the message names the file and repeats nothing of it."""
    assert fault(package_of(tgz(files(LABEL) | {name: data}))).startswith(f"holds {name.removeprefix('package/')}, which cannot")


@pytest.mark.parametrize(
    ("manifest", "is_package"),
    [
        ({"name": "a", "version": "1"}, True),
        ({"name": "hl7.fhir.uv.ips", "version": "2.0.0-ballot"}, True),
        ({"name": "a", "version": "1", "dependencies": ["x"]}, True),
        ({"name": "a", "version": "1", "dependencies": {"b": 1}}, True),
        ({"name": "a"}, False),
        ({"version": "1"}, False),
        ({"name": "../a", "version": "1"}, False),
        ({"name": "a/b", "version": "1"}, False),
        ({"name": "a", "version": "1/../.."}, False),
        ({"name": "a", "version": "."}, False),
        ({"name": ".a", "version": "1"}, False),
        ({"name": "a#b", "version": "1"}, False),
        ({"name": "a" * 200, "version": "1"}, False),
        ({"name": "a\n", "version": "1"}, False),
        ([], False),
        ("a", False),
    ],
)
def test_a_manifest(manifest: Any, *, is_package: bool) -> None:
    """Name and version are plain words, so that they may name a file; odd dependencies are none."""
    read = package_of(tgz({"package/package.json": json.dumps(manifest).encode()}))
    assert isinstance(read, FhirPackage) is is_package
    assert isinstance(read, PackageFault) or read.dependencies == {}


def test_a_package_without_manifest() -> None:
    """An archive of something else is no package."""
    assert "has no package.json" in fault(package_of(tgz({"a.json": b"{}"})))
    assert fault(package_of(b"PK")) == "is no gzip"


def test_one_url_defined_twice() -> None:
    """The same twice is once; two that differ refuse the package."""
    assert good(package(LABEL, definition("a"), definition("a", text={}))).definitions.keys() == {BASE + "a"}
    raw = package(LABEL, definition("a"), definition("a", modifier=False))
    assert fault(package_of(raw)) == (
        "holds StructureDefinition-1.json, which defines an extension that another file of it defines differently"
    )


@pytest.mark.parametrize("target", ["a.json", "/etc/hostname", "../../x", "."])
def test_a_link_in_a_folder(target: str, tmp_path: Path) -> None:
    """A symbolic link, wherever it leads, refuses the folder."""
    folder = write(tmp_path, files(LABEL))
    (folder / "package" / "link.json").symlink_to(target)
    assert fault(read_package(folder)) == "holds a link, or something else that is neither file nor folder"


def test_a_linked_folder_in_a_folder(tmp_path: Path) -> None:
    """A folder that is a link is one as well, the package's own included."""
    folder = write(tmp_path / "a", files(LABEL))
    (folder / "package" / "other").symlink_to(tmp_path)
    assert "holds a link" in fault(read_package(folder))
    (folder / "package" / "other").unlink()
    assert isinstance(read_package(folder), FhirPackage)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "package").symlink_to(folder / "package")
    assert "holds a link" in fault(read_package(tmp_path / "b"))


def test_what_is_no_file(tmp_path: Path) -> None:
    """A pipe is refused before it is opened, in a folder and by itself; what is not there at all is a fault too."""
    folder = write(tmp_path / "a", files(LABEL))
    os.mkfifo(folder / "package" / "pipe.json")
    os.mkfifo(tmp_path / "pipe.tgz")
    assert "neither file nor folder" in fault(read_package(folder))
    assert fault(read_package(tmp_path / "pipe.tgz")) == "is neither a file nor a folder"
    assert fault(read_package(tmp_path / "none.tgz")) == "cannot be read: No such file or directory"


@pytest.mark.parametrize(
    ("field", "message"), [("file", "holds files of more than"), ("unpacked", "holds files"), ("members", "holds more")]
)
def test_a_folder_beyond_its_bounds(field: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Number and size of a folder's files are bounded as an archive's are."""
    folder = write(tmp_path, files(LABEL, definition("a")))
    monkeypatch.setattr(packages, "_LIMITS", packages.ArchiveLimits(**{field: 3}))
    assert message in fault(read_package(folder))


def test_a_folder_that_may_not_be_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be listed is not passed over."""
    folder = write(tmp_path, files(LABEL))

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.scandir", refuse)
    assert fault(read_package(folder)) == "cannot be read: Permission denied"


@pytest.mark.parametrize("text", ["a", "a#", "#1", "a#1#2", "a #1", "A/b#1", "a#1\n", "a..b#1..2/..", "", "a#-1"])
def test_what_is_no_label(text: str) -> None:
    """Only `name#version` in plain characters names a package."""
    assert label_of(text) is None


def test_the_cache_is_in_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is where the tools of FHIR keep it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    assert packages.cache_folder() == tmp_path / ".fhir" / "packages"


TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.decimals(allow_nan=False, allow_infinity=False, places=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def spelt(value: Any) -> Any:
    """Return a tree with its decimals as canonical JSON has them."""
    if isinstance(value, dict):
        return {name: spelt(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [spelt(inner) for inner in value]
    return {"decimal": str(value)} if isinstance(value, Decimal) else value


@given(st.dictionaries(st.text(), TREES, max_size=4), st.randoms())
def test_canonical_json_says_the_same(tree: dict[str, Any], random: Any) -> None:
    """Read strictly it is the tree again, decimals by their digits; the order of names changes neither it nor the digest."""
    assert read_json(canonical(tree).encode()) == spelt(tree)
    names = list(tree)
    random.shuffle(names)
    assert digest_of({name: tree[name] for name in names}) == digest_of(tree)


def test_a_digest_sees_everything_but_the_narrative() -> None:
    """Digits of a number count, and so does its being one; the narrative does not."""
    digests = [digest_of({"a": value}) for value in (1, Decimal("1.0"), Decimal("1.00"), "1.0", True, [1], {"b": 1}, None)]
    assert len(set(digests)) == len(digests)
    assert digest_of({"a": 1, "text": {"div": "x"}}) == digests[0]
    assert digest_of({"a": {"text": "x"}}) != digest_of({"a": {}})
