"""What is decided on one occurrence: language page, points 1 to 12."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from caveat.domain.decision import Fault, Ground, Near, Occurrence
from caveat.judge import evaluate
from caveat.policy.policy import Policy
from strategies.judging import TODAY, Intent, X, carrying, modifier, only, policy_of, report, rule, said, study, told, waiver

TEXT = {"text": {"status": "generated", "div": "<div>a</div>"}}
SERIES = study(series=[carrying("m")])
ORDER = ["understand", "warn", "exclude", "narrative", "review", "reject", "forbid"]
WAIVED = ["warn", "exclude", "narrative", "review"]


def rules(*verbs: str, path: str = "*.**", clauses: str = "") -> str:
    """Return one rule for each verb, named `r-` and the verb, on the modifier `m`."""
    return "".join(rule(verb, f"r-{verb}", f"@m on {path} {clauses}") for verb in verbs)


# nothing unnamed is understood


def test_no_rules() -> None:
    """With no rules every modifier is rejected, ground unknown (MX-22)."""
    assert said("", study("m")) == "reject unknown"
    assert told(report("", study("a", "b", series=[carrying("c")]))) == {
        "ImagingStudy.modifierExtension[0]": "reject unknown",
        "ImagingStudy.modifierExtension[1]": "reject unknown",
        "ImagingStudy.series[0].modifierExtension[0]": "reject unknown",
    }


def test_nothing_to_decide() -> None:
    """A resource without modifiers is clear, and has no decisions."""
    assert (report("", study()).verdict.word, report("", study()).decisions) == ("clear", ())


DEFAULTS = {
    "reject": ("default reject;", "reject"),
    "review": ("default review;", "review"),
    "exclude": ("default exclude;", "exclude"),
    "a path": ("default exclude on ImagingStudy.series;", "exclude"),
    "another path": ("default exclude on ImagingStudy.series.instance;", "reject"),
    "a path replaces the general one": ("default review; default exclude on ImagingStudy.series;", "exclude"),
    "a path may be stricter": ("default exclude; default review on ImagingStudy.series;", "review"),
    "of several paths the strictest": (
        "default exclude on ImagingStudy.series; default review on ImagingStudy.**; default exclude on *.**;",
        "review",
    ),
    "a deep path": ("default review on ImagingStudy.**;", "review"),
}


@pytest.mark.parametrize(("settings", "verdict"), DEFAULTS.values(), ids=DEFAULTS)
def test_default(settings: str, verdict: str) -> None:
    """Where no rule speaks the default does, that of the path before the general one."""
    assert said("", SERIES, settings=settings) == f"{verdict} unknown"


def test_default_exclude_on_a_root() -> None:
    """A default that cannot leave anything out rejects, before the strictest is taken."""
    settings = "default exclude on ImagingStudy.**; default review on ImagingStudy.**;"
    assert said("", study("m"), settings=settings) == "reject unknown"
    assert said("", SERIES, settings=settings) == "review unknown"


# the strictest wins


@pytest.mark.parametrize("verb", ORDER)
def test_one_rule(verb: str) -> None:
    """Each verb gives its verdict (MX-21)."""
    verdict = {"understand": "accept", "forbid": "reject"}.get(verb, verb)
    decision = only(rules(verb), {**SERIES, **TEXT})
    assert (decision.verdict.word, decision.ground, decision.rule, decision.because) == (verdict, "rule", f"r-{verb}", "b")
    assert decision.final is (verb == "forbid")


@pytest.mark.parametrize("stricter", range(1, len(ORDER)))
def test_the_strictest_wins(stricter: int) -> None:
    """Of two rules the stricter decides, in whatever order they stand."""
    lax, strict = ORDER[stricter - 1 : stricter + 1]
    results = [only(rules(*verbs), {**SERIES, **TEXT}) for verbs in ((lax, strict), (strict, lax))]
    assert [decision.rule for decision in results] == [f"r-{strict}"] * 2


def test_there_is_no_specificity() -> None:
    """A rule that names the url loses to a pattern that is stricter."""
    narrow = rule("understand", "narrow", "@m on ImagingStudy.series")
    assert said(narrow + rule("reject", "wide", '"https://x.example/**" on *.**'), SERIES) == "reject rule wide"
    assert said(narrow + rule("reject", "wide", '"https://x.example/**" except @m on *.**'), SERIES) == "accept rule narrow"


OPEN = "when value = 1"
TIES = {
    "final first": (rule("reject", "a", "@m on *.**") + rule("forbid", "z", "@m on *.**"), "reject rule z final"),
    "final and open before a rule": (
        rule("reject", "a", "@m on *.**") + rule("forbid", "z", f"@m on *.** {OPEN}"),
        "reject undetermined z final",
    ),
    "a rule before an open one": (rule("reject", "z", "@m on *.**") + rule("reject", "a", f"@m on *.** {OPEN}"), "reject rule z"),
    "a rule before a waiver": (
        rule("review", "z", "@m on *.**") + rule("reject", "y", "@m on *.**") + waiver("a", "y for @m on *.** as review"),
        "review rule z",
    ),
    "a waiver before an open one": (
        rule("warn", "z", f"@m on *.** {OPEN}") + rule("warn", "y", "@m on *.**") + waiver("x", "y for @m on *.** as narrative"),
        "reject waiver x",
    ),
    "the alphabet": (rule("review", "b", "@m on *.**") + rule("review", "a", "@m on *.**"), "review rule a"),
    "the alphabet of final ones": (rule("forbid", "b", "@m on *.**") + rule("forbid", "a", "@m on *.**"), "reject rule a final"),
    "a rule before an open one, both final": (
        rule("forbid", "b", "@m on *.**") + rule("forbid", "a", f"@m on *.** {OPEN}"),
        "reject rule b final",
    ),
}


@pytest.mark.parametrize(("body", "result"), TIES.values(), ids=TIES)
def test_ties(body: str, result: str) -> None:
    """Between equals: the final one, then rule before waiver before undetermined, then the alphabet."""
    assert said(body, SERIES) == result


# what a rule matches by

MATCHES = {
    "type": ("as boolean", True),
    "one of the types": ("as Coding | boolean", True),
    "another type": ("as Coding", False),
    "complex is another": ("as complex", False),
    "condition": ("when value = true", True),
    "condition that is false": ("when value = false", False),
    "begun today": ("from 2026-11-24", True),
    "not yet begun": ("from 2026-11-25", False),
    "ends today": ("until 2026-11-24", True),
    "ended": ("until 2026-11-23", False),
    "within its days": ("from 2026-11-24 until 2026-11-24", True),
    "another type and an open condition": ("as Coding when value = 1", False),
    "ended, with an open condition": ("until 2026-11-23 when value = 1", False),
}


@pytest.mark.parametrize(("clauses", "matches"), MATCHES.values(), ids=MATCHES)
def test_matches(clauses: str, *, matches: bool) -> None:
    """A rule matches by dates, url, path, type and condition together."""
    assert said(rules("review", clauses=clauses), SERIES) == ("review rule r-review" if matches else "reject unknown")


COMPLEX = {"modifierExtension": [{"url": X + "m", "extension": [{"url": "a", "valueCode": "x"}]}]}


def test_complex() -> None:
    """A complex extension is `as complex`, and its parts are asked for by their url."""
    body = rules("review", clauses='as complex when part("a") = "x"')
    assert said(body, study(series=[COMPLEX])) == "review rule r-review"
    assert said(body, SERIES) == "reject unknown"


# conditions that cannot be decided


@pytest.mark.parametrize("verb", ORDER)
def test_undetermined(verb: str) -> None:
    """An open condition is one more match worth reject, final when it is a `forbid`'s."""
    final = " final" if verb == "forbid" else ""
    assert said(rules(verb, clauses=OPEN), SERIES) == f"reject undetermined r-{verb}{final}"


