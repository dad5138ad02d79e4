"""How `caveat test` writes what came: tests, coverage and survivors, for a person, as JSON lines or as JUnit XML."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TextIO

from caveat.cli.exits import counted, say
from caveat.cli.options import TestForm
from caveat.cli.output import put
from caveat.domain.diagnostic import Span

if TYPE_CHECKING:
    from caveat.packs.cases import Outcome
    from caveat.packs.coverage import Coverage, Gap
    from caveat.packs.strength import Strength, Survivor


def write_outcomes(outcomes: Iterable[Outcome], form: TestForm, file: TextIO | None) -> None:
    """Write every outcome as JSON or JUnit, or the failed ones for a person."""
    if form is TestForm.JUNIT:
        from caveat.formats.junit_tests import Case, to_junit  # noqa: PLC0415  only when it is asked for

        cases = [(each, None if each.passed else f"expected: {each.expected}\ngot: {each.got}") for each in outcomes]
        put(to_junit(Case(each.file, each.line, each.name, wrong) for each, wrong in cases), file)
        return
    for each in outcomes:
        if form is TestForm.JSON:
            put(json.dumps(_record(each)), file)
        elif not each.passed:
            told = f"  --> {each.file}:{each.line}\n  expected: {each.expected}\n  got:      {each.got}\n"
            put(f"failed: {each.name}\n{told}", file)


def _record(outcome: Outcome) -> dict[str, object]:
    """Return one outcome in its wire form, `caveat.test/1`."""
    names = ("file", "line", "name", "passed", "expected", "got")
    return {"schema": "caveat.test/1", **{name: getattr(outcome, name) for name in names}}


def write_coverage(covered: Iterable[Coverage], gaps: Iterable[Gap], form: TestForm, file: TextIO | None) -> None:
    """Write how often each rule and waiver decided and nearly did, then what no test has shown."""
    for each in covered:
        told = {"rule": each.rule, "decided": each.decided, "nearly": each.nearly}
        line = f"{each.decided:>6} decided {each.nearly:>6} nearly  {each.rule}"
        put(json.dumps({"schema": "caveat.coverage/1", **told}) if form is TestForm.JSON else line, file)
    for gap in gaps:
        if form is TestForm.JSON:
            put(json.dumps({"schema": "caveat.gap/1", **_told(gap.kind, gap.rule, gap.message), **_place(gap.span)}), file)
        else:
            put(f"not shown: {gap.message}\n  --> {_at(gap.span)}", file)


def write_strength(found: Strength, form: TestForm, file: TextIO | None) -> None:
    """Write each mutant that no test notices, with the test that would."""
    for each in found.survivors:
        if form is TestForm.JSON:
            mutant = each.mutant
            told = _told(mutant.kind, mutant.rule, mutant.message)
            put(
                json.dumps({"schema": "caveat.survivor/1", **told, **_place(mutant.span), "test": _test(each, found.systems)}),
                file,
            )
        else:
            test = _test(each, found.systems)
            known = f"seen by: {test}" if test else "no test was found that sees it, and nothing proves that none can"
            put(f"survived: {each.mutant.message}\n  --> {_at(each.mutant.span)}\n  {known}\n", file)


def say_strength(found: Iterable[Strength]) -> None:
    """Say on stderr how many mutants there were, and what became of them."""
    listed = list(found)
    mutants, equal = sum(each.mutants for each in listed), sum(each.equal for each in listed)
    survived = sum(len(each.survivors) for each in listed)
    same = f"{equal} mean the same, " if equal else ""
    say(f"{counted(mutants, 'mutant')}: {mutants - equal - survived} noticed, {same}{survived} survived")


def _test(survivor: Survivor, named: Mapping[str, str]) -> str | None:
    """Return the statements of the test that notices a survivor, on one line."""
    from caveat.lang.print_parts import given  # noqa: PLC0415  it goes with what needs Lark
    from caveat.packs.witness import as_test, systems_of  # noqa: PLC0415  as above

    if survivor.witness is None:
        return None
    if survivor.witness.resource is not None:
        tree = json.dumps(json.loads(survivor.witness.resource), ensure_ascii=False)
        statements = as_test(survivor.witness, {}).test.statements
        return " ".join(f"{given(each)};" for each in statements).replace('"fixture.json"', tree)
    systems = {url: named.get(url, "SYSTEM") for url in systems_of(survivor.witness)}
    return " ".join(f"{given(each)};" for each in as_test(survivor.witness, systems).test.statements)


def _told(kind: str, rule: str | None, message: str) -> dict[str, Any]:
    return {"kind": kind, "rule": rule, "message": message}


def _place(span: Span) -> dict[str, Any]:
    """Return a place as the wire forms of diagnostics have it."""
    ends = {"end_line": span.end_line, "end_column": span.end_column}
    return {"file": span.file, "line": span.line, "column": span.column, **ends}


def _at(span: Span) -> str:
    return f"{span.file}:{span.line}:{span.column}"
