"""Rule 1: random cases for the reference and the engine alike: a legal policy, a document that it concerns, and a day."""

from __future__ import annotations

import base64
import datetime as dt
import json
import random
import sys
from collections import Counter
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from reference.evaluator import evaluate
from reference.shapes import CARRIERS, PRIMITIVES, TYPES, choice

Json = dict[str, Any]
TODAY = dt.date(2026, 11, 23)
MODIFIER = "http://hl7.org/fhir/StructureDefinition/request-doNotPerform"
ELSEWHERE = frozenset({MODIFIER})  # HL7 allows it on NutritionOrder and Task, which no case has
PLAIN = "http://hl7.org/fhir/StructureDefinition/patient-birthPlace"
A, B, C = (f"http://example.org/fhir/ext/{name}" for name in ("a", "b", "deep/c"))
LITERALS = [A, A, A, B, B, C, A, B, MODIFIER, "http://vendor.example/x/y"]
NEAR = [
    "https://example.org/fhir/ext/a",
    f"{A}/",
    "http://example.org/fhir/ext/A",
    f"{A}?x",
    "http://example.org/fhir/extra",
    "http://example.org/fhir/ext/../a",
    "http://example.org/fhir/ext//a",
    "http://example.org/fhir/ext/a%2Fb",
]
PATTERNS = [
    "http://example.org/fhir/ext/*",
    "http://example.org/fhir/ext/**",
    "http://example.org/fhir/**",
    "http://vendor.example/x/*",
]
RULES_URIS = ["http://example.org/fhir/ext/a", "http://example.org/rules/1", "urn:oid:1.2.3", "http://example.org/rules/1|2"]
SYSTEMS = {"ONE": "http://example.org/cs/one", "TWO": "http://example.org/cs/two"}
NAMES = "alpha bravo charlie delta echo foxtrot golf hotel india juliett kilo lima mike november oscar papa".split()  # noqa: SIM905
PATHS: dict[str, list[str]] = {
    "ImagingStudy": ["", ".series", ".series.performer", ".series.instance", ".series", ".series.instance", ".**", ".series.**"],
    "Patient": ["", ".contact", ".communication", ".link", ".**"],
    "MedicationRequest": ["", ".dosageInstruction", ".dosageInstruction.timing", ".dispenseRequest", ".**"],
    "Questionnaire": ["", ".item", ".item", ".**"],
    "OperationOutcome": ["", ".issue", ".issue", ".issue", ".**"],
    "Basic": ["", ".**"],
    "Observation": ["", ".component", ".referenceRange", ".component.referenceRange", ".**"],
    "Bundle": [".entry", ".link", ".entry.search", ".entry.request", ".entry.response", ".entry.link", ".**"],
    "Parameters": [".parameter", ".parameter", ".**"],
}
ANYWHERE = ["*", "*.**", "*.**", "Dosage", "Timing"]
READS = {
    "ImagingStudy": ["status", "started", "series.uid", "series.instance.uid", "series.performer", "series.description"],
    "Patient": ["birthDate", "name.family", "contact.name", "link", "communication.language"],
    "MedicationRequest": ["status", "dosageInstruction.timing", "dosageInstruction.text", "dispenseRequest.initialFill.quantity"],
    "Questionnaire": ["title", "item.text"],
    "OperationOutcome": ["issue.code", "text"],
    "Basic": ["code"],
    "Observation": ["value[x]", "component.value[x]", "referenceRange"],
    "Bundle": ["entry.search", "link", "type"],
    "Parameters": ["parameter.name", "parameter.value[x]"],
}
VERDICTS = ["warn", "exclude", "narrative", "review"]
VERBS = [*["understand"] * 4, *["warn"] * 3, *["exclude"] * 4, *["narrative"] * 4, "review", "reject", "forbid"]
LOOK_ALIKES = [
    "ModifierExtension",
    "modifierextension",
    "_modifierExtension",
    "modifier_extension",
    "modifierExtension ",
    "modifier\u0415xtension",
    "\uff4dodifierExtension",
    "modifier\u200bExtension",
]
BUNDLES = [
    "searchset",
    "collection",
    "history",
    "batch",
    "batch-response",
    "transaction-response",
    "document",
    "message",
    "transaction",
    "subscription-notification",
]


