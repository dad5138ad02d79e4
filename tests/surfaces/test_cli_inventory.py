"""`caveat inventory` as users meet it: what is in the data, what the policy says of it, and a first draft of rules."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from caveat.cli.app import run
from caveat.spec.known import published_modifiers
from caveat.spec.release import Release
from strategies.packaging import BASE, definition, package, write

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
        "publisher": None,
        "definition": None,
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


def test_what_is_known_of_a_modifier_is_told(cli: Cli, tmp_path: Path) -> None:
    """Title, reason, and whether it is a modifier: of the packages that the policy uses, else of HL7's published definitions."""
    write(tmp_path / "guide", {"guide.tgz": package("org.example.a#1.0.0", definition("retake", title="Retaken"))})
    assert cli("packages", "add", "guide/guide.tgz", "--dir", "guide")[0] == 0
    rules = RULES.replace("extension known", 'use "org.example.a#1.0.0";\nextension known')
    (tmp_path / "guide" / "rules.caveat").write_text(rules)
    published = "http://hl7.org/fhir/StructureDefinition/request-doNotPerform"
    plain = "http://hl7.org/fhir/StructureDefinition/patient-birthPlace"
    series = [{"uid": "1", **flagged(BASE + "retake", key="valueBoolean")}]
    study = {"resourceType": "ImagingStudy", "series": series, **flagged("https://example.org/unknown")}
    order = {"resourceType": "ServiceRequest", **flagged(published, key="valueBoolean")}
    patient = {"resourceType": "Patient", **flagged(plain)}
    (tmp_path / "feed.ndjson").write_text("\n".join(map(json.dumps, (study, order, patient))))
    out = cli("inventory", "-p", "guide/rules.caveat", "--format", "json", "feed.ndjson")[1]
    known = {row["url"]: row["definition"] for row in map(json.loads, out.splitlines()) if row["kind"] == "modifier"}
    assert known[BASE + "retake"] == {
        "is_modifier": True,
        "title": "Retaken",
        "status": "active",
        "publisher": None,
        "reason": "the series is not what it seems",
        "package": "org.example.a#1.0.0",
    }
    assert (known[published]["is_modifier"], known[published]["package"]) == (True, None)
    assert known[plain]["is_modifier"] is False
    assert known["https://example.org/unknown"] is None
    assert (
        "known: a modifier: Retaken (org.example.a#1.0.0, active); because the series is not what it seems"
        in (cli("inventory", "-p", "guide/rules.caveat", "feed.ndjson")[1])
    )


def test_a_feed_of_endless_urls_is_counted_in_bounds(cli: Cli, tmp_path: Path) -> None:
    """Beyond --most nothing is told apart, nothing is lost from the sum, and the exit code says that the list is not whole."""
    lines = (json.dumps({"resourceType": "Basic", **flagged(f"https://example.org/{n}")}) for n in range(300))
    (tmp_path / "hostile.ndjson").write_text("\n".join(lines))
    code, out, err = cli("inventory", "--most", "20", "--format", "json", "hostile.ndjson")
    rows = [json.loads(line) for line in out.splitlines()]
    assert (code, len(rows)) == (3, 21)
    assert (rows[-1]["kind"], rows[-1]["count"], rows[-1]["verdict"], rows[-1]["ground"]) == ("others", 280, "reject", "unknown")
    assert "300 modifiers of 20 kinds" in err
    assert "280 more are of kinds that are not told apart" in err
    assert "280 more, of kinds that are not told apart" in cli("inventory", "--most", "20", "hostile.ndjson")[1]
    assert cli("inventory", "--most", "300", "hostile.ndjson")[0] == 0


def test_a_draft_of_everything_published_is_grouped_and_sound(cli: Cli, tmp_path: Path) -> None:
    """What HL7 publishes on Basic's root, seen in a feed: grouped by publisher, with reasons as comments, clean and tested."""
    urls = sorted(published_modifiers(Release.R4))
    seen = [{"resourceType": kind, **flagged(url, key="valueBoolean")} for url in urls for kind in ("Basic", "Procedure")]
    (tmp_path / "feed.ndjson").write_text("\n".join(map(json.dumps, seen)))
    assert cli("inventory", "feed.ndjson", "--write", "draft.caveat")[0] == 0
    assert cli("lint", "draft.caveat")[0] == 0
    assert cli("test", "draft.caveat")[0] == 0
    assert cli("fmt", "--check", "draft.caveat")[0] == 0
    text = (tmp_path / "draft.caveat").read_text()
    headings = [
        line.rpartition(":")[0] for line in text.splitlines() if line.startswith("// http") and line.endswith(" to assess")
    ]
    assert len(headings) > 2
    assert headings == sorted(set(headings))
    assert "// It modifies: " in text


def test_what_does_not_fit_into_one_rule_file_is_said(cli: Cli, tmp_path: Path) -> None:
    """A rule file has its bounds: what is drafted loads, and the rest is neither lost in silence nor written."""
    lines = (json.dumps({"resourceType": "Basic", **flagged(f"https://example.org/{'x' * 1500}/{n}")}) for n in range(800))
    (tmp_path / "hostile.ndjson").write_text("\n".join(lines))
    code, _, err = cli("inventory", "hostile.ndjson", "--write", "draft.caveat")
    assert code == 0
    assert "more did not fit into one rule file" in err
    assert cli("lint", "draft.caveat")[0] == 0
    assert cli("fmt", "--check", "draft.caveat")[0] == 0


def test_a_page_needs_its_extra(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Jinja is missing the command says which extra has it, and exits with 2."""
    monkeypatch.setitem(sys.modules, "jinja2", None)
    code, out, err = cli("inventory", "--format", "html", "data.ndjson")
    assert (code, out) == (2, "")
    assert "caveat[audit]" in err


def test_an_input_is_not_written_over(cli: Cli, tmp_path: Path) -> None:
    """--output never takes the place of what is read; else it is written whole."""
    before = (tmp_path / "data.ndjson").read_bytes()
    assert cli("inventory", "data.ndjson", "-o", "data.ndjson")[0] == 2
    assert (tmp_path / "data.ndjson").read_bytes() == before
    assert cli("inventory", "data.ndjson", "--format", "html", "-o", "page.html")[:2] == (0, "")
    assert (tmp_path / "page.html").read_text().startswith("<!DOCTYPE html>")
