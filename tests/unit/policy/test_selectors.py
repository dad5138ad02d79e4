"""Which urls and places a rule speaks of: language page, points 10 and 13."""

from __future__ import annotations

from typing import Any

import pytest

from caveat.policy.selectors import PathSelector, UrlPattern, UrlSelector, UrlTerms
from strategies.judging import X, modifier, policy_of, report, rule

BASE = "https://v.example/fhir/"
ONE, ANY = BASE + "*", BASE + "**"

PATTERNS = {
    "one segment": (ONE, BASE + "a", True),
    "two segments": (ONE, BASE + "a/b", False),
    "two segments below any": (ANY, BASE + "a/b", True),
    "five segments below any": (ANY, BASE + "a/b/c/d/e", True),
    "one segment below any": (ANY, BASE + "a", True),
    "the prefix itself": (ONE, BASE, False),
    "the prefix itself, any": (ANY, BASE, False),
    "the prefix without slash": (ANY, BASE[:-1], False),
    "a longer segment before": (ANY, "https://v.example/fhirx/a", False),
    "a query": (ANY, BASE + "a?b", False),
    "a fragment": (ANY, BASE + "a#b", False),
    "a percent sign": (ANY, BASE + "%61", False),
    "a backslash": (ANY, BASE + "a\\b", False),
    "an empty segment first": (ANY, BASE + "/a", False),
    "an empty segment between": (ANY, BASE + "a//b", False),
    "a trailing slash": (ANY, BASE + "a/", False),
    "a trailing slash after one": (ONE, BASE + "a/", False),
    "a dot": (ANY, BASE + "a/./b", False),
    "two dots": (ANY, BASE + "a/../b", False),
    "two dots alone": (ONE, BASE + "..", False),
    "a dot alone": (ONE, BASE + ".", False),
    "three dots are a name": (ONE, BASE + "...", True),
    "another case": (ANY, BASE.replace("fhir", "FHIR") + "a", False),
    "another scheme": (ANY, BASE.replace("https", "http") + "a", False),
    "another host": (ANY, BASE.replace("v.", "w.") + "a", False),
    "a subdomain": (ANY, BASE.replace("v.", "a.v.") + "a", False),
    "another port": (ANY, BASE.replace(".example", ".example:443") + "a", False),
    "an at sign before the host": (ANY, BASE.replace("v.", "x@v.") + "a", False),
    "a letter beyond ASCII": (ONE, BASE + "ä", True),
    "a star": (ONE, BASE + "*", True),
}


@pytest.mark.parametrize(("pattern", "url", "matches"), PATTERNS.values(), ids=PATTERNS)
def test_pattern(pattern: str, url: str, *, matches: bool) -> None:
    """A pattern matches whole segments below its prefix, and nothing that could be read in two ways."""
    parsed = UrlPattern.parse(pattern)
    assert parsed.matches(url) is matches
    assert parsed.text == pattern


LITERALS = {
    "itself": (X + "a", True),
    "another case": (X + "A", False),
    "a trailing slash": (X + "a/", False),
    "another scheme": ("http" + X[5:] + "a", False),
    "a host in capitals": (X.replace("x.e", "X.e") + "a", False),
    "below": (X + "a/b", False),
    "its beginning": (X, False),
    "a fragment": (X + "a#", False),
    "a decomposed letter": (X + "a\u0308", False),
}


@pytest.mark.parametrize(("url", "matches"), LITERALS.values(), ids=LITERALS)
def test_literal(url: str, *, matches: bool) -> None:
    """A literal url is compared code point by code point."""
    assert UrlTerms(frozenset({X + "a"})).matches(url) is matches


def test_selector_subtracts_what_follows_except() -> None:
    """A rule's urls are those before `except`, minus literals and patterns after it."""
    include = UrlTerms(patterns=(UrlPattern(BASE, deep=True),))
    exclude = UrlTerms(frozenset({BASE + "a"}), (UrlPattern(BASE + "safety/", deep=True),))
    selector = UrlSelector(include, exclude)
    asked = [BASE + "a", BASE + "b", BASE + "safety/c", BASE + "safety", X + "a"]
    assert [selector.matches(url) for url in asked] == [False, True, False, True, False]


def test_anything_matches_any_url() -> None:
    """`anything` matches every url, and `except` takes away from it."""
    selector = UrlSelector(UrlTerms(anything=True), UrlTerms(frozenset({X + "a"})))
    assert [selector.matches(url) for url in (X + "b", "urn:oid:1", X + "a")] == [True, True, False]


def test_terms_are_listed_as_written() -> None:
    """Terms are listed sorted, as rule files write them."""
    terms = UrlTerms(frozenset({"b:x", "a:x"}), (UrlPattern("aa:/", deep=False),), anything=True)
    assert terms.listed() == ["a:x", "aa:/*", "b:x", "anything"]
    assert UrlTerms().listed() == []


@pytest.mark.parametrize("text", ["*", "*.**", "Patient", "Patient.**", "Dosage", "ImagingStudy.series.instance", "A.b[x].**"])
def test_path_keeps_its_text(text: str) -> None:
    """A selector is written as it was read."""
    assert PathSelector.parse(text).text == text


