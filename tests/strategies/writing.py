"""Runs the program that writes a trail, ends it, and holds what it acknowledged against what is there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from caveat import AuditLog
from strategies.trailing import verified

WRITER = Path(__file__).with_name("writer.py")


def started(url: str | Path, key: Path, how: str, number: int = 0, *before: str, **options: Any) -> subprocess.Popen[bytes]:
    """Start a writer, `before` being what runs it."""
    command = [*before, sys.executable, str(WRITER), str(url), str(key), how, str(number)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def acknowledged(said: bytes) -> list[str]:
    """Return the digests that a writer acknowledged; a line that it had not written to its end is none."""
    return [line.split()[1].decode() for line in said.split(b"\n")[:-1] if line.startswith(b"ack ")]


def refused(said: bytes) -> list[str]:
    """Return the messages with which a writer was refused."""
    return [line.decode() for line in said.split(b"\n") if line.startswith(b"refused ")]


def hold(log: AuditLog, digests: list[str]) -> None:
    """Every acknowledged input is in the trail, as often as it was acknowledged, and the trail is whole."""
    with log:
        _hold(log, digests)


def _hold(log: AuditLog, digests: list[str]) -> None:
    there = [record.input_sha256 for record in log.records()]
    assert set(digests) - set(there) == set()
    assert len(digests) <= len(there)
    told = verified(log)
    assert told.is_whole, told.findings
