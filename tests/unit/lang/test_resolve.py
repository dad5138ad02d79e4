"""Names, imports, duplicates, mandatory clauses, urls, waivers and dates of rule files."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from caveat.domain.diagnostic import CODES, Diagnostic
from caveat.lang.parser import parse
from caveat.lang.resolve import Resolved, UrlTerm, resolve
from caveat.lang.spelling import RESERVED

POLICY = 'caveat 1; policy "p" version "1" { SET }'
HEAD = 'caveat 1; policy "p" version "1" { owner "o"; }\n'
NAMED = HEAD + 'extension retake = "https://x.example/retake"; codesystem DCM = "http://dicom.example/DCM";\n'
RULE = 'reject r: retake on Patient because "b";\n'
WAIVER = 'waive w: {} on Patient as warn from 2026-01-01 until 2026-02-01 owner "o" because "b";\n'


def resolved(text: str, tests: tuple[str, ...] = (), /, **others: str) -> Resolved:
    """Resolve `main.caveat`; other files are given by their stem, folders as `__`."""
    texts = {"main.caveat": text} | {name.replace("__", "/") + ".caveat": other for name, other in others.items()}
    parsed = {name: parse(text, name) for name, text in texts.items()}
    assert [found for one in parsed.values() for found in one.diagnostics] == []
    return resolve({name: one.file for name, one in parsed.items()}, "main.caveat", tests)


def found(text: str, tests: tuple[str, ...] = (), /, **others: str) -> list[tuple[str, str]]:
    """Return each diagnostic's code, and the marked words."""
    texts = {"main.caveat": text} | {name.replace("__", "/") + ".caveat": other for name, other in others.items()}
    return [(d.code, texts[d.span.file][d.span.start : d.span.end]) for d in resolved(text, tests, **others).diagnostics]


