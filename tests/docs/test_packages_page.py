"""What the page says of packages is so: the form of the lock, and the fields of the records."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from caveat.cli.app import run
from strategies.packaging import definition, package, write

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "packages.md").read_text(encoding="utf-8")
LABELS = {"org.example.a#1.0.0": True, "org.example.b#2.0.0": False}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with two packages that differ, both locked, and the cache as the page has it."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    made = {f"packages/{label}.tgz": package(label, definition("retake", modifier=kind)) for label, kind in LABELS.items()}
    write(tmp_path / "my-rules", made)
    assert run(["packages", "lock", "--dir", "my-rules"]) == 0
    return tmp_path / "my-rules"


def test_the_form_of_the_lock(folder: Path) -> None:
    """The lock on the page has the fields, in the order, of a real one."""
    (shown,) = re.findall(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    real, said = json.loads((folder / "caveat.lock").read_bytes()), json.loads(shown)
    assert (list(said), list(said["packages"][0])) == (list(real), list(real["packages"][0]))
    assert said["schema"] == real["schema"]


def test_the_commands_of_the_page(folder: Path) -> None:
    """Each command of the page does what it says."""
    write(folder.parent, {"hl7.fhir.uv.imaging-1.0.0.tgz": package("hl7.fhir.uv.imaging#1.0.0")})
    german = folder.parent / "home" / ".fhir" / "packages" / "de.basisprofil.r4#1.5.0"
    write(german, {"package/package.json": b'{"name": "de.basisprofil.r4", "version": "1.5.0"}'})
    (block,) = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    lines = [shlex.split(line.partition(" #")[0]) for line in block.splitlines()]
    assert len(lines) == 5
    assert [run(line[1:]) for line in lines] == [0] * 5


def test_the_records_of_the_page(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every field of a record is named on the page."""
    capsys.readouterr()
    assert run(["packages", "show", "org.example.a", "--dir", "my-rules", "--format", "json"]) == 0
    record = json.loads(capsys.readouterr().out)
    section = PAGE.partition("## Exit codes")[2]
    assert [field for field in record if f"`{field}`" not in section and f'"{field}"' not in section] == []
