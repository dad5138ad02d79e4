"""What rule files mean as a policy, and what stops them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from caveat.domain.decision import Verdict
from caveat.packs.files import load_text, resolve_loaded
from caveat.policy.compiler import compile_policy
from caveat.policy.conditions import (
    CodeLiteral,
    Comparison,
    Conjunction,
    Disjunction,
    Membership,
    Negation,
    Operand,
    Presence,
)
from caveat.policy.policy import PathDefault, Period, Reading
from caveat.policy.selectors import PathSelector, UrlPattern, UrlSelector, UrlTerms
from caveat.spec.definition import Library
from strategies.judging import HEAD, TODAY, Release, X, compiled, policy_of, report, rule, study, urls, waiver

VERBS = [
    "understand accept",
    "warn warn",
    "exclude exclude",
    "narrative narrative",
    "review review",
    "reject reject",
    "forbid reject",
]


@pytest.mark.parametrize("words", VERBS)
def test_verbs(words: str) -> None:
    """Each verb decides its verdict; `forbid` decides reject, finally."""
    verb, verdict = words.split()
    (made,) = policy_of(rule(verb, "r", "@m on ImagingStudy.series")).rules
    assert (made.verb, made.verdict.word, made.final) == (verb, verdict, verb == "forbid")


def test_everything_that_a_rule_says() -> None:
    """A rule keeps its urls, paths, types, condition, dates, and all that reports say of it."""
    body = """
        codesystem DCM = "http://dicom.example/DCM";
        extension m = "https://x.example/fhir/m";
        warn r: m, "https://x.example/v/**", "https://x.example/v/**" except "https://x.example/v/*", "https://x.example/v/a/b"
            on ImagingStudy.series, ImagingStudy.** as Coding | CodeableConcept when value = DCM#1 "text"
            kind qualifier because "why" owner "me" severity high assessed 2026-01-02 from 2026-01-03 until 2026-01-04
            implemented by "m:f" see "https://see.example" record value;
    """
    (made,) = policy_of(body).rules
    assert made.urls == UrlSelector(
        UrlTerms(frozenset({X + "m"}), (UrlPattern("https://x.example/v/", deep=True),)),
        UrlTerms(frozenset({"https://x.example/v/a/b"}), (UrlPattern("https://x.example/v/", deep=False),)),
    )
    assert made.paths == (PathSelector("ImagingStudy.series"), PathSelector("ImagingStudy", deep=True))
    assert made.types == {"Coding", "CodeableConcept"}
    assert made.when == Comparison(Operand(None), "=", CodeLiteral("http://dicom.example/DCM", "1"))
    assert made.period == Period(date(2026, 1, 3), date(2026, 1, 4))
    assert (made.name, made.because, made.owner, made.kind, made.severity) == ("r", "why", "me", "qualifier", "high")
    assert (made.assessed, made.implemented_by, made.see) == (date(2026, 1, 2), "m:f", "https://see.example")
    assert made.record_value


def test_conditions() -> None:
    """Every form of condition becomes its runnable form."""
    written = """not value = true and (part("a").b.c in ["x", 1.50, 2026-01-02] or value present)"""
    (made,) = policy_of(rule("reject", "r", f"@m on Patient when {written}")).rules
    listed = Membership(Operand("a", ("b", "c")), ("x", Decimal("1.50"), date(2026, 1, 2)))
    either = Disjunction((listed, Presence(Operand(None))))
    assert made.when == Conjunction((Negation(Comparison(Operand(None), "=", True)), either))


def test_anything() -> None:
    """`anything` is no url and every url."""
    (made,) = policy_of(rule("reject", "r", "anything except @m on Patient")).rules
    assert made.urls == UrlSelector(UrlTerms(anything=True), UrlTerms(frozenset({X + "m"})))


def test_everything_that_a_waiver_says() -> None:
    """A waiver keeps what it waives, where, as what, and from when until when."""
    body = rule("reject", "r", "@m on Patient") + urls(
        'waive w: r for @m on Patient as review from 2026-01-01 until 2026-03-31 owner "me" because "why"'
        ' ticket "T-1" approved by "board";'
    )
    (made,) = policy_of(body, "waivers at most 30 days;").waivers
    assert (made.name, made.kind, made.rule, made.verdict) == ("w", "rule", "r", Verdict.REVIEW)
    assert made.urls == UrlSelector(UrlTerms(frozenset({X + "m"})))
    assert made.paths == (PathSelector("Patient"),)
    assert made.period == Period(date(2026, 1, 1), date(2026, 1, 30))
    assert (made.owner, made.because, made.ticket, made.approved_by) == ("me", "why", "T-1", "board")


@pytest.mark.parametrize("kind", ["empty", "incomplete"])
def test_waivers_without_urls(kind: str) -> None:
    """Waivers of what has no url have none."""
    (made,) = policy_of(waiver("w", f"{kind} on Patient as warn")).waivers
    assert (made.kind, made.urls, made.rule) == (kind, None, None)


def test_a_waiver_without_a_mandatory_clause_does_not_hold() -> None:
    """It is said, and the policy loads without the waiver."""
    lacking = 'waive w: empty on Patient as warn from 2026-01-01 until 2026-12-31 owner "o";'
    result = compiled(lacking)
    assert [d.code for d in result.diagnostics] == ["CV106"]
    assert result.policy is not None
    assert result.policy.waivers == ()


def test_defaults() -> None:
    """The general default is reject unless said otherwise; those with paths stand beside it."""
    assert policy_of("").default is Verdict.REJECT
    policy = policy_of("", "default review; default exclude on ImagingStudy.series, Dosage;")
    assert policy.default is Verdict.REVIEW
    assert policy.path_defaults == (PathDefault(Verdict.EXCLUDE, (PathSelector("ImagingStudy.series"), PathSelector("Dosage"))),)


def test_reads() -> None:
    """What is read is kept by short paths, sorted; `all of` a type has no list, nothing of it an empty one."""
    body = "reads Questionnaire { item.item.text, title } reads all of Patient; reads Observation {}"
    assert policy_of(body).reads == (
        Reading("Questionnaire", ("Questionnaire.item.text", "Questionnaire.title")),
        Reading("Patient", None),
        Reading("Observation", ()),
    )


def test_names_and_releases() -> None:
    """A policy has the name, version and releases of its header."""
    policy = policy_of("", "fhir R4, R5;")
    assert (policy.name, policy.version, policy.releases) == ("p", "1", ("R4", "R5"))
    assert policy_of("").releases == ()


def test_a_warning_does_not_stop_a_policy() -> None:
    """A mandatory clause that lacks is an error that `lint` fails on, and the rule is in force all the same."""
    result = compiled(urls("reject r: @m on ImagingStudy;"))
    assert [d.code for d in result.diagnostics] == ["CV106"]
    assert result.policy is not None
    assert report(result.policy, study("m")).decisions[0].rule == "r"


def test_every_independent_mistake_is_reported_in_reading_order() -> None:
    """Diagnostics of names and of FHIR come together, each once, by place."""
    body = rule("reject", "a", "foo on Patien") + rule("exclude", "b", "@m on Patient as Foo")
    result = compiled(body, "default exclude on Patien, Patient.nam;")
    assert [d.code for d in result.diagnostics] == ["CV101", "CV101", "CV103", "CV101", "CV110", "CV101"]
    assert result.policy is None
    assert [d.span.start for d in result.diagnostics] == sorted(d.span.start for d in result.diagnostics)


TYPES = {
    "lower case": ("codeableConcept", "did you mean `CodeableConcept`?"),
    "upper case": ("Boolean", "did you mean `boolean`?"),
    "an abstract type": ("Element", "name a type that value[x] may have, or `complex` for one with parts"),
    "a resource": ("Patient", "name a type that value[x] may have, or `complex` for one with parts"),
    "complex in upper case": ("Complex", "did you mean `complex`?"),
}


@pytest.mark.parametrize("release", Release)
@pytest.mark.parametrize(("written", "advice"), TYPES.values(), ids=TYPES)
def test_no_such_value_type(written: str, advice: str, release: Release) -> None:
    """A type that no extension's value has is CV101, marked where it is written."""
    body = rule("reject", "r", f"@m on Patient as boolean | {written}")
    (diagnostic,) = compiled(body, releases=(release,)).diagnostics
    text = HEAD.replace("SETTINGS", "") + body
    assert (diagnostic.code, text[diagnostic.span.start : diagnostic.span.end]) == ("CV101", written)
    assert diagnostic.message == f"no extension has a value of type `{written}` in FHIR {release}"
    assert diagnostic.label == "no such value type"
    assert diagnostic.help == advice


