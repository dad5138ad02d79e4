"""The laws of the rule language hold in the naive reference: exhaustively for small policies, and for random cases."""

from __future__ import annotations

import csv
import datetime as dt
import itertools
import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from reference.evaluator import ORDER, STRUCTURAL, evaluate
from reference.generate import A, B, Case, histogram, published, random_case, to_caveat
from reference.shapes import CARRIERS, TYPES

if TYPE_CHECKING:
    from pathlib import Path

Json = dict[str, Any]
TODAY = dt.date(2026, 11, 23)
ROOT, INSTANCE = "ImagingStudy", "ImagingStudy.series.instance"
# One condition for each truth value, on a boolean that is true: a comparison with a code is undetermined.
TRUTHS: list[Any] = [("cmp", (None, []), "=", literal) for literal in (True, False, ("code", "http://example.org/cs/one", "a"))]
TRUE, FALSE, NEITHER = TRUTHS
VERBS = ["understand", "warn", "exclude", "narrative", "review", "reject", "forbid"]


def a_rule(verb: str, url: str, path: str, when: Any, name: str = "r") -> Json:
    """Return a rule of the small universe."""
    return {"verb": verb, "name": name, "urls": [url], "except": [], "paths": [path], "types": None, "when": when, "from": None,
            "until": None}  # fmt: skip


def a_policy(rules: list[Json], **more: Any) -> Json:
    """Return a policy of `rules` alone."""
    return {"default": "reject", "defaults": [], "reads": {}, "rules": rules, "waivers": []} | more


def an_extension(url: str) -> Json:
    """Return a modifier extension whose value is true."""
    return {"url": url, "valueBoolean": True}


STUDY: Json = {
    "resourceType": ROOT, "text": {"status": "generated", "div": "<div>x</div>"}, "modifierExtension": [an_extension(A)],
    "series": [{"uid": "1", "instance": [{"uid": "2", "modifierExtension": [an_extension(A), an_extension(B)]}, {"uid": "3"}]}],
}  # fmt: skip


def judged(rules: list[Json], document: Json = STUDY) -> Json:
    """Return the report on the study."""
    return evaluate(a_policy(rules), document, release="R4", date=TODAY)


def single_rules() -> list[Json]:
    """Return every rule over two urls, two carriers and three truth values."""
    every = itertools.product(VERBS, (A, B), (ROOT, INSTANCE), (TRUE, FALSE, NEITHER))
    return [a_rule(verb, url, path, when, f"r{number:02}") for number, (verb, url, path, when) in enumerate(every)]


def effect(rule: Json, url: str, path: str) -> int | None:
    """Return what one rule of the small universe says of one occurrence, by the page: a rank in ORDER, None for nothing."""
    if (rule["urls"], rule["paths"]) != ([url], [path]) or rule["when"] is FALSE:
        return None
    if rule["when"] is NEITHER or (rule["verb"] == "exclude" and path == ROOT):
        return ORDER.index("reject")
    verb: str = rule["verb"]
    return ORDER.index({"understand": "accept", "forbid": "reject"}.get(verb, verb))


PLACES = [(A, ROOT), (A, INSTANCE), (B, INSTANCE)]


def test_every_policy_of_up_to_two_rules_decides_as_the_page_says() -> None:
    """The strictest match wins, the unnamed is rejected, order is irrelevant, and exclusion folds: all 3,570 pairs and fewer."""
    rules = single_rules()
    for chosen in itertools.chain([()], itertools.combinations(rules, 1), itertools.combinations(rules, 2)):
        report = judged(list(chosen))
        ranks = [max((e for rule in chosen if (e := effect(rule, *at)) is not None), default=6) for at in PLACES]
        assert [ORDER.index(d["verdict"]) for d in report["decisions"]] == ranks
        final = [any(r["verb"] == "forbid" and effect(r, *at) is not None for r in chosen) for at in PLACES]
        assert [d["final"] for d in report["decisions"]] == final
        below = [rank for rank, is_final in zip(ranks[1:], final[1:], strict=True) if 3 not in ranks[1:] or is_final or rank == 3]
        assert ORDER.index(report["verdict"]) == max([ranks[0], *below])
        assert report == judged(list(reversed(chosen)))


def outcomes(rules: tuple[Json, ...]) -> tuple[list[tuple[str, str, str | None, bool]], str]:
    """Return the decisions and the verdict, without places."""
    report = judged(list(rules))
    return [(d["verdict"], d["ground"], d["rule"], d["final"]) for d in report["decisions"]], report["verdict"]


