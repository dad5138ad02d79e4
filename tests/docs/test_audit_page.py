"""What the page on the audit trail shows is run: its commands in their order, and its program."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from caveat.audit.quarantine import QuarantineRow
from caveat.audit.record import COLUMNS
from caveat.cli.app import run
from strategies.trailing import LOOSER, RULES, patient

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "audit.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder with the rules and the document that the page speaks of."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.caveat").write_text(RULES)
    (tmp_path / "newer.caveat").write_text(LOOSER)
    (tmp_path / "study.json").write_bytes(patient("review"))


def test_the_commands_of_the_page() -> None:
    """Each command does what it says, one after the other; the first check holds what it is given, and says so with 1."""
    lines = [line.partition("   #") for line in block("sh").splitlines()]
    codes = [run(shlex.split(command)[1:]) for command, _, _ in lines]
    assert codes == [int(said.strip()[0]) if said else 0 for _, _, said in lines]
    assert len(codes) == 11


def test_the_program_of_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    """The program answers 422 for what a person must see first, and lists it."""
    run(["audit", "keys", "quarantine.key", "--for", "quarantine"])
    names: dict[str, Any] = {}
    program, _, listing = block("python").partition("for held in")
    exec(program, names)  # noqa: S102  the page is ours
    assert names["intake"](patient("review")) == 422
    assert names["intake"](patient("unknown")) == 422
    assert names["intake"](patient("warn")) == 201
    capsys.readouterr()
    exec(f"for held in{listing}", names)  # noqa: S102  as above
    assert "StructureDefinition/review" in capsys.readouterr().out


def test_the_columns_of_the_page() -> None:
    """HL7's columns are named on the page, and so is what a hash is over."""
    assert [name for name in QuarantineRow.__dataclass_fields__ if f"`{name}`" not in PAGE] == []
    assert "hash" in COLUMNS
