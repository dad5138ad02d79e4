"""Tests of caveat.formats.sarif: what SARIF 2.1.0 demands of a log, as far as this one goes, and what stays when lines move."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from caveat.domain.diagnostic import CODES, Diagnostic, Related, Severity, Span
from caveat.formats.sarif import to_sarif
from caveat.packs.policies import load_policy
from strategies.sarif import complaints

GOLDEN = sorted((Path(__file__).resolve().parents[2] / "golden").rglob("*.caveat"))
TEXT = "caveat 1;\nreject a: b;\nreject a: b;\n"


def span(start: int, end: int, file: str = "a.caveat") -> Span:
    line = TEXT[:start].count("\n") + 1
    column = start - TEXT.rfind("\n", 0, start)
    return Span(file, start, end, line, column, line, column + end - start)


FIRST = Diagnostic("CV104", "two of `a`", span(10, 18), notes=("why",), help="name it", related=(Related(span(23, 31), "first"),))
SECOND = Diagnostic("CV152", "no test", span(23, 31), severity=Severity.WARNING)


def logged(*diagnostics: Diagnostic, text: str = TEXT) -> dict[str, Any]:
    return to_sarif(diagnostics, {"a.caveat": text}, "0.1.0")


def check_location(location: dict[str, Any]) -> None:
    """Check a location as the schema does: a relative URI, and a region that begins at 1 and ends not before it begins."""
    place = location["physicalLocation"]
    assert re.fullmatch(r"(?:[A-Za-z0-9._~/-]|%[0-9A-F]{2})+", place["artifactLocation"]["uri"])
    region = place["region"]
    assert all(isinstance(region[key], int) and region[key] >= 1 for key in ("startLine", "startColumn", "endLine", "endColumn"))
    assert (region["startLine"], region["startColumn"]) <= (region["endLine"], region["endColumn"])


def check_log(log: dict[str, Any]) -> None:
    """Check a log against what the schema of SARIF 2.1.0 requires of the properties that it has, and allows no others."""
    assert log.keys() == {"$schema", "version", "runs"}
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    assert run.keys() == {"tool", "columnKind", "results"}
    assert run["columnKind"] in {"utf16CodeUnits", "unicodeCodePoints"}
    driver = run["tool"]["driver"]
    assert driver.keys() == {"name", "version", "rules"}
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(set(ids)) == len(ids)
    for rule in driver["rules"]:
        assert rule.keys() == {"id", "shortDescription", "help", "defaultConfiguration"}
        assert rule["shortDescription"]["text"]
        assert rule["help"]["text"]
        assert rule["defaultConfiguration"]["level"] in {"none", "note", "warning", "error"}
    for result in run["results"]:
        assert result.keys() - {"relatedLocations"} == {
            "ruleId", "ruleIndex", "level", "message", "locations", "partialFingerprints",
        }  # fmt: skip
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in {"none", "note", "warning", "error"}
        assert result["message"]["text"]
        assert all(isinstance(value, str) for value in result["partialFingerprints"].values())
        assert len(result["locations"]) == 1
        for location in (*result["locations"], *result.get("relatedLocations", ())):
            check_location(location)
    assert len({result["partialFingerprints"]["caveat/1"] for result in run["results"]}) == len(run["results"])


def test_a_log() -> None:
    """One run has its rules once, and a result for each diagnostic with place, words and further places."""
    log = logged(FIRST, SECOND)
    check_log(log)
    first, second = log["runs"][0]["results"]
    assert (first["ruleId"], first["level"], second["ruleId"], second["level"]) == ("CV104", "error", "CV152", "warning")
    assert first["message"]["text"] == "two of `a`\nwhy\nhelp: name it"
    region = {"startLine": 2, "startColumn": 1, "endLine": 2, "endColumn": 9}
    assert first["locations"] == [{"physicalLocation": {"artifactLocation": {"uri": "a.caveat"}, "region": region}}]
    assert first["relatedLocations"][0]["message"] == {"text": "first"}
    assert "relatedLocations" not in second
    assert log["runs"][0]["tool"]["driver"]["rules"][0]["shortDescription"]["text"] == CODES["CV104"].title


def test_no_findings() -> None:
    """A run without findings is a log with no results, which says that all is well."""
    log = logged()
    check_log(log)
    assert log["runs"][0]["results"] == []


def test_a_fingerprint_stays_when_lines_move() -> None:
    """It is of file, code, message and marked text; of those alike it counts them."""
    moved = [Diagnostic("CV104", "two of `a`", Span("a.caveat", 11, 19, 3, 1, 3, 9))]
    before = logged(FIRST)["runs"][0]["results"][0]["partialFingerprints"]
    after = logged(*moved, text="\n" + TEXT)["runs"][0]["results"][0]["partialFingerprints"]
    assert before == after
    twice = logged(FIRST, Diagnostic("CV104", "two of `a`", span(23, 31)))["runs"][0]["results"]
    assert twice[0]["partialFingerprints"] == before
    assert twice[1]["partialFingerprints"] != before


def test_a_file_name_becomes_a_uri() -> None:
    """Spaces, letters beyond ASCII and backslashes are written as a URI has them."""
    odd = Diagnostic("CV104", "m", span(0, 3, "rülës\\a b%.caveat"), related=(Related(span(0, 3, "x.caveat"), ""),))
    (result,) = to_sarif([odd], {}, "1")["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "r%C3%BCl%C3%ABs/a%20b%25.caveat"
    assert "message" not in result["relatedLocations"][0]


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_every_known_mistake_is_lawful_sarif(path: Path) -> None:
    """Whatever is wrong in a rule file, the log about it is one that others can read."""
    loaded = load_policy(path)
    check_log(to_sarif(loaded.diagnostics, loaded.texts, "0.1.0"))


@pytest.mark.parametrize("log", [logged(), logged(FIRST, SECOND)], ids=["nothing", "two"])
def test_the_schema_of_sarif_has_nothing_against_it(log: dict[str, Any]) -> None:
    """A log of findings, and one without, are lawful by the schema that OASIS publishes."""
    assert complaints(log) == []


def test_the_schema_of_sarif_has_nothing_against_any_known_mistake() -> None:
    """Nor against a log about any wrong rule file there is."""
    found = [load_policy(path) for path in GOLDEN]
    assert [complaints(to_sarif(each.diagnostics, each.texts, "0.1.0")) for each in found] == [[] for _ in found]
