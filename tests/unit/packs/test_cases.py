"""The tests of rule files: each form of expectation, what makes a test fail, and what counts as covered."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from caveat.packs.cases import Outcome, run_tests
from caveat.packs.coverage import Coverage, coverage
from caveat.packs.policies import LoadedPolicy, load_policy, load_policy_text
from caveat.spec.release import Release

TODAY = date(2026, 11, 24)
RULES = """caveat 1;
policy "p" version "1" { owner "o"; fhir R4, R5; }
codesystem S = "https://x.example/s";
extension a = "https://x.example/a";
extension b = "https://x.example/b";
review r: a on Patient, Patient.contact as boolean when value = true because "x" until 2026-12-31;
forbid f: b on Patient.** when value = S#c because "x";
waive w: unknown for "https://x.example/w" on Patient as warn from 2026-01-01 until 2026-12-31 because "x" owner "o";
"""
A = "modifier a on Patient;"


def loaded(*tests: str) -> LoadedPolicy:
    """Return the policy with these bodies of tests."""
    return load_policy_text(RULES + "\n".join(f'test "t{number}" {{ {body} }}' for number, body in enumerate(tests)))


def outcome(body: str, release: Release | None = None) -> Outcome:
    """Run one test."""
    (only,) = run_tests(loaded(body), TODAY, release)
    return only


@pytest.mark.parametrize(
    "body",
    [
        f"{A} expect review;",
        f"{A} expect review by r;",
        f'{A} expect review at "Patient.modifierExtension[0]";',
        f'{A} expect review by r at "Patient";',
        'modifier a on Patient.contact; expect review by r at "Patient.contact[0]";',
        'modifier a on Patient.contact; expect review by r at "Patient.contact";',
        "modifier a on Patient = false; expect reject unknown;",
        'modifier b on Patient = "x" as CodeableConcept; expect reject undetermined;',
        'modifier b on Patient = "x" as CodeableConcept; expect reject undetermined by f;',
        "modifier b on Patient = S#c; expect reject by f;",
        'modifier "https://x.example/w" on Patient; expect warn by w;',
        'modifier "https://x.example/w" on Patient; today 2027-01-01; expect reject unknown;',
        f"{A} today 2027-01-01; expect reject unknown;",
        f"{A} intent modify; expect reject by r;",
        f"{A} fhir R5; expect review by r;",
        f"{A} modifier a on Group; expect reject; expect review by r; expect reject unknown;",
        'modifier "not a url" on Patient; expect reject malformed;',
    ],
)
def test_met(body: str) -> None:
    """An expectation is met by the verdict, or by one decision of that verdict, ground, rule and place."""
    result = outcome(body)
    assert result.passed, result.got


@pytest.mark.parametrize(
    ("body", "expected", "got"),
    [
        (f"{A} expect accept;", "accept", 'review (review rule by r at "Patient.modifierExtension[0]")'),
        (f"{A} expect review by f;", "review by f", 'review (review rule by r at "Patient.modifierExtension[0]")'),
        (f"{A} expect review by nobody;", "review by nobody", 'review (review rule by r at "Patient.modifierExtension[0]")'),
        (f"{A} expect review unknown;", "review unknown", 'review (review rule by r at "Patient.modifierExtension[0]")'),
        (
            f'{A} expect review at "Patient.contact";',
            'review at "Patient.contact"',
            'review (review rule by r at "Patient.modifierExtension[0]")',
        ),
        (
            'modifier b on Patient = "x" as CodeableConcept; expect reject by f;',
            "reject by f",
            'reject (reject undetermined by f at "Patient.modifierExtension[0]")',
        ),
        (A, "nothing", 'review (review rule by r at "Patient.modifierExtension[0]")'),
        ("expect clear;", "clear", "no resource to judge"),
        (f"{A} expect review; expect accept; expect warn;", "accept; warn", None),
        ('modifier "x y" on Patient; expect accept;', "accept", None),
        ("modifier a on ArtifactAssessment; expect reject;", "reject", "no resource of FHIR R4 has `ArtifactAssessment`"),
        ('resource "x.json"; expect reject;', "reject", "no fixture `x.json`: a policy given as text has no folder"),
    ],
)
def test_not_met(body: str, expected: str, got: str | None) -> None:
    """A test that fails says which of its expectations were not met, and what came instead."""
    result = outcome(body)
    assert not result.passed
    assert result.expected == expected
    if got is not None:
        assert result.got == got


def test_where_a_test_stands() -> None:
    """An outcome names its file, line and test, and keeps the decisions."""
    result = outcome(f"{A} expect review;")
    assert (result.file, result.line, result.name) == ("policy.caveat", 9, "t0")
    assert [decision.rule for decision in result.decisions] == ["r"]


def test_releases() -> None:
    """A test runs in the release that it names, else in the one asked for, else in the policy's first, else in R4."""
    body = "modifier a on ArtifactAssessment; expect reject;"
    assert not outcome(body).passed
    assert outcome(body, Release.R5).passed
    assert outcome(f"{body} fhir R5;", Release.R4).passed
    bare = 'caveat 1; test "t" { modifier "https://x.example/a" on MedicinalProduct; expect reject; }'
    assert [each.passed for each in run_tests(load_policy_text(bare), TODAY)] == [True]


