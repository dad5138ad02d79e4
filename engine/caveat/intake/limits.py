"""How much is read of what was sent before it is refused: the one place that holds these numbers.

Measured (CPython 3.11, two shared cores; `tests/surfaces/test_hostile.py` repeats it): with the defaults any input of 1 MiB is
decided within a second, any document at all within two, and the whole process stays below 256 MiB. What costs is the tree and
what is found in it, not the bytes: `[{},{}]` takes 24 times its bytes, an element on the way down 160 bytes more, a modifier
30 to 60 microseconds on a busy machine and 1 to 3 kB. A study of 50,000 instances has 9.8 MiB, 350,010 members and an estimate
of 79 MiB (ADR 7).
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from caveat.domain.errors import UsageError

DEEPEST = 200
"""The deepest nesting that the parser below can answer for; no limit may be set above it."""
FREE_BYTES = 2**20
"""What a compressed file may inflate to at any ratio; very regular files are short."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Say how large a document may be; what is larger is `unreadable`, never read in part. Each limit has one reason code.

    Of a document (one line of NDJSON is one): `bytes`, decompressed (`size`). `depth`: nested objects and arrays that are not
    empty, the root object being 1, at most 200 (`depth`). `members`: properties and array elements (`member-limit`).
    `memory`: the bytes that reading is estimated to take, before anything is parsed: 120 for each comma, bracket and brace,
    those in strings too, and 4 for each byte, 5 beyond ASCII, 7 beyond the first plane (`memory-limit`). `occurrences`:
    modifier extensions found, whose places, with those of all above them, take 512 letters each at most, taken together
    (`occurrence-limit`). `number_length`: digits of one number, and `exponent`: of a number with one digit before its point
    (307 for `1e307`), either sign, by default no more than a double has (`number-limit`).

    Of a compressed file: `inflated`: bytes of all that is in it, taken together (`inflated-size`). `ratio`: how many bytes
    one byte may inflate to, beyond the first MiB (`inflated-ratio`). `archived`: members of an archive (`zip-members`).

    `UsageError` when a limit is negative or no int, or `depth` is not within 1 to 200.
    """

    bytes: int = 24 * 2**20
    depth: int = 128
    members: int = 750_000
    occurrences: int = 30_000
    number_length: int = 128
    exponent: int = 307
    memory: int = 224 * 2**20
    inflated: int = 2**40
    ratio: int = 250
    archived: int = 10_000

    def __post_init__(self) -> None:
        """Refuse limits that mean nothing."""
        for limit in fields(self):
            value = getattr(self, limit.name)
            if not isinstance(value, int):
                raise UsageError(f"`{limit.name}` is a limit and must be an int, not a {type(value).__name__}")
            if value < 0:
                raise UsageError(f"`{limit.name}` is a limit and cannot be negative")
        if not 1 <= self.depth <= DEEPEST:
            raise UsageError(f"`depth` must be within 1 and {DEEPEST}")

    def allows(self, inflated: int, compressed: int) -> bool:
        """Return whether so many bytes may inflate to so many."""
        return inflated <= max(FREE_BYTES, self.ratio * compressed)
