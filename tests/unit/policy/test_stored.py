"""A policy that was stored is the policy."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from caveat.packs.policies import load_policy, load_policy_text, shipped_packs
from caveat.policy.policy import Policy
from caveat.policy.stored import from_plain, to_plain
from caveat.spec.definition import Content, Context, ContextKind, ExtensionDefinition, Library, Package
from reference.generate import random_case, to_caveat


def again(policy: Policy) -> Policy:
    """Return what comes back from the text of the stored form."""
    return from_plain(json.loads(json.dumps(to_plain(policy))))


@pytest.mark.parametrize("folder", shipped_packs().values(), ids=shipped_packs())
def test_shipped_packs(folder: Path) -> None:
    """All of it, and its digest."""
    policy = load_policy(folder).policy
    assert policy is not None
    assert again(policy) == policy
    assert again(policy).digest == policy.digest


def test_random_policies() -> None:
    """With conditions of every kind, dates, waivers, defaults and what is read."""
    for seed in range(300):
        policy = load_policy_text(to_caveat(random_case(random.Random(seed)).policy)).policy
        assert policy is not None
        assert again(policy) == policy


def test_a_library() -> None:
    """Definitions with all that they hold."""
    part = Content(frozenset({"string"}), needs_value=True, maximum=1)
    known = ExtensionDefinition(
        "https://x.example/a", True, contexts=(Context(ContextKind.FHIRPATH, "a", "4.0"),), content=Content(parts={"b": part})
    )
    library = Library({known.url: known}, (Package("a", "1", "0" * 64),), {"a#1": {known.url: known}})
    policy = Policy("p", "1", library=library)
    assert again(policy) == policy


WRONG: dict[str, Any] = {
    "nothing": None,
    "another format": {"format": "caveat.policy/0", "digest": "", "policy": {}},
    "no policy": {"format": "caveat.policy/1", "digest": "", "policy": {"Period": [None, None]}},
    "an unknown class": {"format": "caveat.policy/1", "digest": "", "policy": {"Popen": ["ls"]}},
    "two classes": {"format": "caveat.policy/1", "digest": "", "policy": {"Policy": [], "Rule": []}},
    "too few fields": {"format": "caveat.policy/1", "digest": "", "policy": {"Policy": []}},
    "no date": {"format": "caveat.policy/1", "digest": "", "policy": {"date": "x"}},
    "no number": {"format": "caveat.policy/1", "digest": "", "policy": {"decimal": "x"}},
    "another digest": {**to_plain(Policy("p", "1")), "digest": "sha256:" + "0" * 64},
    "another rule": to_plain(Policy("p", "1")) | {"policy": to_plain(replace(Policy("q", "1")))["policy"]},
}


@pytest.mark.parametrize("stored", WRONG.values(), ids=WRONG)
def test_what_is_no_stored_policy(stored: Any) -> None:
    """It is a ValueError, whatever it is."""
    with pytest.raises(ValueError, match="no stored policy"):
        from_plain(stored)
