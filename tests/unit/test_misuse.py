"""The library called wrongly: what is wrong is said as a UsageError, never as an accident of Python inside of Caveat."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.patient import Patient

from caveat import Guard, UsageError

GUARD: Any = Guard.default()
BUILD: Any = Guard
BASIC = b'{"resourceType": "Basic"}'
NO_CONTENT = "`scan` looks at bytes or str, not at a"
NO_LINES = "pass the file's name, or the file opened with `rb`"
NO_NAME = "no file can have this name"
NO_POLICY = "a policy is loaded from a rule file, a folder or a shipped pack, not from a"
NO_TEXT = "`from_text` takes the text of a rule file, not a"


def senseless(resource: "3 +") -> None:  # noqa: F722  the point of it
    """Be annotated with what is no expression."""


MISUSE: dict[str, tuple[Callable[[], object], str]] = {
    "scan a file's name": (lambda: GUARD.scan(Path("a.json")), f"{NO_CONTENT} PosixPath"),
    "scan nothing": (lambda: GUARD.scan(None), f"{NO_CONTENT} NoneType"),
    "scan a number": (lambda: GUARD.scan(10), f"{NO_CONTENT} int"),
    "scan a tree": (lambda: GUARD.scan({}), f"{NO_CONTENT} dict"),
    "lines of nothing": (lambda: GUARD.ndjson(None), NO_LINES),
    "lines of a number": (lambda: GUARD.ndjson(3), NO_LINES),
    "lines of a tree": (lambda: GUARD.ndjson({}), NO_LINES),
    "a file with a NUL in its name": (lambda: GUARD.check(Path("a\0.json")), NO_NAME),
    "lines with a NUL in their name": (lambda: list(GUARD.ndjson("a\0.ndjson")), NO_NAME),
    "half a character in a name": (lambda: GUARD.check(Path("\ud800.json")), NO_NAME),
    "a release that is no text": (lambda: GUARD.check(BASIC, release=[]), r"no release \[\] is read"),
    "a place that is no text": (lambda: GUARD.check({}, at=3, within=None), "`at` is a str, not a int"),
    "a source that is no text": (lambda: GUARD.check(BASIC, source=b"pacs"), "`source` is a str, not a bytes"),
    "a guard's source that is no text": (lambda: BUILD(GUARD.policy, source=3), "`source` is a str, not a int"),
    "limits that are none": (lambda: BUILD(GUARD.policy, limits={"bytes": 3}), "`limits` is a `Limits`, not a dict"),
    "a policy of nothing": (lambda: BUILD.from_files(None), f"{NO_POLICY} NoneType"),
    "several policies": (lambda: BUILD.from_files(["imaging"]), f"{NO_POLICY} list"),
    "a policy without a name": (lambda: BUILD.from_files(""), "there is no rule file or folder at ''"),
    "a text for a name": (lambda: BUILD.from_files("caveat 1;\n" * 500), "the text of a rule file is for `from_text`"),
    "a text of bytes": (lambda: BUILD.from_text(b"caveat 1;"), f"{NO_TEXT} bytes"),
    "a file for a text": (lambda: BUILD.from_text(Path("a.caveat")), f"{NO_TEXT} PosixPath"),
    "nothing to protect": (lambda: GUARD.protects(None), "`protects` wraps a function, not a NoneType"),
    "a class of Python to protect": (lambda: GUARD.protects(dict), "nobody can say what `dict` takes"),
    "an annotation that is none": (lambda: GUARD.protects(senseless), "the annotations of `senseless` mean nothing"),
}


@pytest.mark.parametrize("case", MISUSE)
def test_a_wrong_call_is_a_usage_error(case: str) -> None:
    """What was called, and what to pass, stands in the message."""
    call, said = MISUSE[case]
    with pytest.raises(UsageError, match=said):
        call()


def test_a_resource_that_may_be_missing_is_still_checked() -> None:
    """`| None` beside a class says nothing of the class."""

    def name(patient: Patient | None = None) -> object:
        return type(patient)

    protected = GUARD.protects(name)
    assert protected(b'{"resourceType": "Patient"}') is Patient
    assert protected() is type(None)
    with pytest.raises(UsageError, match="cannot check a NoneType"):
        protected(None)
