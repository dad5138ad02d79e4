"""Drafts rule files: a `review` rule with its reason and a test for each modifier, grouped by whose urls they are.

Rule 1: a draft lets nothing through: its rules say `review`, and a person says the rest.
Rule 2: a url that no rule file may name is left out, and a comment says so.
Rule 3: what is drafted is in canonical form, so that the first `caveat fmt` changes nothing.
Rule 4: texts of definitions and documents become one visible line in a comment or a string; none can end either.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from caveat.formats.draft import Unnamed, is_nameable, name_of, publisher_of, value_types
from caveat.formats.printable import printable
from caveat.lang.parser import MAX_BYTES, MAX_RULES, parse
from caveat.lang.printer import print_file
from caveat.lang.spelling import quoted_string
from caveat.spec.definition import ExtensionDefinition
from caveat.spec.reason import says_nothing
from caveat.spec.release import Release

_OF_NUMBERS = frozenset(
    "integer integer64 positiveInt unsignedInt decimal Quantity Age Distance Duration Count Money".split()  # noqa: SIM905  as prose
)
_OF_DAYS = frozenset({"date", "dateTime", "instant", "Period"})
_LONGEST_REASON = 400
_EDITION = "caveat 1;"
OWNER = "who answers for these rules"
"""The owner of a draft, until somebody says who it is."""
_UNNAMED_TEST = """test "what no rule names is rejected" {
    modifier "https://fhir.example.org/StructureDefinition/unnamed" on Patient = true;
    expect reject unknown;
}"""
"""The test of a file in which no rule can have one, so that something is shown."""
_ROOM = 16_384
"""Bytes that a drafted file keeps free for its head and for what is said of what was left out."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One way to plant a drafted modifier in a test: where, as a value of which type, and in which release."""

    path: str
    type: str | None
    release: Release

    @property
    def literal(self) -> str:
        """The literal that a value of the type can be made of."""
        kind = self.type or "boolean"
        if kind in {"boolean", "complex"}:
            return "true"
        if kind in _OF_NUMBERS:
            return "1"
        return "2026-01-01" if kind in _OF_DAYS else '"x"'


@dataclass(frozen=True, slots=True)
class Draft:
    """A rule to be drafted: what it is about, the names of the extension and of the rule, and why it is there."""

    what: Unnamed
    alias: str
    rule: str
    because: str
    is_known: bool = False

    @property
    def subject(self) -> str:
        """How statements call the modifier: by its name, but the value of implicitRules, no extension, as it is."""
        return quoted_string(self.what.url) if self.what.is_rules else self.alias


@dataclass(frozen=True, slots=True)
class Head:
    """What opens a drafted file: comments on what it is, the policy's name, its releases and owner, the packages it uses."""

    policy: str
    releases: tuple[Release, ...]
    uses: tuple[str, ...] = ()
    comments: tuple[str, ...] = ()
    owner: str = OWNER


def drafts_of(
    found: Iterable[Unnamed],
    suffix: str,
    because: Callable[[Unnamed], str],
    taken: Collection[str] = (),
    aliases: Mapping[str, str] = {},
) -> list[Draft]:
    """Return the rules to draft, those of one publisher together; what no rule can name is left out.

    `taken` are names that are in use already, `aliases` those that extensions have, by url.
    """
    names = set(taken)
    drafted = []
    for each in sorted(filter(is_nameable, found), key=lambda each: (publisher_of(each.url), each.url, each.is_rules)):
        known = None if each.is_rules else aliases.get(each.url)
        alias = known or name_of(each.url, names)
        names.add(alias)
        rule = next(name for name in _numbered(f"{alias}-{suffix}") if name not in names)
        names.add(rule)
        drafted.append(Draft(each, alias, rule, because(each), known is not None))
    return drafted


def _numbered(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name}-{number}"
        number += 1


def draft_file(
    head: Head, drafts: Sequence[Draft], tests: Mapping[str, Trial], left_out: Iterable[str] = (), untested: str = ""
) -> str:
    """Return a whole rule file; `tests` says how the test of each rule plants, `left_out` are comments on what is not drafted."""
    opening = [
        "\n".join(f"// {_line(text)}" for text in head.comments),
        _EDITION,
        _policy(head),
        "\n".join(f"use {quoted_string(label)};" for label in head.uses),
        "\n".join(f"// {_line(text)}" for text in left_out),
    ]
    closing = [] if tests else [_UNNAMED_TEST]
    return _canonical([*opening, *_body(drafts, tests, head.releases, untested, headed=True), *closing])


