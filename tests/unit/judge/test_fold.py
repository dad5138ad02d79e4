"""How decisions fold: exclusions, what stands, the entries of Bundles. Language page, point 7 and Folding."""

from __future__ import annotations

from typing import Any

import pytest

from caveat.domain.decision import Decision, Ground, Verdict
from caveat.judge.evaluate import Sitting
from caveat.judge.fold import counting, entries_of, excluded, folded, settle, verdict_of
from strategies.judging import TODAY, carrying, policy_of, report, rule, study, told

POLICY = policy_of(
    rule("understand", "a", "@ok on *.**")
    + rule("warn", "w", "@warn on *.**")
    + rule("exclude", "x", "@out on *.**")
    + rule("review", "v", "@look on *.**")
    + rule("reject", "j", "@bad on *.**")
    + rule("forbid", "f", "@never on *.**")
)
MALFORMED = {"modifierExtension": [{"url": "relative", "valueBoolean": True}]}
APART = ["searchset", "collection", "history", "batch", "batch-response", "transaction-response"]
TOGETHER = [
    "document",
    "message",
    "transaction",
    "subscription-notification",
    "Searchset",
    "unheard-of",
    "",
    None,
    7,
    ["searchset"],
]


FOLDED: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": (study(), "clear"),
    "the strictest": (study("ok", "warn", series=[carrying("look")]), "review"),
    "an exclusion": (study("ok", series=[carrying("out")]), "exclude"),
    "on the excluded element": (study(series=[carrying("out", "bad", "look")]), "exclude"),
    "below it": (study(series=[carrying("out", instance=[carrying("bad")])]), "exclude"),
    "far below it": (
        study(series=[carrying("out", extension=[{"url": "http://a.example/b", "valueDosage": {"timing": carrying("bad")}}])]),
        "exclude",
    ),
    "beside it": (study(series=[carrying("out"), carrying("bad")]), "reject"),
    "above it": (study("look", series=[carrying("out")]), "review"),
    "an index that begins alike": (study(series=[{}, carrying("out"), *[{}] * 8, carrying("bad")]), "reject"),
    "a final one on it": (study(series=[carrying("out", "never")]), "reject"),
    "a final one below": (study(series=[carrying("out", instance=[carrying("never")])]), "reject"),
    "a fault below": (study(series=[carrying("out", instance=[MALFORMED])]), "reject"),
    "a misplaced one below": (study(series=[carrying("out", bodySite=carrying("ok"))]), "reject"),
    "an exclusion in an exclusion": (study(series=[carrying("out", instance=[carrying("out"), carrying("bad")])]), "exclude"),
    "a rejection in an inner exclusion": (study(series=[{"instance": [carrying("out", "bad")]}]), "exclude"),
    "on the root": (study("out", series=[carrying("ok")]), "reject"),
}


@pytest.mark.parametrize("tree", [tree for tree, _ in FOLDED.values()], ids=FOLDED)
def test_to_fold_is_to_settle_and_to_sum_up(tree: dict[str, Any]) -> None:
    """In one step or in two."""
    decisions, verdicts = Sitting(POLICY, TODAY).decide_all(
        [d.occurrence for d in report(POLICY, tree).decisions if d.occurrence]
    )
    assert folded(decisions, verdicts) == (settle(decisions), verdict_of(settle(decisions)))


@pytest.mark.parametrize(("tree", "verdict"), FOLDED.values(), ids=FOLDED)
def test_fold(tree: dict[str, Any], verdict: str) -> None:
    """What is left out no longer counts, but for final decisions and structural faults; the strictest of the rest does."""
    assert report(POLICY, tree).verdict.word == verdict


def test_every_decision_is_told() -> None:
    """Decisions that no longer count stay in the report as they fell."""
    tree = study(series=[carrying("out", instance=[carrying("bad")])])
    assert list(told(report(POLICY, tree)).values()) == ["exclude rule", "reject rule"]


def appointment(*participants: dict[str, Any]) -> dict[str, Any]:
    """Return a resource with a list of which one must remain."""
    return {"resourceType": "Appointment", "participant": list(participants)}


MINIMUM: dict[str, tuple[dict[str, Any], str]] = {
    "one of one": (appointment(carrying("out")), "reject"),
    "one of two": (appointment(carrying("out"), {"status": "accepted"}), "exclude"),
    "two of two": (appointment(carrying("out"), carrying("out")), "reject"),
    "two of three": (appointment(carrying("out"), carrying("out"), {"status": "accepted"}), "exclude"),
    "twice on one of two": (appointment(carrying("out", "out"), {"status": "accepted"}), "exclude"),
    "a single element that must be": ({"resourceType": "MessageHeader", "source": carrying("out")}, "reject"),
    "a single element that may lack": ({"resourceType": "MedicationRequest", "dispenseRequest": carrying("out")}, "exclude"),
    "all of a list that may be empty": (study(series=[carrying("out"), carrying("out")]), "exclude"),
}


@pytest.mark.parametrize(("tree", "verdict"), MINIMUM.values(), ids=MINIMUM)
def test_minimum(tree: dict[str, Any], verdict: str) -> None:
    """Where fewer elements than the minimum would remain, all exclusions of that list are rejections."""
    result = report(POLICY, tree)
    assert result.verdict.word == verdict
    assert {decision.verdict.word for decision in result.decisions} == {verdict}
    assert {decision.rule for decision in result.decisions} == {"x"}


def test_minimum_counts_each_list_by_itself() -> None:
    """What is left out of one list says nothing of another."""
    tree = {"resourceType": "Appointment", "contained": [appointment(carrying("out"), {})], "participant": [carrying("out"), {}]}
    assert report(POLICY, tree).verdict.word == "exclude"


