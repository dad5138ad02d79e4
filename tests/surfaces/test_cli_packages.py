"""`caveat packages` as users meet it: output, messages and exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from caveat.cli.app import run
from strategies.packaging import BASE, definition, package, write

Answer = tuple[int, str, str]
Cli = Callable[..., Answer]
LABEL = "org.example.imaging#1.0.0"
PARTS = {
    "differential": {
        "element": [
            {"path": "Extension", "isModifier": True, "isModifierReason": "why\x1b[2J"},
            {"path": "Extension.extension", "sliceName": "of"},
            {"path": "Extension.value[x]", "max": "0"},
        ]
    }
}
ANY = {"differential": {"element": [{"path": "Extension"}]}, "context": [], "status": None}
PLACED = {
    "context": [
        {
            "type": "fhirpath",
            "expression": "Patient",
            "extension": [
                {
                    "url": "http://hl7.org/fhir/StructureDefinition/version-specific-use",
                    "extension": [{"url": "startFhirVersion", "valueCode": "4.0"}, {"url": "endFhirVersion", "valueCode": "4.3"}],
                }
            ],
        }
    ]
}


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Return a function that runs a command of `packages` beside one archive, in a home whose cache is empty."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    resources = (
        definition("retake"),
        definition("any", modifier=False, **ANY),
        definition("complex", **PARTS),
        definition("p", **PLACED),
    )
    write(tmp_path, {"a.tgz": package(LABEL, *resources)})

    def call(*arguments: str) -> Answer:
        code = run(["packages", *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def objects(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def test_add(cli: Cli, tmp_path: Path) -> None:
    """The package is copied and locked; a second time changes nothing."""
    assert cli("add", "a.tgz") == (0, f"{LABEL}  unchanged  4 extensions  packages/{LABEL}.tgz\n", f"locked {LABEL}\n")
    lock = (tmp_path / "caveat.lock").read_bytes()
    assert cli("add", "a.tgz")[0] == 0
    assert (tmp_path / "caveat.lock").read_bytes() == lock


def test_add_to_another_folder(cli: Cli, tmp_path: Path) -> None:
    """`--dir` is the policy's folder; it must be there."""
    assert cli("add", "a.tgz", "--dir", "b") == (2, "", "caveat: there is no folder 'b'\n")
    (tmp_path / "b").mkdir()
    assert cli("add", "a.tgz", "--dir", "b")[0] == 0
    assert sorted(path.name for path in (tmp_path / "b").iterdir()) == ["caveat.lock", "packages"]


def test_add_never_changes_what_is_locked(cli: Cli, tmp_path: Path) -> None:
    """Other bytes under a locked name and version are refused, even when the first are gone."""
    cli("add", "a.tgz")
    lock = (tmp_path / "caveat.lock").read_bytes()
    write(tmp_path, {"a.tgz": package(LABEL, definition("other"))})
    assert cli("add", "a.tgz")[0] == 2
    (tmp_path / "packages" / f"{LABEL}.tgz").unlink()
    code, _, err = cli("add", "a.tgz")
    assert (code, "locked with other bytes" in err) == (2, True)
    assert (tmp_path / "caveat.lock").read_bytes() == lock


def test_list(cli: Cli, tmp_path: Path) -> None:
    """Each package with its extensions and its state; what is not as locked is a finding with its remedy."""
    cli("add", "a.tgz")
    assert cli("list") == (0, f"{LABEL}  unchanged  4 extensions, 3 modifiers  packages/{LABEL}.tgz\n", "")
    (tmp_path / "packages" / f"{LABEL}.tgz").write_bytes(package(LABEL))
    code, out, err = cli("list")
    assert (code, out) == (1, f"{LABEL}  faulty  4 extensions  packages/{LABEL}.tgz\n")
    assert err == f"caveat: {LABEL} has other bytes than the lock pins; mend it with `caveat packages lock`\n"
    (record,) = objects(cli("list", "--format", "json")[1])
    assert (record["schema"], record["state"], record["problem"]) == (
        "caveat.package/1",
        "faulty",
        "has other bytes than the lock pins",
    )
    assert (record["name"], record["version"], record["extensions"], record["modifiers"]) == (
        "org.example.imaging",
        "1.0.0",
        4,
        None,
    )


