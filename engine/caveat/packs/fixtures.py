"""The documents that tests take from files: each found within the policy's folder, or said what is wrong with its name.

Rule 1: `lint` and the run of a test look here, so that they never differ on whether a fixture is there.
Rule 2: what is suggested can be read: a name is offered only where it leads to a fixture.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path, PurePosixPath

from caveat.domain.diagnostic import Diagnostic
from caveat.lang import syntax
from caveat.lang.diagnose import closest, diagnose, quoted, sorted_findings
from caveat.lang.resolved import Resolved
from caveat.packs.rule_file import SUFFIX

_MOST_FILES = 2000  # a policy's folder may be anybody's home: what is looked through for a suggestion is bounded
_REMEDY = "put the file into the policy's folder, or correct the path"
_NOTE = "a fixture is a file in the policy's folder, and its path is relative to the file of the test"


@dataclass(frozen=True, slots=True)
class Absent:
    """Why a fixture cannot be had, as one line, and the name that may have been meant."""

    message: str
    nearest: str | None = None

    def __str__(self) -> str:
        """Return the line, with the suggestion."""
        return self.message if self.nearest is None else f"{self.message}: did you mean {quoted(self.nearest)}?"


def fixture(folder: Path | None, file: str, name: str) -> bytes | Absent:
    """Return the content of a fixture, or why not: `name` is relative to the `file` of the test, and that to the `folder`."""
    path = _found(folder, file, name)
    if isinstance(path, Absent):
        return path
    try:
        return path.read_bytes()
    except OSError:
        return _unreadable(name)


def fixture_faults(resolved: Resolved, folder: Path | None) -> tuple[Diagnostic, ...]:
    """Return a CV157 for each fixture that a test names and that `fixture` would not give; none is read."""
    return sorted_findings(
        _fault(statement.path, absent)
        for test in resolved.tests
        for statement in test.test.statements
        if isinstance(statement, syntax.GivenResource) and (absent := _absent(folder, test.file, statement.path.value))
    )


def _absent(folder: Path | None, file: str, name: str) -> Absent | None:
    """Return why a fixture cannot be had, None where it can."""
    path = _found(folder, file, name)
    if isinstance(path, Absent):
        return path
    try:
        path.open("rb").close()
    except OSError:
        return _unreadable(name)
    return None


def _fault(path: syntax.Text, absent: Absent) -> Diagnostic:
    remedy = f"did you mean {quoted(absent.nearest)}?" if absent.nearest else _REMEDY
    if path.value.lstrip().startswith(("{", "[", "<")):
        remedy = "put the document into a file, and write the path of that here"
    return diagnose("CV157", absent.message, path.span, notes=(_NOTE,), remedy=remedy)


def _unreadable(name: str) -> Absent:
    return Absent(f"the fixture {quoted(name)} cannot be read")


def _found(folder: Path | None, file: str, name: str) -> Path | Absent:
    """Return where a fixture lies, or why it cannot be had: it must be a file within the policy's folder."""
    if folder is None:
        return Absent(f"no fixture {quoted(name)}: a policy given as text has no folder")
    here = Path(file).parent
    path = _within(folder, here / name)
    if path is None:
        return _unreadable(name)
    if not path.is_relative_to(folder.resolve()):
        return Absent(f"the fixture {quoted(name)} lies outside the policy's folder", _nearest(folder, here, name))
    return path if path.is_file() else Absent(f"no fixture {quoted(name)}", _nearest(folder, here, name))


def _within(folder: Path, name: Path) -> Path | None:
    """Return a path with its links followed, None where they cannot be, or where no file can have that name."""
    try:
        path = (folder / name).resolve()
        path.is_file()  # before Python 3.14 it raises for a name that is too long
    except (OSError, RuntimeError, ValueError):  # RuntimeError: a circle of links, before Python 3.13
        return None
    return path


def _nearest(folder: Path, here: Path, name: str) -> str | None:
    """Return the name of a fixture that may have been meant: one of the same file name, else the one spelt most alike."""
    known = list(_names(folder, here))
    last = PurePosixPath(name).name.casefold()
    same = sorted(each for each in known if PurePosixPath(each).name.casefold() == last)
    return same[0] if same else closest(name, known)


def _names(folder: Path, here: Path) -> Iterator[str]:
    """Yield the names that a test in the folder `here` could give: files there and in folders below, but for rule files."""
    top = folder / here
    nearest_first = chain.from_iterable(top.glob(pattern) for pattern in ("*", "*/*", "*/*/*"))
    for path in islice(nearest_first, _MOST_FILES):
        name = path.relative_to(top)
        hidden = any(part.startswith(".") for part in name.parts)
        if not hidden and path.suffix != SUFFIX and _is_fixture(folder, here / name):
            yield name.as_posix()


def _is_fixture(folder: Path, name: Path) -> bool:
    """Return whether a name leads to a file within the policy's folder."""
    path = _within(folder, name)
    return path is not None and path.is_file() and path.is_relative_to(folder.resolve())
