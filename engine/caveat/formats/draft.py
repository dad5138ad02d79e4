"""Drafts a rule for a modifier that no rule names yet: what a rule can call it, and a statement to paste.

Rule 1: a draft lets nothing through: its rule says `review`, and a person says the rest.
Rule 2: what no rule file may name is not drafted. Whole files are drafted by `drafting`, which needs Lark.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from caveat.domain.decision import Carrier
from caveat.formats.printable import LONGEST
from caveat.lang.literals import literal_problem
from caveat.lang.spelling import RESERVED, quoted_string
from caveat.spec.definition import ExtensionDefinition

_PATH = re.compile(r"(?:\*|[A-Z][A-Za-z0-9]*)(?:\.[a-z][A-Za-z0-9]*(?:\[x\])?)*")
_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Unnamed:
    """A modifier that no rule names: its url, where it may be written in a rule, the types of its values, its definition."""

    url: str
    paths: tuple[str, ...]
    types: tuple[str, ...]
    definition: ExtensionDefinition | None = None

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
    return f'review {name_of(unnamed.url)}: {quoted_string(unnamed.url)} on {on}{value_types(unnamed)} because "...";'


def value_types(each: Unnamed) -> str:
    """Return the value types of a rule; none for implicitRules, whose url is its value."""
    types = [kind for kind in each.types if _TYPE.fullmatch(kind)]
    return f" as {' | '.join(types)}" if types and not each.is_rules else ""


def publisher_of(url: str) -> str:
    """Return whose a url is, as far as it says so: what stands before `/StructureDefinition/`, else before its last part."""
    if "://" not in url:
        return ":".join(url.split(":")[:2])
    base, found, _ = url.partition("/StructureDefinition/")
    before = base if found else url.rpartition("/")[0]
    return before if "://" in before else url
