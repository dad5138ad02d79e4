"""Rule 1: what a policy never does, by trying everything in a small world that is written out here; D1 to D7 are its readings.

D1  The world is whole resources: no element alone, no document within a document, nothing that FHIR itself refuses.
D2  A rule decides where its condition is true and the decision is its own, or a waiver's of it; an undetermined condition is no
    decision of the rule that has it.
D3  "At no date, in no scope, under no intent": what is out of scope for reading is in scope for changing, so `reads` count for
    nothing but CV132, invariants and CV112: to change, nothing is left out.
D4  Stricter is by verdict, then final. A rule that something only as strict covers, even in one case, is CV131, not CV130.
D5  CV112: on one day, in one resource, two modifiers on one element, or the `reject` on one below. On one element they are of
    different urls, or of one url with different values; then each contradicts the other.
D6  An invariant speaks of lawful modifiers, under both intents.
D7  A condition is always true when it is true of some value and false of none; where it leaves some open, only if each of its
    comparisons can be decided for each type that the rule names.
D8  A condition is open for want of a field or part where it is undetermined, and would be decided if what is missing were there.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from reference.conditions import truth
from reference.evaluator import ORDER, VERBS, _last_day, _url

Json = dict[str, Any]
Truth = bool | None
ONE, TWO = "http://example.org/cs/one", "http://example.org/cs/two"
DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Place:
    """A carrier: its names, those of what it is in, and what rules may ask of it. `way` says what it is below."""

    path: str
    names: frozenset[str]
    within: frozenset[str]
    scope: str
    root: bool = False
    in_value: bool = False
    rules: bool = False

    @property
    def kind(self) -> str:
        """The type of the resource."""
        return self.path.partition(".")[0]


def _place(path: str, *types: tuple[int, str], short: str | None = None, scope: str | None = None) -> Place:
    """Return a place; each of `types` is a data type that the path has at a number of segments."""
    steps = path.split(".")
    short = short or path
    prefixes = [".".join(steps[:n]) for n in range(1, len(steps) + 1)]
    typed = {n: ".".join([name, *steps[at:n]]) for at, name in types for n in range(at, len(steps) + 1)}
    more = {name: [".".join([name, *steps[at:n]]) for n in range(at, len(steps) + 1)] for at, name in types}
    names = {path, short, *(each[-1] for each in more.values()), *(["*"] if len(steps) == 1 else [])}
    above = {*prefixes, short, *(x for each in more.values() for x in each), *typed.values(), "*"}
    if short != path:
        above |= {short.rpartition(".")[0]}
    in_value = "value[x]" in steps
    held = path.partition(".extension")[0] if in_value else None
    return Place(path, frozenset(names), frozenset(above), scope or held or short, len(steps) == 1, in_value)


def _world_of_places() -> list[Place]:
    places = [
        _place("ImagingStudy"), _place("ImagingStudy.series"), _place("ImagingStudy.series.performer"),
        _place("ImagingStudy.series.instance"), _place("Patient"), _place("Patient.contact"), _place("Patient.communication"),
        _place("Patient.link"), _place("MedicationRequest"), _place("MedicationRequest.dosageInstruction", (2, "Dosage")),
        _place("MedicationRequest.dosageInstruction.timing", (2, "Dosage"), (3, "Timing")),
        _place("MedicationRequest.dispenseRequest"), _place("MedicationRequest.substitution"),
        _place("MedicationRequest.dispenseRequest.initialFill"),
        _place("Questionnaire"), _place("Questionnaire.item"), _place("Questionnaire.item.item", short="Questionnaire.item"),
        _place("Questionnaire.item.enableWhen"), _place("Questionnaire.item.answerOption"), _place("Questionnaire.item.initial"),
        _place("Basic"), _place("Account"), _place("Account.coverage"), _place("ServiceRequest"),
        _place("ServiceRequest.occurrence[x]", (2, "Timing")), _place("ActivityDefinition"),
        _place("ActivityDefinition.dosage", (2, "Dosage")),
        _place("ActivityDefinition.dosage.timing", (2, "Dosage"), (3, "Timing")),
    ]  # fmt: skip
    holders = [each.path for each in places if each.path != "Questionnaire.item.item"]
    for holder in holders:
        length = len(holder.split("."))
        types = [(2, "Dosage")] if holder.startswith(("MedicationRequest.dosageInstruction", "ActivityDefinition.dosage")) else []
        types += [(3, "Timing")] if holder.endswith(".timing") else []
        types += [(2, "Timing")] if holder.endswith("occurrence[x]") else []
        value = f"{holder}.extension.value[x]"
        at = [*types, (length + 1, "Extension")]
        places.append(_place(value, *at, (length + 2, "Timing")))
        places.append(_place(value, *at, (length + 2, "Dosage")))
        places.append(_place(f"{value}.timing", *at, (length + 2, "Dosage"), (length + 3, "Timing")))
    kinds = dict.fromkeys(each.kind for each in places)
    for kind in kinds:
        names = frozenset({f"{kind}.implicitRules", "*.implicitRules"})
        places.append(Place(f"{kind}.implicitRules", names, frozenset(), kind, root=True, rules=True))
    return places


PLACES = _world_of_places()
URLS = [
    "http://example.org/fhir/ext/a", "http://example.org/fhir/ext/b", "http://example.org/fhir/ext/deep/c",
    "http://example.org/fhir/ext/new", "http://example.org/fhir/ext/new/new", "http://example.org/fhir/new",
    "http://example.org/fhir/new/new", "http://vendor.example/x/y", "http://vendor.example/x/new", "http://vendor.example/x/new/new",
    "http://other.example/new",
]  # fmt: skip


def _concepts() -> Iterator[Json]:
    codings = [
        {"system": s, "code": c} for s, c in ((ONE, "a"), (ONE, "b"), (ONE, "z"), (TWO, "a"), (TWO, "z"), ("http://o", "a"))
    ]
    for count in range(4):
        for chosen in itertools.combinations(codings, count):
            coded: Json = {"coding": list(chosen)} if chosen else {}
            yield {**coded, "text": "t"}
            if coded:
                yield coded
    yield {"coding": [{"code": "a"}]}
    yield {"coding": [{"system": ONE}]}


def _values() -> list[tuple[str, Json]]:
    """Return every value of the world: its type and the content of the extension."""
    found: list[tuple[str, Json]] = []
    unknown = {"id": "u"}
    found += [("boolean", {"valueBoolean": v}) for v in (True, False)] + [("boolean", {"_valueBoolean": unknown})]
    for kind in ("string", "code"):
        name = f"value{kind.capitalize()}"
        found += [(kind, {name: v}) for v in ("a", "b", "z")] + [(kind, {"_" + name: unknown})]
    found += [("CodeableConcept", {"valueCodeableConcept": v}) for v in _concepts()]
    codings = [{"system": s, "code": c} for s, c in itertools.product((ONE, TWO, "http://o"), ("a", "b", "z"))]
    found += [("Coding", {"valueCoding": v}) for v in (*codings, {"code": "a"}, {"code": "z"}, {"system": ONE}, {"display": "d"})]
    found += [("integer", {"valueInteger": v}) for v in (0, 1, 2, 3, 4)] + [("integer", {"_valueInteger": unknown})]
    found += [("decimal", {"valueDecimal": v}) for v in (1, 1.5, 2, 2.25, 2.5, 2.75, 3)] + [
        ("decimal", {"_valueDecimal": unknown})
    ]
    for value, unit, comparator, code in itertools.product(
        (None, 1, 2, 2.5, 3, 4), (None, "mg", "g"), (None, "<"), (None, "a", "z")
    ):
        quantity = {"value": value, "unit": unit, "comparator": comparator, "code": code}
        told = {k: v for k, v in quantity.items() if v is not None} or {"system": "http://o"}
        found.append(("Quantity", {"valueQuantity": told}))
    days = ["2026-06-14", "2026-06-15", "2026-06-16", "2026-06-17", "2026-06", "2026", "2025", "2027"]
    found += [("date", {"valueDate": v}) for v in days] + [("date", {"_valueDate": unknown})]
    found += [("dateTime", {"valueDateTime": v}) for v in days] + [("dateTime", {"_valueDateTime": unknown})]
    found += [("instant", {"valueInstant": f"{v}T12:00:00Z"}) for v in days[:4]] + [("instant", {"_valueInstant": unknown})]
    found += [("Period", {"valuePeriod": {"start": v}}) for v in days] + [("Period", {"valuePeriod": {"end": "2026"}})]
    found += [("time", {"valueTime": "12:00:00"}), ("Reference", {"valueReference": {"reference": "Patient/1"}})]
    p: list[list[Json]] = [[], [{"url": "p", "extension": [{"url": "i", "valueBoolean": True}]}]]
    p += [[{"url": "p", "valueBoolean": v}] for v in (True, False)] + [[{"url": "p", "_valueBoolean": unknown}]]
    p += [[{"url": "p", "valueQuantity": {"value": v}}] for v in (2, 3)]
    p += [[{"url": "p", "valueQuantity": {"value": 2, "comparator": "<"}}], [{"url": "p", "valueQuantity": {"unit": "mg"}}]]
    p += [[{"url": "p", "valueBoolean": True}] * 2, [{"url": "p", "_valueBoolean": unknown}] * 2]
    q: list[list[Json]] = [[]]
    q += [[{"url": "q", "valueCoding": {"system": s, "code": c}}] for s, c in ((ONE, "a"), (ONE, "b"), (ONE, "z"), (TWO, "a"))]
    q += [[{"url": "q", "valueString": "x"}]]
    found += [("complex", {"extension": [*x, *y, {"url": "r", "valueBoolean": True}]}) for x in p for y in q]
    return found


VALUES = _values()


@dataclass(frozen=True)
class Match:
    """What one rule says in one case."""

    verdict: int
    final: bool
    rank: int
    name: str
    rule: str

    @property
    def order(self) -> tuple[int, bool, int, str]:
        """The one that decides is least."""
        return (-self.verdict, not self.final, self.rank, self.name)


class World:
    """One policy in the small world: everything that it tells apart, and what it decides there."""

    def __init__(self, policy: Json, invariants: Iterable[Json] = ()) -> None:
        """Group urls, places, values and days by what the rules and waivers of `policy` answer on them."""
        self.policy = policy
        self.rules: list[Json] = policy["rules"]
        self.waivers: list[Json] = [w for w in policy["waivers"] if w["from"] and w["until"]]
        self.invariants = list(invariants)
        spoken = [*self.rules, *self.waivers, *self.invariants]
        self.urls = _apart(URLS, lambda url: [_named(each, url) for each in spoken])
        paths = [*spoken, *policy["defaults"]]
        self.places = _apart(
            PLACES,
            lambda p: [p.root, p.in_value, p.rules, in_scope(policy["reads"], p), *(on(each["paths"], p) for each in paths)],
        )
        self.days = _apart(_days([*self.rules, *self.waivers], policy), lambda day: [self.holds(each, day) for each in spoken])
        told = [
            (kind, content, contradicted)
            for kind, content in VALUES
            for contradicted in (False, True)
        ]  # fmt: skip
        self.values = _apart(told, lambda v: [self.speaks(rule, *v) for rule in self.rules])
        self.beside = _apart((v for v in told if v[2]), lambda v: [self.speaks(rule, *v) for rule in self.rules])

    def holds(self, spoken: Json, day: dt.date) -> bool:
        """Return whether a rule or waiver is in force; an invariant always is."""
        until = spoken.get("until")
        if spoken in self.waivers:
            until = _last_day(spoken, self.policy.get("waivers_at_most"))
        return (spoken.get("from") or dt.date.min) <= day <= (until or dt.date.max)

    @staticmethod
    def speaks(rule: Json, kind: str, content: Json, contradicted: bool) -> Truth:  # noqa: FBT001
        """Return what type and condition of a rule say of a value."""
        if rule["types"] is not None and kind not in rule["types"]:
            return False
        return truth(rule["when"], {"url": "u", **content}, contradicted=contradicted) if rule["when"] else True

    def cases(
        self, rule: Json | None = None, places: Iterable[Place] | None = None, values: list[tuple[str, Json, bool]] | None = None
    ) -> Iterator[tuple[str, Place, tuple[str, Json, bool], dt.date, bool]]:
        """Give every case; with `rule`, those that it matches: url, place, value, day, and whether there is a narrative."""
        days = [day for day in self.days if rule is None or self.holds(rule, day)]
        for url in self.urls:
            for place in places or self.places:
                if rule is not None and not (_named(rule, url) and on(rule["paths"], place)):
                    continue
                told = (values or self.values) if not place.rules else [("uri", {"valueUri": url}, False)]
                for value in told:
                    if rule is None or self.speaks(rule, *value) is True:
                        yield from ((url, place, value, day, narrative) for day in days for narrative in (True, False))

    def matches(self, url: str, place: Place, value: tuple[str, Json, bool], day: dt.date, narrative: bool) -> list[Match]:  # noqa: FBT001
        """Return what the rules say of a case."""
        found = []
        for rule in self.rules:
            if not (self.holds(rule, day) and _named(rule, url) and on(rule["paths"], place)):
                continue
            answer = self.speaks(rule, *value)
            final = rule["verb"] == "forbid"
            if answer is None:
                found.append(Match(6, final, 2, rule["name"], ""))
            elif answer:
                waived = [w for w in self._of_kind("rule", url, place, day) if w["rule"] == rule["name"] and not final]
                word = VERBS.get(rule["verb"], rule["verb"])
                found += [Match(possible(w["verdict"], place, narrative), False, 1, w["name"], rule["name"]) for w in waived]
                if not waived:
                    found.append(Match(possible(word, place, narrative), final, 0, rule["name"], rule["name"]))
        return found

    def verdict(self, case: tuple[str, Place, tuple[str, Json, bool], dt.date, bool], intent: str) -> str:
        """Return the verdict on a case."""
        url, place, _, day, narrative = case
        if intent == "read" and not in_scope(self.policy["reads"], place):
            return "clear"
        matches = self.matches(*case)
        if matches:
            verdict = ORDER[max(match.verdict for match in matches)]
        else:
            waived = [w["verdict"] for w in self._of_kind("unknown", url, place, day)]
            placed = [d["verdict"] for d in self.policy["defaults"] if on(d["paths"], place)] or [self.policy["default"]]
            verdict = ORDER[max(possible(word, place, narrative) for word in waived or placed)]
        return verdict if intent == "read" or verdict == "accept" else "reject"

    def _of_kind(self, kind: str, url: str, place: Place, day: dt.date) -> list[Json]:
        found = [w for w in self.waivers if w["kind"] == kind and self.holds(w, day)]
        return [w for w in found if _named(w, url) and on(w["paths"], place)]

    # the questions

    def never(self) -> dict[str, str]:
        """Return the code of each rule that never decides, CV133 where it matches nothing at all."""
        found = {}
        for rule in self.rules:
            code: str | None = "CV133"
            for case in self.cases(rule):
                first = min(self.matches(*case), key=lambda match: match.order)
                mine = [m for m in self.matches(*case) if m.rule == rule["name"]]
                if first.rule == rule["name"]:
                    code = None
                    break
                best = min(mine, key=lambda match: match.order)
                is_equal = (best.verdict, best.final) == (first.verdict, first.final)
                code = "CV131" if is_equal or code == "CV131" else "CV130"
            if code is not None:
                found[rule["name"]] = code
        return found

    def conditions(self) -> dict[str, set[Truth]]:
        """Return what the condition of each rule can answer on a value of its types, at a place and url of its own."""
        found = {}
        for rule in self.rules:
            if rule["when"]:
                places = [p for p in self.places if on(rule["paths"], p)]
                urls = [url for url in self.urls if _named(rule, url)]
                told: set[Truth] = set()
                if any(not p.rules for p in places) and urls:
                    told |= {
                        truth(rule["when"], {"url": "u", **content}, contradicted=contradicted)
                        for kind, content in VALUES
                        for contradicted in (False, True)
                        if rule["types"] is None or kind in rule["types"]
                    }
                found[rule["name"]] = told
        return found

    def always(self) -> set[str]:
        """Return the rules whose condition is always true."""
        found = set()
        for rule in self.rules:
            told = self.conditions().get(rule["name"], set())
            if True in told and False not in told and (None not in told or self._is_typed(rule)):
                found.add(rule["name"])
        return found

    @staticmethod
    def _is_typed(rule: Json) -> bool:
        if rule["types"] is None:
            return False
        decided = defaultdict(set)
        for atom, (kind, content) in itertools.product(_atoms(rule["when"]), VALUES):
            if truth(atom, {"url": "u", **content}, contradicted=False) is not None:
                decided[str(atom)].add(kind)
        return all(set(rule["types"]) <= decided[str(atom)] for atom in _atoms(rule["when"]))

    def open(self) -> set[str]:
        """Return the rules whose condition is open for want of a field or part: it would be decided if that were there (D8)."""
        found = set()
        for rule in self.rules:
            if (
                rule["when"]
                and any(not p.rules for p in self.places if on(rule["paths"], p))
                and any(_named(rule, u) for u in self.urls)
            ):
                kinds = (content for kind, content in VALUES if rule["types"] is None or kind in rule["types"])
                if any(_is_open(rule["when"], {"url": "u", **content}) for content in kinds):
                    found.add(rule["name"])
        return found

    def swallowed(self, without: Collection[str] = ()) -> set[str]:
        """Return the `reject` rules that an exclusion can swallow, but for the exclusions of which enough is said already."""
        excludes = [rule for rule in self.rules if rule["verb"] == "exclude" and rule["name"] not in without]
        read = [place for place in PLACES if in_scope(self.policy["reads"], place)]
        found = set()
        for values, meet in ((self.values, _below), (self.beside, _beside)):
            excluded = [case for rule in excludes for case in self.cases(rule, read, values) if self._made(rule, case, 3)]
            for rule in self.rules:
                if rule["verb"] == "reject" and excluded:
                    met = (c for c in self.cases(rule, read, values) if self._made(rule, c, 6))
                    if any(meet(e, c) for c in met for e in excluded):
                        found.add(rule["name"])
        return found

    def _made(self, rule: Json, case: Any, verdict: int) -> bool:
        first = min(self.matches(*case), key=lambda match: match.order)
        return (first.rule, first.rank, first.verdict) == (rule["name"], 0, verdict)

    def outside(self) -> set[str]:
        """Return the rules that no place in scope can meet."""
        found = set()
        for rule in self.rules:
            places = [p for p in PLACES if on(rule["paths"], p)]
            if places and not any(in_scope(self.policy["reads"], p) for p in places):
                found.add(rule["name"])
        return found

    def broken(self, invariant: Json) -> bool:
        """Return whether an invariant can be broken by a lawful modifier."""
        return any(
            self.verdict(case, intent) in invariant["never"]
            for case in self.cases()
            if _named(invariant, case[0]) and on(invariant["paths"], case[1])
            for intent in ("read", "modify")
        )


def _atoms(cond: Any) -> list[Any]:
    """Return the comparisons and tests of presence of a condition, each literal of a list for itself."""
    if cond[0] == "not":
        return _atoms(cond[1])
    if cond[0] in {"and", "or"}:
        return [atom for each in cond[1] for atom in _atoms(each)]
    return [("cmp", cond[1], "=", literal) for literal in cond[2]] if cond[0] == "in" else [cond]


def _is_open(cond: Any, ext: Json) -> bool:
    """Return whether a condition is undetermined, and would be decided if what is missing were there."""
    if truth(cond, ext, contradicted=False) is not None:
        return False
    missing = {str(operand) for operand in _compared(cond) if not truth(("present", operand), ext, contradicted=False)}
    chosen = itertools.product((True, False), repeat=len(missing))
    return any(_forced(cond, ext, dict(zip(sorted(missing), each, strict=True))) is not None for each in chosen) and bool(missing)


def _forced(cond: Any, ext: Json, told: dict[str, bool]) -> Truth:
    """Return what a condition is when comparisons with what is missing answer as `told`."""
    if cond[0] == "not":
        inner = _forced(cond[1], ext, told)
        return None if inner is None else not inner
    if cond[0] in {"and", "or"}:
        truths = [_forced(each, ext, told) for each in cond[1]]
        decisive = cond[0] == "or"
        return decisive if decisive in truths else None if None in truths else not decisive
    if cond[0] != "present" and str(cond[1]) in told:
        return told[str(cond[1])]
    return truth(cond, ext, contradicted=False)


def _compared(cond: Any) -> list[Any]:
    """Return the fields and parts that a condition compares."""
    if cond[0] == "not":
        return _compared(cond[1])
    if cond[0] in {"and", "or"}:
        return [operand for each in cond[1] for operand in _compared(each)]
    return [cond[1]] if cond[0] != "present" and cond[1] != (None, []) else []


def possible(word: str, place: Place, narrative: bool) -> int:  # noqa: FBT001
    """Return a verdict as a number, `reject` where nothing can be left out or no narrative stands for the data."""
    impossible = (word == "exclude" and (place.root or place.in_value)) or (word == "narrative" and not narrative)
    return 6 if impossible else ORDER.index(word)


def on(paths: list[str], place: Place) -> bool:
    """Return whether one of some paths names a place."""
    return any(p in place.names or (p.endswith(".**") and p[:-3] in place.within) for p in paths)


def in_scope(reads: Json, place: Place) -> bool:
    """Return whether the application reads a place."""
    elements = reads.get(place.kind)
    read = [f"{place.kind}.{element}." for element in elements or []]
    return elements is None or any(f"{place.scope}.".startswith(r) or r.startswith(f"{place.scope}.") for r in read)


def _named(spoken: Json, url: str) -> bool:
    return any(_url(url, u) for u in spoken["urls"]) and not any(_url(url, u) for u in spoken["except"])


def _below(excluded: Any, rejected: Any) -> bool:
    """Return whether what is rejected stands on what is left out or below, on one day, as another modifier."""
    if excluded[3] != rejected[3] or excluded[4] != rejected[4] or rejected[1].rules:
        return False
    one, other = excluded[1].path, rejected[1].path
    if one == other:
        return bool(excluded[0] != rejected[0])
    return bool(other.startswith(f"{one}."))


def _beside(excluded: Any, rejected: Any) -> bool:
    """Return whether two contradicted cases are of one url on one element, on one day: they stand beside each other."""
    return excluded[:2] == rejected[:2] and excluded[3:] == rejected[3:] and not rejected[1].rules


def _days(spoken: Iterable[Json], policy: Json) -> list[dt.date]:
    days = {dt.date(2026, 1, 1), dt.date(2036, 1, 1), dt.date(2020, 1, 1)}
    for each in spoken:
        ends = [each["until"]] if each["until"] else []
        if "kind" in each and each["from"] and each["until"]:
            ends.append(_last_day(each, policy.get("waivers_at_most")))
        days |= {day for start in [each["from"]] if start for day in (start - DAY, start)}
        days |= {day for end in ends for day in (end, end + DAY)}
    return sorted(days)


def _apart(items: Iterable[Any], answers: Any) -> list[Any]:
    """Keep one of the items that answer alike."""
    found: dict[tuple[Any, ...], Any] = {}
    for item in items:
        found.setdefault(tuple(answers(item)), item)
    return list(found.values())
