"""What the checker says on a given day, and what it keeps silent about."""

from __future__ import annotations

from datetime import date

import pytest

from caveat.domain.diagnostic import Severity
from caveat.lang.parser import parse
from caveat.lang.resolve import lint, resolve

TODAY = date(2026, 11, 24)
HEAD = 'caveat 1; policy "p" version "1" { owner "o"; reassess every 100 days; }\n'
NAME = 'extension retake = "https://x.example/retake";\n'
RULE = 'reject r: retake on Patient because "b";\n'
TEST = 'test "t" { modifier retake on Patient; expect reject by r; }\n'
CLEAN = HEAD + NAME + RULE + TEST
WARN = 'warn w: "https://x.example/a" on Patient because "b" assessed DAY; test "w" { expect warn by w; }'


def waiver(since: str, until: str) -> str:
    """Return a clean policy with a waiver."""
    waived = 'waive v: unknown for "https://y.example/a" on Patient as warn'
    return CLEAN + f'{waived} from {since} until {until} owner "o" because "b";'


def found(text: str, today: date = TODAY, **others: str) -> list[tuple[str, str]]:
    """Return each diagnostic's code and the marked words; other files are given by their stem, tests end in `_test`."""
    texts = {"main.caveat": text} | {f"{name}.caveat": other for name, other in others.items()}
    files = {name: parse(text, name).file for name, text in texts.items()}
    resolved = resolve(files, "main.caveat", [name for name in files if name.endswith("_test.caveat")])
    assert {d.code for d in resolved.diagnostics} <= {"CV103", "CV160"}
    return [(d.code, texts[d.span.file][d.span.start : d.span.end]) for d in lint(resolved, today)]


RETAKE_GOES = 'deprecate retake from 2026-01-01 because "b";'
OTHER = NAME.replace("retake", "other")
DEPRECATED = CLEAN + OTHER + 'deprecate retake use other from DAY removed 2027-01-01 because "b";'

FINDINGS = {
    "waiver ended yesterday": (waiver("2026-01-01", "2026-11-23"), "CV120", "until 2026-11-23"),
    "waiver ends today": (waiver("2026-01-01", "2026-11-24"), "CV121", "until 2026-11-24"),
    "waiver ends in 30 days": (waiver("2026-01-01", "2026-12-24"), "CV121", "until 2026-12-24"),
    "assessed 101 days ago": (CLEAN + WARN.replace("DAY", "2026-08-15"), "CV140", "assessed 2026-08-15"),
    "deprecated today": (DEPRECATED.replace("DAY", "2026-11-24"), "CV145", "retake"),
    "deprecated in a waiver": (
        HEAD
        + NAME
        + 'reject r: "https://x.example/**" on Patient because "b"; '
        + TEST
        + RETAKE_GOES
        + 'waive v: r for "https://x.example/retake" on Patient as warn from 2026-01-01 until 2027-12-01 owner "o" because "b";',
        "CV145",
        '"https://x.example/retake"',
    ),
    "unused extension": (CLEAN + OTHER, "CV150", "other"),
    "unused code system": (CLEAN + 'codesystem DCM = "http://x.example/DCM";', "CV150", "DCM"),
    "no test by name": (CLEAN + 'review s: retake on Patient because "b";', "CV152", "s"),
    "no tests": (HEAD + NAME + RULE, "CV153", '"p"'),
    "test of no rule": (CLEAN + 'test "u" { modifier retake on Patient; expect reject by unheard; }', "CV155", "unheard"),
    "test without expect": (CLEAN + 'test "u" { modifier retake on Patient; }', "CV156", '"u"'),
}


@pytest.mark.parametrize(("text", "code", "marked"), FINDINGS.values(), ids=FINDINGS.keys())
def test_finding(text: str, code: str, marked: str) -> None:
    """Each mistake gives one diagnostic, at the words that it is about."""
    assert found(text) == [(code, marked)]


SILENT = {
    "clean": CLEAN,
    "waiver ends in 31 days": waiver("2026-01-01", "2026-12-25"),
    "assessed 100 days ago": CLEAN + WARN.replace("DAY", "2026-08-16"),
    "assessed long ago without a limit": CLEAN.replace("reassess every 100 days;", "") + WARN.replace("DAY", "2016-08-16"),
    "assessed long ago, no longer in force": CLEAN + WARN.replace("DAY", "2016-08-16 until 2026-11-23"),
    "deprecated tomorrow": DEPRECATED.replace("DAY", "2026-11-25"),
    "deprecated, only excepted": HEAD
    + NAME
    + 'reject r: "https://x.example/**" except retake on Patient because "b";'
    + TEST
    + RETAKE_GOES,
    "deprecated, only in tests": HEAD + NAME + 'reject r: "https://x.example/a" on Patient because "b";' + TEST + RETAKE_GOES,
    "used by an invariant": CLEAN + OTHER + 'invariant i: never accept for other on Patient because "b";',
    "used by govern": CLEAN + OTHER + "govern g: definitions of other { require modifier; }",
    "code system used by a test": CLEAN
    + 'codesystem DCM = "http://x.example/DCM"; test "u" { modifier retake on Patient = DCM#1; expect reject; }',
    "test of a waiver": waiver("2026-01-01", "2027-12-01")
    + 'test "u" { modifier "https://y.example/a" on Patient; expect warn by v; }',
}


