"""From a rule file, a pack's folder or a shipped pack's name to a policy.

Rule 1: what cannot be loaded is no policy but a list of diagnostics; only what is not there at all is a `UsageError`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from caveat.domain.diagnostic import Diagnostic
from caveat.domain.errors import UsageError
from caveat.lang.resolved import Resolved
from caveat.packs.files import SUFFIX, TEST_SUFFIX, Loaded, load_files, load_text, resolve_loaded
from caveat.packs.uses import library_of
from caveat.policy.compiler import compile_policy
from caveat.policy.policy import Policy
from caveat.spec.release import Release


@dataclass(frozen=True, slots=True)
class LoadedPolicy:
    """A policy, None when a diagnostic stops it, with what it came from: every diagnostic, the texts, the resolved files.

    `folder` is where its rule files and the fixtures of its tests lie, None for a policy given as text.
    """

    policy: Policy | None
    diagnostics: tuple[Diagnostic, ...]
    texts: Mapping[str, str]
    resolved: Resolved
    folder: Path | None


def load_policy(name: str | Path, releases: tuple[Release, ...] = tuple(Release), data: bytes | None = None) -> LoadedPolicy:
    """Return the policy of the rule file, pack folder or shipped pack `name`.

    `releases` are those to compile for when the rule file states none; `data` is read in place of what the main file holds.
    UsageError when there is nothing of that name.
    """
    path = rule_file(name)
    return _compiled(load_files(path, data), path.parent, releases)


def load_policy_text(
    text: str, name: str = "policy.caveat", releases: tuple[Release, ...] = tuple(Release), folder: Path | None = None
) -> LoadedPolicy:
    """Return the policy that `text` spells; it can import nothing, and use packages only with a `folder` that has their lock."""
    return _compiled(load_text(text, name), folder, releases)


def _compiled(loaded: Loaded, folder: Path | None, releases: tuple[Release, ...]) -> LoadedPolicy:
    """Compile loaded files, with what their `use` statements bring from the lock in `folder`."""
    resolved = resolve_loaded(loaded)
    mine = tuple(Release.of(name) for name in resolved.releases) or releases
    library, findings = library_of(resolved.uses, folder, mine)
    told = sorted({*resolved.diagnostics, *findings}, key=lambda diagnostic: diagnostic.sort_key)
    resolved = replace(resolved, diagnostics=tuple(told))
    compiled = compile_policy(resolved, releases, library)
    return LoadedPolicy(compiled.policy, compiled.diagnostics, loaded.texts, resolved, folder)


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