@dataclass(frozen=True)
class Style:
    """How much is planted: `share` of the lawful places, `faults` of 0 (none) or 1, mostly with `urls`."""

    wire: str
    share: float
    faults: float
    urls: tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """One case; `at` is an element or type path, `holder` the study whose report is handed over as `within`."""

    policy: Json
    document: Any
    release: str
    date: dt.date
    intent: str = "read"
    at: str | None = None
    wire: str = "fhir"
    holder: Json | None = None

    def expected(self) -> Json:
        """Return what the reference says."""
        within = None
        if self.holder is not None:
            within = evaluate(
                self.policy,
                self.holder,
                release=self.release,
                date=self.date,
                intent=self.intent,
                published=published,
                elsewhere=ELSEWHERE,
            )
        return evaluate(
            self.policy,
            self.document,
            release=self.release,
            date=self.date,
            intent=self.intent,
            at=self.at,
            wire=self.wire,
            within=None if within is None else within["decisions"],
            published=published,
            elsewhere=ELSEWHERE,
        )


def published(url: str) -> bool | None:
    """Return what HL7 says of the two published extensions that cases use."""
    return {MODIFIER: True, PLAIN: False}.get(url)


def random_case(rng: random.Random) -> Case:
    """Return a case that is legal for the language."""
    mode = rng.choices(["resource", "Bundle", "Parameters", "alone", "graphql"], [9, 3, 2, 2, 2])[0]
    plain = [name for name in PATHS if name not in {"Bundle", "Parameters"}]
    kind = rng.choice([*plain, "ImagingStudy", "OperationOutcome", "Binary"]) if mode in {"resource", "graphql"} else mode
    at: str | None = None
    holder: Json | None = None
    wire = "graphql" if mode == "graphql" or (mode == "alone" and rng.random() < 0.3) else "fhir"
    if mode == "alone":
        kind, at = rng.choice(
            [
                ("ImagingStudy", "ImagingStudy.series.instance"),
                ("ImagingStudy", "ImagingStudy.series"),
                ("Patient", "Patient.contact"),
            ]
        )
    inner = [rng.choice(plain)] if kind in {"Binary", "Bundle", "Parameters"} else [kind]
    policy = random_policy(rng, inner if kind == "Binary" else [*inner, kind])
    urls = [url for rule in policy["rules"] for url in rule["urls"] if url in LITERALS] or LITERALS
    style = Style(wire, rng.choice([0.2, 0.4, 0.6, 0.9]), rng.choice([0.0, 0.0, 1.0]), tuple(urls))
    document = _bare(rng, at) if at else _resource(rng, kind, style, inner[0])
    if wire == "graphql":
        at = at or kind
        document.pop("contained", None)
        _as_graphql(rng, document, at, style.faults)
    _plant(rng, document, at or kind, style)
    if at and wire == "fhir" and rng.random() < 0.6:
        holder = _resource(rng, kind, style)
        _plant(rng, holder, kind, style)
    broken: Any = None
    if wire == "fhir" and rng.random() < 0.02:
        broken = rng.choice([[document], {"resourceType": "Foo"}, {"no": "type"}, {"resourceType": "Basic", "contained": [{}]}])
        at, holder = None, None
    date = TODAY + dt.timedelta(rng.choice([0, 0, 0, 0, -40, 40]))
    intent = rng.choices(["read", "modify"], [9, 1])[0]
    return Case(policy, broken or document, rng.choice(["R4", "R4B", "R5"]), date, intent, at, wire, holder)


# --- policies ---


def random_policy(rng: random.Random, kinds: list[str]) -> Json:
    """Return a policy that mostly concerns resources of `kinds`."""
    names = rng.sample(NAMES, len(NAMES))
    rules = [_rule(rng, names.pop(), kinds) for _ in range(rng.choice([0, 1, 2, 3, 4, 5, 6]))]
    if rng.random() < 0.5:  # one answer for most of what is there, or hardly any report would end between clear and reject
        wide = {
            "verb": rng.choice(["understand", "warn", "exclude", *["narrative"] * 3]),
            "urls": [A, B],
            "except": [],
            "paths": ["*.**"],
        }
        loose = [rule for rule in rules if rule["verb"] in {"understand", "warn", wide["verb"]}]
        rules = [*loose[:3], {**_rule(rng, names.pop(), kinds), "types": None, "when": None, "from": None, "until": None, **wide}]
    waivers = [_waiver(rng, names.pop(), kinds, rules) for _ in range(rng.choice([0, 0, 1, 2, 3]))]
    reads: Json = {}
    for kind in dict.fromkeys(kinds):
        if rng.random() < 0.4:
            some = rng.sample(READS[kind], rng.randint(0, len(READS[kind])) if rng.random() < 0.9 else 0)
            reads[kind] = rng.choices([None, some], [1, 4])[0]
    stated = rng.sample(["reject", "review", "exclude"], rng.choice([0, 0, 1, 2]))  # the same twice is no legal policy
    defaults = [{"verdict": verdict, "paths": _paths(rng, kinds, verdict)} for verdict in stated]
    most = rng.choice([None, None, 60])
    return {
        "default": rng.choice(["reject", "review", "review"]),
        "defaults": defaults,
        "reads": reads,
        "rules": rules,
        "waivers": waivers,
        "waivers_at_most": most,
    }