FINDINGS = {
    "unknown extension": (NAMED + 'reject r: retakes on Patient because "b";', "CV103", "retakes"),
    "unknown extension after except": (NAMED + 'reject r: retake except foo on Patient because "b";', "CV103", "foo"),
    "unknown import": (NAMED + 'reject r: org.retake on Patient because "b";', "CV103", "org.retake"),
    "unknown code system": (NAMED + 'reject r: retake on Patient when value = DCN#1 because "b";', "CV103", "DCN#1"),
    "unknown code system below not": (
        NAMED + 'reject r: retake on Patient when not value in [DCN#1] because "b";',
        "CV103",
        "DCN#1",
    ),
    "unknown deprecated": (NAMED + 'deprecate old from 2026-01-01 because "b";', "CV103", "old"),
    "unknown replacement": (NAMED + 'deprecate retake use new from 2026-01-01 because "b";', "CV103", "new"),
    "unknown in a test": (NAMED + 'test "t" { modifier foo on Patient; expect reject; }', "CV103", "foo"),
    "unknown in an invariant": (NAMED + 'invariant i: never accept for foo on Patient because "b";', "CV103", "foo"),
    "unknown in govern": (NAMED + "govern g: definitions of foo { require modifier; }", "CV103", "foo"),
    "unknown in a waiver": (NAMED + WAIVER.format("unknown for foo"), "CV103", "foo"),
    "extension twice": (NAMED + 'extension retake = "https://x.example/b";', "CV104", "retake"),
    "rule twice": (NAMED + RULE + RULE, "CV104", "r"),
    "waiver named as a rule": (NAMED + RULE + WAIVER.format("r for retake").replace("w:", "r:"), "CV104", "r"),
    "code system twice": (NAMED + 'codesystem DCM = "http://x.example";', "CV104", "DCM"),
    "invariant twice": (NAMED + 2 * 'invariant i: never accept for retake on Patient because "b";', "CV104", "i"),
    "reserved extension": (NAMED + 'extension reject = "https://x.example/a";', "CV105", "reject"),
    "reserved rule": (NAMED + 'reject unknown: retake on Patient because "b";', "CV105", "unknown"),
    "no because": (NAMED + "reject r: retake on Patient;", "CV106", "r"),
    "blank because": (NAMED + 'reject r: retake on Patient because " ";', "CV106", "r"),
    "no owner anywhere": ('caveat 1; reject r: "https://x.example/a" on Patient because "b";', "CV106", "r"),
    "no assessed on understand": (NAMED + 'understand r: retake on Patient because "b";', "CV106", "r"),
    "no assessed on warn": (NAMED + 'warn r: retake on Patient because "b";', "CV106", "r"),
    "no assessed on exclude": (NAMED + 'exclude r: retake on Patient.contact because "b";', "CV106", "r"),
    "no until on a waiver": (
        NAMED + 'waive w: unknown for retake on Patient as warn from 2026-01-01 owner "o" because "b";',
        "CV106",
        "w",
    ),
    "no owner on a waiver": (
        NAMED + 'waive w: empty on Patient as warn from 2026-01-01 until 2026-02-01 because "b";',
        "CV106",
        "w",
    ),
    "clause twice": (NAMED + 'reject r: retake on Patient because "b" see "a" see "c";', "CV107", 'see "c"'),
    "setting twice": ('caveat 1; policy "p" version "1" { owner "a"; owner "b"; }', "CV107", 'owner "b";'),
    "default twice": ('caveat 1; policy "p" version "1" { default reject; default review; }', "CV107", "default review;"),
    "release twice": ('caveat 1; policy "p" version "1" { fhir R4, R4; }', "CV107", "R4"),
    "reads twice": (HEAD + "reads Patient { name } reads all of Patient;", "CV107", "reads all of Patient;"),
    "today twice": (HEAD + 'test "t" { today 2026-01-01; today 2026-01-02; expect reject; }', "CV107", "today 2026-01-02;"),
    "relative url": (HEAD + 'reject r: "retake" on Patient because "b";', "CV108", '"retake"'),
    "urn": (HEAD + 'reject r: "urn:oid:1.2" on Patient because "b";', "CV108", '"urn:oid:1.2"'),
    "version": (HEAD + 'reject r: "https://x.example/a|1" on Patient because "b";', "CV108", '"https://x.example/a|1"'),
    "white space": (HEAD + 'reject r: "https://x.example/a " on Patient because "b";', "CV108", '"https://x.example/a "'),
    "invisible": (
        HEAD + 'reject r: "https://x.example/\\u200ba" on Patient because "b";',
        "CV108",
        '"https://x.example/\\u200ba"',
    ),
    "no host": (HEAD + 'reject r: "https:///a" on Patient because "b";', "CV108", '"https:///a"'),
    "no two slashes": (HEAD + 'reject r: "mailto:a@x.example" on Patient because "b";', "CV108", '"mailto:a@x.example"'),
    "urn with two slashes": (HEAD + 'reject r: "urn://x/y" on Patient because "b";', "CV108", '"urn://x/y"'),
    "scheme alone for implicitRules": (HEAD + 'reject r: "urn:" on Patient.implicitRules because "b";', "CV108", '"urn:"'),
    "name of a scheme alone": (HEAD + 'extension u = "urn:"; reject r: u on *.implicitRules because "b";', "CV108", '"urn:"'),
    "scheme and slashes as a pattern": (HEAD + 'reject r: "https://*" on Patient because "b";', "CV108", '"https://*"'),
    "user and no host for warn": (
        HEAD + 'warn r: "https://u@/a/*" on Patient because "b" assessed 2026-01-01;',
        "CV108",
        '"https://u@/a/*"',
    ),
    "star inside": (HEAD + 'reject r: "https://x.example/*/a" on Patient because "b";', "CV108", '"https://x.example/*/a"'),
    "three stars": (HEAD + 'reject r: "https://x.example/a/***" on Patient because "b";', "CV108", '"https://x.example/a/***"'),
    "query in pattern": (
        HEAD + 'reject r: "https://x.example/a?b/*" on Patient because "b";',
        "CV108",
        '"https://x.example/a?b/*"',
    ),
    "pattern for understand": (
        HEAD + 'understand r: "https://x.example/a/*" on Patient because "b" assessed 2026-01-01;',
        "CV108",
        '"https://x.example/a/*"',
    ),
    "host pattern for warn": (
        HEAD + 'warn r: "https://x.example/**" on Patient because "b" assessed 2026-01-01;',
        "CV108",
        '"https://x.example/**"',
    ),
    "dots are no path": (
        HEAD + 'warn r: "https://x.example/./**" on Patient because "b" assessed 2026-01-01;',
        "CV108",
        '"https://x.example/./**"',
    ),
    "anything for exclude": (HEAD + 'exclude r: anything on Patient because "b" assessed 2026-01-01;', "CV108", "anything"),
    "anything for a waiver of unknown": (HEAD + WAIVER.format("unknown for anything"), "CV108", "anything"),
    "host pattern for a waiver": (NAMED + RULE + WAIVER.format('r for "https://x.example/*"'), "CV108", '"https://x.example/*"'),
    "except anything": (NAMED + 'reject r: retake except anything on Patient because "b";', "CV108", "anything"),
    "anything in a test": (HEAD + 'test "t" { modifier anything on Patient; expect reject; }', "CV108", "anything"),
    "urn beside another path": (
        HEAD + 'reject r: "urn:a:b" on Patient.implicitRules, Patient because "b";',
        "CV108",
        '"urn:a:b"',
    ),
    "urn by name": (HEAD + 'extension u = "urn:a:b"; reject r: u on Patient because "b";', "CV108", "u"),
    "name of a relative url": (HEAD + 'extension u = "a"; reject r: u on Patient because "b";', "CV108", '"a"'),
    "name of a pattern": (
        HEAD + 'extension u = "https://x.example/a/*"; reject r: u on Patient because "b";',
        "CV108",
        '"https://x.example/a/*"',
    ),
    "code system with a version": (
        NAMED + 'codesystem V = "http://x.example/v|2"; reject r: retake on Patient when value = V#1 because "b";',
        "CV108",
        '"http://x.example/v|2"',
    ),
    "code system with a wildcard": (
        NAMED + 'codesystem V = "http://x.example/*"; reject r: retake on Patient when value = V#1 because "b";',
        "CV108",
        '"http://x.example/*"',
    ),
    "no such day": (NAMED + 'reject r: retake on Patient because "b" until 2026-02-30;', "CV109", "2026-02-30"),
    "no such day in a condition": (
        NAMED + 'reject r: retake on Patient when value < 2026-13-01 because "b";',
        "CV109",
        "2026-13-01",
    ),
    "from after until": (
        NAMED + 'reject r: retake on Patient because "b" from 2026-02-01 until 2026-01-31;',
        "CV109",
        "2026-02-01",
    ),
    "from after removed": (NAMED + 'deprecate retake from 2026-02-01 removed 2026-01-01 because "b";', "CV109", "2026-02-01"),
    "waiver too long": (
        'caveat 1; policy "p" version "1" { waivers at most 31 days; }' + WAIVER.format("empty"),
        "CV122",
        "until 2026-02-01",
    ),
    "waiver of no rule": (NAMED + RULE + WAIVER.format("rr for retake"), "CV123", "rr"),
    "waiver of a waiver": (NAMED + WAIVER.format("w for retake"), "CV123", "w"),
    "waiver of a forbid": (NAMED + RULE.replace("reject", "forbid") + WAIVER.format("r for retake"), "CV124", "r"),
    "no such import": (HEAD + 'import "a.caveat" as a;', "CV160", '"a.caveat"'),
    "absolute import": (HEAD + 'import "/main.caveat" as a;', "CV160", '"/main.caveat"'),
    "import above the folder": (HEAD + 'import "../main.caveat" as a;', "CV160", '"../main.caveat"'),
    "import of itself": (HEAD + 'import "main.caveat" as a;', "CV160", '"main.caveat"'),
}


