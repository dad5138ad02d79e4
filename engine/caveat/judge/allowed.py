"""Hold each modifier extension against its own definition: what that does not allow is refused, whatever a rule says.

Rule 1: only what the walk found lawful is held, and only against definitions that are known in full (`is_whole`).
Rule 2: what is wrong is said first, else what cannot be told; both are faults, and neither lets anything through.
Rule 3: the status of a definition is no fault (MX-85), nor is the context of a cross-version one (MX-134).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from caveat.domain.decision import MODIFIERS, Carrier, Fault, Ground, Occurrence
from caveat.intake.extension import malformed
from caveat.judge.content import content_faults
from caveat.judge.fhirpath import Expressions
from caveat.judge.sentence import listed, quoted, times
from caveat.policy.policy import Policy
from caveat.spec.context import Kleene, Spot, any_of, counts, element_allows, spot_of
from caveat.spec.definition import Context, ContextKind, ExtensionDefinition
from caveat.spec.known import published_definition, published_kind
from caveat.spec.release import Release
from caveat.spec.shape import Shape, Tables, tables


@dataclass(frozen=True, slots=True)
class _Setting:
    """What all occurrences of one document are held against."""

    tables: Tables
    definition_of: Callable[[str], ExtensionDefinition | None]
    expressions: Expressions


def hold_to_definitions(
    found: Sequence[Occurrence], tree: Mapping[str, Any], policy: Policy, release: Release, *, is_whole: bool = True
) -> list[Occurrence]:
    """Return the occurrences, those with a fault that their own definition does not allow.

    `is_whole` says that `tree` shows all of the resources in it: an element alone does not, nor does a GraphQL answer.
    """
    setting = _Setting(tables(release), definitions_of(policy, release), Expressions(tree, release, is_whole=is_whole))
    counted = Counter((each.carrier.location, each.url) for each in found if each.slot == MODIFIERS)
    return [_held(setting, each, counted[each.carrier.location, each.url]) for each in found]


def definitions_of(policy: Policy, release: Release) -> Callable[[str], ExtensionDefinition | None]:
    """Return the function that gives the definition of a url: of the lock, else HL7's; what has none loads nothing."""
    locked = policy.library.definitions
    seen: dict[str, ExtensionDefinition | None] = {}

    def definition_of(url: str) -> ExtensionDefinition | None:
        """Return the definition of `url`, None where there is none."""
        if url not in seen:
            published = url not in locked and published_kind(url, release) is not None
            seen[url] = published_definition(url, release) if published else locked.get(url)
        return seen[url]

    return definition_of


def _held(setting: _Setting, occurrence: Occurrence, count: int) -> Occurrence:
    """Return one occurrence, of which `count` of the same url stand on its carrier, as its definition makes it."""
    if occurrence.slot != MODIFIERS or occurrence.fault is not None or occurrence.url is None:
        return occurrence
    if not occurrence.location.endswith(
        "]"
    ):  # a patch spells it: where it will stand is not seen, and the result is to be checked
        return occurrence
    definition = setting.definition_of(occurrence.url)
    if definition is None or not definition.is_whole:
        return occurrence
    maximum = definition.content.maximum
    settled = replace(occurrence, contradicted=occurrence.contradicted and maximum is not None and maximum <= 1)
    try:
        fault = next(_wrong(setting, definition, occurrence, count), None)
    except Exception:  # noqa: BLE001  whatever goes wrong in here must end in a refusal, not in an answer
        fault = _open("definition-open", "not verifiable: Caveat failed on its definition")
    return replace(settled, fault=replace(fault, by_definition=True)) if fault is not None else settled


def _wrong(setting: _Setting, definition: ExtensionDefinition, occurrence: Occurrence, count: int) -> Iterator[Fault]:
    """Give what the definition does not allow of an occurrence, then what cannot be told; what is costly comes last."""
    maximum = definition.content.maximum
    if maximum is not None and count > maximum:
        yield malformed("cardinality", f"misused: its definition allows it {times(maximum)} on an element")
    extension = setting.tables.required("Extension").children
    yield from content_faults(definition.content, occurrence.extension or {}, extension)
    if definition.is_cross_version:
        return
    doubts = []
    for fault in _out_of_context(setting, definition, occurrence):
        if fault.ground is Ground.MALFORMED:
            yield fault
        else:
            doubts.append(fault)
    yield from doubts


# where


def _out_of_context(setting: _Setting, definition: ExtensionDefinition, occurrence: Occurrence) -> Iterator[Fault]:
    """Give what is wrong with the place of an occurrence, or cannot be told of it.

    A definition without any context is itself at fault (sdf-5), and says of no place that it is wrong: it allows all.
    """
    tables_, carrier = setting.tables, occurrence.carrier
    spot = spot_of(tables_, tables_.resolve(carrier.path), carrier.names)
    contexts = [each for each in definition.contexts if counts(each, tables_.release)]
    answer = _allows(setting, contexts, spot, carrier) if definition.contexts else True
    if answer is False:
        yield malformed("context", f"misused: its definition allows it {_only_on(contexts, tables_.release)}")
    elif answer is None:
        doubtful = listed(quoted(each.expression) for each in contexts)
        yield _open(
            "context-open", f"not verifiable: whether it stands where its definition allows it ({doubtful}) cannot be told"
        )
    for invariant in definition.invariants:
        told = setting.expressions.holds(invariant, carrier, _base(setting, carrier), occurrence.location)
        if told is False:
            yield malformed("invariant", f"misused: its definition demands {quoted(invariant)}, which is not so")
        elif told is None:
            yield _open(
                "invariant-open", f"not verifiable: its definition demands {quoted(invariant)}, which cannot be evaluated"
            )


def _open(code: str, message: str) -> Fault:
    """Return the fault of what cannot be told: refused as well, and no waiver speaks of it."""
    return Fault(Ground.UNDETERMINED, code, message)


def _allows(setting: _Setting, contexts: Sequence[Context], spot: Spot, carrier: Carrier) -> Kleene:
    """Return whether one of the contexts allows the place; FHIRPath is evaluated only where no element decides."""
    plain = any_of(element_allows(each.expression, spot, setting.tables) for each in contexts if each.kind is ContextKind.ELEMENT)
    if plain is True:
        return True
    paths = (each.expression for each in contexts if each.kind is ContextKind.FHIRPATH)
    return any_of([plain, *(setting.expressions.selects(path, carrier) for path in paths)])


def _only_on(contexts: Sequence[Context], release: Release) -> str:
    """Say where a definition allows its extension; what is part of another extension is never in `modifierExtension` (MX-79)."""
    places = listed(quoted(each.expression) for each in contexts if each.kind is not ContextKind.EXTENSION)
    inside = listed(quoted(each.expression) for each in contexts if each.kind is ContextKind.EXTENSION)
    if places:
        return f"on {places} only"
    return f"only inside the extension {inside}" if inside else f"nowhere in FHIR {release.value}"


def _base(setting: _Setting, carrier: Carrier) -> str:
    """Return what FHIRPath is to know of the carrier: its data type, else its path."""
    place = setting.tables.resolve(carrier.path)
    types: Iterator[Shape] = (shape for shape in place.shapes if shape.name in carrier.names) if place else iter(())
    return next((shape.name for shape in types), carrier.short_path)
