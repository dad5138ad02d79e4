"""Drafts that are tried before they are written: each rule gets a test of which it was seen that it passes.

Rule 1: a test is chosen by judging what it would plant, under the drafted policy itself; a rule for which none passes has none,
and a comment says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import islice
from pathlib import Path

from caveat.analysis.specimen import Planted, homeless, specimens
from caveat.domain.decision import Ground, Verdict
from caveat.domain.errors import CaveatError
from caveat.formats.draft import Unnamed, is_nameable
from caveat.formats.draft_places import ANY_ROOT, EVERYWHERE
from caveat.formats.drafting import Draft, Head, Trial, draft_file, draft_fragment, drafts_of, fitting
from caveat.formats.printable import printable
from caveat.judge.allowed import definitions_of
from caveat.judge.check import Question, judge_tree
from caveat.packs.policies import LoadedPolicy, load_policy, load_policy_text
from caveat.policy.conditions import Scalar
from caveat.policy.policy import Policy
from caveat.spec.definition import ContextKind, ExtensionDefinition
from caveat.spec.definition_reader import ANY_VALUE
from caveat.spec.reason import says_nothing
from caveat.spec.release import Release
from caveat.spec.shape import tables

UNTESTED = "No test: where it may stand, or what it holds, cannot be shown on a resource made for a test."
_TODAY = date(2026, 1, 1)  # no drafted rule depends on the day
_MOST_TRIALS = 400
_COMMON = ("Basic", "Patient", "Observation", "Encounter", "Condition", "MedicationRequest", "ServiceRequest", "ImagingStudy")


@dataclass(frozen=True, slots=True)
class Drafted:
    """What was drafted: the text, how many rules are in it, and how many modifiers did not fit into one rule file."""

    text: str
    rules: int
    untested: int
    left_out: int


def drafted_file(found: Sequence[Unnamed], head: Head, suffix: str, folder: Path | None = None) -> Drafted:
    """Return a rule file with a rule and a test for each modifier; `folder` has the lock of the packages that `head` uses."""
    named = drafts_of(found, suffix, _because)
    drafts = named[: fitting(named)]
    policy = _policy(draft_file(head, drafts, {}), head.releases, folder)
    tests = _tests(drafts, policy, head.releases)
    over = len(named) - len(drafts)
    left_out = [f"No rule can name {printable(each.url)}: {_why_not(each)}." for each in found if not is_nameable(each)][:1000]
    left_out += [f"{over} more are not drafted: a rule file has its bounds. Decide these, and draft again."] if over else []
    text = draft_file(head, drafts, tests, left_out, UNTESTED)
    return Drafted(text, len(drafts), len(drafts) - len(tests), over)


def drafted_rule(what: Unnamed, suffix: str, releases: Sequence[Release], beside: LoadedPolicy | None = None) -> Drafted:
    """Return the statements for one modifier, to stand at the end of a rule file: `beside`, or one with a header of its own.

    Names that are in use there are not taken again, and the test is one that passes under what the file would be.
    """
    if beside is None:
        drafts = drafts_of([what], suffix, _because)
        policy = _policy(draft_file(Head("draft", tuple(releases)), drafts, {}), releases, None)
    else:
        resolved = beside.resolved
        names = {*resolved.extensions, *(each.name for each in resolved.rules), *(each.name for each in resolved.waivers)}
        aliases = {url: name for name, url in resolved.extensions.items() if "." not in name}
        drafts = drafts_of([what], suffix, _because, names, aliases)
        policy = _appended(beside, draft_fragment(drafts, {}, releases), releases)
    tests = _tests(drafts, policy, releases)
    return Drafted(draft_fragment(drafts, tests, releases, UNTESTED), len(drafts), len(drafts) - len(tests), 0)


def _appended(beside: LoadedPolicy, fragment: str, releases: Iterable[Release]) -> Policy:
    """Return the policy that a rule file would be with a fragment at its end."""
    assert beside.folder is not None  # noqa: S101  it was read from a file
    path = beside.folder / beside.resolved.main
    loaded = load_policy(path, tuple(releases), f"{beside.texts[path.as_posix()]}\n{fragment}".encode())
    if loaded.policy is None:
        raise CaveatError(f"the draft does not load: {loaded.diagnostics[0].message}")
    return loaded.policy


def _because(what: Unnamed) -> str:
    """Return the reason of a drafted rule: that nobody has assessed it, and what its definition says."""
    known = what.definition
    if known is None:
        return "found in data and not yet assessed"
    if says_nothing(known.reason):
        return f"not yet assessed: {known.title or known.name or 'its definition'} gives no reason why it modifies"
    return f"not yet assessed; it modifies because: {known.reason}"


def _why_not(what: Unnamed) -> str:
    if what.definition is not None and not what.paths:
        return "none of the contexts that its definition names can carry a modifierExtension"
    return "its url or its place is no lawful one"


def _policy(text: str, releases: Iterable[Release], folder: Path | None) -> Policy:
    """Return the drafted policy; a draft that does not load is a fault of Caveat."""
    loaded = load_policy_text(text, "draft.caveat", tuple(releases), folder)
    if loaded.policy is None:
        raise CaveatError(f"the draft does not load: {loaded.diagnostics[0].message}")
    return loaded.policy


def _tests(drafts: Iterable[Draft], policy: Policy, releases: Sequence[Release]) -> dict[str, Trial]:
    """Return for each rule the first trial that it decides, for those that have one."""
    known = {release: definitions_of(policy, release) for release in releases}
    found = {}
    for each in drafts:
        trials = islice(_trials(each.what, releases), _MOST_TRIALS)
        passing = (t for t in trials if _passes(t, each, policy, known[t.release](each.what.url)))
        trial = next(passing, None)
        if trial is not None:
            found[each.rule] = trial
    return found


def _trials(what: Unnamed, releases: Sequence[Release]) -> Iterator[Trial]:
    """Give the ways to plant a modifier, the plainest first."""
    kinds: tuple[str | None, ...] = tuple(sorted(what.types, key=lambda kind: (kind != "boolean", kind))) or (
        None,
        *_by_definition(what),
    )
    for release in releases:
        for path in what.paths:
            for place in _concrete(path, release):
                yield from (Trial(place, kind, release) for kind in kinds)


def _by_definition(what: Unnamed) -> Iterator[str]:
    """Give the value types that are tried where a rule names none."""
    content = what.definition.content if what.definition is not None else None
    if content is not None and content.types and content.types != ANY_VALUE:
        yield from sorted(content.types)
    yield "complex"


def _concrete(path: str, release: Release) -> Iterator[str]:
    """Give the places that a path of a rule means, the usual ones first."""
    if path not in {ANY_ROOT, EVERYWHERE}:
        yield path
        return
    known = tables(release)
    carrying = sorted(
        name for name in known.names() if known.required(name).carries and name.partition(".")[0] in known.resource_types
    )
    roots = [name for name in carrying if "." not in name]
    yield from (name for name in _COMMON if name in roots)
    yield from (name for name in (roots if path == ANY_ROOT else carrying) if name not in _COMMON)


def _passes(trial: Trial, each: Draft, policy: Policy, known: ExtensionDefinition | None) -> bool:
    """Return whether a drafted rule decides what a trial plants, by itself and whatever is installed."""
    if known is not None and _needs_fhirpath(known):
        return False
    content = known.content if known is not None and known.is_whole else None
    planted = Planted(each.what.url, trial.path, _value(trial), trial.type, content)
    if homeless((planted,), trial.release):
        return False
    question = Question(policy, trial.release, _TODAY)
    reports = [judge_tree(question, resource).report for resource in specimens((planted,), trial.release)]
    decisions = [decision for report in reports for decision in report.decisions]
    return any(d.verdict is Verdict.REVIEW and d.ground is Ground.RULE and d.rule == each.rule for d in decisions)


def _needs_fhirpath(known: ExtensionDefinition) -> bool:
    """Return whether a definition is judged by FHIRPath, which an installation may not have."""
    if not known.is_whole or known.is_cross_version:
        return False
    return bool(known.invariants) or any(each.kind is ContextKind.FHIRPATH for each in known.contexts)


def _value(trial: Trial) -> Scalar:
    """Return the value that the literal of a trial stands for."""
    match trial.literal:
        case "true":
            return True
        case "1":
            return Decimal(1)
        case "2026-01-01":
            return date(2026, 1, 1)
        case text:
            return text.strip('"')
