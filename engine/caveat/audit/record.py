"""What the trail keeps of a report, and of what people did: no value of a document, but where a rule says `record value`.

Rule 1: ids are keyed hashes, unless the trail was made with plain ones; a url loses its query; problems are kept by their code.
Rule 2: kinds of records: `check` (a resource was judged), `release` (a person let one input through under one policy), `decline`
(a person did not), `rerun` (what was held was decided again), `policy` (the text of a policy was kept), `prune` (old ones went).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any, NamedTuple

from caveat.audit.chain import SCHEMA, canonical_text
from caveat.domain.decision import Decision, Ground
from caveat.domain.report import Report
from caveat.domain.version import __version__
from caveat.formats.printable import LONGEST, printable, url_told
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
    `held_sha256` is the digest of what the quarantine keeps of the bytes. `about` is the record that a release or decline is
    about, or up to which was pruned; `actor` and `reason` are whose and why.
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


class Shared(NamedTuple):
    """The columns that many records have alike, so that they are written out once: a bulk check keeps a million of them."""

    kind: str
    source: str | None = None
    evidence: str | None = None
    fhir_release: str | None = None
    resource_type: str | None = None
    verdict: str | None = None
    within: str | None = None
    intent: str | None = None
    judged_on: str | None = None
    policy_name: str | None = None
    policy_version: str | None = None
    policy_digest: str | None = None
    engine_version: str = __version__
    problems: str | None = None
    not_checked: str | None = None
    actor: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """What records share, and the pieces of their canonical form that follow from it. Compared by identity, which is quick."""

    shared: Shared
    pieces: tuple[str, ...]

    @classmethod
    def of(cls, shared: Shared) -> Context:
        """Return the context of what is shared, spelt out."""
        return cls(shared, _spelt(shared))

    def __reduce__(self) -> tuple[Any, ...]:
        return context_again, (self.shared,)


class Draft(NamedTuple):
    """A record without its place: what it shares with others, what is its own, and the bytes to hold encrypted beside it.

    `decisions` are rows in the order of `DECISION_COLUMNS`.
    """

    context: Context
    input_sha256: str | None = None
    resource_id: str | None = None
    about: int | None = None
    decisions: tuple[tuple[Any, ...], ...] = ()
    envelope: bytes | None = None


Drafted = tuple[Context, str | None, str | None, int | None, tuple[tuple[Any, ...], ...], bytes | None]
"""The same, plain, because a million are made."""

_CONTEXTS: dict[tuple[Any, ...], Context] = {}
_MOST_CONTEXTS = 4096


def context_of(report: Report, kind: str = "check") -> Context:
    """Return what a report shares with others of its run."""
    policy = report.policy
    # Enumerations and frozen dataclasses hash in Python, and this is asked a million times: the key has plain words only.
    key = (
        kind,
        report.source,
        report.evidence,
        report.release,
        report.resource_type,
        +report.verdict,
        report.within,
        report.intent.value,
        report.date,
        policy.name,
        policy.version,
        policy.digest,
        tuple([each.code for each in report.problems]),
        report.not_checked,
    )
    found = _CONTEXTS.get(key)
    if found is None:
        if len(_CONTEXTS) >= _MOST_CONTEXTS:
            _CONTEXTS.clear()
        found = _CONTEXTS[key] = Context.of(_shared_of(report, kind))
    return found


@lru_cache(maxsize=_MOST_CONTEXTS)
def context_again(shared: Shared) -> Context:
    """Return the one context of what is shared, for what comes from other processes: block after block has the same."""
    return Context.of(shared)


def _shared_of(report: Report, kind: str) -> Shared:
    problems = tuple(each.code for each in report.problems)
    return Shared(
        kind=kind,
        source=shown(report.source),
        evidence=report.evidence,
        fhir_release=report.release,
        resource_type=report.resource_type,
        verdict=report.verdict.word,
        within=report.within,
        intent=str(report.intent),
        judged_on=report.date.isoformat(),
        policy_name=printable(report.policy.name),
        policy_version=printable(report.policy.version),
        policy_digest=report.policy.digest,
        problems=listed(problems) if problems else None,
        not_checked=listed(report.not_checked) if report.not_checked else None,
    )


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
        head = (url_kept(occurrence.url), shown(path), shown(occurrence.location), occurrence.slot, occurrence.value_type)
    fault = occurrence.fault if occurrence is not None else None
    value = _value(occurrence.extension) if occurrence is not None and rule in recorded else None
    tail = (int(decision.final), shown(rule), shown(waiver), fault.code if fault else None, value)
    return (*head, decision.verdict.word, str(decision.ground), *tail)


def url_kept(url: str | None) -> str | None:
    """Return a url as the trail keeps it."""
    return None if url is None else url_told(url)


def _value(extension: Mapping[str, Any] | None) -> str | None:
    """Return the value of a modifier as JSON on one bounded line: its `value[x]`, or its parts."""
    told = {key: value for key, value in (extension or {}).items() if key.startswith(("value", "_value")) or key == "extension"}
    return printable(json.dumps(told, sort_keys=True, default=str)) if told else None


def shown(text: str | None) -> str | None:
    """Return text as the trail has it: bounded, and with nothing in it that a terminal would obey."""
    return None if text is None else _printable(text)


@lru_cache(maxsize=1024)
def _printable(text: str) -> str:
    return printable(text)


@lru_cache(maxsize=256)
def listed(texts: tuple[str, ...]) -> str:
    """Return texts as a JSON list, bounded: a hostile document has many problems."""
    kept: list[str] = []
    for text in map(printable, texts):
        if sum(map(len, kept)) + len(text) > LONGEST:
            return json.dumps([*kept, "…"], ensure_ascii=False)
        kept.append(text)
    return json.dumps(kept, ensure_ascii=False)


# the canonical form

Own = tuple[int, str, str | None, str | None, str | None, int | None]
"""The columns of a record that are its own: number, time, the digests of input, id and what is held, what it is about."""


def form_of(pieces: tuple[str, ...], own: Own, decisions: Sequence[tuple[Any, ...]], previous: str) -> str:
    """Return the canonical form of a record (RFC 8785): all its columns but the hash, its decisions, and the hash before it.

    Its keys stand in their order, so that nothing is left to sort; `pieces` are those of its context.
    """
    sequence, time, input_sha256, identity, held, about = own
    of = "null" if about is None else about
    one, two, three, four, five, six, seven = pieces
    below = ",".join([_spelt_below(row) for row in decisions]) if decisions else ""
    return (
        f"{_ABOUT}{of}{one}[{below}]{two}{_quoted(held)}{_INPUT}{_quoted(input_sha256)}{three}{previous}{four}{_quoted(identity)}"
        f'{five}{sequence}{six}{time}"{seven}'
    )


def _spelt_below(row: tuple[Any, ...]) -> str:
    """Return the canonical form of one decision."""
    url, path, location, slot, kind, verdict, ground, final, rule, waiver, fault, value = row
    return (
        f'{{"fault":{_quoted(fault)},"final":{final:d},"ground":{_quoted(ground)},"location":{_quoted(location)},'
        f'"path":{_quoted(path)},"rule":{_quoted(rule)},"slot":{_quoted(slot)},"url":{_quoted(url)},"value":{_quoted(value)},'
        f'"value_type":{_quoted(kind)},"verdict":{_quoted(verdict)},"waiver":{_quoted(waiver)}}}'
    )


_ABOUT = '{"about":'
_INPUT = ',"input_sha256":'


def _quoted(text: str | None) -> str:
    return "null" if text is None else encode_basestring(text)


def _spelt(shared: Shared) -> tuple[str, ...]:
    """Return the pieces of the canonical form around the columns that are a record's own."""

    def piece(*names: str) -> str:
        return "".join(f',"{name}":{canonical_text(getattr(shared, name))}' for name in names)

    return (
        piece("actor") + ',"decisions":',
        piece("engine_version", "evidence", "fhir_release") + ',"held_sha256":',
        piece("intent", "judged_on", "kind", "not_checked", "policy_digest", "policy_name", "policy_version") + ',"previous":"',
        '"' + piece("problems", "reason") + ',"resource_id":',
        piece("resource_type") + f',"schema":"{SCHEMA}","sequence":',
        piece("source") + ',"time":"',
        piece("verdict", "within") + "}",
    )


def decided(rows: Iterable[tuple[Any, ...]]) -> list[dict[str, Any]]:
    """Return the rows of decisions as the canonical form has them, which is as the columns do: `final` is 0 or 1."""
    return [dict(zip(DECISION_COLUMNS, row, strict=True)) for row in rows]