def _rule(rng: random.Random, name: str, kinds: list[str]) -> Json:
    verb = rng.choice(VERBS)
    urls = list(dict.fromkeys(rng.choices(LITERALS, k=rng.randint(1, 2))))
    if verb != "understand" and rng.random() < 0.3:
        urls = [rng.choice(PATTERNS)]
    if verb in {"narrative", "review", "reject", "forbid"} and rng.random() < 0.15:
        urls = ["anything"]
    excepted = (
        [url for url in rng.sample([A, B, C, *PATTERNS[:2]], rng.randint(1, 2)) if url not in urls] if rng.random() < 0.3 else []
    )
    start, end = _period(rng)
    types, when = (None, None) if rng.random() < 0.6 else _condition(rng)
    return {
        "verb": verb,
        "name": name,
        "urls": urls,
        "except": excepted,
        "paths": _paths(rng, kinds, verb),
        "types": types if rng.random() < 0.6 else None,
        "when": when,
        "from": start,
        "until": end,
    }


def _waiver(rng: random.Random, name: str, kinds: list[str], rules: list[Json]) -> Json:
    waivable = [rule["name"] for rule in rules if rule["verb"] != "forbid"]
    kind = rng.choice(
        ["unknown", "unknown", "wrong-slot", "wrong-slot", "empty", "incomplete", *(["rule"] * 3 if waivable else [])]
    )
    verdict = rng.choice(["review", "warn"] if kind == "wrong-slot" else VERDICTS)
    with_urls = kind in {"unknown", "wrong-slot", "rule"}
    urls = [rng.choice([A, B, MODIFIER, PLAIN, *PATTERNS])] if with_urls else []
    start = TODAY + dt.timedelta(rng.choice([-100, -50, -10, 5]))
    until: dt.date | None = max(start, TODAY + dt.timedelta(rng.choice([-20, 0, 20, 100, 100, 100])))
    return {
        "name": name,
        "kind": kind,
        "rule": rng.choice(waivable) if kind == "rule" else None,
        "urls": ["anything"] if kind == "rule" and rng.random() < 0.5 else urls,
        "except": [C] if with_urls and rng.random() < 0.2 else [],
        "paths": _paths(rng, kinds, verdict),
        "verdict": verdict,
        "from": start,
        "until": until if rng.random() < 0.93 else None,
    }


def _period(rng: random.Random) -> tuple[dt.date | None, dt.date | None]:
    start = TODAY + dt.timedelta(rng.choice([-60, -1, 0, 1])) if rng.random() < 0.2 else None
    until = TODAY + dt.timedelta(rng.choice([1, 2, 60])) if rng.random() < 0.15 else None
    return start, until


def _paths(rng: random.Random, kinds: list[str], verb: str) -> list[str]:
    """Return one to three paths; for `exclude`, the first is no root."""
    own = [kind + rest for kind in kinds for rest in PATHS[kind]]
    if verb == "exclude":
        own = [path for path in own if "." in path] or ["Dosage"]
    rest = [*own, *own, *ANYWHERE, "*.implicitRules", f"{kinds[0]}.implicitRules"]
    return list(dict.fromkeys([rng.choice(own), *rng.choices(rest, k=rng.choice([0, 1, 1, 2]))]))


def _condition(rng: random.Random) -> tuple[list[str], Any]:
    types, predicate = rng.choice(_PREDICATES)
    more = [rng.choice(_PREDICATES)[1] for _ in range(rng.randint(1, 2))]
    shape = rng.choice(["it", "it", "it", "not", "and", "or", "not-and"])
    combined = {
        "it": predicate,
        "not": ("not", predicate),
        "and": ("and", [predicate, *more]),
        "or": ("or", [predicate, *more]),
        "not-and": ("not", ("and", [("not", predicate), *more])),
    }[shape]
    return list(types), combined


