"""From resolved rule files to a policy that can run, with whatever is wrong with them in FHIR's terms.

Rule 1: a policy with an error that stops loading is no policy.
Rule 2: what cannot be carried out, a `use` whose package is not there, is refused, never skipped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from caveat.domain.decision import Verdict
from caveat.domain.diagnostic import CODES, Diagnostic
from caveat.lang import syntax
from caveat.lang.diagnose import diagnose, quoted
from caveat.lang.resolved import Resolved, ResolvedRule, ResolvedWaiver, UrlSet, UrlTerm
from caveat.policy import conditions as cond
from caveat.policy.governing import governing_findings
from caveat.policy.places import check_element, check_exclude, check_path, check_reader, check_test_path, names_of, places
from caveat.policy.policy import PathDefault, Period, Policy, Reading, Rule, Waiver
from caveat.policy.selectors import PathSelector, UrlPattern, UrlSelector, UrlTerms
from caveat.spec.definition import Library
from caveat.spec.release import Release
from caveat.spec.shape import tables

VERDICTS: Mapping[str, Verdict] = {
    "understand": Verdict.ACCEPT,
    "warn": Verdict.WARN,
    "exclude": Verdict.EXCLUDE,
    "narrative": Verdict.NARRATIVE,
    "review": Verdict.REVIEW,
    "reject": Verdict.REJECT,
    "forbid": Verdict.REJECT,
}
"""What each verb decides."""

COMPLEX = "complex"


@dataclass(frozen=True, slots=True)
class Compiled:
    """A policy, None when a diagnostic stops it, and every diagnostic of its files, in reading order."""

    policy: Policy | None
    diagnostics: tuple[Diagnostic, ...]


def compile_policy(resolved: Resolved, releases: tuple[Release, ...] = tuple(Release), library: Library = Library()) -> Compiled:
    """Compile `resolved` for the releases that it states, else for `releases`, with the definitions of its packages.

    Whoever made `library` has said in the diagnostics of `resolved` why a package is not in it.
    """
    mine = tuple(Release.of(name) for name in resolved.releases) or releases
    findings = (_findings(resolved, mine), _missing_packages(resolved, library), governing_findings(resolved, mine, library))
    diagnostics = {*resolved.diagnostics, *chain.from_iterable(findings)}
    told = tuple(sorted(diagnostics, key=lambda diagnostic: diagnostic.sort_key))
    stopped = any(CODES[diagnostic.code].stops_loading for diagnostic in told)
    return Compiled(None if stopped else _policy(resolved, library), told)


# what is wrong


def _findings(resolved: Resolved, releases: tuple[Release, ...]) -> Iterator[Diagnostic]:
    """Give everything that is wrong with the files in FHIR's terms."""
    for default in resolved.defaults:
        yield from _placed_findings(default.paths, default.verdict.text, releases)
    for reads in resolved.reads:
        yield from _reads_findings(reads, releases)
    for rule in resolved.rules:
        yield from _placed_findings(rule.rule.paths, rule.rule.verb.text, releases)
        yield from _types_findings(rule.rule, releases)
    for waiver in resolved.waivers:
        must_carry = waiver.kind != "wrong-slot"
        yield from _placed_findings(waiver.waiver.paths, waiver.verdict, releases, must_carry=must_carry)
    for invariant in resolved.invariants:
        yield from _placed_findings(invariant.paths, "never", releases)
    for test in resolved.tests:
        for given, _ in test.modifiers:
            yield from check_test_path(given.path, releases)


def _missing_packages(resolved: Resolved, library: Library) -> Iterator[Diagnostic]:
    """Refuse each `use` whose package is not in the library, where nothing has said so yet."""
    told = {found.span for found in resolved.diagnostics if found.code == "CV160"}
    for use in resolved.uses:
        if use.package.value not in library.by_package and use.package.span not in told:
            message = f"the package {quoted(use.package.value)} was not loaded"
            yield diagnose("CV160", message, use.package.span, label="not available")


def _placed_findings(
    paths: tuple[syntax.Word, ...], verb: str, releases: tuple[Release, ...], *, must_carry: bool = True
) -> Iterator[Diagnostic]:
    """Check the paths of a statement, and whether an `exclude` on them can leave anything out."""
    wrong = [finding for path in paths for finding in check_path(path, releases, must_carry=must_carry)]
    yield from wrong
    if verb == "exclude" and not wrong:
        yield from check_exclude(paths, releases)


def _reads_findings(reads: syntax.Reads, releases: tuple[Release, ...]) -> Iterator[Diagnostic]:
    """Check the type, and when it exists the elements, of a `reads`."""
    wrong = list(check_reader(reads.path, releases))
    yield from wrong
    for element in () if wrong else reads.elements or ():
        yield from check_element(reads.path, element, releases)


def _types_findings(rule: syntax.Rule, releases: tuple[Release, ...]) -> Iterator[Diagnostic]:
    """Check the value types that a rule names."""
    for clause in rule.clauses:
        for word in clause.types if isinstance(clause, syntax.AsTypes) else ():
            yield from _type_findings(word, releases)


