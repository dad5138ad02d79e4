"""What HL7's published definitions say of an extension url: modifier, plain, or nothing.

Rule 1: urls are compared exactly, never normalised. Rule 2: a modifier in any source is a modifier.
Rule 3: a cross-version extension is a modifier when the element that it stands for is one (fhir-rules MX-131).
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

from caveat.spec.definition import Content, Context, ContextKind, ExtensionDefinition
from caveat.spec.release import Release
from caveat.spec.shape import tables

_SOURCES = {"4.0": Release.R4, "4.3": Release.R4B, "5.0": Release.R5}
_CROSS_VERSION = re.compile(r"http://hl7\.org/fhir/(\d\.\d)/StructureDefinition/extension-([A-Za-z0-9.]+(?:\[x\])?)")


def published_kind(url: str, release: Release) -> bool | None:
    """Return True when `url` is published as a modifier extension, False when as a plain one, None when not known.

    Cross-version urls are computed from the tables of the release that they name.
    """
    if url in published_modifiers(release):
        return True
    if url in _published(release, "plain"):
        return False
    return _cross_version_kind(url)


@cache
def published_modifiers(release: Release) -> frozenset[str]:
    """Return the urls listed as modifier extensions for `release`; cross-version ones only as far as listed."""
    return _published(release, "modifiers")


@cache
def published_extensions(release: Release) -> frozenset[str]:
    """Return every url listed as an extension for `release`, modifier or plain."""
    return published_modifiers(release) | _published(release, "plain")


@cache
def _published(release: Release, group: str) -> frozenset[str]:
    listed = tables(release).published[group]
    return frozenset(base + ending for base, endings in listed.items() for ending in endings.split(" "))


def _cross_version_kind(url: str) -> bool | None:
    """Return whether the element that a cross-version url stands for is a modifier; None when there is no such element."""
    match = _CROSS_VERSION.fullmatch(url.replace("%5Bx%5D", "[x]"))
    source = _SOURCES.get(match[1]) if match else None
    if match is None or source is None:
        return None
    parent, _, segment = match[2].rpartition(".")
    shape = tables(source).shape(parent)
    children = shape.children.values() if shape else ()
    return next((child.is_modifier for child in children if child.segment == segment), None)


# temporary: the definitions themselves come with the packages branch


def published_definition(url: str, release: Release) -> ExtensionDefinition | None:
    """Return the definition of `url` as HL7 publishes it for `release`; a plain one is known by name alone."""
    written = _written().get(url)
    kind = published_kind(url, release)
    if written is not None or kind is None:
        return written
    return ExtensionDefinition(url, kind, is_whole=False, is_cross_version=_cross_version_kind(url) is not None)


@cache
def _written() -> dict[str, ExtensionDefinition]:
    base = "http://hl7.org/fhir/StructureDefinition/"
    rest = "CapabilityStatement.rest"
    fhir = "HL7 International / FHIR Infrastructure"
    coded = Content(frozenset({"CodeableConcept"}), may_have_parts=False)
    parts = {
        "control": coded,
        "tag": coded,
        "element": Content(frozenset({"id"}), may_have_parts=False),
        "path": Content(frozenset({"string"}), may_have_parts=False),
    }
    artifact = """ArtifactAssessment>5.0 ClinicalUseDefinition>4.3 Composition ConditionDefinition>5.0 DeviceDefinition>4.0 Group
        Medication MedicationKnowledge>4.0 ObservationDefinition>4.0 ResearchStudy<4.3 SpecimenDefinition>4.0 Substance
        SubstanceDefinition>4.3 SubscriptionTopic>4.3"""
    listed = (
        _modifier(
            base + "request-doNotPerform", "NutritionOrder Task", "boolean", "active", fhir, "If true this element negates"
        ),
        _modifier(
            base + "capabilitystatement-prohibited",
            f"{rest}.resource.interaction {rest}.resource.searchParam {rest}.searchParam {rest}.operation "
            f"CapabilityStatement.document {rest}.interaction",
            "boolean",
            "active",
            fhir,
            "If true, this extension inverts the meaning of the conformance statement",
        ),
        _modifier(
            base + "artifact-status",
            artifact,
            "code",
            "active",
            "HL7 International / Clinical Decision Support",
            'This is labeled as "Is Modifier" because applications should not use a retired CodeSystem without due consideration',
        ),
        replace(
            _modifier(
                base + "perform-condition",
                "ServiceRequest>4.0",
                "Expression",
                "draft",
                "HL7 International / Orders and Observations",
                'This is labeled as "Is Modifier" because the expression can apply when the .doNotPerform is false or absent, '
                "and conveys a condition on whether to perform the ServiceRequest.",
            ),
            invariants=(
                "(%resource is ServiceRequest) implies (%resource.doNotPerform.empty() or %resource.doNotPerform = false)",
            ),
        ),
        replace(
            _modifier(
                base + "consent-provision-limit",
                "Consent.provision",
                "",
                "active",
                "HL7 International / Security",
                "Indicates limits on a permit.",
            ),
            content=Content(parts=parts),
        ),
        replace(
            _modifier(
                base + "contactpoint-multiple-use",
                "ContactPoint",
                "code",
                "active",
                fhir,
                'This is labeled as "Is Modifier" because applications should not mistake a temporary or old contact etc.for a '
                "current/permanent one",
            ),
            content=Content(frozenset({"code"}), needs_value=True),
        ),
    )
    return {each.url: each for each in listed}


def _modifier(url: str, places: str, kind: str, status: str, publisher: str, reason: str) -> ExtensionDefinition:  # noqa: PLR0917  temporary
    content = Content(frozenset({kind}), needs_value=True, may_have_parts=False, maximum=1)
    contexts = tuple(_context(place) for place in places.split())
    return ExtensionDefinition(
        url, True, "5.0.0", status=status, publisher=publisher, reason=reason, contexts=contexts, content=content
    )


def _context(place: str) -> Context:
    expression, _, earliest = place.partition(">")
    expression, _, latest = expression.partition("<")
    return Context(ContextKind.ELEMENT, expression, earliest or None, latest or None)
