"""`caveat check`: whether documents may be processed."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from caveat.cli import options as opt
from caveat.cli.exits import Exit, answering, counted, say
from caveat.cli.judging import Run, asked_of, guard_of, trail
from caveat.cli.output import opened, put, write_lines
from caveat.cli.report_forms import WHOLE
from caveat.domain.decision import Intent, Verdict
from caveat.domain.errors import UsageError
from caveat.domain.report import Report
from caveat.formats import outcome, record, text
from caveat.formats.printable import printable
from caveat.formats.words import NOTES
from caveat.spec.release import Release

_NOTES = frozenset({"r4-models", "no-model", *NOTES})
_PATIENCE = 2.0
"""After how many seconds a run tells a terminal how far it is."""


@answering
def check(
    inputs: opt.Inputs,
    policy: opt.PolicyOption = None,
    fhir: opt.FhirOption = None,
    at: opt.AtOption = None,
    within: opt.WithinOption = None,
    wire: opt.WireOption = opt.WireForm.FHIR,
    intent: opt.IntentOption = Intent.READ,
    date: opt.DateOption = None,
    source: opt.SourceOption = None,
    load: opt.LoadOption = None,
    allow_reduced: opt.ReducedOption = False,
    form: opt.ReportFormOption = opt.ReportForm.TEXT,
    lines: opt.LinesOption = False,
    output: opt.OutputOption = None,
    definitions: opt.DefinitionsOption = False,
    audit: opt.AuditOption = None,
    identifier_key: opt.IdentifierKeyOption = None,
    quarantine_key: opt.QuarantineKeyOption = None,
    approved: opt.ApprovedOption = False,
) -> Exit:
    """Check whether documents may be processed.

    The exit code is 0 when everything may be processed as received, 1 when something may not. What a file holds follows from its
    name: .json, .xml, .ndjson, .jsonl, each also as .gz, and .zip; of a bare .gz from its first line. Standard input (-) is one
    document; --ndjson makes it lines. In text, lines that may be processed without a word are counted, not listed. Inputs that
    are missing are said on stderr and give exit code 2; the others are still checked. With --definitions the inputs are
    StructureDefinitions, and what is said is what is wrong with them: exit code 1 with an error, 2 when there is none among them.
    """
    if definitions:
        _refuse_judging(policy, at, within, date, source, load, audit)
        return _definitions(inputs, output, form=form, lines=lines, fhir=fhir)
    wanted = {"fhir": fhir, "at": at, "wire": wire, "intent": intent, "source": source, "load": load}
    asked = asked_of(guard_of(policy, source), date, is_vouched_by_none=within is not None, **wanted)
    _spare(inputs, output)
    tally = Tally()
    with trail(audit, identifier_key, quarantine_key, approved=approved) as log, opened(output) as file:
        run = Run(replace(asked, approved=log if approved else None), log)
        gathered: list[Report] = []
        write = _WRITERS.get(form) or (lambda report, _: gathered.append(report))
        for report in _with_progress(run.reports(inputs, lines=lines)):
            tally.add(report)
            write(report, file)
        if form in WHOLE:
            WHOLE[form](gathered, file)
    if form is opt.ReportForm.TEXT:
        say(tally.summary())
    return max(run.code, tally.code(allow_reduced=allow_reduced, load=bool(load)))


def _definitions(inputs: list[str], output: str | None, *, form: str, lines: bool, fhir: str | None) -> Exit:
    """Judge the inputs as definitions of extensions, and as profiles that use some."""
    from caveat.cli.definitions import check_definitions  # noqa: PLC0415  only when it is asked for

    _spare(inputs, output)
    with opened(output) as file:
        return check_definitions(inputs, file, form=form, lines=lines, release=Release.of(fhir) if fhir else None)


def _refuse_judging(*options: object) -> None:
    """Refuse the options that say how documents are judged, which is not done here."""
    if any(option not in (None, []) for option in options):
        said = "--policy, --at, --within, --date, --source, --load and --audit do not go with it"
        raise UsageError(f"--definitions says what is wrong with definitions and judges no document; {said}")


def _spare(inputs: Iterable[str], output: str | None) -> None:
    """Refuse to write over an input."""
    if (
        output is not None
        and Path(output).exists()
        and any(Path(name).exists() and Path(name).samefile(output) for name in inputs)
    ):
        raise UsageError(f"{output} is an input; nothing is written over it")


class Tally:
    """How many resources got which verdict, and what exit code that gives."""

    def __init__(self) -> None:
        """Start at nothing."""
        self.verdicts: Counter[Verdict] = Counter()
        self.inputs: set[str | None] = set()
        self.is_refused_by_models = False

    def add(self, report: Report) -> None:
        """Count one report."""
        self.verdicts[report.verdict] += 1
        self.inputs.add(report.input)
        self.is_refused_by_models |= report.may_process_reduced and bool(complaints(report))

    def summary(self) -> str:
        """Say how many inputs and resources there were, and how many of each verdict, strictest first."""
        told = ", ".join(f"{self.verdicts[verdict]} {verdict.word}" for verdict in sorted(self.verdicts, reverse=True))
        what = f"{counted(len(self.inputs), 'input')}, {counted(self.verdicts.total(), 'resource')}"
        return f"{what}: {told}" if told else "nothing was checked"

    def code(self, *, allow_reduced: bool, load: bool) -> Exit:
        """Return the exit code; `load` says that what fhir.resources refuses counts as well."""
        if not self.verdicts:
            return Exit.USAGE
        most = Verdict.EXCLUDE if allow_reduced else Verdict.WARN
        refused = max(self.verdicts) > most or (load and self.is_refused_by_models)
        return Exit.FINDINGS if refused else Exit.FINE


def complaints(report: Report) -> list[str]:
    """Return what fhir.resources says against a document that was let through; its mere notes left out."""
    found = [problem for problem in report.problems if problem.code not in _NOTES]
    return [f"{printable(problem.location or report.resource_type or '')}: {problem.message}" for problem in found]


def _write_text(report: Report, file: TextIO) -> None:
    if report.line is None or report.verdict > Verdict.ACCEPT:
        write_lines(text.lines(report), file)
    if report.may_process_reduced:
        for complaint in complaints(report):
            say(f"note: {report.input}: fhir.resources cannot hold it: {complaint}")


def _write_json(report: Report, file: TextIO) -> None:
    put(record.to_json(report), file)


def _write_outcome(report: Report, file: TextIO) -> None:
    put(json.dumps(outcome.outcome(report)), file)


_WRITERS: dict[opt.ReportForm, Callable[[Report, TextIO], None]] = {
    opt.ReportForm.TEXT: _write_text,
    opt.ReportForm.JSON: _write_json,
    opt.ReportForm.OUTCOME: _write_outcome,
}


def _with_progress(reports: Iterable[Report]) -> Iterator[Report]:
    """Give `reports`, and tell a terminal now and then how many there were; nothing is told of a short run."""
    if not (sys.stderr.isatty() and not sys.stdout.isatty()):
        yield from reports
        return
    told = time.monotonic() + _PATIENCE
    number = 0
    for number, report in enumerate(reports, 1):
        if time.monotonic() > told:
            told = time.monotonic() + 0.5
            sys.stderr.write(f"\r{number:,} resources")
            sys.stderr.flush()
        yield report
    sys.stderr.write("\r" + " " * 40 + "\r")
