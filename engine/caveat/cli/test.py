"""`caveat test`: whether rules decide as their tests say, and whether the tests say enough."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import date as Day  # noqa: N812  the option is called `date`
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from caveat.cli import options as opt
from caveat.cli.exits import Exit, answering, counted, say
from caveat.cli.output import opened, put, whole
from caveat.cli.test_forms import say_strength, write_coverage, write_outcomes, write_strength
from caveat.domain.diagnostic import CODES
from caveat.domain.errors import CaveatError, UsageError

if TYPE_CHECKING:
    from caveat.packs.cases import Outcome
    from caveat.packs.coverage import Coverage, Gap
    from caveat.packs.policies import LoadedPolicy
    from caveat.packs.strength import Strength
    from caveat.packs.suggestions import Suggestion

_WHOLE = 100


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is to be run, and what is to be said of it."""

    paths: list[str]
    fhir: str | None
    today: Day
    coverage: bool
    least: int | None
    strength: bool
    suggest: bool
    write: Path | None
    form: opt.TestForm
    target: str | None


@dataclass(slots=True)
class _Found:
    """What came of one run; `files` are those that another run would read."""

    files: set[Path] = field(default_factory=set)
    outcomes: list[Outcome] = field(default_factory=list)
    covered: list[Coverage] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    strengths: list[Strength] = field(default_factory=list)
    suggested: list[tuple[Path, LoadedPolicy, list[Suggestion]]] = field(default_factory=list)


@answering
def run_rule_tests(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH...", help="Rule files, folders of them, or shipped packs.", show_default=False)
    ],
    fhir: opt.RuleTestFhirOption = None,
    date: opt.DateOption = None,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Say how often each rule decided and nearly did, and what no test shows.")
    ] = False,
    least: Annotated[
        int | None,
        typer.Option("--min", metavar="N", min=0, max=_WHOLE, help="Fail when tests make fewer than N % of the rules decide."),
    ] = None,
    strength: Annotated[
        bool, typer.Option("--strength", help="Change each clause of each rule, and say which changes no test notices.")
    ] = False,
    suggest: Annotated[bool, typer.Option("--suggest", help="As --strength, and write the tests that are missing.")] = False,
    write: Annotated[
        str | None,
        typer.Option("--write", metavar="FILE_test.caveat", help="With --suggest: add them to this file.", show_default=False),
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Run again whenever a file has changed.")] = False,
    form: opt.TestFormOption = opt.TestForm.TEXT,
    output: opt.OutputOption = None,
) -> Exit:
    """Run the tests of rule files.

    The exit code is 0 when all pass, 1 when one fails or there is none, 2 when a rule file does not load. With --strength it is
    1 too when a change of the rules survives all tests; tests that --suggest has just written count from the next run on.
    """
    if write is not None and not suggest:
        raise UsageError("`--write` says where the tests go that `--suggest` finds; give both")
    if suggest and write is None and form is not opt.TestForm.TEXT:
        raise UsageError(f"suggested tests are text, and cannot go with --format {form}; `--write` puts them into a file")
    file = Path(write) if write is not None else None
    asked = _Asked(paths, fhir, opt.day(date), coverage, least, strength or suggest, suggest, file, form, output)
    if not watch:
        return _once(asked)[0]
    return _watched(asked)


def _watched(asked: _Asked) -> Exit:
    """Run again and again; what cannot be run now may be mended."""
    from caveat.cli.watch import watching  # noqa: PLC0415  only when it is asked for

    known = {Path(name) for name in asked.paths}

    def run() -> Exit:
        """Run once more, and look on at what was read."""
        try:
            code, files = _once(asked)
        except CaveatError as error:
            say(f"caveat: {error}")
            return Exit.USAGE
        known.update(files)
        return code

    def files() -> set[Path]:
        """Return what to look at: what was read, and the rule files beside it."""
        folders = {each.parent for each in known} | {each for each in known if each.is_dir()}
        return {each for each in known if not each.is_dir()} | {file for folder in folders for file in folder.glob("*.caveat")}

    return watching(run, files)


def _once(asked: _Asked) -> tuple[Exit, set[Path]]:
    """Run everything once; return the exit code, and the files that were read."""
    from caveat.cli.rule_files import load_all, say_diagnostics  # noqa: PLC0415  it needs Lark, which is slow to import

    found, code = _Found(), Exit.FINE
    for path, loaded in load_all(asked.paths, asked.fhir).items():
        found.files |= set(_files(path, loaded))
        code = max(code, _complain(loaded, say_diagnostics))
        if loaded.policy is not None:
            _test(asked, path, loaded, found)
    with opened(asked.target) if asked.target else nullcontext(None) as file:
        write_outcomes(found.outcomes, asked.form, file)
        code = max(code, _concluded(found.outcomes), _covered(asked, found, file), _weighed(asked, found, file))
    return code, found.files


