"""Waivers: which rule each one waives, until which day it may, and what is wrong with it (CV106, CV122-CV124).

Rule 1: a waiver cannot outlast `waivers at most`; it is cut there, whatever it says.
Rule 2: a waiver that lacks a mandatory clause does not hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import cast

from caveat.domain.diagnostic import Diagnostic, Related
from caveat.lang import syntax
from caveat.lang.clauses import clause_faults, clauses_of, lacking_clauses, missing
from caveat.lang.diagnose import diagnose, quoted
from caveat.lang.header import Settings
from caveat.lang.names import Names, Scope, unknown
from caveat.lang.references import url_faults, url_set
from caveat.lang.resolved import ResolvedRule, ResolvedWaiver, WaiverKind
from caveat.lang.urls import WAIVER, WAIVER_OF_RULE


def last_day(since: date | None, until: date | None, at_most: int | None) -> date | None:
    """Return the last day of a waiver, cut to `at_most` days counted from its first day, both included."""
    if since is None or until is None or at_most is None or (until - since).days < at_most:
        return until
    return since + timedelta(days=at_most - 1) if at_most else since - timedelta(days=min(1, since.toordinal() - 1))


def resolved_waiver(
    waiver: syntax.Waiver, names: Names, scope: Scope, rules: Mapping[str, ResolvedRule], settings: Settings
) -> ResolvedWaiver:
    """Return a waiver with its rule, urls and days; `rules` are those in force by qualified name."""
    clauses, waived = clauses_of(waiver), waiver.waived
    since = clauses.day("from")
    until = last_day(since, clauses.day("until"), settings.waivers_at_most)
    rule = waived.rule.text if waived.rule is not None and waived.rule.text in rules else None
    complete = not any(lacking_clauses(waiver, None)) and since is not None and until is not None
    return ResolvedWaiver(
        name=waiver.name.text,
        waiver=waiver,
        kind=cast("WaiverKind", waived.kind),
        rule=rule,
        urls=url_set(names, scope, waived.urls) if waived.urls is not None else None,
        verdict=waiver.verdict.text,
        since=since,
        until=until,
        owner=clauses.text("owner"),
        because=clauses.text("because"),
        ticket=clauses.text("ticket"),
        approved_by=clauses.text("approved by"),
        holds=complete and (waived.kind != "rule" or rule is not None),
    )


def waiver_faults(
    waiver: syntax.Waiver, names: Names, scope: Scope, rules: Mapping[str, ResolvedRule], settings: Settings
) -> Iterator[Diagnostic | None]:
    """Yield what is wrong with one waiver, whatever the day."""
    yield missing(waiver, None)
    yield from clause_faults(waiver)
    if waiver.waived.urls is not None:
        breadth = WAIVER_OF_RULE if waiver.waived.kind == "rule" else WAIVER
        yield from url_faults(names, scope, waiver.waived.urls, breadth, waiver.paths)
    if waiver.waived.rule is not None:
        yield _target_fault(waiver.waived.rule, names, scope, rules)
    yield _length_fault(waiver, settings)


def _target_fault(ref: syntax.Ref, names: Names, scope: Scope, rules: Mapping[str, ResolvedRule]) -> Diagnostic | None:
    """Return the CV123 of a waiver of no rule, or the CV124 of a waiver of a `forbid`."""
    target = rules.get(ref.text)
    if target is None:
        return None if names.is_lost(scope, ref) else unknown("CV123", "no rule in force is called", ref, rules)
    if target.verb != "forbid":
        return None
    place = (Related(target.rule.name.span, "a `forbid`"),)
    note = "a decision of a `forbid` rule is final, and no waiver can touch it"
    remedy = f"make {quoted(ref.text)} a `reject`, or delete the waiver"
    message = f"{quoted(ref.text)} is a `forbid` and cannot be waived"
    return diagnose("CV124", message, ref.span, notes=(note,), remedy=remedy, related=place)


def _length_fault(waiver: syntax.Waiver, settings: Settings) -> Diagnostic | None:
    """Return the CV122 of a waiver that runs for more days than the policy allows."""
    clauses, most = clauses_of(waiver), settings.waivers_at_most
    since, until, clause = clauses.day("from"), clauses.day("until"), clauses.by_keyword.get("until")
    cut = last_day(since, until, most)
    if clause is None or since is None or until is None or cut == until or cut is None:
        return None
    message = f"{quoted(waiver.name.text)} runs for {(until - since).days + 1} days, and the policy allows {most}"
    place = (Related(settings.longest_waiver, "the limit"),) if settings.longest_waiver else ()
    note = f"it is cut: {cut.isoformat()} is its last day"
    remedy = f"write `until {cut.isoformat()}`, and renew it with a fresh decision when it is still needed"
    return diagnose("CV122", message, clause.span, notes=(note,), remedy=remedy, related=place)
