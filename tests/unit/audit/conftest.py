"""The server of the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from caveat import AuditLog
from strategies.server import ABSENT, Server, programs

numbers = count()


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Return a PostgreSQL server, or skip and say so."""
    if programs() is None:
        pytest.skip(ABSENT)
    running = Server()
    yield running
    running.close()


@pytest.fixture
def fresh(server: Server, tmp_path: Path) -> Callable[[], str]:
    """Return a function that makes a database for a trail, and gives its URL."""
    return lambda: server.fresh(f"t{next(numbers)}")


@pytest.fixture
def opened(fresh: Callable[[], str], tmp_path: Path) -> Iterator[Callable[[], AuditLog]]:
    """Return a function that opens a new trail on the server; it is closed when the test is over."""
    logs: list[AuditLog] = []

    def open_one() -> AuditLog:
        logs.append(AuditLog(fresh(), identifier_key=tmp_path / "key"))
        return logs[-1]

    yield open_one
    for log in logs:
        log.close()
