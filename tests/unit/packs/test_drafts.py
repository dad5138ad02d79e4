"""Drafted rule files load, lint clean, pass their tests, let nothing through, and are in canonical form, whatever they are of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caveat.formats.draft import Unnamed
from caveat.formats.draft_places import unnamed_of
from caveat.formats.drafting import Head
from caveat.lang.lint import lint
from caveat.lang.parser import parse
from caveat.lang.printer import print_file
from caveat.packs.cases import run_tests
from caveat.packs.drafts import drafted_file, drafted_rule
from caveat.packs.policies import load_policy_text
from caveat.spec.definition import Content, Context, ContextKind, ExtensionDefinition
from caveat.spec.known import published_definition, published_modifiers
from caveat.spec.release import Release

TODAY = date(2026, 11, 23)
TYPES = "boolean string code integer decimal date dateTime instant Period Quantity CodeableConcept Coding Reference complex uri"
RELEASES = [(Release.R4,), (Release.R5,), tuple(Release)]


def found() -> list[Unnamed]:
    """Return a modifier of each type, one at two paths, two of one name, and an implicitRules."""
    typed = [Unnamed(f"https://example.org/{kind}", ("ImagingStudy.series",), (kind,)) for kind in TYPES.split()]
    more = [
        Unnamed("https://a.example/string", ("ImagingStudy", "ImagingStudy.series.instance"), ("boolean", "string")),
        Unnamed("https://a.example/untyped", ("Patient.contact",), ()),
        Unnamed("urn:example:rules", ("Patient.implicitRules",), ("uri",)),
    ]
    return [*typed, *more]


def codes(text: str) -> list[str]:
    """Return the codes of what the checker finds in a drafted file, whose tests must pass and whose form must be canonical."""
    loaded = load_policy_text(text)
    assert loaded.policy is not None, loaded.diagnostics
    assert [(each.name, each.got) for each in run_tests(loaded, TODAY) if not each.passed] == []
    assert {rule.verb for rule in loaded.resolved.rules} <= {"review"}
    assert print_file(parse(text, "draft").file) == text
    return [each.code for each in (*loaded.diagnostics, *lint(loaded.resolved, TODAY))]


def test_what_was_found_in_data_is_drafted_without_a_finding() -> None:
    """Each modifier has a rule, and each rule a test; the order in which they were found does not matter."""
    drafted = drafted_file(found(), Head("draft", (Release.R4, Release.R4B)), "seen")
    assert (drafted.rules, drafted.untested, drafted.left_out) == (len(found()), 0, 0)
    assert codes(drafted.text) == []
    assert drafted_file(found()[::-1], Head("draft", (Release.R4, Release.R4B)), "seen") == drafted


@pytest.mark.parametrize("releases", RELEASES, ids="+".join)
def test_everything_published_is_drafted(releases: tuple[Release, ...]) -> None:
    """Of each built-in modifier in each release: a rule where it may stand, and a test unless that is a matter of FHIRPath."""
    urls = sorted({url for release in releases for url in published_modifiers(release)})
    things = [unnamed_of(defined(url, releases), releases) for url in urls]
    drafted = drafted_file(things, Head("all", releases), "to-assess")
    assert set(codes(drafted.text)) <= {"CV152", "CV153"}
    assert (
        drafted.rules == sum(bool(each.paths) for each in things) == len(urls) - 1
    )  # one is for ContactPoint, which carries none
    assert drafted.untested == 1  # its definition has an invariant
    assert drafted.text.count("// No test:") == 1
    assert drafted.text.count("// No rule can name") == 1


def defined(url: str, releases: Sequence[Release]) -> list[ExtensionDefinition]:
    """Return what HL7 publishes of a url in each of the releases."""
    known = [published_definition(url, release) for release in releases]
    return [each for each in known if each is not None]


@pytest.mark.parametrize("url", sorted(published_modifiers(Release.R4)))
def test_each_published_modifier_is_drafted_alone(url: str) -> None:
    """The statements for one modifier, after a header, are a clean rule file."""
    what = unnamed_of(defined(url, [Release.R4]), [Release.R4])
    drafted = drafted_rule(what, "to-assess", [Release.R4])
    if not what.paths:
        assert drafted.rules == 0
        return
    head = 'caveat 1;\n\npolicy "p" version "1" {\n    owner "o";\n    fhir R4;\n}\n\n'
    assert set(codes(head + drafted.text)) <= {"CV152", "CV153"}


def test_what_cannot_be_named_is_said() -> None:
    """A url that no rule file may hold stands in a comment, with the reason, and as text that ends no comment."""
    hostile = Unnamed('relative\nreview x: anything on * because "x";', ("Patient",), ())
    text = drafted_file([hostile], Head("draft", (Release.R4,)), "seen").text
    assert len(load_policy_text(text).resolved.rules) == 0
    assert "// No rule can name relative" in text


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
urls = st.builds("https://{}.example/{}".format, st.from_regex("[a-z]{1,5}", fullmatch=True), texts)
contexts = st.builds(
    Context,
    st.sampled_from(ContextKind),
    st.sampled_from(
        [
            "Patient",
            "Patient.contact",
            "Element",
            "DomainResource",
            "CanonicalResource",
            "Dosage",
            "Coding",
            "BackboneElement",
            "Nothing",
        ]
    ),
)
definitions = st.builds(
    ExtensionDefinition,
    urls,
    st.just(True),
    title=st.none() | texts,
    publisher=st.none() | texts,
    reason=st.none() | texts,
    contexts=st.lists(contexts, max_size=3).map(tuple),
    content=st.builds(
        Content, st.frozensets(st.sampled_from(["boolean", "code", "Quantity", "integer64", "CodeableReference"]), max_size=3)
    ),
)


@given(st.lists(definitions, max_size=4), st.sampled_from(RELEASES))
def test_no_definition_can_make_a_draft_that_does_not_load(
    known: list[ExtensionDefinition], releases: tuple[Release, ...]
) -> None:
    """Whatever titles, reasons and urls hold: the draft is sound, and says `review` of each modifier that a rule can name."""
    unique = {each.url: each for each in known}.values()
    drafted = drafted_file([unnamed_of([each], releases) for each in unique], Head("p", releases), "to-assess")
    assert set(codes(drafted.text)) <= {"CV152", "CV153"}


def test_a_context_of_every_kind_has_its_paths() -> None:
    """A place that carries is named; any root is `*`; what is open is `*.**`; what cannot carry is nowhere."""
    base = ExtensionDefinition("https://example.org/x", True)

    def paths(kind: str, expression: str) -> tuple[str, ...]:
        context = Context(ContextKind(kind), expression)
        return unnamed_of([replace(base, contexts=(context,))], [Release.R4]).paths

    assert paths("element", "ImagingStudy.series") == ("ImagingStudy.series",)
    assert paths("element", "Questionnaire.item.item") == ("Questionnaire.item",)
    assert paths("element", "DomainResource") == ("*",)
    assert paths("element", "Element") == ("*.**",)
    assert paths("fhirpath", "Patient.contact.first()") == ("*.**",)
    assert paths("fhirpath", "Patient.contact") == ("Patient.contact",)
    assert paths("fhirpath", "Patient.name") == ()
    assert paths("element", "Coding") == ()
    assert paths("extension", "https://example.org/outer") == ()
    assert unnamed_of([base], [Release.R4]).paths == ("*.**",)
