"""Tests of caveat.judge.location."""

from __future__ import annotations

import pytest

from caveat.judge.location import at_step

SERIES = {"uid": "1", "instance": [{"uid": "2"}, {"uid": "3"}]}


@pytest.mark.parametrize(
    ("step", "expected"),
    [("uid", ("uid", "1")), ("instance[1]", ("instance", {"uid": "3"})), ("instance", ("instance", [*SERIES["instance"]]))],
)
def test_a_step(step: str, expected: tuple[str, object]) -> None:
    """It names a property, and leads to what stands there, or to one of the array."""
    assert at_step(SERIES, step) == expected
