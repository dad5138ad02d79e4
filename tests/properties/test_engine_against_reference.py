"""The engine decides as the reference does: the same decisions, verdicts and entries, for random policies and documents.

The reference (`tests/reference/evaluator.py`) is written from the language's page, shares no code with the engine, and gets the
policy as plain data; the engine gets it as the text of a rule file. 20,000 cases run by default; CAVEAT_CASES multiplies.
"""

from __future__ import annotations

import json
import os
import random
import re
from collections import Counter
from typing import Any

import pytest
from reference.generate import Case, random_case, to_caveat

from caveat import Guard, Report
from caveat.packs.policies import load_policy_text

CASES = 20_000 * int(os.environ.get("CAVEAT_CASES", "100")) // 100
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
    for number in range(shard, CASES, SHARDS):
        case = random_case(random.Random(number))
        expected, got = expected_of(case), told_by(report_of(case))
        assert got == expected, f"seed {number}\n{to_caveat(case.policy)}\n{case}"
