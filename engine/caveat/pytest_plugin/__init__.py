"""The pytest plugin: rule tests as tests of pytest, a guard, and what an application reads held to its policy."""

from caveat.pytest_plugin.collecting import pytest_collect_file
from caveat.pytest_plugin.fixtures import caveat_guard, caveat_reads, pytest_runtest_call
from caveat.pytest_plugin.settings import pytest_addoption, pytest_configure

__all__ = [
    "caveat_guard",
    "caveat_reads",
    "pytest_addoption",
    "pytest_collect_file",
    "pytest_configure",
    "pytest_runtest_call",
]
