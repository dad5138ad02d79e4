"""What the exit code of every command says, and how whatever goes wrong becomes one.

Rule 1: 0 everything may be processed, or no finding; 1 something may not, or findings; 2 usage, rule file, missing input or
nothing to do; 3 an internal or audit failure, or an incomplete run.
Rule 2: an internal failure prints one line without data; CAVEAT_DEBUG=1 shows the traceback as well.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Callable
from enum import IntEnum
from functools import wraps
from typing import ParamSpec

import typer

from caveat.domain.errors import AuditUnavailable, CaveatError

P = ParamSpec("P")
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Exit(IntEnum):
    """The exit codes; of several that apply the highest is given."""

    FINE = 0
    FINDINGS = 1
    USAGE = 2
    FAILURE = 3


def say(message: str) -> None:
    """Print a message on stderr."""
    sys.stderr.write(f"{message}\n")


def counted(number: int, what: str) -> str:
    """Return a number with what it counts, in the plural where there are several: `3 resources`."""
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def fault(error: BaseException, doing: str) -> Exit:
    """Say that something failed inside Caveat while `doing`, by the kind of the error only: its words may quote data."""
    say(f"caveat: internal fault while {doing} ({type(error).__name__}); set CAVEAT_DEBUG=1 to see where")
    if os.environ.get("CAVEAT_DEBUG") == "1":
        traceback.print_exception(error)
    return Exit.FAILURE


def answering(command: Callable[P, Exit]) -> Callable[P, None]:
    """Wrap a command so that typer ends with the exit code it returns, and with the right one when it raises."""

    @wraps(command)
    def answered(*args: P.args, **options: P.kwargs) -> None:
        code = _code_of(lambda: command(*args, **options), command.__name__)
        if code:
            raise typer.Exit(int(code))

    return answered


def _code_of(command: Callable[[], Exit], name: str) -> Exit:
    try:
        code = command()
        sys.stdout.flush()
    except AuditUnavailable as error:
        say(f"caveat: {error}")
        return Exit.FAILURE
    except CaveatError as error:
        say(f"caveat: {error}" if "\n" not in str(error) else str(error))
        return Exit.USAGE
    except BrokenPipeError:
        # Whoever read has seen enough; what is still buffered must not raise again when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.FAILURE
    except OSError as error:
        if error.errno not in _FULL:
            return fault(error, f"running `{name}`")
        say(f"caveat: cannot write what there is to say: {error.strerror}")
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # as above
        return Exit.FAILURE
    except KeyboardInterrupt:
        say("caveat: interrupted")
        return Exit.FAILURE
    except (typer.Exit, typer.BadParameter):
        raise
    except Exception as error:  # noqa: BLE001  rule 2
        return fault(error, f"running `{name}`")
    return code
