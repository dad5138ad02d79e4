"""Drafted rules name what was found, let nothing through, and are rule files without a finding."""

from __future__ import annotations

from datetime import date

import pytest

from caveat.domain.decision import Carrier
from caveat.formats.draft import Unnamed, name_of, path_in_rules, rule_file, statement
from caveat.lang.lint import lint
from caveat.lang.parser import parse
from caveat.lang.printer import print_file
from caveat.packs.cases import run_tests
from caveat.packs.policies import load_policy_text

TODAY = date(2026, 11, 23)
TYPES = "boolean string code integer decimal date dateTime instant Period Quantity CodeableConcept Coding Reference complex uri"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://example.org/StructureDefinition/series-quality", "series-quality"),
        ("https://example.org/StructureDefinition/doNotPerform", "do-not-perform"),
        ("https://example.org/ISO21090-EN-use", "iso-21090-en-use"),
        ("https://example.org/x#section", "section"),
        ("https://example.org/2.0/", "modifier-2-0"),
        ("https://example.org/status", "status-modifier"),
        ("urn:oid:1.2.3", "modifier-1-2-3"),
        ("https://example.org/" + "long" * 40, "long" * 15),
    ],
)
def test_a_name_is_made_from_the_last_part_of_a_url(url: str, name: str) -> None:
    """It is kebab-case, short, begins with a letter, and is no reserved word."""
    assert name_of(url) == name


def test_a_name_that_is_taken_is_numbered() -> None:
    """Two urls that end alike have two names."""
    assert name_of("https://a.example/quality", {"quality", "quality-2"}) == "quality-3"


def test_a_statement_is_ready_to_paste() -> None:
    """It is one line that reads as a rule."""
    drafted = statement(Unnamed("https://example.org/q", ("ImagingStudy.series",), ("boolean",)))
    assert drafted == 'review q: "https://example.org/q" on ImagingStudy.series as boolean because "...";'
    assert parse(f"caveat 1; {drafted}", "x").diagnostics == ()


@pytest.mark.parametrize(
    "unnamed",
    [
        Unnamed("relative", ("Patient",), ()),
        Unnamed("https://example.org/a b", ("Patient",), ()),
        Unnamed("https://example.org/*", ("Patient",), ()),
        Unnamed("https://example.org/q", (), ()),
    ],
    ids=["relative", "white space", "pattern", "no path"],
)
def test_what_no_rule_can_name_is_not_drafted(unnamed: Unnamed) -> None:
    """A draft that could not be loaded, or that would match more than was found, is worse than none; the file says so."""
    assert statement(unnamed) is None
    assert "// No rule can name" in rule_file([unnamed], "draft", ["R4"])


def found() -> list[Unnamed]:
    """Return a modifier of each type, one at two paths, two of one name, and an implicitRules."""
    typed = [Unnamed(f"https://example.org/{kind}", ("ImagingStudy.series",), (kind,)) for kind in TYPES.split()]
    more = [
        Unnamed("https://a.example/string", ("ImagingStudy", "ImagingStudy.series.instance"), ("boolean", "string")),
        Unnamed("https://a.example/untyped", ("Patient.contact",), ()),
        Unnamed("urn:example:rules", ("Patient.implicitRules",), ("uri",)),
    ]
    return [*typed, *more]


def test_a_drafted_file_has_no_finding_and_its_tests_pass() -> None:
    """Whatever was found: it loads, lints clean, and each of its rules decides in its test."""
    loaded = load_policy_text(rule_file(found(), "draft", ["R4", "R4B"]))
    assert [*loaded.diagnostics, *lint(loaded.resolved, TODAY)] == []
    outcomes = run_tests(loaded, TODAY)
    assert len(outcomes) == len(found())
    assert [(each.name, each.got) for each in outcomes if not each.passed] == []


def test_a_draft_lets_nothing_through() -> None:
    """Every rule says `review`."""
    loaded = load_policy_text(rule_file(found(), "draft", ["R4"]))
    assert {rule.verb for rule in loaded.resolved.rules} == {"review"}


def test_a_drafted_file_is_in_canonical_form() -> None:
    """`fmt --check` has nothing to say of it, whatever the order in which things were found."""
    text = rule_file(found(), "draft", ["R4"])
    assert print_file(parse(text, "draft").file) == text
    assert rule_file(reversed(found()), "draft", ["R4"]) == text


def test_an_element_is_called_by_its_short_path() -> None:
    """Rules write `Questionnaire.item` at every depth; what no rule can write has no path."""
    names = frozenset({"Questionnaire.item.item", "Questionnaire.item"})
    carrier = Carrier("", "Questionnaire.item.item", "Questionnaire.item", "Questionnaire", names, names, "Questionnaire.item")
    assert path_in_rules(carrier) == "Questionnaire.item"
    strange = Carrier("", "Patient.a b", "Patient.a b", "Patient", frozenset({"Patient.a b"}), frozenset(), "Patient")
    assert path_in_rules(strange) is None