def test_undetermined_beside_a_match() -> None:
    """An open condition outweighs what another rule lets through, and is removed by no waiver."""
    body = rules("understand") + rules("warn", clauses=OPEN)
    assert said(body, SERIES) == "reject undetermined r-warn"
    assert said(body + waiver("w", "r-warn for @m on *.** as warn"), SERIES) == "reject undetermined r-warn"
    assert said(body + waiver("w", "unknown for @m on *.** as warn"), SERIES) == "reject undetermined r-warn"


def test_contradiction() -> None:
    """Two of one url with different values on one carrier decide no comparison; with the same value they do."""
    body = rules("understand", clauses="when value = true")
    both = [modifier("m", valueBoolean=True), modifier("m", valueBoolean=False)]
    assert set(told(report(body, study(series=[{"modifierExtension": both}]))).values()) == {"reject undetermined"}
    assert set(told(report(body, study(series=[{"modifierExtension": [both[0], both[0]]}]))).values()) == {"accept rule"}
    apart = study(series=[{"modifierExtension": [each]} for each in both])
    assert set(told(report(body, apart)).values()) == {"accept rule", "reject unknown"}


def test_an_error_inside_is_undetermined(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong in a condition ends in a refusal."""

    def broken(*_: Any, **__: Any) -> bool:
        raise RuntimeError

    monkeypatch.setattr(evaluate, "evaluate", broken)
    assert said(rules("understand", clauses="when value = true"), SERIES) == "reject undetermined r-understand"


# waivers


@pytest.mark.parametrize("verdict", WAIVED)
def test_waiver_of_unknown(verdict: str) -> None:
    """A waiver replaces the default, where no rule speaks."""
    body = waiver("w", f"unknown for @m on ImagingStudy.series as {verdict}")
    assert said(body, {**SERIES, **TEXT}) == f"{verdict} waiver w"
    assert only(body, SERIES).because == "w"
    assert said(body + rules("reject"), SERIES) == "reject rule r-reject"
    assert said(body, study("m")) == "reject unknown"
    assert said(body, study(series=[carrying("n")])) == "reject unknown"


@pytest.mark.parametrize("verdict", WAIVED)
def test_waiver_of_a_rule(verdict: str) -> None:
    """A waiver removes one rule's decided match, and that one's only."""
    body = rules("reject") + waiver("w", f"r-reject for anything on ImagingStudy.series as {verdict}")
    assert said(body, {**SERIES, **TEXT}) == f"{verdict} waiver w"
    assert said(body, study("m")) == "reject rule r-reject"
    assert said(body + rule("reject", "other", "@m on *.**"), SERIES) == "reject rule other"
    assert said(body + rules("forbid"), SERIES) == "reject rule r-forbid final"


def test_no_waiver_touches_a_final_decision() -> None:
    """Even a waiver that no rule file could have is not heard against a `forbid`."""
    policy = policy_of(rules("reject") + waiver("w", "r-reject for @m on *.** as warn"))
    forbidding = replace(policy, rules=tuple(replace(each, verb="forbid") for each in policy.rules))
    assert [said(each, SERIES) for each in (policy, forbidding)] == ["warn waiver w", "reject rule r-reject final"]


def test_a_misplaced_empty_slot_is_misplaced() -> None:
    """`waive empty` softens what is malformed, never what is misplaced, however empty."""
    policy = policy_of(waiver("w", "empty on *.** as warn"))
    found = only(policy, study(modifierExtension=[])).occurrence
    assert found is not None
    misplaced = replace(found, fault=Fault(Ground.MISPLACED, "misplaced", "misplaced", empty=True))
    decided = [evaluate.decide(policy, each, TODAY) for each in (found, misplaced)]
    assert [(decision.verdict.word, decision.ground) for decision in decided] == [("warn", "waiver"), ("reject", "misplaced")]


def test_a_waiver_may_be_stricter_than_the_rule() -> None:
    """What replaces a match is the waiver's verdict, whatever it was."""
    assert said(rules("understand") + waiver("w", "r-understand for @m on *.** as review"), SERIES) == "review waiver w"


@pytest.mark.parametrize("kind", ["unknown", "r-reject"])
def test_of_several_waivers_the_strictest(kind: str) -> None:
    """Of several waivers the strictest counts, in any order; of equal ones the first name."""
    body = rules("reject") if kind == "r-reject" else ""
    lax, strict, same = (waiver(n, f"{kind} for @m on *.** as {v}") for n, v in (("a", "warn"), ("c", "review"), ("b", "review")))
    assert said(body + lax + strict, SERIES) == said(body + strict + lax, SERIES) == "review waiver c"
    assert said(body + lax + strict + same, SERIES) == "review waiver b"


TERMS = {
    "first day": (date(2026, 11, 1), True),
    "last day": (date(2026, 11, 30), True),
    "the day before": (date(2026, 10, 31), False),
    "the day after": (date(2026, 12, 1), False),
}


@pytest.mark.parametrize(("today", "holds"), TERMS.values(), ids=TERMS)
def test_waivers_begin_and_end(today: date, *, holds: bool) -> None:
    """Before its first day and after its last a waiver is as if it were not there."""
    unknown = waiver("w", "unknown for @m on *.** as warn")
    named = rules("reject") + waiver("w", "r-reject for @m on *.** as warn")
    assert said(unknown, SERIES, today=today) == ("warn waiver w" if holds else "reject unknown")
    assert said(named, SERIES, today=today) == ("warn waiver w" if holds else "reject rule r-reject")


def test_a_waiver_is_cut_at_the_longest() -> None:
    """A waiver that runs for longer than the policy allows ends where it must."""
    body = waiver("w", "unknown for @m on *.** as warn", "from 2026-11-01 until 2027-11-01")
    results = [said(body, SERIES, settings="waivers at most 24 days;", today=date(2026, 11, day)) for day in (24, 25)]
    assert results == ["warn waiver w", "reject unknown"]


def test_waiver_as_exclude_on_a_root() -> None:
    """A waiver that cannot leave anything out, or has no narrative, rejects before the strictest is taken."""
    body = waiver("a", "unknown for @m on ImagingStudy.** as exclude") + waiver("b", "unknown for @m on *.** as review")
    assert said(body, study("m")) == "reject waiver a"
    assert said(body, SERIES) == "review waiver b"


# exclude and narrative where they cannot be

VALUE = study(extension=[{"url": X + "plain", "valueTiming": carrying("m")}])
IN_VALUE = study(extension=[{"url": X + "plain", "valueDosage": {"timing": carrying("m")}}])
CONTAINED = study(contained=[{"resourceType": "Patient", **carrying("m")}])
CONTAINED_CONTACT = study(contained=[{"resourceType": "Patient", "contact": [carrying("m")]}])
ENTRY: dict[str, Any] = {"resourceType": "Bundle", "type": "collection", "entry": [carrying("m")]}

EXCLUDED = {
    "an element": (SERIES, "exclude"),
    "an element of a contained resource": (CONTAINED_CONTACT, "exclude"),
    "an entry": (ENTRY, "exclude"),
    "a root": (study("m"), "reject"),
    "a contained resource": (CONTAINED, "reject"),
    "the value of an extension": (VALUE, "reject"),
    "below the value of an extension": (IN_VALUE, "reject"),
    "the resource of an entry": ({**ENTRY, "entry": [{"resource": study("m")}]}, "reject"),
}


@pytest.mark.parametrize(("tree", "verdict"), EXCLUDED.values(), ids=EXCLUDED)
def test_exclude(tree: dict[str, Any], verdict: str) -> None:
    """`exclude` on a root or an extension's value is reject, and is so before the strictest is taken (MX-23)."""
    assert said(rules("exclude"), tree) == f"{verdict} rule r-exclude"
    stricter = "r-exclude" if verdict == "reject" else "r-review"
    assert only(rules("exclude", "review"), tree).rule == stricter


def test_exclude_on_the_root_of_an_element_alone() -> None:
    """The root of the input cannot be left out, be it a resource or not."""
    assert said(rules("exclude"), carrying("m"), at="ImagingStudy.series") == "reject rule r-exclude"
    below = carrying(instance=[carrying("m")])
    del below["modifierExtension"]
    assert said(rules("exclude"), below, at="ImagingStudy.series") == "exclude rule r-exclude"


def test_exclude_on_implicit_rules() -> None:
    """`implicitRules` stands on the root."""
    body = rule("exclude", "r", "@m on ImagingStudy.implicitRules, ImagingStudy.series")
    assert said(body, study(implicitRules=X + "m")) == "reject rule r"


NARRATIVE = {
    "generated": (study("m", text={"status": "generated"}), "narrative"),
    "extensions": (study("m", text={"status": "extensions"}), "narrative"),
    "additional": (study("m", text={"status": "additional"}), "reject"),
    "empty": (study("m", text={"status": "empty"}), "reject"),
    "another case": (study("m", text={"status": "Generated"}), "reject"),
    "no status": (study("m", text={}), "reject"),
    "a text that is no object": (study("m", text="generated"), "reject"),
    "no text": (study("m"), "reject"),
    "on an element": (study(series=[carrying("m")], **TEXT), "narrative"),
    "contained, the container has one": ({**CONTAINED, **TEXT}, "narrative"),
    "contained, itself has one": (study(contained=[{"resourceType": "Patient", **carrying("m"), **TEXT}]), "reject"),
    "a Bundle's entry": ({**ENTRY, **TEXT}, "reject"),
    "the resource of an entry": ({**ENTRY, "entry": [{"resource": study("m", **TEXT)}]}, "narrative"),
    "Parameters": ({"resourceType": "Parameters", "parameter": [carrying("m")], **TEXT}, "reject"),
}


@pytest.mark.parametrize(("tree", "verdict"), NARRATIVE.values(), ids=NARRATIVE)
def test_narrative(tree: dict[str, Any], verdict: str) -> None:
    """`narrative` holds where the narrative speaks for all of the data; elsewhere it is reject, before the strictest is taken."""
    assert said(rules("narrative"), tree) == f"{verdict} rule r-narrative"
    assert only(rules("narrative", "review"), tree).rule == ("r-narrative" if verdict == "reject" else "r-review")


def test_narrative_of_an_element_alone() -> None:
    """An element alone has no narrative."""
    assert said(rules("narrative"), carrying("m"), at="ImagingStudy.series") == "reject rule r-narrative"


# scope and intent


def test_out_of_scope_is_clear_and_told() -> None:
    """What the application does not read is clear, whatever rules say, and is reported."""
    body = "reads ImagingStudy { status }" + rules("forbid")
    assert said(body, SERIES) == "clear out-of-scope"
    assert report(body, SERIES).verdict.word == "clear"
    assert said(body, study("m")) == "reject rule r-forbid final"


@pytest.mark.parametrize("verb", ORDER)
def test_modify(verb: str) -> None:
    """For an application that writes back, everything but clear and accept is reject; rule and ground stay (MX-28)."""
    verdict = "accept" if verb == "understand" else "reject"
    final = " final" if verb == "forbid" else ""
    assert said(rules(verb), {**SERIES, **TEXT}, intent=Intent.MODIFY) == f"{verdict} rule r-{verb}{final}"


def test_modify_makes_waivers_and_defaults_reject() -> None:
    """Waivers, defaults and waived faults let nothing through that is to be written back."""
    body = waiver("w", "unknown for @m on *.** as warn") + waiver("v", "empty on *.** as warn")
    assert said(body, SERIES, intent=Intent.MODIFY) == "reject waiver w"
    assert said(body, study(modifierExtension=[]), intent=Intent.MODIFY) == "reject waiver v"
    assert said("", SERIES, intent=Intent.MODIFY, settings="default review;") == "reject unknown"


def test_modify_has_everything_in_scope() -> None:
    """Under `modify`, what is not read counts too."""
    assert said("reads ImagingStudy {}", SERIES, intent=Intent.MODIFY) == "reject unknown"
    assert said("reads ImagingStudy {}" + rules("understand"), SERIES, intent=Intent.MODIFY) == "accept rule r-understand"


# structural faults

PUBLISHED = "http://hl7.org/fhir/StructureDefinition/patient-birthPlace"
PLAIN = {"url": PUBLISHED, "valueAddress": {"city": "a"}}
FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "malformed": (study(series=[{"modifierExtension": [{"url": X + "m"}]}]), "malformed"),
    "misplaced": (study(series=[{"bodySite": carrying("m")}]), "misplaced"),
    "misplaced before malformed": (study(series=[{"bodySite": {"modifierExtension": []}}]), "misplaced"),
    "wrong slot": (study(extension=[modifier("m")]), "wrong-slot"),
    "a plain one among modifiers": (study(modifierExtension=[PLAIN]), "wrong-slot"),
    "empty": (study(modifierExtension=[]), "malformed"),
    "null": (study(modifierExtension=None), "malformed"),
    "no array": (study(modifierExtension={"url": X + "m", "valueBoolean": True}), "malformed"),
    "near miss": (study(ModifierExtension=[modifier("m")]), "malformed"),
    "incomplete": (study(meta={"tag": [{"code": "SUBSETTED"}]}), "incomplete"),
    "implicitRules that are no URI": (study(implicitRules="here"), "malformed"),
}
LAX = (
    rule("understand", "r", "@m on *, ImagingStudy.series")
    + waiver("u", "unknown for @m on *.** as warn")
    + waiver("n", "r for anything on *.** as warn")
)


