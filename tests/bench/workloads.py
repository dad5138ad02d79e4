"""The documents and files that are measured, each made from a seed: W1 to W5 of the design, and lines of Synthea.

W1 is one study of ten instances, W2 one of ten thousand, W3 is W2 with one modifier on the last instance. W4 and W5 are NDJSON
of four shapes, about 1.5 kB a line: in W4 one line in a thousand has a modifier, in W5 every second.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REJECTED = "https://x.example/fhir/StructureDefinition/rejected"
URLS = [f"https://x.example/fhir/StructureDefinition/m{number}" for number in range(40)]
"""What the modifiers of W4 and W5 are called; the policy names the first thirty."""
SOP = {"system": "urn:ietf:rfc:3986", "code": "urn:oid:1.2.840.10008.5.1.4.1.1.2"}
DCM = "http://dicom.nema.org/resources/ontology/DCM"
LINES = 200_000
_DISTINCT = 2_000  # lines made of each kind; a file repeats them in a random order, with new ids


def policy_text(rules: int = 30) -> str:
    """Return a rule file that understands the first of the urls, and has every further one reviewed, `rules` in all."""
    head = 'caveat 1;\npolicy "bench" version "1" { owner "bench@x.example"; }\n'
    return head + "".join(
        f'understand m{n}: "{url}" on *.** because "x" assessed 2026-01-01;\n'
        if n < len(URLS)
        else f'review m{n}: "{url}" on *.** because "x";\n'
        for n, url in enumerate(_urls(rules))
    )


def _urls(number: int) -> list[str]:
    return [URLS[n] if n < len(URLS) else f"https://x.example/m{n}" for n in range(number)]  # a rule file has 1 MiB at most


def study(instances: int, *, modifiers: int = 0, seed: int = 1) -> bytes:
    """Return an ImagingStudy of `instances` in one series, the last `modifiers` of which carry a modifier extension.

    An instance has what FHIR demands of it (uid, sopClass), a number and a title: about 180 bytes.
    """
    rng = random.Random(seed)
    root = f"1.2.840.113619.{rng.randrange(10**6)}"
    made: list[dict[str, Any]] = [
        {"uid": f"{root}.{n}.{rng.randrange(10**9)}", "number": n, "sopClass": SOP, "title": f"AXIAL {rng.randrange(1000)}"}
        for n in range(1, instances + 1)
    ]
    for each in made[instances - modifiers :]:
        each["modifierExtension"] = [{"url": REJECTED, "valueBoolean": True}]
    series = {"uid": root, "number": 1, "modality": {"system": DCM, "code": "CT"}, "instance": made}
    subject = {"reference": "Patient/1"}
    tree = {"resourceType": "ImagingStudy", "id": "s1", "status": "available", "subject": subject, "series": [series]}
    return json.dumps(tree, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Lines:
    """A file of NDJSON with its size, its number of lines, and how many of them have a modifier."""

    path: Path
    size: int
    lines: int
    hits: int


def lines_file(path: Path, *, every: int, lines: int = LINES, seed: int = 4) -> Lines:
    """Write a file in which about one line of `every` has a modifier, unless it is there already, and return it."""
    note = path.with_suffix(".json")
    if not (path.exists() and note.exists()):
        hits = _write(path, every, lines, random.Random(seed))
        note.write_text(json.dumps({"hits": hits}))
    return Lines(path, path.stat().st_size, lines, json.loads(note.read_text())["hits"])


def _write(path: Path, every: int, lines: int, rng: random.Random) -> int:
    """Write the lines; return how many have a modifier."""
    clean = [_line(rng, None) for _ in range(_DISTINCT)]
    marked = [_line(rng, rng.choice(URLS)) for _ in range(_DISTINCT)]
    hits = 0
    with path.open("wb") as file:
        for number in range(lines):
            is_hit = rng.randrange(every) == 0
            hits += is_hit
            file.write(rng.choice(marked if is_hit else clean).replace(b"@id@", b"%08d" % number))
    return hits


def _line(rng: random.Random, url: str | None) -> bytes:
    """Return one resource as a line, with a modifier of `url` or without."""
    tree = rng.choice([_observation, _patient, _medication, _imaging])(rng)
    if url is not None:
        holder = rng.choice([tree, *tree.get("series", []), *tree.get("contact", []), *tree.get("component", [])])
        holder["modifierExtension"] = [{"url": url, "valueBoolean": True}]
    return json.dumps({"resourceType": tree.pop("resourceType"), "id": "@id@", **tree}, separators=(",", ":")).encode() + b"\n"


def _coded(rng: random.Random) -> dict[str, Any]:
    code = str(rng.randrange(10**8))
    return {
        "coding": [{"system": "http://snomed.info/sct", "code": code, "display": f"Finding {code}"}],
        "text": f"Finding {code}",
    }


def _meta(rng: random.Random) -> dict[str, Any]:
    day = f"2026-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}"
    return {
        "versionId": "1",
        "lastUpdated": f"{day}T10:00:00Z",
        "profile": [f"https://x.example/fhir/StructureDefinition/p{rng.randrange(9)}"],
    }


def _filler(rng: random.Random, size: int) -> list[dict[str, str]]:
    return [{"text": " ".join(f"{rng.getrandbits(48):012x}" for _ in range(size // 13))}]


def _observation(rng: random.Random) -> dict[str, Any]:
    parts = [{"code": _coded(rng), "valueQuantity": {"value": rng.randrange(900) / 10, "unit": "mmol/L"}} for _ in range(3)]
    return {
        "resourceType": "Observation",
        "meta": _meta(rng),
        "status": "final",
        "code": _coded(rng),
        "component": parts,
        "note": _filler(rng, 800),
    }


def _patient(rng: random.Random) -> dict[str, Any]:
    contact = [
        {"name": {"family": f"Name{rng.randrange(999)}"}, "telecom": [{"system": "phone", "value": str(rng.randrange(10**9))}]}
        for _ in range(4)
    ]
    identifier = [{"system": f"https://x.example/id/{n}", "value": str(rng.randrange(10**12))} for n in range(9)]
    return {
        "resourceType": "Patient",
        "meta": _meta(rng),
        "active": True,
        "identifier": identifier,
        "contact": contact,
        "birthDate": "1970-01-01",
    }


def _medication(rng: random.Random) -> dict[str, Any]:
    return {
        "resourceType": "MedicationRequest",
        "meta": _meta(rng),
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": _coded(rng),
        "subject": {"reference": f"Patient/{rng.randrange(9999)}"},
        "note": _filler(rng, 1200),
    }


def _imaging(rng: random.Random) -> dict[str, Any]:
    made = json.loads(study(6, seed=rng.randrange(10**6)))
    return {
        "resourceType": "ImagingStudy",
        "meta": _meta(rng),
        **{k: v for k, v in made.items() if k not in {"resourceType", "id"}},
    }


def synthea_file(path: Path, corpus: Path, *, every: int = 200, seed: int = 6) -> Lines | None:
    """Write the real lines of Synthea with modifiers planted on the root of about one in `every`; None where they are absent."""
    if not corpus.is_dir():
        return None
    rng, lines, hits = random.Random(seed), 0, 0
    with path.open("wb") as file:
        for line in _real_lines(corpus):
            marked = rng.randrange(every) == 0
            planted = b'{"modifierExtension":[{"url":"%b","valueBoolean":true}],' % rng.choice(URLS).encode()
            file.write(planted + line[1:] if marked else line)
            lines, hits = lines + 1, hits + marked
    return Lines(path, path.stat().st_size, lines, hits)


def _real_lines(corpus: Path) -> Iterator[bytes]:
    for source in sorted(corpus.glob("synthea-r4-by-type/*.ndjson")):
        with source.open("rb") as file:
            yield from (line if line.endswith(b"\n") else line + b"\n" for line in file if line.strip())
