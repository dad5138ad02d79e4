"""Objects go from one process to another, whole and in order, and who waits for nobody is told."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from caveat.bulk.channel import End, channel

_MANY = 1_000_000  # bytes, more than a pipe holds
FORKS = multiprocessing.get_context("fork") if sys.platform == "linux" else None
needs_fork = pytest.mark.skipif(FORKS is None, reason="bells are of Linux, where processes are forked")


def _echo(end: End, other: End) -> None:
    other.close()
    while (what := end.receive()) is not None:
        end.send(what)


@contextmanager
def _echoing(*, has_bells: bool) -> Iterator[End]:
    assert FORKS is not None
    here, there = channel(FORKS, has_bells=has_bells)
    process = FORKS.Process(target=_echo, args=(there, here))
    process.start()
    there.close()
    yield here
    here.close()
    process.join(10)
    assert process.exitcode is not None


@needs_fork
@pytest.mark.parametrize("has_bells", [False, True])
def test_what_is_sent_comes_back_in_order(*, has_bells: bool) -> None:
    """Whether there are bells or not, objects arrive in order, those larger than what a pipe holds among them."""
    sent = [1, "two", b"x" * _MANY, 4]
    with _echoing(has_bells=has_bells) as end:
        came = []
        for what in sent:
            end.send(what)
            came.append(end.receive())
        end.send(None)
    assert came == sent


@needs_fork
@pytest.mark.parametrize("has_bells", [False, True])
def test_what_waits_already_is_not_missed(*, has_bells: bool) -> None:
    """Objects that came before anybody waited are all received, though their bells rang together."""
    with _echoing(has_bells=has_bells) as end:
        for what in range(50):
            end.send(what)
        assert [end.receive() for _ in range(50)] == list(range(50))
        end.send(None)


@needs_fork
@pytest.mark.parametrize("has_bells", [False, True])
def test_who_waits_for_a_process_that_has_ended_is_told(*, has_bells: bool) -> None:
    """A process that is gone is an EOFError or an OSError for who waits, never a wait without end."""
    with _echoing(has_bells=has_bells) as end:
        end.send(None)
        with pytest.raises((EOFError, OSError)):
            end.receive()


@needs_fork
def test_an_end_that_is_closed_leaves_the_other_its_bells() -> None:
    """Each end has what it closes: one that is closed does not silence the other, which is told that nobody is there."""
    here, there = channel(FORKS, has_bells=True)
    there.close()
    with pytest.raises(BrokenPipeError):
        here.send(1)
    here.close()
