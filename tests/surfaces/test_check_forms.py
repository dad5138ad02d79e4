"""The forms of `caveat check` that others read: SARIF, JUnit, CSV and a page, each of one run over every kind of verdict."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from junitparser import JUnitXml

from caveat import Guard
from caveat.cli.app import run
from strategies.browsing import browser, opened, serious
from strategies.sarif import complaints
from strategies.trailing import RULES, URLS, patient

WAIVED = "https://example.org/fhir/StructureDefinition/waived"
POLICY = (
    RULES + f'waive pilot: unknown for "{WAIVED}" on Patient as warn from 2026-01-01 until 2026-03-01 owner "o" because "w";\n'
)
TEXT = {
    "type": "object",
    "required": ["text"],
    "properties": {"text": {"type": "string", "minLength": 1}},
    "additionalProperties": False,
}
# Written from the standard (OASIS SARIF 2.1.0, 3.13 to 3.35) for the properties that Caveat writes: no others are allowed.
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["version", "runs"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool"],
                "additionalProperties": False,
                "properties": {
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name"],
                                "properties": {
                                    "name": {"type": "string"},
                                    "version": {"type": "string"},
                                    "rules": {
                                        "type": "array",
                                        "uniqueItems": True,
                                        "items": {
                                            "type": "object",
                                            "required": ["id"],
                                            "additionalProperties": False,
                                            "properties": {"id": {"type": "string"}, "shortDescription": TEXT, "help": TEXT},
                                        },
                                    },
                                },
                            }
                        },
                    },
                    "results": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["message"],
                            "additionalProperties": False,
                            "properties": {
                                "ruleId": {"type": "string"},
                                "ruleIndex": {"type": "integer", "minimum": 0},
                                "level": {"enum": ["none", "note", "warning", "error"]},
                                "message": TEXT,
                                "locations": {
                                    "type": "array",
                                    "items": {
                                        "type": "object",
                                        "additionalProperties": False,
                                        "properties": {
                                            "physicalLocation": {
                                                "type": "object",
                                                "required": ["artifactLocation"],
                                                "additionalProperties": False,
                                                "properties": {
                                                    "artifactLocation": {
                                                        "type": "object",
                                                        "properties": {"uri": {"type": "string"}},
                                                    },
                                                    "region": {
                                                        "type": "object",
                                                        "properties": {"startLine": {"type": "integer", "minimum": 1}},
                                                    },
                                                },
                                            },
                                            "logicalLocations": {
                                                "type": "array",
                                                "uniqueItems": True,
                                                "items": {
                                                    "type": "object",
                                                    "additionalProperties": False,
                                                    "properties": {
                                                        "fullyQualifiedName": {"type": "string"},
                                                        "kind": {"type": "string"},
                                                    },
                                                },
                                            },
                                        },
                                    },
                                },
                                "partialFingerprints": {"type": "object", "additionalProperties": {"type": "string"}},
                                "suppressions": {
                                    "type": "array",
                                    "uniqueItems": True,
                                    "items": {
                                        "type": "object",
                                        "required": ["kind"],
                                        "additionalProperties": False,
                                        "properties": {
                                            "kind": {"enum": ["inSource", "external"]},
                                            "status": {"enum": ["accepted", "underReview", "rejected"]},
                                            "justification": {"type": "string"},
                                        },
                                    },
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.caveat").write_text(POLICY, encoding="utf-8")
    waived = json.dumps({"resourceType": "Patient", "modifierExtension": [{"url": WAIVED, "valueString": "value of waived"}]})
    lines = [
        patient(),
        patient("understand"),
        patient("warn"),
        patient("review"),
        patient("unknown", "review"),
        b"{",
        waived.encode(),
    ]
    (tmp_path / "a b.ndjson").write_bytes(b"\n".join(lines))
    (tmp_path / "one.json").write_bytes(patient("unknown"))
    return tmp_path


def written(folder: Path, form: str, *inputs: str) -> str:
    names = inputs or ("a b.ndjson", "one.json")
    code = run(["check", *names, "-p", "p.caveat", "--date", "2026-02-01", "--format", form, "-o", f"out.{form}"])
    assert code == 1
    return (folder / f"out.{form}").read_text(encoding="utf-8")


def test_sarif_is_lawful_and_names_what_is_wrong(folder: Path) -> None:
    """Every decision that is not simply well is a result at its file and line; a waived one is suppressed; no value is told."""
    text = written(folder, "sarif")
    log = json.loads(text)
    Draft7Validator(SCHEMA).validate(log)
    (told,) = log["runs"]
    results = told["results"]
    places = [
        (
            each["ruleId"],
            each["level"],
            each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
            each["locations"][0]["physicalLocation"]["region"]["startLine"],
        )
        for each in results
    ]
    assert places == [
        ("caveat/rule", "note", "a%20b.ndjson", 3), ("caveat/rule", "error", "a%20b.ndjson", 4),
        ("caveat/unknown", "error", "a%20b.ndjson", 5), ("caveat/rule", "error", "a%20b.ndjson", 5),
        ("caveat/unreadable", "error", "a%20b.ndjson", 6), ("caveat/waiver", "note", "a%20b.ndjson", 7),
        ("caveat/unknown", "error", "one.json", 1),
    ]  # fmt: skip
    assert [each.get("suppressions") for each in results if each["ruleId"] == "caveat/waiver"] == [
        [{"kind": "external", "status": "accepted", "justification": "waiver `pilot`: w"}]
    ]
    assert all(told["tool"]["driver"]["rules"][each["ruleIndex"]]["id"] == each["ruleId"] for each in results)
    assert "value of" not in text


def test_the_schema_of_sarif_has_nothing_against_it(folder: Path) -> None:
    """The log of a run, suppressed results in it, is lawful by the schema that OASIS publishes; so is an empty one."""
    assert complaints(json.loads(written(folder, "sarif"))) == []
    (folder / "well.json").write_bytes(patient())
    assert run(["check", "well.json", "-p", "p.caveat", "--format", "sarif", "-o", "well.sarif"]) == 0
    assert complaints(json.loads((folder / "well.sarif").read_text(encoding="utf-8"))) == []


def test_the_schema_of_sarif_finds_what_is_wrong(folder: Path) -> None:
    """A level that there is not, a property that nobody knows and a result without words are each complained of."""
    log = json.loads(written(folder, "sarif"))
    results = log["runs"][0]["results"]
    results[0]["level"], results[1]["colour"] = "grave", "red"
    del results[2]["message"]
    said = complaints(log)
    assert len(said) == 3
    assert all(any(f"results[{number}]" in each for each in said) for number in range(3))


def test_a_fingerprint_stays_when_lines_move(folder: Path) -> None:
    """Lines put before it change no fingerprint, and no two results of one run have the same."""

    def prints() -> list[str]:
        return [each["partialFingerprints"]["caveat/1"] for each in json.loads(written(folder, "sarif"))["runs"][0]["results"]]

    before = prints()
    file = folder / "a b.ndjson"
    file.write_bytes(patient(identity="new") + b"\n" + file.read_bytes())
    assert prints() == before
    assert len(set(before)) == len(before)


def test_junit_has_a_case_for_each_resource(folder: Path) -> None:
    """A suite for each input, a case for each resource; those fail that may not be processed."""
    document = JUnitXml.fromstring(written(folder, "junit").encode())
    assert [(suite.name, suite.tests, suite.failures) for suite in document] == [("a b.ndjson", 7, 3), ("one.json", 1, 1)]
    assert "value of" not in written(folder, "junit")


def test_csv_has_every_decision(folder: Path) -> None:
    """One row a decision, one for a resource that has none; a formula in a file's name is none."""
    (folder / "=x.json").write_bytes(patient("unknown", identity="-1+1"))
    rows = list(csv.DictReader(io.StringIO(written(folder, "csv", "a b.ndjson", "=x.json"), newline="")))
    assert [row["resource_verdict"] for row in rows] == [
        "clear",
        "accept",
        "warn",
        "review",
        "reject",
        "reject",
        "reject",
        "warn",
        "reject",
    ]
    assert (rows[-1]["input"], rows[-1]["resource_id"], rows[-1]["url"]) == ("'=x.json", "'-1+1", URLS["unknown"])