def test_decisions_without_occurrence() -> None:
    """A decision on a document as a whole is on no element, and always counts."""
    unreadable = Decision(Verdict.REJECT, Ground.UNREADABLE)
    odd = Decision(Verdict.EXCLUDE, Ground.RULE)
    below = report(POLICY, study(series=[carrying("out")])).decisions[0]
    assert settle([unreadable, odd]) == (unreadable, odd)
    assert excluded([odd, below]) == {"ImagingStudy.series[0]"}
    assert counting([unreadable, odd, below]) == [unreadable, odd, below]
    warned = Decision(Verdict.WARN, Ground.RULE)
    assert counting([warned, below]) == [warned, below]
    assert verdict_of([]) is Verdict.CLEAR


# Bundles


def bundle(kind: object, *entries: Any, **rest: Any) -> dict[str, Any]:
    return {"resourceType": "Bundle", **({} if kind is None else {"type": kind}), "entry": list(entries), **rest}


def entries(tree: dict[str, Any], **rest: Any) -> list[str]:
    result = report(POLICY, tree, **rest)
    assert [entry.index for entry in result.entries] == list(range(len(result.entries)))
    return [entry.verdict.word for entry in result.entries]


MIXED = [{"resource": study("ok")}, {"resource": study("bad")}, {"resource": study()}]


@pytest.mark.parametrize("kind", APART)
def test_entries_apart(kind: str) -> None:
    """In these Bundles each entry has its own verdict, and the Bundle's is the strictest."""
    assert entries(bundle(kind, *MIXED)) == ["accept", "reject", "clear"]
    assert report(POLICY, bundle(kind, *MIXED)).verdict is Verdict.REJECT


@pytest.mark.parametrize("kind", TOGETHER, ids=str)
def test_entries_together(kind: object) -> None:
    """Documents, messages, transactions and Bundles of unknown type have one verdict, the strictest."""
    assert entries(bundle(kind, *MIXED)) == []
    assert report(POLICY, bundle(kind, *MIXED)).verdict is Verdict.REJECT


@pytest.mark.parametrize("signature", [{"data": "AA=="}, {}, None], ids=["signed", "signed emptily", "null"])
def test_a_signed_bundle_is_one(signature: object) -> None:
    """A Bundle with a signature stands or falls as one."""
    assert entries(bundle("searchset", *MIXED, signature=signature)) == []


PARTS: dict[str, tuple[dict[str, Any], str]] = {
    "the entry": (carrying("look"), "review"),
    "its search": ({"search": carrying("look")}, "review"),
    "its request": ({"request": carrying("look")}, "review"),
    "its response": ({"response": carrying("look")}, "review"),
    "the resource": ({"resource": study("look")}, "review"),
    "the outcome": ({"response": {"outcome": {"resourceType": "OperationOutcome", **carrying("look")}}}, "review"),
    "contained in the resource": ({"resource": study(contained=[{"resourceType": "Patient", **carrying("look")}])}, "review"),
    "a Bundle in the entry": ({"resource": bundle("searchset", {"resource": study("look")})}, "review"),
    "an excluded entry": (carrying("out", resource=study("bad")), "exclude"),
    "an excluded entry with a final one": (carrying("out", resource=study("never")), "reject"),
    "an exclusion in the resource": ({"resource": study(series=[carrying("out", instance=[carrying("bad")])])}, "exclude"),
}


@pytest.mark.parametrize(("entry", "verdict"), PARTS.values(), ids=PARTS)
def test_what_counts_for_an_entry(entry: dict[str, Any], verdict: str) -> None:
    """What stands on the entry, its search, request and response, and the resource counts for the entry alone."""
    assert entries(bundle("searchset", {"resource": study("ok")}, entry)) == ["accept", verdict]


def test_what_stands_on_the_bundle_counts_for_all() -> None:
    """What stands on the Bundle counts for each entry."""
    tree = bundle("searchset", {"resource": study()}, {"resource": study("bad")}, link=[carrying("look")])
    assert entries(tree) == ["review", "reject"]
    assert entries(bundle("searchset", {"resource": study()}, implicitRules="urn:x:y")) == ["reject"]


def test_entries_of_ten_and_more() -> None:
    """The eleventh entry is not the first."""
    assert entries(bundle("batch", *[{"resource": study()}] * 10, {"resource": study("bad")})) == ["clear"] * 10 + ["reject"]


def test_an_array_in_the_list_of_entries() -> None:
    """What stands in an array where an entry should be counts for that entry."""
    assert entries(bundle("batch", [{"resource": study("ok")}], {"resource": study("ok")})) == ["reject", "accept"]


def test_no_entries() -> None:
    """A Bundle without a list of entries, and whatever is no Bundle, has none."""
    assert entries({"resourceType": "Bundle", "type": "searchset"}) == []
    assert entries(bundle("searchset") | {"entry": {"resource": study("bad")}}) == []
    assert entries(bundle("searchset")) == []
    assert entries(study("bad", type="searchset", entry=[{}])) == []
    assert entries_of({"resourceType": "Parameters", "parameter": [{}]}, ()) == ()


def test_parameters_have_one_verdict() -> None:
    """Parameters stand or fall as one."""
    tree = {"resourceType": "Parameters", "parameter": [{"name": "a", "resource": study("ok")}, carrying("bad", name="b")]}
    assert entries(tree) == []
    assert report(POLICY, tree).verdict is Verdict.REJECT


def test_contained_resources_belong_to_their_container() -> None:
    """A contained resource is decided in its container's report."""
    tree = study(contained=[{"resourceType": "Patient", **carrying("bad")}])
    assert told(report(POLICY, tree)) == {"ImagingStudy.contained[0].modifierExtension[0]": "reject rule"}
