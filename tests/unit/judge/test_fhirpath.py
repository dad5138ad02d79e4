"""Tests of caveat.judge.fhirpath: what is evaluated, what it may cost, and that no doubt becomes a yes."""

from __future__ import annotations

import base64
import copy
import json
import sys
import threading
from decimal import Decimal
from typing import Any

import pytest

from caveat import Guard
from caveat.domain.decision import Occurrence
from caveat.judge import fhirpath
from caveat.judge.check import known_kind
from caveat.judge.fhirpath import BUDGET, DEEPEST, LONGEST, READING, Expressions, cost
from caveat.spec.release import Release
from caveat.spec.shape import tables
from strategies.judging import X, carrying, modifier, policy_of
from strategies.walking import walk

TREE: dict[str, Any] = {
    "resourceType": "Patient",
    "active": True,
    "multipleBirthInteger": 2,
    "contact": [{"gender": "male"}, {"gender": "female", "name": {"family": "X"}, **carrying("m")}],
    "extension": [{"url": "http://x.example/e", "valueTiming": {"code": {"text": "x"}, **carrying("m")}}],
    "contained": [{"resourceType": "ServiceRequest", "doNotPerform": True, **carrying("m")}],
    "identifier": [{"extension": [{"url": "http://x.example/n", "valueDecimal": 1.5}], "value": "x"}],
    **carrying("m"),
}
ROOT, CONTACT, TIMING, CONTAINED = "Patient", "Patient.contact[1]", "Patient.extension[0].valueTiming", "Patient.contained[0]"


def occurrences(tree: dict[str, Any], release: Release = Release.R4) -> dict[str, Occurrence]:
    """Return the occurrences of a tree by the location of their carrier."""
    found = walk(tree, tables(release), known_kind(policy_of(""), release))
    assert isinstance(found, list)
    return {each.carrier.location: each for each in found}


def holds(expression: str, at: str = ROOT, tree: dict[str, Any] | None = None, base: str = "Patient", **rest: Any) -> bool | None:
    document = TREE if tree is None else tree
    found = occurrences(document)[at]
    whole = rest.pop("is_whole", True)
    return Expressions(document, Release.R4, is_whole=whole).holds(expression, found.carrier, base, found.location)


HOLDS = {
    "true": ("active", ROOT, True),
    "false": ("active.not()", ROOT, False),
    "of the focus": ("gender = 'female'", CONTACT, True),
    "of the context": ("%context.gender = 'male'", CONTACT, False),
    "of the resource": ("%resource.active", CONTACT, True),
    "of the extension": ("%extension.value", CONTACT, True),
    "of the extension's url": (f"%extension.url = '{X}m'", CONTACT, True),
    "is its type": ("%resource is Patient and %context is Patient and is(Patient)", ROOT, True),
    "is a base type": ("%resource is DomainResource", ROOT, True),
    "is not another type": ("%resource is ServiceRequest", ROOT, False),
    "of a contained resource": ("%resource is ServiceRequest implies %resource.doNotPerform = false", CONTAINED, False),
    "the resource of a contained one": ("Patient.exists()", CONTAINED, False),
    "a choice": ("multipleBirth = 2", ROOT, True),
    "a choice by type": ("multipleBirth.ofType(integer).exists() and multipleBirth.ofType(boolean).empty()", ROOT, True),
    "a decimal": ("identifier.extension.value = 1.5", ROOT, True),
    "a condition": ("contact.where(gender = 'female').exists() and contact.all(gender.exists())", ROOT, True),
    "descendants": ("descendants().where($this = 'X').exists()", ROOT, True),
    "empty": ("photo", ROOT, None),
    "empty compared": ("photo.title = 'a'", ROOT, None),
    "no boolean": ("contact.count()", ROOT, None),
    "a list": ("contact.gender.exists() | false", ROOT, None),
    "what is no expression": ("active active", ROOT, None),
    "an open parenthesis": ("(active", ROOT, None),
    "one too many": ("active)", ROOT, None),
    "half an operator": ("active and", ROOT, None),
    "an open string": ("'a", ROOT, None),
    "nothing": ("", ROOT, None),
    "a variable unknown": ("%rootResource.exists()", ROOT, None),
    "a function unknown": ("conformsTo('http://x.example')", ROOT, None),
    "a function of the clock": ("today() > @2020-01-01", ROOT, None),
    "a regular expression": ("'a'.matches('(a+)+b')", ROOT, None),
    "repetition": ("repeat(contact).exists()", ROOT, None),
    "two for one": ("contact.gender.is(code)", ROOT, None),
}  # fmt: skip


