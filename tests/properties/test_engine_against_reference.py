"""The engine decides as the reference does: the same decisions, verdicts and entries, for random policies and documents.

The reference (`tests/reference/evaluator.py`) is written from the language's page, shares no code with the engine, and gets the
policy as plain data; the engine gets it as the text of a rule file. CAVEAT_PAIRS says how many pairs of policy and document,
20,000 unless it is set.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import re
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from caveat import Guard, Report
from caveat.packs.policies import load_policy_text
from caveat.policy.policy import Policy
from caveat.policy.selectors import PathSelector
from reference.generate import Case, random_case, to_caveat
from reference.test_laws import INSTANCE, STUDY, TODAY, a_policy, single_rules

PAIRS = int(os.environ.get("CAVEAT_PAIRS", "20000"))
SHARDS = 8
KEYS = ("location", "path", "slot", "url", "value_type", "verdict", "ground", "rule", "final")


def guard_of(case: Case) -> Guard:
    """Return the engine with the case's policy, read from rule-file text."""
    loaded = load_policy_text(to_caveat(case.policy))
    assert loaded.policy is not None, [str(each) for each in loaded.diagnostics]
    return Guard(loaded.policy)


def report_of(case: Case) -> Report:
    """Return what the engine says of a case, through the library."""
    guard = guard_of(case)
    told: dict[str, Any] = {"release": case.release, "today": case.date, "intent": case.intent}
    alone = case.at is not None and "." in case.at
    if alone:
        told["within"] = None if case.holder is None else guard.check(written(case.holder), **told)
    return guard.check(written(case.document), at=case.at, wire=case.wire, **told)


def written(document: Any) -> bytes:
    """Return a document as bytes."""
    return json.dumps(document, default=float).encode()


def told_by(report: Report) -> dict[str, Any]:
    """Return a report as the reference words one; decisions as a multiset."""
    decisions = Counter(comparable(plain(decision)) for decision in report.decisions)
    entries = [(entry.index, entry.verdict.word) for entry in report.entries]
    return {"verdict": report.verdict.word, "decisions": decisions, "entries": entries}


def comparable(decision: dict[str, Any]) -> tuple[Any, ...]:
    """Return what must be alike of a decision; where FHIR has no element, a path may call a choice by either name."""
    path = decision.get("path")
    told = {**decision, "path": path and re.sub(r"\.value[A-Z]\w*", ".value[x]", path)}
    return tuple(told.get(key) for key in KEYS)


def plain(decision: Any) -> dict[str, Any]:
    """Return one decision as plain data."""
    found = decision.occurrence
    told = {"verdict": decision.verdict.word, "ground": str(decision.ground), "rule": decision.rule, "final": decision.final}
    if found is None:
        return told
    place = {"location": found.location, "path": found.carrier.path, "slot": found.slot}
    return {**told, **place, "url": found.url, "value_type": found.value_type}


def expected_of(case: Case) -> dict[str, Any]:
    """Return what the reference says, decisions as a multiset."""
    report = case.expected()
    decisions = Counter(comparable(decision) for decision in report["decisions"])
    entries = [(entry["index"], entry["verdict"]) for entry in report["entries"]]
    return {"verdict": report["verdict"], "decisions": decisions, "entries": entries}


@pytest.mark.parametrize("shard", range(SHARDS))
def test_engine_and_reference_agree(shard: int) -> None:
    """Each case is decided alike, decision by decision; a disagreement names its seed."""
    for number in range(shard, PAIRS, SHARDS):
        case = random_case(random.Random(number))
        expected, got = expected_of(case), told_by(report_of(case))
        assert got == expected, f"seed {number}\n{to_caveat(case.policy)}\n{case}"


def test_all_small_policies_are_decided_alike() -> None:
    """Every policy of up to two rules over two urls, two carriers and three truth values, and every 25th of three, agrees."""
    single = single_rules()
    placed = [{**rule, "paths": [INSTANCE]} for rule in single]  # an `exclude` on a root alone would not load (CV110)
    loaded = guard_of(Case(a_policy(placed), STUDY, "R4", TODAY)).policy.rules
    paths = {rule["name"]: tuple(map(PathSelector.parse, rule["paths"])) for rule in single}
    compiled = {rule.name: replace(rule, paths=paths[rule.name]) for rule in loaded}
    pairs = itertools.chain([()], itertools.combinations(single, 1), itertools.combinations(single, 2))
    triples = itertools.islice(itertools.combinations(single, 3), None, None, 25)
    raw = written(STUDY)
    for chosen in itertools.chain(pairs, triples):
        guard = Guard(Policy("small", "1", rules=tuple(compiled[rule["name"]] for rule in chosen)))
        case = Case(a_policy(list(chosen)), STUDY, "R4", TODAY)
        assert told_by(guard.check(raw, release="R4", today=TODAY)) == expected_of(case), chosen
