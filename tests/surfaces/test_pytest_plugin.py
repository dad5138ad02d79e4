"""The pytest plugin as users meet it: what is collected, how failures read, the guard, and reads that a policy does not name."""

from __future__ import annotations

import subprocess
import sys

import fhir.resources.R4B.imagingstudy  # noqa: F401  inner runs find it loaded
import pytest

pytest_plugins = ["pytester"]

RULES = """caveat 1;
policy "worklist" version "1" {{ owner "o"; fhir R4; }}
extension quality = "https://x.example/quality";
reads ImagingStudy {{ status, series.uid, series.instance }}
review poor: quality on ImagingStudy.series because "x";
{tests}"""
PASSES = 'test "a poor series goes to a person" { modifier quality on ImagingStudy.series; expect review by poor; }\n'
FAILS = 'test "a poor series is accepted" { modifier quality on ImagingStudy.series; expect accept by poor; }\n'
QUIET = ("-p", "no:cacheprovider")


def rules(pytester: pytest.Pytester, tests: str = "", **more: str) -> None:
    """Write a policy with these tests, and more files."""
    pytester.makefile(".caveat", worklist=RULES.format(tests=tests))
    for name, text in more.items():
        pytester.makefile(".caveat", **{name: text})


# rule tests


def test_a_named_rule_file_is_collected(pytester: pytest.Pytester) -> None:
    """Each test of a rule file that is named is a test of pytest, by its own name."""
    rules(pytester, PASSES)
    result = pytester.runpytest_inprocess("-v", *QUIET, "worklist.caveat")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*worklist.caveat::a poor series goes to a person PASSED*"])


def test_a_failure_says_what_was_expected_what_came_and_where(pytester: pytest.Pytester) -> None:
    """A failed rule test reads as `caveat test` tells it, with file and line, and without a traceback."""
    rules(pytester, FAILS)
    result = pytester.runpytest_inprocess(*QUIET, "worklist.caveat")
    result.assert_outcomes(failed=1)
    assert result.ret == 1
    result.stdout.fnmatch_lines([
        "expected: accept by poor",
        'got:      review (review rule by poor at "ImagingStudy.series[[]0].modifierExtension[[]0]")',
        "*worklist.caveat:6: rule test failed",
    ])  # fmt: skip
    assert "Traceback" not in result.stdout.str()
    assert "runtest" not in result.stdout.str()


def test_a_stranger_is_left_alone(pytester: pytest.Pytester) -> None:
    """A folder with rule files, and a project that asks for nothing: its own tests run, and no rule test does."""
    rules(pytester, FAILS)
    pytester.makepyfile("def test_own(): pass")
    pytester.runpytest_inprocess(*QUIET).assert_outcomes(passed=1)


@pytest.mark.parametrize("asking", ["option", "setting"])
def test_a_folder_is_collected_where_it_is_asked_for(pytester: pytest.Pytester, asking: str) -> None:
    """`--caveat`, or `caveat_collect = true`, collects every file with tests, each test once, where it stands."""
    rules(pytester, PASSES, worklist_test="caveat 1;\n" + FAILS)
    if asking == "setting":
        pytester.makeini("[pytest]\ncaveat_collect = true\n")
    result = pytester.runpytest_inprocess("-v", *QUIET, *(["--caveat"] if asking == "option" else []))
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["worklist.caveat::*PASSED*", "worklist_test.caveat::*FAILED*"])


def test_a_named_rule_file_brings_the_tests_beside_it(pytester: pytest.Pytester) -> None:
    """Whoever names a rule file means its policy: tests in a test file beside it run too, and once when both are named."""
    rules(pytester, PASSES, worklist_test="caveat 1;\n" + PASSES.replace("a poor", "another poor"))
    pytester.runpytest_inprocess(*QUIET, "worklist.caveat").assert_outcomes(passed=2)
    pytester.runpytest_inprocess(*QUIET, "worklist.caveat", "worklist_test.caveat").assert_outcomes(passed=2)
    pytester.runpytest_inprocess(*QUIET, "worklist_test.caveat").assert_outcomes(passed=1)


