"""The wheel holds what the engine needs at run time, for every Python and platform, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel once, and return where it is."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    """Return the names of the files in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_one_wheel_serves_every_platform(wheel: Path) -> None:
    """Nothing in it is compiled."""
    assert wheel.name.endswith("-py3-none-any.whl")


@pytest.mark.parametrize(
    "name",
    [
        "py.typed",
        "lang/grammar.lark",
        "spec/tables/r4.json",
        "spec/tables/r4b.json",
        "spec/tables/r5.json",
        "lang/pages/CV101.md",
    ],
)
def test_the_wheel_holds_what_is_read_at_run_time(names: set[str], name: str) -> None:
    """A file that the engine reads is in the wheel, beside the module that reads it."""
    assert f"caveat/{name}" in names


def test_every_shipped_rule_file_is_in_the_wheel(names: set[str]) -> None:
    """The packs of the checkout are those of the wheel."""
    shipped = {
        f"caveat/packs/shipped/{path.relative_to(ROOT / 'rules').as_posix()}" for path in (ROOT / "rules").rglob("*.caveat")
    }
    assert shipped
    assert shipped <= names


def test_the_wheel_holds_no_tests_of_the_engine(names: set[str]) -> None:
    """What proves the engine is not part of it."""
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if top != "caveat" and not (top.startswith("caveat-") and top.endswith(".dist-info"))} == set()
    assert [name for name in names if name.startswith("caveat/tests/") or "conftest" in name] == []


def test_the_wheel_imports_without_the_checkout(wheel: Path, tmp_path: Path) -> None:
    """What was installed from the wheel finds its tables there."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import caveat; from caveat.spec import Release, tables; "
        "tables(Release('R4')); print(caveat.__file__)"
    )
    said = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == str(tmp_path / "caveat" / "__init__.py")