@pytest.mark.parametrize(("tree", "ground"), FAULTS.values(), ids=FAULTS)
def test_fault(tree: dict[str, Any], ground: str) -> None:
    """A structural fault is rejected whatever rules, other waivers, scope and intent say."""
    for body in ("", LAX, "reads ImagingStudy {}" + LAX):
        if ground == "wrong-slot" and "extension" in tree and not body:
            continue  # not known as a modifier without the rule
        for intent in Intent:
            decision = only(body, tree, intent=intent)
            assert (decision.verdict.word, decision.ground, decision.rule, decision.final) == ("reject", ground, None, False)
            assert decision.detail


SOFTENED = {
    "wrong slot as warn": ("wrong slot", "wrong-slot for @m on *.** as warn", "warn"),
    "wrong slot as review": ("wrong slot", "wrong-slot for @m on *.** as review", "review"),
    "wrong slot as exclude": ("wrong slot", "wrong-slot for @m on *.** as exclude", "review"),
    "wrong slot as narrative": ("wrong slot", "wrong-slot for @m on *.** as narrative", "review"),
    "a plain one": ("a plain one among modifiers", f'wrong-slot for "{PUBLISHED}" on *.** as warn', "warn"),
    "wrong slot of another url": ("wrong slot", "wrong-slot for @n on *.** as warn", None),
    "wrong slot elsewhere": ("wrong slot", "wrong-slot for @m on Patient as warn", None),
    "empty": ("empty", "empty on *.** as warn", "warn"),
    "null": ("null", "empty on * as review", "review"),
    "empty as exclude on a root": ("empty", "empty on *.** as exclude", "reject"),
    "an object is not empty": ("no array", "empty on *.** as warn", None),
    "malformed is not empty": ("malformed", "empty on *.** as warn", None),
    "misplaced is not empty": ("misplaced before malformed", "empty on *.** as warn", None),
    "incomplete": ("incomplete", "incomplete on ImagingStudy as warn", "warn"),
    "incomplete elsewhere": ("incomplete", "incomplete on ImagingStudy.series as warn", None),
    "empty is not incomplete": ("empty", "incomplete on *.** as warn", None),
}