def _policy(head: Head) -> str:
    settings = f"owner {quoted_string(head.owner)}; fhir {', '.join(head.releases)};"
    return f'policy {quoted_string(head.policy)} version "0.1.0" {{ {settings} }}'


def draft_fragment(drafts: Sequence[Draft], tests: Mapping[str, Trial], releases: Sequence[Release], untested: str = "") -> str:
    """Return statements to put at the end of a rule file; with an edition before them they are in canonical form."""
    text = _canonical([_EDITION, *_body(drafts, tests, releases, untested, headed=False)])
    return text.removeprefix(_EDITION).lstrip("\n")


def fitting(drafts: Sequence[Draft]) -> int:
    """Return how many of `drafts`, from the first, fit into one rule file."""
    size = _ROOM
    for number, each in enumerate(drafts):
        trial = Trial(max(each.what.paths, key=len), max(each.what.types, key=len, default=None), Release.R4B)
        blocks = _body([each], {each.rule: trial}, (Release.R4,), "", headed=True)
        size += sum(len(block.encode(errors="backslashreplace")) + 32 for block in blocks)
        if size > MAX_BYTES or number == MAX_RULES:
            return number
    return len(drafts)


def _canonical(blocks: Iterable[str]) -> str:
    parsed = parse("\n\n".join(block for block in blocks if block) + "\n", "draft")
    return print_file(parsed.file)


def _body(
    drafts: Sequence[Draft], tests: Mapping[str, Trial], releases: Sequence[Release], untested: str, *, headed: bool
) -> Iterator[str]:
    """Give the blocks of each publisher: its name, the extensions, then each rule with its test."""
    for publisher, group in groupby(drafts, key=lambda each: publisher_of(each.what.url)):
        held = list(group)
        heading = f"// {_line(publisher)}: {len(held)} to assess\n" if headed else ""
        names = [
            f"extension {each.alias} = {quoted_string(each.what.url)};"
            for each in held
            if not (each.what.is_rules or each.is_known)
        ]
        yield (heading + ("\n".join(names) or "")).rstrip()
        for each in held:
            yield _rule(each, "" if each.rule in tests else untested)
            if each.rule in tests:
                yield _test(each, tests[each.rule], releases)


def _rule(each: Draft, untested: str) -> str:
    """Return the rule that sends a modifier to a person, with what its definition says as comment."""
    comments = [*_comments(each.what.definition), *([untested] if untested else [])]
    head = f"review {each.rule}: {each.subject} on {', '.join(each.what.paths)}{value_types(each.what)}"
    return "".join(f"// {line}\n" for line in comments) + f"{head}\n    because {quoted_string(_line(each.because))};"


def _comments(definition: ExtensionDefinition | None) -> Iterator[str]:
    """Give what a definition says of a modifier: its title, whose it is, its status, and why it modifies."""
    if definition is None:
        return
    title = definition.title or definition.name or "No title"
    about = [definition.publisher or "", definition.package or "", definition.status or ""]
    shown = ", ".join(_line(each) for each in about if each)
    yield _line(title) + (f" ({shown})" if shown else "")
    yield (
        f"It modifies: {_line(definition.reason or '')}"
        if not says_nothing(definition.reason)
        else "Its definition gives no reason why it modifies."
    )


def _test(each: Draft, trial: Trial, releases: Sequence[Release]) -> str:
    """Return a test that plants the modifier; one place and one type are enough to show that the rule decides."""
    value = "" if each.what.is_rules else f" = {trial.literal}" + (f" as {trial.type}" if trial.type else "")
    fhir = f"    fhir {trial.release};\n" if releases and trial.release is not releases[0] else ""
    planted = f"    modifier {each.subject} on {trial.path}{value};\n"
    return f'test "{each.alias} goes to a person" {{\n{planted}{fhir}    expect review by {each.rule};\n}}'


def _line(text: str) -> str:
    """Return a text as one line without anything unseen, cut to a readable length."""
    line = " ".join(text.split())
    return printable(line if len(line) <= _LONGEST_REASON else line[: _LONGEST_REASON - 1] + "…")