@pytest.mark.parametrize(("text", "code", "marked"), FINDINGS.values(), ids=FINDINGS.keys())
def test_finding(text: str, code: str, marked: str) -> None:
    """Each mistake gives one diagnostic, at the words that are wrong."""
    assert found(text) == [(code, marked)]


LABELS = {
    "star inside": "not a literal url",
    "three stars": "not a literal url",
    "name of a pattern": "not a literal url",
    "code system with a wildcard": "not a literal url",
    "query in pattern": "this is no pattern",
    "scheme and slashes as a pattern": "this is no pattern",
    "code system with a version": "no lawful code has this system",
    "urn": "this matches no modifier extension",
    "urn beside another path": "this matches no modifier extension",
    "scheme alone for implicitRules": "this matches no modifier extension",
    "user and no host for warn": "too wide",
}


@pytest.mark.parametrize("name", LABELS)
def test_a_label_says_no_more_than_is_true(name: str) -> None:
    """Only a url that is malformed in a document is said to match nothing; a `*` is refused for the rule file's sake."""
    one = resolve({"main.caveat": parse(FINDINGS[name][0], "main.caveat").file}, "main.caveat").diagnostics
    assert [diagnostic.label for diagnostic in one] == [LABELS[name]]


SILENT = {
    "known names": NAMED + 'reject r: retake on Patient when value = DCM#1 because "b";',
    "extension and rule of one name": NAMED + 'reject retake: retake on Patient because "b";',
    "a name that only starts reserved": NAMED
    + 'extension rejected = "https://x.example/a"; reject r: rejected on Patient because "b";',
    "a word of `kind` as name": NAMED + 'reject negation: retake on Patient because "b";',
    "owner on the rule": 'caveat 1; reject r: "https://x.example/a" on Patient because "b" owner "o";',
    "no assessed on review": NAMED + 'review r: retake on Patient because "b";',
    "two clauses": NAMED + 'reject r: retake on Patient because "b" see "c";',
    "two defaults on paths": POLICY.replace("SET", "default exclude on Patient.contact; default review on Patient.contact;"),
    "reads of two types": HEAD + "reads Patient { name } reads all of Group;",
    "host pattern for reject": HEAD + 'reject r: "https://x.example/**" on Patient because "b";',
    "path pattern for warn": HEAD + 'warn r: "https://x.example/a/**" on Patient because "b" assessed 2026-01-01;',
    "pattern after except": HEAD
    + 'warn r: "https://x.example/a/**" except "https://x.example/a/b/*" on Patient because "b" assessed 2026-01-01;',
    "anything for reject": HEAD + 'reject r: anything on Patient because "b";',
    "anything for a waiver of a rule": NAMED + RULE + WAIVER.format("r for anything"),
    "anything in an invariant": HEAD + 'invariant i: never accept for anything on Patient because "b";',
    "urn of implicitRules": HEAD
    + 'reject r: "urn:a:b", "https://x.example/a|1" on Patient.implicitRules, *.implicitRules because "b";',
    "urn of implicitRules by name": HEAD + 'extension u = "urn:a:b"; reject r: u on *.implicitRules because "b";',
    "urn of a code system": HEAD
    + 'codesystem C = "urn:oid:1.2"; reject r: "https://x.example/a" on Patient when value = C#1 because "b";',
    "no host in a literal": HEAD + 'reject r: "http://:80/x", "http://u@/x", "http://?x" on Patient because "b";',
    "format characters off the list": HEAD
    + 'reject r: "http://x.example/\\u00ad", "http://x.example/\\u2061" on Patient because "b";',
    "query in a literal": HEAD + 'reject r: "https://x.example/a?b=c#d" on Patient because "b";',
    "malformed url in a test": HEAD + 'test "t" { modifier "a b" on Patient; expect reject malformed; }',
    "leap day": NAMED + 'reject r: retake on Patient because "b" until 2028-02-29;',
    "one day": NAMED + 'reject r: retake on Patient because "b" from 2026-02-01 until 2026-02-01;',
    "longest waiver": 'caveat 1; policy "p" version "1" { waivers at most 32 days; }' + WAIVER.format("empty"),
    "waiver of a rule": NAMED + RULE + WAIVER.format("r for retake"),
}


