"""The pages of the codes beyond syntax show files that really give the code, and repaired files that do not."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from caveat.analysis.findings import analyse
from caveat.domain.diagnostic import CODES
from caveat.lang.lint import lint
from caveat.packs.files import load_files, resolve_loaded
from caveat.packs.fixtures import fixture_faults
from caveat.policy.compiler import compile_policy
from strategies.defining import GOVERNED

PAGES = Path(__file__).resolve().parents[2] / "docs" / "diagnostics"
TODAY = date(2026, 11, 24)
GIVEN = (*range(101, 113), *range(120, 125), *range(130, 136), 140, 145, *range(150, 154), 155, 156, 157, 160, *range(170, 181))
FOUND_BY_COMPILER = [f"CV{number}" for number in GIVEN]
_HEADING = re.compile(r"^## (?:What it means|A file that gives it|How to repair it)\n", re.MULTILINE)
_BLOCK = re.compile(r"^```(?:caveat|json)(?: file=(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def codes_of(section: str, folder: Path) -> set[str]:
    """Return the codes that the one unnamed block of a section gives; named blocks are files that it imports or tests."""
    main = folder / "main.caveat"
    folder.mkdir()
    blocks = _BLOCK.findall(section)
    assert [name for name, _ in blocks].count("") == 1
    for name, text in blocks:
        path = folder / name if name else main
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    resolved = resolve_loaded(load_files(main))
    compiled = compile_policy(resolved, library=GOVERNED)
    told = compiled.diagnostics
    analysed = analyse(compiled.policy, resolved, told=told).findings if compiled.policy is not None else ()
    return {found.code for found in (*told, *lint(resolved, TODAY), *fixture_faults(resolved, folder), *analysed)}


@pytest.mark.parametrize("code", FOUND_BY_COMPILER)
def test_page(code: str, tmp_path: Path) -> None:
    """The page opens with code and title; its first file gives the code and no other, its repaired file gives nothing."""
    page = (PAGES / f"{code}.md").read_text(encoding="utf-8")
    title, meaning, wrong, repaired = _HEADING.split(page)
    assert title.strip() == f"# {code}: {CODES[code].title}"
    assert meaning.strip()
    assert codes_of(wrong, tmp_path / "wrong") == {code}
    assert codes_of(repaired, tmp_path / "repaired") == set()
