"""The values that analyses try show every answer that conditions can give on a coded value, whatever it lacks or repeats."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from caveat.analysis.findings import analyse
from caveat.analysis.values import values
from caveat.packs.policies import load_policy_text
from caveat.policy.conditions import (
    CodeLiteral,
    Comparison,
    Condition,
    Conjunction,
    Disjunction,
    Membership,
    Negation,
    Operand,
    Presence,
    evaluate,
)
from caveat.spec.release import Release
from strategies.judging import HEAD, rule

Q, W = "https://x.example/q", "https://x.example/w"
CODES = (CodeLiteral(Q, "a"), CodeLiteral(Q, "b"), CodeLiteral(W, "a"))
Json = dict[str, Any]


def objects(**fields: tuple[Any, ...]) -> Iterator[Json]:
    """Give every object with some of these fields."""
    for chosen in product(*((None, *each) for each in fields.values())):
        made = {name: value for name, value in zip(fields, chosen, strict=True) if value is not None}
        if made:
            yield made


CODINGS = list(objects(system=(Q, W, "z"), code=("a", "b", "other"), display=("d", "e"), version=("v",)))
FEW = [*objects(system=(Q, W, "z"), code=("a", "b", "other")), {"display": "d"}, {"display": "e", "code": "a"}]
LISTS = [[each] for each in FEW] + [[one, other] for one in FEW for other in FEW]
CONCEPTS = [*objects(text=("t", "u"), coding=tuple(LISTS)), {"extension": [{"url": Q, "valueBoolean": True}]}]
CASES: dict[str, tuple[list[Json], list[tuple[tuple[str, ...], tuple[Any, ...]]]]] = {
    "Coding": (CODINGS, [((), CODES), (("system",), (Q, W)), (("code",), ("a", "b")), (("display",), ("d",))]),
    "CodeableConcept": (
        CONCEPTS,
        [((), CODES), (("text",), ("t",)), (("coding",), CODES), (("coding", "code"), ("a", "b")), (("coding", "system"), (Q,))],
    ),
}


def condition(pick: random.Random, kind: str, depth: int = 2) -> Condition:
    """Return a condition on a value of a type."""
    shape = pick.choice(["atom", "not", "and", "or"]) if depth else "atom"
    if shape == "not":
        return Negation(condition(pick, kind, depth - 1))
    if shape != "atom":
        both = (condition(pick, kind, depth - 1), condition(pick, kind, depth - 1))
        return Conjunction(both) if shape == "and" else Disjunction(both)
    fields, literals = pick.choice(CASES[kind][1])
    operand = Operand(None, fields)
    if pick.random() < 0.3:
        return Presence(operand)
    if literals is CODES:
        return Membership(operand, tuple(pick.sample(CODES, pick.randint(1, 3))))
    return Comparison(operand, "=", pick.choice(literals))


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("seed", range(40))
def test_no_answer_is_missed(kind: str, seed: int) -> None:
    """What conditions answer together on any value of a small world, they answer on one of the values tried."""
    pick = random.Random(f"{kind}/{seed}")
    asked = [condition(pick, kind) for _ in range(pick.randint(1, 3))]
    tried = {each.told for each in values(asked, kind, Release.R4)}
    world = CASES[kind][0]
    for value in world if len(world) < 300 else pick.sample(world, 300):
        told = tuple(evaluate(each, {"url": "", f"value{kind}": value}, contradicted=False) for each in asked)
        assert told in tried, (asked, value)


@pytest.mark.parametrize(
    ("kind", "text", "codes"),
    [
        ("Coding", 'value.system present and value.code = "x"', ["CV135"]),
        ("Coding", "value.system present and not value.code present", []),
        ("Coding", "not value.system present and not value.code present and not value.display present", []),
        ("CodeableConcept", "not value.text present and not value.coding present", []),
    ],
)
def test_what_lacks_a_code_is_a_value(kind: str, text: str, codes: list[str]) -> None:
    """A Coding of any system may lack its code, and a concept its text and codings: what asks for that can be true."""
    loaded = load_policy_text(
        HEAD.replace("SETTINGS", "") + rule("review", "r", f'"https://x.example/m" on Patient as {kind} when {text}')
    )
    assert loaded.policy is not None, [str(each) for each in loaded.diagnostics]
    found = {each.code for each in analyse(loaded.policy, loaded.resolved).findings}
    assert sorted(found & {"CV133", "CV135"}) == codes
