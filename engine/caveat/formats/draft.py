"""Drafts rules for modifiers that no rule names yet: a statement to paste, or a whole rule file that lints clean.

Rule 1: a draft lets nothing through: its rules say `review`, and a person says the rest.
Rule 2: a url that no rule file may name is left out, and a comment says so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from caveat.domain.decision import Carrier
from caveat.formats.printable import LONGEST, printable
from caveat.lang.names import RESERVED
from caveat.lang.urls import literal_problem

_PATH = re.compile(r"(?:\*|[A-Z][A-Za-z0-9]*)(?:\.[a-z][A-Za-z0-9]*(?:\[x\])?)*")
_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_LONGEST_NAME = 60
_OF_NUMBERS = frozenset(
    "integer integer64 positiveInt unsignedInt decimal Quantity Age Distance Duration Count Money".split()  # noqa: SIM905  as prose
)
_OF_DAYS = frozenset({"date", "dateTime", "instant", "Period"})


@dataclass(frozen=True, slots=True)
class Unnamed:
    """A modifier that no rule names: its url, where it may be written in a rule, and the types of the values seen."""

    url: str
    paths: tuple[str, ...]
    types: tuple[str, ...]

    @property
    def is_rules(self) -> bool:
        """Whether it is the value of `implicitRules`, which is no extension."""
        return any(path.endswith(".implicitRules") for path in self.paths)


def path_in_rules(carrier: Carrier) -> str | None:
    """Return the path by which a rule may call an element, the shortest of those that name it wholly; None when there is none."""
    lawful = [name for name in (carrier.short_path, carrier.path, *sorted(carrier.names)) if _PATH.fullmatch(name)]
    return next((name for name in lawful if name in carrier.names), None)


def name_of(url: str, taken: Collection[str] = ()) -> str:
    """Return a kebab-case name made from the last part of `url`, and not one of those `taken`."""
    last = next((part for part in reversed(re.split(r"[/#?:|]", url)) if _WORDS.search(part)), "modifier")
    words = "-".join(word.lower() for word in _WORDS.findall(last))[:_LONGEST_NAME].strip("-")
    name = words if re.match("[a-z]", words) else f"modifier-{words}".strip("-")
    name = f"{name}-modifier" if name in RESERVED else name
    numbered = (name if number == 1 else f"{name}-{number}" for number in range(1, len(taken) + 2))
    return next(each for each in numbered if each not in taken)


def is_nameable(unnamed: Unnamed) -> bool:
    """Return whether a rule can name a modifier: its place by a path, and its url as it is, which may be no pattern."""
    url = unnamed.url
    return bool(unnamed.paths) and len(url) <= LONGEST and literal_problem(url, whole=unnamed.is_rules) is None


def statement(unnamed: Unnamed) -> str | None:
    """Return the rule that would have to be written for a modifier, on one line; None when no rule can name it."""
    if not is_nameable(unnamed):
        return None
    on = ", ".join(unnamed.paths)
    return f'review {name_of(unnamed.url)}: {_string(unnamed.url)} on {on}{_as(unnamed)} because "...";'


def rule_file(found: Iterable[Unnamed], policy: str, releases: Iterable[str]) -> str:
    """Return a rule file in canonical form, named `policy`, with one `review` rule and one test for each modifier found."""
    from caveat.lang.parser import parse  # noqa: PLC0415  Lark is slow to import, and a report needs only `statement`
    from caveat.lang.printer import print_file  # noqa: PLC0415  as above

    listed = sorted(found, key=lambda each: each.url)
    named = _named([each for each in listed if is_nameable(each)])
    left_out = [each for each in listed if each not in named.values()]
    blocks = [
        "caveat 1;",
        f'policy {_string(policy)} version "0.1.0" {{ owner "who answers for these rules"; fhir {", ".join(releases)}; }}',
        *(f"// No rule can name {printable(each.url)}: its url or its place is no lawful one." for each in left_out),
        "\n".join(f"extension {name} = {_string(each.url)};" for name, each in named.items() if not each.is_rules),
        *(_rule(name, each) for name, each in named.items()),
        *(_test(name, each) for name, each in named.items()),
    ]
    return print_file(parse("\n\n".join(block for block in blocks if block) + "\n", policy).file)


def _named(found: Iterable[Unnamed]) -> Mapping[str, Unnamed]:
    """Return what was found under names of its own."""
    named: dict[str, Unnamed] = {}
    for each in found:
        named[name_of(each.url, named)] = each
    return named


def _rule(name: str, each: Unnamed) -> str:
    """Return the rule that sends a modifier to a person."""
    head = f"review {name}-seen: {_subject(name, each)} on {', '.join(each.paths)}{_as(each)}"
    return f'{head}\n    because "found in data and not yet assessed";'


def _test(name: str, each: Unnamed) -> str:
    """Return a test that plants the modifier; one place and one type are enough to show that the rule decides."""
    planted = f"modifier {_subject(name, each)} on {each.paths[0]}"
    value = "" if each.is_rules else f" = {_literal(each.types[0])} as {each.types[0]}" if each.types else " = true"
    return f'test "{name} goes to a person" {{\n    {planted}{value};\n    expect review by {name}-seen;\n}}'


def _subject(name: str, each: Unnamed) -> str:
    """Return how statements call the modifier: by its name, but the value of implicitRules, no extension, as it is."""
    return _string(each.url) if each.is_rules else name


def _literal(kind: str) -> str:
    """Return a literal that a value of the type `kind` can be made of."""
    if kind in {"boolean", "complex"}:
        return "true"
    if kind in _OF_NUMBERS:
        return "1"
    return "2026-01-01" if kind in _OF_DAYS else '"x"'


def _as(each: Unnamed) -> str:
    """Return the value types of a rule; none for implicitRules, whose url is its value."""
    types = [kind for kind in each.types if _TYPE.fullmatch(kind)]
    return f" as {' | '.join(types)}" if types and not each.is_rules else ""


def _string(text: str) -> str:
    """Return a string as rule files write it, which is as JSON does."""
    return json.dumps(text, ensure_ascii=False)
