"""From the names on the command line to rule files: files, folders, and packs that come with Caveat.

Rule 1: a test file goes with the rule file it tests, and in a folder an imported file with what imports it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from caveat import RuleFileError
from caveat.cli.exits import say
from caveat.domain.diagnostic import Diagnostic
from caveat.domain.errors import UsageError
from caveat.packs.files import SUFFIX, TEST_SUFFIX
from caveat.packs.policies import LoadedPolicy, load_policy, rule_file
from caveat.spec.release import Release


def rule_files(names: Iterable[str]) -> list[Path]:
    """Return the rule files that `names` mean, each once; UsageError when one of them means none."""
    found = [path for name in names for path in _files(name)]
    return list({path.resolve(): path for path in found}.values())


def source_files(names: Iterable[str]) -> list[Path]:
    """Return every file of rules or tests that `names` mean, imported ones too; UsageError when one of them means none."""
    found: list[Path] = []
    for name in names:
        path = Path(name)
        found += _in_folder(path) if path.is_dir() else [path if path.is_file() else rule_file(name)]
    return list({path.resolve(): path for path in found}.values())


def loaded_policy(name: str | Path, releases: tuple[Release, ...] = tuple(Release)) -> LoadedPolicy:
    """Return the policy named, with the texts of its files; RuleFileError when it does not load."""
    loaded = load_policy(name, releases)
    if loaded.policy is None:
        raise RuleFileError(loaded.diagnostics, loaded.texts)
    return loaded


def load_all(names: Iterable[str], fhir: str | None) -> dict[Path, LoadedPolicy]:
    """Return the policy of each rule file that `names` mean, without those that others of them import."""
    releases = releases_of(fhir)
    named = {Path(name).resolve() for name in names}
    loaded = {path: load_policy(path, releases) for path in rule_files(names)}
    imported = {file for path, policy in loaded.items() for file in _imported(path, policy)}
    return {path: policy for path, policy in loaded.items() if path.resolve() in named or path.resolve() not in imported}


def releases_of(fhir: str | None) -> tuple[Release, ...]:
    """Return the release that was named, else all: what rule files that name none are for."""
    return (Release.of(fhir),) if fhir else tuple(Release)


def say_diagnostics(loaded: LoadedPolicy, diagnostics: Iterable[Diagnostic] | None = None) -> None:
    """Print the diagnostics of a policy, or those given, on stderr with the lines of the rule files that they mark."""
    from caveat.formats.diagnostic import render  # noqa: PLC0415  only when something is wrong

    for each in loaded.diagnostics if diagnostics is None else diagnostics:
        say(render(each, loaded.texts) + "\n")


def _imported(path: Path, policy: LoadedPolicy) -> set[Path]:
    return {(path.parent / name).resolve() for name in policy.resolved.sources} - {path.resolve()}


def _files(name: str) -> list[Path]:
    """Return the rule files of one name."""
    path = Path(name)
    if path.is_dir():
        return [file for file in _in_folder(path) if not file.name.endswith(TEST_SUFFIX)]
    if path.is_file() and path.name.endswith(TEST_SUFFIX):
        return _tested(path)
    return [path if path.is_file() else rule_file(name)]


def _in_folder(folder: Path) -> list[Path]:
    found = sorted(folder.rglob(f"*{SUFFIX}"))
    if not found:
        raise UsageError(f"the folder {str(folder)!r} holds no file that ends in {SUFFIX}")
    return found


def _tested(path: Path) -> list[Path]:
    """Return the rule file that a test file goes with, else all of its folder; UsageError when there are none."""
    own = path.with_name(path.name.removesuffix(TEST_SUFFIX) + SUFFIX)
    found = [own] if own.is_file() else [f for f in sorted(path.parent.glob(f"*{SUFFIX}")) if not f.name.endswith(TEST_SUFFIX)]
    if not found:
        raise UsageError(f"{str(path)!r} holds tests, and there is no rule file beside it")
    return found
