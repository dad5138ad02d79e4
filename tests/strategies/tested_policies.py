"""Random policies with tests that pass: what the strength of tests is tried on."""

from __future__ import annotations

import random
from datetime import date

from caveat.lang.print_parts import given
from caveat.packs.cases import run_tests
from caveat.packs.policies import LoadedPolicy, load_policy_text

TODAY = date(2026, 6, 1)
HEAD = """caveat 1;
policy "p" version "1" {{ owner "o"; fhir {releases};{default} }}
codesystem S = "https://x.example/s";
extension a = "https://x.example/a";
extension b = "https://x.example/p/b";
"""
DEFAULTS = ["", " default reject;", " default review;", " default review; default exclude on ImagingStudy.series;"]
URLS = ["a", "b", "a, b", '"https://x.example/p/*"', '"https://x.example/p/**"', '"https://x.example/p/q/*"', "anything"]
PATHS = [
    *("ImagingStudy", "ImagingStudy.series", "ImagingStudy.series.instance", "ImagingStudy.series.**", "ImagingStudy.**"),
    *("*", "*.**", "Patient.contact", "Patient", "Dosage", "Patient.implicitRules"),
]
WHENS = [
    *("value = true", "not value = true", 'value in ["x", "y"]', "value = S#c", "value > 5", "value present"),
    *("value >= 2026-03-01", 'value = "x" or value = true', 'part("p") = true', "value = S#c and value present"),
]
TYPES = ["boolean", "string", "string | code", "CodeableConcept", "integer | decimal", "date", "complex"]
VALUES = [
    *(
        "= true",
        "= false",
        '= "x"',
        '= "y" as code',
        "= S#c",
        "= S#d as Coding",
        "= 5",
        "= 6.5",
        "= 2026-03-01",
        "= true as complex",
    ),
    *('= "x" as CodeableConcept', ""),
]
READS = ["", "", "reads ImagingStudy { series.instance.uid }\n", "reads Patient {}\n"]
GIVEN_URLS = ["a", "b", '"https://x.example/p/z"', '"https://x.example/p/q/z"', '"https://else.example/z"']
GIVEN_PATHS = ["ImagingStudy", "ImagingStudy.series", "ImagingStudy.series.instance", "Patient.contact", "Patient", "Basic"]
DAYS = ["2026-01-01", "2026-05-01", "2026-08-01", "2027-01-01"]


def a_policy(seed: int, tests: int = 4) -> LoadedPolicy | None:
    """Return a policy with at most `tests` tests, all of which pass on `TODAY`; None where chance made no lawful policy."""
    rng = random.Random(seed)
    text = "".join([
        HEAD.format(releases=rng.choice(["R4", "R4, R5", "R5"]), default=rng.choice(DEFAULTS)),
        rng.choice(READS),
        *(_rule(rng, number) for number in range(rng.randint(1, 4))),
        *(_waiver(rng, number) for number in range(rng.choice([0, 0, 1]))),
    ])  # fmt: skip
    bodies = [_given(rng) for _ in range(rng.randint(0, tests))]
    blind = load_policy_text(text + _tests(f"{body} expect clear;" for body in bodies))
    if blind.policy is None:
        return None
    told = [f"{body} {_expectation(rng, outcome)}" for body, outcome in zip(bodies, run_tests(blind, TODAY), strict=True)]
    loaded = load_policy_text(text + _tests(told))
    return loaded if all(outcome.passed for outcome in run_tests(loaded, TODAY)) else None


def _rule(rng: random.Random, number: int) -> str:
    """Return one rule; where a lawful one takes luck, more often a verb that is always lawful."""
    verb = rng.choice(["understand", "warn", "exclude", "narrative", "review", "review", "reject", "reject", "forbid"])
    urls = rng.choice(URLS[:3] if verb == "understand" else URLS[:6] if verb in {"warn", "exclude"} else URLS)
    paths = ", ".join(dict.fromkeys(rng.choices(PATHS, k=rng.choice([1, 1, 2]))))
    parts = [
        f"{verb} r{number}: {urls}",
        *([f"except {rng.choice(['a', 'b'])}"] if urls not in {"a", "b", "a, b"} and rng.random() < 0.4 else []),
        f"on {paths}",
        *([f"as {rng.choice(TYPES)}"] if rng.random() < 0.4 else []),
        *([f"when {rng.choice(WHENS)}"] if rng.random() < 0.5 else []),
        'because "x" assessed 2026-01-01',
        *([f"from {rng.choice(DAYS[:2])}"] if rng.random() < 0.15 else []),
        *([f"until {rng.choice(DAYS[2:])}"] if rng.random() < 0.15 else []),
    ]
    return " ".join(parts) + ";\n"


def _waiver(rng: random.Random, number: int) -> str:
    what = rng.choice(["unknown for", "r0 for"]) + " " + rng.choice(URLS[:4])
    as_ = rng.choice(["warn", "review", "exclude"])
    dates = f'from {rng.choice(DAYS[:2])} until {rng.choice(DAYS[2:])} owner "o" because "x"'
    return f"waive w{number}: {what} on {rng.choice(PATHS[1:5])} as {as_} {dates};\n"


def _given(rng: random.Random) -> str:
    planted = [
        f"modifier {rng.choice(GIVEN_URLS)} on {rng.choice(GIVEN_PATHS)} {rng.choice(VALUES)};"
        for _ in range(rng.choice([1, 1, 1, 2]))
    ]
    return " ".join([*planted, *([f"today {rng.choice(DAYS)};"] if rng.random() < 0.2 else [])])


def _expectation(rng: random.Random, outcome: object) -> str:
    """Return what a test is to expect: its verdict, or one decision in full."""
    decisions, verdict = outcome.decisions, outcome.verdict  # type: ignore[attr-defined]
    decision = rng.choice(decisions) if decisions and rng.random() < 0.7 else None
    if decision is None:
        return f"expect {verdict.word};"
    by = f" by {decision.rule}" if decision.rule else ""
    return f"expect {decision.verdict.word} {decision.ground}{by};"


def _tests(bodies: object) -> str:
    return "".join(f'test "t{number}" {{ {body} }}\n' for number, body in enumerate(bodies))  # type: ignore[arg-type]


def shown(statements: object) -> str:
    """Return the statements of a test, for a message."""
    return "; ".join(given(each) for each in statements)  # type: ignore[attr-defined]
