"""One document in memory: W1, W2 and W3, by Caveat and by its peers."""

from __future__ import annotations

from collections.abc import Iterator

import peers
from measure import Took, interleaved
from workloads import study

from caveat import Guard
from caveat.domain.decision import Verdict
from caveat.results import Triage

_READ, _WALK = "fhir.resources", "orjson + walk"
GOALS = {
    "W1": {("scan", _READ): 300, ("scan", _WALK): 20, ("check", _READ): 12},
    "W2": {("scan", _READ): 1000, ("scan", _WALK): 100, ("check", _READ): 30, ("check", _WALK): 1.5},
    "W3": {("check", _READ): 15, ("check", _WALK): 1.0},
}
"""How many times as fast as the other each is to be."""

_WORKS = {
    "W1": ("one study, 10 instances, no modifier", study(10), 15),
    "W2": ("one study, 10,000 instances, no modifier", study(10_000), 9),
    "W3": ("W2 with a modifier on the last instance", study(10_000, modifiers=1), 9),
}


def tables(guard: Guard) -> Iterator[tuple[str, str, dict[str, Took]]]:
    """Give each work with what it is and what each took."""
    for name, (what, raw, rounds) in _WORKS.items():
        _agree(guard, raw, name)
        cases = {
            "scan": lambda raw=raw: guard.scan(raw),
            "check": lambda raw=raw: guard.check(raw),
            "orjson + walk": lambda raw=raw: peers.orjson_walk(raw),
            "json + walk": lambda raw=raw: peers.json_walk(raw),
            "fhirpathpy, path known": lambda raw=raw: peers.fhirpath(raw),
            "fhir.resources": lambda raw=raw: peers.fhir_resources(raw),
        }
        yield name, f"{what}, {len(raw):,} bytes", interleaved(cases, rounds)


def _agree(guard: Guard, raw: bytes, name: str) -> None:
    """Refuse to measure what does not give the right answer."""
    modifiers = 1 if name == "W3" else 0
    report = guard.check(raw)
    assert len(report.decisions) == modifiers == len(peers.walk(peers.orjson.loads(raw)))
    assert report.verdict is (Verdict.REJECT if modifiers else Verdict.CLEAR)
    assert guard.scan(raw) is (Triage.LOOK_CLOSER if modifiers else Triage.FREE)