@pytest.mark.parametrize(("fault", "words", "verdict"), SOFTENED.values(), ids=SOFTENED)
def test_waived_fault(fault: str, words: str, verdict: str | None) -> None:
    """Empty slots, wrong slots and incomplete sources can be waived; a wrong slot to review or warn only."""
    tree, ground = FAULTS[fault]
    body = rule("understand", "r", "@m on *, ImagingStudy.series") + waiver("w", words)
    assert said(body, tree) == (f"{verdict} waiver w" if verdict else f"reject {ground}")
    assert only(body, tree).detail
    ended = body.replace("until 2026-11-30", "until 2026-11-23")
    assert said(ended, tree) == f"reject {ground}"


def test_of_several_waivers_of_a_fault_the_strictest() -> None:
    """Of several waivers of a fault the strictest counts; `exclude` counts as review."""
    body = rule("understand", "r", "@m on *")
    both = waiver("a", "wrong-slot for @m on *.** as warn") + waiver("z", "wrong-slot for @m on *.** as exclude")
    assert said(body + both, study(extension=[modifier("m")])) == "review waiver z"


def test_a_plain_extension_is_no_occurrence() -> None:
    """An extension that no table and no literal url calls a modifier is none, though a pattern would match it."""
    body = rule("reject", "r", '"https://x.example/fhir/**" on *.**')
    assert report(body, study(extension=[modifier("m")])).decisions == ()
    assert (
        said(body + rule("understand", "s", "@m on * until 2020-01-01"), study(extension=[modifier("m")])) == "reject wrong-slot"
    )


