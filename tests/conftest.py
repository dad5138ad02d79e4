"""What every test may ask for: the third-party material beside the checkout, and the number of cases that properties try.

`CAVEAT_CASES` is the number of cases for each property. In CI (`CI` is set) the cases are the same in every run.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Generator

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT / ".." / "shared"
ABSENT = "../shared IS ABSENT: this test needs third-party material that stands beside the checkout"

_PASSING = re.compile(r"- (\d+) passing")

os.environ["CAVEAT_CACHE"] = "off"  # nothing of one run is left for the next; tests of the cache name a folder of their own

os.environ.pop("CAVEAT_LOG", None)  # what a command says is what a test looks at

settings.register_profile(
    "caveat",
    max_examples=int(os.environ.get("CAVEAT_CASES", "100")),
    deadline=None,  # a slow machine is no fault of the engine
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.load_profile("caveat")


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of third-party material, or skip and say so."""
    if not SHARED.is_dir():
        pytest.skip(ABSENT)
    return SHARED


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep with each property how many cases it really tried: a small space is exhausted before its number is reached."""
    report = yield
    if report.when == "call" and hasattr(item, "hypothesis_statistics"):
        tried = sum(int(number) for number in _PASSING.findall(item.hypothesis_statistics))
        report.user_properties.append(("cases", tried))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was not tested for want of ../shared, and how many cases the properties tried."""
    skipped = [report for report in terminalreporter.getreports("skipped") if "../shared" in str(report.longrepr)]
    terminalreporter.write_line(f"skipped for want of ../shared: {len(skipped)}", yellow=bool(skipped), bold=bool(skipped))
    finished = terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
    cases = [number for report in finished for name, number in report.user_properties if name == "cases"]
    if cases:
        terminalreporter.write_line(f"{len(cases)} properties tried {sum(cases):,} cases")
