"""HL7's pre-deployment checklist for FHIR-to-OMOP pipelines, with what the trail can show of each point, and what it cannot.

Rule 1: the points are HL7's, word for word. What Caveat cannot know of a pipeline stays open, and says who knows.
"""

from __future__ import annotations

from collections.abc import Callable

from caveat.audit.report.material import Material
from caveat.audit.report.sums import decided, number_of, total
from caveat.formats.answers import Point, counted

SOURCE = "HL7 FHIR to OMOP Implementation Guide, “FHIR Modifier Extensions”, Pre-Deployment Checklist"
_Told = tuple[str | None, str | None]


def _root(material: Material) -> _Told:
    return _level_of(material, "the root")


def _backbone(material: Material) -> _Told:
    return _level_of(material, "every backbone element")


def _level_of(material: Material, where: str) -> _Told:
    """Say what was read; every document is read from its root to its last element, or refused."""
    types = {each.resource_type for each in material.groups if each.resource_type}
    strict = sum(
        each.records - each.unreadable for each in material.groups if each.evidence == "document" and each.within is None
    )
    said = (
        f"{counted(strict, 'document')} of {counted(len(types), 'resource type')} read whole, {where} included"
        if strict
        else None
    )
    return said, "whether the pipeline hands every resource to Caveat, and of which types, its owner knows"


def _registry(material: Material) -> _Told:
    told = [
        f"{each.label}: {counted(len(each.parts('rules')), 'rule')} ({each.digest[:19]}…)"
        for each in material.policies
        if each.parts("rules")
    ]
    return ("; ".join(told) or None), (None if told else "no policy with rules judged in the period")


def _covered(material: Material) -> _Told:
    unknown = number_of(material.connection, "s.url", "s.ground = 'unknown'")
    known = number_of(material.connection, "s.url", "s.ground IN ('rule', 'waiver')")
    if unknown:
        return (
            f"{counted(known, 'url')} seen that a rule names",
            f"{counted(unknown, 'url')} seen that no rule names; what the guides in use define was not compared",
        )
    return (
        f"every one of {counted(known, 'url')} seen is named by a rule" if known else None
    ), "what the guides in use define but nobody sent was not compared"


def _quarantine(material: Material) -> _Told:
    everything = total(material.connection, "s.ground = 'unknown'")
    through = total(material.connection, "s.ground = 'unknown' AND s.verdict IN ('clear', 'accept', 'warn')")
    if through:
        return None, f"{counted(through, 'unknown modifier')} let through by a default of the policy"
    if not everything:
        return None, "no unknown modifier was seen in the period"
    return f"{counted(everything, 'unknown modifier')}: none was let through", None


def _table(material: Material) -> _Told:
    return f"the trail keeps url, time and resource id (as a keyed hash unless plain) of {counted(material.seen, 'check')}", None


def _documented(material: Material) -> _Told:
    rules = [rule for each in material.policies for rule in each.parts("rules").values()]
    reasoned = sum(bool(rule.get("because")) for rule in rules)
    said = f"{reasoned:,} of {counted(len(rules), 'rule')} say why; the text of each policy is in the trail" if rules else None
    return said, "whether the pipeline's own specification says the same, its owner knows"


def _tested(material: Material) -> _Told:
    kinds = {str(rule.get("kind")) for each in material.policies for rule in each.parts("rules").values() if rule.get("kind")}
    said = f"rules are filed under {', '.join(sorted(kinds))}" if kinds else None
    return None, (f"{said}; " if said else "") + "tests are no part of a trail: `caveat test --coverage` shows them"


def _queries(_: Material) -> _Told:
    return None, "queries on the OMOP side are not Caveat's"


def _informed(material: Material) -> _Told:
    found = decided(material.connection, "s.url", "s.verdict IN ('warn', 'exclude', 'narrative', 'review', 'reject')")
    return (
        None,
        (
            "whether analysts were told nobody recorded; this page is to tell them: "
            f"{counted(len(found), 'modifier')} changed what they got"
        ),
    )


POINTS: tuple[tuple[str, Callable[[Material], _Told]], ...] = (
    ("ETL code checks modifierExtension at the resource root for every resource type processed", _root),
    (
        "ETL code checks modifierExtension at backbone element level for all backbone elements within each resource type",
        _backbone,
    ),
    ("A modifier extension registry exists with URLs, semantics, and dispositions", _registry),
    ("Registry covers all modifier extensions from source FHIR systems and IGs in use", _covered),
    ("ETL handles unrecognized modifier extensions by quarantine, not silent pass-through", _quarantine),
    ("A quarantine audit table exists to log unrecognized extensions with resource ID, URL, and timestamp", _table),
    ("ETL dispositions are documented in the ETL specification document", _documented),
    (
        (
            "Modifier extension handling logic is covered by unit tests including negation, repurposing, partial exclusion, and "
            "unknown-URL scenarios"
        ),
        _tested,
    ),
    ("OMOP data quality queries exist to retrospectively detect potential modifier extension bypass", _queries),
    (
        "Downstream OMOP analysts have been informed of modifier extension handling decisions and affected data populations",
        _informed,
    ),
)


def checklist(material: Material) -> tuple[Point, ...]:
    """Return the ten points with the evidence that there is."""
    if not material.seen:
        return tuple(
            Point(number, words, None, "nothing was checked in the period") for number, (words, _) in enumerate(POINTS, 1)
        )
    return tuple(Point(number, words, *told(material)) for number, (words, told) in enumerate(POINTS, 1))
