"""What the README shows is run: its commands, its program, its rule file."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from caveat.lang.resolve import lint
from caveat.packs.cases import run_tests
from caveat.packs.policies import load_policy_text

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Return the fenced blocks of the README in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


COMMANDS = [line for block in blocks("sh") for line in block.splitlines() if line]
# `check` of a folder with a study that must be refused answers 1, and that is what the README says of it.
EXPECTED = {line: 1 for line in COMMANDS if line.endswith("--format json examples/data")}


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_does_what_it_says(line: str) -> None:
    """Every command of the README runs, with the exit status that the README gives."""
    name, *arguments = shlex.split(line)
    assert name == "caveat"
    done = subprocess.run([sys.executable, "-m", "caveat", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == EXPECTED.get(line, 0), done.stderr
    assert done.stdout or done.stderr or "fmt --check" in line


def test_the_program_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The README's program lets a good study in, and answers a refused one with an OperationOutcome."""
    monkeypatch.chdir(ROOT)
    names: dict[str, Any] = {}
    for block in blocks("python"):
        exec(block, names)  # noqa: S102  the README is ours
    status, study = names["intake"]((ROOT / "examples/data/study-one-rejected.json").read_bytes())
    assert status == 201
    assert len(study.series[0].instance) == 1
    status, outcome = names["intake"]((ROOT / "examples/data/study-unknown.json").read_bytes())
    assert status == 422
    assert outcome["resourceType"] == "OperationOutcome"


def test_the_rule_file_is_clean_and_its_tests_pass() -> None:
    """The README's rule file has no finding, and its test passes."""
    (text,) = blocks("caveat")
    loaded = load_policy_text(text)
    today = datetime.now(UTC).date()
    assert [*loaded.diagnostics, *lint(loaded.resolved, today)] == []
    outcomes = run_tests(loaded, today)
    assert [outcome.passed for outcome in outcomes] == [True]


def test_the_two_commands_are_there() -> None:
    """The README's two commands are targets of the Makefile."""
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert {"demo", "test"} <= set(targets)
    assert "make demo" in README
    assert "make test" in README
