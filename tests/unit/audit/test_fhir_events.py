"""Records as AuditEvent and Provenance: what fhir.resources of every release accepts, and no value of a document."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from caveat import AuditLog, UsageError
from caveat.audit.fhir_events import audit_event, provenance
from strategies.trailing import DAY, GUARD, filled, patient

# fhir.resources has no models of R4: those of R4B stand for them, which have the same elements of these two resources.
MODELS = {"R4": "fhir.resources.R4B", "R4B": "fhir.resources.R4B", "R5": "fhir.resources"}


def loaded(tree: dict[str, Any], release: str) -> Any:
    name = str(tree["resourceType"])
    return getattr(import_module(f"{MODELS[release]}.{name.lower()}"), name).model_validate(tree)


def rules(log: AuditLog, digest: str | None) -> dict[str, Any]:
    policy = json.loads(log.policies()[digest or ""])
    return {each["name"]: each for each in (*policy["rules"], *policy["waivers"])}


@pytest.mark.parametrize("release", ["R4", "R4B", "R5"])
def test_every_check_is_a_lawful_event(release: str, tmp_path: Path) -> None:
    """Each kind of check loads as an AuditEvent, its outcome says whether it might be processed, and it holds no value."""
    with filled(tmp_path / "a.db", tmp_path, 30) as log:
        for record in log.records():
            event = audit_event(record, release)
            loaded(event, release)
            passed = record.verdict in {"clear", "accept", "warn"}
            told = event["outcome"] if release != "R5" else event["outcome"]["code"]["code"]
            assert told == {True: ("0", "success"), False: ("4", "warning")}[passed][release == "R5"]
            assert "value of" not in json.dumps(event)


@pytest.mark.parametrize("release", ["R4", "R4B", "R5"])
def test_what_a_rule_let_through_has_who_answers_for_it(release: str, tmp_path: Path) -> None:
    """A Provenance is there exactly where a rule let something through, with policy, owner and reason."""
    with filled(tmp_path / "a.db", tmp_path, 30) as log:
        for record in log.records():
            made = provenance(record, rules(log, record.policy_digest), release)
            through = [each for each in record.decisions if each.rule and each.verdict in {"accept", "warn", "exclude"}]
            assert (made is not None) is bool(through)
            if made is not None:
                loaded(made, release)
                assert made["policy"] == [f"urn:caveat:policy:{record.policy_digest}"]
                assert "imaging-team" in json.dumps(made)
                assert ("stored" in json.dumps(made)) is (through[0].rule == "understood")


def test_a_tree_is_named_by_its_record(tmp_path: Path) -> None:
    """What has no bytes is named by its number; other records, and releases that are none, are misuse."""
    with AuditLog(tmp_path / "a.db") as log:
        log.record(GUARD.check(json.loads(patient("warn")), today=DAY), GUARD.policy)
        policy, record = log.records(kinds=None)
    assert audit_event(record)["entity"][0]["what"]["identifier"] == {"system": "urn:caveat:record", "value": "2"}
    with pytest.raises(UsageError, match="only checks"):
        audit_event(policy)
    with pytest.raises(UsageError, match="R3"):
        provenance(record, {}, "R3")
