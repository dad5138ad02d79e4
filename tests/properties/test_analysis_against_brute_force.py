"""What the analyses say of a policy is what trying everything in a small world says: nothing false, nothing missed.

The world (`tests/reference/never.py`) is written from the language's page and shares no code with the engine. Policies are
enumerated (up to three rules) and random; CAVEAT_CASES, up to 10,000, says how many random ones.
"""

from __future__ import annotations

import itertools
import os
import random
import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import pytest

from caveat.analysis.findings import analyse
from caveat.domain.diagnostic import Diagnostic, Severity
from caveat.packs.policies import load_policy_text
from reference.generate import A, B, random_policy, to_caveat
from reference.never import VALUES, World

MOST = 10_000
RANDOM = min(MOST, max(320, int(os.environ.get("CAVEAT_CASES", "320"))))
TRIPLES = 200 if RANDOM < MOST else 4_000
SHARDS = 8
KINDS = ["ImagingStudy", "Patient", "MedicationRequest", "Questionnaire", "Basic"]
REFUSED = [["accept"], ["warn", "exclude"], ["accept", "warn", "exclude", "narrative"], ["review"], ["clear"], ["reject"]]
Json = dict[str, Any]


def compare(policy: Json, invariants: list[Json]) -> int:
    """Hold every answer on one policy against the small world, and return how many findings there were."""
    text = to_caveat(policy) + "".join(map(_invariant, invariants))
    loaded = load_policy_text(text)
    assert loaded.policy is not None, [str(each) for each in loaded.diagnostics]
    found = _by_code(text, analyse(loaded.policy, loaded.resolved).findings)
    world = World(policy, invariants)
    never, ill_typed = world.never(), _ill_typed(found["CV133"])
    silent = {name: code for code in ("CV130", "CV131", "CV134") for name in found[code]}
    silent |= {name: "CV133" for name, finding in found["CV133"].items() if finding.severity is Severity.ERROR}
    told = {name: "CV133" if code == "CV134" else code for name, code in silent.items() if name not in ill_typed}
    assert told == {name: code for name, code in never.items() if name not in ill_typed}, text
    assert set(found["CV132"]) - set(silent) == world.outside() - set(silent), text
    assert set(found["CV112"]) == world.swallowed(ill_typed) - set(silent), text
    always = world.always()
    warned = {name for name, finding in found["CV133"].items() if finding.severity is Severity.WARNING}
    left = {name for name in never if never[name] == "CV133"} | set(found["CV134"]) | ill_typed
    assert warned - left == always - left, text
    assert set(found["CV135"]) == world.open() - left - always, text
    assert set(found["CV180"]) == {each["name"] for each in invariants if world.broken(each)}, text
    return sum(map(len, found.values()))


def _ill_typed(found: dict[str, Diagnostic]) -> set[str]:
    """Return the rules of which only the types of a comparison are wrong, so that another part of the condition may hold."""
    return {name for name, each in found.items() if each.severity is Severity.ERROR and "never true" not in each.message}


def _by_code(text: str, findings: Iterable[Diagnostic]) -> defaultdict[str, dict[str, Diagnostic]]:
    """Return the findings by code and the name of the statement that they stand in."""
    lines = text.splitlines()
    found: defaultdict[str, dict[str, Diagnostic]] = defaultdict(dict)
    for each in findings:
        name = re.match(r"\w+ ([a-z-]+):", lines[each.span.line - 1])
        found[each.code].setdefault(name[1] if name else "", each)
    return found


def _invariant(stated: Json) -> str:
    urls = ", ".join(url if url == "anything" else f'"{url}"' for url in stated["urls"])
    never, paths = ", ".join(stated["never"]), ", ".join(stated["paths"])
    return f'invariant {stated["name"]}: never {never} for {urls} on {paths} because "x";\n'


def _policy(seed: int) -> tuple[Json, list[Json]]:
    """Return a random policy of the small world, and invariants about it."""
    rng = random.Random(seed)
    kinds = rng.sample(KINDS, rng.choice([1, 1, 2]))
    policy = random_policy(rng, kinds)
    policy["waivers"] = [each for each in policy["waivers"] if each["kind"] in {"unknown", "rule"}]
    world = sorted({kind for kind, _ in VALUES} - {"time"})  # of which no condition speaks: a type that is none of these
    for rule in policy["rules"]:
        if rule["types"] is None and rule["when"]:
            rule["types"] = world  # a field of it may be one of a type that the world has not
    stated = [
        {
            "name": f"never-{number}",
            "never": rng.choice(REFUSED),
            "urls": rng.choice([[A], [B], [A, B], ["http://example.org/fhir/ext/*"], ["anything"]]),
            "except": [],
            "paths": rng.choice([["*.**"], ["*"], [f"{kinds[0]}.**"], [kinds[0]]]),
        }
        for number in ("one", "two")
    ]
    return policy, stated