def test_what_the_tables_call_plain_stays_plain() -> None:
    """A literal url in a rule does not make a modifier of what HL7 publishes as plain."""
    body = f'reject r: "{PUBLISHED}" on *.** because "b";'
    assert report(body, study(extension=[PLAIN])).decisions == ()
    assert said(body, study(modifierExtension=[PLAIN])) == "reject wrong-slot"


# near misses

NEAR = {
    "url, a slash": ("@m/ on ImagingStudy.series", "url"),
    "url, a case": ("@M on ImagingStudy.series", "url"),
    "url on another path": ("@M on Patient", None),
    "except": ('"https://x.example/fhir/**" except @m on ImagingStudy.series', "except"),
    "path": ("@m on ImagingStudy", "path"),
    "type": ("@m on ImagingStudy.series as Coding", "type"),
    "type, whose condition would be false": ("@m on ImagingStudy.series as Coding when value = false", "type"),
    "condition": ("@m on ImagingStudy.series when value = false", "condition"),
    "date, ended": ("@m on ImagingStudy.series until 2026-11-23", "date"),
    "date, not begun": ("@m on ImagingStudy.series from 2026-11-25", "date"),
    "two parts": ("@m on ImagingStudy as Coding", None),
    "two others": ("@m on ImagingStudy.series when value = false until 2026-11-23", None),
    "another url": ("@n on ImagingStudy.series", None),
    "a match": ("@m on ImagingStudy.series", None),
    "an open condition": ("@m on ImagingStudy.series when value = 1", None),
}