def test_show(cli: Cli) -> None:
    """Modifiers first, each with status, places, content and reason; nothing in it moves the cursor."""
    cli("add", "a.tgz")
    code, out, _ = cli("show", "org.example.imaging")
    assert code == 0
    assert out.splitlines() == [
        f"{LABEL}  unchanged  4 extensions, 3 modifiers  packages/{LABEL}.tgz",
        f"  modifier  {BASE}complex",
        "            active; on ImagingStudy.series; parts of",
        "            reason: why\\u001b[2J",
        f"  modifier  {BASE}p",
        "            active; on fhirpath:Patient (from 4.0 to 4.3); boolean",
        "            reason: the series is not what it seems",
        f"  modifier  {BASE}retake",
        "            active; on ImagingStudy.series; boolean",
        "            reason: the series is not what it seems",
        f"  plain     {BASE}any",
        "            no status; on no context; any value",
    ]


def test_show_as_json(cli: Cli) -> None:
    """One object a package, with its definitions."""
    cli("add", "a.tgz")
    (record,) = objects(cli("show", LABEL, "--format", "json")[1])
    found = {each["url"].removeprefix(BASE): each for each in record["definitions"]}
    assert (record["schema"], record["modifiers"]) == ("caveat.package/1", 3)
    assert {name: each["is_modifier"] for name, each in found.items()} == {
        "complex": True,
        "p": True,
        "retake": True,
        "any": False,
    }
    assert (found["retake"]["value_types"], found["retake"]["contexts"]) == (["boolean"], ["ImagingStudy.series"])
    assert (found["complex"]["parts"], found["retake"]["digest"][:7]) == (["of"], "sha256:")


def test_show_of_what_is_not_as_locked(cli: Cli, tmp_path: Path) -> None:
    """Nothing is shown of a package that is not the locked one."""
    cli("add", "a.tgz")
    (tmp_path / "packages" / f"{LABEL}.tgz").unlink()
    code, out, err = cli("show", LABEL)
    assert (code, out) == (1, "")
    assert "is not there; mend it with `caveat packages add SOURCE`" in err


def test_lock(cli: Cli, tmp_path: Path) -> None:
    """It is made anew from what is there, and says what is no longer what was locked."""
    write(tmp_path / "packages", {f"{LABEL}.tgz": package(LABEL)})
    assert cli("lock") == (0, f"{LABEL}  unchanged  1 extension  packages/{LABEL}.tgz\n", "1 package locked\n")
    (tmp_path / "packages" / f"{LABEL}.tgz").write_bytes(package(LABEL, definition("other")))
    code, _, err = cli("lock")
    assert (code, err.splitlines()[0]) == (
        0,
        f"caveat: {LABEL} is not what was locked before; `caveat packages show {LABEL}` says what it defines now",
    )
    assert cli("list")[0] == 0
    write(tmp_path, {"p.caveat": b'caveat 1; policy "p" version "1" { owner "o"; } use "gone#1";', "caveat.lock": b"{"})
    assert cli("lock")[0] == 1
    assert cli("lock")[2].startswith("caveat: gone#1 is neither in packages nor in the cache\n")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["list"], 2),
        (["show", "a"], 2),
        (["lock"], 2),
        (["add", "none.tgz"], 2),
        (["add"], 2),
        (["add", "a.tgz", "--format", "xml"], 2),
        (["bogus"], 2),
        ([], 2),
        (["--help"], 0),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_exit_codes_where_there_is_nothing(cli: Cli, arguments: list[str], code: int) -> None:
    """Without a lock, a package or a command there is nothing to do."""
    assert cli(*arguments)[0] == code


def test_exit_codes_of_a_broken_lock(cli: Cli, tmp_path: Path) -> None:
    """A lock that is none stops every command but the one that makes it anew."""
    write(tmp_path, {"caveat.lock": b"{}"})
    for arguments in (["list"], ["show", "a"], ["add", "a.tgz"]):
        code, _, err = cli(*arguments)
        assert (code, err) == (
            2,
            "caveat: the lock caveat.lock is none of the form caveat.lock/1; make it anew with `caveat packages lock`\n",
        )


def test_show_of_an_unknown_package(cli: Cli) -> None:
    """The message names those there are."""
    cli("add", "a.tgz")
    assert cli("show", "b") == (2, "", f"caveat: the lock has no package 'b'; it has: {LABEL}\n")
