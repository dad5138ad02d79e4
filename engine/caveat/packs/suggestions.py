"""The tests that are missing, from the witnesses of surviving mutants: a test file as its author would have written it.

Rule 1: what is suggested passes on the policy as it is, and fails on each mutant that it is said to notice.
Rule 2: a test is written once: a survivor that an earlier one notices needs none of its own.
Rule 3: the file is canonical, and what stood in it stays, comments too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from caveat.domain.errors import UsageError
from caveat.judge.check import Question
from caveat.lang import syntax
from caveat.lang.parser import parse
from caveat.lang.print_parts import given
from caveat.lang.print_parts import text as quoted
from caveat.lang.printer import print_file
from caveat.lang.resolved import Resolved
from caveat.packs.files import SUFFIX, TEST_SUFFIX, load_files
from caveat.packs.mutants import Mutant, changed
from caveat.packs.strength import Strength, part_of
from caveat.packs.witness import NOWHERE, Names, Witness, as_test, run, systems_of

_FIXTURES = "fixtures"
_KINDS = {
    "looser": "decides as it says",
    "stricter": "decides as it says",
    "removed": "decides",
    "except": "leaves alone what it excepts",
    "negated": "keeps to its condition",
    "unconditional": "keeps to its condition",
    "path": "keeps to its places",
    "pattern": "keeps to its urls",
    "types": "keeps to its types",
    "dates": "keeps to its days",
}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One missing test, and the mutants that it notices."""

    witness: Witness
    mutants: tuple[Mutant, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """A test file with suggestions, and the fixtures that it needs, by their names beside it."""

    text: str
    fixtures: Mapping[str, bytes]


def suggestions(question: Question, strength: Strength) -> list[Suggestion]:
    """Return tests that notice every survivor of `strength` for which there is a witness."""
    found: list[Suggestion] = []
    for survivor in strength.survivors:
        if survivor.witness is None:
            continue
        for at, earlier in enumerate(found):
            if notices(question, earlier.witness, survivor.mutant):
                found[at] = replace(earlier, mutants=(*earlier.mutants, survivor.mutant))
                break
        else:
            found.append(Suggestion(survivor.witness, (survivor.mutant,)))
    return found


def notices(question: Question, witness: Witness, mutant: Mutant) -> bool:
    """Return whether a test fails on a mutant of the policy of `question`."""
    urls = frozenset(each.url for each in witness.modifiers)
    part = question.policy if witness.resource is not None else part_of(question.policy, urls)
    return not run(replace(question, policy=changed(part, mutant.change)), witness).passed


def existing_tests(path: Path, rule_file: Path) -> str:
    """Return what stands in the test file at `path`, empty where there is none yet; UsageError when it is none of `rule_file`."""
    if not path.name.endswith(TEST_SUFFIX) or path.parent.resolve() != rule_file.parent.resolve():
        raise UsageError(f"tests of {rule_file} are written beside it, in a file whose name ends in {TEST_SUFFIX}")
    tested = path.with_name(path.name.removesuffix(TEST_SUFFIX) + SUFFIX)
    if tested.exists() and tested.resolve() != rule_file.resolve():
        raise UsageError(f"{path} holds the tests of {tested}, and not those of {rule_file}")
    if not path.exists():
        return ""
    loaded = load_files(rule_file)
    if any(found.span.file == path.as_posix() or found.span.file.endswith(f"/{path.name}") for found in loaded.diagnostics):
        raise UsageError(f"{path} cannot be read as it is; `caveat lint` says why")
    return path.read_text(encoding="utf-8-sig")


def written(found: Sequence[Suggestion], resolved: Resolved, existing: str = "", taken: Iterable[str] = ()) -> Written:
    """Return the text of a test file with the suggestions after what stands in it; `taken` are names of fixtures in use."""
    before = parse(existing or "caveat 1;\n", "existing").file
    there = {item.name.text: item.url.value for item in before.items if isinstance(item, syntax.CodeSystemName)}
    systems, new = _systems(found, resolved, there)
    aliases = {url: name for name, url in sorted(resolved.extensions.items(), key=lambda each: -each[0].count("."))}
    names = {test.test.name.value for test in resolved.tests}
    fixtures: dict[str, bytes] = {}
    added = (f"codesystem {name} = {quoted(syntax.Text(url, NOWHERE))};" for name, url in new.items())
    lines = [existing or "caveat 1;\n", "\n".join(added)]
    for each in found:
        name = _free(_named(each), names)
        names.add(name)
        fixture = _free_file(name, {*taken, *fixtures}) if each.witness.resource is not None else ""
        if each.witness.resource is not None:
            fixtures[fixture] = each.witness.resource
        test = as_test(each.witness, systems, Names(name, fixture, aliases)).test
        body = "".join(f"    {given(statement)};\n" for statement in test.statements)
        lines.append(f"test {quoted(test.name)} {{\n{body}}}")
    text = print_file(parse("\n\n".join(lines) + "\n", "suggested").file)
    return Written(text, fixtures)


def _systems(found: Iterable[Suggestion], resolved: Resolved, there: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the names of the code systems that are needed, by url, and those that are new in the file, by name."""
    needed = sorted({url for each in found for url in systems_of(each.witness)})
    rules = {url: name for rule in resolved.rules for name, url in rule.codesystems.items()}
    named = {url: name for name, url in there.items()}
    new: dict[str, str] = {}
    for url in needed:
        if url not in named:
            name = _free(rules.get(url, "SYSTEM"), {*there, *new}, "_")
            named[url] = name
            new[name] = url
    return named, new


def _named(suggestion: Suggestion) -> str:
    """Return what a test is called: what its mutant would have undone, of which rule."""
    mutant = suggestion.mutants[0]
    return f"{mutant.rule or 'the default'} {_KINDS[mutant.kind]}"


def _free(name: str, taken: Iterable[str], by: str = " ") -> str:
    """Return `name`, with a number where it is taken."""
    held = set(taken)
    numbered = (name if number == 1 else f"{name}{by}{number}" for number in range(1, len(held) + 2))
    return next(each for each in numbered if each not in held)


def _free_file(name: str, taken: Iterable[str]) -> str:
    """Return the name of a fixture after the test that needs it, not one of those taken."""
    stem = "-".join(re.findall("[a-z0-9]+", name.lower()))
    stems = {each.removeprefix(f"{_FIXTURES}/").removesuffix(".json") for each in taken}
    return f"{_FIXTURES}/{_free(stem, stems, '-')}.json"
