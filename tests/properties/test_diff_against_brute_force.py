"""What `caveat diff` says two policies decide differently is what they do, neither more nor less, in a world small enough to try.

`reference.differences` asks the reference about points: one modifier at one place, with one value, on one day. Here each is
held against the changes that the engine tells of the two policies. CAVEAT_CASES is the number of pairs of policies, up to
12,000: a pair costs a tenth of a second.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from caveat.analysis.diff import compare
from caveat.domain.change import Among, Change, Naming, Urls, Valued, What, Where
from caveat.domain.decision import Intent
from caveat.packs.policies import load_policy_text
from caveat.policy.policy import Policy
from caveat.policy.selectors import UrlPattern
from caveat.spec.release import Release
from reference import evaluator
from reference.conditions import truth
from reference.differences import Json, Point, in_values, places, points, verdict_at
from reference.evaluator import evaluate
from reference.generate import ELSEWHERE, PLAIN, random_policy, to_caveat
from reference.generate import published as is_published
from reference.shapes import NO_DOMAIN_RESOURCE, TYPES
from reference.test_laws import INSTANCE, ROOT, A, B, a_policy, single_rules

PAIRS = min(int(os.environ.get("CAVEAT_CASES", "200")), 12_000)
SHARDS = 4
POINTS = 150
TODAY = dt.date(2026, 11, 23)
KINDS = [
    "ImagingStudy",
    "Patient",
    "MedicationRequest",
    "Questionnaire",
    "OperationOutcome",
    "Basic",
    "Observation",
    "Bundle",
    "Parameters",
]
_STANCES = {(False, True): Where.NO_NARRATIVE, (True, False): Where.NOTHING_LEFT_OUT, (True, True): Where.NEITHER}


def loaded(policy: Json) -> Policy:
    """Return the engine's policy, from rule-file text."""
    result = load_policy_text(to_caveat(policy))
    assert result.policy is not None, [str(each) for each in result.diagnostics]
    return result.policy


# whether a change speaks of a point


class Held:
    """The changes that the engine tells of two policies, asked about points."""

    def __init__(self, old: Json, new: Json, releases: tuple[Release, ...] = (Release.R4,)) -> None:
        self.pair = (old, new)
        self.changes = compare(loaded(old), loaded(new), TODAY, releases).changes
        terms = [
            url
            for p in self.pair
            for each in [*p["rules"], *filter(_holds, p["waivers"])]
            for url in [*each["urls"], *each["except"]]
        ]
        self.patterns = sorted({UrlPattern.parse(url) for url in terms if url.endswith(("/*", "/**"))})
        self.literals = {url for url in terms if url != "anything" and not url.endswith("*")}

    def claims(self, point: Point) -> Iterator[Change]:
        """Give the changes that speak of a point, whatever its stance and intent."""
        for change in self.changes:
            if self._is_about(change, point) and self._is_placed(change, point) and self._is_valued(change, point):
                yield change

    def _is_about(self, change: Change, point: Point) -> bool:
        kinds = {"extension": {What.MISPUT}, "implicitRules": {What.RULES}}.get(point.slot, {What.MODIFIER, What.PLAIN})
        if point.found.fault:
            kinds = {What.EMPTY} if point.found.empty else {What.INCOMPLETE}
        days = any((d.since or dt.date.min) <= point.day <= (d.until or dt.date.max) for d in change.days)
        return change.what in kinds and days and any(self._is_named(urls, point) for urls in change.urls)

    def _is_named(self, urls: Urls, point: Point) -> bool:
        if urls.naming is Naming.NONE:
            return point.url is None
        if urls.naming is Naming.LITERAL or point.url in self.literals:
            return point.url == urls.text and urls.naming is Naming.LITERAL
        known = {True: "modifier", False: "plain", None: None}[is_published(point.url or "")]
        if known != urls.known and point.slot != "implicitRules":
            return False
        matched = [p for p in self.patterns if p.matches(point.url or "")]
        narrowest = max(matched, key=lambda p: (len(p.prefix), not p.deep), default=None)
        return urls.text == (narrowest.text if narrowest else "anything")

    def _is_placed(self, change: Change, point: Point) -> bool:
        in_value = point.found.node.in_value and not point.found.node.embedded
        if change.among is (Among.ELEMENTS if in_value else Among.VALUES):
            return False
        return evaluator._on(list(change.paths), point.found) and not evaluator._on(list(change.unless), point.found)

    def _is_valued(self, change: Change, point: Point) -> bool:
        if not change.types and not change.values:
            return True
        rules = [
            r for p in self.pair for r in p["rules"] if evaluator._named(point.url, r) and evaluator._on(r["paths"], point.found)
        ]
        named = {kind for rule in rules for kind in rule["types"] or ()}
        kind = point.found.value_type
        if kind in change.types or ("*" in change.types and kind not in named):
            return True
        mine = _told(rules, kind, point.ext, contradicted=point.found.contradicted)
        return any(v.type == kind and _told(rules, kind, _content(v), contradicted=v.contradicted) == mine for v in change.values)


