"""What the tests of definitions are made with: definitions in short, and policies that take them from a lock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from caveat.domain.decision import Decision, Verdict
from caveat.policy.policy import Policy
from caveat.spec.definition import Content, Context, ContextKind, ExtensionDefinition, Library
from strategies.judging import X, policy_of, report, rule

BOOLEAN = Content(frozenset({"boolean"}), needs_value=True, may_have_parts=False, maximum=1)
ACCEPTS = rule(
    "understand", "r", "@m on *.**, ImagingStudy.**, Patient.**, ServiceRequest.**, MedicationRequest.**, Questionnaire.**"
)


def context(place: str) -> Context:
    """Return the context that `place` spells: an element, bounded by `>4.3` or `<4.3`, or of another kind, `fhirpath:...`."""
    if place.startswith(("fhirpath:", "extension:")):
        kind, _, expression = place.partition(":")
        return Context(ContextKind(kind), expression)
    expression, _, earliest = place.partition(">")
    expression, _, latest = expression.partition("<")
    return Context(ContextKind.ELEMENT, expression, earliest or None, latest or None)


def defined(*places: str, url: str = X + "m", content: Content = BOOLEAN, **rest: Any) -> ExtensionDefinition:
    """Return the definition of the modifier `m`, which `places` may carry."""
    return ExtensionDefinition(url, True, contexts=tuple(map(context, places)), content=content, **rest)


def locked(definitions: Iterable[ExtensionDefinition], body: str = ACCEPTS) -> Policy:
    """Return the policy of the statements `body`, with these definitions in its lock."""
    return replace(policy_of(body), library=Library({each.url: each for each in definitions}))


def decided(definition: ExtensionDefinition, tree: object, body: str = ACCEPTS, **rest: Any) -> list[Decision]:
    """Return the decisions on a tree under a policy that accepts `m` everywhere, when that is so defined."""
    return list(report(locked([definition], body), tree, **rest).decisions)


def said_of(decisions: Iterable[Decision]) -> str:
    """Return what was decided, in short: `accept`, or the ground and the code of the fault for what was rejected by it."""
    return ", ".join(_said(each) for each in decisions)


def _said(decision: Decision) -> str:
    fault = decision.occurrence.fault if decision.occurrence is not None else None
    if fault is None:
        return decision.verdict.word
    assert decision.verdict is Verdict.REJECT
    assert decision.detail == fault.message
    assert decision.ground is fault.ground
    return f"{fault.ground} {fault.code}"


# what the rule files of golden tests and documentation pages may `govern`, beside what HL7 publishes

EXAMPLE = "https://fhir.example.org/StructureDefinition/"
_RETAKE = defined(
    "ImagingStudy.series",
    url=EXAMPLE + "retake",
    content=replace(BOOLEAN, types=frozenset({"boolean", "CodeableConcept"})),
    package="example.imaging#2.0.0",
    status="active",
    publisher="Example Hospital",
    reason="A retaken series is not to be read",
)
_OLD_RETAKE = replace(
    _RETAKE, contexts=(context("ImagingStudy.series"), context("ImagingStudy")), package="example.imaging#1.0.0"
)
_DOUBTFUL = replace(_RETAKE, url=EXAMPLE + "doubtful", reason="Not known why this is labelled a modifier")
GOVERNED = Library(
    {each.url: each for each in (_RETAKE, _DOUBTFUL)},
    by_package={
        "example.imaging#2.0.0": {each.url: each for each in (_RETAKE, _DOUBTFUL)},
        "example.imaging#1.0.0": {_OLD_RETAKE.url: _OLD_RETAKE},
    },
)
"""A lock as `caveat packages` would make one: two versions of one package, the newer in force."""
