"""From `use` statements to the definitions that a policy takes from packages.

Rule 1: only what is locked, found and unchanged is taken; everything else is a CV160 at the statement, with the command that
mends it, and then there is no policy.
Rule 2: what a used package depends on counts too, where it is locked; a package of FHIR itself is built in.
Rule 3: a modifier in any source is a modifier: in one of two packages, or in what HL7 publishes (CV177 says that they differ).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from caveat.domain.diagnostic import Diagnostic, Related
from caveat.lang import syntax
from caveat.lang.diagnose import diagnose, listed, quoted
from caveat.packs.lock import Lock, Locked, LockFault, labels, read_lock, verified
from caveat.packs.packages import CORE, FhirPackage, label_of
from caveat.spec.definition import ExtensionDefinition, Library
from caveat.spec.known import published_kind
from caveat.spec.release import Release

_NOTHING: Mapping[str, ExtensionDefinition] = {}
_WILD = re.compile(r"(\d+(?:\.\d+)?)\.[x*]")


@dataclass(slots=True)
class _Taking:
    """What was taken so far: each package with the statement that brought it, and what is wrong."""

    folder: Path
    lock: Lock
    packages: dict[str, FhirPackage] = field(default_factory=dict)
    brought: dict[str, syntax.Use] = field(default_factory=dict)
    built_in: list[str] = field(default_factory=list)
    findings: list[Diagnostic] = field(default_factory=list)

    def take(self, use: syntax.Use, label: str) -> None:
        """Take a locked package and what it depends on; the statement answers for all of it."""
        waiting = [label]
        while waiting:
            label = waiting.pop(0)
            if label in self.brought:
                continue
            self.brought[label] = use
            locked = self.lock.packages[label]
            read = verified(self.folder, locked)
            if isinstance(read, LockFault):
                self.findings.append(_fault(use, f"the package {quoted(label)} {read.message}", read.remedy))
                continue
            self.packages[label] = read
            waiting += _dependencies(locked, self.lock)


def library_of(
    uses: Iterable[syntax.Use], folder: Path | None, releases: Iterable[Release]
) -> tuple[Library, tuple[Diagnostic, ...]]:
    """Return what the `use` statements of a policy bring, and what is wrong with them; `folder` is None for a text."""
    statements = tuple(uses)
    if not statements:
        return Library(), ()
    if folder is None:
        return Library(), tuple(_without_folder(use) for use in statements)
    lock = read_lock(folder)
    if isinstance(lock, LockFault):
        return Library(), tuple(_fault(use, f"the lock `caveat.lock` {lock.message}", lock.remedy) for use in statements)
    taking = _Taking(folder, lock or Lock())
    for use in statements:
        label = _locked_label(use, taking)
        if label is not None:
            taking.take(use, label)
    definitions, differences = _together(taking, tuple(releases))
    by_package = {label: read.definitions for label, read in (*taking.packages.items(), *_compared(taking))}
    by_package |= dict.fromkeys(taking.built_in, _NOTHING)
    packages = tuple(read.package for _, read in sorted(taking.packages.items()))
    return Library(definitions, packages, by_package), (*taking.findings, *differences)


def _compared(taking: _Taking) -> Iterator[tuple[str, FhirPackage]]:
    """Give the other locked versions of what was taken, as far as they are as locked.

    Nothing of them counts, but they tell whether a definition was changed (MX-114).
    """
    names = {read.package.name for read in taking.packages.values()}
    for label, locked in taking.lock.packages.items():
        if locked.name in names and label not in taking.brought:
            read = verified(taking.folder, locked)
            if isinstance(read, FhirPackage):
                yield label, read


def _locked_label(use: syntax.Use, taking: _Taking) -> str | None:
    """Return the label of a statement's package when it is locked; else say why it is not, unless it is built in."""
    text = use.package.value
    label = label_of(text)
    if label is None:
        taking.findings.append(_fault(use, f"{quoted(text)} is no package", None, 'write `use "name#version";`'))
    elif text in taking.lock.packages:
        return text
    elif CORE.get(label[0]) == label[1]:
        taking.built_in.append(text)
    else:
        others = listed(labels(taking.lock, label[0])) if any(labels(taking.lock, label[0])) else None
        note = f"the lock has {others}" if others else "a policy takes only packages that `caveat.lock` pins"
        taking.findings.append(_fault(use, f"the package {quoted(text)} is not locked", "caveat packages add SOURCE", note))
    return None


