"""The compiled policy: its digest, its canonical JSON, its index by url."""

from __future__ import annotations

import hashlib
import json
import pickle
from dataclasses import replace
from datetime import date

import pytest

from caveat.policy.policy import Period, Policy, Rule
from caveat.policy.selectors import PathSelector, UrlSelector, UrlTerms
from caveat.spec.definition import Library, Package
from strategies.judging import X, compiled, policy_of, report, rule, study, waiver

DAYS = {
    "before": (date(2026, 1, 9), False),
    "first": (date(2026, 1, 10), True),
    "between": (date(2026, 1, 11), True),
    "last": (date(2026, 1, 12), True),
    "after": (date(2026, 1, 13), False),
}


@pytest.mark.parametrize(("day", "holds"), DAYS.values(), ids=DAYS)
def test_period(day: date, *, holds: bool) -> None:
    """Both days of a period belong to it; an end that is not given is open."""
    since, until = date(2026, 1, 10), date(2026, 1, 12)
    assert Period(since, until).holds(day) is holds
    assert Period(since, None).holds(day) is (day >= since)
    assert Period(None, until).holds(day) is (day <= until)
    assert Period().holds(day)


SETTINGS = "fhir R4, R5; default review; default exclude on ImagingStudy.series, Dosage;"
RULE = """warn r: @a, @b, "https://x.example/v/**" except @c on ImagingStudy.series, ImagingStudy as Coding | boolean
    when value = true or value in [DCM#1, DCM#2] or part("p").a.b = 1.0 because "b" owner "me" severity high kind qualifier
    assessed 2026-01-02 from 2026-01-03 until 2026-12-31 implemented by "m:f" see "s" record value;"""
BODY = (
    'codesystem DCM = "http://dicom.example/DCM";\nreads ImagingStudy { status, series.uid }\nreads Patient { name }\n'
    + RULE.replace("@a", f'"{X}a"').replace("@b", f'"{X}b"').replace("@c", f'"{X}c"')
    + "\n"
    + rule("forbid", "s", "@z on Patient")
    + waiver("w", "r for @a on ImagingStudy as review")
    + waiver("v", "incomplete on ImagingStudy, Patient as warn")
)
DIGEST = policy_of(BODY, SETTINGS).digest


def swapped(*pair: str) -> str:
    """Return the policy's text with two of its parts in each other's place."""
    one, other = pair
    assert BODY.count(one) == BODY.count(other) == 1
    return BODY.replace(one, "§").replace(other, one).replace("§", other)


LINES = BODY.splitlines()
SAME = {
    "statements in another order": "\n".join([LINES[0], LINES[8], LINES[7], LINES[6], LINES[2], LINES[1], *LINES[3:6]]),
    "a comment": BODY + "// nothing\n",
    "other layout": BODY.replace("\n", "\n\n    ").replace(", ", " ,\n"),
    "urls in another order": swapped(f'"{X}a", ', f'"{X}b", '),
    "paths in another order": BODY.replace("ImagingStudy.series, ImagingStudy as", "ImagingStudy, ImagingStudy.series as"),
    "types in another order": BODY.replace("Coding | boolean", "boolean | Coding"),
    "clauses in another order": BODY.replace('because "b" owner "me"', 'owner "me" because "b"'),
    "a list in another order": BODY.replace("DCM#1, DCM#2", "DCM#2, DCM#1"),
    "`or` in another order": BODY.replace("value = true or value in [DCM#1, DCM#2]", "value in [DCM#1, DCM#2] or value = true"),
    "elements in another order": BODY.replace("status, series.uid", "series.uid, status"),
    "a display text": BODY.replace("DCM#1,", 'DCM#1 "one",'),
    "a code system by another name": BODY.replace("DCM#", "DICOM#").replace("codesystem DCM", "codesystem DICOM"),
    "an unused name": BODY + 'extension x = "https://x.example/x";',
    "a test": BODY + 'test "t" { modifier "https://x.example/x" on Patient; expect reject; }',
}


@pytest.mark.parametrize("body", SAME.values(), ids=SAME)
def test_same_digest(body: str) -> None:
    """Order, layout, comments, names of systems and tests do not change the digest."""
    assert body != BODY
    assert policy_of(body, SETTINGS).digest == DIGEST


def test_settings_in_another_order() -> None:
    """The order of releases, defaults and their paths does not change the digest."""
    other = "default exclude on Dosage, ImagingStudy.series; default review; fhir R5, R4;"
    assert policy_of(BODY, other).digest == DIGEST


