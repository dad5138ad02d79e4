"""Every input that fuzzing found worth keeping still breaks no promise."""

from __future__ import annotations

from pathlib import Path

import pytest

from fuzz.targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_kept_inputs_break_no_promise(target: str) -> None:
    """The inputs that reach the most code, kept from long runs of the fuzzer, are run one after the other."""
    inputs = sorted((CORPUS / target).iterdir())
    assert len(inputs) > 5, "the corpus of this target is not where it was"
    for path in inputs:
        TARGETS[target](path.read_bytes())
