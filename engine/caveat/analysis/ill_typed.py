"""CV133, by type: comparisons that no value of a rule's types can decide, and fields that these types lack.

Rule 1: what one of the types of a rule allows is no mistake; each comparison, and each literal of a list, is asked for itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from caveat.analysis.sites import value_types
from caveat.analysis.subject import Subject
from caveat.analysis.values import COMPLEX
from caveat.domain.decision import RULES
from caveat.domain.diagnostic import Diagnostic, Span
from caveat.lang import syntax
from caveat.lang.diagnose import diagnose, did_you_mean, listed, quoted
from caveat.lang.resolved import ResolvedRule
from caveat.lang.walk import nodes
from caveat.policy.policy import Rule
from caveat.spec.release import Release
from caveat.spec.shape import Shape

_NUMBERS = frozenset({"integer", "positiveInt", "unsignedInt", "decimal"})
_DAYS = frozenset({"date", "dateTime", "instant"})
_CODED = frozenset({"CodeableConcept", "Coding"})
_ORDERED = frozenset({"<", "<=", ">", ">="})
_FEW = 8
_KINDS: dict[type, str] = {
    syntax.Truth: "a boolean",
    syntax.Number: "a number",
    syntax.Day: "a date",
    syntax.Code: "a code of a system",
}


@dataclass(frozen=True, slots=True)
class _Atom:
    """One comparison or test of presence as written; `literals` with their places, `symbol` empty for a test of presence."""

    operand: syntax.Operand
    symbol: str
    literals: tuple[syntax.Literal, ...]

    @property
    def name(self) -> str:
        """The operand as written."""
        return ".".join([f'part("{self.operand.part}")' if self.operand.part is not None else "value", *self.operand.fields])


def type_findings(subject: Subject, rule: Rule, written: ResolvedRule) -> list[Diagnostic]:
    """Return what is wrong with the types in the condition of a rule, each comparison once."""
    if written.when is None:
        return []
    kinds = _kinds(subject, rule)
    found: dict[tuple[str, str | None], Diagnostic] = {}
    for atom in _atoms(written.when):
        finding = _finding(subject, atom, kinds)
        if finding is not None:
            found.setdefault((finding.message, finding.help), finding)
    return list(found.values())


def is_typed_throughout(subject: Subject, rule: Rule, written: ResolvedRule) -> bool:
    """Return whether each comparison can be decided for each type that the rule names: none stays open by its type alone."""
    if written.when is None or not rule.types:
        return False
    return not any(_finding(subject, atom, [kind]) for atom in _atoms(written.when) for kind in _kinds(subject, rule))


def _atoms(condition: syntax.Condition) -> Iterator[_Atom]:
    for node in nodes(condition, syntax.Compare):
        yield _Atom(node.operand, node.operator, (node.literal,))
    for each in nodes(condition, syntax.In):
        yield _Atom(each.operand, "in", each.literals)
    for test in nodes(condition, syntax.Present):
        yield _Atom(test.operand, "", ())


def _kinds(subject: Subject, rule: Rule) -> list[tuple[Release, str]]:
    """Return the value types that a rule may meet, in each release."""
    places = subject.space.classes_on(rule.paths)
    if places and all(place.site.slot == RULES for place in places):
        return [(release, "uri") for release in subject.space.releases]
    known = {release: {*value_types(release), COMPLEX} for release in subject.space.releases}
    return [(release, kind) for release, names in known.items() for kind in sorted(names & (rule.types or names))]


def _finding(subject: Subject, atom: _Atom, kinds: list[tuple[Release, str]]) -> Diagnostic | None:
    """Return what is wrong with one comparison under every type."""
    if not kinds:
        return None
    found = [_leaves(atom, release, kind) for release, kind in kinds]
    names = sorted({kind for _, kind in kinds})
    if not any(found):
        return _lacking(atom, kinds, names)
    leaves = [leaf for each in found for leaf in each]
    for literal in atom.literals:
        if not any(_fits(literal, atom.symbol, leaf) for leaf in leaves):
            return _ill_typed(subject, atom, literal, sorted({leaf.name for leaf in leaves}))
    return None


def _leaves(atom: _Atom, release: Release, kind: str) -> list[Shape]:
    """Return the shapes that the operand may have in a value of the type `kind`: none when it can have no such thing."""
    known = {name: child.shape for name, (_, child) in value_types(release).items() if child.shape is not None}
    if atom.operand.part is not None:
        shapes = list(known.values()) if kind == COMPLEX else []
    elif kind == COMPLEX:
        return [] if atom.operand.fields or atom.symbol else list(known.values())[:1]
    else:
        shapes = [known[kind]] if kind in known else []
    for name in atom.operand.fields:
        children = [shape.children[name] for shape in shapes if name in shape.children and shape.kind != "primitive"]
        shapes = [child.shape for child in children if child.shape is not None]
    return shapes


def _fits(literal: syntax.Literal, symbol: str, leaf: Shape) -> bool:
    """Return whether a comparison with a literal can be decided for some value of a type."""
    match literal:
        case syntax.Truth():
            return leaf.name == "boolean" and symbol not in _ORDERED
        case syntax.Number():
            return leaf.name in _NUMBERS
        case syntax.Day():
            return leaf.name in _DAYS
        case syntax.Code():
            return leaf.name in _CODED and symbol not in _ORDERED
        case _:
            is_text = leaf.kind == "primitive" and leaf.name not in _NUMBERS | {"boolean"}
            return is_text and symbol not in _ORDERED


def _lacking(atom: _Atom, kinds: list[tuple[Release, str]], names: list[str]) -> Diagnostic:
    """Say which field, part or value the types lack."""
    span = atom.operand.span
    if atom.operand.part is not None and not any(kind == COMPLEX for _, kind in kinds):
        message = f"{_types(names)} has no parts"
        note = "only an extension with parts (`as complex`) has them, and then it has no value"
        return _error(message, span, note, "write `as complex`, or ask for `value`")
    if names == [COMPLEX]:
        note = "an extension with parts has no value of its own"
        return _error("an extension that is `as complex` has no value", span, note, 'ask for one of its parts: `part("url")`')
    owners, missing = _owners(atom, kinds)
    known = sorted({name for owner in owners for name in owner.children if name not in {"id", "extension"}})
    whose = _types(sorted({owner.name for owner in owners}))
    near = did_you_mean(missing, known)
    advice = near or (f"it has {listed(known[:_FEW])}" if known else "it has no fields: compare the value itself")
    why = "a field that is not there leaves a comparison open each time"
    return _error(f"{whose} has no field {quoted(missing)}", span, why, advice)


def _owners(atom: _Atom, kinds: list[tuple[Release, str]]) -> tuple[list[Shape], str]:
    """Return the shapes on which the first field is missing that none of them has, and that field."""
    owners: list[Shape] = []
    for length, name in enumerate(atom.operand.fields):
        upper = _Atom(syntax.Operand(atom.operand.part, atom.operand.fields[:length], atom.operand.span), "=", ())
        owners = list(dict.fromkeys(leaf for release, kind in kinds for leaf in _leaves(upper, release, kind)))
        if not any(name in owner.children and owner.kind != "primitive" for owner in owners):
            return owners, name
    return owners, atom.operand.fields[-1]


def _types(names: list[str]) -> str:
    return listed(names) if 0 < len(names) <= _FEW else "the value"


def _ill_typed(subject: Subject, atom: _Atom, literal: syntax.Literal, names: list[str]) -> Diagnostic:
    """Say that a literal can never be compared with what an operand is."""
    what = _KINDS.get(type(literal), "a string")
    is_ordered = atom.symbol in _ORDERED and not isinstance(literal, syntax.Number | syntax.Day)
    if is_ordered:
        message = f"{what} has no order: `{atom.symbol}` compares numbers and dates"
        return _error(message, literal.span, _OPEN, "write `=`, `!=` or `in`")
    message = f"{quoted(atom.name)} is {_types(names)}, and is compared with {what}"
    return _error(message, literal.span, _OPEN, _advice(subject, atom, literal, names))


_OPEN = "the comparison can never be decided, and what is undetermined is rejected"


def _advice(subject: Subject, atom: _Atom, literal: syntax.Literal, names: list[str]) -> str:
    """Say what to compare with instead, written out where the literal says what is meant."""
    if isinstance(literal, syntax.Code):
        return f'it has no system: write `"{literal.code}"`' if set(names) - _CODED else "write a code"
    if set(names) <= _CODED:
        return "compare it with a code and its system: `SYSTEM#code`"
    if "boolean" in names:
        said = literal.value.lower() if isinstance(literal, syntax.Text) else ""
        return f"write `{said}` without quotes" if said in {"true", "false"} else "compare it with `true` or `false`"
    if set(names) <= _NUMBERS and isinstance(literal, syntax.Text) and _is_number(literal.value):
        return f"write `{literal.value}` without quotes"
    if set(names) <= _NUMBERS:
        return "compare it with a number"
    if any(name.endswith("Quantity") or name in {"Age", "Count", "Distance", "Duration", "Money"} for name in names):
        return f"compare its number: `{atom.name}.value`"
    if set(names) <= _DAYS:
        return "compare it with a date: `2026-01-31`"
    if all(name[:1].islower() for name in names):
        return f'write `"{subject.text(literal.span)}"`, a string'
    return f"compare one of its fields: `{atom.name}.` and the name of the field"


def _is_number(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except ArithmeticError:
        return False


def _error(message: str, span: Span, note: str, remedy: str) -> Diagnostic:
    return diagnose("CV133", message, span, notes=(note,), remedy=remedy)
