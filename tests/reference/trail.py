"""A second reader of a trail, written from docs/audit.md alone: the standard library, rfc8785, and nothing of Caveat.

It answers only whether the hashes are what the page says they are; it is slow, recursive and short on purpose.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import rfc8785


def leaf(value: dict[str, Any]) -> str:
    return sha256(b"\x00" + rfc8785.dumps(value)).hexdigest()


def tree(leaves: list[bytes]) -> bytes:
    """Return the Merkle tree hash as RFC 6962 2.1 defines it, over leaves that are hashed already."""
    if not leaves:
        return sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    left = 1
    while left * 2 < len(leaves):
        left *= 2
    return sha256(b"\x01" + tree(leaves[:left]) + tree(leaves[left:])).digest()


def rows(connection: sqlite3.Connection, statement: str) -> list[dict[str, Any]]:
    connection.row_factory = sqlite3.Row
    return [dict(row) for row in connection.execute(statement)]


def start_of(connection: sqlite3.Connection) -> str:
    return leaf({"schema": "caveat.audit/1", **{row["name"]: row["value"] for row in rows(connection, "SELECT * FROM trail")}})


def hashes(path: Path) -> list[tuple[str, str]]:
    """Return, for each record of a trail that was never pruned, the hash that it has and the one that it should have."""
    with closing(sqlite3.connect(path)) as connection:
        previous, found = start_of(connection), []
        below = rows(connection, "SELECT * FROM decisions ORDER BY sequence, number")
        for record in rows(connection, "SELECT * FROM records ORDER BY sequence"):
            mine = [row for row in below if row["sequence"] == record["sequence"]]
            plain = [{name: value for name, value in row.items() if name not in {"sequence", "number"}} for row in mine]
            stored = record.pop("hash")
            made = leaf({**record, "schema": "caveat.audit/1", "previous": previous, "decisions": plain})
            found.append((stored, made))
            previous = made
        return found


def roots(path: Path) -> list[tuple[str, str]]:
    """Return, for each checkpoint, the root that its line says and the one that its records have."""
    made = [bytes.fromhex(should) for _, should in hashes(path)]
    with closing(sqlite3.connect(path)) as connection:
        lines = [row["line"] for row in rows(connection, "SELECT line FROM checkpoints ORDER BY number")]
    told = [dict(part.split("=") for part in line.split()[1:]) for line in lines]
    return [(each["root"], tree(made[int(each["first"]) - 1 : int(each["last"])]).hex()) for each in told]


def policies(path: Path) -> dict[str, Any]:
    """Return the policies that a trail keeps, by digest."""
    with closing(sqlite3.connect(path)) as connection:
        return {row["digest"]: json.loads(row["canonical_json"]) for row in rows(connection, "SELECT * FROM policies")}
