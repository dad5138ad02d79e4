"""`caveat test` beyond running: survivors, suggested tests, watching, JUnit; and what each exit code says."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from lxml import etree

from caveat.cli.app import run
from caveat.cli.exits import Exit
from caveat.cli.watch import watching

RULES = """caveat 1;
policy "p" version "1" { owner "o"; fhir R4; default reject; }
extension a = "https://x.example/a";
review r: a on Patient because "x";
"""
TEST = 'test "t" { modifier a on Patient; expect review by r; }\n'
FAILS = 'test "no" { modifier a on Patient; expect accept; }\n'


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write a policy with one test, and stand beside it."""
    path = tmp_path / "p.caveat"
    path.write_text(RULES + TEST)
    monkeypatch.chdir(tmp_path)
    return path


def test_survivors_are_told_where_they_are_written(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each survivor has its place and the test that would see it; the exit code is 1."""
    assert run(["test", "--strength", "p.caveat"]) == 1
    out, err = capsys.readouterr()
    assert "survived: `Patient` of `r` widened to `Patient.**`\n  --> p.caveat:4:16\n  seen by: modifier" in out
    assert "1 test: 1 passed, 0 failed" in err
    assert "survived" in err.splitlines()[-1]


def test_suggested_tests_leave_no_survivor(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What --suggest writes passes, and with it nothing survives; it can be asked for again."""
    assert run(["test", "--suggest", "--write", "p_test.caveat", "p.caveat"]) == 1
    assert run(["test", "--strength", "p.caveat"]) == 0
    assert run(["fmt", "--check", "p_test.caveat"]) == 0
    written = Path("p_test.caveat").read_text()
    assert run(["test", "--suggest", "--write", "p_test.caveat", "p.caveat"]) == 0
    assert Path("p_test.caveat").read_text() == written


def test_suggestions_go_to_standard_output(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without --write the file is printed, and nothing is written."""
    assert run(["test", "--suggest", "p.caveat"]) == 1
    out, _ = capsys.readouterr()
    assert out.startswith("// what the tests of p.caveat do not notice\ncaveat 1;\n\ntest ")
    assert [path.name for path in Path().iterdir()] == ["p.caveat"]


def test_survivors_as_json(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One object a survivor, with its schema and its span."""
    run(["test", "--strength", "--format", "json", "p.caveat"])
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    survivors = [each for each in told if each["schema"] == "caveat.survivor/1"]
    assert survivors
    assert {"kind", "rule", "message", "file", "line", "column", "end_line", "end_column", "test"} < set(survivors[0])


def test_strength_is_not_measured_where_a_test_fails(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a failing suite nothing can be said."""
    rules.write_text(RULES + FAILS)
    assert run(["test", "--strength", "p.caveat"]) == 1
    out, err = capsys.readouterr()
    assert "survived:" not in out
    assert "strength is not measured where a test fails" in err


@pytest.mark.parametrize(
    "arguments", [["--write", "p_test.caveat"], ["--suggest", "--format", "json"], ["--suggest", "--write", "x.txt"]]
)
def test_what_cannot_be_asked(rules: Path, arguments: list[str]) -> None:
    """Options that mean nothing together are refused."""
    assert run(["test", *arguments, "p.caveat"]) == 2


def test_junit(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A suite for each file, a case for each test, a failure with what was expected and what came; also into a file."""
    rules.write_text(RULES + TEST + FAILS)
    assert run(["test", "--format", "junit", "-o", "out.xml", "p.caveat"]) == 1
    suite = etree.parse("out.xml").getroot()[0]
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("p.caveat", "2", "1")
    (failure,) = suite.iter("failure")
    assert failure.get("message") == "expected: accept"
    assert failure.text is not None
    assert failure.text.startswith("p.caveat:6\nexpected: accept\ngot: review")
    assert [case.get("line") for case in suite.iter("testcase")] == ["5", "6"]


def test_junit_without_its_extra_is_refused(
    rules: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where junitparser is missing that is said, and no file is written."""
    monkeypatch.setitem(sys.modules, "junitparser", None)
    assert run(["test", "--format", "junit", "-o", "out.xml", "p.caveat"]) == 2
    assert "caveat[junit]" in capsys.readouterr().err
    assert not Path("out.xml").exists()


# watching


def test_watching_runs_again_when_something_changed(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A change is told and runs again; a new file counts; an interrupt ends with the code of the last run."""
    codes = iter([Exit.FINDINGS, Exit.USAGE, Exit.FINE])
    steps = iter(["", "change", "", "add", "stop"])

    def wait(_: float) -> None:
        step = next(steps)
        if step == "change":
            rules.write_text(RULES + TEST + "\n")
        elif step == "add":
            Path("new.caveat").write_text("caveat 1;\n")
        elif step == "stop":
            raise KeyboardInterrupt

    assert watching(lambda: next(codes), lambda: set(Path().glob("*.caveat")), wait) is Exit.FINE
    err = capsys.readouterr().err
    assert [line for line in err.splitlines() if line.startswith("changed")] == ["changed: p.caveat", "changed: new.caveat"]


def test_watch_goes_on_where_a_file_cannot_be_loaded(
    rules: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A rule file that breaks is told, and watched on; mended, it is tested again."""
    texts = iter(["caveat 1;\nnonsense", RULES + FAILS, RULES + TEST])

    def wait(_: float) -> None:
        text = next(texts, None)
        if text is None:
            raise KeyboardInterrupt
        rules.write_text(text)

    monkeypatch.setattr("caveat.cli.watch._pause", wait)
    assert run(["test", "--watch", "p.caveat"]) == 0
    out, err = capsys.readouterr()
    assert "error[CV0" in err
    assert "failed: no" in out
    assert err.count("changed: p.caveat") == 3