def _type_findings(word: syntax.Word, releases: tuple[Release, ...]) -> Iterator[Diagnostic]:
    """Give CV101 when no extension can have a value of the type that `word` names."""
    known = frozenset({COMPLEX}).union(*(_value_types(release) for release in releases))
    if word.text in known:
        return
    first, rest = word.text[:1], word.text[1:]
    meant = next((name for name in (first.lower() + rest, first.upper() + rest) if name in known), None)
    advice = f"did you mean `{meant}`?" if meant else "name a type that value[x] may have, or `complex` for one with parts"
    yield Diagnostic(
        "CV101",
        f"no extension has a value of type `{word.text}` in {names_of(releases)}",
        word.span,
        label="no such value type",
        help=advice,
    )


def _value_types(release: Release) -> frozenset[str]:
    """Return the names of the types that the value of an extension may have."""
    children = tables(release).required("Extension").children.values()
    return frozenset(c.shape.name for c in children if c.segment == "value[x]" and c.shape is not None)


# what it means


def _policy(resolved: Resolved, library: Library) -> Policy:
    """Return the policy that resolved files without a stopping error mean."""
    general = next((d for d in resolved.defaults if not d.paths), None)
    return Policy(
        name=resolved.name,
        version=resolved.version,
        releases=resolved.releases,
        default=Verdict.of(general.verdict.text) if general else Verdict.REJECT,
        path_defaults=tuple(PathDefault(Verdict.of(d.verdict.text), _paths(d.paths)) for d in resolved.defaults if d.paths),
        reads=tuple(_reading(reads) for reads in resolved.reads),
        rules=tuple(sorted((_rule(rule) for rule in resolved.rules), key=lambda rule: rule.name)),
        waivers=tuple(sorted((_waiver(w) for w in resolved.waivers if w.holds), key=lambda waiver: waiver.name)),
        library=library,
    )


def _paths(words: tuple[syntax.Word, ...]) -> tuple[PathSelector, ...]:
    return tuple(PathSelector.parse(word.text) for word in words)


def _reading(reads: syntax.Reads) -> Reading:
    """Return what is read of a type, each element by its short path."""
    if reads.elements is None:
        return Reading(reads.path.text, None)
    names = [f"{reads.path.text}.{element.text}" for element in reads.elements]
    return Reading(reads.path.text, tuple(sorted(places(name, Release)[0].short_path for name in names)))


def _rule(resolved: ResolvedRule) -> Rule:
    """Return the runnable form of one rule."""
    verb = resolved.rule.verb.text
    return Rule(
        name=resolved.name,
        verb=verb,
        verdict=VERDICTS[verb],
        urls=urls_of(resolved.urls),
        paths=_paths(resolved.rule.paths),
        types=frozenset(resolved.types),
        when=None if resolved.when is None else _condition(resolved.when, resolved.codesystems),
        period=Period(resolved.since, resolved.until),
        because=resolved.because,
        owner=resolved.owner,
        kind=resolved.kind,
        severity=resolved.severity,
        assessed=resolved.assessed,
        implemented_by=resolved.implemented_by,
        see=resolved.see,
        record_value=resolved.record_value,
    )


def _waiver(resolved: ResolvedWaiver) -> Waiver:
    """Return the runnable form of one waiver that holds."""
    return Waiver(
        name=resolved.name,
        kind=resolved.kind,
        rule=resolved.rule,
        urls=None if resolved.urls is None else urls_of(resolved.urls),
        paths=_paths(resolved.waiver.paths),
        verdict=Verdict.of(resolved.verdict),
        period=Period(resolved.since, resolved.until),
        owner=resolved.owner,
        because=resolved.because,
        ticket=resolved.ticket,
        approved_by=resolved.approved_by,
    )


def urls_of(urls: UrlSet) -> UrlSelector:
    """Return the runnable form of the urls of a statement."""
    return UrlSelector(_terms(urls.include), _terms(urls.exclude))


def _terms(terms: tuple[UrlTerm, ...]) -> UrlTerms:
    return UrlTerms(
        literals=frozenset(term.text for term in terms if term.kind == "literal"),
        patterns=tuple(sorted({UrlPattern.parse(term.text) for term in terms if term.kind == "pattern"})),
        anything=any(term.kind == "anything" for term in terms),
    )


def _condition(condition: syntax.Condition, codesystems: Mapping[str, str]) -> cond.Condition:
    """Return the runnable form of a condition, its code systems by url."""
    match condition:
        case syntax.Compare(operand, symbol, literal):
            return cond.Comparison(_operand(operand), symbol, scalar(literal, codesystems))
        case syntax.In(operand, literals):
            return cond.Membership(_operand(operand), tuple(scalar(literal, codesystems) for literal in literals))
        case syntax.Present(operand):
            return cond.Presence(_operand(operand))
        case syntax.Not(inner):
            return cond.Negation(_condition(inner, codesystems))
        case syntax.And(parts):
            return cond.Conjunction(tuple(_condition(part, codesystems) for part in parts))
        case _:
            return cond.Disjunction(tuple(_condition(part, codesystems) for part in condition.conditions))


def _operand(operand: syntax.Operand) -> cond.Operand:
    return cond.Operand(operand.part, operand.fields)


def scalar(literal: syntax.Literal, codesystems: Mapping[str, str]) -> cond.Scalar:
    """Return the value that a literal stands for, a code with the url of its system."""
    match literal:
        case syntax.Code(system, code):
            return cond.CodeLiteral(codesystems[system], code)
        case syntax.Day(_, value):
            assert value is not None  # noqa: S101  an impossible date stops loading (CV109)
            return value
        case _:
            return literal.value
