"""What is read in short is judged as what is read in full: the same report, for long rows with anything planted in them."""

from __future__ import annotations

import json
import random
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caveat import Guard, Limits
from caveat.intake import json_reader
from caveat.intake.json_reader import Unreadable, read_in_short, read_json
from caveat.intake.repeats import expanded, shortened
from caveat.judge import check, glance

RULES = """caveat 1;
policy "p" version "1" { owner "o"; }
extension known = "https://x.example/known";
understand k: known on ImagingStudy.series.instance when value = true because "b" assessed 2026-01-01;
exclude e: "https://x.example/gone" on ImagingStudy.series.instance because "b" assessed 2026-01-01;
"""
GUARDS = [Guard.default(), Guard.from_text(RULES)]

PLANTED = [
    '"modifierExtension":[{"url":"https://x.example/known","valueBoolean":true}]',
    '"modifierExtension":[{"url":"https://x.example/known","valueBoolean":false}]',
    '"modifierExtension":[{"url":"https://x.example/gone","valueString":"a"}]',
    '"modifierExtension":[{"url":"http://hl7.org/fhir/StructureDefinition/request-doNotPerform","valueBoolean":true}]',
    '"modifierExtension":[]',
    '"modifierExtension":{"url":"a"}',
    '"ModifierExtension":[]',
    '"modifierExtensi\\u006fn":[]',
    '"_modifierExtension":[]',
    '"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/request-doNotPerform","valueBoolean":true}]',
    '"extension":[{"url":"https://x.example/plain","valueString":"a"}]',
    '"extension":[{"url":"https:\\/\\/x.example\\/known","valueString":"a"}]',
    '"extension":[{"url":"https://x.example/plain","valueIdentifier":{"use":"old"}}]',
    '"implicitRules":"http://x.example/r"',
    '"uid":"again"',
    '"x":null',
    '"x":"\\u00009"',
    '"x":"\\""',
    '"x":1e5',
    '"x":123456789012345678901234567890',
    '"x":01',
    '"x":"ä"',
    '"x":NaN',
    '"x":{"x":1,"x":2}',
    '"x":"},{"',
    '"modality":{"system":"s","code":"c","modifierExtension":[{"url":"https://x.example/known","valueBoolean":true}]}',
    '"use":"old","status":"entered-in-error"',
    '"x":{}',
    '"contained":[{}]',
    "",
    "x",
]
ROWS = [
    '{"uid":"%d","number":%d,"sopClass":{"system":"urn:ietf:rfc:3986","code":"urn:oid:1.2"}}',
    '{"uid":"1.%d","number":-0.%d}',
    '{"a":[{"b":"%d"},{"b":"2"}],"c":true,"d":%d}',
    '{"uid":"%d","uid":%d}',
    '{"code":"%d","x":[1,%d]}',
    '{"uid":"%d","modifierExtension":[{"url":"https://x.example/known","valueDecimal":%d}]}',
    '{"system":"%d","code":"c%d"}',
    '{"system":"%d","extension":[{"url":"https://x.example/plain","valueInteger":%d}]}',
]
PLACES = [
    '{"resourceType":"ImagingStudy","status":"available","series":[{"uid":"s","instance":[%s]}]}',
    '{"resourceType":"ImagingStudy","status":"available","series":[{"uid":"s","instance":[%s]},{"uid":"t"}]}',
    '{"resourceType":"Patient","identifier":[%s],"active":false}',
    '{"resourceType":"Condition","clinicalStatus":{"coding":[%s]}}',
    '{"resourceType":"Patient","modifierExtension":[{"url":"https://x.example/known","valueCodeableConcept":{"coding":[%s]}}]}',
    '{"resourceType":"Patient","modifierExtension":[%s]}',
    '{"resourceType":"Patient","x":[[%s]]}',
    '{"resourceType":"Patient","x":"%s"}',
    '{"resourceType":"Patient","x":{%s}}',
    '{"resourceType":"Bundle","type":"collection","entry":[%s]}',
    '{"resourceType":"Nothing","x":[%s]}',
    "[%s]",
]


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    """Draw a document of one or two long rows, with something planted into a few of their objects, or between them."""
    dice = draw(st.randoms(use_true_random=False))
    return draw(st.sampled_from(PLACES)).replace("%s", ",".join(row(dice) for _ in range(dice.choice([1, 1, 2])))).encode()