@pytest.mark.parametrize("text", SILENT.values(), ids=SILENT.keys())
def test_silent(text: str) -> None:
    """What is lawful gives no diagnostic."""
    assert found(text) == []


LIBRARY = """caveat 1; policy "lib" version "1" { owner "library"; default review; }
extension retake = "https://lib.example/retake"; codesystem DCM = "http://lib.example/DCM";
reads Patient { name }
reject r: retake on Patient when value = DCM#1 because "b";
waive w: unknown for retake on Patient as warn;
test "t" { modifier foo on Patient; expect reject by nothing; }
"""


def test_import_brings_names_and_rules_only() -> None:
    """An import brings aliases and rules under its name, never reads, defaults, waivers or tests."""
    policy = resolved(
        HEAD + 'import "shared/lib.caveat" as org; reject own: org.retake on Patient because "b";', shared__lib=LIBRARY
    )
    assert [rule.name for rule in policy.rules] == ["own", "org.r"]
    assert policy.rules[0].urls.include[0].text == "https://lib.example/retake"
    assert policy.rules[1].codesystems == {"DCM": "http://lib.example/DCM"}
    assert (policy.reads, policy.defaults, policy.waivers, policy.tests) == ((), (), (), ())
    assert policy.extensions == {"org.retake": "https://lib.example/retake"}
    assert (policy.diagnostics, policy.files) == ((), ("main.caveat", "shared/lib.caveat"))


