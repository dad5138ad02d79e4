"""Rule 1: the meaning of a policy as the language page states it, naively; A9 to A20 are the readings where the page is silent.

A9  Structural faults and waivers of them do not ask for scope; incomplete is one of them, whatever the resource's type.
A10 A waived structural fault has ground `waiver` and is no longer structural: an exclusion above swallows it.
A11 `exclude` and `narrative` of waivers and defaults become `reject` where a rule's would; what becomes it keeps ground and name.
A12 "On an extension's value" is: at a value or anywhere below one. "What stands in it" likewise, for scope.
A13 A waived match is replaced by the waiver's verdict, stricter or not; the default speaks only where nothing else matches.
A14 `waivers at most N days`: the last day is `from` + N - 1. A waiver without `from` or `until` does not hold.
A15 Exclusions are counted list by list, whether or not something above is excluded; an element counts once.
A16 Under `modify` everything becomes reject before folding, so nothing is excluded; inherited decisions too.
A17 Inherited decisions (`within`) are those whose path is a proper prefix of the root's, `ImagingStudy.implicitRules` among
    them, and those without path (unreadable); `exclude` and `narrative` become reject; clear ones are listed as clear. So are
    structural faults on a path that FHIR does not have: nobody can tell what they concern.
A18 "Different values" are different Extensions, `id` apart; well formed or not, in one modifierExtension array.
A19 `exclude` on implicitRules is on the root.
A20 A Bundle's entries are told only for a Bundle that is the document. What stands on the Bundle is all that stands in no entry.
A21 What its own definition does not allow is malformed. `elsewhere` are the urls whose definitions allow none of the types in
    `reference.shapes`; what definitions say otherwise is the matter of `reference.definitions`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from reference.conditions import truth
from reference.shapes import CARRIERS, PRIMITIVES, TYPES
from reference.walk import Json, Node, Occurrence, Reading, Unreadable, occurrences, root_of

ORDER = ["clear", "accept", "warn", "exclude", "narrative", "review", "reject"]
VERBS = {"understand": "accept", "forbid": "reject"}
STRUCTURAL = {"malformed", "misplaced", "wrong-slot", "unreadable", "incomplete"}
ONE_VERDICT_EACH = {"searchset", "collection", "history", "batch", "batch-response", "transaction-response"}
Match = tuple[str, str, str | None, bool]  # verdict, ground, name, final


@dataclass(frozen=True)
class Setting:
    """What holds for one call."""

    policy: Json
    date: dt.date
    modify: bool


def evaluate(
    policy: Json,
    document: Any,
    *,
    release: str,
    date: dt.date,
    intent: str = "read",
    at: str | None = None,
    wire: str = "fhir",
    within: list[Json] | None = None,
    published: Callable[[str], bool | None] = lambda _: None,
    elsewhere: frozenset[str] = frozenset(),
) -> Json:
    """Return verdict, decisions and entries as plain data; the shapes are the same in every release."""
    assert release in {"R4", "R4B", "R5"}
    setting = Setting(policy, date, intent == "modify")
    literals = frozenset(url for rule in policy["rules"] for url in rule["urls"] if url != "anything" and not url.endswith("*"))
    try:
        root = root_of(document, at)
        found = list(occurrences(Reading(wire == "graphql", published, literals), document, root))
    except Unreadable:
        only = dict.fromkeys(("location", "path", "slot", "url", "value_type", "rule"))
        only |= {"verdict": "reject", "ground": "unreadable", "final": False}
        return {"verdict": "reject", "decisions": [only], "entries": []}
    found = [replace(each, fault="malformed") if _is_elsewhere(each, elsewhere) else each for each in found]
    decisions = [_decide(setting, occurrence) | {"_": occurrence.node} for occurrence in found]
    for decision in decisions:
        if setting.modify:
            decision["verdict"] = _modified(decision["verdict"])
    _keep_minimum(decisions)
    excluded = {d["_"].location for d in decisions if d["verdict"] == "exclude"}
    counted = [d for d in decisions if _counts(d, excluded)]
    inherited = [_inherit(d, setting) for d in within or [] if _is_above(d["path"], root) or _is_nowhere(d)]
    for decision in decisions:
        del decision["_"]
    entries = _entries(document, counted) if root.kind == "Bundle" else []
    return {"verdict": _fold(counted + inherited), "decisions": decisions + inherited, "entries": entries}


def _is_elsewhere(found: Occurrence, elsewhere: frozenset[str]) -> bool:
    is_spelt = not found.location.endswith("]")  # by a patch (A26), which says nothing of where it will stand
    return found.slot == "modifierExtension" and found.fault is None and found.url in elsewhere and not is_spelt


def _fold(decisions: list[Json]) -> str:
    return max((d["verdict"] for d in decisions), key=ORDER.index, default="clear")


def _modified(verdict: str) -> str:
    return verdict if verdict in {"clear", "accept"} else "reject"


def _is_above(path: str | None, root: Node) -> bool:
    return path is None or root.path.startswith(path.removesuffix(".implicitRules") + ".")


def _is_nowhere(decision: Json) -> bool:
    kind, *steps = (decision["path"] or "").removesuffix(".implicitRules").split(".")
    for step in steps:
        if step.endswith("[x]"):
            return False  # of several types, and one of them is meant
        fields = TYPES.get(kind, {}) | ({"modifierExtension": ("Extension", 0, True)} if kind in CARRIERS else {})
        if step not in fields:
            return decision["ground"] in STRUCTURAL
        kind = "Element" if fields[step][0] in PRIMITIVES else fields[step][0]
    return False


def _inherit(decision: Json, setting: Setting) -> Json:
    verdict = "reject" if decision["verdict"] in {"exclude", "narrative"} else decision["verdict"]
    return decision | {"verdict": _modified(verdict) if setting.modify else verdict}


def _counts(decision: Json, excluded: set[str]) -> bool:
    covered = any(f"{decision['_'].location}.".startswith(f"{place}.") for place in excluded)
    return decision["final"] or decision["ground"] in STRUCTURAL or decision["verdict"] == "exclude" or not covered


def _keep_minimum(decisions: list[Json]) -> None:
    exclusions = [d for d in decisions if d["verdict"] == "exclude"]
    left_out = {(d["_"].row, d["_"].location) for d in exclusions}
    for decision in exclusions:
        _, count, minimum = row = decision["_"].row
        if count - sum(other == row for other, _ in left_out) < minimum:
            decision["verdict"] = "reject"


def _entries(bundle: Json, counted: list[Json]) -> list[Json]:
    if bundle.get("type") not in ONE_VERDICT_EACH or bundle.get("signature"):
        return []
    for_all = [d for d in counted if not re.match(r"Bundle\.entry\[\d+\]\.", d["location"])]  # null for an entry is on the Bundle
    own = [[d for d in counted if d["location"].startswith(f"Bundle.entry[{i}].")] for i in range(len(bundle.get("entry") or []))]
    return [{"index": i, "verdict": _fold(for_all + mine)} for i, mine in enumerate(own)]


def _decide(setting: Setting, found: Occurrence) -> Json:
    verdict, ground, name, final = _judged(setting, found)
    path = f"{found.node.path}.implicitRules" if found.slot == "implicitRules" else found.node.path
    return {"location": found.location, "path": path, "slot": found.slot, "url": found.url, "value_type": found.value_type,
            "verdict": verdict, "ground": ground, "rule": name, "final": final}  # fmt: skip


def _judged(setting: Setting, found: Occurrence) -> Match:
    if found.fault:
        kind = "empty" if found.fault == "malformed" and found.empty else found.fault
        waived = [_match(found, w["verdict"], "waiver", w["name"]) for w in _waivers(setting, found, kind)]
        return _winner(waived) if waived else ("reject", found.fault, None, False)
    if not setting.modify and not _in_scope(setting.policy["reads"], found.node):
        return "clear", "out-of-scope", None, False
    matches = [match for rule in setting.policy["rules"] for match in _matches(setting, found, rule)]
    if not matches:
        matches = [_match(found, w["verdict"], "waiver", w["name"]) for w in _waivers(setting, found, "unknown")]
    if not matches:
        defaults = [d["verdict"] for d in setting.policy["defaults"] if _on(d["paths"], found)] or [setting.policy["default"]]
        matches = [_match(found, default, "unknown", None) for default in defaults]
    return _winner(matches)


def _winner(matches: list[Match]) -> Match:
    grounds = ["rule", "waiver", "undetermined", "unknown"]
    return min(matches, key=lambda m: (-ORDER.index(m[0]), not m[3], grounds.index(m[1]), m[2] or ""))


def _match(found: Occurrence, verdict: str, ground: str, name: str | None, *, final: bool = False) -> Match:
    node = found.node
    impossible = (verdict == "exclude" and (node.root or node.in_value)) or (verdict == "narrative" and not node.narrative)
    return "reject" if impossible else verdict, ground, name, final


def _matches(setting: Setting, found: Occurrence, rule: Json) -> list[Match]:
    """Return what `rule` says of `found`: nothing, its verdict, what waivers make of it, or that it cannot be decided."""
    of_type = rule["types"] is None or found.value_type in rule["types"]
    if not (_in_force(rule, setting.date) and _named(found.url, rule) and _on(rule["paths"], found) and of_type):
        return []
    holds: bool | None = truth(rule["when"], found.ext, contradicted=found.contradicted) if rule["when"] else True
    verb: str = rule["verb"]
    final = verb == "forbid"
    if holds is None:
        return [("reject", "undetermined", rule["name"], final)]
    waivers = [w for w in _waivers(setting, found, "rule") if w["rule"] == rule["name"]] if holds and not final else []
    if waivers:
        return [_winner([_match(found, w["verdict"], "waiver", w["name"]) for w in waivers])]
    return [_match(found, VERBS.get(verb, verb), "rule", rule["name"], final=final)] if holds else []


def _waivers(setting: Setting, found: Occurrence, kind: str) -> list[Json]:
    with_urls = kind in {"unknown", "wrong-slot", "rule"}
    return [w for w in setting.policy["waivers"] if w["kind"] == kind and w["from"] and w["until"]
            and w["from"] <= setting.date <= _last_day(w, setting.policy.get("waivers_at_most"))
            and (not with_urls or _named(found.url, w)) and _on(w["paths"], found)]  # fmt: skip


def _last_day(waiver: Json, days: int | None) -> dt.date:
    last: dt.date = waiver["until"]
    return last if days is None else min(last, waiver["from"] + dt.timedelta(days - 1))


def _in_force(rule: Json, date: dt.date) -> bool:
    return (rule["from"] or dt.date.min) <= date <= (rule["until"] or dt.date.max)


def _named(url: str | None, rule: Json) -> bool:
    return any(_url(url or "", u) for u in rule["urls"]) and not any(_url(url or "", u) for u in rule["except"])


def _url(url: str, pattern: str) -> bool:
    prefix, _, stars = pattern.rpartition("/")
    if stars not in {"*", "**"}:
        return pattern in {"anything", url}
    segments = url[len(prefix) + 1 :].split("/") if url.startswith(prefix + "/") else [""]
    bad = any(s in {"", ".", ".."} or set(s) & set("?#%\\") for s in segments)
    return not bad and (stars == "**" or len(segments) == 1)


def _on(paths: list[str], found: Occurrence) -> bool:
    if found.slot == "implicitRules":
        return bool({f"{found.node.resource}.implicitRules", "*.implicitRules"} & set(paths))
    return any(p in found.node.names or (p.endswith(".**") and p[:-3] in found.node.within) for p in paths)


def _in_scope(reads: Json, node: Node) -> bool:
    elements = reads.get(node.resource)
    read = [f"{node.resource}.{element}." for element in elements or []]
    return elements is None or any(f"{node.scope}.".startswith(r) or r.startswith(f"{node.scope}.") for r in read)