@pytest.mark.parametrize(("rest", "missed"), NEAR.values(), ids=NEAR)
def test_near(rest: str, missed: str | None) -> None:
    """A decision names the rules that all but one part kept from deciding."""
    decision = only(rule("reject", "r", rest), SERIES)
    assert decision.near == ((Near("r", missed),) if missed else ())


def test_near_of_faults() -> None:
    """A malformed occurrence names rules of a similar url, one without a url names none."""
    body = rule("reject", "r", "@m on *.**")
    version = study(modifierExtension=[{"url": X + "m|1.0", "valueBoolean": True}])
    assert only(body, version).near == (Near("r", "url"),)
    assert only(body, study(modifierExtension=[{"valueBoolean": True}])).near == ()


def test_policy_is_a_function_of_its_arguments() -> None:
    """The same question has the same answer, and the order of rules does not matter."""
    body = [rules(verb) for verb in ORDER]
    assert report(policy_of("".join(body)), SERIES) == report(policy_of("".join(reversed(body))), SERIES)


# one sitting for many


def occurrences(*trees: dict[str, Any], policy: Policy) -> list[list[Occurrence]]:
    """Return the occurrences in each tree."""
    return [[d.occurrence for d in report(policy, tree).decisions if d.occurrence is not None] for tree in trees]


