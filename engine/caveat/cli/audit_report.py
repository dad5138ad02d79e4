"""`caveat audit report`: the fifteen answers on a trail, as a page or in the forms of others."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from caveat.cli import options as opt
from caveat.cli.audit import TrailOption, audit, opened
from caveat.cli.exits import Exit, answering
from caveat.cli.output import opened as output_opened
from caveat.cli.output import put
from caveat.domain.errors import UsageError

if TYPE_CHECKING:
    from caveat.audit.report.making import Asked
    from caveat.formats.answers import Answers


class AuditForm(StrEnum):
    """The forms of a report on a trail: the answers (html, md, json), or the rows behind them (csv, parquet)."""

    HTML = "html"
    MD = "md"
    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"


Since = Annotated[
    str | None,
    typer.Option("--since", metavar="YYYY-MM-DD", help="From this day (UTC); else from the first record.", show_default=False),
]
Until = Annotated[
    str | None,
    typer.Option(
        "--until", metavar="YYYY-MM-DD", help="Until this day, included; else until the last record.", show_default=False
    ),
]


@audit.command("report")
@answering
def report(
    trail: TrailOption,
    since: Since = None,
    until: Until = None,
    form: Annotated[
        AuditForm | None,
        typer.Option(
            "--format",
            help="html, md, json: the answers; csv, parquet: the rows behind them. If left out html, on a terminal md.",
            show_default=False,
        ),
    ] = None,
    output: opt.OutputOption = None,
    policy: Annotated[
        str | None,
        typer.Option("--policy", "-p", metavar="RULES", help="A policy whose packages have the definitions.", show_default=False),
    ] = None,
    checkpoint: Annotated[
        str | None, typer.Option("--checkpoint", metavar="LINE", help="A checkpoint that was kept elsewhere.", show_default=False)
    ] = None,
    key: Annotated[
        Path | None, typer.Option("--key", metavar="PUB", help="The public key (PEM) of the signatures.", show_default=False)
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify/--no-verify", help="Verify the whole trail first; without, it is said that nobody did.")
    ] = True,
) -> Exit:
    """Answer who must answer for a feed: is it safe, what was let through, by whose rule, what waits, is the trail whole.

    The same trail and options give the same bytes. The exit code is 1 when the trail is not as it was written.
    """
    from caveat.audit.keys import public_hex, verifying_key  # noqa: PLC0415  it needs the extra
    from caveat.audit.report.making import Asked  # noqa: PLC0415  as above

    asked = Asked(
        since=None if since is None else opt.day(since),
        until=None if until is None else opt.day(until),
        checkpoint=checkpoint,
        key=None if key is None else public_hex(verifying_key(key)),
        verifies=verify,
        policy=_policy(policy),
    )
    if form is None:
        form = AuditForm.MD if output is None and sys.stdout.isatty() else AuditForm.HTML
    if form in {AuditForm.CSV, AuditForm.PARQUET}:
        return _export(trail, asked, form, output)
    return _answer(trail, asked, form, output)


def _policy(name: str | None) -> Any:
    from caveat.cli.judging import guard_of  # noqa: PLC0415  with what it belongs to

    return None if name is None else guard_of([name]).policy


def _answer(trail: str, asked: Asked, form: AuditForm, output: str | None) -> Exit:
    from caveat.audit.report.making import report_of  # noqa: PLC0415  it needs the extra

    with opened(trail) as log, log.reading() as connection:
        told = report_of(connection, asked, log.facts.id)
    with output_opened(output) as file:
        put(_written(told, form).rstrip("\n"), file)
    whole = next(each for each in told.answers if each.key == "trail")
    return Exit.FINDINGS if whole.level == "stop" else Exit.FINE


def _written(told: Answers, form: AuditForm) -> str:
    from caveat.formats import answers_html, answers_text  # noqa: PLC0415  only when it is asked for

    if form is AuditForm.HTML:
        return answers_html.page(told)
    return answers_text.to_markdown(told) if form is AuditForm.MD else answers_text.to_json(told)


def _export(trail: str, asked: Asked, form: AuditForm, output: str | None) -> Exit:
    """Write the rows; what the trail keeps of ids and urls, and no value."""
    from caveat.audit.report.making import wanted_period  # noqa: PLC0415  it needs the extra
    from caveat.audit.report.rows import EXPORTED, exported  # noqa: PLC0415  as above

    with opened(trail) as log, log.reading() as connection:
        told = exported(connection, wanted_period(connection, asked))
        if form is AuditForm.PARQUET:
            from caveat.audit.report.parquet import write_parquet  # noqa: PLC0415  it needs another extra

            if output is None or output == "-":
                raise UsageError("Parquet is no text: name a file with --output")
            write_parquet(told, Path(output))
        else:
            from caveat.formats.spreadsheet import write_rows  # noqa: PLC0415  only when it is asked for

            with output_opened(output) as file:
                write_rows([tuple(EXPORTED)], file)
                write_rows(told, file)
    return Exit.FINE
