"""The tests of rule files: run them, and say what was expected and what came.

Rule 1: a test runs through the same judgement as everything else.
Rule 2: a test that expects nothing fails, and so does one whose resource is not there, or cannot be read unexpectedly.
Rule 3: what a rule decides, its condition was true of; an undetermined one counts for nothing that names the rule alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType

from caveat.analysis.specimen import Planted, homeless, specimens
from caveat.domain.decision import Decision, Ground, Intent, Verdict, strictest
from caveat.domain.report import Report
from caveat.judge.allowed import definitions_of
from caveat.judge.check import Question, judge_bytes, judge_tree
from caveat.lang import syntax
from caveat.lang.resolved import ResolvedTest
from caveat.packs.fixtures import Absent, fixture
from caveat.packs.policies import LoadedPolicy
from caveat.policy.compiler import scalar
from caveat.policy.policy import Policy
from caveat.spec.definition import Content
from caveat.spec.release import Release

_DECIDED = frozenset({Ground.RULE, Ground.WAIVER})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one test: where it stands, whether it passed, what it expected and what came, in words.

    `decisions` are those of all its resources and `verdict` that of them together, None where there was nothing to judge; `today`
    is the day that they were taken for.
    """

    file: str
    line: int
    name: str
    passed: bool
    expected: str
    got: str
    decisions: tuple[Decision, ...]
    today: date
    verdict: Verdict | None


def run_tests(loaded: LoadedPolicy, today: date, release: Release | None = None) -> list[Outcome]:
    """Run every test of `loaded`, whose policy must have loaded, on `today` unless a test names its own day.

    A test runs in the release that it names, else `release`, else the first that the policy is for, else R4.
    """
    policy = loaded.policy
    assert policy is not None  # noqa: S101  the caller shows the diagnostics of a policy that did not load
    question = Question(policy, release or first_release(policy), today)
    return [run_test(test, question, loaded.folder) for test in loaded.resolved.tests]


def first_release(policy: Policy) -> Release:
    """Return the release in which the tests of `policy` run unless somebody names another."""
    return Release.of(policy.releases[0]) if policy.releases else Release.R4


def run_test(
    test: ResolvedTest, asked: Question, folder: Path | None, files: Mapping[str, bytes] = MappingProxyType({})
) -> Outcome:
    """Run one test against the policy of `asked`, in its release and on its day unless the test names its own.

    `folder` is that of the policy, in which the files of tests lie; None when there is none. `files` are fixtures that are not
    written yet, by name.
    """
    question = _question(test.test, asked)
    given = [_planted(test, question), *_resources(test, question, folder, files)]
    wrong = [each for each in given if isinstance(each, str)]
    reports = [report for each in given if not isinstance(each, str) for report in each]
    decisions = tuple(decision for report in reports for decision in report.decisions)
    failed = [expect for expect, rule in test.expects if not _holds(expect, rule, reports, decisions)]
    return Outcome(
        file=test.test.span.file,
        line=test.test.span.line,
        name=test.test.name.value,
        passed=bool(test.expects) and bool(reports) and not (failed or wrong or _lost(test, decisions)),
        expected="; ".join(_words(expect) for expect in failed or [each for each, _ in test.expects]) or "nothing",
        got="; ".join(wrong) or _got(reports, decisions),
        decisions=decisions,
        today=question.today,
        verdict=strictest(report.verdict for report in reports) if reports else None,
    )


def _lost(test: ResolvedTest, decisions: tuple[Decision, ...]) -> bool:
    """Return whether a document could not be read, and no expectation says so."""
    foreseen = any(expect.ground is not None and expect.ground.text == Ground.UNREADABLE for expect, _ in test.expects)
    return not foreseen and any(decision.ground is Ground.UNREADABLE for decision in decisions)


def _question(test: syntax.Test, question: Question) -> Question:
    """Return the question with the day, release and intent that the test names."""
    for statement in test.statements:
        match statement:
            case syntax.GivenToday(day) if day.value is not None:
                question = replace(question, today=day.value)
            case syntax.GivenRelease(word):
                question = replace(question, release=Release.of(word.text))
            case syntax.GivenIntent(word):
                question = replace(question, intent=Intent(word.text))
            case _:
                pass
    return question