def test_owner_of_an_imported_rule() -> None:
    """A rule's owner is its own, else its file's, else the main policy's."""
    bare = LIBRARY.replace('policy "lib" version "1" { owner "library"; default review; }', "")
    policy = resolved(
        HEAD + 'import "a.caveat" as a; import "b.caveat" as b; reject own: a.retake on Patient because "b" owner "me";',
        a=LIBRARY,
        b=bare,
    )
    assert {rule.name: rule.owner for rule in policy.rules} == {"own": "me", "a.r": "library", "b.r": "o"}


def test_imports_of_imports_have_whole_paths() -> None:
    """Rules of an import's imports are called by their whole path, relative to the file that imports them."""
    middle = 'caveat 1; import "deep.caveat" as sub; reject m: sub.retake on Patient because "b";'
    policy = resolved(HEAD + 'import "x/middle.caveat" as org;', x__middle=middle, x__deep=LIBRARY)
    assert [rule.name for rule in policy.rules] == ["org.m", "org.sub.r"]
    assert policy.rules[0].urls.include[0].text == "https://lib.example/retake"
    assert policy.diagnostics == ()


def test_names_and_rules_by_their_whole_path() -> None:
    """A name of an import's import is reached by its whole path; a name or a step on the way that is not there is unknown."""
    middle = 'caveat 1; import "lib.caveat" as sub;'
    text = (
        HEAD
        + 'import "middle.caveat" as org; reject own: org.sub.NAME on Patient because "b";'
        + WAIVER.format("org.sub.r for anything")
    )
    policy = resolved(text.replace("NAME", "retake"), middle=middle, lib=LIBRARY)
    assert (policy.diagnostics, policy.waivers[0].rule) == ((), "org.sub.r")
    assert policy.rules[0].urls.include[0].text == "https://lib.example/retake"
    assert found(text.replace("NAME", "foo"), middle=middle, lib=LIBRARY) == [("CV103", "org.sub.foo")]
    away = text.replace("org.sub.NAME", "org.sib.retake")
    assert found(away, middle=middle, lib=LIBRARY) == [("CV103", "org.sib.retake")]
    lost = middle.replace("lib", "lost")
    assert found(text.replace("NAME", "retake"), middle=lost) == [("CV160", '"lost.caveat"')]


def test_one_file_under_two_names() -> None:
    """A file imported under two names brings its rules twice."""
    policy = resolved(HEAD + 'import "lib.caveat" as a; import "lib.caveat" as b;', lib=LIBRARY)
    assert [rule.name for rule in policy.rules] == ["a.r", "b.r"]
    assert policy.diagnostics == ()


def test_a_mistake_in_an_import_is_said_once() -> None:
    """A file imported twice is judged once."""
    lib = 'caveat 1; reject r: foo on Patient because "b";'
    assert found(HEAD + 'import "lib.caveat" as a; import "lib.caveat" as b;', lib=lib) == [("CV103", "foo")]


def test_missing_import_has_no_cascade() -> None:
    """Names behind an import that is not found are not called unknown as well."""
    text = HEAD + 'import "lib.caveat" as org; reject r: org.retake on Patient because "b";' + WAIVER.format("org.r for anything")
    assert found(text) == [("CV160", '"lib.caveat"')]


def test_circle_of_imports() -> None:
    """Imports that lead back are refused where they close the circle, and everything else is read."""
    policy = resolved(
        HEAD + 'import "a.caveat" as a;', a='caveat 1; import "b.caveat" as b;', b=LIBRARY + 'import "a.caveat" as a;'
    )
    assert [(d.code, d.span.file) for d in policy.diagnostics] == [("CV160", "b.caveat")]
    assert [rule.name for rule in policy.rules] == ["a.b.r"]


def test_depth_of_imports() -> None:
    """Eight imports may follow each other, not nine."""
    chain = {f"f{n}": f'caveat 1; import "f{n + 1}.caveat" as n;' for n in range(1, 8)}
    assert found(HEAD + 'import "f1.caveat" as n;', **chain, f8="caveat 1;") == []
    chain["f8"] = 'caveat 1; import "f9.caveat" as n;'
    assert found(HEAD + 'import "f1.caveat" as n;', **chain, f9="caveat 1;") == [("CV160", '"f9.caveat"')]