def test_coverage() -> None:
    """A rule is covered by what it decided on a ground of its own; what stays undetermined is neither decided nor near."""
    policy = loaded(
        f"{A} expect review by r;",
        "modifier a on Patient = false; expect reject unknown;",
        'modifier b on Patient = "x" as CodeableConcept; expect reject undetermined;',
        'modifier "https://x.example/w" on Patient; expect warn by w;',
    )
    assert policy.policy is not None
    counts = coverage(policy.policy, run_tests(policy, TODAY))
    assert counts == [Coverage("f", 0, 0), Coverage("r", 1, 1), Coverage("w", 1, 0)]


# fixtures

PATIENT = {"resourceType": "Patient", "modifierExtension": [{"url": "https://x.example/a", "valueBoolean": True}]}


def with_fixtures(folder: Path, *tests: str) -> list[Outcome]:
    """Run tests from a test file in a folder with fixtures."""
    (folder / "p.caveat").write_text(RULES, encoding="utf-8")
    bodies = "\n".join(f'test "t{number}" {{ {body} }}' for number, body in enumerate(tests))
    (folder / "p_test.caveat").write_text(f"caveat 1;\n{bodies}", encoding="utf-8")
    (folder / "fixtures").mkdir()
    (folder / "fixtures" / "patient.json").write_text(json.dumps(PATIENT), encoding="utf-8")
    (folder / "fixtures" / "broken.json").write_text("{", encoding="utf-8")
    return run_tests(load_policy(folder / "p.caveat"), TODAY)


def test_fixtures(tmp_path: Path) -> None:
    """A resource from a file beside the test is judged as received, alone or with planted ones."""
    results = with_fixtures(
        tmp_path,
        'resource "fixtures/patient.json"; expect review by r at "Patient";',
        'resource "fixtures/patient.json"; modifier b on Patient = S#c; expect reject; expect review by r;',
        'resource "fixtures/broken.json"; expect reject unreadable;',
    )
    assert [(each.passed, each.got) for each in results if not each.passed] == []


def test_fixtures_that_are_not_there(tmp_path: Path) -> None:
    """A fixture that is missing or outside the policy's folder fails its test, whatever the test expects."""
    outside = tmp_path / "outside.json"
    outside.write_text(json.dumps(PATIENT), encoding="utf-8")
    folder = tmp_path / "p"
    folder.mkdir()
    (folder / "link.json").symlink_to(outside)
    (folder / "circle.json").symlink_to(folder / "circle.json")
    results = with_fixtures(
        folder,
        'resource "fixtures/patent.json"; expect reject;',
        'resource "fixtures/patent.json"; expect reject unreadable;',
        'resource "fixtures"; expect reject;',
        'resource "../outside.json"; expect review;',
        'resource "link.json"; expect review;',
        f'resource "fixtures/{"x" * 300}.json"; expect reject;',
        'resource "circle.json"; expect reject;',
    )
    assert [each.passed for each in results] == [False] * 7
    assert [each.got for each in results[:5]] == [
        "no fixture `fixtures/patent.json`: did you mean `fixtures/patient.json`?",
        "no fixture `fixtures/patent.json`: did you mean `fixtures/patient.json`?",
        "no fixture `fixtures`",
        "the fixture `../outside.json` lies outside the policy's folder",
        "the fixture `link.json` lies outside the policy's folder",
    ]
    assert all("fixture `" in each.got for each in results[5:])


def test_a_fixture_that_cannot_be_read(tmp_path: Path) -> None:
    """A document that cannot be read fails a test that does not say so: `reject` alone may not mean that."""
    (result,) = with_fixtures(tmp_path, 'resource "fixtures/broken.json"; expect reject;')
    assert not result.passed
    assert result.got.startswith("reject (reject unreadable: ")