CHANGES = {
    "a verb": ("forbid s", "reject s"),
    "a name": ("forbid s", "forbid t"),
    "a url": (f'"{X}b"', f'"{X}bb"'),
    "a pattern": ("v/**", "v/*"),
    "an exception": (f'except "{X}c"', ""),
    "a path": ("on ImagingStudy.series, ImagingStudy as", "on ImagingStudy.series as"),
    "a deep path": ("ImagingStudy as Coding", "ImagingStudy.** as Coding"),
    "a type": ("Coding | boolean", "boolean"),
    "a literal": ("value = true", "value = false"),
    "an operator": ("= 1.0", ">= 1.0"),
    "a number": ("= 1.0", "= 1.1"),
    "a string for a number": ("= 1.0", '= "1.0"'),
    "a code": ("DCM#2", "DCM#3"),
    "a system": ("http://dicom.example/DCM", "http://dicom.example/DCM2"),
    "a part": ('part("p")', 'part("q")'),
    "the order of fields": (".a.b", ".b.a"),
    "`or` to `and`": ("true or value in", "true and value in"),
    "a negation": ("when value", "when not value"),
    "a reason": ('because "b" owner "me"', 'because "c" owner "me"'),
    "an owner": ('owner "me"', 'owner "you"'),
    "a severity": ("severity high", "severity low"),
    "a kind": ("kind qualifier", "kind privacy"),
    "an assessment": ("assessed 2026-01-02", "assessed 2026-01-04"),
    "the first day": ("from 2026-01-03", "from 2026-01-04"),
    "the last day": ("until 2026-12-31", "until 2026-12-30"),
    "what implements it": ('"m:f"', '"m:g"'),
    "where to see": ('see "s"', 'see "t"'),
    "recorded values": (" record value", ""),
    "a waiver's verdict": ("on ImagingStudy as review", "on ImagingStudy as exclude"),
    "a waiver's kind": ("incomplete on", "empty on"),
    "a waiver's path": ("on ImagingStudy, Patient as warn", "on ImagingStudy as warn"),
    "what is read": ("status, series.uid", "status"),
    "all of a type is read": ("reads Patient { name }", "reads all of Patient;"),
    "nothing of a type is read": ("reads Patient { name }", "reads Patient {}"),
    "a type is not spoken of": ("reads Patient { name }", ""),
}


@pytest.mark.parametrize(("old", "new"), CHANGES.values(), ids=CHANGES)
def test_other_digest(old: str, new: str) -> None:
    """Whatever decides, or is said of a decision, changes the digest."""
    assert BODY.count(old) == 1
    result = compiled(BODY.replace(old, new), SETTINGS)
    assert result.policy is not None or "CV110" in {d.code for d in result.diagnostics}
    assert result.policy is None or result.policy.digest != DIGEST


@pytest.mark.parametrize(
    ("old", "new"),
    [("R4, R5", "R4"), ("default review", "default reject"), (", Dosage", ""), ("exclude on", "review on")],
    ids=["a release", "the default", "a path of a default", "the default of paths"],
)
def test_other_digest_by_settings(old: str, new: str) -> None:
    """Releases and defaults are in the digest."""
    assert policy_of(BODY, SETTINGS.replace(old, new)).digest != DIGEST


def test_canonical_json() -> None:
    """A policy prints itself as JSON with sorted keys and no white space, of which the digest is taken."""
    body = (
        "reads Patient { name }" + rule("review", "r", "@a on Patient when value >= 2") + waiver("w", "empty on Patient as warn")
    )
    policy = policy_of(body, "fhir R4; default exclude on Patient.contact;")
    assert json.loads(policy.canonical_json()) == {
        "format": 1,
        "name": "p",
        "version": "1",
        "releases": ["R4"],
        "default": "reject",
        "path_defaults": [{"is": "PathDefault", "verdict": "exclude", "paths": ["Patient.contact"]}],
        "reads": [{"is": "Reading", "type": "Patient", "elements": ["Patient.name"]}],
        "rules": [
            {
                "is": "Rule",
                "name": "r",
                "verb": "review",
                "verdict": "review",
                "urls": {"is": "UrlSelector", "include": [X + "a"], "exclude": []},
                "paths": ["Patient"],
                "types": [],
                "when": {
                    "is": "Comparison",
                    "operand": {"is": "Operand", "part": None, "fields": ""},
                    "operator": ">=",
                    "literal": {"Decimal": "2"},
                },
                "period": {"is": "Period", "since": None, "until": None},
                "because": "b",
                "owner": "o",
                "kind": None,
                "severity": None,
                "assessed": {"date": "2026-01-01"},
                "implemented_by": None,
                "see": None,
                "record_value": False,
            }
        ],
        "waivers": [
            {
                "is": "Waiver",
                "name": "w",
                "kind": "empty",
                "rule": None,
                "urls": None,
                "paths": ["Patient"],
                "verdict": "warn",
                "period": {"is": "Period", "since": {"date": "2026-11-01"}, "until": {"date": "2026-11-30"}},
                "owner": "o",
                "because": "w",
                "ticket": None,
                "approved_by": None,
            }
        ],
    }
    text = policy.canonical_json()
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))
    assert policy.digest == "sha256:" + hashlib.sha256(text.encode()).hexdigest()
    assert policy.named.digest == policy.digest
    assert (policy.named.name, policy.named.version) == ("p", "1")