def _holds(waiver: Json) -> bool:
    return waiver["from"] is not None and waiver["until"] is not None


def _told(rules: list[Json], kind: str | None, ext: Json, *, contradicted: bool) -> list[Any]:
    """Return what every rule says of a value."""
    return [
        truth(r["when"], ext, contradicted=contradicted)
        for r in rules
        if r["when"] and (r["types"] is None or kind in r["types"])
    ]


def _content(valued: Valued) -> Json:
    """Return a value as it stands beside the url."""
    name = "extension" if valued.type == "complex" else f"value{(valued.type or ' ')[0].upper()}{(valued.type or ' ')[1:]}"
    content = {f"_{name}" if f"a {valued.type} without a value" in valued.text else name: valued.json}
    told: Json = json.loads(json.dumps(content, default=float).replace('"valueAge"', '"valueQuantity"'))
    return told  # an Age is a Quantity, which the reference does not know


# what must hold


def check(held: Held, point: Point) -> None:
    """Hold one point against what was told."""
    old, new = (verdict_at(policy, point) for policy in held.pair)
    reading = replace(point, modify=False)
    is_read = [verdict_at(policy, reading) for policy in held.pair]
    claims = list(held.claims(point))
    where = f"{point.slot} {point.url} {point.path} {point.ext} {point.day} modify={point.modify} {old} -> {new}: {claims}"
    base = {(c.old.verdict.word, c.new.verdict.word) for c in claims if c.where is None and c.intent is Intent.READ}
    stance = _stance(point)
    if point.modify:
        told = {(c.old.verdict.word, c.new.verdict.word) for c in claims if c.where is None and c.intent is Intent.MODIFY}
        if is_read[0] == is_read[1] and stance is None:
            assert told == ({(old, new)} if old != new else set()), where
    elif stance is None:
        assert base == ({(old, new)} if old != new else set()), where
    else:
        here = [c for c in claims if c.intent is Intent.READ]
        assert {(c.old.verdict.word, c.new.verdict.word) for c in here if c.where is stance} <= {(old, new)}, where
        parts = {(c.old.verdict.word, c.new.verdict.word) for c in here if _holds_in(c.where, stance)}
        assert old == new or (old, new) in parts or any(_is_looser(each) == _is_looser((old, new)) for each in base), where


def _stance(point: Point) -> Where | None:
    """Return what keeps a verdict from holding at a point that would hold at its path elsewhere."""
    node = point.found.node
    can_have = node.resource not in NO_DOMAIN_RESOURCE
    fixed = node.embedded and not (node.root or (node.in_value and "extension" in node.path))
    return _STANCES.get((fixed, can_have and not node.narrative))


def _holds_in(where: Where | None, stance: Where) -> bool:
    return where is stance or (stance is Where.NEITHER and where in {Where.NO_NARRATIVE, Where.NOTHING_LEFT_OUT})


def _is_looser(pair: tuple[str, str]) -> bool:
    return evaluator.ORDER.index(pair[1]) < evaluator.ORDER.index(pair[0])


def check_witnesses(held: Held) -> None:
    """Hold every witness that is in the reference's world against the reference; the engine has held them all."""
    for change in held.changes:
        seen = change.witness
        kind = seen.document["resourceType"]
        if kind not in TYPES or kind == "Binary" or any(url.text in ELSEWHERE | {PLAIN} for url in change.urls):
            continue
        options: Json = {"release": seen.release, "date": seen.day, "intent": str(seen.intent)}
        options |= {"at": seen.at, "wire": "graphql"} if seen.at else {}
        reports = [evaluate(p, seen.document, published=is_published, elsewhere=ELSEWHERE, **options) for p in held.pair]
        grounds = {decision["ground"] for report in reports for decision in report["decisions"]}
        if "misplaced" in grounds or ("malformed" in grounds and change.what is not What.EMPTY):
            continue  # the reference's few types lack the element, or the type of the value
        if change.what is What.INCOMPLETE and not all(report["decisions"] for report in reports):
            continue  # as above: on an element that it does not know nothing is missing
        told = [report["verdict"] for report in reports]
        assert told == [change.old.verdict.word, change.new.verdict.word], change


