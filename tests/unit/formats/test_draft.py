"""Drafted rules name what was found, and what no rule can name is not drafted."""

from __future__ import annotations

import pytest

from caveat.domain.decision import Carrier
from caveat.formats.draft import Unnamed, name_of, path_in_rules, publisher_of, statement
from caveat.lang.parser import parse


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
    """A draft that could not be loaded, or that would match more than was found, is worse than none."""
    assert statement(unnamed) is None


@pytest.mark.parametrize(
    ("url", "publisher"),
    [
        ("https://example.org/fhir/StructureDefinition/a", "https://example.org/fhir"),
        ("https://example.org/fhir/StructureDefinition/a/StructureDefinition/b", "https://example.org/fhir"),
        ("https://example.org/a/b", "https://example.org/a"),
        ("https://example.org", "https://example.org"),
        ("https://example.org/", "https://example.org"),
        ("urn:oid:1.2.3", "urn:oid"),
        ("relative", "relative"),
    ],
)
def test_a_publisher_is_what_stands_before_the_name(url: str, publisher: str) -> None:
    """Whose a url is, is read from it alone."""
    assert publisher_of(url) == publisher


def test_an_element_is_called_by_its_short_path() -> None:
    """Rules write `Questionnaire.item` at every depth; what no rule can write has no path."""
    names = frozenset({"Questionnaire.item.item", "Questionnaire.item"})
    carrier = Carrier("", "Questionnaire.item.item", "Questionnaire.item", "Questionnaire", names, names, "Questionnaire.item")
    assert path_in_rules(carrier) == "Questionnaire.item"
    strange = Carrier("", "Patient.a b", "Patient.a b", "Patient", frozenset({"Patient.a b"}), frozenset(), "Patient")
    assert path_in_rules(strange) is None
