"""Documents that others wrote to get past a guard, and documents that it must let through, as the library judges them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from caveat.domain.decision import Ground, Verdict
from caveat.guard import Guard, Report
from caveat.intake.json_reader import Unreadable, read_json
from caveat.judge import check
from caveat.spec import Release

GUARD = Guard.default()
ONE_URL = """caveat 1;
policy "one-url" version "1.0.0" { owner "tests"; fhir R4B; }
understand known: "http://example.org/fhir/StructureDefinition/known-modifier" on ImagingStudy.series.instance as boolean
  because "the corpus says that it is understood" assessed 2026-01-01;
"""
INVALID = {Ground.MALFORMED, Ground.MISPLACED, Ground.WRONG_SLOT, Ground.UNREADABLE, Ground.INCOMPLETE}


def cases(shared: Path, folder: str, *endings: str) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Give each case of a corpus with its bytes; a file that the manifest names and nobody has is an error."""
    manifest = json.loads((shared / "corpus" / folder / "manifest.json").read_text())
    for case in manifest["cases"]:
        path = shared / "corpus" / folder / str(case.get("file"))
        if str(case.get("file")).endswith(endings) and path.is_file():
            yield case, path.read_bytes()


def judgement(reports: list[Report]) -> str:
    """Say in the corpus's words what the reports say: accept, reject, or invalid."""
    if all(report.may_process for report in reports):
        return "accept"
    return "invalid" if any(d.ground in INVALID for report in reports for d in report.decisions) else "reject"


def test_no_case_of_the_bypass_corpus_gets_past(shared: Path) -> None:
    """Every JSON case has a verdict that the corpus calls acceptable."""
    wrong, seen = [], 0
    for case, raw in cases(shared, "bypass", ".json"):
        if "patch" in case["category"]:
            continue
        seen += 1
        got = judgement([GUARD.check(raw, release="R4B")])
        if got not in case["acceptable"]:
            wrong.append((case["file"], got, case["acceptable"], case["why"]))
    assert wrong == []
    assert seen > 90


def test_the_modifiers_of_the_bypass_corpus_are_found_where_it_says(shared: Path) -> None:
    """The locations are the corpus's, all of them and no other, wherever the document can be read.

    The corpus writes a primitive's companion without its underscore.
    """
    wrong, seen = [], 0
    for case, raw in cases(shared, "bypass", ".json"):
        report = GUARD.check(raw, release="R4B")
        if not case.get("modifier_paths") or any(d.ground is Ground.UNREADABLE for d in report.decisions):
            continue
        seen += 1
        found = {d.occurrence.location.replace("._", ".") for d in report.decisions if d.occurrence is not None}
        if found != set(case["modifier_paths"]):
            wrong.append((case["file"], sorted(found), case["modifier_paths"]))
    assert wrong == []
    assert seen > 15


def test_no_line_of_the_bypass_corpus_gets_past(shared: Path) -> None:
    """Every NDJSON case is acceptable, each line judged by itself."""
    wrong, seen = [], 0
    for case, raw in cases(shared, "bypass", ".ndjson"):
        seen += 1
        got = judgement([line.report for line in GUARD.ndjson(_cut(raw), release="R4B")])
        if got not in case["acceptable"]:
            wrong.append((case["file"], got, case["acceptable"], case["why"]))
    assert wrong == []
    assert seen > 5


def _cut(raw: bytes) -> list[bytes]:
    return [line + b"\n" for line in raw.split(b"\n")]


def test_lines_are_cut_in_files_as_in_lists(shared: Path) -> None:
    """A file gives the same lines as its bytes cut at 0x0A."""
    for case, raw in cases(shared, "bypass", ".ndjson"):
        path = shared / "corpus" / "bypass" / case["file"]
        by_file = [(line.number, line.raw, line.report.verdict) for line in GUARD.ndjson(path)]
        assert by_file == [(line.number, line.raw, line.report.verdict) for line in GUARD.ndjson(_cut(raw))]


def test_no_url_but_the_one_understood_is_understood(shared: Path) -> None:
    """However like the understood one a url is, only the same code points are."""
    guard = Guard.from_text(ONE_URL)
    wrong, seen = [], 0
    for case, raw in cases(shared, "bypass-url", ".json"):
        seen += 1
        got = judgement([guard.check(raw, release="R4B")])
        if got not in case["acceptable"]:
            wrong.append((case["file"], got, case["acceptable"], case["why"]))
    assert wrong == []
    assert seen > 20