def test_order_is_irrelevant_for_three_rules_of_one_url_and_place() -> None:
    """All triples of verb and truth value on one carrier give one report in all six orders."""
    rules = [rule for rule in single_rules() if (rule["urls"], rule["paths"]) == ([A], [INSTANCE])]
    assert len(rules) > 3
    for three in itertools.combinations(rules, 3):
        first = outcomes(three)
        assert all(outcomes(order) == first for order in itertools.permutations(three))


def test_every_policy_of_three_rules_keeps_the_laws_of_a_third_rule() -> None:
    """For all 95,284 triples, the third changes only what it matches, and a `reject` or `forbid` never loosens the verdict."""
    rules = single_rules()
    matched = {r["name"]: [effect(r, *at) for at in PLACES] for r in rules}
    finals = {r["name"]: r["verb"] == "forbid" for r in rules}
    folded: Counter[str] = Counter()
    pairs = {pair: small_fold(pair, matched, finals) for pair in itertools.combinations(matched, 2)}
    for three in itertools.combinations(matched, 3):
        ranks, verdict = small_fold(three, matched, finals)
        folded[ORDER[verdict]] += 1
        for added in range(3):
            pair = (*three[:added], *three[added + 1 :])
            before, old = pairs[pair]
            spoken = matched[three[added]]
            assert all(b == r for b, r, e in zip(before, ranks, spoken, strict=True) if e is None)
            if all(e in {None, 6} for e in spoken):
                assert verdict >= old
    assert set(folded) == set(ORDER) - {"clear"}
    for three in random.Random(7).sample(list(itertools.combinations(rules, 3)), 4000):
        decisions, said = outcomes(three)
        names = tuple(rule["name"] for rule in three)
        ranks, verdict = small_fold(names, matched, finals)
        assert ([ORDER.index(d[0]) for d in decisions], ORDER.index(said)) == (ranks, verdict)


def small_fold(names: tuple[str, ...], matched: dict[str, list[int | None]], finals: dict[str, bool]) -> tuple[list[int], int]:
    """Fold the effects of some rules by hand: ranks of the three occurrences, and of the study."""
    ranks = [max((e for n in names if (e := matched[n][i]) is not None), default=6) for i in range(3)]
    final = [any(finals[n] and matched[n][i] is not None for n in names) for i in range(3)]
    below = [ranks[i] for i in (1, 2) if 3 not in ranks[1:] or final[i] or ranks[i] == 3]
    return ranks, max(ranks[0], *below)


def test_with_no_rules_every_occurrence_is_rejected() -> None:
    """A policy without rules, reads, waivers and other default rejects all, whatever the document."""
    rng = random.Random(11)
    seen = 0
    for _ in range(800):
        case = random_case(rng)
        report = evaluate(a_policy([]), case.document, release="R4", date=TODAY, at=case.at, wire=case.wire, published=published)
        assert all(d["verdict"] == "reject" and d["rule"] is None for d in report["decisions"])
        assert report["verdict"] == ("reject" if report["decisions"] else "clear")
        seen += len(report["decisions"])
    assert seen > 1000


def again(case: Case, policy: Json) -> Json:
    """Judge the case under another policy."""
    return Case(policy, case.document, case.release, case.date, case.intent, case.at, case.wire, case.holder).expected()


def cases(seed: int, count: int = 1500) -> list[Case]:
    """Return random cases, the same for every run."""
    rng = random.Random(seed)
    return [random_case(rng) for _ in range(count)]


def test_order_of_everything_is_irrelevant() -> None:
    """Shuffled rules, waivers, defaults, urls and paths give the same report."""
    rng = random.Random(5)
    for case in cases(1):
        shuffled = {
            key: rng.sample(value, len(value)) if isinstance(value, list) else value for key, value in case.policy.items()
        }
        turned = [rule | {key: rule[key][::-1] for key in ("urls", "except", "paths")} for rule in shuffled["rules"]]
        assert again(case, shuffled | {"rules": turned}) == case.expected()


@pytest.mark.parametrize("verb", ["reject", "forbid"])
def test_adding_a_reject_or_forbid_never_loosens(verb: str) -> None:
    """With one more such rule no verdict is less strict: not the report's, and not an entry's."""
    for case in cases(2, 700):
        path = "*.implicitRules" if case.date.day % 2 else "*.**"
        for url, when in ((A, None), (B, TRUE), ("http://example.org/fhir/**", NEITHER)):
            added = a_rule(verb, url, path, when, "zulu")
            before, after = case.expected(), again(case, case.policy | {"rules": [*case.policy["rules"], added]})
            assert ORDER.index(after["verdict"]) >= ORDER.index(before["verdict"])
            for old, new in zip(before["entries"], after["entries"], strict=True):
                assert ORDER.index(new["verdict"]) >= ORDER.index(old["verdict"])


