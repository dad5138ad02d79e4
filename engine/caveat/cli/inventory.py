"""`caveat inventory`: which modifiers are in documents, and what the policy says of each."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from caveat.cli import options as opt
from caveat.cli.exits import Exit, answering, counted, say
from caveat.cli.judging import Run, asked_of, guard_of
from caveat.cli.output import Line, put, whole, write_lines
from caveat.domain.decision import RULES, Decision, Ground, Intent
from caveat.domain.errors import UsageError
from caveat.domain.report import NativeModifier, Report
from caveat.formats.draft import Unnamed, path_in_rules, rule_file
from caveat.formats.printable import bounded, printable


@dataclass(slots=True)
class Row:
    """Modifiers that differ in nothing but place: the first decision on one, how many there are, and the first place."""

    decision: Decision
    input: str | None
    line: int | None
    count: int = 0


@dataclass(slots=True)
class NativeRow:
    """Native modifiers of one path with a value that changes meaning: how many there are, and the first place."""

    native: NativeModifier
    input: str | None
    line: int | None
    count: int = 0


@answering
def inventory(
    inputs: opt.Inputs,
    policy: opt.PolicyOption = None,
    fhir: opt.FhirOption = None,
    wire: opt.WireOption = opt.WireForm.FHIR,
    intent: opt.IntentOption = Intent.READ,
    date: opt.DateOption = None,
    lines: opt.LinesOption = False,
    write: Annotated[
        Path | None,
        typer.Option(
            "--write", metavar="FILE", help="Draft a rule file with a review rule and a test for each unknown modifier."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Let --write overwrite a file.")] = False,
    form: opt.FormatOption = opt.TextOrJson.TEXT,
) -> Exit:
    """List every modifier seen, and what the policy says of each.

    Url, path, value type, how often and where first; structural faults are listed too, and FHIR's own modifier elements with a
    value that changes meaning, of which no policy says anything. Files are read as by check. The exit code is 0 whatever was
    found, 2 when an input is missing or there was nothing.
    """
    if write is not None and write.exists() and not force:
        raise UsageError(f"{write} is there already; --force overwrites it")
    run = Run(asked_of(guard_of(policy), date, fhir=fhir, wire=wire, intent=intent))
    rows: dict[tuple[object, ...], Row] = {}
    natives: dict[str, NativeRow] = {}
    resources, releases = 0, set()
    for report in run.reports(inputs, lines=lines):
        resources += 1
        releases.add(report.release)
        _count(report, rows)
        _count_native(report, natives)
    listed = sorted(rows.values(), key=_order)
    _write(listed, form)
    _write_native(sorted(natives.values(), key=lambda row: (-row.count, row.native.path)), form)
    found = counted(sum(row.count for row in listed), "modifier")
    beside = f", and {counted(sum(row.count for row in natives.values()), 'native modifier')}" if natives else ""
    say(f"{counted(resources, 'resource')}: {found} of {counted(len(listed), 'kind')}{beside}")
    if write is not None:
        _draft(listed, write, releases)
    return run.code if resources else Exit.USAGE


def _count(report: Report, rows: dict[tuple[object, ...], Row]) -> None:
    """Add the decisions of one report to the rows."""
    for decision in report.decisions:
        found = decision.occurrence
        place = (found.url, found.carrier.path, found.value_type, found.slot) if found is not None else ()
        detail = decision.detail if found is not None else report.problems[0].code
        key = (decision.verdict, decision.ground, decision.rule, detail, *place)
        rows.setdefault(key, Row(decision, report.input, report.line)).count += 1


def _count_native(report: Report, rows: dict[str, NativeRow]) -> None:
    """Count the native modifiers of a report."""
    for native in report.native:
        rows.setdefault(native.path, NativeRow(native, report.input, report.line)).count += 1


def _order(row: Row) -> tuple[int, int, str, str]:
    found = row.decision.occurrence
    return (-row.decision.verdict, -row.count, (found.url or "") if found else "", found.carrier.path if found else "")


def _write(rows: list[Row], form: opt.TextOrJson) -> None:
    """Write the rows: a line of JSON each, or a table."""
    if form is opt.TextOrJson.JSON:
        for row in rows:
            put(json.dumps(_record(row)))
    elif rows:
        write_lines(_table(rows), sys.stdout)


def _record(row: Row) -> dict[str, Any]:
    """Return a row in its wire form, `caveat.inventory/1`."""
    found, decision = row.decision.occurrence, row.decision
    return {
        "schema": "caveat.inventory/1",
        "kind": "modifier",
        "url": bounded(found.url) if found and found.url is not None else None,
        "path": bounded(found.carrier.path) if found else None,
        "slot": found.slot if found else None,
        "value_type": found.value_type if found else None,
        "count": row.count,
        "first": {"input": row.input, "line": row.line, "location": bounded(found.location) if found else None},
        "verdict": decision.verdict.word,
        "ground": str(decision.ground),
        "rule": decision.rule,
        "detail": decision.detail,
    }


def _write_native(rows: list[NativeRow], form: opt.TextOrJson) -> None:
    """Write the rows of native modifiers: a line of JSON each, or lines of text."""
    if form is opt.TextOrJson.JSON:
        for row in rows:
            put(json.dumps(_native_record(row)))
    elif rows:
        write_lines(_native_table(rows), sys.stdout)


def _native_record(row: NativeRow) -> dict[str, Any]:
    """Return a row of a native modifier in its wire form; nothing is decided on it."""
    undecided = dict.fromkeys(("verdict", "ground", "rule", "detail"))
    return {
        "schema": "caveat.inventory/1",
        "kind": "native",
        "url": None,
        "path": bounded(row.native.path),
        "slot": None,
        "value_type": None,
        "count": row.count,
        "first": {"input": row.input, "line": row.line, "location": bounded(row.native.location)},
        **undecided,
    }


def _native_table(rows: list[NativeRow]) -> Iterator[Line]:
    """Give the rows of native modifiers under a heading."""
    width = max(len(str(row.count)) for row in rows)
    yield [("native modifier elements with a value that changes meaning", "faint")]
    for row in rows:
        line = f":{row.line}" if row.line is not None else ""
        yield [(f"  {row.count:>{width}}  {printable(row.native.path)}", "")]
        place = f"{printable(row.input or '')}{line} {printable(row.native.location)}"
        yield [(f"  {' ' * width}  first: {place}", "faint")]


def _table(rows: list[Row]) -> Iterator[Line]:
    """Give the rows as a table with a heading."""
    cells = [("verdict", "ground or rule", "count", "value", "path", "url"), *map(_cells, rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(5)]
    for number, row in enumerate(cells):
        verdict, ground, count, kind, path = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False))
        middle = f"  {ground}  {count.strip():>{widths[2]}}  {kind}  {path}  "
        if number == 0:
            yield [(f"{verdict}{middle}{row[-1]}", "faint")]
            continue
        yield [(verdict, row[0]), (middle, ""), (row[-1], "url")]
        yield [(f"{' ' * widths[0]}  first: {_first(rows[number - 1])}", "faint")]


def _cells(row: Row) -> tuple[str, ...]:
    found, decision = row.decision.occurrence, row.decision
    ground = decision.rule or str(decision.ground)
    if found is None:
        return (decision.verdict.word, ground, str(row.count), "", "", decision.detail or "")
    url = printable(found.url) if found.url is not None else f"({decision.detail or 'no url'})"
    return (decision.verdict.word, ground, str(row.count), found.value_type or "", printable(found.carrier.path), url)


def _first(row: Row) -> str:
    """Return where the first of a row is."""
    line = f":{row.line}" if row.line is not None else ""
    found = row.decision.occurrence
    return f"{printable(row.input or '')}{line}" + (f" {printable(found.location)}" if found else "")


def _draft(rows: Iterable[Row], target: Path, releases: Iterable[str]) -> None:
    """Write a rule file for the unknown modifiers."""
    found = _unnamed(rows)
    if not found:
        say(f"no modifier is unknown, so {target} is not written")
        return
    text = rule_file(found, target.stem, sorted(releases))
    with whole(target) as file:
        file.write(text)
    say(f"{target}: {len(found)} drafted; read each, then say what is to be done")


def _unnamed(rows: Iterable[Row]) -> list[Unnamed]:
    """Return the unknown modifiers, each url once with all its paths and types; the values of implicitRules apart."""
    paths: dict[tuple[str, bool], set[str]] = {}
    types: dict[tuple[str, bool], set[str]] = {}
    for row in rows:
        found = row.decision.occurrence
        if row.decision.ground is not Ground.UNKNOWN or found is None or found.url is None:
            continue
        key = (found.url, found.slot == RULES)
        path = path_in_rules(found.carrier)
        paths.setdefault(key, set()).update([path] if path else [])
        types.setdefault(key, set()).update([found.value_type] if found.value_type else [])
    return [Unnamed(key[0], tuple(sorted(paths[key])), tuple(sorted(types[key]))) for key in paths]
