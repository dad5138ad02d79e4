"""Arrow, strict and by scan, says of random documents in one batch what `check` says of each; a scan misses nothing.

Each case is a random policy, and a batch of the documents that it and seven others were made for.
"""

from __future__ import annotations

import json
import random

from hypothesis import given
from hypothesis import strategies as st

from caveat import Guard
from reference.generate import random_case, to_caveat
from strategies.batches import differences

BATCH = 8


@given(st.integers(0, 2**48))
def test_random_documents_are_judged_as_check_does(seed: int) -> None:
    """No difference, and nothing missed, for any seed of the generator that the reference is compared with too."""
    rng = random.Random(seed)
    cases = [random_case(rng) for _ in range(BATCH)]
    rows = [json.dumps(case.document, default=float).encode() for case in cases if case.wire == "fhir"]
    guard = Guard.from_text(to_caveat(cases[0].policy))
    assert differences(rows, guard, release=cases[0].release, intent=cases[0].intent) == []
