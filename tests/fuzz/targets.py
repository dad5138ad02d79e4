"""What is fuzzed, and what must hold of any bytes whatever: each target raises only where a promise is broken.

A target takes the bytes of one input. `SEEDS` gives what a run begins with: files, or bytes.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from caveat import Guard, Report, Verdict
from caveat.documents import Document, NotRead, items_of
from caveat.domain.errors import CaveatError
from caveat.guard import Triage
from caveat.intake.gzip_reader import inflate
from caveat.intake.json_reader import Unreadable, read_json
from caveat.intake.limits import Limits
from caveat.intake.xml_reader import read_xml
from caveat.lang.parser import parse_bytes
from caveat.lang.printer import print_file
from caveat.packs.files import load_text, resolve_loaded
from caveat.packs.packages import PackageFault, package_of
from caveat.policy.compiler import compile_policy
from caveat.spec import Release, tables
from caveat.spec.definition_faults import definition_findings, is_definition
from caveat.spec.definition_reader import definition_of
from reference import json_reader as second_json
from reference import xml_reader as second_xml

Target = Callable[[bytes], None]

GUARD = Guard.from_text(
    'caveat 1; policy "fuzz" version "1" { default exclude on ImagingStudy.series.instance; }\n'
    'codesystem SYS = "http://e.x/s";\n'
    'understand known: "http://e.x/known" on *.** when value = true or value in [SYS#a]\n'
    '    because "x" owner "o" assessed 2026-01-01;\n'
    'warn wide: "http://e.x/fhir/**" on *.** when part("p") present because "x" owner "o" assessed 2026-01-01;\n'
)
DEFAULT = Guard.default()


def consistent(report: Report) -> None:
    """Hold that a report's words agree, and that its forms can be made."""
    assert report.may_process == (report.verdict <= Verdict.WARN)
    assert bool(report.decisions) or report.verdict is Verdict.CLEAR
    report.to_record()
    report.to_outcome()
    str(report)
    if report.may_process_reduced:
        report.reduced()


def stricter_without_rules(raw: bytes, **options: str) -> None:
    """Hold that a document is decided by both guards, and that what knows no rule lets nothing pass that has a modifier."""
    with_rules, without = GUARD.check(raw, **options), DEFAULT.check(raw, **options)  # type: ignore[arg-type]
    consistent(with_rules)
    consistent(without)
    assert len(with_rules.decisions) == len(without.decisions)
    assert without.verdict in {Verdict.CLEAR, Verdict.REJECT}
    assert bool(without.decisions) == (without.verdict is Verdict.REJECT)


def json_document(raw: bytes) -> None:
    """Any bytes are decided; the strict reader and a second one read the same; what the scan clears holds nothing."""
    stricter_without_rules(raw)
    GUARD.check(raw, wire="graphql")
    tree = read_json(raw)
    try:
        second = second_json.read(raw)
    except (second_json.RefusedError, RecursionError):
        second = None
    if not isinstance(tree, Unreadable) and second is not None:
        assert tree == second
    if DEFAULT.scan(raw) is Triage.FREE and not isinstance(tree, Unreadable):
        grounds = {str(decision.ground) for decision in DEFAULT.check(raw).decisions}
        assert grounds <= {"unreadable"}, grounds


def rule_file(raw: bytes) -> None:
    """Any bytes are a rule file or a list of mistakes; what parses prints, and prints the same again."""
    parsed = parse_bytes(raw, "fuzz.caveat")
    if not parsed.diagnostics:
        printed = print_file(parsed.file)
        again = parse_bytes(printed.encode(), "fuzz.caveat")
        assert again.file == parsed.file
        assert print_file(again.file) == printed
    try:
        compile_policy(resolve_loaded(load_text(parsed.file.text)))
    except CaveatError:
        return


def xml_document(raw: bytes) -> None:
    """Any bytes are decided; two readers of XML refuse the same, and read the same tree."""
    stricter_without_rules(raw, form="xml")
    tree = read_xml(raw, tables(Release.R4), SMALL, None)
    try:
        second = second_xml.read(raw, Release.R4)
    except (second_xml.RefusedError, RecursionError):
        assert isinstance(tree, Unreadable)
        return
    assert isinstance(tree, Unreadable) or tree == second