@pytest.mark.parametrize(("expression", "at", "expected"), HOLDS.values(), ids=HOLDS)
def test_holds(expression: str, at: str, expected: bool | None) -> None:  # noqa: FBT001  a table of answers
    """An invariant is true, false, or has no answer, which is neither."""
    base = "Patient.contact" if at == CONTACT else "Patient"
    assert holds(expression, at, base=base) is expected


SELECTS = {
    "the root": ("Patient", ROOT, True),
    "the root of another type": ("ServiceRequest", ROOT, False),
    "the element": ("Patient.contact", CONTACT, True),
    "the element among others": ("contact[1]", CONTACT, True),
    "another of the list": ("contact[0]", CONTACT, False),
    "one that looks the same": ("Patient.contact.where(gender = 'male')", CONTACT, False),
    "by condition": ("Patient.contact.where(gender = 'female')", CONTACT, True),
    "by a union": ("Patient.contact | Patient.name", CONTACT, True),
    "an extension's value": ("Patient.extension.value.ofType(Timing)", TIMING, True),
    "a contained resource": ("ServiceRequest.where(doNotPerform)", CONTAINED, True),
    "not from the container": ("Patient.contained", CONTAINED, False),
    "nothing": ("Patient.link", CONTACT, False),
    "no element": ("Patient.contact.count()", CONTACT, False),
    "no expression": ("Patient.contact contact", CONTACT, None),
    "anything below": ("descendants()", CONTACT, True),
}


@pytest.mark.parametrize(("expression", "at", "expected"), SELECTS.values(), ids=SELECTS)
def test_selects(expression: str, at: str, expected: bool | None) -> None:  # noqa: FBT001  as above
    """The carrier itself must be in the result: one that is equal is not it."""
    asked = Expressions(TREE, Release.R4, is_whole=True)
    assert asked.selects(expression, occurrences(TREE)[at].carrier) is expected


def test_equals_are_not_the_same() -> None:
    """Of two contacts alike only the one that the expression selects is selected."""
    tree = {"resourceType": "Patient", "contact": [carrying("m"), carrying("m")]}
    asked, found = Expressions(tree, Release.R4, is_whole=True), occurrences(tree)
    assert [asked.selects("Patient.contact[0]", found[f"Patient.contact[{n}]"].carrier) for n in (0, 1)] == [True, False]


def test_the_document_is_not_changed() -> None:
    """What is evaluated is a copy."""
    before = copy.deepcopy(TREE)
    for expression in ("descendants().exists()", "contact.name.family.exists()", "%extension.value"):
        holds(expression, CONTACT)
    assert before == TREE


def test_the_model_is_that_of_the_release() -> None:
    """`is` knows the types of the release at hand, whichever was asked of before."""
    tree = {"resourceType": "ImagingStudy", **carrying("m")}
    for release in (Release.R5, Release.R4, Release.R4B, Release.R5):
        found = occurrences(tree, release)["ImagingStudy"]
        asked = Expressions(tree, release, is_whole=True)
        assert asked.holds("%resource is DomainResource", found.carrier, "ImagingStudy", found.location) is True


def test_what_is_not_seen_has_no_answer() -> None:
    """An element alone, and what stands in no resource that is seen."""
    assert holds("true", is_whole=False) is None
    found = occurrences(TREE)[ROOT]
    assert Expressions(TREE, Release.R4, is_whole=False).selects("Patient", found.carrier) is None


# what it may cost

HOSTILE = {
    "long": "a" * (LONGEST + 1),
    "deep": "(" * (DEEPEST + 1) + "a" + ")" * (DEEPEST + 1),
    "growing": "a.combine(a)",
    "a regular expression": "a.replaceMatches('a', 'b')",
    "repeating": "repeat(a)",
    "aggregating": "aggregate($this)",
    "of no known name": "frobnicate()",
}


@pytest.mark.parametrize("expression", HOSTILE.values(), ids=HOSTILE)
def test_not_evaluated_at_all(expression: str) -> None:
    """Some expressions have no price: nobody evaluates them."""
    assert cost(expression, 1) is None


