"""What the trail keeps of a report, and of what people did: no value of a document, but where a rule says `record value`.

Rule 1: ids are keyed hashes, unless the trail was made with plain ones; a url loses its query; problems are kept by their code.
Rule 2: kinds of records: `check` (a resource was judged), `release` (a person let one input through under one policy), `decline` (a
person did not), `rerun` (what was held was decided again), `policy` (the text of a policy was kept), `prune` (old segments went).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

from caveat.audit.chain import SCHEMA
from caveat.domain.decision import Decision, Ground
from caveat.domain.report import Report
from caveat.formats.printable import LONGEST, printable
from caveat.policy.policy import Policy

Keyed = Callable[[str], str]
"""Gives what is stored for `Type/id`."""


@dataclass(frozen=True, slots=True)
class KeptDecision:
    """One decision as the trail has it. `rule` or `waiver` names what decided; `fault` is the reason code of a structural fault.

    `value` is the modifier's value as JSON, where the rule says `record value`.
    """

    url: str | None
    path: str | None
    location: str | None
    slot: str | None
    value_type: str | None
    verdict: str
    ground: str
    final: bool
    rule: str | None
    waiver: str | None
    fault: str | None
    value: str | None


@dataclass(frozen=True, slots=True)
class Record:
    """One record of the trail, in the order of its columns; what does not go with its kind is None.

    `time` is when it was kept (UTC), `judged_on` the day that was judged by. `problems` and `not_checked` are lists as JSON.
    `held_sha256` is the digest of what the quarantine keeps of the bytes. `about` is the record that a release or decline is about,
    or up to which was pruned; `actor` and `reason` are whose and why.
    """

    sequence: int
    kind: str
    time: str
    source: str | None
    input_sha256: str | None
    evidence: str | None
    fhir_release: str | None
    resource_type: str | None
    resource_id: str | None
    verdict: str | None
    within: str | None
    intent: str | None
    judged_on: str | None
    policy_name: str | None
    policy_version: str | None
    policy_digest: str | None
    engine_version: str
    problems: str | None
    not_checked: str | None
    held_sha256: str | None
    about: int | None
    actor: str | None
    reason: str | None
    hash: str
    decisions: tuple[KeptDecision, ...] = ()


COLUMNS = tuple(each.name for each in fields(Record) if each.name != "decisions")
DECISION_COLUMNS = tuple(each.name for each in fields(KeptDecision))
Row = dict[str, Any]
"""The columns of a record that are known before its place in the chain is; those left out are null."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A record without its place: its columns, the rows of its decisions, and the bytes to hold encrypted beside it."""

    row: Row
    decisions: tuple[tuple[Any, ...], ...] = ()
    envelope: bytes | None = None


def drafted(report: Report, keyed: Keyed) -> Row:
    """Return what is kept of a report, without its decisions."""
    kind, identity = report.resource_type, report.resource_id
    named = report.policy
    return {
        "kind": "check",
        "source": _shown(report.source),
        "input_sha256": report.input_sha256,
        "evidence": report.evidence,
        "fhir_release": report.release,
        "resource_type": kind,
        "resource_id": keyed(f"{kind}/{identity}") if identity is not None else None,
        "verdict": report.verdict.word,
        "within": report.within,
        "intent": str(report.intent),
        "judged_on": report.date.isoformat(),
        "policy_name": _shown(named.name),
        "policy_version": _shown(named.version),
        "policy_digest": named.digest,
        "problems": _listed(tuple(each.code for each in report.problems)) if report.problems else None,
        "not_checked": _listed(report.not_checked) if report.not_checked else None,
    }


def kept_decisions(report: Report, recorded: frozenset[str]) -> tuple[tuple[Any, ...], ...]:
    """Return the rows of a report's decisions; `recorded` names the rules that let values into the trail."""
    return tuple(_kept(each, recorded) for each in report.decisions)


def recording_rules(policy: Policy | None) -> frozenset[str]:
    """Return the names of the rules that say `record value`."""
    return frozenset(rule.name for rule in policy.rules if rule.record_value) if policy is not None else frozenset()


def _kept(decision: Decision, recorded: frozenset[str]) -> tuple[Any, ...]:
    """Return the columns of one decision, in their order."""
    occurrence = decision.occurrence
    waived = decision.ground is Ground.WAIVER
    rule, waiver = (None, decision.rule) if waived else (decision.rule, None)
    head: tuple[Any, ...] = (None,) * 5
    if occurrence is not None:
        path = occurrence.carrier.path
        head = (_url(occurrence.url), _shown(path), _shown(occurrence.location), occurrence.slot, occurrence.value_type)
    fault = occurrence.fault if occurrence is not None else None
    value = _value(occurrence.extension) if occurrence is not None and rule in recorded else None
    tail = (int(decision.final), _shown(rule), _shown(waiver), fault.code if fault else None, value)
    return (*head, decision.verdict.word, str(decision.ground), *tail)


def _url(url: str | None) -> str | None:
    """Return a url without its query, which is no part of an extension's name and may say whom it is about."""
    if url is None:
        return None
    name, asked, _ = url.partition("?")
    return printable(name + "?…" if asked else name)


def _value(extension: Mapping[str, Any] | None) -> str | None:
    """Return the value of a modifier as JSON on one bounded line: its `value[x]`, or its parts."""
    told = {key: value for key, value in (extension or {}).items() if key.startswith(("value", "_value")) or key == "extension"}
    return printable(json.dumps(told, sort_keys=True, default=str)) if told else None


def _shown(text: str | None) -> str | None:
    return None if text is None else _printable(text)


@lru_cache(maxsize=1024)
def _printable(text: str) -> str:
    return printable(text)


@lru_cache(maxsize=256)
def _listed(texts: tuple[str, ...]) -> str:
    """Return texts as a JSON list, bounded: a hostile document has many problems."""
    kept: list[str] = []
    for text in map(printable, texts):
        if sum(map(len, kept)) + len(text) > LONGEST:
            return json.dumps([*kept, "…"], ensure_ascii=False)
        kept.append(text)
    return json.dumps(kept, ensure_ascii=False)


# the canonical form


def placed(row: Mapping[str, Any], sequence: int, time: str, previous: str, engine: str, held: str | None) -> dict[str, Any]:
    """Return what the hash of a record is over, but for its decisions: every column but the hash, and the hash before."""
    return {
        "about": row.get("about"),
        "actor": row.get("actor"),
        "decisions": (),
        "engine_version": engine,
        "evidence": row.get("evidence"),
        "fhir_release": row.get("fhir_release"),
        "held_sha256": held,
        "input_sha256": row.get("input_sha256"),
        "intent": row.get("intent"),
        "judged_on": row.get("judged_on"),
        "kind": row["kind"],
        "not_checked": row.get("not_checked"),
        "policy_digest": row.get("policy_digest"),
        "policy_name": row.get("policy_name"),
        "policy_version": row.get("policy_version"),
        "previous": previous,
        "problems": row.get("problems"),
        "reason": row.get("reason"),
        "resource_id": row.get("resource_id"),
        "resource_type": row.get("resource_type"),
        "schema": SCHEMA,
        "sequence": sequence,
        "source": row.get("source"),
        "time": time,
        "verdict": row.get("verdict"),
        "within": row.get("within"),
    }


def decided(rows: Iterable[tuple[Any, ...]]) -> list[dict[str, Any]]:
    """Return the rows of decisions as the canonical form has them, which is as the columns do: `final` is 0 or 1."""
    return [dict(zip(DECISION_COLUMNS, row, strict=True)) for row in rows]
