"""Finds the files of a policy: what a name stands for, which tests belong to it, and what lies in its folder.

Rule 1: nothing here knows the language, so that a policy that is compiled already is found without it.
Rule 2: no file is read that does not lie in the policy's folder: not by an absolute path, by `..`, or by a symbolic link.
"""

from __future__ import annotations

from pathlib import Path

from caveat.domain.errors import UsageError

SUFFIX = ".caveat"
TEST_SUFFIX = "_test.caveat"


def rule_file(name: str | Path) -> Path:
    """Return the main rule file that `name` stands for: itself, that of a folder, or that of a shipped pack."""
    path = Path(name)
    try:
        if name != "" and path.is_dir():  # a name that is empty is a slip, and not the folder that one happens to stand in
            return _main_of(path)
        if path.is_file():
            return path
    except OSError as error:
        hint = "; the text of a rule file is for `from_text`" if "\n" in str(name) else ""
        raise UsageError(f"there is no rule file or folder of that name: {error.strerror}{hint}") from None
    shipped = shipped_packs()
    if str(name) in shipped:
        return _main_of(shipped[str(name)])
    known = ", ".join(sorted(shipped))
    raise UsageError(f"there is no rule file or folder at {str(name)!r}, and no shipped pack of that name ({known})")


def _main_of(folder: Path) -> Path:
    """Return the main rule file of a pack: the one named like its folder, else the only one."""
    named = folder / f"{folder.resolve().name}{SUFFIX}"
    if named.is_file():
        return named
    found = [path for path in sorted(folder.glob(f"*{SUFFIX}")) if not path.name.endswith(TEST_SUFFIX)]
    if len(found) == 1:
        return found[0]
    count = len(found) or "no"
    raise UsageError(f"{str(folder)!r} has {count} rule files and none named {named.name!r}; name the one that is meant")


def shipped_packs() -> dict[str, Path]:
    """Return the folders of the packs that come with Caveat, by name: in the wheel, else in the checkout."""
    here = Path(__file__).resolve()
    inside, beside = here.parent / "shipped", here.parents[3] / "rules"
    root = inside if inside.is_dir() else beside
    return {path.name: path for path in sorted(root.iterdir()) if path.is_dir()} if root.is_dir() else {}


def tests_of(path: Path) -> tuple[str, ...]:
    """Return the names of the test files that belong to a rule file.

    `series_test.caveat` belongs to `series.caveat` where that stands beside it, else to every rule file of the folder.
    """
    beside = sorted(found.name for found in path.parent.glob(f"*{TEST_SUFFIX}") if found.name != path.name)
    return tuple(
        name
        for name in beside
        if (tested := name.removesuffix(TEST_SUFFIX) + SUFFIX) == path.name or not (path.parent / tested).exists()
    )


OUTSIDE = "lies outside the policy's folder"
"""What is said of an import that leads out of it."""


def contents(folder: Path, name: str, most: int) -> bytes | str:
    """Return up to `most` bytes of a file in the policy's folder, or what forbids reading it, to complete "the import ..."."""
    try:
        real = (folder / name).resolve(strict=True)
        if not real.is_relative_to(folder.resolve(strict=True)):
            return OUTSIDE
        if not real.is_file():  # a folder, or a pipe that would never end
            return "is no file"
        with real.open("rb") as file:
            return file.read(most)
    except FileNotFoundError:
        return "is not found"
    except (OSError, RuntimeError, ValueError):  # RuntimeError: a circle of links, before Python 3.13
        return "cannot be read"
