"""Tests of caveat.packs.uses: what `use` brings into a policy, and what it says when it cannot."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from caveat.domain.diagnostic import Diagnostic
from caveat.judge.check import known_kind
from caveat.packs.lock import Lock, lock_text, locked_as
from caveat.packs.packages import FhirPackage, package_of
from caveat.packs.policies import LoadedPolicy, load_policy, load_policy_text
from caveat.policy.policy import Policy
from caveat.spec.release import Release
from strategies.packaging import BASE, definition, package, write

A, B = "org.example.a#1.0.0", "org.example.b#2.0.0"
RETAKE = BASE + "retake"
HL7 = "http://hl7.org/fhir/StructureDefinition/"
Archives = Mapping[str, bytes]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a policy's folder, in a home whose cache is empty."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "policy"


def load(folder: Path, archives: Archives, *uses: str, header: str = "") -> LoadedPolicy:
    """Lock packages, and load a policy that uses some of them."""
    lock = Lock()
    for label, raw in archives.items():
        read = package_of(raw)
        assert isinstance(read, FhirPackage)
        lock = lock.having(locked_as(read, f"packages/{label}.tgz"))
    texts = {f"packages/{label}.tgz": raw for label, raw in archives.items()} | {"caveat.lock": lock_text(lock).encode()}
    return load_uses(write(folder, texts), *uses, header=header)


def load_uses(folder: Path, *uses: str, header: str = "") -> LoadedPolicy:
    """Load a policy of nothing but `use` statements."""
    statements = "".join(f'use "{use}";\n' for use in uses)
    text = f'caveat 1;\npolicy "p" version "1.0.0" {{ owner "o"; {header} }}\n{statements}'
    write(folder, {"p.caveat": text.encode()})
    return load_policy(folder / "p.caveat")


def policy(loaded: LoadedPolicy) -> Policy:
    """Return the policy, which must have loaded."""
    assert loaded.policy is not None, [found.message for found in loaded.diagnostics]
    return loaded.policy


def only(loaded: LoadedPolicy, code: str = "CV160") -> Diagnostic:
    """Return the one diagnostic, of that code."""
    (found,) = loaded.diagnostics
    assert found.code == code
    return found


def test_a_used_package(folder: Path) -> None:
    """Its definitions and itself are the policy's library, a known modifier is known, and the digest covers the package."""
    loaded = policy(load(folder, {A: package(A, definition("retake"), definition("q", modifier=False))}, A))
    assert loaded.library.definitions.keys() == {RETAKE, BASE + "q"}
    assert [each.label for each in loaded.library.packages] == [A]
    assert loaded.library.by_package == {A: loaded.library.definitions}
    assert (known_kind(loaded, Release.R4)(RETAKE), known_kind(loaded, Release.R4)(BASE + "q")) == (True, False)
    other = policy(load(folder, {A: package(A, definition("retake", title="x"))}, A))
    assert other.digest != loaded.digest


def test_what_is_locked_and_not_used(folder: Path) -> None:
    """A locked package brings nothing by itself."""
    loaded = policy(load(folder, {A: package(A), B: package(B, definition("b"))}, B))
    assert loaded.library.definitions.keys() == {BASE + "b"}


def test_another_version_of_a_used_package(folder: Path) -> None:
    """It is there to compare with, and nothing of it counts; where it is not as locked it is not there."""
    older = "org.example.a#0.9.0"
    archives = {A: package(A, definition("a")), older: package(older, definition("old")), B: package(B, definition("b"))}
    library = policy(load(folder, archives, A)).library
    assert {label: list(known) for label, known in library.by_package.items()} == {A: [BASE + "a"], older: [BASE + "old"]}
    assert ([each.label for each in library.packages], list(library.definitions)) == ([A], [BASE + "a"])
    spoil(folder, f"packages/{older}.tgz", None)
    assert policy(load_uses(folder, A)).library.by_package.keys() == {A}


def test_no_use(folder: Path) -> None:
    """A policy without `use` reads no lock, not even a broken one."""
    write(folder, {"caveat.lock": b"{"})
    assert policy(load_uses(folder)).library.packages == ()


@pytest.mark.parametrize("core", ["hl7.fhir.r4.core#4.0.1", "hl7.fhir.r4b.core#4.3.0", "hl7.fhir.r5.core#5.0.0"])
def test_the_packages_of_fhir_itself(core: str, folder: Path) -> None:
    """They are built in and need no lock; another version of them does."""
    assert policy(load_uses(folder, core)).library.by_package == {core: {}}
    assert only(load_uses(folder, core + "9")).message == f"the package `{core}9` is not locked"


