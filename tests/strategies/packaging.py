"""FHIR packages made for a test: definitions, archives, folders, and tar headers that no honest tool writes."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

BASE = "https://fhir.example.org/StructureDefinition/"
BLOCK = 512


def definition(name: str, *, modifier: bool = True, **more: Any) -> dict[str, Any]:
    """Return a StructureDefinition of an extension with a boolean value on ImagingStudy.series."""
    root = {"id": "Extension", "path": "Extension", "min": 0, "max": "1"}
    if modifier:
        root |= {"isModifier": True, "isModifierReason": "the series is not what it seems"}
    elements = [
        root,
        {"id": "Extension.extension", "path": "Extension.extension", "max": "0"},
        {"id": "Extension.url", "path": "Extension.url", "fixedUri": BASE + name},
        {"id": "Extension.value[x]", "path": "Extension.value[x]", "min": 1, "type": [{"code": "boolean"}]},
    ]
    return {
        "resourceType": "StructureDefinition",
        "url": BASE + name,
        "version": "1.0.0",
        "name": name.title(),
        "status": "active",
        "fhirVersion": "4.0.1",
        "kind": "complex-type",
        "abstract": False,
        "type": "Extension",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Extension",
        "derivation": "constraint",
        "context": [{"type": "element", "expression": "ImagingStudy.series"}],
        "differential": {"element": elements},
        "text": {"status": "generated", "div": "<div>shown</div>"},
    } | more


def files(
    label: str = "org.example.imaging#1.0.0", *resources: Mapping[str, Any], dependencies: Mapping[str, str] | None = None
) -> dict[str, bytes]:
    """Return the files of a package by name, with an index and an example as publishers put them in."""
    name, _, version = label.partition("#")
    manifest = {"name": name, "version": version, "dependencies": dict(dependencies or {"hl7.fhir.r4.core": "4.0.1"})}
    found = {
        "package/package.json": manifest,
        "package/.index.json": {"index-version": 1, "files": []},
        "package/example/Patient-a.json": {"resourceType": "Patient"},
        "package/ValueSet-v.json": {"resourceType": "ValueSet", "url": "https://fhir.example.org/ValueSet/v"},
    }
    for number, resource in enumerate(resources):
        found[f"package/StructureDefinition-{number}.json"] = dict(resource)
    return {path: json.dumps(content).encode() for path, content in found.items()}


def tgz(contents: Mapping[str, bytes], form: int = tarfile.GNU_FORMAT) -> bytes:
    """Return an archive as publishers make one."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w", format=form) as tar:
        for name, data in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return gzip.compress(held.getvalue(), mtime=0)


def package(label: str = "org.example.imaging#1.0.0", *resources: Mapping[str, Any], **more: Any) -> bytes:
    """Return the archive of a package."""
    return tgz(files(label, *(resources or (definition("retake"),)), **more))


def write(folder: Path, contents: Mapping[str, bytes]) -> Path:
    """Write files into a folder; return it."""
    for name, data in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def member(name: bytes = b"package/a.json", data: bytes = b"{}", kind: bytes = b"0", size: bytes | None = None) -> bytes:
    """Return a header block with whatever is written into it, and its contents."""
    stated = b"%011o\0" % len(data) if size is None else size
    head = name.ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + stated + b"00000000000\0" + b" " * 8 + kind
    head = (head.ljust(257, b"\0") + b"ustar\x0000").ljust(BLOCK, b"\0")
    head = head[:148] + b"%06o\0 " % sum(head) + head[156:]
    return head + data + b"\0" * (-len(data) % BLOCK)


def archive(*members: bytes, end: bytes = b"\0" * 2 * BLOCK) -> bytes:
    """Return a gzip of members as they are."""
    return gzip.compress(b"".join(members) + end, mtime=0)


def record(key: bytes, value: bytes) -> bytes:
    """Return one record of an extended header, with its own length in front."""
    size = len(key) + len(value) + 3
    size += len(str(size + len(str(size))))
    return b"%d %s=%s\n" % (size, key, value)