DEGREES = {
    "a.b = c": 1,
    "%resource.a = %resource.b": 1,
    "(%resource.a) and (%resource.b)": 1,
    "a.where(b = %resource.c)": 2,
    "a.select(%resource.b).select(%resource.c)": 3,
    "a | b": 2,
    "a.where(b in c)": 2,
    "descendants()": 2,
    "descendants().descendants()": 3,
    "a.where(b).exists(c)": 1,
    "a and (b or (c))": 1,
    "'%resource in a | b' = a": 1,
    "a)": 1,
}


@pytest.mark.parametrize(("expression", "degree"), DEGREES.items())
def test_degree(expression: str, degree: int) -> None:
    """The price grows with the number of values by as many times as an expression can go through all of them at once."""
    assert cost(expression, 10) == 10 ** (degree - 1) * (cost(expression, 1) or 0) * 10


def test_the_budget_is_one_for_the_document() -> None:
    """What all evaluations may cost together is bounded; beyond it there is no answer, and the first ones keep theirs."""
    tree = {"resourceType": "Patient", "contact": [carrying("m") for _ in range(40)]}
    asked, found = Expressions(tree, Release.R4, is_whole=True), list(occurrences(tree).values())
    expression = "descendants().exists()"
    answers = [asked.holds(expression, each.carrier, "Patient.contact", each.location) for each in found]
    price = cost(expression, 1 + 1 + 1 + 40 * 5)
    assert price is not None
    paid = (BUDGET - READING * len(expression)) // price
    assert 0 < paid < 40
    assert answers == [True] * paid + [None] * (40 - paid)


def test_reading_is_paid_for() -> None:
    """Many long expressions are refused before they are all read, sound or not."""
    found = occurrences(TREE)[ROOT]
    asked = Expressions(TREE, Release.R4, is_whole=True)
    fhirpath._compiled.cache_clear()
    expressions = [f"{'a ' * 400}{n}" for n in range(100)]
    answers = [asked.holds(each, found.carrier, "Patient", found.location) for each in expressions]
    assert answers == [None] * 100
    assert fhirpath._compiled.cache_info().misses < 100


def test_many_parentheses_end_soon() -> None:
    """The deepest and longest expressions that are evaluated are, without a fault of their own."""
    assert holds("(" * DEEPEST + "true" + ")" * DEEPEST) is True
    assert holds(" or ".join(["active"] * 100)) is True


def test_without_the_extra_there_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where fhirpathpy is not installed, or breaks, nothing is taken for a yes."""
    monkeypatch.setitem(sys.modules, "fhirpathpy.engine.nodes", None)
    fhirpath._compiled.cache_clear()
    assert holds("true") is None
    assert Expressions(TREE, Release.R4, is_whole=True).selects("Patient", occurrences(TREE)[ROOT].carrier) is None


def test_threads_do_not_disturb_one_another() -> None:
    """The state of fhirpathpy is global; answers under many threads are those of one."""
    answers: list[bool | None] = []

    def ask() -> None:
        answers.extend(holds("contact.all(gender.exists()) and %resource is Patient") for _ in range(20))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [True] * 80


def test_numbers_are_exact() -> None:
    """A float of a tree is compared as it was written."""
    tree = {"resourceType": "Patient", "extension": [{"url": "http://x.example/n", "valueDecimal": 0.1}], **carrying("m")}
    assert holds("extension.value = 0.1", tree=tree) is True
    tree["extension"] = [{"url": "http://x.example/n", "valueDecimal": Decimal("0.10")}]
    assert holds("extension.value = 0.1", tree=tree) is True
    assert modifier("m")["valueBoolean"] is True


def test_what_is_embedded_is_not_seen() -> None:
    """A resource in base64 stands in no tree: what a definition asks of it in FHIRPath has no answer, and it is refused."""
    condition = {"url": "http://hl7.org/fhir/StructureDefinition/perform-condition", "valueExpression": {"language": "text/cql"}}
    request = {"resourceType": "ServiceRequest", "modifierExtension": [condition]}
    within = {"resourceType": "Bundle", "entry": [{"resource": request}]}
    lines = json.dumps(request) + "\n" + json.dumps(request)
    for inner, kind in ((json.dumps(request), "json"), (json.dumps(within), "json"), (lines, "ndjson")):
        data = base64.b64encode(inner.encode()).decode()
        report = Guard.default().check({"resourceType": "Binary", "contentType": f"application/fhir+{kind}", "data": data})
        assert {(each.verdict.word, str(each.ground)) for each in report.decisions} == {("reject", "undetermined")}
    assert {str(each.ground) for each in Guard.default().check(request).decisions} == {"unknown"}
