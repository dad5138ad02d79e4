"""The page of requirements says what is proven, and by which test."""

from __future__ import annotations

import pytest

from docs.requirements_page import _numbers, proofs, requirements


def test_every_requirement_is_proven_or_says_why_not() -> None:
    """A requirement has a test that names it, or a reason why no test can; never both, never neither."""
    proven = proofs()
    assert {number for number, each in requirements().items() if bool(proven.get(number)) == ("left" in each)} == set()


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("it is so (MX-20)", {20}),
        ("MX-60 to MX-63", {60, 61, 62, 63}),
        ("MX-77 to 79", {77, 78, 79}),
        ("(MX-36, 37)", {36, 37}),
        ("MX-02 and MX-10", {2, 10}),
        ("20 times", set()),
    ],
)
def test_requirements_are_named_in_several_ways(text: str, numbers: set[int]) -> None:
    """Singly, in a list, or from one to another."""
    assert _numbers(text) == numbers