def test_a_test_file_of_several_policies_says_which(pytester: pytest.Pytester) -> None:
    """A test file that is named after no rule file belongs to all of its folder, and each test says whose it is."""
    rules(pytester, "", other=RULES.format(tests=""), all_test="caveat 1;\n" + PASSES)
    result = pytester.runpytest_inprocess("-v", *QUIET, "all_test.caveat")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*goes to a person [[]other.caveat] PASSED*", "*goes to a person [[]worklist.caveat] PASSED*"])


def test_a_rule_file_that_does_not_load_is_an_error(pytester: pytest.Pytester) -> None:
    """A broken rule file is told with its diagnostics: it never counts as one without tests."""
    pytester.makefile(".caveat", broken='caveat 1;\nreview r: "https://x.example/a" on Pateint because "x";\n')
    result = pytester.runpytest_inprocess(*QUIET, "broken.caveat")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["error[[]CV101]: no `Pateint`*", "*did you mean `Patient`?*"])


def test_a_test_file_alone_is_an_error(pytester: pytest.Pytester) -> None:
    """Tests without rules show nothing, and that is said."""
    pytester.makefile(".caveat", lonely_test="caveat 1;\n" + PASSES)
    result = pytester.runpytest_inprocess(*QUIET, "lonely_test.caveat")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*there is no rule file beside it*"])


def test_tests_of_one_name_can_be_told_apart(pytester: pytest.Pytester) -> None:
    """Two tests of one name are two tests; the second says its line."""
    rules(pytester, PASSES + PASSES)
    result = pytester.runpytest_inprocess("-v", *QUIET, "worklist.caveat")
    result.stdout.fnmatch_lines(["*a poor series goes to a person PASSED*", "*a poor series goes to a person (line 7) PASSED*"])
    assert result.parseoutcomes()["passed"] == 2


def test_the_plugin_is_light() -> None:
    """A suite that asks for nothing of Caveat pays for nothing of it."""
    program = (
        "import sys, pytest, caveat.pytest_plugin\n"
        "own = [m for m in sys.modules if m.startswith('caveat.') and 'plugin' not in m and not m.startswith('caveat.domain')]\n"
        "print(*own, *({'lark', 'fhir', 'pydantic'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.split() == []


# the guard


GUARDED = """
    def test_guard(caveat_guard):
        assert caveat_guard.policy.name == {name!r}
"""


@pytest.mark.parametrize("where", ["ini", "option", "marker"])
def test_the_policy_of_the_guard(pytester: pytest.Pytester, where: str) -> None:
    """The guard has the policy of the marker, the command line or the settings, by a path from where that was said."""
    pytester.mkdir("rules").joinpath("worklist.caveat").write_text(RULES.format(tests=""))
    marker = '@pytest.mark.caveat_policy("rules/worklist.caveat")' if where == "marker" else ""
    pytester.makepyfile(f"import pytest\n{marker}\ndef test_guard(caveat_guard): assert caveat_guard.policy.name == 'worklist'")
    pytester.makeini("[pytest]\n" + ("caveat_policy = rules/worklist.caveat" if where == "ini" else "caveat_policy = imaging"))
    arguments = ["--caveat-policy", "rules/worklist.caveat"] if where == "option" else []
    pytester.runpytest_inprocess(*QUIET, "--strict-markers", *arguments).assert_outcomes(passed=1)


def test_a_shipped_pack_guards_too(pytester: pytest.Pytester) -> None:
    """The name of a shipped pack is a policy."""
    pytester.makepyfile(GUARDED.format(name="imaging"))
    pytester.runpytest_inprocess(*QUIET, "--caveat-policy", "imaging").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("ini", "marker", "said"),
    [
        ("", "", "*`caveat_guard` has no policy*"),
        ("caveat_policy = absent.caveat", "", "*there is no rule file or folder at 'absent.caveat'*"),
        ("", "@pytest.mark.caveat_policy()", "*the marker takes one policy*"),
    ],
)
def test_a_guard_without_a_policy_says_how_to_give_one(pytester: pytest.Pytester, ini: str, marker: str, said: str) -> None:
    """What is missing is said, and what to write."""
    pytester.makeini(f"[pytest]\n{ini}\n")
    pytester.makepyfile(f"import pytest\n{marker}\ndef test_guard(caveat_guard): pass")
    result = pytester.runpytest_inprocess(*QUIET)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([said])