def test_number_of_imports_is_bounded() -> None:
    """Files that import each other many times over end in a diagnostic, not in exponential work."""
    twelve = "".join(f'import "f{{}}.caveat" as n{k};' for k in range(12))
    chain = {f"f{n}": "caveat 1;" + twelve.replace("{}", str(n + 1)) for n in range(1, 8)}
    policy = resolved(HEAD + twelve.replace("{}", "1"), **chain, f8=LIBRARY)
    assert {d.code for d in policy.diagnostics} == {"CV160"}
    assert len(policy.rules) <= 256


def test_test_file_sees_the_rule_file() -> None:
    """A test file uses the rule file's names and its own, and only its tests count."""
    tests = """caveat 1; extension mine = "https://x.example/mine"; codesystem T = "http://x.example/t";
        test "t" { modifier retake on Patient = DCM#1; modifier mine on Patient = T#1; expect reject by r; }
        reject other: mine on Patient because "b";"""
    policy = resolved(NAMED + RULE, ("main_test.caveat",), main_test=tests)
    assert policy.diagnostics == ()
    assert [url for _, url in policy.tests[0].modifiers] == ["https://x.example/retake", "https://x.example/mine"]
    assert [name for _, name in policy.tests[0].expects] == ["r"]
    assert policy.tests[0].codesystems == {"DCM": "http://dicom.example/DCM", "T": "http://x.example/t"}
    assert [rule.name for rule in policy.rules] == ["r"]


def test_test_file_may_not_give_a_name_another_meaning() -> None:
    """A test that means something else by the same name would prove nothing."""
    tests = 'caveat 1; extension retake = "https://x.example/other"; test "t" { modifier retake on Patient; expect reject; }'
    assert found(NAMED + RULE, ("main_test.caveat",), main_test=tests) == [("CV104", "retake")]
    system = (
        'caveat 1; codesystem DCM = "http://x.example/other"; test "t" { modifier retake on Patient = DCM#1; expect reject; }'
    )
    assert found(NAMED + RULE, ("main_test.caveat",), main_test=system) == [("CV104", "DCM")]
    importing = 'caveat 1; import "b.caveat" as org; test "t" { modifier org.retake on Patient; expect reject; }'
    main = HEAD + 'import "a.caveat" as org;'
    assert found(main, ("main_test.caveat",), main_test=importing, a=LIBRARY, b=LIBRARY) == [("CV104", "org")]
    same = tests.replace("other", "retake")
    assert found(NAMED + RULE, ("main_test.caveat",), main_test=same) == []


def test_a_test_file_that_is_imported_keeps_its_rules() -> None:
    """A test file that the main file imports brings its rules like any other, under names of its own."""
    both = LIBRARY.replace("foo on Patient; expect reject by nothing", "retake on Patient; expect reject by org.r")
    policy = resolved(HEAD + 'import "main_test.caveat" as org;', ("main_test.caveat",), main_test=both)
    assert ([rule.name for rule in policy.rules], len(policy.tests)) == (["org.r"], 1)
    assert policy.diagnostics == ()
    alien = 'caveat 1; reject q: mine on Patient because "b";'
    main = HEAD + 'extension mine = "https://x.example/mine"; import "main_test.caveat" as org;'
    assert found(main, ("main_test.caveat",), main_test=alien) == [("CV103", "mine")]


def test_clauses_are_read_out() -> None:
    """A rule's clauses come out as values."""
    rule = resolved(
        NAMED + 'understand r: retake, "https://x.example/b" except "https://x.example/c/*" on Patient as boolean | Coding '
        'when value present kind privacy because "b" owner "me" severity high implemented by "m:f" assessed 2026-01-01 '
        'from 2026-01-02 until 2026-01-03 see "s" record value;'
    ).rules[0]
    assert [(term.kind, term.text) for term in (*rule.urls.include, *rule.urls.exclude)] == [
        ("literal", "https://x.example/retake"),
        ("literal", "https://x.example/b"),
        ("pattern", "https://x.example/c/*"),
    ]
    assert (rule.verb, rule.types, rule.kind, rule.because, rule.owner) == (
        "understand",
        ("boolean", "Coding"),
        "privacy",
        "b",
        "me",
    )
    assert (rule.severity, rule.implemented_by, rule.see, rule.record_value) == ("high", "m:f", "s", True)
    assert (rule.assessed, rule.since, rule.until) == (date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 3))
    assert rule.when == rule.rule.clauses[1].condition  # type: ignore[union-attr]