# pairs of policies


def changed(rng: random.Random, policy: Json, kinds: list[str]) -> Json:
    """Return a policy with one or two things other than in `policy`."""
    new = {**policy, "rules": list(policy["rules"]), "waivers": list(policy["waivers"]), "defaults": list(policy["defaults"])}
    for _ in range(rng.choice([1, 1, 2])):
        rng.choice(_CHANGES)(rng, new, random_policy(rng, kinds))
    names = {rule["name"] for rule in new["rules"]}
    new["waivers"] = [w for w in new["waivers"] if w["kind"] != "rule" or (w["rule"] in names and w["name"] not in names)]
    return new


def _one_rule(rng: random.Random, new: Json, other: Json) -> None:
    if other["rules"]:
        taken = {each["name"] for each in [*new["rules"], *new["waivers"]]}
        new["rules"] += [rule for rule in other["rules"][:1] if rule["name"] not in taken]


def _less(rng: random.Random, new: Json, other: Json) -> None:
    if new["rules"]:
        gone = new["rules"].pop(rng.randrange(len(new["rules"])))
        new["waivers"] = [w for w in new["waivers"] if w["rule"] != gone["name"]]


def _edit(rng: random.Random, new: Json, other: Json) -> None:
    """Give one rule a part of another one's; what must not stand together (a wide url and a lax verb) is taken together."""
    if not new["rules"] or not other["rules"]:
        return
    number, theirs = rng.randrange(len(new["rules"])), rng.choice(other["rules"])
    parts = rng.choice(
        [
            ("paths", "verb", "urls", "except"),
            ("types",),
            ("when", "types"),
            ("from", "until"),
            ("verb", "urls", "except", "paths"),
        ]
    )
    new["rules"][number] = {**new["rules"][number], **{part: theirs[part] for part in parts}}
    forbidden = {rule["name"] for rule in new["rules"] if rule["verb"] == "forbid"}
    new["waivers"] = [w for w in new["waivers"] if w["rule"] not in forbidden]


def _settings(rng: random.Random, new: Json, other: Json) -> None:
    part = rng.choice(["default", "defaults", "reads", "waivers_at_most"])
    new[part] = other[part]


def _waivers(rng: random.Random, new: Json, other: Json) -> None:
    taken = {each["name"] for each in new["rules"]}
    new["waivers"] = [w for w in other["waivers"] if w["kind"] != "rule" and w["name"] not in taken]


_CHANGES: list[Callable[[random.Random, Json, Json], None]] = [_one_rule, _less, _edit, _edit, _settings, _settings, _waivers]


@pytest.mark.parametrize("shard", range(SHARDS))
def test_random_pairs(shard: int) -> None:
    """At no point of the world do two policies differ and nothing is told, or is something told and they do not differ so."""
    for number in range(shard, PAIRS, SHARDS):
        rng = random.Random(number)
        kinds = rng.sample(KINDS, 2)
        old = random_policy(rng, kinds)
        new = random_policy(rng, kinds) if number % 4 == 0 else changed(rng, old, kinds)
        held = Held(old, new)
        check_witnesses(held)
        found = [*places(kinds), *in_values(kinds)]
        for point in points(rng, old, new, found, POINTS):
            try:
                check(held, point)
            except AssertionError as error:
                raise AssertionError(f"seed {number}\n{to_caveat(old)}\n{to_caveat(new)}\n{error}") from None


def test_small_policies_wholly() -> None:
    """Policies of at most one rule over two urls, two carriers and three truth values: every point of their small world holds.

    There are 7,225 pairs; of these every sixty-first is tried, and all where CAVEAT_CASES is 7,225 or more.
    """
    single = [rule for rule in single_rules() if rule["verb"] != "exclude" or rule["paths"] == [INSTANCE]]
    policies = [a_policy([]), *(a_policy([rule]) for rule in single)]
    pairs = list(itertools.product(policies, repeat=2))
    found = [each for each in places(["ImagingStudy"]) if each.node.path in {ROOT, INSTANCE}]
    for old, new in pairs[:: 61 if len(pairs) > PAIRS else 1]:
        held = Held(old, new)
        check_witnesses(held)
        for at, url, value, modify in itertools.product(found, (A, B), (True, False, None), (False, True)):
            ext = {"valueBoolean": value} if value is not None else {"_valueBoolean": {"id": "x"}}
            check(held, Point("modifierExtension", replace(at, value_type="boolean"), url, ext, TODAY, modify))