def gzip_file(raw: bytes) -> None:
    """Any bytes are inflated wholly, as Python does, or refused; what was given before a fault is never called whole."""
    given = raw[1:] if raw[:1] == b"\0" else gzip.compress(raw[1:]) + raw[:1] * (raw[:1] == b"\2")
    pieces = list(inflate(io.BytesIO(given), SMALL))
    if pieces and isinstance(pieces[-1], Unreadable):
        return
    assert b"".join(piece for piece in pieces if isinstance(piece, bytes)) == gzip.decompress(given)


def archive(raw: bytes) -> None:
    """Any bytes are an archive whose members are read or refused, whatever their names; every item is decided."""
    for name in ("a.zip", "a.ndjson", "a.json.gz", "a.gz"):
        for item in items_of(name, io.BytesIO(raw), SMALL):
            if isinstance(item, (Document, NotRead)):
                consistent(DEFAULT.check(item))


def package(raw: bytes) -> None:
    """Any bytes are a package or the reason why not: as they come, as a tar in gzip, or as a definition in a package."""
    kind, content = raw[:1], raw[1:]
    if kind == b"\1":
        content = gzip.compress(content)
    elif kind == b"\2":
        content = packed(content)
    read = package_of(content)
    assert isinstance(read, PackageFault) or read.package.name


def packed(definition: bytes) -> bytes:
    """Return a package that holds one file beside its manifest."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz", compresslevel=0) as tar:
        for name, data in (("package.json", b'{"name": "a.b", "version": "1"}'), ("x.json", definition)):
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return made.getvalue()


def definition(raw: bytes) -> None:
    """Any JSON object is a definition or none, and can be judged as one."""
    tree = read_json(raw, SMALL)
    if not isinstance(tree, dict):
        return
    definition_of(tree)
    if is_definition(tree):
        definition_findings(tree, lambda _: None)


SMALL = Limits(bytes=2**20)

TARGETS: Mapping[str, Target] = {
    "json": json_document,
    "xml": xml_document,
    "gzip": gzip_file,
    "archive": archive,
    "package": package,
    "definition": definition,
    "rules": rule_file,
}


def _files(root: Path, folder: str, *endings: str) -> Iterable[Path]:
    """Give the files of a folder beside the checkout or in it, those below too, with one of the endings."""
    found = (path for start in (root / ".." / "shared" / "corpus", root) for path in sorted((start / folder).rglob("*")))
    return (path for path in found if path.is_file() and path.name.endswith(endings))


def _archives(root: Path) -> Iterable[bytes]:
    """Give small archives and compressed files."""
    documents = [path.read_bytes() for path in _files(root, "bypass", ".json")][:20]
    for data in documents:
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as archived:
            archived.writestr("a.json", data)
            archived.writestr("b/c.ndjson", data + b"\n" + data)
        yield made.getvalue()
        yield gzip.compress(data) + gzip.compress(data)


def _packages(root: Path) -> Iterable[bytes]:
    """Give packages in each of the ways that the target takes them."""
    for path in _files(root / ".." / "shared" / "definitions", "modifier-extensions", ".json"):
        data = path.read_bytes()
        yield b"\2" + data
        yield b"\0" + packed(data)
        yield b"\1" + gzip.decompress(packed(data))


SEEDS: Mapping[str, Callable[[Path], Iterable[Path | bytes]]] = {
    "json": lambda root: (path for name in ("bypass", "bypass-url", "json-test-suite") for path in _files(root, name, ".json")),
    "xml": lambda root: (
        path for name in ("bypass", "modifier-instances", "validator-cases") for path in _files(root, name, ".xml")
    ),
    "gzip": lambda root: (b"\1" + path.read_bytes() for path in _files(root, "bypass", ".json")),
    "archive": _archives,
    "package": _packages,
    "definition": lambda root: _files(root / ".." / "shared" / "definitions", "modifier-extensions", ".json"),
    "rules": lambda root: (path for name in ("rules", "tests/golden", "examples") for path in _files(root, name, ".caveat")),
}
