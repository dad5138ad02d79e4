"""Other processes answer in order, have few questions at a time, and are not waited for while there is something to do."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from caveat.bulk import crew
from caveat.bulk.crew import Crew


def answered(question: int) -> tuple[int, int]:
    """Return what was asked, and by which process it was answered."""
    return question, os.getpid()


@pytest.fixture(params=["fork", "spawn"])
def forks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    is_forked: bool = request.param == "fork"
    if is_forked and crew.sys.platform != "linux":
        pytest.skip("nothing is forked here")
    monkeypatch.setattr(crew.threading, "active_count", lambda: 1 if is_forked else 2)
    return is_forked


def test_a_process_has_few_questions_at_a_time(*, forks: bool) -> None:
    """As many as it may, and one where a pipe could be full in both directions; with an answer received there is room again."""
    with Crew(2, 3) as others:
        assert others.give(0) is None
        others.start(answered)
        most = 6 if forks else 2
        assert others.most == most
        given = [others.give(number) for number in range(most + 1)]
        assert given == [0, 1] * (most // 2) + [None]
        assert others._receive(1)[0] == given.index(1)
        assert others.give(100) == 1
        assert others.give(101) is None


@pytest.mark.usefixtures("forks")
def test_answers_come_in_order_whoever_gives_them() -> None:
    """Most by others, some by this process while they have enough."""
    with Crew(2, 2) as others:
        others.start(answered)
        found = list(others.in_order(range(200), others.give, answered, 3))
    assert [each for each, _ in found] == [answer for _, (answer, _) in found] == list(range(200))
    assert len({process for _, (_, process) in found} - {os.getpid()}) == 2


def test_an_answer_is_given_as_soon_as_it_is_there() -> None:
    """Though nothing more than that is asked for, and more may wait."""
    received: list[int] = []

    def asked() -> Iterator[int]:
        for number in range(4):
            yield number
            while not others._pipes[0].has_said() and number not in received:
                os.sched_yield()
            assert len(received) >= number

    with Crew(1, 2) as others:
        others.start(answered)
        for each, _ in others.in_order(asked(), others.give, answered, 10):
            received.append(each)
    assert received == [0, 1, 2, 3]