@pytest.mark.parametrize("written", ["complex", "boolean", "CodeableConcept", "Dosage", "instant"])
@pytest.mark.parametrize("release", Release)
def test_value_types(written: str, release: Release) -> None:
    """The types of value[x], and `complex`, are lawful in every release."""
    assert compiled(rule("reject", "r", f"@m on Patient as {written}"), releases=(release,)).diagnostics == ()


def test_value_types_of_one_release() -> None:
    """A type counts when one of the releases has it, and so does what was meant."""
    r4, _, r5 = Release
    body = rule("reject", "r", "@m on Patient as integer64")
    assert [compiled(body, releases=each).policy is None for each in ((r4,), (r5,), (r4, r5))] == [True, False, False]
    (diagnostic,) = compiled(body.replace("integer64", "codeableReference"), releases=(r4, r5)).diagnostics
    assert diagnostic.help == "did you mean `CodeableReference`?"


def test_a_use_whose_package_is_not_in_the_library_is_refused() -> None:
    """Whoever compiles without loading packages gets no policy, and is told so once; what is in the library is fine."""
    resolved = resolve_loaded(load_text(HEAD.replace("SETTINGS", "") + 'use "a#1"; use "b#1";'))
    library = Library(by_package={"a#1": {}})
    result = compile_policy(resolved, library=library)
    (diagnostic,) = result.diagnostics
    assert result.policy is None
    assert (diagnostic.code, diagnostic.message, diagnostic.label) == (
        "CV160",
        "the package `b#1` was not loaded",
        "not available",
    )
    told = replace(resolved, diagnostics=(replace(diagnostic, message="told before"),))
    assert [found.message for found in compile_policy(told, library=library).diagnostics] == ["told before"]
    known = compile_policy(resolved, library=Library(by_package={"a#1": {}, "b#1": {}}))
    assert (known.policy is not None, known.diagnostics) == (True, ())


def test_no_statements_at_all() -> None:
    """A policy with no statements loads, and lawfully rejects every modifier."""
    assert compiled("").diagnostics == ()
    assert report(policy_of(""), study("m"), today=TODAY).verdict is Verdict.REJECT