M = {"modifierExtension": [modifier("m")]}
SERIES: dict[str, Any] = {"resourceType": "ImagingStudy", "series": [M]}
INSTANCE: dict[str, Any] = {"resourceType": "ImagingStudy", "series": [{"instance": [M]}]}
ROOT: dict[str, Any] = {"resourceType": "ImagingStudy", **M}
CONTAINED: dict[str, Any] = {"resourceType": "ImagingStudy", "contained": [{"resourceType": "Patient", **M}]}
DOSAGE: dict[str, Any] = {"resourceType": "MedicationRequest", "dosageInstruction": [M]}
TIMING: dict[str, Any] = {"resourceType": "MedicationRequest", "dosageInstruction": [{"timing": M}]}
ITEM: dict[str, Any] = {"resourceType": "Questionnaire", "item": [{"item": [{"item": [M]}]}]}
ANSWER: dict[str, Any] = {"resourceType": "QuestionnaireResponse", "item": [{"answer": [{"item": [{"answer": [M]}]}]}]}
VALUE: dict[str, Any] = {"resourceType": "ImagingStudy", "extension": [{"url": X + "plain", "valueDosage": M}]}
CHOICE: dict[str, Any] = {"resourceType": "ServiceRequest", "occurrenceTiming": M}
COMPANION: dict[str, Any] = {"resourceType": "Patient", "_birthDate": {"extension": [{"url": X + "p", "valueTiming": M}]}}
RULES: dict[str, Any] = {"resourceType": "ImagingStudy", "implicitRules": X + "m"}

PATHS: dict[str, tuple[dict[str, Any], str, bool]] = {
    "an element": (SERIES, "ImagingStudy.series", True),
    "the element above": (SERIES, "ImagingStudy", False),
    "the element below": (SERIES, "ImagingStudy.series.instance", False),
    "everything in the type": (SERIES, "ImagingStudy.**", True),
    "everything in the element": (SERIES, "ImagingStudy.series.**", True),
    "everything in it, deeper": (INSTANCE, "ImagingStudy.series.**", True),
    "everything in the one below": (SERIES, "ImagingStudy.series.instance.**", False),
    "everything includes the root": (ROOT, "ImagingStudy.**", True),
    "a root": (ROOT, "ImagingStudy", True),
    "any root": (ROOT, "*", True),
    "any root is no element": (SERIES, "*", False),
    "everything anywhere": (INSTANCE, "*.**", True),
    "everything anywhere, root": (ROOT, "*.**", True),
    "another type": (ROOT, "Patient", False),
    "a contained resource by its own type": (CONTAINED, "Patient", True),
    "a contained resource is a root": (CONTAINED, "*", True),
    "a contained resource is not in its container": (CONTAINED, "ImagingStudy.**", False),
    "a contained resource, anywhere": (CONTAINED, "*.**", True),
    "a data type": (DOSAGE, "Dosage", True),
    "a data type by its element": (DOSAGE, "MedicationRequest.dosageInstruction", True),
    "a data type in a data type": (TIMING, "Timing", True),
    "an element of a data type": (TIMING, "Dosage.timing", True),
    "everything in a data type": (TIMING, "Dosage.**", True),
    "a data type is not what is in it": (TIMING, "Dosage", False),
    "recursion by its short path": (ITEM, "Questionnaire.item", True),
    "recursion by its own depth": (ITEM, "Questionnaire.item.item.item", True),
    "recursion by another depth": (ITEM, "Questionnaire.item.item", False),
    "recursion, everything in one above": (ITEM, "Questionnaire.item.item.**", True),
    "recursion in two steps": (ANSWER, "QuestionnaireResponse.item.answer", True),
    "recursion in two steps, the other": (ANSWER, "QuestionnaireResponse.item", False),
    "the value of an extension": (VALUE, "ImagingStudy.extension.value[x]", True),
    "the value of an extension by type": (VALUE, "Dosage", True),
    "the value of any extension": (VALUE, "Extension.value[x]", True),
    "a value is in everything": (VALUE, "ImagingStudy.**", True),
    "a value in a companion is in everything": (COMPANION, "Patient.birthDate.**", True),
    "a choice": (CHOICE, "ServiceRequest.occurrence[x]", True),
    "implicitRules by its type": (RULES, "ImagingStudy.implicitRules", True),
    "implicitRules of any type": (RULES, "*.implicitRules", True),
    "implicitRules of another type": (RULES, "Patient.implicitRules", False),
    "implicitRules is not in everything": (RULES, "ImagingStudy.**", False),
    "implicitRules is not anywhere": (RULES, "*.**", False),
    "implicitRules is not the root": (RULES, "ImagingStudy", False),
    "implicitRules is no root": (RULES, "*", False),
    "the root is not implicitRules": (ROOT, "*.implicitRules", False),
}


@pytest.mark.parametrize(("tree", "path", "matches"), PATHS.values(), ids=PATHS)
def test_path(tree: dict[str, Any], path: str, *, matches: bool) -> None:
    """A path names an element, a data type, a root, or with `.**` everything in it but other resources."""
    judged = report(policy_of(rule("review", "r", f"@m on {path}")), tree)
    assert [d.rule for d in judged.decisions] == ["r" if matches else None]


@pytest.mark.parametrize("value", ["urn:oid:1.2.3", "https://x.example/rules|1.0", "mailto:a@x.example"])
def test_implicit_rules_are_compared_whole(value: str) -> None:
    """The value of `implicitRules` may be a URN or carry a version, and a rule names it whole."""
    policy = policy_of(f'understand r: "{value}" on *.implicitRules because "b" assessed 2026-01-01;')
    taken, other = (report(policy, {"resourceType": "Patient", "implicitRules": each}) for each in (value, value + "x"))
    assert [taken.verdict.word, other.verdict.word] == ["accept", "reject"]
