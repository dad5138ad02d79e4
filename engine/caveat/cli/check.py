"""`caveat check`: whether documents may be processed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import typer

from caveat.bulk.crew import Lost
from caveat.bulk.judging import Part
from caveat.bulk.writing import Incomplete
from caveat.cli import options as opt
from caveat.cli.blocks import Done, InBlocks, Routes, results, routed, routes_of
from caveat.cli.exits import Exit, answering, counted, say
from caveat.cli.judging import Asked, Run, asked_of, guard_of, trail
from caveat.cli.output import opened, spare
from caveat.cli.progress import progress
from caveat.cli.telling import Teller, complaints
from caveat.domain.decision import Intent, Verdict
from caveat.domain.errors import UsageError
from caveat.domain.report import Report
from caveat.spec.release import Release


@answering
def check(
    context: typer.Context,
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
    scan: opt.ScanOption = False,
    jobs: opt.JobsOption = None,
    accepted: opt.AcceptedOption = None,
    held: opt.HeldOption = None,
    resume: opt.ResumeOption = False,
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
    document; --ndjson makes it lines. In text, a line that may be processed without a warning is counted, not shown. Inputs that
    are missing are said on stderr and give exit code 2; the others are still checked. With --definitions the inputs are
    StructureDefinitions, and what is said is what is wrong with them: exit code 1 with an error, 2 when there is none among them.
    """
    judging = _Judging(policy, date, fhir, at, within, wire, intent, source, load)
    keys = opt.written(context, "identifier_key", "quarantine_key")
    if definitions:
        flags = (scan, resume, approved, allow_reduced, jobs is not None, wire != opt.WireForm.FHIR, intent is not Intent.READ)
        _refuse_judging(judging, accepted, held, audit, keys or None, *(flag or None for flag in flags))
        return _definitions(inputs, output, form=form, lines=lines, fhir=fhir)
    asked, routes = judging.asked(), routes_of(accepted, held, resume=resume)
    how = InBlocks(form, scans=scan, jobs=jobs, is_routed=routes is not None)
    _refuse_mixing(asked, how, approved=approved)
    if audit is None and keys:
        raise UsageError(f"{' and '.join(keys)} without --audit: there is no trail to use a key for; name one with --audit URL")
    begins = routes is None or not routes.goes_on  # a run that goes on has its trail, and makes no other
    with trail(audit, identifier_key, quarantine_key, approved=approved, create=begins) as log:
        run = Run(replace(asked, approved=log if approved else None), log)
        return _checked(run, how, routes, inputs, lines=lines, output=output, allow_reduced=allow_reduced)


@dataclass(frozen=True, slots=True)
class _Judging:
    """The options that say how documents are judged, as they were given."""

    policy: list[str] | None
    date: str | None
    fhir: str | None
    at: str | None
    within: opt.Vouched | None
    wire: str
    intent: Intent
    source: str | None
    load: bool | None

    def asked(self) -> Asked:
        """Return what every document is asked; UsageError where that means nothing."""
        return asked_of(
            guard_of(self.policy, self.source),
            self.date,
            fhir=self.fhir,
            at=self.at,
            is_vouched_by_none=self.within is not None,
            wire=self.wire,
            intent=self.intent,
            source=self.source,
            load=self.load,
        )


def _checked(
    run: Run, how: InBlocks, routes: Routes | None, inputs: list[str], *, lines: bool, output: str | None, allow_reduced: bool
) -> Exit:
    """Check the inputs, write what there is to say, and return the exit code."""
    tally = Tally()
    spare(inputs, output)
    try:
        with opened(output) as file, progress() as done:
            teller = Teller(how.form, file)
            _report(run, replace(how, is_plain=teller.is_plain), routes, inputs, tally, teller, done, lines=lines, output=output)
            teller.finish()
    except (Incomplete, Lost) as why:
        alone = "; --jobs 1 does without other processes" if isinstance(why, Lost) and how.jobs is None else ""
        say(f"caveat: incomplete: {why}{alone}")
        run.code = Exit.FAILURE
    if how.form is opt.ReportForm.TEXT:
        say(tally.summary())
    return max(run.code, tally.code(allow_reduced=allow_reduced, load=bool(run.asked.load)))


def _report(
    run: Run,
    how: InBlocks,
    routes: Routes | None,
    inputs: list[str],
    tally: Tally,
    teller: Teller,
    done: Done,
    *,
    lines: bool,
    output: str | None,
) -> None:
    """Write what there is to say of every document, and count it."""
    if routes is not None:
        for router, name, part in routed(run, how, inputs, routes, done, lines=lines, output=output):
            tally.set(router.tally, name)
            teller.tell_part(part)
        return
    if run.asked.load or run.asked.approved is not None:
        # one at a time: each line goes through fhir.resources, or is looked up
        for number, report in enumerate(run.reports(inputs, lines=lines), 1):
            tally.add(report)
            teller.tell(report)
            done(number, 0, None)
        return
    for number, found in enumerate(results(run, how, inputs, done, lines=lines), 1):
        if isinstance(found, Report):
            tally.add(found)
            teller.tell(found)
            done(number, 0, None)
        else:
            tally.add_part(*found)
            teller.tell_part(found[1])


def _refuse_mixing(asked: Asked, how: InBlocks, *, approved: bool) -> None:
    """Refuse options that do not go together."""
    if approved and (how.scans or how.is_shared or how.is_routed):
        raise UsageError("--approved looks every document up, one at a time; --scan, --jobs and --accepted do not go with it")
    if asked.load and (how.scans or how.is_shared or how.is_routed):
        raise UsageError(
            "--load reads every document into fhir.resources, one at a time; --scan, --jobs and --accepted do not go with it"
        )
    if how.scans and (asked.at is not None or asked.wire != "fhir"):
        raise UsageError(
            "--scan looks for what may stand in whole resources of FHIR's own JSON; it does not go with --at or --wire graphql"
        )


def _definitions(inputs: list[str], output: str | None, *, form: str, lines: bool, fhir: str | None) -> Exit:
    """Judge the inputs as definitions of extensions, and as profiles that use some."""
    from caveat.cli.definitions import check_definitions  # noqa: PLC0415  only when it is asked for

    spare(inputs, output)
    with opened(output) as file:
        return check_definitions(inputs, file, form=form, lines=lines, release=Release.of(fhir) if fhir else None)


def _refuse_judging(judging: _Judging, *options: object) -> None:
    """Refuse the options that say how documents are judged, which is not done here."""
    given = (judging.policy, judging.at, judging.within, judging.date, judging.source, judging.load, *options)
    if any(option not in (None, []) for option in given):
        goes = "--definitions says what is wrong with definitions and judges no document"
        raise UsageError(f"{goes}; only --fhir, --ndjson, --format and -o go with it")


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

    def add_part(self, name: str, part: Part) -> None:
        """Count what a block of lines came to."""
        self.inputs.add(name)
        self.verdicts += part.quiet + Counter(told.verdict for told in part.told)

    def set(self, verdicts: Counter[Verdict], name: str) -> None:
        """Count what somebody else has counted."""
        self.verdicts = verdicts
        if name:
            self.inputs.add(name)

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
