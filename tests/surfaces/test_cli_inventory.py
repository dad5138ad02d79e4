"""`caveat inventory` as users meet it: what is in the data, what the policy says of it, and a first draft of rules."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from caveat.cli.app import run

CANARY = "CANARY-4711"
Answer = tuple[int, str, str]
Cli = Callable[..., Answer]
RULES = """caveat 1;
policy "p" version "1" { owner "o"; fhir R4; }
extension known = "https://example.org/known";
understand known-one: known on ImagingStudy as string because "known" assessed 2026-01-01;
"""


def flagged(*urls: str, key: str = "valueString") -> dict[str, Any]:
    """Return an element with a modifier of each url."""
    return {"modifierExtension": [{"url": url, key: CANARY if key == "valueString" else True} for url in urls]}


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Return a function that runs `caveat` in a folder with two studies and an unreadable file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    unknown, known = "https://example.org/unknown", "https://example.org/known"
    instances = [{"uid": "1", **flagged(unknown)}, {"uid": "2", **flagged(unknown)}]
    first = {"resourceType": "ImagingStudy", **flagged(known), "series": [{"uid": "1", "instance": instances}]}
    second = {
        "resourceType": "ImagingStudy",
        **flagged(unknown, key="valueBoolean"),
        "implicitRules": "https://example.org/rules",
    }
    third = {"resourceType": "ImagingStudy", **flagged("relative")}
    (tmp_path / "data.ndjson").write_text("\n".join(map(json.dumps, (first, second, third))))
    (tmp_path / "unreadable.json").write_text("{")
    (tmp_path / "rules.caveat").write_text(RULES)

    def call(*arguments: str) -> Answer:
        code = run(list(arguments))
        said = capsys.readouterr()
        assert CANARY not in said.out + said.err
        return code, said.out, said.err

    return call


def test_every_modifier_is_listed_once_with_its_count_and_first_place(cli: Cli) -> None:
    """What differs in url, path, type or decision is a row of its own; structural faults are rows too."""
    code, out, err = cli("inventory", "--format", "json", "-p", "rules.caveat", "data.ndjson", "unreadable.json")
    rows = [json.loads(line) for line in out.splitlines()]
    names = ("url", "path", "value_type", "count", "verdict", "ground", "rule")
    assert [tuple(row[name] for name in names) for row in rows] == [
        ("https://example.org/unknown", "ImagingStudy.series.instance", "string", 2, "reject", "unknown", None),
        (None, None, None, 1, "reject", "unreadable", None),
        ("https://example.org/rules", "ImagingStudy.implicitRules", "uri", 1, "reject", "unknown", None),
        ("https://example.org/unknown", "ImagingStudy", "boolean", 1, "reject", "unknown", None),
        ("relative", "ImagingStudy", "string", 1, "reject", "malformed", None),
        ("https://example.org/known", "ImagingStudy", "string", 1, "accept", "rule", "known-one"),
    ]
    assert {row["schema"] for row in rows} == {"caveat.inventory/1"}
    assert rows[0]["first"] == {
        "input": "data.ndjson",
        "line": 1,
        "location": "ImagingStudy.series[0].instance[0].modifierExtension[0]",
    }
    assert (code, err) == (0, "4 resources: 7 modifiers of 6 kinds\n")


def test_the_table_is_for_people(cli: Cli) -> None:
    """A heading, a line a row, and where the first is."""
    lines = cli("inventory", "data.ndjson")[1].splitlines()
    assert lines[0].split() == ["verdict", "ground", "or", "rule", "count", "value", "path", "url"]
    assert lines[2].strip() == "first: data.ndjson:1 ImagingStudy.series[0].instance[0].modifierExtension[0]"


def test_a_draft_lints_clean_passes_its_tests_and_then_decides(cli: Cli, tmp_path: Path) -> None:
    """From data to a rule file under which nothing is unknown any more, without a line written by hand."""
    assert cli("inventory", "data.ndjson", "--write", "draft.caveat")[0] == 0
    assert cli("lint", "--deny", "warnings", "draft.caveat")[:2] == (0, "")
    assert cli("test", "draft.caveat")[0] == 0
    assert cli("fmt", "--check", "draft.caveat")[0] == 0
    rows = [
        json.loads(line) for line in cli("inventory", "--format", "json", "-p", "draft.caveat", "data.ndjson")[1].splitlines()
    ]
    assert {row["ground"] for row in rows} == {"rule", "malformed"}
    assert "review unknown-modifier-seen: unknown-modifier on ImagingStudy, ImagingStudy.series.instance" in (
        (tmp_path / "draft.caveat").read_text()
    )


def test_a_draft_overwrites_nothing_unless_forced(cli: Cli, tmp_path: Path) -> None:
    """What a person has written since is not lost."""
    (tmp_path / "draft.caveat").write_text("mine")
    assert cli("inventory", "data.ndjson", "--write", "draft.caveat")[0] == 2
    assert (tmp_path / "draft.caveat").read_text() == "mine"
    assert cli("inventory", "data.ndjson", "--write", "draft.caveat", "--force")[0] == 0
    assert (tmp_path / "draft.caveat").read_text() != "mine"


def test_nothing_unknown_drafts_nothing(cli: Cli, tmp_path: Path) -> None:
    """An empty rule file would only look like one."""
    (tmp_path / "clear.json").write_text('{"resourceType": "Basic"}')
    code, _, err = cli("inventory", "clear.json", "--write", "none.caveat")
    assert code == 0
    assert "is not written" in err
    assert not (tmp_path / "none.caveat").exists()


@pytest.mark.parametrize(("arguments", "code"), [(["absent.json"], 2), (["data.ndjson", "absent.json"], 2), ([], 2)])
def test_a_missing_input_is_said(cli: Cli, arguments: list[str], code: int) -> None:
    """The exit code is 2, and what is there is listed."""
    assert cli("inventory", *arguments)[0] == code


def test_native_modifiers_are_rows_of_their_own_kind(cli: Cli, tmp_path: Path) -> None:
    """By path, after the modifiers, with nothing decided; in the table under a heading of their own."""
    people = [
        {"resourceType": "Patient", "active": False, "name": [{"use": "old"}]},
        {"resourceType": "Patient", "active": False},
    ]
    (tmp_path / "people.ndjson").write_text("\n".join(map(json.dumps, people)))
    code, out, err = cli("inventory", "--format", "json", "people.ndjson", "data.ndjson")
    rows = [json.loads(line) for line in out.splitlines()]
    assert {row["kind"] for row in rows[:-2]} == {"modifier"}
    assert rows[-2] == {
        "schema": "caveat.inventory/1",
        "kind": "native",
        "url": None,
        "path": "Patient.active",
        "slot": None,
        "value_type": None,
        "count": 2,
        "first": {"input": "people.ndjson", "line": 1, "location": "Patient.active"},
        "verdict": None,
        "ground": None,
        "rule": None,
        "detail": None,
    }
    assert rows[-1]["path"] == "Patient.name.use"
    assert set(rows[-1]) == set(rows[0])
    assert (code, err) == (0, "5 resources: 6 modifiers of 5 kinds, and 3 native modifiers\n")
    assert cli("inventory", "people.ndjson")[1].splitlines() == [
        "native modifier elements with a value that changes meaning",
        "  2  Patient.active",
        "     first: people.ndjson:1 Patient.active",
        "  1  Patient.name.use",
        "     first: people.ndjson:1 Patient.name[0].use",
    ]
