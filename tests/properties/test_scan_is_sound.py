"""Where the scan says that there is no modifier, no spelling of one can be found by reading the document."""

from __future__ import annotations

import json
import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from caveat.domain.decision import MODIFIERS
from caveat.intake.json_reader import Unreadable, read_json
from caveat.intake.near_miss import _LOOK_ALIKES, is_near_miss
from caveat.intake.scan import count_names, holds_extensions
from reference import json_reader as reference

TWINS = {letter: [chr(int(point, 16)) for point in points.split()] for letter, points in _LOOK_ALIKES.items()}
FILLERS = [
    " ",
    "_",
    "-",
    "\t",
    "\n",
    "\b",
    "\f",
    "\r",
    "\x00",
    "\x7f",
    "\u00a0",
    "\u200b",
    "\u0301",
    "\u2013",
    "\u3164",
    "\ufeff",
]
WORDS = ["a", "uid", "series", "number", "été", "日本", "contraindications", "resourceType", "\u0001", '"', "\\", "/"]


@st.composite
def disguises(draw: st.DrawFn) -> str:
    """Draw a spelling of the name: letters replaced by others that look alike, and what is passed over put in."""
    spelt = []
    for letter in MODIFIERS:
        twins = [letter.upper(), chr(ord(letter.lower()) - ord("a") + 0x1D41A), chr(ord(letter) + 0xFEE0)]
        twins += TWINS["s" if letter == "f" else letter.lower()]
        spelt.append(draw(st.sampled_from(twins)) if draw(st.integers(0, 3)) == 0 else letter)
        spelt += draw(st.lists(st.sampled_from(FILLERS), max_size=1)) if draw(st.integers(0, 9)) == 0 else []
    return "".join(spelt)


@st.composite
def spellings(draw: st.DrawFn, names: st.SearchStrategy[str]) -> str:
    """Draw a JSON string of a name, with letters as escapes now and then."""
    dice = draw(st.randoms(use_true_random=False))
    escapes = draw(st.sampled_from([0.0, 0.0, 0.05, 1.0]))
    return '"' + "".join(spell(character, dice, escapes) for character in draw(names)) + '"'


def spell(character: str, dice: random.Random, escapes: float) -> str:
    """Write one character as itself, as a short escape where it has one, or as four digits."""
    if dice.random() < escapes:
        units = character.encode("utf-16-be").hex()
        return "".join("\\u" + units[at : at + 4] for at in range(0, len(units), 4))
    return json.dumps(character, ensure_ascii=False)[1:-1]


def names_of(tree: Any) -> set[str]:
    """Return every name in a tree."""
    found: set[str] = set()
    stack = [tree]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            found |= value.keys()
            stack += value.values()
        elif isinstance(value, list):
            stack += value
    return found


@given(spellings(st.just(MODIFIERS) | disguises()), st.sampled_from(["", " ", "\n  ", "\t\r"]), st.integers(0, 5))
def test_every_planted_spelling_is_noticed(name: str, space: str, depth: int) -> None:
    """The name in any disguise, at any depth, is looked at; and it is the name or a near miss."""
    raw = ('{"a":[' * depth + "{" + name + space + ':[{"url":"http://a/b"}]}' + "]}" * depth).encode()
    tree = read_json(raw)
    assert not isinstance(tree, Unreadable)
    assert any(key == MODIFIERS or is_near_miss(key) for key in names_of(tree))
    assert count_names(raw) == 1 if name == f'"{MODIFIERS}"' else count_names(raw) is None


@given(
    st.lists(
        st.tuples(
            spellings(st.sampled_from([*WORDS, MODIFIERS, "implicitRules", "extension"]) | disguises() | st.text(max_size=24)),
            spellings(st.sampled_from([*WORDS, MODIFIERS])),
        ),
        max_size=6,
    )
)
def test_a_clean_scan_means_a_clean_tree(members: list[tuple[str, str]]) -> None:
    """Where the scan finds nothing, a plain reader finds no such name either."""
    raw = ("{" + ",".join(f"{name}:{value}" for name, value in members) + "}").encode("utf-8", "replace")
    if count_names(raw) != 0:
        return
    try:
        names = names_of(reference.read(raw))
    except reference.RefusedError:
        return
    assert names.isdisjoint({MODIFIERS, "implicitRules"})
    assert holds_extensions(raw) or "extension" not in names
    assert not any(is_near_miss(name) for name in names)


@given(
    st.lists(
        st.tuples(st.sampled_from(["uid", "number", "title", "status"]), st.text("acghpuvwyzABC 0123.", max_size=60)), max_size=8
    )
)
def test_ordinary_documents_are_let_by(members: list[tuple[str, str]]) -> None:
    """Documents of ordinary names need no closer look, whatever their values say."""
    assert count_names(json.dumps(dict(members), indent=40).encode()) == 0
