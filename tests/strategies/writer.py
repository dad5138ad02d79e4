"""A program that records checks and says on stdout which are acknowledged, until it is ended: `writer.py URL KEY HOW COUNT`.

HOW is `one` (a check at a time), `many` (groups of lines, with checkpoints in between) or `threads`. COUNT is 0 for no end. Each
line of output is written with one `write`, after the answer: `ack <sha256 of the input>`. Where the trail fails: `refused`.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from hashlib import sha256
from itertools import count, islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from caveat import AuditLog, AuditUnavailable, Guard
from caveat.audit import grouping
from caveat.audit import log as log_module
from strategies.trailing import GUARD, KINDS, patient

log_module.EVERY = 7
grouping.recorded.__defaults__ = (5, 60.0)  # type: ignore[attr-defined]


def documents(name: str) -> Iterator[bytes]:
    return (patient(*KINDS[number % len(KINDS)], identity=f"{name}-{number}") for number in count())


def acknowledge(raw: bytes) -> None:
    os.write(1, f"ack {sha256(raw).hexdigest()}\n".encode())


def one(guard: Guard, name: str, most: int | None) -> None:
    for raw in islice(documents(name), most):
        guard.check(raw)
        acknowledge(raw)


def many(guard: Guard, name: str, most: int | None) -> None:
    for line in guard.ndjson(islice(documents(name), most)):
        acknowledge(line.raw)


def threads(guard: Guard, name: str, most: int | None) -> None:
    started = [threading.Thread(target=one, args=(guard, f"{name}-{number}", most)) for number in range(4)]
    for each in started:
        each.start()
    for each in started:
        each.join()


def main() -> None:
    url, key, how, number = sys.argv[1:]
    try:
        guard = Guard(GUARD.policy, audit=AuditLog(url, identifier_key=key))
        os.write(1, b"ready\n")
        {"one": one, "many": many, "threads": threads}[how](guard, f"{os.getpid()}", int(number) or None)
    except AuditUnavailable as error:
        os.write(1, f"refused {error}\n".encode())


if __name__ == "__main__":
    main()
