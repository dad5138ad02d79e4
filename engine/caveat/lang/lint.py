"""What the checker says of a resolved policy on a given day: ended waivers, old assessments, unused names, missing tests.

Rule 1: nothing here stops a policy from loading or changes a verdict.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date

from caveat.domain.diagnostic import Diagnostic, Related, Severity, Span
from caveat.lang import syntax
from caveat.lang.clauses import clauses_of
from caveat.lang.diagnose import diagnose, quoted, sorted_findings
from caveat.lang.imports import imports_of
from caveat.lang.names import unknown
from caveat.lang.resolved import Resolved, ResolvedDeprecation, UrlTerm
from caveat.lang.walk import nodes

SOON = 30
"""How many days before its end a waiver is spoken of."""


def lint(resolved: Resolved, today: date) -> tuple[Diagnostic, ...]:
    """Return what the checker finds on `today`, sorted: CV120, CV121, CV140, CV145, CV150 to CV153, CV155 and CV156.

    While a statement cannot be read, nothing is called unused, untested or unknown: it may be what is missed.
    """
    found = [*_waivers(resolved, today), *_assessments(resolved, today), *_deprecated(resolved, today), *_idle_tests(resolved)]
    if not resolved.broken:
        found += [*_unused_names(resolved), *_unused_imports(resolved), *_untested(resolved), *_unknown_rules(resolved)]
    return sorted_findings(found)


def _waivers(resolved: Resolved, today: date) -> Iterator[Diagnostic]:
    """Yield the waivers that have ended (CV120) or soon will (CV121)."""
    for waiver in resolved.waivers:
        clause = clauses_of(waiver.waiver).by_keyword.get("until")
        if clause is None or waiver.since is None or waiver.until is None or waiver.since > waiver.until:
            continue
        left = (waiver.until - today).days
        name, day = quoted(waiver.name), waiver.until.isoformat()
        if left < 0:
            note = "it no longer applies: what it softened is decided again as if it were not there"
            remedy = "delete it, or decide anew and write a later day"
            yield diagnose("CV120", f"{name} ended on {day}", clause.span, notes=(note,), remedy=remedy)
        elif left <= SOON:
            when = "today" if left == 0 else "in 1 day" if left == 1 else f"in {left} days"
            note = "from the day after, what it softens is decided as if it were not there"
            remedy = "settle what it waits for, or decide anew"
            yield diagnose("CV121", f"{name} ends {when}", clause.span, notes=(note,), remedy=remedy)


def _assessments(resolved: Resolved, today: date) -> Iterator[Diagnostic]:
    """Yield the rules that were assessed longer ago than the policy allows (CV140)."""
    for rule in resolved.rules:
        clause = clauses_of(rule.rule).by_keyword.get("assessed")
        over = rule.until is not None and rule.until < today
        if resolved.reassess is None or rule.assessed is None or clause is None or over:
            continue
        age = (today - rule.assessed).days
        if age > resolved.reassess:
            message = f"{quoted(rule.name)} was assessed {age} days ago, and the policy asks for it every {resolved.reassess}"
            note = "FHIR wants an assessment repeated when the application's behaviour changes"
            yield diagnose("CV140", message, clause.span, notes=(note,), remedy="assess it again, and write the day of that")


def _deprecated(resolved: Resolved, today: date) -> Iterator[Diagnostic]:
    """Yield each use of a deprecated (warning) or removed (error) extension by a rule or waiver (CV145)."""
    for deprecation in resolved.deprecations:
        is_removed = deprecation.removed is not None and deprecation.removed <= today
        if not is_removed and (deprecation.since is None or deprecation.since > today):
            continue
        for name, term in _literals(resolved):
            if term.text == deprecation.url:
                yield _use(resolved, deprecation, name, term, "removed" if is_removed else "deprecated")


def _literals(resolved: Resolved) -> Iterator[tuple[str, UrlTerm]]:
    """Yield each literal url that a rule or waiver takes in, with the name of that rule or waiver."""
    yield from ((rule.name, term) for rule in resolved.rules for term in rule.urls.include if term.kind == "literal")
    taken = ((waiver.name, waiver.urls) for waiver in resolved.waivers if waiver.urls is not None)
    yield from ((name, term) for name, urls in taken for term in urls.include if term.kind == "literal")


def _use(resolved: Resolved, deprecation: ResolvedDeprecation, name: str, term: UrlTerm, word: str) -> Diagnostic:
    """Return the CV145 of one place where a deprecated or removed extension is in use."""
    day = deprecation.removed if word == "removed" else deprecation.since
    message = f"{quoted(name)} uses {quoted(deprecation.url)}, {word} since {day}"
    aliases = [alias for alias, url in resolved.extensions.items() if url == deprecation.replacement]
    instead = aliases[0] if aliases else deprecation.replacement
    remedy = f"use {quoted(instead)} instead" if instead else None
    notes, related = (quoted(deprecation.because),), (Related(deprecation.span, word),)
    found = diagnose("CV145", message, term.span, notes=notes, remedy=remedy, related=related)
    return replace(found, severity=Severity.ERROR) if word == "removed" else found


def _own_files(resolved: Resolved) -> tuple[syntax.File, ...]:
    """Return the main file and its test files: an imported file may well give more names than one policy uses."""
    tested = {test.file for test in resolved.tests}
    return tuple(file for name, file in resolved.sources.items() if name == resolved.main or name in tested)


def _unused_names(resolved: Resolved) -> Iterator[Diagnostic]:
    """Yield the extension and code system names that nothing uses (CV150)."""
    files = _own_files(resolved)
    refs = {ref.name for file in files for ref in nodes(file.items, syntax.Ref) if ref.namespace is None}
    systems = {code.system for file in files for code in nodes(file.items, syntax.Code)}
    spared = _meant(resolved.diagnostics)
    for item in (item for file in files for item in file.items):
        if isinstance(item, syntax.ExtensionName) and item.name.text not in refs | spared:
            yield _unused("CV150", "the extension name", item.name)
        elif isinstance(item, syntax.CodeSystemName) and item.name.text not in systems | spared:
            yield _unused("CV150", "the code system name", item.name)


def _meant(findings: Iterable[Diagnostic]) -> set[str]:
    """Return the names that earlier diagnostics suggest: a misspelt use is one mistake, not an unused name as well."""
    return {found[1] for finding in findings if (found := re.fullmatch(r"did you mean `([^`]+)`\?", finding.help or ""))}


def _unused(code: str, what: str, name: syntax.Word) -> Diagnostic:
    """Return the diagnostic of a name that nothing uses."""
    note = "an unused name is often a rule that was forgotten, or one that spells a url by hand"
    return diagnose(code, f"{what} {quoted(name.text)} is not used", name.span, notes=(note,), remedy="use it or delete it")


def _unused_imports(resolved: Resolved) -> Iterator[Diagnostic]:
    """Yield the imports that bring no rule, and of which no name is used (CV151)."""
    if _lost_imports(resolved):  # what an import would bring is not known
        return
    files = _own_files(resolved)
    used = {ref.namespace for file in files for ref in nodes(file.items, syntax.Ref)}
    ruling = {rule.name.partition(".")[0] for rule in resolved.rules if "." in rule.name}
    for file in files:
        for item in imports_of(file):
            brings = file is resolved.sources[resolved.main] and item.namespace.text in ruling
            if item.namespace.text not in used and not brings:
                yield _unused("CV151", "the import", item.namespace)


def _lost_imports(resolved: Resolved) -> set[Span]:
    """Return where the imports stand that could not be followed."""
    return {found.span for found in resolved.diagnostics if found.code == "CV160"}


def _untested(resolved: Resolved) -> Iterator[Diagnostic]:
    """Yield the main file's rules that no test expects by name (CV152), or that there are no tests at all (CV153)."""
    if not resolved.tests:
        note = "what no test shows may change unseen"
        remedy = 'write one: `test "what it shows" { modifier name on Path; expect reject by rule; }`'
        yield diagnose("CV153", "there are no tests", _head(resolved), notes=(note,), remedy=remedy)
        return
    wishes = (wish for test in resolved.tests for wish, _ in test.expects)
    expected = {wish.rule.text for wish in wishes if wish.rule is not None} | _meant(_unknown_rules(resolved))
    for rule in resolved.rules:
        if rule.file == resolved.main and rule.name not in expected:
            remedy = f"write one that says `expect ... by {rule.name}`"
            yield diagnose("CV152", f"no test expects a decision by {quoted(rule.name)}", rule.rule.name.span, remedy=remedy)


