"""What no test has shown of a policy: each kind of gap, where it is written, and how a test closes it."""

from __future__ import annotations

from datetime import date

import pytest

from caveat.packs.cases import run_tests
from caveat.packs.coverage import gaps
from caveat.packs.policies import load_policy_text

TODAY = date(2026, 11, 24)
HEAD = """caveat 1;
policy "p" version "1" { owner "o"; default review; default exclude on Patient.contact, Patient.link; }
extension a = "https://x.example/p/a";
extension b = "https://x.example/b";
"""
RULE = """reject r: "https://x.example/p/*", b except a on Patient, Patient.communication
    as boolean | string when value = true because "x" from 2026-01-01 until 2026-12-31;
"""
WAIVER = """waive w: unknown for "https://x.example/w" on Patient, Group as warn
    from 2026-01-01 until 2026-12-31 owner "o" because "x";
"""


def found(*bodies: str, rules: str = RULE) -> list[str]:
    """Return what is missing with tests of these bodies, each by its kind and message."""
    text = HEAD + rules + "".join(f'test "t{number}" {{ {body} expect clear; }}\n' for number, body in enumerate(bodies))
    loaded = load_policy_text(text)
    assert loaded.policy is not None, [each.message for each in loaded.diagnostics]
    return [f"{gap.kind}: {gap.message}" for gap in gaps(loaded.policy, loaded.resolved, run_tests(loaded, TODAY))]


def test_of_what_never_decides_that_alone_is_said() -> None:
    """A rule that decides in no test has one gap, and each default that decides in none."""
    assert found(rules=RULE + WAIVER) == [
        "default: `default review` decides in no test",
        "default: `default exclude` decides on `Patient.contact` in no test",
        "default: `default exclude` decides on `Patient.link` in no test",
        "decides: `r` decides in no test",
        "decides: `w` decides in no test",
    ]


DEFAULTS = [
    *('modifier "https://x.example/u" on Patient;', 'modifier "https://x.example/u" on Patient.contact;'),
    'modifier "https://x.example/u" on Patient.link;',
]
DECIDED = "modifier b on Patient = true;"
CLOSED = {  # each gap of a rule that decides once, with the test that closes it
    "url: `r` decides on `https://x.example/p/*` in no test": 'modifier "https://x.example/p/z" on Patient = true;',
    "except: no test shows that `r` leaves `https://x.example/p/a` alone": "modifier a on Patient = true;",
    "path: `r` decides on `Patient.communication` in no test": "modifier b on Patient.communication = true;",
    "type: no test has a value of another type, which `r` leaves alone": "modifier b on Patient = 5;",
    "condition: no test has a value for which the condition of `r` is false": "modifier b on Patient = false;",
    "condition: no test has a value for which the condition of `r` is undetermined": 'modifier b on Patient = "x";',
    "date: no test asks for `r` on a day before it begins": f"{DECIDED} today 2025-12-31;",
    "date: no test asks for `r` on a day after it ended": f"{DECIDED} today 2027-01-01;",
}
OPEN = "type: `r` decides on a value of type `string` in no test"  # the condition asks for a boolean, so that none can


def test_every_kind_of_gap() -> None:
    """A rule that decides once: everything else of it is told."""
    assert set(found(*DEFAULTS, DECIDED)) == {*CLOSED, OPEN}


@pytest.mark.parametrize("gap", CLOSED)
def test_a_test_closes_its_gap_and_no_other(gap: str) -> None:
    """Each gap is closed by the test that shows what it says."""
    assert set(found(*DEFAULTS, DECIDED, CLOSED[gap])) == {*CLOSED, OPEN} - {gap}


def test_all_closed() -> None:
    """With all of these tests nothing is missing but what cannot be."""
    assert found(*DEFAULTS, DECIDED, *CLOSED.values()) == [OPEN]


def test_a_waiver() -> None:
    """Of a waiver: each path, and a day before and after."""
    url = 'modifier "https://x.example/w" on'
    only = found(*DEFAULTS, f"{url} Patient;", rules=WAIVER)
    assert only == [
        "path: `w` decides on `Group` in no test",
        "date: no test asks for `w` on a day before it begins",
        "date: no test asks for `w` on a day after it ended",
    ]
    more = [f"{url} Group;", f"{url} Patient; today 2025-01-01;", f"{url} Patient; today 2027-01-01;"]
    assert found(*DEFAULTS, f"{url} Patient;", *more, rules=WAIVER) == []


def test_presence_is_never_undetermined() -> None:
    """Of a condition that asks for presence only, nobody is asked to show it undetermined."""
    rules = 'reject r: b on Patient when value present because "x";\n'
    assert found(*DEFAULTS, DECIDED, rules=rules) == ["condition: no test has a value for which the condition of `r` is false"]


def test_a_condition_is_asked_itself() -> None:
    """A condition that was undetermined under a stricter rule has been seen so."""
    rules = 'forbid f: b on Patient because "x";\nreject r: b on Patient, Group when value = true because "x";\n'
    shown = found(*DEFAULTS, "modifier b on Patient;", "modifier b on Group;", 'modifier b on Patient = "x";', rules=rules)
    assert "condition: no test has a value for which the condition of `r` is undetermined" not in shown
    assert "condition: no test has a value for which the condition of `r` is false" in shown


def test_a_gap_stands_at_its_clause() -> None:
    """Each gap has the place of the clause that it is about."""
    loaded = load_policy_text(HEAD + RULE + f'test "t" {{ {DECIDED} expect reject; }}\n')
    assert loaded.policy is not None
    text = HEAD + RULE
    told = gaps(loaded.policy, loaded.resolved, run_tests(loaded, TODAY))
    marked = {gap.message: text[gap.span.start : gap.span.end] for gap in told}
    assert marked["no test shows that `r` leaves `https://x.example/p/a` alone"] == "a"
    assert marked["`r` decides on `Patient.communication` in no test"] == "Patient.communication"
    assert marked["no test asks for `r` on a day before it begins"] == "from 2026-01-01"