def test_pickle() -> None:
    """A policy survives pickling with its digest and its index."""
    policy = policy_of(BODY, SETTINGS)
    copy = pickle.loads(pickle.dumps(policy))  # noqa: S301  our own
    assert copy == policy
    assert (copy.digest, copy.by_url, copy.wide, copy.reading) == (policy.digest, policy.by_url, policy.wide, policy.reading)
    assert report(copy, study("a")) == report(policy, study("a"))


def a_rule(name: str, *literals: str, anything: bool = False) -> Rule:
    terms = UrlTerms(frozenset(literals), anything=anything)
    (made,) = policy_of(rule("reject", name.replace("_", "-"), "@a on Patient")).rules
    return Rule(name, "reject", made.verdict, UrlSelector(terms), (PathSelector("Patient"),))


def test_a_thousand_rules() -> None:
    """Rules are found by their url: of a thousand, one is asked, and with a wide one two."""
    plain = policy_of(rule("reject", "r", "@a on Patient")).rules[0]
    many = tuple(
        Rule(f"r{n}", "reject", plain.verdict, UrlSelector(UrlTerms(frozenset({f"{X}{n}"}))), plain.paths) for n in range(1000)
    )
    narrow, wide = Policy("p", "1", rules=many), Policy("p", "1", rules=(*many, a_rule("wide", X + "8", anything=True)))
    assert [each.name for each in narrow.rules_for(X + "7")] == ["r7"]
    assert narrow.rules_for(X + "1000") == ()
    assert [each.name for each in wide.rules_for(X + "7")] == ["r7", "wide"]
    assert [each.name for each in wide.rules_for(X + "8")] == ["r8", "wide"]
    assert [each.name for each in wide.rules_for(X + "1000")] == ["wide"]
    assert len(narrow.by_url) == 1000


SIMILAR = {
    "case": X.upper() + "A",
    "scheme": "http://" + X.partition("://")[2] + "a",
    "slash": X + "a/",
    "version": X + "a|1.0",
    "white space": f" {X}a ",
}


@pytest.mark.parametrize("url", SIMILAR.values(), ids=SIMILAR)
def test_similar(url: str) -> None:
    """Urls that people take for one another are known as such, for hints only."""
    policy = policy_of(rule("reject", "r", "@a on Patient"))
    assert [each.name for each in policy.rules_of_similar(url)] == ["r"]
    assert policy.rules_for(url) == ()


def test_a_url_is_not_similar_to_itself() -> None:
    """A rule of the very url is no near miss by url, and neither is one of another."""
    policy = policy_of(rule("reject", "r", "@a on Patient"))
    assert policy.rules_of_similar(X + "a") == policy.rules_of_similar(X + "b") == ()


def test_the_digest_covers_the_packages() -> None:
    """Name, version and hash of each package count, their order does not, and what they define counts through the hash."""
    packages = (Package("a", "1", "0" * 64), Package("b", "1", "1" * 64))
    digest = Policy("p", "1", library=Library(packages=packages)).digest
    assert Policy("p", "1", library=Library(packages=packages[::-1])).digest == digest
    others = [
        (),
        packages[:1],
        (packages[0], replace(packages[1], version="2")),
        (replace(packages[0], sha256="2" * 64), packages[1]),
    ]
    assert digest not in {Policy("p", "1", library=Library(packages=each)).digest for each in others}
