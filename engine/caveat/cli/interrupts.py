"""What Ctrl-C does to the command line: the first ends the command in good order, the second ends the process at once.

Rule 1: the exit code is that of a run that is not complete, and there is no traceback: from `interruptible` on, while it cleans
up, or while Python ends.
Rule 2: to end at once is safe: what is written takes its name only when it is whole.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, Final, NoReturn

FAILURE: Final = 3
"""`exits.Exit.FAILURE`, which is not imported here: a Ctrl-C while Caveat is being imported is one too."""


def interruptible(run: Callable[[], int]) -> int:
    """Return the exit code of `run`, that of an incomplete run when it is interrupted; from then on Ctrl-C ends the process.

    Where whoever started the process has it ignore Ctrl-C (`nohup`, a job in the background), it does.
    """
    is_ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    try:
        if is_ours:
            atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)  # after which Python would let the system kill it
            sys.unraisablehook = _lost
            signal.signal(signal.SIGINT, _first)
        code = run()
    except KeyboardInterrupt:
        sys.stderr.write("caveat: interrupted\n")
        exec("")  # noqa: S102  where a text was being executed, as dataclasses do, CPython would end by a signal; so it forgets
        code = FAILURE
    if is_ours:
        signal.signal(signal.SIGINT, lambda *_: os._exit(code))  # all is said and done: Python only has to end
    return code


def _first(_number: int, _frame: FrameType | None) -> NoReturn:
    """Interrupt what runs, which then cleans up."""
    signal.signal(signal.SIGINT, _again)
    raise KeyboardInterrupt


def _again(_number: int, _frame: FrameType | None) -> NoReturn:
    """End the process: what it is cleaning up may take long, or hang."""
    _end("caveat: interrupted again; what was left to clean up is left")


def _lost(told: Any) -> None:
    """End the process where an interrupt is lost, in a callback of which Python only says that it raised something."""
    if told.exc_type is KeyboardInterrupt:
        _end("caveat: interrupted")
    sys.__unraisablehook__(told)


def _end(saying: str) -> NoReturn:
    os.write(2, f"{saying}\n".encode())
    os._exit(FAILURE)