def _planted(test: ResolvedTest, question: Question) -> list[Report] | str:
    """Judge the resources that the test's `modifier` statements describe, or say which cannot be."""
    planted = tuple(
        replace(_plant(given, url, test.codesystems), content=_allowed(question, url))
        for given, url in test.modifiers
        if url is not None
    )
    nowhere = homeless(planted, question.release)
    if nowhere:
        return f"no resource of FHIR {question.release.value} has `{nowhere[0]}`"
    return [judge_tree(question, resource).report for resource in specimens(planted, question.release)]


def _allowed(question: Question, url: str) -> Content | None:
    """Return what the definition of a url allows, None when nobody knows."""
    definition = definitions_of(question.policy, question.release)(url)
    return definition.content if definition is not None and definition.is_whole else None


def _plant(given: syntax.GivenModifier, url: str, codesystems: Mapping[str, str]) -> Planted:
    value = None if given.literal is None else scalar(given.literal, codesystems)
    return Planted(url, given.path.text, value, given.type.text if given.type else None)


def _resources(
    test: ResolvedTest, question: Question, folder: Path | None, files: Mapping[str, bytes]
) -> Iterator[list[Report] | str]:
    """Judge the resources that the test takes from files beside its own, or say which are not there."""
    for statement in test.test.statements:
        if isinstance(statement, syntax.GivenResource):
            name = statement.path.value
            content = files[name] if name in files else fixture(folder, test.file, name)
            yield str(content) if isinstance(content, Absent) else [judge_bytes(question, content).report]


# expectations


def _holds(expect: syntax.Expect, rule: str | None, reports: list[Report], decisions: tuple[Decision, ...]) -> bool:
    """Return whether an expectation is met: by one decision when it names ground, rule or place, else by the verdict."""
    if expect.ground is None and expect.rule is None and expect.location is None:
        return strictest(report.verdict for report in reports).word == expect.verdict.text
    return any(_meets(decision, expect, rule) for decision in decisions)


def _meets(decision: Decision, expect: syntax.Expect, rule: str | None) -> bool:
    """Return whether one decision is as expected."""
    return (
        decision.verdict.word == expect.verdict.text
        and _grounded(decision, expect)
        and (expect.rule is None or (rule is not None and decision.rule == rule))
        and (expect.location is None or _stands_at(decision, expect.location.value))
    )


def _grounded(decision: Decision, expect: syntax.Expect) -> bool:
    """Return whether a decision has the ground expected: one `by` a rule or waiver without more is that one's own."""
    if expect.ground is not None:
        return decision.ground == expect.ground.text
    return expect.rule is None or decision.ground in _DECIDED


def _stands_at(decision: Decision, place: str) -> bool:
    """Return whether a decision is at a place: the occurrence itself, its carrier, or the carrier's path."""
    found = decision.occurrence
    return found is not None and place in {found.location, found.carrier.location, found.carrier.path}


def _words(expect: syntax.Expect) -> str:
    """Return an expectation as its author wrote it."""
    ground = f" {expect.ground.text}" if expect.ground else ""
    by = f" by {expect.rule.text}" if expect.rule else ""
    at = f' at "{expect.location.value}"' if expect.location else ""
    return f"{expect.verdict.text}{ground}{by}{at}"


def _got(reports: list[Report], decisions: tuple[Decision, ...]) -> str:
    """Say what came: the verdict and every decision."""
    if not reports:
        return "no resource to judge"
    told = [_said(decision) for decision in decisions[:10]]
    return f"{strictest(report.verdict for report in reports).word}" + (f" ({'; '.join(told)})" if told else "")


def _said(decision: Decision) -> str:
    by = f" by {decision.rule}" if decision.rule else ""
    at = f' at "{decision.occurrence.location}"' if decision.occurrence else ""
    return f"{decision.verdict.word} {decision.ground}{by}{at}" + (f": {decision.detail}" if decision.detail else "")
