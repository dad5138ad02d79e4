"""What a project says to the plugin: whether rule tests are collected, and by which policy its application is guarded.

Rule 1: a project that says nothing is left alone: the plugin is there wherever Caveat is installed.
Rule 2: nothing of Caveat is imported before a test asks for it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

MARKER = "caveat_policy"
SUFFIX = ".caveat"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options `--caveat` and `--caveat-policy`, and the settings that stand for them."""
    group = parser.getgroup("caveat", "rules about FHIR modifier extensions")
    group.addoption("--caveat", action="store_true", help="Collect the tests of rule files (*.caveat) in folders too.")
    group.addoption("--caveat-policy", metavar="RULES", help="The policy of `caveat_guard`: a rule file, folder or shipped pack.")
    parser.addini("caveat_collect", "Collect the tests of rule files (*.caveat) in folders too.", type="bool", default=False)
    parser.addini("caveat_policy", "The policy of `caveat_guard`: a rule file, folder or shipped pack.", default="")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker `caveat_policy` known."""
    config.addinivalue_line("markers", f"{MARKER}(rules): the policy of `caveat_guard`, a rule file, folder or shipped pack.")


def collects(config: pytest.Config) -> bool:
    """Return whether rule files in folders are collected, and not only those that are named."""
    return bool(config.getoption("--caveat") or config.getini("caveat_collect"))


def policy_of(request: pytest.FixtureRequest) -> str:
    """Return the policy that guards a test: that of its marker, else of the command line, else of the settings."""
    config = request.config
    for name, folder in _named(request):
        here = folder / name
        return str(here) if here.exists() else name
    raise pytest.UsageError(
        f"`caveat_guard` has no policy: write `caveat_policy = rules/intake.caveat` into {config.inipath or 'pytest.ini'}, "
        f'mark the test with `@pytest.mark.{MARKER}("...")`, or pass --caveat-policy'
    )


def _named(request: pytest.FixtureRequest) -> Iterator[tuple[str, Path]]:
    """Give the policies that were named, each with the folder from which its path is told: the first one counts."""
    config, marker = request.config, request.node.get_closest_marker(MARKER)
    if marker is not None:
        if len(marker.args) != 1 or marker.kwargs:
            raise pytest.UsageError(f'the marker takes one policy: `@pytest.mark.{MARKER}("rules/intake.caveat")`')
        yield str(marker.args[0]), config.rootpath
    if config.getoption("--caveat-policy"):
        yield str(config.getoption("--caveat-policy")), config.invocation_params.dir
    if config.getini("caveat_policy"):
        yield str(config.getini("caveat_policy")), config.inipath.parent if config.inipath is not None else config.rootpath