# reads

STUDY = """
    from fhir.resources.R4B.imagingstudy import ImagingStudy
    TREE = {"resourceType": "ImagingStudy", "status": "available", "subject": {"reference": "Patient/1"}, "description": "x",
            "series": [{"uid": "1", "modality": {"code": "CT"}, "instance": [{"uid": "2", "sopClass": {"code": "3"}}]}]}
    def model(): return ImagingStudy.model_validate(TREE)
"""


def traced(pytester: pytest.Pytester, body: str) -> pytest.RunResult:
    """Run a module of tests with the study at hand."""
    rules(pytester)
    pytester.makeini("[pytest]\ncaveat_policy = worklist.caveat\n")
    pytester.makepyfile(STUDY + body)
    return pytester.runpytest_inprocess(*QUIET)


def test_what_the_policy_names_may_be_read(pytester: pytest.Pytester) -> None:
    """Elements that are read, what is above them and what is below: none fails the test, in neither form."""
    traced(
        pytester,
        """
    def test_model(caveat_reads):
        study = caveat_reads(model())
        assert isinstance(study, ImagingStudy)
        assert (study.status, study.series[0].uid, study.series[0].instance[0].sopClass.code) == ("available", "1", "3")
    def test_mapping(caveat_reads):
        study = caveat_reads(TREE)
        assert study["status"] and study["series"][0]["uid"] and study["series"][0]["instance"][0]["sopClass"]["code"]
    """,
    ).assert_outcomes(passed=2)


def test_what_it_does_not_name_fails_the_test(pytester: pytest.Pytester) -> None:
    """A test that passed fails with the path, the place in the application, and what `reads` would have to say."""
    pytester.makepyfile(
        app="def title(study):\n    try:\n        return study.description\n    finally:\n        study.series[0].modality\n"
    )
    result = traced(
        pytester,
        """
    import app
    def test_title(caveat_reads):
        app.title(caveat_reads(model()))
    """,
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([
        "the application read what the policy `worklist` does not say that it reads:",
        "  ImagingStudy.description, first at *app.py:3 in `title`",
        "  ImagingStudy.series.modality, first at *app.py:5 in `title`",
        "*leave it unread, or let the policy say:",
        "  reads ImagingStudy { series.instance, series.uid, status, description, series.modality }",
    ])  # fmt: skip


def test_an_application_that_swallows_everything_is_caught_too(pytester: pytest.Pytester) -> None:
    """Reads are judged after the test, so that no `except` hides them."""
    traced(
        pytester,
        """
    def test_hidden(caveat_reads):
        try:
            assert caveat_reads(TREE)["description"]
        except BaseException:
            pass
    """,
    ).assert_outcomes(failed=1)


def test_a_test_that_fails_by_itself_fails_for_its_own_reason(pytester: pytest.Pytester) -> None:
    """Where the test fails anyway, its own failure is told."""
    result = traced(
        pytester,
        """
    def test_own(caveat_reads):
        assert caveat_reads(TREE)["description"] == "y"
    """,
    )
    result.assert_outcomes(failed=1)
    assert "does not say that it reads" not in result.stdout.str()


def test_one_test_does_not_answer_for_another(pytester: pytest.Pytester) -> None:
    """What one test read is forgotten in the next."""
    traced(
        pytester,
        """
    def test_first(caveat_reads): caveat_reads(TREE)["description"]
    def test_second(caveat_reads): caveat_reads(TREE)["status"]
    """,
    ).assert_outcomes(failed=1, passed=1)