_VALUE: tuple[None, list[str]] = (None, [])
_ONE_A, _ONE_B, _TWO_A = (("code", SYSTEMS[s], c) for s, c in (("ONE", "a"), ("ONE", "b"), ("TWO", "a")))
_PREDICATES: list[tuple[tuple[str, ...], Any]] = [
    (("boolean",), ("cmp", _VALUE, "=", True)),
    (("boolean",), ("cmp", _VALUE, "!=", True)),
    (("boolean",), ("cmp", _VALUE, "=", False)),
    (("code", "string"), ("cmp", _VALUE, "=", "a")),
    (("code",), ("in", _VALUE, ["a", "b"])),
    (("code",), ("cmp", _VALUE, "=", _ONE_A)),
    (("string", "code"), ("cmp", _VALUE, "!=", "b")),
    (("CodeableConcept",), ("cmp", _VALUE, "=", _ONE_A)),
    (("CodeableConcept",), ("in", _VALUE, [_ONE_A, _TWO_A])),
    (("CodeableConcept", "Coding"), ("cmp", _VALUE, "!=", _ONE_B)),
    (("Coding",), ("in", _VALUE, [_ONE_A, _ONE_B])),
    (("Coding",), ("cmp", (None, ["code"]), "=", "a")),
    (("CodeableConcept",), ("present", (None, ["text"]))),
    (("integer",), ("cmp", _VALUE, ">", 2)),
    (("integer", "decimal"), ("cmp", _VALUE, "<=", Decimal("2.5"))),
    (("decimal",), ("cmp", _VALUE, "=", Decimal("2.50"))),
    (("integer",), ("in", _VALUE, [1, 2])),
    (("Quantity",), ("cmp", (None, ["value"]), ">=", 2)),
    (("Quantity",), ("cmp", (None, ["unit"]), "=", "mg")),
    (("Quantity",), ("and", [("not", ("present", (None, ["comparator"]))), ("cmp", (None, ["value"]), "<", 3)])),
    (("date",), ("cmp", _VALUE, "<", dt.date(2026, 6, 15))),
    (("date", "dateTime"), ("cmp", _VALUE, "=", dt.date(2026, 6, 15))),
    (("dateTime", "instant"), ("cmp", _VALUE, ">=", dt.date(2026, 6, 16))),
    (("Period",), ("cmp", (None, ["start"]), ">", dt.date(2026, 6, 15))),
    (("complex",), ("cmp", ("p", []), "=", True)),
    (("complex",), ("present", ("p", []))),
    (("complex",), ("in", ("q", []), [_ONE_A, _ONE_B])),
    (("complex",), ("cmp", ("p", ["value"]), "<", 3)),
    (("boolean", "complex", "code"), ("present", _VALUE)),
]


# --- documents ---


def _resource(rng: random.Random, kind: str, style: Style, inner: str = "Basic") -> Json:
    body: Json = {"resourceType": kind, "id": "x1"}
    if kind == "Bundle":
        body |= {
            "type": rng.choice(BUNDLES),
            "link": [{"relation": "self", "url": "http://example.org"}],
            "entry": [_entry(rng, inner, style) for _ in range(rng.randint(0, 3))],
        }
        if rng.random() < 0.15:
            body["signature"] = {"type": [{"code": "x"}], "when": "2026-01-01T00:00:00Z", "who": {"reference": "Patient/1"}}
    elif kind == "Parameters":
        body["parameter"] = [_parameter(rng, inner, style) for _ in range(rng.randint(1, 2))]
    elif kind == "Binary":
        body |= _bare(rng, kind)
    else:
        body |= _bare(rng, kind)
        if rng.random() < 0.75:
            body["text"] = {
                "status": rng.choice(["generated", "generated", "extensions", "additional", "empty"]),
                "div": "<div>x</div>",
            }
        if rng.random() < 0.15:
            body["contained"] = [{"resourceType": "Basic", **_bare(rng, "Basic")}, {"resourceType": kind, **_bare(rng, kind)}]
            if rng.random() < 0.3 * style.faults:
                body["contained"][0]["contained"] = [{"resourceType": "Patient", **_bare(rng, "Patient")}]
    if rng.random() < 0.05 + 0.05 * style.faults:
        bad = ["relative", "http://example.org/a b", 5] if style.faults else []
        body["implicitRules"] = rng.choice([*RULES_URIS, RULES_URIS[0], RULES_URIS[1], *bad])
    if rng.random() < 0.03 + 0.1 * style.faults:
        code, system = (
            rng.choice(["SUBSETTED", "SUBSETTED", "HTEST"]),
            "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
        )
        body["meta"] = {"tag": [{"system": "http://example.org/tags", "code": "x"}, {"system": system, "code": code}]}
    return body