def row(dice: random.Random) -> str:
    """Write a row of objects alike, but for what is planted."""
    form = dice.choice(ROWS)
    made = [form % (number, dice.randrange(10**6)) for number in range(dice.choice([3, 40, 90]))]
    made[:3] = [
        re.sub('"c[0-9]+"', '"active"', each) for each in made[:3]
    ]  # an ordinary code of a native modifier, and then others
    for _ in range(dice.choice([0, 0, 1, 1, 2, 30])):
        at = dice.randrange(len(made))
        text = dice.choice(PLANTED)
        made[at] = made[at][:-1] + ("," + text if dice.random() < 0.9 else text) + "}"
    for _ in range(dice.choice([0, 0, 0, 0, 1])):
        made.insert(dice.randrange(len(made)), dice.choice(PLANTED))
    if dice.random() < 0.1:
        made = [each + dice.choice(["", " "]) for each in made]
    return ",".join(made)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read small documents in short too."""
    monkeypatch.setattr(json_reader, "LEAST", 0)
    monkeypatch.setattr(glance, "LEAST", 0)


@given(
    documents(),
    st.sampled_from(GUARDS),
    st.sampled_from([Limits(), Limits(members=200), Limits(depth=5), Limits(number_length=9)]),
)
def test_a_report_is_the_same(raw: bytes, guard: Guard, limits: Limits) -> None:
    """Decisions with their places, verdict, native modifiers, notes, all."""
    guard = Guard(guard.policy, limits=limits)
    usual = guard.check(raw)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(check, "glance", lambda *_, **__: None)
        assert guard.check(raw) == usual


@given(documents(), st.sampled_from([Limits(), Limits(members=200), Limits(depth=5), Limits(number_length=9)]))
def test_what_is_refused_is_the_same(raw: bytes, limits: Limits) -> None:
    """Where one reader refuses, so does the other, for the same reason; else both give a tree of one shape."""
    full, short = read_json(raw, limits), read_in_short(raw, limits)
    if isinstance(full, Unreadable) or isinstance(short, Unreadable):
        assert full == short
    else:
        assert shape_of(full) == shape_of(short)


def shape_of(value: Any) -> Any:
    """Return a tree without its values, and with the modifier extensions in full."""
    if isinstance(value, dict):
        return {name: (repr(item) if name == "modifierExtension" else shape_of(item)) for name, item in value.items()}
    return [shape_of(item) for item in value] if isinstance(value, list) else type(value).__name__.replace("Decimal", "int")


def test_the_properties_are_not_idle() -> None:
    """Most rows are shortened, and what comes back has as many objects."""
    raw = (PLACES[0] % row(random.Random(6))).encode()
    short = shortened(raw)
    assert short is not None
    assert len(short.text) < len(raw) / 2
    assert len(expanded(read_json(short.text))["series"][0]["instance"]) == len(json.loads(raw)["series"][0]["instance"])


def test_a_modifier_with_a_definition_is_held_against_the_whole() -> None:
    """An expression of its definition may look at any part of the resource, so all of it is read."""
    planted = '{"uid":"m","modifierExtension":[{"url":"http://hl7.org/fhir/StructureDefinition/request-doNotPerform","valueBoolean":true}]}'
    rows = [f'{{"uid":"{number}","x":"{number}"}}' for number in range(60)]
    raw = (PLACES[0] % ",".join([*rows, planted])).encode()
    seen: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(check, "hold_to_definitions", lambda found, tree, *_, **__: seen.append(tree) or found)
        GUARDS[0].check(raw)
    assert [each["series"][0]["instance"][40]["uid"] for each in seen] == ["40"]


def test_one_without_is_not() -> None:
    """Nothing but its rules is asked; then the rows stay short."""
    rows = [f'{{"uid":"{number}","x":"{number}"}}' for number in range(60)]
    raw = (PLACES[0] % ",".join([*rows, '{"uid":"m",' + PLANTED[0] + "}"])).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(check, "read_json", None)
        (decision,) = GUARDS[1].check(raw).decisions
    assert decision.occurrence is not None
    assert decision.occurrence.location == "ImagingStudy.series[0].instance[60].modifierExtension[0]"
    assert decision.rule == "k"