def test_header_is_read_out() -> None:
    """The settings of the header come out as values, and without a header the file's name stands for the policy's."""
    policy = resolved(
        'caveat 1; policy "p" version "2.0" { owner "o"; application "a" version "4"; fhir R4, R5; default review; '
        "waivers at most 10 days; reassess every 20 days; }"
    )
    assert (policy.name, policy.version, policy.owner, policy.application) == ("p", "2.0", "o", ("a", "4"))
    assert (policy.releases, len(policy.defaults), policy.waivers_at_most, policy.reassess) == (("R4", "R5"), 1, 10, 20)
    bare = resolved("caveat 1;")
    assert (bare.name, bare.version, bare.owner, bare.application, bare.releases) == ("main", "0", None, None, ())


def test_waiver_is_cut() -> None:
    """A waiver is cut to `waivers at most`, both days counted; one that lacks a clause does not hold."""
    policy = resolved('caveat 1; policy "p" version "1" { waivers at most 10 days; }' + WAIVER.format("empty"))
    assert (policy.waivers[0].until, policy.waivers[0].holds) == (date(2026, 1, 10), True)
    lacking = resolved(NAMED + WAIVER.format("unknown for retake").replace('because "b"', ""))
    assert [waiver.holds for waiver in lacking.waivers] == [False]
    nothing = resolved('caveat 1; policy "p" version "1" { waivers at most 0 days; }' + WAIVER.format("empty")).waivers[0]
    assert (nothing.since, nothing.until) == (date(2026, 1, 1), date(2025, 12, 31))


def test_unknown_name_leaves_the_others() -> None:
    """The other urls of a statement with an unknown name still resolve."""
    policy = resolved(NAMED + 'reject r: foo, retake on Patient because "b";')
    include = policy.rules[0].urls.include
    assert include == (UrlTerm("literal", "https://x.example/retake", include[0].span),)


def test_suggestion() -> None:
    """An unknown name that is nearly a known one gets a question."""
    diagnostics = resolved(NAMED + 'reject r: retakes on Patient because "b";' + WAIVER.format("rr for retake")).diagnostics
    assert [d.help for d in diagnostics] == ["did you mean `retake`?", "did you mean `r`?"]


def test_broken_statement_has_no_cascade() -> None:
    """A name whose statement could not be read is not called unknown, but a misspelt one still is."""
    parsed = parse(
        HEAD + 'extension retake "https://x.example/a" "b";\nreject r: retake, foo on Patient because "b";', "main.caveat"
    )
    assert parsed.diagnostics
    unread = [item for item in parsed.file.items if not hasattr(item, "url")]
    assert len(unread) == 1
    policy = resolve({"main.caveat": parsed.file}, "main.caveat", broken=["main.caveat"])
    assert [d.message for d in policy.diagnostics] == ["no extension is called `foo`"]


def _messages() -> list[Diagnostic]:
    return [d for text, _, _ in FINDINGS.values() for d in resolved(text).diagnostics]


def test_messages_keep_the_house_form() -> None:
    """A message is one line, opens lower case or with the author's words, has no full stop, and weighs what its code says."""
    for diagnostic in _messages():
        assert re.fullmatch(r"[a-z`][^\n]*[^.\n]", diagnostic.message), diagnostic.message
        assert diagnostic.severity is CODES[diagnostic.code].severity


def test_reserved_words_are_the_grammar_s() -> None:
    """Every keyword of the grammar is reserved; the words of `kind`, `severity`, `status`, `fhir` and `intent` are not."""
    grammar = (Path(parse.__code__.co_filename).parent / "grammar.lark").read_text(encoding="utf-8")
    words: set[str] = set()
    for name, alternatives in re.findall(r"^([A-Z_]+)\.3: /(?:\(\?:)?([A-Za-z0-9|-]+)\)?\(\?!", grammar, re.MULTILINE):
        if name not in ("SEVERITY", "KIND", "STATUS", "FHIRVER", "INTENT"):
            words |= set(alternatives.split("|"))
    assert len(words) > 80
    assert words == RESERVED
