"""Modules and functions stay small enough to be read at one sitting, and are called by names that say something."""

from __future__ import annotations

import ast
from pathlib import Path

ENGINE = Path(__file__).resolve().parents[2] / "engine" / "caveat"
MODULES = sorted(ENGINE.rglob("*.py"))
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "types", "base", "manager", "misc", "impl"}


def test_there_are_modules_to_measure() -> None:
    """These tests look at the engine and not at an empty folder."""
    assert ENGINE / "domain" / "decision.py" in MODULES


def test_no_module_is_above_400_lines() -> None:
    """A module that has grown beyond 400 lines answers more than one question."""
    lengths = {str(path.relative_to(ENGINE)): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {name: length for name, length in lengths.items() if length > 400} == {}


def function_lengths() -> dict[str, int]:
    """Return the lines of every function, docstring and signature counted, decorators not."""
    return {
        f"{path.relative_to(ENGINE)}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_no_function_is_above_50_lines() -> None:
    """No function is longer than 50 lines."""
    assert {name: length for name, length in function_lengths().items() if length > 50} == {}


def test_nine_functions_in_ten_are_under_30_lines() -> None:
    """The few that are longer are the exception: at most one in ten."""
    lengths = function_lengths()
    long = sorted((length, name) for name, length in lengths.items() if length >= 30)
    assert len(long) * 10 <= len(lengths), long


def test_no_module_has_a_name_that_says_nothing() -> None:
    """A module named for what it is not about collects what belongs elsewhere."""
    names = [path.relative_to(ENGINE) for path in MODULES if FORBIDDEN_NAMES & {*path.relative_to(ENGINE).parts[:-1], path.stem}]
    assert names == []
