"""What the page says of `caveat diff` is so: its commands run, its text and its record are what comes."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from caveat.cli.app import run

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "diff.md").read_text(encoding="utf-8")
HEAD = 'caveat 1; policy "p" version "1" { owner "o"; fhir R4, R4B; }\nextension retake = "https://x.example/retake";\n'
RULES = {
    "old": 'exclude r: retake on ImagingStudy.series.instance because "b" assessed 2026-01-01;',
    "new": 'understand r: retake on ImagingStudy.series.instance until 2027-01-31 because "b" assessed 2026-01-01;',
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """Return a folder with the two policies of the page, and reports of the old one."""
    for name, rule in RULES.items():
        (tmp_path / f"{name}.caveat").write_text(f"{HEAD}{rule}\n", encoding="utf-8")
    (tmp_path / "study.json").write_text('{"resourceType": "ImagingStudy"}', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert run(["check", "study.json", "-p", "old.caveat", "--format", "json"]) == 0
    (tmp_path / "reports.ndjson").write_text(capsys.readouterr().out, encoding="utf-8")
    return tmp_path


def block(language: str) -> str:
    """Return the one fenced block of a language."""
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


def test_the_commands(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each command of the page runs, and the first prints what the page shows."""
    commands = [shlex.split(line, comments=True) for line in block("sh").splitlines()]
    assert len(commands) == 5
    capsys.readouterr()
    assert run(commands[0][1:]) == 0
    assert capsys.readouterr().out == block("text")
    assert [run(command[1:]) for command in commands[1:]] == [0] * 4
    assert (folder / "witnesses" / "index.json").is_file()


def test_the_record(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The record on the page has the fields, in the order, and the values of a real one, but for the day of its witness."""
    assert run(["diff", "old.caveat", "new.caveat", "--format", "json"]) == 0
    real, shown = json.loads(capsys.readouterr().out.splitlines()[0]), json.loads(block("json"))
    real["witness"]["date"] = shown["witness"]["date"]
    assert list(real.items()) == list(shown.items())
