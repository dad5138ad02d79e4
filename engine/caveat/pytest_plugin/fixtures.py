"""The fixtures: `caveat_guard`, the guard of the project's policy, and `caveat_reads`, which traces what an application reads.

Rule 1: a test that passed, and in which something was read that the policy does not name, fails: whatever the application
caught on the way.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

import pytest

from caveat.pytest_plugin.settings import policy_of

if TYPE_CHECKING:
    from caveat.guard import Guard
    from caveat.pytest_plugin.tracing import Reads

_GUARDS = pytest.StashKey["dict[str, Guard]"]()
_READS = pytest.StashKey["Reads"]()


@pytest.fixture
def caveat_guard(request: pytest.FixtureRequest) -> Guard:
    """Return the guard of the policy that the marker, the command line or the settings name; each policy is loaded once."""
    from caveat.guard import Guard  # noqa: PLC0415  nothing of Caveat is imported before it is needed

    name = policy_of(request)
    guards = request.config.stash.setdefault(_GUARDS, {})
    if name not in guards:
        guards[name] = Guard.from_files(name)
    return guards[name]


@pytest.fixture
def caveat_reads(request: pytest.FixtureRequest, caveat_guard: Guard) -> Reads:
    """Return what traces a resource: `caveat_reads(study)` is a copy that records which elements the application touches.

    The test fails when it touched one that is neither read by the policy, nor above or below one that is.
    """
    from caveat.pytest_plugin.tracing import Reads  # noqa: PLC0415  nothing of Caveat is imported before it is needed

    reads = Reads(caveat_guard.policy)
    request.node.stash[_READS] = reads
    return reads


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test that passed, but in which something was read that the policy does not name."""
    result = yield
    reads = item.stash.get(_READS, None)
    if reads is not None and reads.outside:
        pytest.fail(reads.told(), pytrace=False)
    return result
