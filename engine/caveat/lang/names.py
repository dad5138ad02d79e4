"""What the names of one rule file stand for, and what is wrong with them.

Rule 1: rules and waivers share one name space, extensions and imports another, code systems have a third.
Rule 2: a name that could not be read, because its statement is broken or its file missing, is not called unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from caveat.domain.diagnostic import Diagnostic, Related, Span
from caveat.lang import syntax
from caveat.lang.diagnose import diagnose, did_you_mean, quoted
from caveat.lang.imports import import_target
from caveat.lang.literals import codesystem_problem, literal_problem
from caveat.lang.spelling import RESERVED
from caveat.lang.urls import malformed

_DEFINING = r"\b(?:extension|codesystem|understand|warn|exclude|narrative|review|reject|forbid|waive|as)\s+"


_EVERY_URL = frozenset({"any", "all", "every", "everything", "anyone"})


@dataclass(frozen=True, slots=True)
class Scope:
    """The names of one file: aliases and code systems with their urls, imports with their files, rules and waivers.

    `imports` has None for an import that cannot be followed. `broken` is the file's text when statements of it could not
    be read, else "".
    """

    broken: str
    extensions: Mapping[str, syntax.ExtensionName]
    codesystems: Mapping[str, str]
    imports: Mapping[str, str | None]
    rules: Mapping[str, syntax.Rule]
    waivers: Mapping[str, syntax.Waiver]

    def may_be_broken(self, name: str) -> bool:
        """Return whether a statement that gives this name stands in the text but could not be read."""
        return re.search(_DEFINING + re.escape(name) + r"(?![\w-])", self.broken) is not None


def scope_of(file: syntax.File, name: str, unreachable: Iterable[Span], broken: str = "") -> Scope:
    """Return the names that a file gives, first come first served; imports at an `unreachable` span lead nowhere."""
    lost = set(unreachable)
    extensions: dict[str, syntax.ExtensionName] = {}
    codesystems: dict[str, str] = {}
    imports: dict[str, str | None] = {}
    rules: dict[str, syntax.Rule] = {}
    waivers: dict[str, syntax.Waiver] = {}
    for item in file.items:
        match item:
            case syntax.ExtensionName():
                extensions.setdefault(item.name.text, item)
            case syntax.CodeSystemName():
                codesystems.setdefault(item.name.text, item.url.value)
            case syntax.Import():
                target = None if item.path.span in lost else import_target(name, item.path.value)
                imports.setdefault(item.namespace.text, target)
            case syntax.Rule():
                rules.setdefault(item.name.text, item)
            case syntax.Waiver():
                waivers.setdefault(item.name.text, item)
    return Scope(broken, extensions, codesystems, imports, rules, waivers)


def name_faults(file: syntax.File) -> Iterator[Diagnostic]:
    """Yield what is wrong with the names that a file gives: reserved (CV105), given twice (CV104), to no url (CV108)."""
    first: dict[tuple[str, str], syntax.Word] = {}
    for item in file.items:
        named = _named(item)
        if named is None:
            continue
        space, word = named
        if word.text in RESERVED:
            yield _reserved(word)
        elif (space, word.text) in first:
            yield twice("CV104", f"{quoted(word.text)} is given twice", word.span, first[space, word.text].span)
        else:
            first[space, word.text] = word
            yield from _definition_faults(item)


def _named(item: syntax.Item) -> tuple[str, syntax.Word] | None:
    """Return the name that a statement gives, and the name space it belongs to."""
    match item:
        case syntax.Rule() | syntax.Waiver():
            return "rule", item.name
        case syntax.ExtensionName():
            return "extension", item.name
        case syntax.Import():
            return "extension", item.namespace
        case syntax.CodeSystemName():
            return "codesystem", item.name
        case syntax.Govern():
            return "govern", item.name
        case syntax.Invariant():
            return "invariant", item.name
    return None


def _definition_faults(item: syntax.Item) -> Iterator[Diagnostic]:
    """Yield a CV108 when a name stands for a url that no modifier, or no code, can have, or that no rule file may name."""
    match item:
        case syntax.ExtensionName():
            problem = literal_problem(item.url.value, whole=True)
        case syntax.CodeSystemName():
            problem = codesystem_problem(item.url.value)
        case _:
            return
    if problem is not None:
        yield malformed(item.url.value, problem, item.url.span)


def twice(code: str, message: str, second: Span, first: Span, remedy: str | None = None) -> Diagnostic:
    """Return the diagnostic of something given a second time, with the first place beside it."""
    return diagnose(code, message, second, label="again", related=(Related(first, "first"),), remedy=remedy)


def _reserved(word: syntax.Word) -> Diagnostic:
    """Return the CV105 of a name that is a word of the language."""
    note = "a reserved word as name would read as a statement or clause"
    remedy = f"choose another name, such as `my-{word.text}`"
    return diagnose("CV105", f"{quoted(word.text)} is a reserved word", word.span, notes=(note,), remedy=remedy)


def unknown(code: str, what: str, ref: syntax.Ref | syntax.Code, known: Iterable[str], remedy: str | None = None) -> Diagnostic:
    """Return the diagnostic of a name that stands for nothing; `what` says what was looked for."""
    text = ref.text if isinstance(ref, syntax.Ref) else ref.system
    return diagnose(code, f"{what} {quoted(text)}", ref.span, remedy=did_you_mean(text, known) or remedy)


@dataclass(frozen=True, slots=True)
class Names:
    """The scopes of every file of a policy by name, to look a name up from where it is used."""

    scopes: Mapping[str, Scope]

    def imported(self, scope: Scope, namespace: str) -> Scope | None:
        """Return the scope behind an import's name (`org`, `org.sub`), None when its file cannot be reached."""
        inner: Scope | None = scope
        for name in namespace.split("."):
            target = inner.imports.get(name) if inner is not None else None
            inner = None if target is None else self.scopes.get(target)
        return inner

    def is_lost(self, scope: Scope, ref: syntax.Ref) -> bool:
        """Return whether a name that was not found may stand where another diagnostic already speaks."""
        if ref.namespace is None:
            return scope.may_be_broken(ref.name)
        inner = scope
        for name in ref.namespace.split("."):
            if name not in inner.imports:
                return inner.may_be_broken(name)
            target = inner.imports[name]
            if target is None or target not in self.scopes:
                return True
            inner = self.scopes[target]
        return inner.may_be_broken(ref.name)

    def extension(self, scope: Scope, ref: syntax.Ref) -> syntax.ExtensionName | None:
        """Return the alias that a reference means, seen from `scope`."""
        where = scope if ref.namespace is None else self.imported(scope, ref.namespace)
        return None if where is None else where.extensions.get(ref.name)

    def unknown_extension(self, scope: Scope, ref: syntax.Ref) -> Diagnostic | None:
        """Return the CV103 of an alias that stands for nothing, None where another diagnostic already speaks."""
        if self.is_lost(scope, ref):
            return None
        if ref.namespace is not None and self.imported(scope, ref.namespace) is None:
            namespace = syntax.Ref(None, ref.namespace, ref.span)
            return unknown("CV103", "no import is called", namespace, scope.imports, 'give it one: `import "..." as name;`')
        remedy = 'name it first: `extension name = "url";`'
        if ref.namespace is None and ref.name in _EVERY_URL and ref.name not in scope.extensions:
            return diagnose(
                "CV103", f"no extension is called {quoted(ref.text)}", ref.span, remedy="every url is written `anything`"
            )
        return unknown("CV103", "no extension is called", ref, self.known_extensions(scope), remedy)

    def known_extensions(self, scope: Scope) -> Iterator[str]:
        """Yield every alias that a reference in `scope` could mean, as it would be written."""
        yield from scope.extensions
        for namespace in scope.imports:
            inner = self.imported(scope, namespace)
            yield from (f"{namespace}.{name}" for name in (inner.extensions if inner else ()))
