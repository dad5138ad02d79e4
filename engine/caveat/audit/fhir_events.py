"""Records of the trail as FHIR: an AuditEvent for each check, a Provenance for what a rule let through; R4, R4B and R5.

Rule 1: shaped after IHE's Basic Audit Log Patterns, without a Patient: whom a document is about is in no trail. A document is
named by the digest of its bytes, its resource by what the trail keeps of the id.
Rule 2: no value of a document is in it, recorded or not; what a rule's author wrote is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from caveat.audit.record import KeptDecision, Record
from caveat.domain.errors import UsageError

INPUT, RECORD, RESOURCE = "urn:caveat:input-sha256", "urn:caveat:record", "urn:caveat:resource"
_DICOM = "http://dicom.nema.org/resources/ontology/DCM"
_IMPORT = {"system": _DICOM, "code": "110107", "display": "Import"}
_CHECK = {"system": "urn:caveat:event", "code": "check", "display": "Check of modifier extensions"}
_DESTINATION = {"system": _DICOM, "code": "110152", "display": "Destination Role ID"}
_DATA = {"system": "http://terminology.hl7.org/CodeSystem/object-role", "code": "4", "display": "Domain Resource"}
_OBJECT = {"system": "http://terminology.hl7.org/CodeSystem/audit-entity-type", "code": "2", "display": "System Object"}
_OUTCOMES = "http://terminology.hl7.org/CodeSystem/audit-event-outcome"
_AUTHOR = {
    "system": "http://terminology.hl7.org/CodeSystem/provenance-participant-type",
    "code": "verifier",
    "display": "Verifier",
}
_RELEASES = frozenset({"R4", "R4B", "R5"})
_PASSED = frozenset({"clear", "accept", "warn"})
_THROUGH = frozenset({"accept", "warn", "exclude"})


def audit_event(record: Record, release: str = "R4") -> dict[str, Any]:
    """Return a check as an AuditEvent; success where the document might be processed as received, else a minor failure."""
    _known(record, release)
    passed = record.verdict in _PASSED
    agent = {"who": {"display": f"Caveat {record.engine_version}"}, "requestor": False}
    entity = {"what": _named(record), "detail": list(_details(record, release))}
    shared = {"resourceType": "AuditEvent", "action": "E", "recorded": record.time}
    if release == "R5":
        outcome = {"code": {"system": "http://hl7.org/fhir/issue-severity", "code": "success" if passed else "warning"}}
        return {
            **shared,
            "category": [{"coding": [_IMPORT]}],
            "code": {"coding": [_CHECK]},
            "outcome": {**outcome, "detail": [{"text": f"verdict: {record.verdict}"}]},
            "agent": [{"type": {"coding": [_DESTINATION]}, **agent}],
            "source": {"observer": {"display": f"Caveat {record.engine_version}"}},
            "entity": [{**entity, "role": {"coding": [_DATA]}}],
        }
    return {
        **shared,
        "type": _IMPORT,
        "subtype": [_CHECK],
        "outcome": "0" if passed else "4",
        "outcomeDesc": f"verdict: {record.verdict}",
        "agent": [{"type": {"coding": [_DESTINATION]}, **agent}],
        "source": {"observer": {"display": f"Caveat {record.engine_version}"}},
        "entity": [{**entity, "type": _OBJECT, "role": _DATA}],
    }


def provenance(record: Record, rules: Mapping[str, Mapping[str, Any]], release: str = "R4") -> dict[str, Any] | None:
    """Return who answers for what rules let through in a check, None where none did.

    `rules` are rules and waivers of the policy by name, as the trail keeps its text: their owner and reason are told.
    """
    _known(record, release)
    through = [each for each in record.decisions if each.verdict in _THROUGH and (each.rule or each.waiver)]
    if not through:
        return None
    names = sorted({each.rule or each.waiver or "" for each in through})
    agents: list[dict[str, Any]] = [{"who": {"display": f"Caveat {record.engine_version}"}}]
    owners = sorted({str(rules[name]["owner"]) for name in names if rules.get(name, {}).get("owner")})
    agents += [{"type": {"coding": [_AUTHOR]}, "who": {"display": owner}} for owner in owners]
    reasons = [{"text": _reason(name, rules.get(name, {}))} for name in names]
    why = {"authorization": [{"concept": each} for each in reasons]} if release == "R5" else {"reason": reasons}
    return {
        "resourceType": "Provenance",
        "target": [_named(record)],
        "recorded": record.time,
        "policy": [f"urn:caveat:policy:{record.policy_digest}"],
        "activity": {"coding": [_CHECK]},
        "agent": agents,
        **why,
    }


def _reason(name: str, rule: Mapping[str, Any]) -> str:
    because = rule.get("because")
    return f"{name}: {because}" if because else name


def _known(record: Record, release: str) -> None:
    if release not in _RELEASES:
        raise UsageError(f"there is no form for {release!r}; write one of R4, R4B, R5")
    if record.kind != "check":
        raise UsageError(f"record {record.sequence} is of a {record.kind}; only checks have this form")


def _named(record: Record) -> dict[str, Any]:
    """Return a reference to what was checked: by the digest of its bytes, else by its number in the trail."""
    if record.input_sha256 is not None:
        identifier = {"system": INPUT, "value": record.input_sha256}
    else:
        identifier = {"system": RECORD, "value": str(record.sequence)}
    kind = {} if record.resource_type is None else {"type": record.resource_type}
    return {**kind, "identifier": identifier}


def _details(record: Record, release: str) -> Iterator[dict[str, Any]]:
    """Give what the trail has of a check as pairs of a name and a string."""
    told = {
        "record": str(record.sequence),
        "resource": record.resource_id,
        "source": record.source,
        "evidence": record.evidence,
        "policy": f"{record.policy_name} {record.policy_version} {record.policy_digest}",
    }
    pairs = [*told.items(), *(("decision", _decided(each)) for each in record.decisions)]
    for name, value in pairs:
        if value:
            yield {"type": {"text": name} if release == "R5" else name, "valueString": value}


def _decided(each: KeptDecision) -> str:
    parts = (each.verdict, each.ground, each.rule or each.waiver, each.url, each.location)
    return " ".join(part for part in parts if part)
