"""The fixtures of tests: which are there, what is said of the others, and that `lint` and a test say the same."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from caveat.domain.diagnostic import CODES, Severity
from caveat.packs.cases import run_tests
from caveat.packs.fixtures import Absent, fixture, fixture_faults
from caveat.packs.policies import LoadedPolicy, load_policy, load_policy_text

RULES = """caveat 1;
policy "p" version "1" { owner "o"; fhir R4; }
review r: "https://x.example/a" on Patient because "x";
"""
REMEDY = "put the file into the policy's folder, or correct the path"
OUTSIDE = "lies outside the policy's folder"
NAMES = {  # what a test may write, and what is said of it
    "fixtures/patient.json": None,
    "./fixtures/../fixtures/patient.json": None,
    "deep/er/still.json": None,
    "here.json": None,
    "fixtures/patent.json": "no fixture `fixtures/patent.json`: did you mean `fixtures/patient.json`?",
    "fixtures/Patient.JSON": "no fixture `fixtures/Patient.JSON`: did you mean `fixtures/patient.json`?",
    "patient.json": "no fixture `patient.json`: did you mean `fixtures/patient.json`?",
    "elsewhere/still.json": "no fixture `elsewhere/still.json`: did you mean `deep/er/still.json`?",
    "heer.json": "no fixture `heer.json`: did you mean `here.json`?",
    "p.caveats": "no fixture `p.caveats`",
    "unseen.xml": "no fixture `unseen.xml`",
    "fixtures": "no fixture `fixtures`",
    "": "no fixture ``",
    "../outside.json": f"the fixture `../outside.json` {OUTSIDE}",
    "../fixtures/patient.json": f"the fixture `../fixtures/patient.json` {OUTSIDE}: did you mean `fixtures/patient.json`?",
    "link.json": f"the fixture `link.json` {OUTSIDE}",
    "links.json": "no fixture `links.json`",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a policy's folder with fixtures, a hidden file, and a link that leads out."""
    there = tmp_path / "p"
    for name in ("fixtures/patient.json", "deep/er/still.json", "here.json", ".git/unseen.xml", "../outside.json"):
        (there / name).parent.mkdir(parents=True, exist_ok=True)
        (there / name).write_text('{"resourceType": "Patient"}', encoding="utf-8")
    (there / "link.json").symlink_to(tmp_path / "outside.json")
    return there


def with_tests(folder: Path, *names: str) -> LoadedPolicy:
    """Return a policy with a test of each fixture."""
    (folder / "p.caveat").write_text(RULES, encoding="utf-8")
    tests = "\n".join(f'test "t{number}" {{ resource "{name}"; expect clear; }}' for number, name in enumerate(names))
    (folder / "p_test.caveat").write_text(f"caveat 1;\n{tests}\n", encoding="utf-8")
    return load_policy(folder / "p.caveat")


def test_what_lint_and_a_test_say(folder: Path) -> None:
    """Of each name `lint` says what the run of the test says, and where; of a fixture that is there, neither says a word."""
    loaded = with_tests(folder, *NAMES)
    faults = {each.span.line - 2: each for each in fixture_faults(loaded.resolved, loaded.folder)}
    outcomes = run_tests(loaded, date(2026, 11, 24))
    for number, (name, said) in enumerate(NAMES.items()):
        assert outcomes[number].passed == (said is None), name
        assert (number in faults) == (said is not None), name
        if said is not None:
            fault = faults[number]
            message, _, nearest = said.partition(": did you mean ")
            assert outcomes[number].got == said
            assert (fault.code, fault.message, Path(fault.span.file).name) == ("CV157", message, "p_test.caveat")
            assert fault.help == (f"did you mean {nearest}" if nearest else REMEDY)


@pytest.mark.parametrize("name", ["x" * 300 + ".json", "circle.json", "a\\u0000b"])
def test_a_name_that_leads_nowhere(folder: Path, name: str) -> None:
    """A name too long, in a circle of links, or with what no file name has, is a fault like another and raises nothing."""
    (folder / "circle.json").symlink_to(folder / "circle.json")
    absent = fixture(folder, "p_test.caveat", name.replace("\\u0000", "\0"))
    assert isinstance(absent, Absent)
    assert "fixture `" in absent.message


def test_a_file_that_cannot_be_opened(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fixture that is there and may not be read is said to be so, by `lint` too, which reads none."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    loaded = with_tests(folder, "here.json")
    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr(Path, "read_bytes", refuse)
    (fault,) = fixture_faults(loaded.resolved, loaded.folder)
    assert fault.message == "the fixture `here.json` cannot be read"
    assert fixture(folder, "p_test.caveat", "here.json") == Absent(fault.message)


def test_a_policy_given_as_text() -> None:
    """A policy without a folder has no fixtures."""
    loaded = load_policy_text(RULES + 'test "t" { resource "a.json"; expect clear; }')
    (fault,) = fixture_faults(loaded.resolved, loaded.folder)
    assert fault.message == "no fixture `a.json`: a policy given as text has no folder"


def test_a_missing_fixture_is_an_error_that_stops_no_policy(folder: Path) -> None:
    """The tests of a policy do not change what it decides: it loads."""
    assert with_tests(folder, "nowhere.json").policy is not None
    assert (CODES["CV157"].severity, CODES["CV157"].stops_loading) == (Severity.ERROR, False)


def test_a_document_for_a_name(folder: Path) -> None:
    """Whoever writes the document where its file's name stands is not told to put a file of that name anywhere."""
    loaded = with_tests(folder, r"{\"resourceType\": \"Patient\"}")
    (fault,) = fixture_faults(loaded.resolved, loaded.folder)
    assert fault.help == "put the document into a file, and write the path of that here"