@pytest.mark.parametrize("text", SILENT.values(), ids=SILENT.keys())
def test_silent(text: str) -> None:
    """What is in order on that day gives no diagnostic."""
    assert found(text) == []


def test_removed_weighs_more_than_deprecated() -> None:
    """A deprecated extension in use is a warning, from its removal on an error."""
    file = parse(DEPRECATED.replace("DAY", "2026-01-01"), "main.caveat").file
    resolved = resolve({"main.caveat": file}, "main.caveat")
    days = (date(2026, 12, 31), date(2027, 1, 1))
    assert [found.severity for day in days for found in lint(resolved, day)] == [Severity.WARNING, Severity.ERROR]
    assert lint(resolved, TODAY)[0].help == "use `other` instead"


def test_length_of_a_waiver_is_cut_before_its_end_is_looked_at() -> None:
    """A waiver that is too long ends where `waivers at most` cuts it."""
    text = waiver("2026-11-01", "2027-11-20").replace("reassess every", "waivers at most 10 days; reassess every")
    resolved = resolve({"main.caveat": parse(text, "main.caveat").file}, "main.caveat")
    assert [d.message for d in lint(resolved, TODAY)] == ["`v` ended on 2026-11-10"]


NAMES = "caveat 1;" + NAME


def test_unused_import() -> None:
    """An import that brings no rule, and of which no name is used, is unused."""
    main = CLEAN + 'import "lib.caveat" as org;'
    assert found(main, lib=NAMES) == [("CV151", "org")]
    assert found(main, lib=NAMES + 'reject l: retake on Patient because "b";') == []
    assert found(main + 'invariant i: never accept for org.retake on Patient because "b";', lib=NAMES) == []


def test_import_not_found_is_not_unused() -> None:
    """An import that is not found is said once, and no test of its rules is called a test of none."""
    assert found(CLEAN + 'import "lib.caveat" as org; test "u" { modifier retake on Patient; expect reject by org.l; }') == []


def test_names_of_an_import_need_not_all_be_used() -> None:
    """An imported file may give more names than one policy uses."""
    assert found(CLEAN + 'import "lib.caveat" as org;', lib=NAMES + OTHER + 'reject l: retake on Patient because "b";') == []


def test_imported_rules_need_no_test_here() -> None:
    """An imported rule is tested where it stands, but may be expected here."""
    main = CLEAN + 'import "lib.caveat" as org; test "u" { modifier retake on Patient; expect reject by org.l; }'
    assert found(main, lib=NAMES + 'reject l: retake on Patient because "b";') == []


def test_test_files_count() -> None:
    """Tests beside the rule file test its rules, use its names, and are checked themselves."""
    assert found(HEAD + NAME + RULE, main_test="caveat 1;" + TEST) == []
    assert found(HEAD + NAME + RULE, main_test="caveat 1;" + TEST + OTHER) == [("CV150", "other")]
    assert found(HEAD + NAME + RULE, main_test="caveat 1;" + TEST.replace("by r", "by x")) == [("CV152", "r"), ("CV155", "x")]


def test_a_misspelt_use_is_one_mistake() -> None:
    """A name that is only misspelt where it is used is not called unused, nor its rule untested."""
    assert found(CLEAN + OTHER + 'invariant i: never accept for othr on Patient because "b";') == []
    assert found(HEAD + NAME + RULE.replace("r:", "rule-one:") + TEST.replace("by r", "by rule-on")) == [("CV155", "rule-on")]


def test_broken_statements_hide_nothing_else() -> None:
    """While a statement cannot be read, nothing is called unused or untested, and what has ended still has."""
    file = parse(waiver("2026-01-01", "2026-11-23") + OTHER, "main.caveat").file
    whole = resolve({"main.caveat": file}, "main.caveat")
    assert [d.code for d in lint(whole, TODAY)] == ["CV120", "CV150"]
    broken = resolve({"main.caveat": file}, "main.caveat", broken=["main.caveat"])
    assert [d.code for d in lint(broken, TODAY)] == ["CV120"]
