"""Writes diagnostics as SARIF 2.1.0, as code hosts and editors read it: one run, its rules, its results.

Rule 1: a fingerprint is of what is wrong and where it is written, not of the line number, so that it stays when lines move.
Rule 2: columns count Unicode code points from 1, as spans do, and the run says so.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from caveat.domain.diagnostic import CODES, Diagnostic, Related, Severity, Span

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
VERSION = "2.1.0"
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/")
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning"}


def to_sarif(diagnostics: Iterable[Diagnostic], texts: Mapping[str, str], version: str) -> dict[str, Any]:
    """Return a SARIF log of `diagnostics`; `texts` are the files that they mark, by name, `version` is Caveat's own."""
    found = list(diagnostics)
    codes = sorted({each.code for each in found})
    seen: Counter[str] = Counter()
    run = {
        "tool": {"driver": {"name": "caveat", "version": version, "rules": [_rule(code) for code in codes]}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(each, codes.index(each.code), texts, seen) for each in found],
    }
    return {"$schema": SCHEMA, "version": VERSION, "runs": [run]}


def _rule(code: str) -> dict[str, Any]:
    """Return what a code means, whatever the case."""
    said = CODES[code]
    return {
        "id": code,
        "shortDescription": {"text": said.title},
        "help": {"text": f"{said.title}; `caveat explain {code}` says what it means and how to repair it"},
        "defaultConfiguration": {"level": _LEVELS[said.severity]},
    }


def _result(diagnostic: Diagnostic, index: int, texts: Mapping[str, str], seen: Counter[str]) -> dict[str, Any]:
    """Return one diagnostic as a result; what stands in its notes and help is part of the message."""
    lines = [diagnostic.message, *diagnostic.notes, *([f"help: {diagnostic.help}"] if diagnostic.help else [])]
    result: dict[str, Any] = {
        "ruleId": diagnostic.code,
        "ruleIndex": index,
        "level": _LEVELS[diagnostic.severity],
        "message": {"text": "\n".join(lines)},
        "locations": [_location(diagnostic.span)],
        "partialFingerprints": {"caveat/1": _fingerprint(diagnostic, texts, seen)},
    }
    if diagnostic.related:
        result["relatedLocations"] = [_related(number, related) for number, related in enumerate(diagnostic.related, 1)]
    return result


def _location(span: Span) -> dict[str, Any]:
    """Return a place; a file's name is a relative reference, written as a URI."""
    region = {"startLine": span.line, "startColumn": span.column, "endLine": span.end_line, "endColumn": span.end_column}
    artifact = {"uri": uri_of(span.file)}
    return {"physicalLocation": {"artifactLocation": artifact, "region": region}}


def uri_of(name: str) -> str:
    """Return the name of a file as a relative reference: bytes that a URI cannot hold are escaped."""
    return "".join(chr(b) if chr(b) in _PLAIN else f"%{b:02X}" for b in name.replace("\\", "/").encode())


def _related(number: int, related: Related) -> dict[str, Any]:
    """Return a further place, with the words that stand beside it."""
    said = {"message": {"text": related.label}} if related.label else {}
    return {"id": number, **_location(related.span), **said}


def _fingerprint(diagnostic: Diagnostic, texts: Mapping[str, str], seen: Counter[str]) -> str:
    """Return what names a finding from one run to the next: file, code, message, the marked text, and which of those alike."""
    span = diagnostic.span
    marked = texts.get(span.file, "")[span.start : span.end]
    alike = f"{span.file}\0{diagnostic.code}\0{diagnostic.message}\0{marked}"
    seen[alike] += 1
    return hashlib.sha256(f"{alike}\0{seen[alike]}".encode()).hexdigest()
