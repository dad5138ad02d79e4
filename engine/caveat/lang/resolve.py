"""Decides everything about a policy that needs no FHIR: names, imports, duplicates, mandatory clauses, waivers, dates.

Rule 1: an author's mistake is a diagnostic, never an exception; one mistake gives one diagnostic.
Rule 2: imports bring names and rules in force, never `reads`, defaults, waivers, tests, deprecations or checks.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from caveat.domain.diagnostic import Diagnostic
from caveat.lang import syntax
from caveat.lang.clauses import backwards, clause_faults, clauses_of, day_faults, missing, repeated
from caveat.lang.diagnose import sorted_findings
from caveat.lang.header import Settings, setting_faults, settings_of
from caveat.lang.imports import Unit, expand
from caveat.lang.lint import lint
from caveat.lang.names import Names, Scope, name_faults, scope_of
from caveat.lang.references import code_faults, url_faults, url_set
from caveat.lang.resolved import (
    Resolved,
    ResolvedDeprecation,
    ResolvedRule,
    ResolvedTest,
    ResolvedWaiver,
    UrlSet,
    UrlTerm,
)
from caveat.lang.testing import conflicts, faults_of_test, resolved_test, scope_of_tests
from caveat.lang.urls import BREADTHS, CHECK
from caveat.lang.waivers import resolved_waiver, waiver_faults

__all__ = [
    "Resolved",
    "ResolvedDeprecation",
    "ResolvedRule",
    "ResolvedTest",
    "ResolvedWaiver",
    "UrlSet",
    "UrlTerm",
    "lint",
    "resolve",
]

_BROUGHT = (syntax.Import, syntax.ExtensionName, syntax.CodeSystemName, syntax.Rule)
_OF_TESTS = (syntax.Import, syntax.ExtensionName, syntax.CodeSystemName, syntax.Test)


@dataclass(frozen=True, slots=True)
class _Reading:
    """The files of one policy, each cut to what counts: main whole, imports without what they do not bring."""

    main: str
    tests: tuple[str, ...]
    units: tuple[Unit, ...]
    sources: Mapping[str, syntax.File]
    names: Names
    settings: Settings
    faults: tuple[Diagnostic, ...]
    broken: frozenset[str]

    @property
    def scope(self) -> Scope:
        """The main file's names."""
        return self.names.scopes[self.main]

    @property
    def items(self) -> tuple[syntax.Item, ...]:
        """The main file's statements."""
        return self.sources[self.main].items


def resolve(files: Mapping[str, syntax.File], main: str, tests: Iterable[str] = (), *, broken: Iterable[str] = ()) -> Resolved:
    """Return the policy of the file `main` with every name resolved, and what is wrong with it.

    `files` are by normalised name: the posix path relative to the policy's folder. Imports are looked up there; one
    that is missing is a CV160. `tests` names the test files: of them only the tests count, with the names they need.
    `broken` names the files with syntax errors: a name that a broken statement seems to give is then not called unknown.
    """
    reading = _read(files, main, tuple(test for test in tests if test != main), frozenset(broken))
    rules = tuple(_rules_in_force(reading))
    by_name = {rule.name: rule for rule in reversed(rules)}
    waivers = [item for item in reading.items if isinstance(item, syntax.Waiver)]
    invariants = tuple(item for item in reading.items if isinstance(item, syntax.Invariant))
    settings = reading.settings
    findings = [*reading.faults, *_faults(reading)]
    for waiver in waivers:
        findings += waiver_faults(waiver, reading.names, reading.scope, by_name, settings)
    return Resolved(
        main=main,
        name=settings.name or posixpath.splitext(posixpath.basename(main))[0],
        version=settings.version or "0",
        owner=settings.owner,
        application=settings.application,
        releases=settings.releases,
        defaults=settings.defaults,
        waivers_at_most=settings.waivers_at_most,
        reassess=settings.reassess,
        reads=tuple(item for item in reading.items if isinstance(item, syntax.Reads)),
        rules=rules,
        waivers=tuple(resolved_waiver(waiver, reading.names, reading.scope, by_name, settings) for waiver in waivers),
        deprecations=tuple(_deprecations(reading)),
        governs=tuple(item for item in reading.items if isinstance(item, syntax.Govern)),
        invariants=invariants,
        invariant_urls=tuple(url_set(reading.names, reading.scope, item.urls) for item in invariants),
        uses=tuple(item for item in reading.items if isinstance(item, syntax.Use)),
        tests=tuple(_tests(reading, {*by_name, *(waiver.name.text for waiver in waivers)})),
        extensions=_extensions(reading),
        files=tuple(reading.sources),
        diagnostics=sorted_findings(findings),
        sources=reading.sources,
        broken=reading.broken,
    )


def _read(files: Mapping[str, syntax.File], main: str, tests: tuple[str, ...], broken: frozenset[str]) -> _Reading:
    """Follow the imports of the main file and of its test files, and gather their names."""
    units, faults = expand(files, main)
    sources = {main: files[main]}
    sources |= {unit.file: _cut(files[unit.file], _BROUGHT) for unit in units[1:]}
    for test in tests:
        below, more = expand(files, test)
        # INVARIANT: a test file that is also imported keeps its rules, so that none in force is lost.
        sources[test] = _cut(files[test], (*_BROUGHT, *_OF_TESTS) if test in sources else _OF_TESTS)
        sources |= {unit.file: _cut(files[unit.file], _BROUGHT) for unit in below[1:] if unit.file not in sources}
        faults += more
    lost = [fault.span for fault in faults]
    unread = {name: file.text for name, file in sources.items() if name in broken}
    names = Names({name: scope_of(file, name, lost, unread.get(name, "")) for name, file in sources.items()})
    return _Reading(main, tests, units, sources, names, settings_of(files[main].header), faults, frozenset(unread))