def test_adding_a_rule_changes_only_what_the_law_allows() -> None:
    """Only occurrences that it matches by url, wrong-slot findings of its url, and exclusions of one list change."""
    changed = 0
    for case in cases(3, 400):
        for verb in VERBS:
            added = a_rule(verb, A, "*.**", None, "zulu")
            before, after = case.expected(), again(case, case.policy | {"rules": [*case.policy["rules"], added]})
            old = {(d["location"], d["slot"], d["ground"] == "incomplete"): d for d in before["decisions"]}
            for decision in after["decisions"]:
                was = old.pop((decision["location"], decision["slot"], decision["ground"] == "incomplete"), None)
                if decision == was:
                    continue
                changed += 1
                same_list = was is not None and {was["verdict"], decision["verdict"]} == {"exclude", "reject"}
                assert decision["url"] == A or same_list
                assert was is not None or (decision["slot"], decision["value_type"] is not None) == ("extension", True)
            assert not old
    assert changed > 150


def test_exclusion_never_removes_a_final_decision_or_a_structural_fault() -> None:
    """A report is at least as strict as each of its final decisions and structural faults."""
    for case in cases(4):
        report = case.expected()
        for decision in report["decisions"]:
            if decision["final"] or decision["ground"] in STRUCTURAL:
                assert ORDER.index(report["verdict"]) >= ORDER.index(decision["verdict"])


def test_what_is_listed_once_is_decided_once() -> None:
    """No two decisions of a whole document share place and slot, and verdicts fold: nothing is stricter than its strictest."""
    for case in cases(6):
        report = case.expected()
        places = [(d["location"], d["slot"], d["ground"] == "incomplete") for d in report["decisions"]]
        assert case.holder is not None or len(places) == len(set(places))
        assert ORDER.index(report["verdict"]) <= max((ORDER.index(d["verdict"]) for d in report["decisions"]), default=0)
        assert all(ORDER.index(e["verdict"]) <= ORDER.index(report["verdict"]) for e in report["entries"])


def test_intent_modify_leaves_only_clear_accept_and_reject() -> None:
    """Under intent `modify` nothing is out of scope and nothing is between accept and reject; the read set says nothing."""
    for case in cases(7):
        changing = Case(case.policy, case.document, case.release, case.date, "modify", case.at, case.wire)
        report = changing.expected()
        assert {d["verdict"] for d in report["decisions"]} <= {"accept", "reject"}
        assert report == again(changing, case.policy | {"reads": {}})


def test_the_document_is_not_changed() -> None:
    """Judging changes neither document nor policy."""
    for case in cases(8, 300):
        before = repr((case.document, case.policy))
        case.expected()
        assert repr((case.document, case.policy)) == before


def test_random_cases_reach_every_verdict_and_ground() -> None:
    """In 3,000 cases every verdict and every ground occurs, each verdict in at least one case of a hundred."""
    verdicts, grounds = histogram(3000, 1)
    assert set(verdicts) == set(ORDER)
    assert min(verdicts.values()) >= 30, verdicts
    assert set(grounds) == {"rule", "waiver", "unknown", "undetermined", "out-of-scope", *STRUCTURAL}
    assert min(grounds.values()) >= 30, grounds


def test_a_policy_prints_as_a_rule_file() -> None:
    """Every rule and waiver of a policy stands in its text, once."""
    for case in cases(9, 300):
        text = to_caveat(case.policy)
        assert text.count('because "x"') == len(case.policy["rules"]) + len(case.policy["waivers"])
        assert all(text.count(f" {entry['name']}: ") == 1 for entry in [*case.policy["rules"], *case.policy["waivers"]])


@pytest.mark.parametrize("release", ["r4", "r4b", "r5"])
def test_the_shapes_carry_where_fhir_lets_them(shared: Path, release: str) -> None:
    """Each hand-written shape may carry a modifierExtension exactly where the definitions of the release say so."""
    with (shared / "definitions" / "derived" / f"{release}-paths-carrying-modifierExtension.csv").open(encoding="utf-8") as file:
        published_paths = {row["path"] for row in csv.DictReader(file)}
    assert published_paths & set(TYPES) == CARRIERS
