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


YEAR = "from 2026-01-01 until 2026-12-31 only"
WAIVED = 'waive w: wrong-slot for retake on {} as warn from 2026-01-01 until 2026-12-31 because "b" owner "o";'


@pytest.mark.parametrize(
    ("added", "told"),
    [
        ('review r: retake on Patient.** because "b";', ["`retake` on Patient.**: reject -> review"]),
        (
            'review r: retake on Patient.extension.value[x] because "b";',
            ["`retake` on Patient.extension.value[x] in the value of an extension: reject -> review"],
        ),
        (
            'review r: retake on Patient.extension.extension.value[x] because "b";',
            ["`retake` on Patient.extension.extension.value[x] in the value of an extension: reject -> review"],
        ),
        (
            WAIVED.format("Patient.extension"),
            [f"`retake` in plain `extension` on Patient.extension: reject -> warn, {YEAR}"],
        ),
        (
            WAIVED.format("Patient.extension.extension"),
            [f"`retake` in plain `extension` on Patient.extension.extension: reject -> warn, {YEAR}"],
        ),
    ],
    ids=["every depth", "the first", "the second", "waived in an extension", "waived in an extension of one"],
)
def test_nested_extensions(added: str, told: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What differs at one depth of extensions is told at that depth, once; what differs at each is told by the path above."""
    assert "*Nested extensions.*" in PAGE
    known = 'reject z: retake on Group because "b";'
    (folder / "one.caveat").write_text(f"{HEAD}{known}\n", encoding="utf-8")
    (folder / "two.caveat").write_text(f"{HEAD}{known}\n{added}\n", encoding="utf-8")
    capsys.readouterr()
    assert run(["diff", "one.caveat", "two.caveat"]) == 0
    assert re.findall(r"^  [0-9]+  (.*)$", capsys.readouterr().out, re.MULTILINE) == told


def test_below_a_modifier_extension_nothing_is_claimed(folder: Path) -> None:
    """A path into `modifierExtension` ends the comparison with the exit code of a failure, as the page says."""
    (folder / "two.caveat").write_text(f'{HEAD}review r: retake on Patient.modifierExtension.** because "b";\n', encoding="utf-8")
    (folder / "one.caveat").write_text(f'{HEAD}reject r: retake on Group because "b";\n', encoding="utf-8")
    assert "the command ends with 3" in PAGE
    assert run(["diff", "one.caveat", "two.caveat"]) == 3


def test_the_record(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The record on the page has the fields, in the order, and the values of a real one, but for the day of its witness."""
    assert run(["diff", "old.caveat", "new.caveat", "--format", "json"]) == 0
    real, shown = json.loads(capsys.readouterr().out.splitlines()[0]), json.loads(block("json"))
    real["witness"]["date"] = shown["witness"]["date"]
    assert list(real.items()) == list(shown.items())