def test_without_junitparser_its_extra_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the extra is missing that is said, and no file is written."""
    monkeypatch.setitem(sys.modules, "junitparser", None)
    assert run(["check", "one.json", "--format", "junit", "-o", "out.junit"]) == 2
    assert "caveat[junit]" in capsys.readouterr().err
    assert not (folder / "out.junit").exists()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as started:
        yield started


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_of_a_run_can_be_read_by_everybody(folder: Path, chromium: Any, scheme: str) -> None:
    """It says how many may not pass, its numbers lead to their rows, nothing complains, axe-core finds nothing serious."""
    assert "value of" not in written(folder, "html")
    with opened(chromium, folder / "out.html", color_scheme=scheme) as (page, heard):
        assert "4 of 8 resources (50.0 %) may not be processed as received." in page.inner_text("header")
        page.locator("a[data-rows]").first.click()
        assert re.match(r"\d+ decisions of \d+ records; ", page.inner_text("#rows-status"))
        assert serious(page) == []
    assert heard.errors == []


def test_a_notebook_shows_a_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page stands in a sandboxed frame, escaped; without Jinja2 it is the words, escaped."""
    report = Guard.default().check(
        b'{"resourceType":"Patient","modifierExtension":[{"url":"http://x.example/<b>\\"","valueCode":"c"}]}'
    )
    shown = report._repr_html_()
    assert shown.startswith("<iframe ")
    assert shown.count("<") == 2
    monkeypatch.setitem(sys.modules, "jinja2", None)
    assert report._repr_html_().startswith("<p>Patient: must not be processed")
    assert "<b>" not in report._repr_html_()
