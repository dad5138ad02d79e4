"""A whole report of a trail: the fifteen answers on a period, in their order.

Rule 1: the same trail and the same options give the same report, byte for byte: no clock is asked and nothing is at random.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from caveat.audit.report import feed, rules, standing, urls
from caveat.audit.report.checklist import SOURCE, checklist
from caveat.audit.report.material import Material
from caveat.audit.report.period import Period, period_of, summed
from caveat.audit.report.policies import policies_of
from caveat.audit.report.rows import page_rows
from caveat.audit.report.sums import Seen, checked, decided
from caveat.audit.store import make_room
from caveat.audit.verify import verify
from caveat.domain.errors import UsageError
from caveat.formats.answers import Answer, Answers, counted
from caveat.policy.policy import Policy

if TYPE_CHECKING:
    from sqlalchemy import Connection

ROWS = 100_000
"""How many decisions a page carries for its numbers to lead to; of more it says how many are left out."""

QUESTIONS: tuple[Callable[[Material], Answer], ...] = (
    feed.is_safe,
    feed.how_many,
    urls.unknown,
    urls.sources,
    urls.trend,
    urls.places,
    urls.affected,
    rules.by_rule,
    rules.waivers,
    rules.changes,
    urls.wrong_slots,
    urls.definitions,
    standing.reviews,
    feed.slips,
    standing.trail,
)
"""What answers each of the fifteen questions."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report is asked: from which day until which, both included; None is the day of the first or the last record.

    `checkpoint` is a line kept elsewhere and `key` a public key (hexadecimal) that the trail is verified with, unless
    `verifies` is False. `policy` is one handed over for its definitions. `rows` bounds the decisions that a page carries.
    """

    since: date | None = None
    until: date | None = None
    checkpoint: str | None = None
    key: str | None = None
    verifies: bool = True
    policy: Policy | None = None
    rows: int = ROWS


def report_of(connection: Connection, asked: Asked, trail: str) -> Answers:
    """Return the report; `trail` is the trail's id. UsageError when the trail has no record."""
    make_room(connection)
    wanted = wanted_period(connection, asked)
    verification = verify(connection, asked.checkpoint, asked.key) if asked.verifies else None
    with summed(connection, wanted):
        groups, before = tuple(checked(connection, wanted)), tuple(checked(connection, wanted.before()))
        policies, earlier = policies_of(connection, groups), policies_of(connection, before)
        material = Material(connection, wanted, groups, before, tuple(policies), tuple(earlier), asked.policy, verification)
        says, level = feed.verdict_on_feed(material)
        return Answers(
            title="Audit report on modifier extensions",
            says=says,
            level=level,
            facts=_facts(material, trail),
            answers=tuple(answer(material) for answer in QUESTIONS),
            rows=page_rows(connection, wanted, asked.rows),
            checklist=checklist(material),
            checklist_source=SOURCE,
        )


def wanted_period(connection: Connection, asked: Asked) -> Period:
    """Return the period asked for; UsageError when the trail has no record."""
    wanted = period_of(connection, asked.since, asked.until)
    if wanted is None:
        raise UsageError("the trail has no record yet: there is nothing to report")
    return wanted


def _facts(material: Material, trail: str) -> tuple[tuple[str, str], ...]:
    """Return what the report is about, the denominators among it."""
    found, newest = material.outcomes, material.policies[0] if material.policies else None
    decisions = sum(each.decisions for each in _all(material))
    wanted = material.period
    return (
        ("Period", f"{wanted.since} to {wanted.until}, both included (UTC; {counted(wanted.days, 'day')})"),
        (
            "Policy",
            "none judged"
            if newest is None
            else newest.label + ("" if len(material.policies) == 1 else ", the newest of several"),
        ),
        ("Digest", "none" if newest is None else newest.digest),
        (
            "Seen",
            f"{counted(material.seen, 'resource')} from {counted(len({each.source for each in material.groups}), 'source')}",
        ),
        ("Decided", counted(decisions, "modifier or fault", "modifiers or faults")),
        ("Not checkable", counted(found["unreadable"], "document")),
        ("Trail", trail),
        ("Caveat", feed.engines(material)),
    )


def _all(material: Material) -> list[Seen]:
    return decided(material.connection, "s.ground", most=1000)
