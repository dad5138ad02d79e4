"""What a raw scan looks for under one policy."""

from __future__ import annotations

from dataclasses import dataclass

from caveat.intake.triage import Needles
from caveat.judge.check import known_kind
from caveat.policy.policy import Policy
from caveat.spec.release import Release


@dataclass(frozen=True, slots=True)
class _KnownSomewhere:
    """Whether a url is a known modifier in any release, since a scan does not ask by which one a document is judged."""

    policy: Policy

    def __call__(self, url: str) -> bool | None:
        return any(known_kind(self.policy, release)(url) is True for release in Release) or None


def needles_of(policy: Policy) -> Needles:
    """Return what to look for: HL7's modifiers of every release, and the urls of the policy's library and rules."""
    return Needles(_KnownSomewhere(policy))