def _names_slot(raw: bytes) -> bool:
    return b'"modifierExtension"' in raw


def test_every_modifier_that_others_wrote_is_found(shared: Path) -> None:
    """Documents with modifiers found in public repositories: each is refused, in the release that knows its type."""
    wrong, seen = [], 0
    for path in sorted((shared / "corpus" / "modifier-instances").glob("*__*.json")):
        raw = path.read_bytes()
        tree = read_json(raw)
        if isinstance(tree, Unreadable) or not isinstance(tree, dict) or "resourceType" not in tree:
            assert GUARD.check(raw).verdict is Verdict.REJECT
            continue
        seen += 1
        count = _count(tree)
        for release in ("R4", "R4B", "R5"):
            report = GUARD.check(raw, release=release)
            listed = sum(d.occurrence is not None and d.occurrence.slot == "modifierExtension" for d in report.decisions)
            unreadable = any(d.ground is Ground.UNREADABLE for d in report.decisions)
            if (count and report.may_process) or (not unreadable and listed < count):
                wrong.append((path.name, release, count, listed))
    assert wrong == []
    assert seen > 80


def _count(value: Any) -> int:
    """Return how many entries all `modifierExtension` of a tree have."""
    if isinstance(value, list):
        return sum(map(_count, value))
    if not isinstance(value, dict):
        return 0
    slot = value.get("modifierExtension")
    return (len(slot) if isinstance(slot, list) else 0) + sum(map(_count, value.values()))


def test_studies_that_others_wrote_are_let_through_unless_they_hold_a_modifier(shared: Path) -> None:
    """No false alarm: what has no modifier is clear, what has one is not."""
    wrong, seen = [], 0
    for path in sorted((shared / "corpus" / "imagingstudy").rglob("*__*.json")):
        raw = path.read_bytes()
        report = GUARD.check(raw, release="R4")
        if any(d.ground is Ground.UNREADABLE for d in report.decisions):
            report = GUARD.check(raw, release="R5")
        seen += 1
        if report.may_process is _names_slot(raw):
            wrong.append((path.name, str(report)))
    assert wrong == []
    assert seen > 50


def test_what_is_no_json_is_never_let_through(shared: Path) -> None:
    """No document of the JSON test suite is a resource: every one is refused, and none makes the guard raise."""
    paths = sorted((shared / "corpus" / "json-test-suite").rglob("*.json"))
    assert [path.name for path in paths if GUARD.check(path).verdict is not Verdict.REJECT] == []
    assert len(paths) > 300


def test_what_is_no_json_spoils_the_resource_that_holds_it(shared: Path) -> None:
    """A document of the suite as the value of a property: what it must refuse is unreadable, what it must read is clear."""
    wrong = []
    for path in sorted((shared / "corpus" / "json-test-suite" / "test_parsing").glob("[yn]_*.json")):
        raw = b'{"resourceType": "Basic", "x": ' + path.read_bytes() + b"}"
        lawful = path.name.startswith("y_") and "duplicated_key" not in path.name
        if GUARD.check(raw).may_process is not lawful:
            wrong.append(path.name)
    assert wrong == []


def test_what_the_walk_would_tell_is_told_without_it(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On every document that others wrote: the whole report is the same where the walk may be left out and where it may not."""
    raws = [path.read_bytes() for path in sorted((shared / "corpus").rglob("*.json")) if path.stat().st_size < 2**20]
    pairs = [(raw, release) for raw in raws for release in ("R4", "R5")]
    usual = [GUARD.check(raw, release=release).to_record() for raw, release in pairs]
    seen = [check.glance(_question(release), raw, in_short=True) for raw, release in pairs]
    monkeypatch.setattr(check, "glance", lambda *_, **__: None)
    assert [GUARD.check(raw, release=release).to_record() for raw, release in pairs] == usual
    assert sum(each is not None and each.names == 0 for each in seen) > 20


def _question(release: str) -> check.Question:
    return check.Question(GUARD.policy, Release(release), date(2026, 11, 23))
