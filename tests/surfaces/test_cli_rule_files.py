"""`caveat lint`, `fmt`, `test`, `explain` and `rules` as users meet them."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from caveat import __version__
from caveat.cli.app import run

Answer = tuple[int, str, str]
Cli = Callable[..., Answer]
GOOD = """caveat 1;

policy "good" version "1.0.0" {
    owner "pacs-team";
    fhir R4B;
}

extension quality = "https://example.org/quality";

review poor: quality on ImagingStudy.series as boolean because "a person decides";

test "goes to a person" {
    modifier quality on ImagingStudy.series;
    expect review by poor;
}
"""
UNTESTED = GOOD.partition("\ntest")[0]
FAILING = GOOD.replace("expect review by poor", "expect accept by poor")
WRONG = GOOD.replace("ImagingStudy.series as", "ImagingStudy.seriez as")


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Return a function that runs a command in a folder with a few rule files."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    texts = {
        "good.caveat": GOOD,
        "untested.caveat": UNTESTED,
        "failing.caveat": FAILING,
        "wrong.caveat": WRONG,
        "ugly.caveat": GOOD.replace("\n\n", "\n"),
        "syntax.caveat": GOOD.replace("as boolean because", "as boolean becuase"),
        "lost.caveat": GOOD.replace("modifier quality on ImagingStudy.series", 'resource "fixtures/study.json"'),
        "slipped.caveat": GOOD.replace("modifier quality on ImagingStudy.series", 'resource {"resourceType": "Patient"}'),
        "empty.caveat": 'caveat 1;\n\npolicy "empty" version "1.0.0" {\n    owner "o";\n}\n',
        "pack/main.caveat": UNTESTED,
        "pack/main_test.caveat": "caveat 1;\n\n" + GOOD[GOOD.index("test ") :],
        "pack/shared/names.caveat": 'caveat 1;\n\nextension a = "https://example.org/a";\n',
    }
    texts["pack/main.caveat"] = UNTESTED.replace("extension", 'import "shared/names.caveat" as org;\n\nextension').replace(
        "quality on", "quality, org.a on"
    )
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    study = {"resourceType": "ImagingStudy", "modifierExtension": [{"url": "https://example.org/quality", "valueBoolean": True}]}
    (tmp_path / "study.json").write_text(json.dumps(study))

    def call(*arguments: str, stdin: bytes = b"") -> Answer:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = run(list(arguments))
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def objects(out: str) -> list[dict[str, Any]]:
    """Return the objects of JSON output."""
    return [json.loads(line) for line in out.splitlines()]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["lint", "good.caveat"], 0),
        (["lint", "untested.caveat"], 0),
        (["lint", "untested.caveat", "--deny", "warnings"], 1),
        (["lint", "wrong.caveat"], 1),
        (["lint", "good.caveat", "wrong.caveat"], 1),
        (["lint", "syntax.caveat"], 1),
        (["lint", "empty.caveat"], 1),
        (["lint", "lost.caveat"], 1),
        (["lint", "absent.caveat"], 2),
        (["lint"], 2),
        (["lint", "pack", "--deny", "warnings"], 0),
        (["lint", "pack/main_test.caveat"], 0),
        (["fmt", "--check", "good.caveat"], 0),
        (["fmt", "--check", "ugly.caveat"], 1),
        (["fmt", "--check", "syntax.caveat"], 2),
        (["fmt", "syntax.caveat"], 2),
        (["fmt", "--diff", "ugly.caveat"], 0),
        (["fmt", "--check", "pack"], 0),
        (["fmt"], 2),
        (["test", "good.caveat"], 0),
        (["test", "pack"], 0),
        (["test", "failing.caveat"], 1),
        (["test", "untested.caveat"], 1),
        (["test", "wrong.caveat"], 2),
        (["test", "absent.caveat"], 2),
        (["test", "good.caveat", "--min", "100"], 0),
        (["test", "failing.caveat", "--min", "101"], 2),
        (["explain", "CV102"], 0),
        (["explain", "CV999"], 2),
        (["explain", "study.json", "-p", "good.caveat"], 0),
        (["explain", "absent.json"], 2),
        (["explain", "study.json", "-p", "wrong.caveat"], 2),
        (["rules", "show", "absent"], 2),
        (["rules", "copy", "absent", "."], 2),
        (["--version"], 0),
        (["bogus"], 2),
        ([], 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_exit_codes(cli: Cli, arguments: list[str], code: int) -> None:
    """0 no finding; 1 findings; 2 usage, a rule file that does not load, or nothing there."""
    answer = cli(*arguments)
    assert answer[0] == code, answer


def test_lint_shows_what_is_wrong_with_the_line(cli: Cli) -> None:
    """In text a person sees the place; the summary goes to stderr."""
    _, out, err = cli("lint", "wrong.caveat")
    assert out.startswith("error[CV101]: ")
    assert "--> wrong.caveat:10:" in out
    assert err == "1 rule file checked: 1 error, 0 warnings\n"


def test_lint_says_one_thing_of_a_document_in_place_of_a_name(cli: Cli) -> None:
    """What a slip made of the text is not looked for as a fixture besides."""
    code, out, err = cli("lint", "slipped.caveat")
    assert (code, out.count("error[")) == (1, 1)
    assert "takes the name of a file, not the document itself" in out
    assert "1 error" in err


COVERED = """caveat 1;
policy "p" version "1" { owner "o"; }
reject every-one: "http://example.org/**" on Patient because "x";
VERB known: "http://example.org/a" on Patient because "y" assessed 2026-01-01;
test "known" { modifier "http://example.org/a" on Patient; expect reject by every-one; }
test "known again" { modifier "http://example.org/a" on Patient; expect reject by known; }
"""


@pytest.mark.parametrize(
    ("verb", "options", "code", "word"),
    [
        ("understand", [], 1, "error[CV130]"),
        ("reject", [], 0, "warning[CV131]"),
        ("reject", ["--deny", "warnings"], 1, "warning[CV131]"),
        ("understand", ["--prove"], 1, "error[CV130]"),
    ],
)
def test_lint_fails_for_what_is_proven_wrong(cli: Cli, verb: str, options: list[str], code: int, word: str) -> None:
    """A finding of the analyses is a finding like any other, with --prove too."""
    Path("covered.caveat").write_text(COVERED.replace("VERB", verb), encoding="utf-8")
    answer = cli("lint", *options, "covered.caveat")
    assert answer[0] == code
    assert word in answer[1]


def test_lint_says_what_it_proved(cli: Cli) -> None:
    """With --prove standard output has a sentence for each thing proven; in JSON it stays diagnostics alone."""
    code, out, _ = cli("lint", "--prove", "good.caveat")
    assert code == 0
    assert "proven of good.caveat:\n  no unnamed url reaches accept, warn or exclude\n" in out
    assert "decides, for example `" in out
    assert "cases were tried" in out
    code, out, err = cli("lint", "--prove", "--format", "json", "good.caveat")
    assert (code, out) == (0, "")
    assert "cases were tried" in err


def test_lint_writes_one_log_in_sarif(cli: Cli) -> None:
    """In SARIF standard output is one log with a result for each finding, and none where nothing is wrong."""
    code, out, _ = cli("lint", "--format", "sarif", "wrong.caveat")
    (result,) = json.loads(out)["runs"][0]["results"]
    assert (code, result["ruleId"]) == (1, "CV101")
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "wrong.caveat"}


def test_lint_writes_one_diagnostic_a_line(cli: Cli) -> None:
    """In JSON standard output has diagnostics and nothing else, each once although two files were named twice."""
    _, out, _ = cli("lint", "--format", "json", "wrong.caveat", "./wrong.caveat", "untested.caveat")
    found = objects(out)
    assert [(each["schema"], each["code"], each["file"]) for each in found] == [
        ("caveat.diagnostic/1", "CV101", "wrong.caveat"),
        ("caveat.diagnostic/1", "CV153", "untested.caveat"),
    ]


def test_a_file_without_a_rule_fails_with_a_reason(cli: Cli) -> None:
    """A policy that could decide nothing is not called clean."""
    assert "empty.caveat has no rule" in cli("lint", "empty.caveat")[2]


def test_fmt_writes_the_canonical_form_and_then_changes_nothing(cli: Cli, tmp_path: Path) -> None:
    """An ugly file becomes the good one; a second run leaves it alone and says nothing."""
    assert cli("fmt", "ugly.caveat") == (0, "", "ugly.caveat formatted\n")
    assert (tmp_path / "ugly.caveat").read_text() == GOOD
    assert cli("fmt", "ugly.caveat") == (0, "", "")


def test_fmt_leaves_a_file_that_does_not_read(cli: Cli, tmp_path: Path) -> None:
    """What is wrong is shown, and not a byte is changed."""
    before = (tmp_path / "syntax.caveat").read_bytes()
    code, out, err = cli("fmt", "syntax.caveat")
    assert (code, out) == (2, "")
    assert "error[CV003]" in err
    assert (tmp_path / "syntax.caveat").read_bytes() == before


def test_fmt_diff_writes_nothing(cli: Cli, tmp_path: Path) -> None:
    """The difference is shown in the form that patch reads."""
    before = (tmp_path / "ugly.caveat").read_bytes()
    out = cli("fmt", "--diff", "ugly.caveat")[1]
    assert out.startswith("--- ugly.caveat\n+++ ugly.caveat (formatted)\n@@")
    assert (tmp_path / "ugly.caveat").read_bytes() == before


def test_fmt_of_standard_input_goes_to_standard_output(cli: Cli) -> None:
    """`-` reads and writes."""
    assert cli("fmt", "-", stdin=GOOD.replace("\n\n", "\n").encode()) == (0, GOOD, "")


def test_a_failed_test_says_what_was_expected_and_what_came(cli: Cli) -> None:
    """With the place of the test, so that an editor can go there."""
    assert cli("test", "failing.caveat") == (
        1,
        (
            "failed: goes to a person\n"
            "  --> failing.caveat:12\n"
            "  expected: accept by poor\n"
            '  got:      review (review rule by poor at "ImagingStudy.series[0].modifierExtension[0]")\n\n'
        ),
        "1 test: 0 passed, 1 failed\n",
    )


def test_tests_and_coverage_as_json(cli: Cli) -> None:
    """One object a test, then one a rule when coverage is asked for, then one for each thing that no test shows."""
    _, out, _ = cli("test", "--format", "json", "--coverage", "good.caveat")
    test, rule, *gaps = objects(out)
    assert list(test) == ["schema", "file", "line", "name", "passed", "expected", "got"]
    assert (test["schema"], test["line"], test["passed"]) == ("caveat.test/1", 12, True)
    assert rule == {"schema": "caveat.coverage/1", "rule": "poor", "decided": 1, "nearly": 0}
    assert {gap["schema"] for gap in gaps} == {"caveat.gap/1"}


def test_too_little_coverage_fails(cli: Cli, tmp_path: Path) -> None:
    """A rule that no test makes decide counts against --min."""
    (tmp_path / "half.caveat").write_text(GOOD + '\nreject other: quality on Patient because "no";\n')
    code, _, err = cli("test", "--min", "60", "half.caveat")
    assert code == 1
    assert "50 % of 2 rules and waivers decide in a test" in err


def test_no_tests_is_a_failure_with_a_reason(cli: Cli) -> None:
    """Zero tests never pass."""
    assert cli("test", "untested.caveat") == (1, "", "caveat: there are no tests, so nothing was shown\n")


@pytest.mark.parametrize("code", ["CV102", "cv102"])
def test_explain_prints_the_page_of_a_code(cli: Cli, code: str) -> None:
    """In whatever case it is typed."""
    assert "CV102" in cli("explain", code)[1].splitlines()[0]


def test_explain_shows_the_rules_that_decided_or_nearly_did(cli: Cli) -> None:
    """The rule's own text stands beside the decision, with its place."""
    _, out, _ = cli("explain", "study.json", "-p", "good.caveat", "--date", "2026-11-23")
    assert "near: `poor` nearly decided this: it names other paths" in out
    assert out.endswith(
        '  poor  good.caveat:10\n    review poor: quality on ImagingStudy.series as boolean because "a person decides";\n'
    )


def test_the_version_is_the_package_s(cli: Cli) -> None:
    """And nothing else is said."""
    assert cli("--version") == (0, f"caveat {__version__}\n", "")


def test_shipped_packs_are_listed_shown_and_copied(cli: Cli, tmp_path: Path) -> None:
    """What `rules` lists can be shown, copied once, and linted from the copy."""
    code, out, _ = cli("rules")
    names = [line.split()[0] for line in out.splitlines()]
    assert (code, len(names)) == (0, len(set(names)))
    assert "caveat 1;" in cli("rules", "show", names[0])[1]
    assert cli("rules", "copy", names[0], "mine")[0] == 0
    assert cli("lint", f"mine/{names[0]}")[0] == 0
    code, _, err = cli("rules", "copy", names[0], "mine")
    assert code == 2
    assert "nothing is overwritten" in err