def _entry(rng: random.Random, inner: str, style: Style) -> Json:
    parts: Json = {
        "fullUrl": "urn:uuid:1",
        "search": {"mode": "match"},
        "request": {"method": "GET", "url": "x"},
        "response": {"status": "200"},
        "link": [{"relation": "x", "url": "http://example.org"}],
    }
    entry = {name: parts[name] for name in parts if rng.random() < 0.4}
    if rng.random() < 0.9:
        entry["resource"] = _resource(rng, inner if rng.random() < 0.9 else rng.choice(["Bundle", "Parameters"]), style)
    if "response" in entry and rng.random() < 0.3:
        entry["response"]["outcome"] = _resource(rng, "OperationOutcome", style)
    return entry


def _parameter(rng: random.Random, inner: str, style: Style, depth: int = 0) -> Json:
    body: Json = {"name": "p"}
    pick = rng.random()
    if rng.random() < 0.3:
        return _operation(rng)
    if pick < 0.35:
        body["resource"] = _resource(rng, inner, style)
    elif pick < 0.6 and depth < 2:
        body["part"] = [_parameter(rng, inner, style, depth + 1)]
    elif pick < 0.8:
        body["valueTiming"] = _bare(rng, "Timing")
    else:
        body["valueString"] = "x"
    return body


def _bare(rng: random.Random, kind: str) -> Json:
    """Return an element of `kind` with some of its fields and nothing planted."""
    some = [name for name, (_, least, _) in TYPES[kind].items() if least or rng.random() < 0.55]
    left_out = {"id", "meta", "implicitRules", "language", "text", "contained", "extension", "value[x]", "resource"}
    body: Json = {}
    for name in some:
        of, _, many = TYPES[kind][name]
        if name in left_out or (kind, name, rng.random() < 0.5) == ("Questionnaire.item", "item", True):
            continue
        count = rng.choice([1, 1, 2, 3]) if of in CARRIERS else 1
        items = [_SCALARS.get(of, "x") if of in PRIMITIVES else _bare(rng, of) for _ in range(count if many else 1)]
        body[name] = items if many else items[0]
    if kind in {"Attachment", "Binary"}:
        _carry(rng, body)
    if kind == "Observation" and rng.random() < 0.5:
        body["valueQuantity"] = {"value": 5}
    return body or ({"text": "x"} if "text" in TYPES[kind] else {"code": "x"} if "code" in TYPES[kind] else {})


def _carry(rng: random.Random, body: Json) -> None:
    """Put FHIR content into an Attachment or a Binary, mostly readable."""
    body |= {"contentType": rng.choice(["application/fhir+json", "Application/JSON+FHIR; a=b", "text/plain"]), "data": "x"}
    style = Style("fhir", 0.4, rng.choice([0.0, 1.0]), tuple(LITERALS))
    documents = []
    for _ in range(rng.randint(1, 2)):
        kind = rng.choice(["Basic", "ImagingStudy", "Patient", "Bundle"])
        inner = {"resourceType": "Patient"} if kind == "Patient" else _resource(rng, kind, style)
        _plant(rng, inner, kind, style)
        documents.append(
            rng.choice(["{", '{"resourceType": "Foo"}', "[]"]) if rng.random() < 0.1 else json.dumps(inner, default=float)
        )
    if rng.random() < 0.3:
        body["contentType"] = "application/fhir+ndjson"
        raw = "\n".join([*documents, ""])
    else:
        raw = documents[0]
    data = base64.b64encode(raw.encode()).decode()
    body["data"] = rng.choice([data, data, data, f" {data[:4]}\r\n{data[4:]}", data + "*", 5, None])


PATCHED = ("Patient", "Patient", "Patient.contact", "Patient.modifierExtension[0]", "Patient.children()", "Patient.implicitRules")