MANY = policy_of(
    rule("understand", "u", "@m on *.** when value = true")
    + rule("warn", "w", "@n on *.**")
    + rule("exclude", "x", "@n on ImagingStudy.series")
    + rule("understand", "t", "@t on *.** as boolean")
    + waiver("l", "unknown for @o on *.** as review")
)
TREES = [
    study("m", "n", "o", "p", series=[carrying("n"), carrying("n", instance=[carrying("m"), carrying("o", "o")])]),
    study(modifierExtension=[modifier("m", valueBoolean=False), modifier("m", valueString="a"), {"url": "relative"}]),
    study(modifierExtension=[modifier("t"), modifier("t", valueString="a"), modifier("t"), modifier("t", valueCode="a")]),
    study(modifierExtension=[modifier("n"), modifier("n", valueString=""), modifier("n"), modifier("n", valueBoolean=1)]),
    study(modifierExtension=[modifier("t"), modifier("t", valueBoolean=1), modifier("t")]),
    study(modifierExtension=[]),
    study("m", implicitRules="http://x.example/rules"),
    study(contained=[study("m", "n")], text={"status": "generated"}),
    study("q" * 600, "m"),
    study(made_up={"modifierExtension": [modifier("m"), modifier("n")], "other": carrying("m", "n", "m")}),
]