def _is_of_the_world(policy: Json) -> bool:
    """Return whether HL7 knows none of the urls: their definitions are the matter of other tests."""
    spoken = [*policy["rules"], *policy["waivers"]]
    return not any("hl7.org" in url for each in spoken for url in (*each["urls"], *each["except"]))


@pytest.mark.parametrize("shard", range(SHARDS))
def test_random_policies(shard: int) -> None:
    """Of random policies the analyses find what there is, in every code, and nothing else."""
    seeds = (seed for seed in itertools.count(shard, SHARDS) if _is_of_the_world(_policy(seed)[0]))
    assert sum(compare(*_policy(seed)) for seed in itertools.islice(seeds, RANDOM // SHARDS)) > 0


# enumerated

WHEN = ("cmp", (None, []), "=", True)
SINGLE = [
    {"verb": verb, "urls": urls, "except": [], "paths": [path], "types": ["boolean"] if when else None, "when": when}
    | {"from": None, "until": None}
    for verb in ("understand", "exclude", "narrative", "review", "reject", "forbid")
    for urls in ([A], ["http://example.org/fhir/ext/*"])
    for path in ("Patient", "Patient.**")
    for when in (None, WHEN, ("not", WHEN))
    if not (verb == "understand" and urls != [A]) and not (verb == "exclude" and path == "Patient")
]  # fmt: skip


def _small(rules: tuple[Json, ...]) -> Json:
    named = [{**rule, "name": name} for rule, name in zip(rules, ("alpha", "bravo", "charlie"), strict=False)]
    return {"default": "review", "defaults": [], "reads": {}, "rules": named, "waivers": [], "waivers_at_most": None}


STATED = [{"name": "passes", "never": ["accept", "exclude"], "urls": [A], "except": [], "paths": ["Patient.**"]}]


@pytest.mark.parametrize("first", range(4))
def test_every_policy_of_two_rules(first: int) -> None:
    """Of each pair of small rules, in all verbs, the analyses find what there is; in `make prove` in either order."""
    pairs = itertools.product(SINGLE, repeat=2) if RANDOM == MOST else itertools.combinations_with_replacement(SINGLE, 2)
    assert sum(compare(_small(pair), STATED) for pair in itertools.islice(pairs, first, None, 4)) > 0


@pytest.mark.parametrize("first", range(4))
def test_policies_of_three_rules(first: int) -> None:
    """Of triples of small rules, where two together cover a third, the analyses find what there is."""
    rng = random.Random(first)
    assert sum(compare(_small(tuple(rng.choices(SINGLE, k=3))), STATED) for _ in range(TRIPLES // 4)) > 0


# one url twice on one element

THERE, UNIT = ("present", (None, [])), ("present", (None, ["unit"]))
TYPED = [
    *((["boolean"], when) for when in (None, WHEN, ("not", WHEN), THERE, ("not", THERE))),
    *((["Quantity"], when) for when in (None, UNIT, ("not", UNIT), ("or", [UNIT, ("cmp", (None, ["value"]), ">", 2)]))),
    (["string"], None),
    (["boolean", "string"], None),
]


def _of_a(verb: str, typed: tuple[list[str], Any]) -> Json:
    said = {"verb": verb, "urls": [A], "except": [], "paths": ["Patient.contact"], "types": typed[0], "when": typed[1]}
    return {**said, "from": None, "until": None}


@pytest.mark.parametrize("third", [None, "review", "narrative"])
def test_one_url_twice(third: str | None) -> None:
    """Of an exclusion and a `reject` of one url, by all their types and conditions, the analyses find whether they can meet."""
    rng = random.Random(third)
    swallowed = 0
    for pair in itertools.product(TYPED, repeat=2):
        rules = [_of_a("exclude", pair[0]), _of_a("reject", pair[1])]
        rules += [_of_a(third, rng.choice(TYPED))] if third else []
        compare(_small(tuple(rules)), [])
        swallowed += bool(World(_small(tuple(rules))).swallowed())
    assert 0 < swallowed < len(TYPED) ** 2
