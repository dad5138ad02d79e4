"""Importing Caveat is cheap: what is heavy waits until it is needed."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("fhir.resources", "lark", "lxml", "pydantic", "rich", "typer")


def test_import_caveat_imports_nothing_heavy() -> None:
    """`import caveat` leaves the models, the parser generator and the terminal alone."""
    program = f"import sys, caveat; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.split() == []


def test_import_caveat_gives_the_promised_names() -> None:
    """The names of the first example in the interfaces are there, so that the test above looks at the whole package."""
    program = "from caveat import Guard, Refused; print(Guard.__name__, Refused.__name__)"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["Guard", "Refused"]
