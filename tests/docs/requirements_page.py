"""Makes the page of requirements: what FHIR demands, and the test that proves it.

A test proves a requirement when its docstring, or that of its module, names it (`MX-20`).
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEAD = """# What FHIR demands, and the test that proves it

Each requirement on modifier extensions that is a SHALL or an invariant, and what HL7's guide FHIR to OMOP asks of pipelines, in
the order of the catalogue (MX-nn) that Caveat was built from. Tests are named by file and function; one that is a file alone
proves it with all its functions. Made by `make docs` from the docstrings of the tests.

| requirement | strength | what it says | proven by |
|---|---|---|---|
"""


def requirements() -> Mapping[str, Mapping[str, str]]:
    """Return the requirements by number."""
    return tomllib.loads((ROOT / "tests" / "docs" / "requirements.toml").read_text(encoding="utf-8"))


def proofs() -> Mapping[str, list[str]]:
    """Return the tests that name each requirement."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for where, text in _docstrings(ast.parse(path.read_text(encoding="utf-8"))):
            name = path.relative_to(ROOT).as_posix() + where
            for number in sorted(_numbers(text)):
                found[f"MX-{number:02}"].append(name)
    return found


def _docstrings(module: ast.Module) -> Iterator[tuple[str, str]]:
    """Give what a module and each of its tests say they prove."""
    yield "", ast.get_docstring(module) or ""
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield f"::{node.name}", ast.get_docstring(node) or ""


def _numbers(text: str) -> set[int]:
    """Return the numbers of the requirements that a text names: `MX-20`, `MX-60 to 63`, `MX-60 to MX-63`, `MX-36, 37`."""
    numbers: set[int] = set()
    for listed in re.findall(r"MX-\d+(?:(?:, | and | to )(?:MX-)?\d+)*", text):
        steps = re.findall(r"(, | and | to |^MX-)(?:MX-)?(\d+)", listed)
        for how, number in steps:
            numbers |= set(range(max(numbers), int(number) + 1)) if how == " to " else {int(number)}
    return numbers


def page() -> str:
    """Return the page."""
    proven = proofs()
    return HEAD + "".join(_row(number, each, proven.get(number, [])) for number, each in requirements().items())


def _row(number: str, each: Mapping[str, str], tests: list[str]) -> str:
    shown = "<br>".join(f"`{test}`" for test in tests) or f"not covered: {each['left']}"
    return f"| {number} | {each['strength']} | {each['says']} | {shown} |\n"
