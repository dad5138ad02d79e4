"""A second way through a file of lines: all of it in memory, line by line, each judged by itself and written by itself.

Nothing of the bulk layer is used: what that does in blocks, with several processes, by a scan or after an interruption is held
against this.
"""

from __future__ import annotations

from caveat import Guard, Report


def judged(guard: Guard, body: bytes, **options: object) -> list[tuple[int, bytes, Report]]:
    """Return number, bytes and report of each line that has anything on it."""
    lines = body.split(b"\n")
    return [
        (number, line, guard.check(line, form="json", **options))  # type: ignore[arg-type]
        for number, line in enumerate(lines, 1)
        if line.strip(b" \t\r")
    ]


def routed(guard: Guard, body: bytes, **options: object) -> tuple[bytes, bytes]:
    """Return what is accepted of a file, and what is held; an empty line goes where nothing is decided: to what is accepted."""
    accepted, held = [], []
    for line in _lines(body):
        bare = line.removesuffix(b"\n")
        refused = bare.strip(b" \t\r") and not guard.check(bare, form="json", **options).may_process  # type: ignore[arg-type]
        (held if refused else accepted).append(line)
    return b"".join(accepted), b"".join(held)


def _lines(body: bytes) -> list[bytes]:
    """Return the lines of a file with their line feeds."""
    parts = body.split(b"\n")
    return [part + b"\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])