def _dependencies(locked: Locked, lock: Lock) -> Iterator[str]:
    """Give what a package depends on, as far as it is locked; `4.0.x` means the last of them in the lock."""
    for name, version in locked.dependencies.items():
        wild = _WILD.fullmatch(version)
        if f"{name}#{version}" in lock.packages:
            yield f"{name}#{version}"
        elif wild:
            found = [label for label in labels(lock, name) if lock.packages[label].version.startswith(f"{wild[1]}.")]
            yield from sorted(found, key=_age)[-1:]


def _age(label: str) -> tuple[list[int], str]:
    return [int(digits) for digits in re.findall(r"\d{1,9}", label.partition("#")[2])], label


def _together(taking: _Taking, releases: tuple[Release, ...]) -> tuple[Mapping[str, ExtensionDefinition], tuple[Diagnostic, ...]]:
    """Put the definitions of all packages together: the first of a url counts, a modifier before a plain one."""
    together: dict[str, ExtensionDefinition] = {}
    findings: dict[Diagnostic, None] = {}
    for label, read in taking.packages.items():
        for url, known in read.definitions.items():
            earlier = together.get(url)
            if earlier is not None and earlier.digest != known.digest:
                findings[_differs(taking, url, earlier, label)] = None
            if earlier is None or (known.is_modifier and not earlier.is_modifier):
                together[url] = known
    together = {url: replace(known, is_modifier=_inherits(known, together, releases)) for url, known in together.items()}
    for url, known in together.items():
        if not known.is_modifier and any(published_kind(url, release) for release in releases):
            together[url] = replace(known, is_modifier=True)
            findings[_differs_from_published(taking, known)] = None
    return together, tuple(findings)


def _inherits(known: ExtensionDefinition, together: Mapping[str, ExtensionDefinition], releases: tuple[Release, ...]) -> bool:
    """Return whether a definition is a modifier by itself, or by one that it constrains (MX-104).

    A base that nobody knows may be one: its extensions are looked for in both slots.
    """
    at: ExtensionDefinition | None = known
    seen: set[str] = set()
    while at is not None and not at.is_modifier and at.base is not None and at.base not in seen:
        seen.add(at.base)
        if at.base not in together:
            kinds = [published_kind(at.base, release) for release in releases or tuple(Release)]
            return any(kinds) or not any(kind is False for kind in kinds)
        at = together[at.base]
    return at is not None and at.is_modifier


def _differs(taking: _Taking, url: str, earlier: ExtensionDefinition, label: str) -> Diagnostic:
    """Say that two packages define one extension differently, at the statement that brought the later of them."""
    use, before = taking.brought[label], taking.brought[str(earlier.package)]
    return diagnose(
        "CV177",
        f"{quoted(str(earlier.package))} and {quoted(label)} define {quoted(url)} differently",
        use.span,
        label="brings one definition",
        notes=("a modifier in either is a modifier; of two modifiers, or two plain ones, the first counts",),
        remedy="use the versions of both packages that agree, or one package only",
        related=() if before is use else (Related(before.span, "brings the other"),),
    )


def _differs_from_published(taking: _Taking, known: ExtensionDefinition) -> Diagnostic:
    """Say that a package calls plain what HL7 publishes as a modifier."""
    return diagnose(
        "CV177",
        f"{quoted(str(known.package))} defines {quoted(known.url)} as plain, and HL7 publishes it as a modifier",
        taking.brought[str(known.package)].span,
        label="brings this definition",
        notes=("a modifier in any source is a modifier",),
        remedy="ask who publishes the package which is meant; until then the modifier counts",
    )


def _fault(use: syntax.Use, message: str, command: str | None, note: str = "") -> Diagnostic:
    """Return the CV160 of a statement, with the command that mends it."""
    remedy = f"run `{command}` in the policy's folder" if command else note
    notes = (note,) if note and command else ()
    return diagnose("CV160", message, use.package.span, label="not available", notes=notes, remedy=remedy)


def _without_folder(use: syntax.Use) -> Diagnostic:
    note = "a policy given as text has no folder, and so no lock and no packages"
    return diagnose(
        "CV160",
        f"the package {quoted(use.package.value)} cannot be found from a text",
        use.package.span,
        label="not available",
        notes=(note,),
        remedy="save the policy as a rule file, with its packages and its `caveat.lock` beside it",
    )
