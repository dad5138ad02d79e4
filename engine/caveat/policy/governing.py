"""What a `govern` demands of the definitions behind the urls of a policy, and what of that does not hold (CV170 to CV179).

Rule 1: it speaks of every literal url that it names, and of each url that the policy names elsewhere and its patterns match.
Rule 2: a requirement that cannot be shown to hold is a finding: a policy that promises it would promise too much.
Rule 3: a definition that is not found, that nothing can carry, or that cannot have a rule's value type is a finding whatever is
required. Nothing of it stops a policy from loading, but `unchanged since` a package that is not locked (CV160).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from caveat.domain.diagnostic import Diagnostic, Related, Span
from caveat.lang import syntax
from caveat.lang.diagnose import diagnose, listed, quoted
from caveat.lang.literals import is_pattern
from caveat.lang.resolved import Resolved, ResolvedRule
from caveat.policy.covering import covers
from caveat.policy.places import RULES, names_of
from caveat.policy.selectors import PathSelector, UrlPattern, UrlTerms
from caveat.spec.change import changes
from caveat.spec.context import any_of, can_carry
from caveat.spec.definition import ExtensionDefinition, Library
from caveat.spec.known import published_definition
from caveat.spec.reason import says_nothing
from caveat.spec.release import Release
from caveat.spec.shape import tables

_COMPLEX = "complex"
_WHY_MODIFIER = "FHIR reads whether an extension modifies from `isModifier` on the root element of its definition"
_WHY_CONTEXT = "FHIR allows an extension only where a context of use of its definition says so"
_WHY_CARRY = "FHIR allows modifierExtension on resources, backbone elements and a few data types"


@dataclass(frozen=True, slots=True)
class _Subject:
    """One url that a `govern` speaks of, where that is written, and the definition behind it."""

    govern: syntax.Govern
    url: str
    span: Span
    definition: ExtensionDefinition


def governing_findings(resolved: Resolved, releases: tuple[Release, ...], library: Library) -> Iterator[Diagnostic]:
    """Give what does not hold of the definitions that the `govern` statements of a policy speak of."""
    for govern in resolved.governs:
        yield from _unlocked(govern, library)
        for url, span in _urls(govern, resolved):
            definition = _definition_of(url, releases, library)
            if definition is None:
                yield _missing(govern, url, span)
                continue
            yield from _demanded(_Subject(govern, url, span, definition), resolved, releases, library)


# which urls, and what is known of them


def _urls(govern: syntax.Govern, resolved: Resolved) -> Iterator[tuple[str, Span]]:
    """Give each url that a `govern` speaks of, once, with the place that names it."""
    excluded = _terms((term for term, _ in _written(govern.urls.exclude, resolved)))
    seen: set[str] = set()
    for text, span in _written(govern.urls.include, resolved):
        many = text is None or is_pattern(text)
        found = [url for url in _named(resolved) if _terms([text]).matches(url)] if many else [text or ""]
        for url in found:
            if url not in seen and not excluded.matches(url):
                seen.add(url)
                yield url, span


def _written(urls: Iterable[syntax.Url], resolved: Resolved) -> Iterator[tuple[str | None, Span]]:
    """Give urls and patterns as text, None for `anything`; a name that stands for nothing is left out (CV103 tells it)."""
    for url in urls:
        if isinstance(url, syntax.Ref):
            if url.text in resolved.extensions:
                yield resolved.extensions[url.text], url.span
        else:
            yield (url.value if isinstance(url, syntax.Text) else None), url.span


def _terms(texts: Iterable[str | None]) -> UrlTerms:
    told = list(texts)
    words = [text for text in told if text is not None]
    patterns = tuple(UrlPattern.parse(text) for text in words if is_pattern(text))
    return UrlTerms(frozenset(words), patterns, None in told)


def _named(resolved: Resolved) -> list[str]:
    """Return every url that the policy names: those of its extension names, and of its rules."""
    literals = (
        term.text for rule in resolved.rules for term in rule.urls.include if term.kind == "literal" and _is_on_extension(rule)
    )
    return list(dict.fromkeys([*resolved.extensions.values(), *literals]))


def _is_on_extension(rule: ResolvedRule) -> bool:
    return not all(path.text.endswith(RULES) for path in rule.rule.paths)


def _definition_of(url: str, releases: tuple[Release, ...], library: Library) -> ExtensionDefinition | None:
    """Return the definition of `url`: of the lock, else as HL7 publishes it for the first release that has it."""
    published = (published_definition(url, release) for release in releases)
    return library.definitions.get(url) or next((each for each in published if each is not None), None)


# what is demanded


def _demanded(subject: _Subject, resolved: Resolved, releases: tuple[Release, ...], library: Library) -> Iterator[Diagnostic]:
    """Give what does not hold of one definition."""
    govern, definition = subject.govern, subject.definition
    if not definition.is_whole and any(wish.kind != "modifier" or wish.with_reason for wish in _wishes(govern)):
        yield _known_by_name(subject)
    for wish in _wishes(govern):
        yield from _wish_findings(subject, wish, resolved, releases, library)
    if definition.is_whole:
        yield from _types_findings(subject, resolved)
        yield from _carrying_findings(subject, releases)


def _wishes(govern: syntax.Govern) -> tuple[syntax.Requirement, ...]:
    return tuple(wish for wish in govern.requirements if wish.kind != "severity")


def _wish_findings(
    subject: _Subject, wish: syntax.Requirement, resolved: Resolved, releases: tuple[Release, ...], library: Library
) -> Iterator[Diagnostic]:
    """Give what one requirement finds."""
    definition, words = subject.definition, _words(wish)
    if wish.kind == "modifier" and not definition.is_modifier:
        yield _say(
            subject, "CV170", "is not a modifier extension", _WHY_MODIFIER, "take it out of the `govern`, or name the modifier"
        )
    elif not definition.is_whole:
        return
    elif wish.kind == "modifier" and wish.with_reason and says_nothing(definition.reason):
        why = f"its `isModifierReason` is {quoted(definition.reason)}" if definition.reason else "it has no `isModifierReason`"
        yield _say(subject, "CV171", "does not say why it is a modifier", why, "ask its publisher for the reason")
    elif wish.kind == "status" and definition.status not in words:
        why = f"the status of its definition is {quoted(definition.status or 'not given')}"
        yield _say(subject, "CV172", f"is not {_either(words)}", why, "wait until it is, or require the status that it has")
    elif wish.kind == "context":
        yield from _context_findings(subject, wish, resolved, releases)
    elif wish.kind == "publisher" and definition.publisher not in words:
        why = f"the publisher of its definition is {quoted(definition.publisher or 'not given')}"
        yield _say(subject, "CV174", f"is not published by {_either(words)}", why, "name the publisher that is meant")
    elif wish.kind == "package" and not _is_from(definition, words):
        why = (
            f"it is from {quoted(definition.package)}"
            if definition.package
            else "its definition is the one that comes with Caveat"
        )
        yield _say(
            subject,
            "CV175",
            f"is not from the package {_either(words)}",
            why,
            "take the package in with `use`, or name the other",
        )
    elif wish.kind == "unchanged":
        yield from _change_findings(subject, words[0], library)


def _words(wish: syntax.Requirement) -> tuple[str, ...]:
    return tuple(word.text if isinstance(word, syntax.Word) else word.value for word in wish.arguments)


def _either(words: tuple[str, ...]) -> str:
    return " or ".join(quoted(word) for word in words)


def _is_from(definition: ExtensionDefinition, packages: tuple[str, ...]) -> bool:
    """Return whether a definition is from one of the packages, each `name` or `name#version`."""
    package = definition.package or ""
    return package in packages or package.partition("#")[0] in packages


def _context_findings(
    subject: _Subject, wish: syntax.Requirement, resolved: Resolved, releases: tuple[Release, ...]
) -> Iterator[Diagnostic]:
    """Give a CV173 for each path of a rule on the url that no context provably allows, in any release."""
    contexts = subject.definition.contexts
    if not contexts or subject.definition.is_cross_version:
        return
    for rule in _rules_on(subject.url, resolved):
        for path in rule.rule.paths:
            selector = PathSelector.parse(path.text)
            if path.text.endswith(RULES) or any_of(covers(c, selector, tables(r)) for c in contexts for r in releases) is True:
                continue
            yield diagnose(
                "CV173",
                f"the contexts of {quoted(subject.url)} do not cover {quoted(path.text)}",
                path.span,
                label="its definition does not provably allow it here",
                notes=(
                    _WHY_CONTEXT,
                    f"its contexts are {_listed(each.expression for each in contexts)}",
                    *_severity(subject.govern),
                ),
                remedy="name an element that a context allows, or take `require context covers rules` out",
                related=(Related(wish.span, f"required by `{subject.govern.name.text}`"),),
            )


def _listed(words: Iterable[str]) -> str:
    told = list(dict.fromkeys(words))
    more = f" and {len(told) - _MOST} more" if len(told) > _MOST else ""
    return (listed(told[:_MOST]) if not more else ", ".join(quoted(word) for word in told[:_MOST])) + more


_MOST = 8


def _rules_on(url: str, resolved: Resolved) -> Iterator[ResolvedRule]:
    """Give the rules that name `url` literally; a pattern does not claim to know any one definition."""
    for rule in resolved.rules:
        if any(term.kind == "literal" and term.text == url for term in rule.urls.include):
            yield rule


def _change_findings(subject: _Subject, package: str, library: Library) -> Iterator[Diagnostic]:
    """Give a CV177 when the definition is not what it was in an earlier package."""
    if package not in library.by_package:
        return
    old = library.by_package[package].get(subject.url)
    what = list(changes(old, subject.definition)) if old is not None else [f"{quoted(package)} has no definition of it"]
    if what:
        remedy = "assess it again, then name the package that it was assessed against"
        yield _say(subject, "CV177", f"has changed since {quoted(package)}", "; ".join(what[:_MOST]), remedy)


def _types_findings(subject: _Subject, resolved: Resolved) -> Iterator[Diagnostic]:
    """Give a CV176 for each value type that a rule on the url names and its definition rules out."""
    content = subject.definition.content
    possible = set(content.types) | ({_COMPLEX} if content.may_have_parts and not content.needs_value else set())
    for rule in _rules_on(subject.url, resolved):
        for clause in rule.rule.clauses:
            for word in clause.types if isinstance(clause, syntax.AsTypes) else ():
                if word.text in possible:
                    continue
                yield diagnose(
                    "CV176",
                    f"{quoted(subject.url)} never has a value of type {quoted(word.text)}",
                    word.span,
                    label="this rule can never match it",
                    notes=(
                        f"its definition allows {_listed(sorted(possible)) if possible else 'nothing'}",
                        *_severity(subject.govern),
                    ),
                    remedy="name a type that its definition allows, or leave `as` out",
                    related=(Related(subject.span, f"governed by `{subject.govern.name.text}`"),),
                )


def _carrying_findings(subject: _Subject, releases: tuple[Release, ...]) -> Iterator[Diagnostic]:
    """Give a CV178 when none of the contexts can carry a modifierExtension."""
    definition = subject.definition
    if not definition.contexts or not definition.is_modifier or definition.is_cross_version:
        return
    if any_of(can_carry(context, tables(release)) for context in definition.contexts for release in releases) is False:
        says = f"can stand nowhere in {names_of(releases)}"
        why = f"its contexts are {_listed(each.expression for each in definition.contexts)}"
        yield _say(subject, "CV178", says, f"{_WHY_CARRY}; {why}", "tell its publisher; a rule on it decides nothing")


# what is said


def _say(subject: _Subject, code: str, says: str, why: str, remedy: str) -> Diagnostic:
    """Return what does not hold of a definition, at the url in the `govern`."""
    govern = subject.govern
    return diagnose(code, f"{quoted(subject.url)} {says}", subject.span, notes=(why, *_severity(govern)), remedy=remedy)


def _severity(govern: syntax.Govern) -> tuple[str, ...]:
    """Return how much the author says that it weighs: told, and never counted, since what is required must hold."""
    said = [_words(wish)[0] for wish in govern.requirements if wish.kind == "severity"]
    return (f"`{govern.name.text}` calls this {said[0]}",) if said else ()


def _missing(govern: syntax.Govern, url: str, span: Span) -> Diagnostic:
    return diagnose(
        "CV179",
        f"the definition of {quoted(url)} was not found",
        span,
        label="nothing is known of it",
        notes=("neither the packages that the policy uses nor the definitions that come with Caveat have it", *_severity(govern)),
        remedy='take the package that defines it in with `use "name#version";`',
    )


def _known_by_name(subject: _Subject) -> Diagnostic:
    kind = "a modifier" if subject.definition.is_modifier else "a plain extension"
    return diagnose(
        "CV179",
        f"of {quoted(subject.url)} only the kind is known, not the definition",
        subject.span,
        label=f"known as {kind}",
        notes=("Caveat lists it by name; what else is required cannot be shown", *_severity(subject.govern)),
        remedy='take the package that defines it in with `use "name#version";`',
    )


def _unlocked(govern: syntax.Govern, library: Library) -> Iterator[Diagnostic]:
    """Give a CV160 when the package to compare with is not locked."""
    for wish in govern.requirements:
        for word in wish.arguments if wish.kind == "unchanged" else ():
            text = word.text if isinstance(word, syntax.Word) else word.value
            if text not in library.by_package:
                yield diagnose(
                    "CV160",
                    f"the package {quoted(text)} is not locked",
                    word.span,
                    label="nothing to compare with",
                    notes=("`unchanged since` compares with the definitions of a locked package, written `name#version`",),
                    remedy=f"lock it: `caveat packages add {text}`"
                    if "#" in text
                    else "write it with its version: `name#version`",
                )
