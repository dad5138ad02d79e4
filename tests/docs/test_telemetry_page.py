"""What the page on telemetry shows is run: its program, and its command."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from strategies.trailing import RULES, patient

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "telemetry.md").read_text(encoding="utf-8")
CHECK = """
from caveat import Guard
from caveat.telemetry.watching import is_watched
Guard.default().check(b"{}")
print(is_watched())
"""


def test_the_program_sets_providers_that_are_found() -> None:
    """As a program does, once, in a process of its own."""
    (block,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    done = subprocess.run([sys.executable, "-c", block + CHECK], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("True\n", "")


def test_the_command_writes_its_log(tmp_path: Path) -> None:
    """Each line on standard error that is an object is one of `caveat.log/1`."""
    assert "CAVEAT_LOG=json caveat check feed/ --policy rules.caveat 2>> caveat.log" in PAGE
    (tmp_path / "feed").mkdir()
    (tmp_path / "feed" / "a.json").write_bytes(patient("unknown"))
    (tmp_path / "rules.caveat").write_text(RULES)
    command = [sys.executable, "-m", "caveat", "check", "feed/", "--policy", "rules.caveat"]
    environment = {"CAVEAT_LOG": "json", "CAVEAT_CACHE": "off"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    lines = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert [(each["schema"], each["event"]) for each in lines] == [
        ("caveat.log/1", "policy.loaded"),
        ("caveat.log/1", "check.held"),
    ]
    assert done.returncode == 1


def test_the_formatter_that_the_page_names_is_there() -> None:
    """For the handlers of whoever uses the library."""
    program = "import caveat.telemetry.log_lines as it; print(it.JsonLines.__mro__[1].__module__)"
    assert "caveat.telemetry.log_lines.JsonLines()" in PAGE
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "logging\n"
