"""What the answers of a report are made from, and how they say what is missing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from caveat.audit.report.period import Period
from caveat.audit.report.policies import KeptPolicy
from caveat.audit.report.sums import Checked
from caveat.audit.verify import Verification
from caveat.formats.answers import Leading, Where
from caveat.policy.policy import Policy

if TYPE_CHECKING:
    from sqlalchemy import Connection

NO_SOURCE = "(no source named)"
NO_URL = "(no url)"


@dataclass(frozen=True)
class Material:
    """A trail as it is at one moment, a period of it, what was checked in it, and by which policies.

    `policy` is one that was handed over for its definitions; `verification` None when the trail was not verified.
    """

    connection: Connection
    period: Period
    groups: tuple[Checked, ...]
    before: tuple[Checked, ...]
    policies: tuple[KeptPolicy, ...]
    policies_before: tuple[KeptPolicy, ...]
    policy: Policy | None
    verification: Verification | None

    @property
    def today(self) -> date:
        """The day that ages and waivers are reckoned on: the last of the period."""
        return self.period.until

    @cached_property
    def outcomes(self) -> Counter[str]:
        """How many resources had which outcome; `unreadable` are those that could not be read."""
        return outcomes(self.groups)

    @property
    def seen(self) -> int:
        """How many resources were checked."""
        return self.outcomes.total()


def outcomes(groups: tuple[Checked, ...]) -> Counter[str]:
    """Return how many resources had which outcome."""
    found: Counter[str] = Counter()
    for each in groups:
        found[each.outcome] += each.records - each.unreadable
        found["unreadable"] += each.unreadable
    return found


def rows(number: int, *where: tuple[str, str | None]) -> Leading:
    """Return a number that leads to its rows."""
    told: Where = tuple((key, value or "") for key, value in where)
    return Leading(number, told)


def moment_shown(time: str) -> str:
    """Return a time of the trail to the second."""
    return f"{time[:10]} {time[11:19]}"
