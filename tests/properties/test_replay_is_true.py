"""What a replay tells of past reports is what the new policy decides on the documents that they were of, or it tells nothing.

Random cases as the engine's own reference has them: any document, any intent, elements alone and GraphQL answers too.
CAVEAT_CASES is the number of cases.
"""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from caveat import Guard, Report
from caveat.analysis.replay import Replay
from caveat.formats.record import record
from caveat.packs.policies import load_policy_text
from caveat.policy.policy import Policy
from reference.generate import PATHS, Case, random_case, random_policy, to_caveat

CASES = min(int(os.environ.get("CAVEAT_CASES", "400")), 40_000)
SHARDS = 4


def loaded(policy: dict[str, Any]) -> Policy:
    """Return the engine's policy."""
    result = load_policy_text(to_caveat(policy))
    assert result.policy is not None
    return result.policy


def report_of(policy: Policy, case: Case) -> Report:
    """Return what a policy says of the document of a case."""
    raw = json.dumps(case.document, default=float).encode()
    told: dict[str, Any] = {"release": case.release, "today": case.date, "intent": case.intent, "at": case.at, "wire": case.wire}
    return Guard(policy).check(raw, **told, **({"within": None} if case.at and "." in case.at else {}))


def renewed(rng: random.Random, case: Case) -> dict[str, Any]:
    """Return a policy that has some of the rules of the case's, and some others."""
    kind = case.document.get("resourceType", "ImagingStudy") if isinstance(case.document, dict) else "ImagingStudy"
    other = random_policy(rng, [kind] if kind in PATHS else ["ImagingStudy", "Patient"])
    kept = [rule for rule in case.policy["rules"] if rng.random() < 0.7]
    taken = {rule["name"] for rule in kept}
    more = [rule for rule in other["rules"] if rule["name"] not in taken][: rng.choice([0, 0, 1])]
    names = {rule["name"] for rule in [*kept, *more]}
    waivers = [w for w in case.policy["waivers"] if w["name"] not in names and (w["kind"] != "rule" or w["rule"] in taken)]
    return {
        **case.policy,
        "rules": [*kept, *more],
        "waivers": waivers,
        "reads": rng.choice([case.policy["reads"], other["reads"]]),
    }


@pytest.mark.parametrize("shard", range(SHARDS))
def test_what_is_told_is_so(shard: int) -> None:
    """No decision and no verdict that a replay tells is another than that of the document itself; most are told."""
    told: Counter[bool] = Counter()
    for number in range(shard, CASES, SHARDS):
        rng = random.Random(number)
        case = random_case(rng)
        old, new = loaded(case.policy), loaded(renewed(rng, case))
        before, after = report_of(old, case), report_of(new, case)
        replay, past = Replay(old, new, case.date), json.loads(json.dumps(record(before)))
        replayed = replay.record(past)
        assert replay.record(_in_other_words(past)) == replay.record(_without_codes(past)) == replayed, f"seed {number}"
        told.update(_hold(replayed, before, after, f"seed {number}\n{to_caveat(case.policy)}\n{case}"))
    assert told[True] > 4 * told[False]


def _in_other_words(past: dict[str, Any]) -> dict[str, Any]:
    """Return a report that says in other words what is wrong: it has the code of each fault."""
    decisions = [{**each, "detail": each["detail"] and "es ist etwas falsch"} for each in past["decisions"]]
    return {**past, "decisions": decisions}


def _without_codes(past: dict[str, Any]) -> dict[str, Any]:
    """Return a report as it was written before there were codes."""
    decisions = [{name: value for name, value in each.items() if name != "fault"} for each in past["decisions"]]
    return {**past, "decisions": decisions}


def _hold(replayed: Any, before: Report, after: Report, where: str) -> list[bool]:
    """Hold a replay against what the new policy says itself, and return of each decision whether it was told."""
    now = {d.occurrence.location if d.occurrence else None: d for d in after.decisions}
    for each in replayed.decisions:
        if each.now is not None:
            decision = now.get(each.location)
            assert each.now.verdict.word == (decision.verdict.word if decision else "clear"), f"{where}\n{each}\n{decision}"
    seen = {d.occurrence.location if d.occurrence else None for d in before.decisions}
    if replayed.now is not None and seen >= now.keys():
        assert replayed.now == after.verdict, where
    return [each.now is not None for each in replayed.decisions]


def test_the_same_policy_again() -> None:
    """Under the policy that made it, on its own day, a report's decisions are told, and are the same."""
    told = []
    for number in range(100):
        case = replace(random_case(random.Random(number)), holder=None)
        policy = loaded(case.policy)
        before = report_of(policy, case)
        replayed = Replay(policy, policy, case.date).record(json.loads(json.dumps(record(before))))
        told += _hold(replayed, before, before, f"seed {number}")
    assert all(told)
    assert len(told) > 300
