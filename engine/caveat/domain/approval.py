"""What a person released after looking at it: one input under one policy, and the modifiers that were looked at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Approval:
    """A release of one input: its SHA-256 (hexadecimal), the policy's digest, who released it and why.

    `locations` are those of the decisions `review` that were looked at: no other is released. `sequence` is the number of the
    release in the trail, None for one that is in none.
    """

    input_sha256: str
    policy_digest: str
    locations: frozenset[str]
    by: str
    because: str
    sequence: int | None = None