def _head(resolved: Resolved) -> Span:
    """Return the place that stands for a policy as a whole: its name, else the start of its main file."""
    file = resolved.sources[resolved.main]
    return file.header.name.span if file.header is not None else Span(file.name, 0, 0, 1, 1, 1, 1)


def _idle_tests(resolved: Resolved) -> Iterator[Diagnostic]:
    """Yield the tests that expect nothing (CV156)."""
    for test in resolved.tests:
        if not test.expects:
            name = test.test.name
            message = f"the test {quoted(name.value)} expects nothing"
            yield diagnose("CV156", message, name.span, notes=("a test that expects nothing cannot fail",), remedy="add `expect`")


def _unknown_rules(resolved: Resolved) -> Iterator[Diagnostic]:
    """Yield the tests that expect a decision by a rule or waiver that there is not (CV155)."""
    lost = _lost_imports(resolved)
    unreachable = {item.namespace.text for file in _own_files(resolved) for item in imports_of(file) if item.path.span in lost}
    known = [*(rule.name for rule in resolved.rules), *(waiver.name for waiver in resolved.waivers)]
    for test in resolved.tests:
        for wish, found in test.expects:
            if wish.rule is not None and found is None and wish.rule.namespace not in unreachable:
                yield unknown("CV155", "no rule in force is called", wish.rule, known)
