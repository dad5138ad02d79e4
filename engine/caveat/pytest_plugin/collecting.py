"""Tests of rule files as tests of pytest: which files are collected, and how a failure reads.

Rule 1: a rule file is collected where it is named, and in folders only where the project asks for it.
Rule 2: a test stands where it is written, so that `--lf`, `-k` and node ids are as anybody expects.
Rule 3: a rule file that does not load is an error with its diagnostics, and never a file without tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from caveat.pytest_plugin.settings import SUFFIX, collects

if TYPE_CHECKING:
    from caveat.lang.resolved import ResolvedTest
    from caveat.packs.cases import Outcome
    from caveat.packs.policies import LoadedPolicy


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect a rule file that was named, or any where the project asks for it."""
    if file_path.suffix == SUFFIX and (parent.session.isinitpath(file_path) or collects(parent.config)):
        return RuleFile.from_parent(parent, path=file_path)
    return None


class RuleFile(pytest.File):
    """One file of rules or tests."""

    def collect(self) -> Iterator[RuleTest]:
        """Give the tests that stand in this file; those of a rule file that was named are also those in files beside it."""
        from caveat.packs.files import TEST_SUFFIX  # noqa: PLC0415  nothing of Caveat is imported before it is needed

        is_test_file = self.path.name.endswith(TEST_SUFFIX)
        policies = list(_policies_of(self.path)) if is_test_file else [(self.path, _loaded(self.path))]
        taken: set[str] = set()
        for path, loaded in policies:
            for test in loaded.resolved.tests:
                file = path.parent / test.file
                if _same(file, self.path) or (not is_test_file and self._brings_along(file)):
                    name = test.test.name.value if len(policies) == 1 else f"{test.test.name.value} [{path.name}]"
                    name = name if name not in taken else f"{name} (line {test.test.span.line})"
                    taken.add(name)
                    yield RuleTest.from_parent(self, name=name, loaded=loaded, test=test, file=file)

    def _brings_along(self, file: Path) -> bool:
        """Return whether the tests of another file run as this one's: it was not named, and nobody collects it by itself."""
        session = self.session
        return session.isinitpath(self.path) and not session.isinitpath(file) and not collects(self.config)


class RuleTest(pytest.Item):
    """One test of a rule file."""

    def __init__(self, *, loaded: LoadedPolicy, test: ResolvedTest, file: Path, **options: Any) -> None:
        """Keep the policy that is tested, the test, and the file that it stands in."""
        super().__init__(**options)
        self._loaded, self._test, self._file = loaded, test, file

    def runtest(self) -> None:
        """Run the test today; RuleTestFailed where it does not pass."""
        from caveat.asking import day_of  # noqa: PLC0415  nothing of Caveat is imported before it is needed
        from caveat.judge.check import Question  # noqa: PLC0415  as above
        from caveat.packs.cases import first_release, run_test  # noqa: PLC0415  as above

        policy = self._loaded.policy
        assert policy is not None  # noqa: S101  the file was collected
        outcome = run_test(self._test, Question(policy, first_release(policy), day_of(None)), self._loaded.folder)
        if not outcome.passed:
            raise RuleTestFailed(outcome)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return what was expected, what came, and where that is written; anything else is shown as pytest does."""
        if not isinstance(excinfo.value, RuleTestFailed):
            return super().repr_failure(excinfo, style)
        outcome = excinfo.value.outcome
        return f"expected: {outcome.expected}\ngot:      {outcome.got}\n\n{self._file}:{outcome.line}: rule test failed"

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return where the test is written."""
        return self._file, self._test.test.span.line - 1, self.name


class RuleTestFailed(Exception):
    """A rule test whose expectation was not met."""

    def __init__(self, outcome: Outcome) -> None:
        """Keep what came of it."""
        super().__init__(f"{outcome.name}: expected {outcome.expected}, got {outcome.got}")
        self.outcome = outcome


def _policies_of(path: Path) -> Iterator[tuple[Path, LoadedPolicy]]:
    """Give the policies that a test file goes with: the rule file of its name, else every one of its folder."""
    from caveat.packs.files import TEST_SUFFIX  # noqa: PLC0415  nothing of Caveat is imported before it is needed

    own = path.with_name(path.name.removesuffix(TEST_SUFFIX) + SUFFIX)
    beside = [each for each in sorted(path.parent.glob(f"*{SUFFIX}")) if not each.name.endswith(TEST_SUFFIX)]
    found = [own] if own.is_file() else beside
    if not found:
        raise pytest.Collector.CollectError(f"{path} holds tests, and there is no rule file beside it")
    for each in found:
        yield each, _loaded(each)


def _loaded(path: Path) -> LoadedPolicy:
    """Return the policy of a rule file; CollectError with its diagnostics where it has none."""
    from caveat.domain.diagnostic import CODES  # noqa: PLC0415  nothing of Caveat is imported before it is needed
    from caveat.formats.diagnostic import render  # noqa: PLC0415  as above
    from caveat.packs.policies import load_policy  # noqa: PLC0415  as above

    loaded = load_policy(path)
    if loaded.policy is None:
        stopping = [each for each in loaded.diagnostics if CODES[each.code].stops_loading]
        raise pytest.Collector.CollectError("\n\n".join(render(each, loaded.texts) for each in stopping))
    return loaded


def _same(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve()