def _test(asked: _Asked, path: Path, loaded: LoadedPolicy, found: _Found) -> None:
    """Run the tests of one policy, and look at what they show and notice."""
    from caveat.packs.coverage import coverage, gaps  # noqa: PLC0415  it needs Lark, which is slow to import
    from caveat.packs.strength import bench_of, strength  # noqa: PLC0415  as above
    from caveat.packs.suggestions import suggestions  # noqa: PLC0415  as above
    from caveat.spec.release import Release  # noqa: PLC0415  as above

    policy = loaded.policy
    assert policy is not None  # noqa: S101  the caller asked
    bench = bench_of(loaded, asked.today, Release.of(asked.fhir) if asked.fhir else None)
    outcomes = [each.outcome for each in bench.ran]
    found.outcomes += outcomes
    found.covered += coverage(policy, outcomes)
    found.gaps += gaps(policy, loaded.resolved, outcomes) if asked.coverage else []
    if asked.strength and not bench.failed:
        weighed = strength(bench, loaded)
        found.strengths.append(weighed)
        if asked.suggest:
            found.suggested.append((path, loaded, suggestions(bench.question, weighed)))


def _files(path: Path, loaded: LoadedPolicy) -> Iterator[Path]:
    """Give the files that a policy and its tests are made of, those that are not there among them."""
    from caveat.lang import syntax  # noqa: PLC0415  it goes with what needs Lark
    from caveat.packs.lock import LOCK  # noqa: PLC0415  as above

    yield path
    yield path.parent / LOCK
    yield from (Path(name) for name in loaded.texts)
    for test in loaded.resolved.tests:
        for statement in test.test.statements:
            if isinstance(statement, syntax.GivenResource):
                yield path.parent / Path(test.file).parent / statement.path.value


def _complain(loaded: LoadedPolicy, show: Callable[..., None]) -> Exit:
    """Show what stops a policy from loading."""
    if loaded.policy is not None:
        return Exit.FINE
    show(loaded, [each for each in loaded.diagnostics if CODES[each.code].stops_loading])
    return Exit.USAGE


def _concluded(outcomes: list[Outcome]) -> Exit:
    """Say how many tests passed; none at all is a failure, for nothing was shown."""
    failed = sum(not each.passed for each in outcomes)
    if not outcomes:
        say("caveat: there are no tests, so nothing was shown")
        return Exit.FINDINGS
    say(f"{counted(len(outcomes), 'test')}: {len(outcomes) - failed} passed, {failed} failed")
    return Exit.FINDINGS if failed else Exit.FINE


def _covered(asked: _Asked, found: _Found, file: TextIO | None) -> Exit:
    """Write how often each rule decided, and hold the share of those that did against what was asked."""
    decided, count = sum(each.decided > 0 for each in found.covered), len(found.covered)
    share = _WHOLE * decided // count if count else _WHOLE
    if asked.coverage and asked.form is not opt.TestForm.JUNIT:
        write_coverage(found.covered, found.gaps, asked.form, file)
    if asked.coverage or asked.least is not None:
        say(f"{share} % of {count} rules and waivers decide in a test")
    if asked.coverage and found.gaps:
        say(f"{counted(len(found.gaps), 'thing')} that no test shows")
    return Exit.FINDINGS if asked.least is not None and share < asked.least else Exit.FINE


def _weighed(asked: _Asked, found: _Found, file: TextIO | None) -> Exit:
    """Write which changes no test notices, and the tests that would."""
    if not asked.strength:
        return Exit.FINE
    if any(not each.passed for each in found.outcomes):
        say("strength is not measured where a test fails")
    if asked.form is not opt.TestForm.JUNIT and not (asked.suggest and asked.write is None):
        for each in found.strengths:
            write_strength(each, asked.form, file)
    say_strength(found.strengths)
    if asked.suggest:
        _suggest(asked, found, file)
    return Exit.FINDINGS if any(each.survivors for each in found.strengths) else Exit.FINE


def _suggest(asked: _Asked, found: _Found, file: TextIO | None) -> None:
    """Write the tests that are missing, on standard output or into the file that was named."""
    from caveat.packs.suggestions import existing_tests, written  # noqa: PLC0415  it needs Lark

    missing = [each for each in found.suggested if each[2]]
    if asked.write is None:
        for path, loaded, some in missing:
            put(f"// what the tests of {path} do not notice", file)
            put(written(some, loaded.resolved).text, file)
        return
    if len(missing) > 1:
        raise UsageError(f"the tests of {len(missing)} policies cannot go into one file; name one policy")
    for path, loaded, some in missing:
        there = {each.name for each in (asked.write.parent / "fixtures").glob("*")}
        made = written(some, loaded.resolved, existing_tests(asked.write, path), {f"fixtures/{name}" for name in there})
        for name, content in made.fixtures.items():
            (asked.write.parent / name).parent.mkdir(exist_ok=True)
            with whole(asked.write.parent / name) as fixture:
                fixture.write(content.decode())
        with whole(asked.write) as tests:
            tests.write(made.text)
        say(f"{counted(len(some), 'test')} written to {asked.write}")
