"""The page of the command line speaks of every variable of the environment that the engine looks at."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from docs.cli_page import ENVIRONMENT, page

ENGINE = Path(__file__).resolve().parents[2] / "engine" / "caveat"
OURS = re.compile("CAVEAT_[A-Z_]+")
KNOWN = {"NO_COLOR", "TERM", "XDG_CACHE_HOME"}


def looked_up() -> Iterator[str]:
    """Give the names of variables in the engine: those that begin as ours do, and what is asked of `os.environ` by its name."""
    for path in sorted(ENGINE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and OURS.fullmatch(node.value):
                yield node.value
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"os.environ.get", "os.getenv"}:
                name = node.args[0]
                if isinstance(name, ast.Constant) and isinstance(name.value, str):
                    yield name.value


def test_every_variable_is_on_the_page() -> None:
    """What is looked at is told, what is told is looked at; those of OpenTelemetry are looked at by its own API too."""
    told = {name for names in ENVIRONMENT for name in names.split(", ") if not name.startswith("OTEL_")}
    assert told == set(looked_up())
    assert set(looked_up()) > KNOWN
    assert all(f"`{name}`" in page() for name in told)
