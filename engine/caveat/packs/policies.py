"""From a rule file, a pack's folder or a shipped pack's name to a policy.

Rule 1: what cannot be loaded is no policy but a list of diagnostics; only what is not there at all is a `UsageError`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from caveat.domain.diagnostic import Diagnostic
from caveat.lang.resolved import Resolved
from caveat.packs.files import Loaded, load_files, load_text, resolve_loaded
from caveat.packs.rule_file import rule_file, shipped_packs
from caveat.packs.uses import library_of
from caveat.policy.compiler import compile_policy
from caveat.policy.policy import Policy
from caveat.spec.release import Release

__all__ = ["LoadedPolicy", "load_policy", "load_policy_text", "rule_file", "shipped_packs"]


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
