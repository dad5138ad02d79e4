"""Whether a command writes logs, and how: `CAVEAT_LOG` says so, for whoever runs Caveat decides that, not whoever asks.

Rule 1: without it nothing is written, and `logging` is not even imported.
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext

from caveat.domain.errors import UsageError

VARIABLE = "CAVEAT_LOG"


def logging_asked() -> AbstractContextManager[None]:
    """Return the context in which logs are written as `CAVEAT_LOG` asks: `json` or `text`, with `:LEVEL` where it is not info."""
    said = os.environ.get(VARIABLE, "").lower()
    if said in {"", "off"}:
        return nullcontext()
    from caveat.telemetry.log_lines import LEVELS, JsonLines, Words, written  # noqa: PLC0415  only where logs are asked for

    form, _, level = said.partition(":")
    forms = {"json": JsonLines, "text": Words}
    if form not in forms or (level or "info") not in LEVELS or said.endswith(":"):
        raise UsageError(
            f"{VARIABLE}={said!r} means nothing; write json or text, and behind a colon debug, info, warning or error, or off"
        )
    return written(forms[form], LEVELS[level or "info"])
