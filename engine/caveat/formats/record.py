"""The wire form of a report: `caveat.report/1`, one object a line.

Rule 1: no value of the document is in it; urls and locations are, cut to a bounded length.
Rule 2: what stands here and what `formats.schema` promises are the same; the tests compare them. It is built without pydantic,
because a bulk check writes one for each of a million lines.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from typing import Any

from caveat.domain.decision import Decision, Verdict
from caveat.domain.report import Report, of_line, shares_findings
from caveat.formats.printable import bounded
from caveat.formats.shared import Shared

SCHEMA = "caveat.report/1"
MOST_DECISIONS = 1000
"""How many decisions a record lists; `decisions_omitted` counts the others."""
_MANY = 1000
# Within a string quotes are escaped, and no object within a report has these names.
_OF_THE_LINE = re.compile('(?<="line": )null|(?<="resource_id": )null|(?<="input_sha256": )null')
MOST_NATIVE = 1000
"""How many native modifiers a record lists; `native_omitted` counts the others."""


def record(report: Report) -> dict[str, Any]:
    """Return `report` in its wire form: plain JSON values, in the order that `formats.schema` states."""
    listed, omitted = report.decisions[:MOST_DECISIONS], len(report.decisions) - MOST_DECISIONS
    more_native = report.native_omitted + max(len(report.native) - MOST_NATIVE, 0)
    policy = report.policy
    return {
        "schema": SCHEMA,
        "input": report.input,
        "line": report.line,
        "resource_type": report.resource_type,
        "resource_id": _bounded(report.resource_id),
        "release": report.release,
        "verdict": report.verdict.word,
        "may_process": report.may_process,
        "may_process_reduced": report.may_process_reduced,
        "evidence": report.evidence,
        "within": report.within,
        "intent": str(report.intent),
        "date": report.date.isoformat(),
        "policy": {"name": policy.name, "version": policy.version, "digest": policy.digest},
        "input_sha256": report.input_sha256,
        "decisions": [_decision(each) for each in listed],
        **({"decisions_omitted": omitted} if omitted > 0 else {}),
        "entries": [{"index": each.index, "verdict": each.verdict.word} for each in report.entries],
        "problems": [{"code": p.code, "message": p.message, "location": _bounded(p.location)} for p in report.problems],
        "not_checked": list(report.not_checked),
        "source": report.source,
        "native": [{"location": _bounded(n.location), "path": _bounded(n.path)} for n in report.native[:MOST_NATIVE]],
        **({"native_omitted": more_native} if more_native else {}),
    }


def to_json(report: Report) -> str:
    """Return `report` in its wire form as one line of ASCII, so that no character of a document reaches a terminal raw.

    Many entries are written by themselves, which takes a third of the time. What they take the place of stands once: within a
    string its quotes would be escaped.
    """
    if len(report.entries) <= _MANY:
        return json.dumps(record(report), separators=(", ", ": "))
    told = json.dumps(record(replace(report, entries=())), separators=(", ", ": "))
    words = {verdict: verdict.word for verdict in Verdict}
    entries = ", ".join([f'{{"index": {index}, "verdict": "{words[verdict]}"}}' for index, verdict in report.entries])
    return told.replace('"entries": []', f'"entries": [{entries}]')


class Writer:
    """Writes reports on lines of the input `name` as `to_json` does; what is alike in many is put together once."""

    def __init__(self, name: str | None) -> None:
        """Remember nothing yet."""
        self._name = name
        self._shared = Shared(lambda bare: _OF_THE_LINE.split(to_json(of_line(bare, None, None, None, name))), _is_alike)

    def __reduce__(self) -> tuple[type[Writer], tuple[str | None]]:
        """Remember nothing in another process."""
        return Writer, (self._name,)

    def __call__(self, report: Report, received: bytes | None, resource_id: str | None, line: int | None) -> str:
        """Return one line: `report`, as that on a line with these bytes and this id."""
        if report.entries:
            return to_json(of_line(report, received, resource_id, line, self._name))
        shared = self._shared(report, received)
        number = "null" if line is None else line
        identity = "null" if resource_id is None else json.dumps(bounded(resource_id))
        digest = "null" if received is None else f'"{hashlib.sha256(received).hexdigest()}"'
        return f"{shared[0]}{number}{shared[1]}{identity}{shared[2]}{digest}{shared[3]}"


def _is_alike(one: Report, other: Report) -> bool:
    """Return whether two reports may differ by input, line, id and bytes, and surely by nothing else."""
    return (
        shares_findings(one, other)
        and one.resource_type == other.resource_type
        and one.evidence == other.evidence
        and one.not_checked == other.not_checked
        and one.native_omitted == other.native_omitted
        and one.policy == other.policy
        and (one.release, one.date, one.intent, one.within, one.source)
        == (other.release, other.date, other.intent, other.within, other.source)
    )


def _decision(decision: Decision) -> dict[str, Any]:
    """Return one decision; of a document that could not be read location, path, slot and url are null."""
    occurrence = decision.occurrence
    fault = occurrence.fault if occurrence else None
    return {
        "location": _bounded(occurrence.location) if occurrence else None,
        "path": _bounded(occurrence.carrier.path) if occurrence else None,
        "slot": occurrence.slot if occurrence else None,
        "url": _bounded(occurrence.url) if occurrence else None,
        "value_type": occurrence.value_type if occurrence else None,
        "verdict": decision.verdict.word,
        "ground": str(decision.ground),
        "final": decision.final,
        "rule": decision.rule,
        "because": decision.because,
        "near": [{"rule": near.rule, "missed": near.missed} for near in decision.near],
        "detail": decision.detail,
        "fault": fault.code if fault else None,
    }


def _bounded(text: str | None) -> str | None:
    """Return `text` cut to a bounded length, None as it is."""
    return None if text is None else bounded(text)
