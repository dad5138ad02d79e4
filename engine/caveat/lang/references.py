"""References replaced by what they mean: urls, patterns, and the code systems of codes.

Rule 1: an unknown name is left out and said once; the other terms of its statement stand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from caveat.domain.diagnostic import Diagnostic
from caveat.lang import syntax
from caveat.lang.diagnose import diagnose
from caveat.lang.literals import is_pattern, literal_problem
from caveat.lang.names import Names, Scope, unknown
from caveat.lang.resolved import UrlSet, UrlTerm
from caveat.lang.urls import Breadth, term_faults
from caveat.lang.walk import nodes


def url_set(names: Names, scope: Scope, urls: syntax.Urls) -> UrlSet:
    """Return the urls of a statement as terms, without the names that stand for nothing."""
    include = (url_term(names, scope, url) for url in urls.include)
    exclude = (url_term(names, scope, url) for url in urls.exclude)
    return UrlSet(tuple(filter(None, include)), tuple(filter(None, exclude)))


def url_term(names: Names, scope: Scope, url: syntax.Url) -> UrlTerm | None:
    """Return one url as a term, None for a name that stands for nothing."""
    match url:
        case syntax.Anything():
            return UrlTerm("anything", "", url.span)
        case syntax.Text():
            return UrlTerm("pattern" if is_pattern(url.value) else "literal", url.value, url.span)
        case syntax.Ref():
            named = names.extension(scope, url)
            return None if named is None else UrlTerm("literal", named.url.value, url.span)


def url_faults(
    names: Names, scope: Scope, urls: syntax.Urls, breadth: Breadth, paths: tuple[syntax.Word, ...]
) -> Iterator[Diagnostic | None]:
    """Yield the unknown names of a statement's urls, and its urls that are malformed or too wide."""
    for url in (*urls.include, *urls.exclude):
        if isinstance(url, syntax.Ref) and names.extension(scope, url) is None:
            yield names.unknown_extension(scope, url)
    texts = {url.span: url.value for url in (*urls.include, *urls.exclude) if isinstance(url, syntax.Text)}
    for fault in term_faults(_to_judge(names, scope, urls), breadth, whole=only_implicit_rules(paths)):
        name = texts.get(fault.span, "")
        in_quotes = fault.help is None and name in set(names.known_extensions(scope))
        yield replace(fault, help=f"write `{name}` without quotes: it is the name of a url") if in_quotes else fault


def only_implicit_rules(paths: tuple[syntax.Word, ...]) -> bool:
    """Return whether a statement speaks of `implicitRules` alone, whose values may be URNs or carry a version."""
    return bool(paths) and all(path.text.endswith(".implicitRules") for path in paths)


def _to_judge(names: Names, scope: Scope, urls: syntax.Urls) -> UrlSet:
    """Return the terms whose urls are to be judged here: not those of names whose own statement is already faulty."""
    judged = [url for url in urls.include if not _is_faulty_name(names, scope, url)]
    spared = [url for url in urls.exclude if not _is_faulty_name(names, scope, url)]
    return url_set(names, scope, replace(urls, include=tuple(judged), exclude=tuple(spared)))


def _is_faulty_name(names: Names, scope: Scope, url: syntax.Url) -> bool:
    """Return whether a name stands for a malformed url."""
    named = names.extension(scope, url) if isinstance(url, syntax.Ref) else None
    return named is not None and literal_problem(named.url.value, whole=True) is not None


def code_faults(scope: Scope, root: object, codesystems: Mapping[str, str]) -> Iterator[Diagnostic]:
    """Yield a CV103 for each code below `root` whose code system has no name in the file."""
    for code in nodes(root, syntax.Code):
        if code.system not in codesystems and not scope.may_be_broken(code.system):
            remedy = f'name it first: `codesystem {code.system} = "url";`'
            yield unknown("CV103", "no code system is called", code, codesystems, remedy)


def anything_given(test: syntax.Test) -> Iterator[Diagnostic]:
    """Yield a CV108 for each modifier of a test whose url is `anything`: a test gives one url."""
    for given in test.statements:
        if isinstance(given, syntax.GivenModifier) and isinstance(given.url, syntax.Anything):
            remedy = "give the url that the modifier shall have"
            yield diagnose("CV108", "a test cannot give `anything`", given.url.span, remedy=remedy)
