"""The tests of a policy: their names resolved, in the rule file or in a test file beside it.

Rule 1: a test file sees its own names and those of the rule file that it tests.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from caveat.domain.diagnostic import Diagnostic
from caveat.lang import syntax
from caveat.lang.clauses import repeated
from caveat.lang.diagnose import quoted
from caveat.lang.imports import import_target
from caveat.lang.names import Names, Scope, twice
from caveat.lang.references import anything_given, code_faults, url_term
from caveat.lang.resolved import ResolvedTest


def scope_of_tests(own: Scope, main: Scope) -> Scope:
    """Return the names that a test file sees: its own, then those of the rule file."""
    return replace(
        own,
        broken=f"{own.broken}\n{main.broken}",
        extensions={**main.extensions, **own.extensions},
        codesystems={**main.codesystems, **own.codesystems},
        imports={**main.imports, **own.imports},
    )


def conflicts(own: syntax.File, name: str, main: syntax.File, main_name: str) -> Iterator[Diagnostic]:
    """Yield a CV104 for each name that the test file `name` gives to something else than its rule file does."""
    meant = {(space, word.text): (word, meaning) for space, word, meaning in _meanings(main, main_name)}
    for space, word, meaning in _meanings(own, name):
        there = meant.get((space, word.text))
        if there is not None and there[1] != meaning:
            message = f"{quoted(word.text)} means something else in the rule file"
            yield twice("CV104", message, word.span, there[0].span)


def _meanings(file: syntax.File, name: str) -> Iterator[tuple[str, syntax.Word, str | None]]:
    """Yield what the names of a file stand for: their name space, the name, and the url or file."""
    for item in file.items:
        match item:
            case syntax.ExtensionName():
                yield "extension", item.name, item.url.value
            case syntax.CodeSystemName():
                yield "codesystem", item.name, item.url.value
            case syntax.Import():
                yield "extension", item.namespace, import_target(name, item.path.value)


def resolved_test(test: syntax.Test, file: str, names: Names, scope: Scope, known: Collection[str]) -> ResolvedTest:
    """Return a test with its urls, and with the rules and waivers it expects where they are `known`."""
    modifiers = [given for given in test.statements if isinstance(given, syntax.GivenModifier)]
    expects = [wish for wish in test.statements if isinstance(wish, syntax.Expect)]
    return ResolvedTest(
        test=test,
        file=file,
        modifiers=tuple((given, _url(names, scope, given.url)) for given in modifiers),
        expects=tuple((wish, wish.rule.text if wish.rule and wish.rule.text in known else None) for wish in expects),
        codesystems=scope.codesystems,
    )


def _url(names: Names, scope: Scope, url: syntax.Url) -> str | None:
    """Return the url that a test gives to a modifier, as written: a test may try a malformed one."""
    term = url_term(names, scope, url)
    return None if term is None or term.kind == "anything" else term.text


def faults_of_test(test: syntax.Test, names: Names, scope: Scope) -> Iterator[Diagnostic | None]:
    """Yield unknown names in a test, and settings that it gives twice."""
    for given in test.statements:
        url = given.url if isinstance(given, syntax.GivenModifier) else None
        if isinstance(url, syntax.Ref) and names.extension(scope, url) is None:
            yield names.unknown_extension(scope, url)
    yield from anything_given(test)
    yield from code_faults(scope, test, scope.codesystems)
    words = {syntax.GivenToday: "today", syntax.GivenRelease: "fhir", syntax.GivenIntent: "intent"}
    yield from repeated((words[type(given)], given.span) for given in test.statements if type(given) in words)
