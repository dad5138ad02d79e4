"""The hooks for pre-commit do what they say when their commands are run as pre-commit runs them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from caveat.packs.policies import shipped_packs

ROOT = Path(__file__).resolve().parents[2]
HOOKS = ROOT / ".pre-commit-hooks.yaml"


def hooks() -> dict[str, dict[str, str]]:
    """Return the hooks by id. The file is as plain as YAML can be: a list of flat mappings, and comments."""
    found: list[dict[str, str]] = []
    for line in HOOKS.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        match = re.fullmatch(r"(- |  )([a-z_]+): (.+)", line)
        assert match is not None, line
        if match[1] == "- ":
            found.append({})
        found[-1][match[2]] = match[3]
    return {hook["id"]: hook for hook in found}


def commit(folder: Path, identity: str, *args: str) -> subprocess.CompletedProcess[str] | None:
    """Run a hook on a folder as pre-commit does on a commit of all its files; None when no file concerns the hook."""
    hook = hooks()[identity]
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    concerned = [name for name in names if re.search(hook["files"], name)]
    if not concerned:
        return None
    given = args or tuple(word for word in hook.get("args", "[]").strip("[]").split(", ") if word)
    program, *words = hook["entry"].split()
    assert program == "caveat"
    passed = [] if hook.get("pass_filenames") == "false" else concerned
    command = [sys.executable, "-m", "caveat", *words, *given, *passed]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the shipped packs in it, one of which imports a file and has fixtures."""
    for name, pack in shipped_packs().items():
        shutil.copytree(pack, tmp_path / "rules" / name)
    return tmp_path


def test_there_are_three() -> None:
    """Each has what pre-commit asks of a hook, and is installed as a Python package."""
    assert list(hooks()) == ["caveat-fmt", "caveat-lint", "caveat-test"]
    assert {hook["language"] for hook in hooks().values()} == {"python"}
    assert all({"id", "name", "entry", "files"} <= hook.keys() for hook in hooks().values())


@pytest.mark.parametrize("identity", sorted(hooks()))
def test_a_clean_repository_passes(folder: Path, identity: str) -> None:
    """The shipped packs, imports and fixtures and all, with the arguments of the hook and with those that a user gives."""
    for args in [(), ("rules",)] if identity != "caveat-fmt" else [()]:
        done = commit(folder, identity, *args)
        assert done is not None
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("identity", sorted(hooks()))
def test_a_folder_without_rules_is_nobodys_concern(tmp_path: Path, identity: str) -> None:
    """No hook runs for a commit of other files."""
    (tmp_path / "readme.md").write_text("x")
    assert commit(tmp_path, identity) is None


def test_what_is_wrong_stops_the_commit(folder: Path) -> None:
    """A wrong path, a test that fails, and a file that does not read, each by its hook."""
    path = folder / "rules" / "imaging" / "imaging.caveat"
    text = path.read_text()
    path.write_text(text.replace("ImagingStudy.series", "ImagingStudy.serie", 1))
    assert commit(folder, "caveat-lint").returncode == 1  # type: ignore[union-attr]
    path.write_text(text.replace("forbid safety-rejected", "review safety-rejected"))
    assert commit(folder, "caveat-test").returncode == 1  # type: ignore[union-attr]
    path.write_text(text + "nonsense")
    assert commit(folder, "caveat-fmt").returncode == 2  # type: ignore[union-attr]


def test_formatting_changes_the_file(folder: Path) -> None:
    """pre-commit stops a commit when a hook changed a file; the second time nothing is left to change."""
    path = folder / "rules" / "imaging" / "imaging.caveat"
    text = path.read_text()
    path.write_text(text.replace("\n\n", "\n\n\n\n"))
    assert commit(folder, "caveat-fmt").returncode == 0  # type: ignore[union-attr]
    assert path.read_text() == text
