"""How the values of a difference are told: by type where all values of a type are meant, else one by one.

Rule 1: what is told of a value comes from rules, never from a document.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from caveat.analysis.difference.values import ANY, Drawn
from caveat.domain.change import Valued

_LONGEST = 80


@dataclass(frozen=True, slots=True)
class Meant:
    """The values that a change is about: whole types, or single values; nothing at all means every value. `number` is one."""

    types: tuple[str, ...]
    values: tuple[Valued, ...]
    number: int


def meant(drawn: Sequence[Drawn], numbers: Collection[int]) -> list[Meant]:
    """Return what the values of some `numbers` are, among all that were `drawn`: whole types first, then single values."""
    by_label: defaultdict[str, list[int]] = defaultdict(list)
    for number, each in enumerate(drawn):
        by_label[each.label].append(number)
    chosen = set(numbers)
    whole = {label for label, mine in by_label.items() if chosen.issuperset(mine)}
    single = sorted(number for number in chosen if drawn[number].label not in whole)
    told = [] if not whole else [_types(by_label, whole)]
    return told + ([Meant((), tuple(_valued(drawn[n]) for n in single), single[0])] if single else [])


def _types(by_label: Mapping[str, list[int]], whole: set[str]) -> Meant:
    """Return whole types as what is meant: every one of them is nothing to speak of."""
    first = min(by_label[label][0] for label in whole)
    return Meant(() if len(whole) == len(by_label) or ANY in whole else tuple(sorted(whole)), (), first)


def _valued(drawn: Drawn) -> Valued:
    """Return a value with what a person would call it."""
    content = drawn.value.content
    told = next(((key, value) for key, value in content.items() if key != "url"), ("", None))
    text = _text(drawn.value.type, *told)
    if drawn.value.contradicted:
        text = f"another than that of one beside it ({text})"
    return Valued(drawn.value.type, text, told[1], drawn.value.contradicted)


def _text(kind: str, key: str, value: Any) -> str:
    """Say a value of a FHIR type, which stands under the property `key`."""
    if key.startswith("_"):
        return f"a {kind} without a value"
    if key == "extension":
        return "parts " + ", ".join(f"{part.get('url')}{_part(part)}" for part in value)
    if kind == "CodeableConcept":
        codings = " + ".join(_code(coding) for coding in value.get("coding", ()))
        rest = {name: item for name, item in value.items() if name != "coding"}
        return " ".join(part for part in (codings, _json(rest) if rest and codings else "", "" if codings else "no code") if part)
    return _code(value) if kind == "Coding" else _json(value)


def _part(part: Mapping[str, Any]) -> str:
    value = next(((key, item) for key, item in part.items() if key != "url"), None)
    return "" if value is None else f" = {_text(_kind(value[0]), *value)}"


def _kind(key: str) -> str:
    """Return the type that a property is named after."""
    name = key.removeprefix("_").removeprefix("value")
    return name if name in {"CodeableConcept", "Coding"} else name[:1].lower() + name[1:]


def _code(coding: Mapping[str, Any]) -> str:
    """Say a coding as rule files do, its system by the last part of its url."""
    if not {"system", "code"} & coding.keys():
        return _json(coding)
    system = str(coding.get("system", "")).rstrip("/").rpartition("/")[2]
    return f"{system}#{coding.get('code', '')}"


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
