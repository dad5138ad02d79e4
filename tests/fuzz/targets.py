"""What is fuzzed, and what must hold of any bytes whatever: each target raises only where a promise is broken.

A target takes the bytes of one input. `SEEDS` gives what a run begins with: files, or bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from caveat import Guard, Report, Verdict
from caveat.domain.errors import CaveatError
from caveat.guard import Triage
from caveat.intake.json_reader import Unreadable, read_json
from caveat.lang.parser import parse_bytes
from caveat.lang.printer import print_file
from caveat.packs.files import load_text, resolve_loaded
from caveat.policy.compiler import compile_policy
from reference import json_reader as second_json

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


TARGETS: Mapping[str, Target] = {
    "json": json_document,
    "rules": rule_file,
}


def _files(root: Path, folder: str, *endings: str) -> Iterable[Path]:
    """Give the files of a folder beside the checkout or in it, those below too, with one of the endings."""
    found = (path for start in (root / ".." / "shared" / "corpus", root) for path in sorted((start / folder).rglob("*")))
    return (path for path in found if path.is_file() and path.name.endswith(endings))


SEEDS: Mapping[str, Callable[[Path], Iterable[Path | bytes]]] = {
    "json": lambda root: (path for name in ("bypass", "bypass-url", "json-test-suite") for path in _files(root, name, ".json")),
    "rules": lambda root: (path for name in ("rules", "tests/golden", "examples") for path in _files(root, name, ".caveat")),
}