def _operation(rng: random.Random) -> Json:
    """Return a FHIRPath Patch operation, often one on modifier extensions."""
    url = rng.choice([*LITERALS, "relative", A])
    made: list[Json] = [{"name": "url", "valueUri": url}, {"name": "value", "valueBoolean": rng.random() < 0.5}]
    whole = {"name": "value", "valueExtension": _simple(rng, url)}
    usual = ["modifierExtension"] * 4
    name = rng.choice([*usual, "birthDate", "extension", "extension", "implicitRules", *LOOK_ALIKES])
    deep = {"name": "value", "part": [{"name": name, "part": made}]}
    parts = [
        {"name": "path", "valueString": rng.choice(PATCHED)},
        {"name": "type", "valueCode": rng.choice(["add", "insert", "insert", "replace", "delete"])},
        {"name": "name", "valueString": name},
        rng.choice([{"name": "value", "part": made}, whole, deep, {"name": "value", "part": made[:1]}]),
        {"name": "value", "part": made},
    ]
    return {
        "name": "operation",
        "part": [part for part, odds in zip(parts, [0.5, 0.5, 0.7, 0.9, 0.1], strict=True) if rng.random() < odds],
    }


_SCALARS: Json = {
    "boolean": True,
    "decimal": 1.5,
    "integer": 1,
    "positiveInt": 1,
    "unsignedInt": 1,
    "date": "2026-01-01",
    "dateTime": "2026-01-01",
    "instant": "2026-01-01T00:00:00Z",
}


def _as_graphql(rng: random.Random, obj: Json, kind: str | None, faults: float) -> None:
    """Make `obj` an answer: no type, `__typename`, nulls, and mostly a key for every carrier."""
    obj.pop("resourceType", None)
    obj.pop("meta", None)
    obj["__typename"] = "X"
    for name, value in list(obj.items()):
        of = TYPES.get(kind or "", {}).get(name, (None,))[0]
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                _as_graphql(rng, item, of, faults)
    if kind in CARRIERS and rng.random() >= 0.08 * faults:
        obj["modifierExtension"] = rng.choice([None, []])
    if rng.random() < 0.2:
        obj["extension"] = rng.choice([None, []])


def _plant(rng: random.Random, obj: Json, kind: str | None, style: Style) -> None:
    """Put modifiers at lawful places of `obj` and below, and a few at unlawful ones."""
    fields = TYPES.get(kind or "", {})
    for name, value in list(obj.items()):
        of = (choice(fields, name) or ("", fields.get(name, (None,))[0]))[1]
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                _plant(rng, item, item.get("resourceType") if of == "Resource" else of, style)
    if kind in CARRIERS and rng.random() < style.share * 0.6:
        obj["modifierExtension"] = [_extension(rng, style) for _ in range(rng.choice([1, 1, 1, 1, 2, 3]))]
    if kind is not None and kind != "Extension" and obj.get("extension") is None and rng.random() < style.share * 0.15:
        obj["extension"] = [_plain(rng, style)]
    _plant_faults(rng, obj, kind, style)


def _plant_faults(rng: random.Random, obj: Json, kind: str | None, style: Style) -> None:
    fields, odds = TYPES.get(kind or "", {}), style.share * style.faults
    if kind not in CARRIERS:
        if kind is not None and rng.random() < odds * 0.03:
            obj["modifierExtension"] = [_simple(rng, A), *([_simple(rng, B)] if rng.random() < 0.3 else [])]
    elif style.wire == "fhir":
        # A fault of an operation's own slot stands at the place of its patch: both are decided, as test_patch shows.
        if "modifierExtension" not in obj and obj.get("name") != "operation" and rng.random() < odds * 0.1:
            obj["modifierExtension"] = rng.choice([[], None, [], None, {}, "x", [None], [[]], ["x"], [{}]])
        if rng.random() < odds * 0.02:
            obj[rng.choice(LOOK_ALIKES)] = [_simple(rng, A)]
    if style.wire == "fhir" and rng.random() < odds * 0.05:
        many = [n for n, (of, _, repeats) in fields.items() if of not in PRIMITIVES and isinstance(obj.get(n), list) and repeats]
        if many:
            obj[rng.choice(many)].insert(0, None)
    if style.wire == "fhir" and rng.random() < odds * 0.05:
        name = next((n for n, (of, _, many) in fields.items() if of in PRIMITIVES and n in obj and not many and n != "id"), None)
        if name:
            obj[f"_{name}"] = rng.choice([{"modifierExtension": [_simple(rng, A)]}, {"extension": [_plain(rng, style)]}])


def _simple(rng: random.Random, url: str) -> Json:
    return {"url": url, "valueBoolean": rng.random() < 0.5}


