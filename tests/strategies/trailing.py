"""Trails for the tests: documents of every verdict, a trail of any length with everything in it that a trail can have."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any
from unittest.mock import patch

from caveat import AuditLog, Guard
from caveat.audit import log as log_module
from caveat.audit.keys import new_secret, public_hex, signing_pair, verifying_key, write_once
from caveat.audit.verify import Verification, verify

DAY = date(2026, 11, 25)
URLS = {
    verb: f"https://example.org/fhir/StructureDefinition/{verb}" for verb in ("understand", "warn", "review", "unknown", "kept")
}
RULES = f"""caveat 1;
policy "trail" version "1.0.0" {{ owner "imaging-team"; }}
understand understood: "{URLS["understand"]}" on Patient because "stored" assessed 2026-01-01;
warn warned: "{URLS["warn"]}" on Patient because "shown" assessed 2026-01-01;
review looked-at: "{URLS["review"]}" on Patient because "a person decides";
review kept: "{URLS["kept"]}" on Patient because "a person decides by its value" record value;
"""
LOOSER = (
    RULES.replace('version "1.0.0"', 'version "2.0.0"')
    .replace("review looked-at", "warn looked-at")
    .replace('"a person decides";', '"we know it" assessed 2026-01-01;', 1)
)
GUARD = Guard.from_text(RULES)


def patient(*verbs: str, identity: str = "p1", **more: Any) -> bytes:
    """Return a Patient with a modifier for each verb of the rules."""
    modifiers = [{"url": URLS[verb], "valueString": f"value of {verb}"} for verb in verbs]
    tree = {"resourceType": "Patient", "id": identity, **({"modifierExtension": modifiers} if modifiers else {}), **more}
    return json.dumps(tree).encode()


KINDS: tuple[tuple[str, ...], ...] = ((), ("understand",), ("warn",), ("review",), ("unknown", "review"), ("kept",), ())


def keys(folder: Path) -> tuple[Path, Path]:
    """Return files of a quarantine key and of a signing key, whose public part is beside it."""
    private, public = signing_pair()
    write_once(folder / "quarantine.key", new_secret())
    write_once(folder / "signing.key", private)
    write_once(folder / "signing.key.pub", public)
    return folder / "quarantine.key", folder / "signing.key"


def public(folder: Path) -> str:
    """Return the public key, as `verify` takes it."""
    return public_hex(verifying_key(folder / "signing.key.pub"))


def filled(where: str | Path, folder: Path, number: int, every: int = 60, **options: Any) -> AuditLog:
    """Make a trail of `number` records: checks of every kind, reviews, bytes that are held, signed checkpoints."""
    quarantine, signing = keys(folder)
    log = AuditLog(where, quarantine_key=quarantine, signing_key=signing, **options)
    documents = [b"{", *(patient(*KINDS[count % len(KINDS)], identity=f"p{count}") for count in range(number - 3))]
    guard = Guard(GUARD.policy, source="pacs-a")
    with patch.object(log_module, "EVERY", every):
        for first in range(0, len(documents), 10):
            log.record_many([guard.check(raw, today=DAY) for raw in documents[first : first + 10]], guard.policy)
        held = next(each.record.sequence for each in log.held() if each.record.verdict == "review")
        log.release(held, by="dr. who", because="looked at")
    return log


def verified(log: AuditLog, line: str | None = None, key: str | None = None) -> Verification:
    """Return what verification says of a trail."""
    with log.reading() as connection:
        return verify(connection, line, key)


@contextmanager
def forced(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a trail as whoever wants to change it would: no trigger, no foreign key is in the way."""
    connection = sqlite3.connect(path, isolation_level=None)
    triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for name, _ in triggers:
        connection.execute(f"DROP TRIGGER {name}")
    try:
        yield connection
    finally:
        for _, sql in triggers:
            connection.execute(sql)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()


def changed(path: Path, *statements: str) -> None:
    """Change a trail behind its back."""
    with forced(path) as connection:
        for statement in statements:
            connection.execute(statement)


Change = Callable[[sqlite3.Connection], Any]
