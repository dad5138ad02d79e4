"""Reads a rule file with its imports and the test files beside it; all that is read lies in the policy's folder.

Rule 1: an author's mistake is a diagnostic; only a main file that cannot be read is a `UsageError`.
Rule 2: no import leaves the folder of the main file: not by an absolute path, not by `..`, not by a symbolic link.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from caveat.domain.diagnostic import Diagnostic, Span
from caveat.domain.errors import UsageError
from caveat.lang import syntax
from caveat.lang.diagnose import diagnose, quoted, sorted_findings
from caveat.lang.imports import MAX_DEPTH, MAX_FILES, expand, import_fault, import_target, imports_of, outside
from caveat.lang.parser import MAX_BYTES, Parsed, parse, parse_bytes
from caveat.lang.resolve import resolve
from caveat.lang.resolved import Resolved
from caveat.packs.rule_file import OUTSIDE, SUFFIX, TEST_SUFFIX, contents, tests_of

__all__ = ["SUFFIX", "TEST_SUFFIX", "Loaded", "load_files", "load_text", "resolve_loaded"]

_MOST_BYTES = MAX_BYTES + 8  # enough for the parser to see that a file is too large (CV009)


@dataclass(frozen=True, slots=True)
class Loaded:
    """The files of one policy, ready for `resolve`.

    `files` are by normalised name (the posix path relative to the policy's folder); `main` and `tests` are such names.
    `texts` are by the name that spans carry, for rendering: the path as the caller gave it. `diagnostics` are those of
    syntax, and CV160.
    """

    files: Mapping[str, syntax.File]
    main: str
    tests: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...]
    texts: Mapping[str, str]


def resolve_loaded(loaded: Loaded) -> Resolved:
    """Return the resolved policy; its diagnostics hold those of loading too, each mistake once."""
    faulty = {found.span.file for found in loaded.diagnostics if found.code != "CV160"}
    broken = [name for name, file in loaded.files.items() if file.name in faulty]
    resolved = resolve(loaded.files, loaded.main, loaded.tests, broken=broken)
    return replace(resolved, diagnostics=sorted_findings((*loaded.diagnostics, *resolved.diagnostics)))


def load_text(text: str, name: str = "policy.caveat") -> Loaded:
    """Return a policy given as text; there is no folder to import from, so each import is a CV160."""
    parsed = parse(text, name)
    files = {name: parsed.file}
    diagnostics = sorted_findings((*parsed.diagnostics, *expand(files, name)[1]))
    return Loaded(files, name, (), diagnostics, {name: parsed.file.text})


def load_files(path: Path, data: bytes | None = None) -> Loaded:
    """Return the rule file at `path` with all that it imports, and the test files that belong to it.

    `data` is read in place of what the file holds, to see what would come of it. Raises `UsageError` when there is no such file;
    whatever else is wrong is a diagnostic.
    """
    reading = _Reading(path.parent)
    if not path.is_file():
        raise UsageError(f"there is no rule file at {str(path)!r}")
    try:
        with path.open("rb") as file:
            reading.keep(path.name, file.read(_MOST_BYTES) if data is None else data)
    except OSError as error:
        raise UsageError(f"the rule file {str(path)!r} cannot be read: {error.strerror}") from error
    tests = tuple(name for name in tests_of(path) if reading.read_test(name))
    for root in (path.name, *tests):
        reading.follow(root)
    circles = (fault for root in (path.name, *tests) for fault in expand(reading.files, root)[1])
    return Loaded(reading.files, path.name, tests, sorted_findings((*reading.diagnostics, *circles)), reading.texts)


@dataclass(slots=True)
class _Reading:
    """Where reading one policy stands; `folder` is the policy's folder, as the caller wrote it."""

    folder: Path
    files: dict[str, syntax.File] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def keep(self, name: str, data: bytes) -> None:
        """Parse and keep one file."""
        parsed: Parsed = parse_bytes(data, (self.folder / name).as_posix())
        self.files[name] = parsed.file
        self.texts[parsed.file.name] = parsed.file.text
        self.diagnostics.extend(parsed.diagnostics)

    def read_test(self, name: str) -> bool:
        """Read a test file beside the rule file; return whether it could be read."""
        data = contents(self.folder, name, _MOST_BYTES)
        if isinstance(data, bytes):
            self.keep(name, data)
            return True
        start = Span((self.folder / name).as_posix(), 0, 0, 1, 1, 1, 1)
        self.diagnostics.append(diagnose("CV160", f"the test file {quoted(name)} {data}", start))
        return False

    def follow(self, root: str) -> None:
        """Read what a file imports, and what that imports, nearest first."""
        waiting, seen = deque([(root, 0)]), {root}
        while waiting:
            importer, depth = waiting.popleft()
            for statement in imports_of(self.files[importer]) if depth < MAX_DEPTH else ():
                target = import_target(importer, statement.path.value)
                if target is not None and target not in seen and self._import(statement, target):
                    seen.add(target)
                    waiting.append((target, depth + 1))

    def _import(self, statement: syntax.Import, target: str) -> bool:
        """Read one imported file unless it is there already; return whether it is there now."""
        if target in self.files:
            return True
        if len(self.files) >= MAX_FILES:
            note = f"a policy has at most {MAX_FILES} files"
            self.diagnostics.append(import_fault(statement, "is one too many", note, None))
            return False
        data = contents(self.folder, target, _MOST_BYTES)
        if isinstance(data, bytes):
            self.keep(target, data)
            return True
        if data == OUTSIDE:
            self.diagnostics.append(outside(statement))
        else:
            self.diagnostics.append(import_fault(statement, data, "the path is relative to the file that imports it", None))
        return False
