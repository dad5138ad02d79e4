"""`caveat test`: whether rules decide as their tests say."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from caveat.cli import options as opt
from caveat.cli.exits import Exit, answering, counted, say
from caveat.cli.output import put
from caveat.domain.diagnostic import CODES

if TYPE_CHECKING:
    from caveat.packs.cases import Coverage, Outcome
    from caveat.packs.policies import LoadedPolicy

_WHOLE = 100


@answering
def run_rule_tests(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH...", help="Rule files, folders of them, or shipped packs.", show_default=False)
    ],
    fhir: opt.RuleTestFhirOption = None,
    date: opt.DateOption = None,
    coverage: Annotated[bool, typer.Option("--coverage", help="Say how often each rule decided, and nearly did.")] = False,
    least: Annotated[
        int | None,
        typer.Option("--min", metavar="N", min=0, max=_WHOLE, help="Fail when tests make fewer than N % of the rules decide."),
    ] = None,
    form: opt.FormatOption = opt.TextOrJson.TEXT,
) -> Exit:
    """Run the tests of rule files.

    The exit code is 0 when all pass, 1 when one fails or there is none, 2 when a rule file does not load.
    """
    from caveat.cli.rule_files import load_all, say_diagnostics  # noqa: PLC0415  it needs Lark, which is slow to import
    from caveat.packs.cases import coverage as covered_by  # noqa: PLC0415  as above
    from caveat.packs.cases import run_tests  # noqa: PLC0415  as above
    from caveat.spec.release import Release  # noqa: PLC0415  as above

    today, release = opt.day(date), Release.of(fhir) if fhir else None
    outcomes: list[Outcome] = []
    covered: list[Coverage] = []
    code = Exit.FINE
    for loaded in load_all(paths, fhir).values():
        code = max(code, _complain(loaded, say_diagnostics))
        if loaded.policy is not None:
            found = run_tests(loaded, today, release)
            outcomes += found
            covered += covered_by(loaded.policy, found)
    _write(outcomes, form)
    return max(code, _concluded(outcomes), _covered(covered, form, show=coverage, least=least))


def _complain(loaded: LoadedPolicy, show: Callable[..., None]) -> Exit:
    """Show what stops a policy from loading."""
    if loaded.policy is not None:
        return Exit.FINE
    show(loaded, [each for each in loaded.diagnostics if CODES[each.code].stops_loading])
    return Exit.USAGE


def _write(outcomes: list[Outcome], form: opt.TextOrJson) -> None:
    """Write every outcome as JSON, or the failed ones for a person."""
    for each in outcomes:
        if form is opt.TextOrJson.JSON:
            put(json.dumps(_record(each)))
        elif not each.passed:
            put(f"failed: {each.name}\n  --> {each.file}:{each.line}\n  expected: {each.expected}\n  got:      {each.got}\n")


def _record(outcome: Outcome) -> dict[str, object]:
    """Return one outcome in its wire form, `caveat.test/1`."""
    names = ("file", "line", "name", "passed", "expected", "got")
    return {"schema": "caveat.test/1", **{name: getattr(outcome, name) for name in names}}


def _concluded(outcomes: list[Outcome]) -> Exit:
    """Say how many tests passed; none at all is a failure, for nothing was shown."""
    failed = sum(not each.passed for each in outcomes)
    if not outcomes:
        say("caveat: there are no tests, so nothing was shown")
        return Exit.FINDINGS
    say(f"{counted(len(outcomes), 'test')}: {len(outcomes) - failed} passed, {failed} failed")
    return Exit.FINDINGS if failed else Exit.FINE


def _covered(covered: list[Coverage], form: opt.TextOrJson, *, show: bool, least: int | None) -> Exit:
    """Write how often each rule decided, and hold the share of those that did against what was asked."""
    share = _WHOLE * sum(each.decided > 0 for each in covered) // len(covered) if covered else _WHOLE
    for each in covered if show else ():
        told = {"rule": each.rule, "decided": each.decided, "nearly": each.nearly}
        is_json = form is opt.TextOrJson.JSON
        line = f"{each.decided:>6} decided {each.nearly:>6} nearly  {each.rule}"
        put(json.dumps({"schema": "caveat.coverage/1", **told}) if is_json else line)
    if show or least is not None:
        say(f"{share} % of {len(covered)} rules and waivers decide in a test")
    return Exit.FINDINGS if least is not None and share < least else Exit.FINE