def _plain(rng: random.Random, style: Style) -> Json:
    known = [A, B, C, MODIFIER] if style.faults else []
    url = rng.choice([*known, PLAIN, *["http://example.org/plain"] * 3])
    if rng.random() < 0.2:
        return {"url": url, "extension": [_simple(rng, rng.choice(["p", A, MODIFIER] if style.faults else ["p"]))]}
    return {"url": url} | _value(rng, style)


def _extension(rng: random.Random, style: Style) -> Json:
    url = rng.choice(style.urls if rng.random() < 0.9 - 0.3 * style.faults else LITERALS)
    if rng.random() < 0.02 + 0.12 * style.faults:
        url = rng.choice([PLAIN, *NEAR, *RULES_URIS[:2]])
    if rng.random() < 0.05 * style.faults:
        return _broken(rng)
    return ({"id": "e"} if rng.random() < 0.05 else {}) | {"url": url} | _value(rng, style)


def _broken(rng: random.Random) -> Json:
    url = "http://bad.example/x"
    return rng.choice(
        [
            {"valueBoolean": True},
            {"url": 5, "valueBoolean": True},
            {"url": "", "valueBoolean": True},
            {"url": "relative", "valueCode": "x"},
            {"url": "urn:oid:1.2", "valueBoolean": True},
            {"url": "URN:uuid:1", "valueCode": "a"},
            {"url": f"{url}|1", "valueCode": "a"},
            {"url": f"{url} y", "valueBoolean": True},
            {"url": f"{url}\u200b", "valueBoolean": True},
            {"url": f" {url}", "valueCode": "a"},
            {"url": url},
            {"url": url, "valueBoolean": True, "extension": [_simple(rng, "p")]},
            {"url": url, "valueBoolean": True, "valueCode": "a"},
            {"url": url, "valueBoolean": "true"},
            {"url": url, "valueString": 5},
            {"url": url, "valueInteger": "1"},
            {"url": url, "valueInteger": True},
            {"url": url, "valueCoding": "x"},
            {"url": url, "valueCodeableConcept": []},
            {"url": url, "valueDecimal": {}},
        ]
    )


def _value(rng: random.Random, style: Style, *, deep: bool = True) -> Json:
    """Return what stands beside the url: a value of some type, or parts."""
    codings = [{"system": rng.choice(list(SYSTEMS.values())), "code": rng.choice("ab")} for _ in range(rng.choice([1, 1, 2]))]
    if rng.random() < 0.1:
        codings.append({"system": "http://example.org/cs/other", "code": "z"})
    quantity: Json = {"value": rng.choice([1, 2.5, 5]), "unit": "mg"} | ({"comparator": "<"} if rng.random() < 0.3 else {})
    day = rng.choice(["2026", "2026-06", "2026-05", "2026-06-14", "2026-06-15", "2027-01-01"])
    moment = rng.choice(
        ["2026-06-15T23:30:00-05:00", "2026-06-15T01:00:00+02:00", "2026-06-15T12:00:00.5Z", "2026-06-15T12:00:00Z"]
    )
    values: list[Json] = [
        {"valueBoolean": True},
        {"valueBoolean": False},
        {"valueBoolean": True},
        {"valueCode": rng.choice("abc")},
        {"valueString": rng.choice("abc")},
        {"valueCodeableConcept": {"coding": codings}},
        {"valueCodeableConcept": {"text": "x"}},
        {"valueCodeableConcept": {"coding": codings, "text": "x"}},
        {"valueCoding": codings[0]},
        {"valueInteger": rng.randint(1, 4)},
        {"valueDecimal": rng.choice([2.5, 1, 7.25])},
        {"valueQuantity": quantity},
        {"valueDate": day},
        {"valueDateTime": rng.choice([day, moment])},
        {"valueInstant": moment},
        {"valuePeriod": {"start": rng.choice([day, moment])}},
    ]
    if style.wire == "fhir":
        values.append({"_valueBoolean": {"extension": [{"url": "http://example.org/plain", "valueCode": "x"}]}})
    if deep and rng.random() < 0.2:
        return {"extension": [{"url": rng.choice("ppq")} | _value(rng, style, deep=False) for _ in range(rng.choice([1, 2]))]}
    if deep and rng.random() < 0.15:
        return _structured(rng, replace(style, share=style.share / 2))
    return rng.choice(values)


