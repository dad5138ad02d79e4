"""Run a command again whenever a file that it depends on has changed, until somebody ends it.

Rule 1: files are asked for their time and size, and nothing is installed for that; a file that comes or goes has changed too.
Rule 2: what changed while a run was going on is seen after it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from caveat.cli.exits import Exit, say

_SECONDS = 0.5
_SHOWN = 5
_pause = time.sleep

Stamp = tuple[int, int] | None
"""When a file was changed, in nanoseconds, and its size; None where there is none."""


def watching(run: Callable[[], Exit], files: Callable[[], Collection[Path]], wait: Callable[[float], None] | None = None) -> Exit:
    """Call `run`, and again each time that one of `files` has changed; when it is interrupted return the code of the last run.

    `files` is asked again after every run and at every look, for a run may bring in others.
    """
    code = Exit.FINE
    try:
        while True:
            before = _stamps(files())
            code = run()
            before = {**_stamps(files()), **before}
            say(f"watching {len(before)} files; end with Ctrl-C")
            changed: list[Path] = []
            while not changed:
                (wait or _pause)(_SECONDS)
                changed = _changed(before, _stamps({*files(), *before}))
            more = f" and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else ""
            say(f"\nchanged: {', '.join(map(str, changed[:_SHOWN]))}{more}")
    except KeyboardInterrupt:
        return code


def _stamps(files: Collection[Path]) -> dict[Path, Stamp]:
    """Return what can be seen of each file from outside."""
    return {file: _stamp(file) for file in files}


def _stamp(file: Path) -> Stamp:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _changed(before: Mapping[Path, Stamp], now: Mapping[Path, Stamp]) -> list[Path]:
    """Return the files that are not as they were."""
    return sorted(file for file, stamp in now.items() if before.get(file) != stamp)
