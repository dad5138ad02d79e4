"""`caveat lint`: what is wrong in rule files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from caveat import __version__
from caveat.cli import options as opt
from caveat.cli.exits import Exit, answering, counted, say
from caveat.cli.output import put
from caveat.domain.diagnostic import Diagnostic, Severity


class Denied(StrEnum):
    """What counts as an error beside errors."""

    WARNINGS = "warnings"


RuleFiles = Annotated[
    list[str], typer.Argument(metavar="FILE...", help="Rule files, folders of them, or shipped packs.", show_default=False)
]


@answering
def lint(
    files: RuleFiles,
    deny: Annotated[Denied | None, typer.Option("--deny", help="Let warnings fail as errors do.", show_default=False)] = None,
    fhir: opt.LintFhirOption = None,
    date: opt.DateOption = None,
    form: opt.LintFormOption = opt.LintForm.TEXT,
    prove: Annotated[bool, typer.Option("--prove", help="Say what was proven, a sentence each.")] = False,
) -> Exit:
    """Say what is wrong in rule files.

    The exit code is 0 without an error, 1 with one. Warnings alone give exit code 0, unless --deny warnings. A file without a
    rule fails. A test file goes with the rule file it tests; in a folder, a file that others import goes with those.
    With --prove, what was proven of each file follows: on standard output, in JSON and SARIF on stderr.
    """
    from caveat.analysis.findings import analyse  # noqa: PLC0415  with what it needs
    from caveat.cli.rule_files import load_all, releases_of  # noqa: PLC0415  it needs Lark, which is slow to import
    from caveat.lang.lint import lint as findings_of  # noqa: PLC0415  as above
    from caveat.packs.fixtures import fixture_faults  # noqa: PLC0415  as above

    today = opt.day(date)
    loaded = load_all(files, fhir)
    texts: dict[str, str] = {}
    findings: dict[Diagnostic, None] = {}
    proofs: dict[Path, tuple[str, ...]] = {}
    for path, policy in loaded.items():
        texts.update(policy.texts)
        found = {*policy.diagnostics, *findings_of(policy.resolved, today)}
        if policy.policy is not None:  # else a name may be what a slip in the text made of it
            found.update(fixture_faults(policy.resolved, policy.folder))
            told = policy.diagnostics
            analysis = analyse(policy.policy, policy.resolved, releases_of(fhir), told=told, prove=prove)
            found |= set(analysis.findings)
            proofs[path] = analysis.proofs
        findings.update(dict.fromkeys(sorted(found, key=_place)))
    _write(list(findings), texts, form)
    _say_proofs(proofs if prove else {}, form)
    errors = sum(_is_error(each, deny) for each in findings)
    empty = [path for path, policy in loaded.items() if not policy.resolved.rules and not policy.resolved.broken]
    _conclude(len(loaded), list(findings), empty)
    return Exit.FINDINGS if errors or empty else Exit.FINE


def _place(diagnostic: Diagnostic) -> tuple[str, int, str]:
    return diagnostic.sort_key


def _is_error(diagnostic: Diagnostic, deny: Denied | None) -> bool:
    return diagnostic.severity is Severity.ERROR or deny is not None


def _write(findings: list[Diagnostic], texts: Mapping[str, str], form: opt.LintForm) -> None:
    """Write findings on standard output: with the lines that each marks, as a line of JSON each, or as one SARIF log."""
    if form is opt.LintForm.SARIF:
        from caveat.formats.sarif import to_sarif  # noqa: PLC0415  only when it is asked for

        put(json.dumps(to_sarif(findings, texts, __version__), indent=2))
        return
    from caveat.formats.diagnostic import render, to_json  # noqa: PLC0415  with what it belongs to

    for each in findings:
        put(json.dumps(to_json(each)) if form is opt.LintForm.JSON else render(each, texts) + "\n")


def _conclude(files: int, findings: list[Diagnostic], empty: list[Path]) -> None:
    """Say on stderr how it went."""
    for path in empty:
        say(f"caveat: {path} has no rule: nothing in it could decide anything")
    errors = sum(each.severity is Severity.ERROR for each in findings)
    told = f"{counted(errors, 'error')}, {counted(len(findings) - errors, 'warning')}"
    say(f"{counted(files, 'rule file')} checked: {told}")


def _say_proofs(proofs: Mapping[Path, tuple[str, ...]], form: opt.LintForm) -> None:
    """Say what was proven of each file, where standard output is for people there."""
    told = put if form is opt.LintForm.TEXT else say
    for path, sentences in proofs.items():
        told(f"proven of {path}:")
        for sentence in sentences:
            told(f"  {sentence}")