@pytest.mark.parametrize("intent", Intent)
@pytest.mark.parametrize("most", [1, 3, 1000])
def test_one_sitting_decides_as_one_for_each(intent: Intent, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it decided before, whether it has kept that or not, and in whatever order documents come."""
    monkeypatch.setattr(evaluate, "_MOST", most)
    sitting = evaluate.Sitting(MANY, TODAY, intent)
    found = occurrences(*TREES, policy=MANY)
    for each in (*found, *reversed(found), [one for many in found for one in many]):
        apart = [evaluate.decide(MANY, one, TODAY, intent) for one in each]
        assert sitting.decide_all(each) == (apart, {one.verdict for one in apart})
        assert len(sitting._kept) <= most


def test_a_sitting_keeps_nothing_of_a_document_but_urls_and_kinds_of_place() -> None:
    """No occurrence, no location, and no url that is very long."""
    sitting = evaluate.Sitting(MANY, TODAY)
    for each in occurrences(*TREES, policy=MANY):
        sitting.decide_all(each)
    assert len(sitting._kept) > 5
    assert all(said is None or not any(isinstance(each, Occurrence) for each in said) for _, said in sitting._kept.values())
    assert re.search(r"\[\d", repr(list(sitting._kept))) is None
    assert "q" * 600 not in repr(sitting._kept)
    assert "made_up" not in repr(sitting._kept)


def test_carriers_of_which_nothing_is_known_are_decided_each_by_itself() -> None:
    """Two that share their names may differ in all else."""
    policy = policy_of(rule("exclude", "x", "@m on *.**"))
    ((one,),) = occurrences(study(series=[carrying("m")]), policy=policy)
    other = replace(one, carrier=replace(one.carrier, is_root=True))
    decided, _ = evaluate.Sitting(policy, TODAY).decide_all([one, other, one])
    assert [each.verdict.word for each in decided] == ["exclude", "reject", "exclude"]
    assert [each.occurrence for each in decided] == [one, other, one]