@pytest.mark.parametrize(
    ("needed", "locked", "brought"),
    [
        ("2.0.0", "2.0.0", True),
        ("2.0.x", "2.0.0", True),
        ("2.x", "2.0.0", True),
        ("2.0.*", "2.0.0", True),
        ("2.0.x", "2.1.0", False),
        ("1.x", "2.0.0", False),
        ("current", "2.0.0", False),
        ("2.0.1", "2.0.0", False),
    ],
)
def test_dependencies(needed: str, locked: str, folder: Path, *, brought: bool) -> None:
    """What a package needs counts where it is locked, the versions that a wildcard means included; else it is passed over."""
    label = f"org.example.b#{locked}"
    archives = {A: package(A, dependencies={"org.example.b": needed}), label: package(label, definition("b"))}
    assert (BASE + "b" in policy(load(folder, archives, A)).library.definitions) is brought


def test_a_wildcard_means_the_last_of_several(folder: Path) -> None:
    """10 comes after 9."""
    labels = [f"org.example.b#2.{n}.0" for n in (9, 10, 2)]
    archives = {label: package(label, definition("b", version=label)) for label in labels}
    loaded = policy(load(folder, archives | {A: package(A, dependencies={"org.example.b": "2.x"})}, A))
    assert [each.label for each in loaded.library.packages] == [A, "org.example.b#2.10.0"]


def test_packages_that_need_each_other(folder: Path) -> None:
    """A circle of dependencies ends."""
    archives = {
        A: package(A, definition("a"), dependencies={"org.example.b": "2.0.0"}),
        B: package(B, definition("b"), dependencies={"org.example.a": "1.0.0"}),
    }
    assert policy(load(folder, archives, A, B, A)).library.definitions.keys() == {BASE + "a", BASE + "b"}


def spoil(folder: Path, name: str, data: bytes | None) -> None:
    """Change a file of the folder, or take it away."""
    if data is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(data)


@pytest.mark.parametrize(
    ("name", "data", "message", "command"),
    [
        ("caveat.lock", None, f"the package `{A}` is not locked", "caveat packages add SOURCE"),
        (
            "caveat.lock",
            b"{",
            "the lock `caveat.lock` cannot be read: the document ends before it is complete",
            "caveat packages lock",
        ),
        (
            f"packages/{A}.tgz",
            None,
            f"the package `{A}` is locked as found in `packages/{A}.tgz`, and is not there",
            "caveat packages add",
        ),
        (f"packages/{A}.tgz", b"PK\x03", f"the package `{A}` is no gzip", "caveat packages add SOURCE"),
        (
            f"packages/{A}.tgz",
            package(A, definition("b")),
            f"the package `{A}` has other bytes than the lock pins",
            "caveat packages lock",
        ),
        (f"packages/{A}.tgz", package(B), f"the package `{A}` calls itself `{B}`", "caveat packages add SOURCE"),
    ],
)
def test_what_is_not_as_locked(name: str, data: bytes | None, message: str, command: str, folder: Path) -> None:
    """Each way to miss a package is a CV160 at the statement; it names the command that mends it, and there is no policy."""
    load(folder, {A: package(A)})
    spoil(folder, name, data)
    loaded = load_uses(folder, A)
    found = only(loaded)
    assert loaded.policy is None
    assert found.message.startswith(message)
    assert found.help is not None
    assert found.help.startswith(f"run `{command}")
    assert (found.span.line, found.span.column) == (3, 5)


def edited(folder: Path, edit: Callable[[dict[str, Any]], object]) -> LoadedPolicy:
    """Lock a package, change its entry in the lock, and use it."""
    load(folder, {A: package(A)})
    tree = json.loads((folder / "caveat.lock").read_bytes())
    edit(tree["packages"][0])
    (folder / "caveat.lock").write_text(json.dumps(tree))
    return load_uses(folder, A)


def test_a_definition_that_differs_from_its_pin(folder: Path) -> None:
    """The digest of a definition is compared as well as the bytes of the package."""
    loaded = edited(folder, lambda entry: entry.update(extensions={RETAKE: "sha256:" + "0" * 64}))
    assert only(loaded).message == f"the package `{A}` defines the extension `{RETAKE}` otherwise than the lock pins"


def test_another_version_is_locked(folder: Path) -> None:
    """The note says which."""
    load(folder, {A: package(A)})
    assert only(load_uses(folder, "org.example.a#1.0.1")).notes == (f"the lock has `{A}`",)


def test_a_dependency_that_is_not_as_locked(folder: Path) -> None:
    """It stops the policy at the statement that needs it."""
    archives = {A: package(A, dependencies={"org.example.b": "2.0.0"}), B: package(B, definition("b"))}
    load(folder, archives)
    spoil(folder, f"packages/{B}.tgz", None)
    assert only(load_uses(folder, A)).message.startswith(f"the package `{B}` is locked as found in")


