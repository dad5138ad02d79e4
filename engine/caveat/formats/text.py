"""A report for a person at a terminal: the verdict on one line, then each modifier with what was decided and why.

Rule 1: what is alike is told once, with how often and where first, so that three thousand instances stay readable.
Rule 2: what decides nothing is told last, as information.
Rule 3: lines are segments of text and the name of a style; colour is the surface's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from caveat.domain.decision import Decision, Ground, Near, Verdict
from caveat.domain.report import Report, shares_findings
from caveat.formats.printable import printable
from caveat.formats.shared import Shared
from caveat.formats.words import NOTES, SAYS, nearly, why

Segment = tuple[str, str]
Line = list[Segment]

_WHATEVER: Final = "document"
_SHOWN_PLACES: Final = 3
_SHOWN_GROUPS: Final = 50
_SHOWN_NEAR: Final = 3
_NAMED: Final = frozenset({Ground.RULE, Ground.WAIVER})
"""The grounds that the reason itself names."""


def lines(report: Report, *, verbose: bool = False) -> Iterator[Line]:
    """Give the lines of `report`: what it is and may be done with it, then what was decided, strictest first.

    The rules that nearly decided are told of what is not let through, `verbose` also of the rest; and so are
    missing narratives.
    """
    yield headline(report)
    yield from details(report, verbose=verbose)


def details(report: Report, *, verbose: bool = False) -> Iterator[Line]:
    """Give the lines of `report` after the first: they depend on its verdict, decisions, entries, natives and problems alone."""
    groups = _grouped(report.decisions)
    for group in groups[:_SHOWN_GROUPS]:
        yield from _group(group, report.verdict, verbose=verbose)
    if len(groups) > _SHOWN_GROUPS:
        left = sum(map(len, groups[_SHOWN_GROUPS:]))
        yield [(f"  and {left} more modifiers of {len(groups) - _SHOWN_GROUPS} kinds; --format json has them all", "faint")]
    yield from _asides(report, verbose=verbose)
    if report.entries:
        yield _entries(report)


def headline(report: Report) -> Line:
    """Return the one line that says what the document is and what may be done with it."""
    identity = f"/{printable(report.resource_id)}" if report.resource_id else ""
    what = (report.resource_type or _WHATEVER) + identity
    name = printable(report.input or "") + (f":{report.line}" if report.line is not None else "")
    where = [(f"{name}: ", "place")] if name else []
    word = report.verdict.word
    return [*where, (f"{what} ", ""), (word, word), (f", {SAYS[report.verdict]}", "")]


def plain(line: Sequence[Segment]) -> str:
    """Return a line without its styles."""
    return "".join([text for text, _ in line])


class Writer:
    """Writes reports on lines of the input `name` as `lines` does, without styles; what is alike in many is put together once."""

    def __init__(self, name: str | None) -> None:
        """Remember nothing yet."""
        self.name = name
        self._place = f"{printable(name or '')}:"
        self._shared = Shared(_of_a_line, shares_findings)

    def __reduce__(self) -> tuple[type[Writer], tuple[str | None]]:
        """Remember nothing in another process."""
        return Writer, (self.name,)

    def __call__(self, report: Report, received: bytes | None, resource_id: str | None, line: int) -> str:
        """Return the lines of `report` as that on a line of the input, with this id."""
        what, rest = self._shared(report, received)
        identity = f"/{printable(resource_id)}" if resource_id else ""
        return f"{self._place}{line}: {what}{identity}{rest}"


def _of_a_line(report: Report) -> tuple[str, str]:
    """Return what stands before and behind the id in the lines of a report that says not where it is from."""
    what = report.resource_type or _WHATEVER
    told = "\n".join(map(plain, lines(report)))
    return what, told.removeprefix(what)


def _grouped(decisions: Sequence[Decision]) -> list[list[Decision]]:
    """Return decisions that differ in nothing but place as one, strictest first."""
    groups: dict[tuple[object, ...], list[Decision]] = {}
    for decision in decisions:
        groups.setdefault(_alike(decision), []).append(decision)
    return sorted(groups.values(), key=lambda group: -group[0].verdict)


def _alike(decision: Decision) -> tuple[object, ...]:
    found = decision.occurrence
    place = (found.url, found.carrier.path, found.value_type, found.slot) if found is not None else ()
    return (decision.verdict, decision.ground, decision.rule, decision.detail, decision.final, decision.near, *place)


def _group(group: Sequence[Decision], verdict: Verdict, *, verbose: bool) -> Iterator[Line]:
    """Give the lines of decisions that are alike, in a report with that verdict."""
    decision = group[0]
    word = decision.verdict.word
    found = decision.occurrence
    if found is None:
        yield [("  ", ""), (word, word), (f"  {why(decision)}", "")]
        return
    yield [("  ", ""), (f"{word:<9}", word), (" ", ""), *_places(group)]
    kind = f" ({found.value_type})" if found.value_type else ""
    yield [(_INDENT, ""), (printable(found.url) if found.url else "no url", "url"), (kind, "faint")]
    label = "" if decision.ground in _NAMED else f"{decision.ground}: "
    yield [(_INDENT, ""), (label, "rule"), (why(decision), ""), (" (final)" if decision.final else "", "rule")]
    if decision.verdict > verdict:
        yield [(f"{_INDENT}does not count: the element that holds it is left out", "faint")]
    if verbose or decision.verdict > Verdict.WARN:
        yield from _near(decision.near)
    yield from _draft(decision)


_INDENT: Final = " " * 12


def _places(group: Sequence[Decision]) -> Line:
    """Return the first places of decisions that are alike, and how many more there are."""
    return _listed([each.occurrence.location for each in group if each.occurrence is not None])


def _listed(locations: Sequence[str]) -> Line:
    """Return the first of `locations`, and how many more there are."""
    places = [printable(location) for location in locations[:_SHOWN_PLACES]]
    more = f" and {len(locations) - _SHOWN_PLACES:,} more" if len(locations) > _SHOWN_PLACES else ""
    count = f"{len(locations):,} times: " if len(locations) > 1 else ""
    return [(count, "faint"), (", ".join(places), "place"), (more, "faint")]


def _near(near: Sequence[Near]) -> Iterator[Line]:
    """Give the rules that nearly decided."""
    for each in near[:_SHOWN_NEAR]:
        yield [(f"{_INDENT}near: ", "rule"), (nearly(each), "")]
    if len(near) > _SHOWN_NEAR:
        yield [(f"{_INDENT}near: {len(near) - _SHOWN_NEAR} more rules", "faint")]


def _draft(decision: Decision) -> Iterator[Line]:
    """Give the rule that would name an unknown modifier."""
    found = decision.occurrence
    if decision.ground is not Ground.UNKNOWN or found is None or found.url is None:
        return
    from caveat.formats.draft import Unnamed, path_in_rules, statement  # noqa: PLC0415  it needs the language

    path = path_in_rules(found.carrier)
    drafted = statement(Unnamed(found.url, (path,) if path else (), (found.value_type,) if found.value_type else ()))
    if drafted:
        yield [(f"{_INDENT}to have a person decide:", "faint")]
        yield [(f"{_INDENT}{drafted}", "draft")]


def _asides(report: Report, *, verbose: bool) -> Iterator[Line]:
    """Give what decides nothing: native modifiers that change meaning, and notes; `verbose` those on narratives too."""
    told: dict[tuple[str, str], list[str]] = {}
    for native in report.native:
        told.setdefault(("native", f"{printable(native.path)}: it has a value that changes meaning"), []).append(native.location)
    for problem in report.problems:
        if problem.code in NOTES and problem.location is not None and (verbose or problem.code != "no-narrative"):
            told.setdefault(("note", NOTES[problem.code] + problem.message), []).append(problem.location)
    for (word, message), places in list(told.items())[:_SHOWN_GROUPS]:
        yield [("  ", ""), (f"{word:<9}", "faint"), (" ", ""), *_listed(places)]
        yield [(_INDENT, ""), (message, "faint")]


def _entries(report: Report) -> Line:
    """Return how many entries of a Bundle got which verdict."""
    counts = {v: sum(entry.verdict is v for entry in report.entries) for v in sorted(Verdict, reverse=True)}
    told = ", ".join(f"{count:,} {verdict.word}" for verdict, count in counts.items() if count)
    return [(f"  each entry by itself: {told}", "faint")]
