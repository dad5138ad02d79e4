"""Each wrong rule file of `governed/` gives exactly the diagnostics that stand beside it, about definitions that it governs.

`CAVEAT_UPDATE_GOLDEN=1` writes the expected files anew; read the difference before committing it.
"""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from caveat.formats.diagnostic import render
from caveat.lang.lint import lint
from caveat.packs.files import load_files, resolve_loaded
from caveat.policy.compiler import compile_policy
from strategies.defining import GOVERNED

FOLDER = Path(__file__).parent / "governed"
CODES = (*range(170, 180), 160)
FILES = sorted(path.name for path in FOLDER.glob("*.caveat"))


@pytest.mark.parametrize("name", FILES)
def test_finding(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file gives the diagnostics of its `.txt`, word for word, and all of the code that it is named for."""
    monkeypatch.chdir(FOLDER)
    loaded = load_files(Path(name))
    resolved = resolve_loaded(loaded)
    compiled = compile_policy(resolved, library=GOVERNED)
    found = sorted((*compiled.diagnostics, *lint(resolved, date(2026, 11, 24))), key=lambda diagnostic: diagnostic.sort_key)
    assert {diagnostic.code for diagnostic in found} == {name[:5]}
    assert (compiled.policy is None) == name.startswith("CV160")
    shown = "\n\n".join(render(diagnostic, loaded.texts) for diagnostic in found) + "\n"
    if os.environ.get("CAVEAT_UPDATE_GOLDEN") == "1":
        Path(name).with_suffix(".txt").write_text(shown, encoding="utf-8")
    assert shown == Path(name).with_suffix(".txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_a_file(code: int) -> None:
    """Each code of `govern` is shown by at least one file."""
    assert any(name.startswith(f"CV{code}-") for name in FILES)
