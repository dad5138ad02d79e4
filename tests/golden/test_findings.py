"""Each wrong rule file of `findings/` gives, on one day, exactly the diagnostics that stand beside it.

`findings/packages` and its lock are what some of the files use; `caveat packages lock` there makes the lock again.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from caveat.analysis.findings import analyse
from caveat.domain.diagnostic import Diagnostic
from caveat.formats.diagnostic import render
from caveat.lang.lint import lint
from caveat.packs.fixtures import fixture_faults
from caveat.packs.policies import LoadedPolicy, load_policy

FINDINGS = Path(__file__).parent / "findings"
TODAY = date(2026, 11, 24)
CODES = (*range(101, 113), *range(120, 125), *range(130, 136), 140, 145, *range(150, 154), 155, 156, 157, 160, 177, 180)
FILES = sorted(path.name for code in CODES for path in FINDINGS.glob(f"CV{code}-*.caveat"))


def analysed(loaded: LoadedPolicy) -> tuple[Diagnostic, ...]:
    """Return what the analyses find in a policy that loads."""
    return analyse(loaded.policy, loaded.resolved, told=loaded.diagnostics).findings if loaded.policy is not None else ()


@pytest.mark.parametrize("name", FILES)
def test_finding(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file gives the diagnostics of its `.txt`, word for word, and all of the code that it is named for."""
    monkeypatch.chdir(FINDINGS)
    loaded = load_policy(Path(name))
    told = {*loaded.diagnostics, *lint(loaded.resolved, TODAY), *fixture_faults(loaded.resolved, loaded.folder)}
    found = sorted(told | set(analysed(loaded)), key=lambda each: each.sort_key)
    assert {diagnostic.code for diagnostic in found} == {name[:5]}
    shown = "\n\n".join(render(diagnostic, loaded.texts) for diagnostic in found) + "\n"
    assert shown == Path(name).with_suffix(".txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_a_file(code: int) -> None:
    """Each code of paths, names, clauses, waivers, dates, imports and analyses is shown by at least one file."""
    assert any(name.startswith(f"CV{code}-") for name in FILES)
