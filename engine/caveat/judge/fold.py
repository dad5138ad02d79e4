"""Fold decisions to a verdict: what is left out no longer counts, the strictest of the rest does.

Rule 1: an exclusion treats its element as absent, but final decisions and structural faults in it still count.
Rule 2: where too few elements would remain, nothing is left out.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from itertools import repeat
from typing import Any

from caveat.domain.decision import Decision, Verdict, strictest
from caveat.domain.report import Entry

_ENTRY = re.compile(r"Bundle\.entry\[\d+\]")  # an array in the list of entries is a fault of the entry that it stands for
_EACH_FOR_ITSELF = frozenset({"searchset", "collection", "history", "batch", "batch-response", "transaction-response"})


def folded(decisions: Sequence[Decision], verdicts: AbstractSet[Verdict]) -> tuple[tuple[Decision, ...], Verdict]:
    """Return `decisions` settled, and the verdict that they fold to.

    INVARIANT: `verdicts` are theirs, all of them: a verdict that is missing there would not count.
    """
    if Verdict.EXCLUDE not in verdicts:
        return tuple(decisions), strictest(verdicts)
    settled = settle(decisions)
    return settled, verdict_of(settled)


def settle(decisions: Sequence[Decision]) -> tuple[Decision, ...]:
    """Return `decisions` with every exclusion made `reject` that would leave fewer elements than the minimum."""
    gone: defaultdict[str, set[str]] = defaultdict(set)
    for decision in decisions:
        if decision.verdict is Verdict.EXCLUDE and decision.occurrence is not None:
            gone[decision.occurrence.carrier.siblings].add(decision.occurrence.carrier.location)
    return tuple(_kept(decision, gone) for decision in decisions)


def _kept(decision: Decision, gone: Mapping[str, set[str]]) -> Decision:
    """Return the decision, or `reject` in place of an exclusion that cannot be."""
    if decision.verdict is not Verdict.EXCLUDE or decision.occurrence is None:
        return decision
    carrier = decision.occurrence.carrier
    if carrier.count - len(gone[carrier.siblings]) < carrier.minimum:
        return replace(decision, verdict=Verdict.REJECT)
    return decision


def excluded(decisions: Iterable[Decision]) -> frozenset[str]:
    """Return the locations of the elements that settled `decisions` leave out."""
    left_out = (decision.occurrence for decision in decisions if decision.verdict is Verdict.EXCLUDE)
    return frozenset(each.carrier.location for each in left_out if each is not None)


def counting(decisions: Sequence[Decision]) -> list[Decision]:
    """Return the settled decisions that count: all but those on or below an element that is left out."""
    absent = excluded(decisions)
    if not absent:
        return list(decisions)
    return [d for d in decisions if d.stands or d.verdict is Verdict.EXCLUDE or not _lies_in(d, absent)]


def _lies_in(decision: Decision, absent: frozenset[str]) -> bool:
    """Return whether the decision is on or below one of the elements `absent`."""
    return decision.occurrence is not None and any(at in absent for at in _upward(decision.occurrence.carrier.location))


def _upward(location: str) -> Iterator[str]:
    """Give a location and all those above it."""
    while location:
        yield location
        location = location.rpartition(".")[0]


def verdict_of(decisions: Sequence[Decision]) -> Verdict:
    """Return the verdict that settled decisions fold to."""
    return strictest(decision.verdict for decision in counting(decisions))


def entries_of(tree: Mapping[str, Any], decisions: Sequence[Decision]) -> tuple[Entry, ...]:
    """Return the verdict of each entry of a Bundle whose entries stand for themselves; none for anything else.

    What stands on the entry, its search, request and response, and the resource in it counts for the entry; what stands on
    the Bundle itself counts for all. Bundles of type document, message or transaction, of unknown type or with a signature
    stand or fall as one.
    """
    listed, kind = tree.get("entry"), tree.get("type")
    apart = isinstance(kind, str) and kind in _EACH_FOR_ITSELF and "signature" not in tree
    if tree.get("resourceType") != "Bundle" or not apart or not isinstance(listed, list):
        return ()
    verdicts: defaultdict[str, Verdict] = defaultdict(lambda: Verdict.CLEAR)
    for decision in counting(decisions):
        key = _entry_of(decision)
        verdicts[key] = max(verdicts[key], decision.verdict)
    whole = verdicts.pop("", Verdict.CLEAR)
    if not verdicts:
        return tuple(map(Entry._make, zip(range(len(listed)), repeat(whole), strict=False)))
    return tuple(Entry(i, max(whole, verdicts.get(f"Bundle.entry[{i}]", Verdict.CLEAR))) for i in range(len(listed)))


def _entry_of(decision: Decision) -> str:
    """Return the location of the entry that a decision belongs to, empty for the Bundle itself."""
    location = decision.occurrence.carrier.location if decision.occurrence is not None else ""
    entry = _ENTRY.match(location)
    return entry[0] if entry else ""
