"""Writes reports as SARIF 2.1.0, for files that live in a repository: each decision that is not simply well is a result.

Rule 1: a fingerprint is of file, place, url and ground, not of the policy, so that a finding is the same from run to run.
Rule 2: what a waiver lets through, which is with a warning, is a result that is suppressed, with its name and reason.
Rule 3: no value of the document is in it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from typing import Any

from caveat.domain.decision import Decision, Ground, Verdict
from caveat.domain.report import Report
from caveat.formats.printable import printable
from caveat.formats.sarif import SCHEMA, VERSION, uri_of
from caveat.formats.words import GROUNDS, REMEDIES, remedy, why

_LEVELS = {Verdict.REJECT: "error", Verdict.REVIEW: "error", Verdict.NARRATIVE: "error", Verdict.EXCLUDE: "warning"}
_RULES = tuple(Ground)


def to_sarif(reports: Iterable[Report], version: str) -> dict[str, Any]:
    """Return one SARIF log of reports; `version` is Caveat's own."""
    seen: Counter[str] = Counter()
    results = [
        _result(report, decision, seen) for report in reports for decision in report.decisions if decision.verdict >= Verdict.WARN
    ]
    driver = {"name": "caveat", "version": version, "rules": [_rule(ground) for ground in _RULES]}
    return {"$schema": SCHEMA, "version": VERSION, "runs": [{"tool": {"driver": driver}, "results": results}]}


def _rule(ground: Ground) -> dict[str, Any]:
    """Return a ground as a rule of the tool."""
    said = f"{GROUNDS[ground]}; to do: {REMEDIES[ground]}"
    return {"id": f"caveat/{ground}", "shortDescription": {"text": GROUNDS[ground]}, "help": {"text": said}}


def _result(report: Report, decision: Decision, seen: Counter[str]) -> dict[str, Any]:
    """Return one decision as a result."""
    occurrence = decision.occurrence
    url = printable(occurrence.url) if occurrence is not None and occurrence.url else None
    place = printable(occurrence.location) if occurrence is not None else report.resource_type or "the document"
    said = f"{url}: " if url else ""
    result: dict[str, Any] = {
        "ruleId": f"caveat/{decision.ground}",
        "ruleIndex": _RULES.index(decision.ground),
        "level": _LEVELS.get(decision.verdict, "note"),
        "message": {"text": f"{said}{decision.verdict.word}: {why(decision)}. To do: {remedy(decision)}."},
        "locations": [_location(report, place)],
        "partialFingerprints": {"caveat/1": _fingerprint(report, decision, place, url, seen)},
    }
    if decision.ground is Ground.WAIVER and decision.verdict <= Verdict.WARN:
        reason = printable(decision.because or "")
        result["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": f"waiver `{decision.rule}`: {reason}".rstrip(": ")}
        ]
    return result


def _location(report: Report, place: str) -> dict[str, Any]:
    """Return where a result is: the file, the line of one that has a document a line, and the element."""
    logical = {"fullyQualifiedName": place, "kind": "element"}
    if report.input is None or report.input == "-":
        return {"logicalLocations": [logical]}
    physical: dict[str, Any] = {"artifactLocation": {"uri": uri_of(report.input)}}
    physical["region"] = {"startLine": report.line or 1}
    return {"physicalLocation": physical, "logicalLocations": [logical]}


def _fingerprint(report: Report, decision: Decision, place: str, url: str | None, seen: Counter[str]) -> str:
    """Return what names a result from one run to the next; of those alike which it is.

    A line of a file is named by what it holds, not by its number: the lines of an export move.
    """
    line = report.input_sha256 if report.line is not None else None
    alike = "\0".join((report.input or "", line or "", place, url or "", str(decision.ground)))
    seen[alike] += 1
    return hashlib.sha256(f"{alike}\0{seen[alike]}".encode()).hexdigest()
