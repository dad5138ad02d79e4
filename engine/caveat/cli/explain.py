"""`caveat explain`: a diagnostic's page, or why each decision on a document fell as it did."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from caveat import Guard
from caveat.cli import options as opt
from caveat.cli.exits import Exit, answering
from caveat.cli.judging import Run, asked_of
from caveat.cli.output import Line, write_lines
from caveat.domain.decision import Intent
from caveat.domain.diagnostic import CODES, Span
from caveat.domain.errors import UsageError
from caveat.domain.report import Report
from caveat.formats import text

if TYPE_CHECKING:
    from caveat.packs.policies import LoadedPolicy

_CODE = re.compile(r"CV\d{3}", re.IGNORECASE)


@answering
def explain(
    what: Annotated[str, typer.Argument(metavar="CVnnn|INPUT", help="A diagnostic's code, or a document.", show_default=False)],
    policy: Annotated[
        str | None, typer.Option("--policy", "-p", metavar="RULES", help="Rule file, pack folder or shipped pack.")
    ] = None,
    fhir: opt.FhirOption = None,
    at: opt.AtOption = None,
    within: opt.WithinOption = None,
    wire: opt.WireOption = opt.WireForm.FHIR,
    intent: opt.IntentOption = Intent.READ,
    date: opt.DateOption = None,
    lines: opt.LinesOption = False,
) -> Exit:
    """Explain a diagnostic, or the decisions on a document.

    Of a diagnostic (caveat explain CV102) it prints the page; of a document why each decision fell as it did, with the rules
    that decided or nearly did. Files are read as by check. A document with refused modifiers is explained like any other: the
    exit code is 0.
    """
    if _CODE.fullmatch(what):
        sys.stdout.write(_page(what.upper()))
        return Exit.FINE
    loaded = _loaded(policy)
    guard = Guard.default() if loaded is None or loaded.policy is None else Guard(loaded.policy)
    asked = asked_of(guard, date, fhir=fhir, at=at, is_vouched_by_none=within is not None, wire=wire, intent=intent)
    run = Run(asked)
    is_empty = True
    for report in run.reports([what], lines=lines):
        is_empty = False
        write_lines(text.lines(report, verbose=True), sys.stdout)
        write_lines(_rules(report, loaded), sys.stdout)
    return Exit.USAGE if is_empty else run.code


def _page(code: str) -> str:
    """Return the page of a diagnostic: in the wheel, else in the checkout. UsageError when there is no such code."""
    if code not in CODES:
        raise UsageError(f"there is no diagnostic {code}; there are: {', '.join(sorted(CODES))}")
    package = Path(__file__).resolve().parents[1]
    folders = (package / "lang" / "pages", package.parents[1] / "docs" / "diagnostics")
    pages = [folder / f"{code}.md" for folder in folders]
    page = next((path for path in pages if path.is_file()), None)
    return page.read_text(encoding="utf-8") if page is not None else f"{code}: {CODES[code].title}\n"


def _loaded(policy: str | None) -> LoadedPolicy | None:
    """Return the policy named, with the texts of its files; RuleFileError when it does not load."""
    if policy is None:
        return None
    from caveat.cli.rule_files import loaded_policy  # noqa: PLC0415  it needs Lark, which is slow to import

    return loaded_policy(policy)


def _rules(report: Report, loaded: LoadedPolicy | None) -> Iterator[Line]:
    """Give the text of every rule and waiver that decided or nearly did, with where it stands."""
    named = {decision.rule for decision in report.decisions} | {near.rule for d in report.decisions for near in d.near}
    for name, span in _spans(loaded):
        if name in named and loaded is not None:
            yield [(f"  {name}", "rule"), (f"  {span.file}:{span.line}", "faint")]
            yield from ([(f"    {line}", "")] for line in loaded.texts[span.file][span.start : span.end].splitlines())


def _spans(loaded: LoadedPolicy | None) -> Iterator[tuple[str, Span]]:
    """Give every rule and waiver with the place it stands at."""
    if loaded is not None:
        yield from ((each.name, each.rule.span) for each in loaded.resolved.rules)
        yield from ((each.name, each.waiver.span) for each in loaded.resolved.waivers)