def _cut(file: syntax.File, kinds: tuple[type, ...]) -> syntax.File:
    """Return a file with only those statements that count."""
    return replace(file, items=tuple(item for item in file.items if isinstance(item, kinds)))


def _rules_in_force(reading: _Reading) -> Iterator[ResolvedRule]:
    """Yield every rule of every unit under its qualified name."""
    own: dict[str, tuple[ResolvedRule, ...]] = {}
    for unit in reading.units:
        if unit.file not in own:
            own[unit.file] = tuple(_rules_of(reading, unit.file))
        for rule in own[unit.file]:
            yield replace(rule, name=unit.prefix + rule.name) if unit.prefix else rule


def _owner_of(reading: _Reading, file: str) -> str | None:
    """Return who answers for the rules of a file that name no owner: its own policy's, else the main policy's."""
    return settings_of(reading.sources[file].header).owner or reading.settings.owner


def _rules_of(reading: _Reading, file: str) -> Iterator[ResolvedRule]:
    """Yield the rules of one file, under the names that they have there."""
    scope, owner = reading.names.scopes[file], _owner_of(reading, file)
    for item in reading.sources[file].items:
        if not isinstance(item, syntax.Rule):
            continue
        clauses = clauses_of(item)
        yield ResolvedRule(
            name=item.name.text,
            rule=item,
            urls=url_set(reading.names, scope, item.urls),
            codesystems=scope.codesystems,
            file=file,
            because=clauses.text("because"),
            owner=clauses.text("owner") or owner,
            kind=clauses.word("kind"),
            severity=clauses.word("severity"),
            implemented_by=clauses.text("implemented by"),
            see=clauses.text("see"),
            record_value="record value" in clauses.by_keyword,
            assessed=clauses.day("assessed"),
            since=clauses.day("from"),
            until=clauses.day("until"),
            types=clauses.types(),
            when=clauses.condition(),
        )


def _deprecations(reading: _Reading) -> Iterator[ResolvedDeprecation]:
    """Yield the deprecations whose extension is known."""
    for item in reading.items:
        if not isinstance(item, syntax.Deprecation):
            continue
        old = reading.names.extension(reading.scope, item.extension)
        new = item.replacement and reading.names.extension(reading.scope, item.replacement)
        if old is not None:
            yield ResolvedDeprecation(
                url=old.url.value,
                replacement=new.url.value if new else None,
                since=item.since.value,
                removed=item.removed.value if item.removed else None,
                because=item.because.value,
                span=item.extension.span,
            )


def _tests(reading: _Reading, known: set[str]) -> Iterator[ResolvedTest]:
    """Yield the tests of the main file and of the test files."""
    for name in (reading.main, *reading.tests):
        scope = reading.scope if name == reading.main else scope_of_tests(reading.names.scopes[name], reading.scope)
        for item in reading.sources[name].items:
            if isinstance(item, syntax.Test):
                yield resolved_test(item, name, reading.names, scope, known)


def _extensions(reading: _Reading) -> dict[str, str]:
    """Return every alias of main file and imports, qualified, with its url."""
    found: dict[str, str] = {}
    for unit in reading.units:
        for alias, item in reading.names.scopes[unit.file].extensions.items():
            found[unit.prefix + alias] = item.url.value
    return found


def _faults(reading: _Reading) -> Iterator[Diagnostic | None]:
    """Yield what is wrong in each file by itself, waivers aside."""
    yield from setting_faults(reading.sources[reading.main])
    for name, file in reading.sources.items():
        yield from name_faults(file)
        yield from day_faults(file)
        scope = in_tests = reading.names.scopes[name]
        if name in reading.tests:
            yield from conflicts(file, name, reading.sources[reading.main], reading.main)
            in_tests = scope_of_tests(scope, reading.scope)
        for item in file.items:
            yield from _item_faults(reading, name, in_tests if isinstance(item, syntax.Test) else scope, item)


def _item_faults(reading: _Reading, file: str, scope: Scope, item: syntax.Item) -> Iterator[Diagnostic | None]:
    """Yield what is wrong with one statement, waivers and names aside."""
    names = reading.names
    match item:
        case syntax.Rule():
            yield missing(item, _owner_of(reading, file))
            yield from clause_faults(item)
            yield from url_faults(names, scope, item.urls, BREADTHS[item.verb.text], item.paths)
            yield from code_faults(scope, item.clauses, scope.codesystems)
        case syntax.Deprecation():
            for ref in (item.extension, item.replacement):
                if ref is not None and names.extension(scope, ref) is None:
                    yield names.unknown_extension(scope, ref)
            if item.removed is not None:
                yield from backwards(item.since, item.removed, "removed")
        case syntax.Govern():
            yield from repeated((wish.kind, wish.span) for wish in item.requirements)
            yield from url_faults(names, scope, item.urls, CHECK, ())
        case syntax.Invariant():
            yield from url_faults(names, scope, item.urls, CHECK, item.paths)
        case syntax.Test():
            yield from faults_of_test(item, names, scope)
