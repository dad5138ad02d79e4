"""How much of a document is read before it is refused: the one place that holds these numbers."""

from __future__ import annotations

from dataclasses import dataclass, fields

from caveat.domain.errors import UsageError

DEEPEST = 200
"""The deepest nesting that the parser below can answer for; no limit may be set above it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Say how large a document may be; what is larger is `unreadable`, never read in part.

    `bytes`: of the document as received and decompressed. `depth`: nested objects and arrays that are not empty, the root
    object being 1, at most 200. `members`: properties and array elements in the whole document. `occurrences`: modifier
    extensions found in one document. `number_length`: digits of one number. `exponent`: of a number with one digit before its
    point (400 for `1e400`), either sign. `UsageError` when a limit is negative or `depth` is not within 1 to 200.
    """

    bytes: int = 256 * 2**20
    depth: int = 128
    members: int = 2**25
    occurrences: int = 100_000
    number_length: int = 128
    exponent: int = 400

    def __post_init__(self) -> None:
        """Refuse limits that mean nothing."""
        for limit in fields(self):
            if getattr(self, limit.name) < 0:
                raise UsageError(f"`{limit.name}` is a limit and cannot be negative")
        if not 1 <= self.depth <= DEEPEST:
            raise UsageError(f"`depth` must be within 1 and {DEEPEST}")