@pytest.mark.parametrize("text", ["org.example.a", "a#1|2", "../a#1", "a #1", ""])
def test_what_is_no_package(text: str, folder: Path) -> None:
    """A `use` is written `name#version`."""
    found = only(load_uses(folder, text))
    assert (found.message, found.help) == (f"`{text}` is no package", 'write `use "name#version";`')


def test_a_text_has_no_packages() -> None:
    """A policy given as text has no folder, and the message says so."""
    found = only(load_policy_text(f'caveat 1; policy "p" version "1" {{ owner "o"; }} use "{A}";'))
    assert found.message == f"the package `{A}` cannot be found from a text"
    assert found.notes == ("a policy given as text has no folder, and so no lock and no packages",)


def test_two_packages_that_agree(folder: Path) -> None:
    """One definition in two packages is no finding, whatever its narrative."""
    archives = {A: package(A, definition("retake")), B: package(B, definition("retake", text={"div": "other"}))}
    assert load(folder, archives, A, B).diagnostics == ()


@pytest.mark.parametrize(("first", "second"), [(True, False), (False, True)])
def test_two_packages_that_differ(folder: Path, *, first: bool, second: bool) -> None:
    """It is a warning at the later statement, and a modifier in either is a modifier."""
    archives = {A: package(A, definition("retake", modifier=first)), B: package(B, definition("retake", modifier=second))}
    loaded = load(folder, archives, A, B)
    found = only(loaded, "CV177")
    assert (found.severity, found.span.line, found.related[0].span.line) == ("error", 4, 3)
    assert found.message == f"`{A}` and `{B}` define `{RETAKE}` differently"
    assert policy(loaded).library.definitions[RETAKE].is_modifier
    assert policy(loaded).library.definitions[RETAKE].package == (A if first else B)


def test_the_first_of_two_that_differ_otherwise(folder: Path) -> None:
    """Where both modify, the definition of the first statement counts; each difference is told."""
    archives = {
        A: package(A, definition("retake"), definition("b")),
        B: package(B, definition("retake", title="x"), definition("b", title="x")),
    }
    loaded = load(folder, archives, B, A)
    assert [found.code for found in loaded.diagnostics] == ["CV177", "CV177"]
    assert {known.package for known in policy(loaded).library.definitions.values()} == {B}


def test_a_package_that_differs_from_what_it_needs(folder: Path) -> None:
    """One statement brought both; there is no second place to show."""
    archives = {
        A: package(A, definition("retake"), dependencies={"org.example.b": "2.0.0"}),
        B: package(B, definition("retake", modifier=False)),
    }
    assert only(load(folder, archives, A), "CV177").related == ()


@pytest.mark.parametrize("header", ["", "fhir R4;"])
def test_a_package_that_calls_a_published_modifier_plain(header: str, folder: Path) -> None:
    """A modifier that HL7 publishes stays one, and the package is said to differ."""
    url = HL7 + "request-doNotPerform"
    loaded = load(folder, {A: package(A, definition("x", modifier=False, url=url))}, A, header=header)
    assert only(loaded, "CV177").message == f"`{A}` defines `{url}` as plain, and HL7 publishes it as a modifier"
    assert policy(loaded).library.definitions[url].is_modifier
    assert known_kind(policy(loaded), Release.R4)(url) is True


def test_a_package_may_call_a_plain_extension_a_modifier(folder: Path) -> None:
    """The lock comes before what is built in, on the strict side."""
    url = HL7 + "patient-birthPlace"
    assert known_kind(policy(load(folder, {A: package(A, definition("x", url=url))}, A)), Release.R4)(url) is True


INHERITED: dict[str, tuple[str, bool]] = {
    "of the same package": ("https://fhir.example.org/StructureDefinition/retake", True),
    "of HL7": (HL7 + "request-doNotPerform", True),
    "of HL7, plain": (HL7 + "patient-birthPlace", False),
    "of nobody that is known": ("https://fhir.example.org/StructureDefinition/absent", True),
    "of itself": ("https://fhir.example.org/StructureDefinition/narrower", False),
}


@pytest.mark.parametrize("case", INHERITED)
def test_a_definition_has_the_flag_of_what_it_constrains(case: str, folder: Path) -> None:
    """A profile of a modifier is one, though its differential does not say so again (MX-104); what nobody knows may be one."""
    base, is_modifier = INHERITED[case]
    url = "https://fhir.example.org/StructureDefinition/narrower"
    narrower = definition("narrower", modifier=False, url=url, baseDefinition=base)
    loaded = load(folder, {A: package(A, definition("retake", url=RETAKE), narrower)}, A)
    assert policy(loaded).library.definitions[url].is_modifier is is_modifier
