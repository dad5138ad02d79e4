"""What the engine's source says and does not say: docstrings, no printing, no clock below the guard, nothing left undone."""

from __future__ import annotations

import ast
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

ENGINE = Path(__file__).resolve().parents[2] / "engine" / "caveat"
MODULES = sorted(ENGINE.rglob("*.py"))
# A developer's programs, which the library never imports.
GENERATORS = {*(ENGINE / "spec").rglob("build*.py"), ENGINE / "lang" / "build_table.py"}
PURE = ("domain", "spec", "lang", "intake", "policy", "judge", "formats")
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def place(path: Path, node: ast.AST) -> str:
    """Return where `node` stands, for a message."""
    return f"{path.relative_to(ENGINE)}:{getattr(node, 'lineno', 1)}"


def called(path: Path) -> Iterator[tuple[ast.Call, str]]:
    """Return every call in a module with the last word of what it calls."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield node, getattr(node.func, "attr", getattr(node.func, "id", ""))


def public(body: list[ast.stmt]) -> Iterator[Definition]:
    """Return the public classes and functions of a body, and the public methods of those classes."""
    for node in body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body)


def test_every_module_and_public_name_has_a_docstring() -> None:
    """Whoever meets a public name is told what it does or holds."""
    bare = []
    for path in MODULES:
        module = ast.parse(path.read_text(encoding="utf-8"))
        bare += [place(path, node) for node in [module, *public(module.body)] if not ast.get_docstring(node)]
    assert bare == []


def test_only_the_command_line_prints() -> None:
    """A library that prints spoils the output of whoever calls it."""
    silent = [path for path in MODULES if path not in GENERATORS and "cli" not in path.relative_to(ENGINE).parts]
    assert [place(path, node) for path in silent for node, name in called(path) if name == "print"] == []


def test_only_the_command_line_exits() -> None:
    """`sys.exit` stands in the command line and nowhere else."""
    library = [path for path in MODULES if path.relative_to(ENGINE).parts[0] not in {"cli", "__main__.py"}]
    assert [place(path, node) for path in library for node, name in called(path) if name in {"exit", "_exit"}] == []


def test_only_the_bridge_imports_by_name() -> None:
    """An import by name escapes the contracts: only the bridge to fhir.resources, lazy names and commands do it."""
    others = [path for path in MODULES if path not in {ENGINE / "models.py", ENGINE / "__init__.py", ENGINE / "cli" / "app.py"}]
    assert [place(path, node) for path in others for node, name in called(path) if name in {"import_module", "__import__"}] == []


def test_no_clock_file_or_environment_is_asked_below_packs_and_models() -> None:
    """Dates and texts are arguments there, so that a decision can be taken again."""
    asking = {"now", "today", "utcnow", "open", "getenv", "read_text", "read_bytes", "write_text"}
    pure = [path for path in MODULES if path.relative_to(ENGINE).parts[0] in PURE and path not in GENERATORS]
    assert [place(path, node) for path in pure for node, name in called(path) if name in asking] == []


def test_nothing_is_left_undone() -> None:
    """No comment or statement of the engine speaks of work to come."""
    undone = re.compile(r"\b(TOD[O]|FIXM[E]|XX[X]|NotImplementedErro[r])\b")
    found = []
    for path in MODULES:
        with tokenize.open(path) as source:
            found += [f"{path.relative_to(ENGINE)}:{number}" for number, line in enumerate(source, 1) if undone.search(line)]
    assert found == []