def _structured(rng: random.Random, style: Style) -> Json:
    """Return a value that may itself carry modifiers."""
    timing: Json = {"repeat": {"count": 1}}
    kind, tree = rng.choice([("Timing", timing), ("Dosage", {"text": "x", "timing": timing})])
    if style.wire == "graphql":
        _as_graphql(rng, tree, kind, style.faults)
    _plant(rng, tree, kind, style)
    return {f"value{kind}": tree}


# --- the same policy as a rule file ---


def to_caveat(policy: Json) -> str:
    """Return `policy` as the text of one rule file, edition 1."""
    lines = ["caveat 1;", 'policy "random" version "1.0.0" {', '    owner "team@example.org";', "    fhir R4, R4B, R5;"]
    lines.append(f"    default {policy['default']};")
    lines += [f"    default {d['verdict']} on {', '.join(d['paths'])};" for d in policy["defaults"]]
    if policy.get("waivers_at_most") is not None:
        lines.append(f"    waivers at most {policy['waivers_at_most']} days;")
    lines.append("}")
    lines += [f"codesystem {name} = {_string(url)};" for name, url in SYSTEMS.items()]
    for kind, elements in policy["reads"].items():
        lines.append(f"reads all of {kind};" if elements is None else f"reads {kind} {{ {', '.join(elements)} }}")
    lines += [_rule_text(rule) for rule in policy["rules"]] + [_waiver_text(waiver) for waiver in policy["waivers"]]
    return "\n".join(lines) + "\n"


def _rule_text(rule: Json) -> str:
    text = f"{rule['verb']} {rule['name']}: {_urls(rule)} on {', '.join(rule['paths'])}"
    if rule["types"] is not None:
        text += f" as {' | '.join(rule['types'])}"
    if rule["when"] is not None:
        text += f" when {condition_text(rule['when'])}"
    return f'{text}{_dates(rule)} because "x" owner "o" assessed 2026-01-01;'


def _waiver_text(waiver: Json) -> str:
    what = waiver["rule"] if waiver["kind"] == "rule" else waiver["kind"]
    what += f" for {_urls(waiver)}" if waiver["urls"] else ""
    where = f"on {', '.join(waiver['paths'])} as {waiver['verdict']}"
    return f'waive {waiver["name"]}: {what} {where}{_dates(waiver)} owner "o" because "x";'


def _urls(rule: Json) -> str:
    spelled = [url if url == "anything" else _string(url) for url in rule["urls"]]
    return ", ".join(spelled) + (f" except {', '.join(map(_string, rule['except']))}" if rule["except"] else "")


def _dates(rule: Json) -> str:
    return "".join(f" {word} {rule[word].isoformat()}" for word in ("from", "until") if rule[word])


def condition_text(cond: Any) -> str:
    """Return a condition as rule files write it."""
    if cond[0] == "not":
        return f"not ({condition_text(cond[1])})"
    if cond[0] in {"and", "or"}:
        return f" {cond[0]} ".join(f"({condition_text(c)})" for c in cond[1])
    part, fields = cond[1]
    operand = ".".join(["value" if part is None else f"part({_string(part)})", *fields])
    if cond[0] == "present":
        return f"{operand} present"
    if cond[0] == "in":
        return f"{operand} in [{', '.join(map(_literal, cond[2]))}]"
    return f"{operand} {cond[2]} {_literal(cond[3])}"


def _literal(value: Any) -> str:
    if isinstance(value, tuple):
        return f"{next(name for name, url in SYSTEMS.items() if url == value[1])}#{value[2]}"
    if isinstance(value, bool):
        return "true" if value else "false"
    return _string(value) if isinstance(value, str) else str(value)


def _string(text: str) -> str:
    return json.dumps(text)


def histogram(cases: int, seed: int) -> tuple[Counter[str], Counter[str]]:
    """Return how many of `cases` end in each verdict, and how many have a decision on each ground."""
    rng = random.Random(seed)
    verdicts: Counter[str] = Counter()
    grounds: Counter[str] = Counter()
    for _ in range(cases):
        report = random_case(rng).expected()
        verdicts[report["verdict"]] += 1
        grounds.update({decision["ground"] for decision in report["decisions"]})
    return verdicts, grounds


if __name__ == "__main__":
    for counted in histogram(int(sys.argv[1]) if len(sys.argv) > 1 else 3000, 1):
        sys.stdout.write("".join(f"{count:6} {what}\n" for what, count in counted.most_common()) + "\n")
