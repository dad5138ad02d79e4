"""The layers of the house hold, and the contracts that guard them can break."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINT = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(config_filename=sys.argv[1], no_cache=True))"


def lint(source_root: Path) -> subprocess.CompletedProcess[str]:
    """Return what import-linter says of the package under `source_root`."""
    command = [sys.executable, "-c", LINT, str(ROOT / "pyproject.toml")]
    environment = {**os.environ, "PYTHONPATH": str(source_root)}
    return subprocess.run(command, cwd=source_root, env=environment, capture_output=True, text=True, check=False)


def test_every_contract_is_kept() -> None:
    """No module imports what its layer must not see."""
    said = lint(ROOT / "engine")
    assert said.returncode == 0, said.stdout + said.stderr


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("domain/decision.py", "import caveat.guard", "An import only points down"),
        ("lang/syntax.py", "import caveat.spec", "The language knows no FHIR"),
        ("intake/walk.py", "import caveat.lang.syntax", "Intake knows no rules"),
        ("judge/fold.py", "import lark", "The judge reads no rule source"),
        ("policy/policy.py", "import pydantic", "What decides stands on plain words"),
        ("judge/evaluate.py", "import random", "Nothing below packs and models does"),
        ("guard.py", "import fhir.resources", "fhir.resources is the bridge's"),
        ("guard.py", "import rich", "The terminal is the command line's"),
        ("guard.py", "import opentelemetry.trace", "OpenTelemetry is met where it is told"),
        ("guard.py", "import logging", "Logs are written by one package"),
        ("telemetry/seen.py", "import caveat.audit", "An import only points down"),
        ("unknown_layer.py", "import json", "An import only points down"),
    ],
    ids=lambda value: value if value.startswith("import") else None,
)
def test_a_contract_breaks_on_the_import_it_forbids(tmp_path: Path, module: str, line: str, contract: str) -> None:
    """One forbidden line, put into a copy of the engine, breaks the contract that forbids it."""
    shutil.copytree(ROOT / "engine" / "caveat", tmp_path / "caveat", ignore=shutil.ignore_patterns("__pycache__", "*.json"))
    with (tmp_path / "caveat" / module).open("a", encoding="utf-8") as target:
        target.write(f"\n{line}\n")
    said = lint(tmp_path)
    assert said.returncode == 1, said.stdout + said.stderr
    broken = [text for text in said.stdout.splitlines() if " BROKEN" in text]
    assert any(text.startswith(contract) for text in broken), broken
