"""What makes a change to the trail show: canonical forms, the hash of a record over the one before, the tree over a segment.

Rule 1: a record's hash is SHA-256 over 0x00 and its canonical form (RFC 8785), in which the hash of the record before stands;
it is at once the leaf of the segment's Merkle tree, whose nodes are SHA-256 over 0x01 and two hashes (RFC 6962 2.1).
Rule 2: what is written is canonical by construction, by Python's encoder; `verify` makes the form again with the library rfc8785.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any

SCHEMA = "caveat.audit/1"

canonical_text: Callable[[Any], str] = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode
"""RFC 8785 for what stands in records: ASCII keys, and strings, whole numbers, true, false and null for values."""


def canonical_by_library(value: Mapping[str, Any]) -> bytes:
    """Return the canonical form as the library rfc8785 makes it; ValueError for what has none."""
    import rfc8785  # noqa: PLC0415  an extra

    return rfc8785.dumps(dict(value))


def leaf(form: bytes) -> str:
    """Return the hash of a record by its canonical form, in hexadecimal."""
    return sha256(b"\x00" + form).hexdigest()


def root(leaves: Sequence[str]) -> str:
    """Return the Merkle root over the hashes of records, in hexadecimal (RFC 6962 2.1: the left half is a power of two).

    >>> root([])
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
    """
    level = [bytes.fromhex(each) for each in leaves]
    if not level:
        return sha256(b"").hexdigest()
    while len(level) > 1:  # whoever has no neighbour moves up as he is, which gives the same tree
        paired = [sha256(b"\x01" + a + b).digest() for a, b in zip(level[::2], level[1::2], strict=False)]
        level = paired + level[len(paired) * 2 :]
    return level[0].hex()


def beginning(facts: Mapping[str, str]) -> str:
    """Return what stands for the hash before the first record: the hash of what holds for the whole trail."""
    return leaf(canonical_text({"schema": SCHEMA, **facts}).encode())
