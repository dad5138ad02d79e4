"""How fast a check is, as ratios against fhir.resources reading the same bytes, interleaved in one run.

`make bench` runs it. Nothing here passes or fails: the numbers are for reading, the machine may be noisy.
"""

from __future__ import annotations

import json
import random
import statistics
import time
from collections.abc import Callable

from fhir.resources.R4B.imagingstudy import ImagingStudy

from caveat import Guard

ROUNDS = 9
SOP = {"system": "urn:ietf:rfc:3986", "code": "urn:oid:1.2.840.10008.5.1.4.1.1.2"}
DCM = "http://dicom.nema.org/resources/ontology/DCM"


def study(instances: int, *, modifiers: int = 0, titles: bool = False, seed: int = 1) -> bytes:
    """Return an ImagingStudy of `instances` in one series, the last `modifiers` of which carry a modifier extension.

    An instance has what FHIR demands of it, uid and sopClass, and a number; with `titles` a title too.
    """
    rng = random.Random(seed)
    root = f"1.2.840.113619.{rng.randrange(10**6)}"
    made = [{"uid": f"{root}.{n}.{rng.randrange(10**9)}", "number": n, "sopClass": SOP} for n in range(1, instances + 1)]
    for each in made if titles else ():
        each["title"] = f"AXIAL {rng.randrange(1000)}"
    for each in made[instances - modifiers :]:
        each["modifierExtension"] = [{"url": "https://x.example/fhir/rejected", "valueBoolean": True}]
    series = {"uid": root, "number": 1, "modality": {"system": DCM, "code": "CT"}, "instance": made}
    subject = {"reference": "Patient/1"}
    tree = {"resourceType": "ImagingStudy", "id": "s1", "status": "available", "subject": subject, "series": [series]}
    return json.dumps(tree, separators=(",", ":")).encode()


def interleaved(cases: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Return the median milliseconds of CPU time of each case, one after the other in every round."""
    taken: dict[str, list[float]] = {name: [] for name in cases}
    for name, case in cases.items():
        case()  # once before counting
        assert name
    for _ in range(ROUNDS):
        for name, case in cases.items():
            start = time.process_time()
            case()
            taken[name].append((time.process_time() - start) * 1000)
    return {name: statistics.median(times) for name, times in taken.items()}


def main() -> None:
    """Print a table of medians and ratios."""
    guard = Guard.default()
    print("| work | bytes | fhir.resources ms | check ms | ratio |")
    print("|---|---|---|---|---|")
    for name, instances, modifiers, titles in (
        ("10 instances, no modifier", 10, 0, False),
        ("10,000 instances, no modifier", 10_000, 0, False),
        ("10,000 instances with titles, no modifier", 10_000, 0, True),
        ("10,000 instances, one modifier", 10_000, 1, False),
        ("10,000 instances, 1,000 modifiers", 10_000, 1_000, False),
    ):
        raw = study(instances, modifiers=modifiers, titles=titles)
        report = guard.check(raw)
        assert report.may_process == (modifiers == 0)
        assert len(report.decisions) == modifiers
        many = max(1, 2_000 // instances)
        took = interleaved(
            {
                "read": lambda raw=raw, many=many: [ImagingStudy.model_validate_json(raw) for _ in range(many)],
                "check": lambda raw=raw, many=many: [guard.check(raw) for _ in range(many)],
            }
        )
        read, check = took["read"] / many, took["check"] / many
        print(f"| {name} | {len(raw):,} | {read:.3f} | {check:.3f} | {read / check:.1f} |")


if __name__ == "__main__":
    main()
