"""The examples run, and show what they say they show."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SHOWN = {
    "demo.py": ["accepted", "reduced", "refused", "The worklist treats a rejected instance as absent", "1 instances go"],
    "intake.py": ["good 201", "one-rejected 201", "unknown 422", '"OperationOutcome"', "2 studies on the worklist"],
    "imaging_ai.py": ["study-unknown []", ".1.1', '2.16"],
    "etl.py": ["accepted 6, held 3"],
    "monthly_audit.py": [
        "9 resources checked, 3 held",
        "caveat-checkpoint/1 trail=",
        "The feed is safe only behind Caveat: 3 of 9 resources",
    ],
    "own_policy.py": ["error[CV103]", "did you mean `contrast-reaction`?", "a person must look at it first"],
}
# These need more than Python.
ELSEWHERE = {"spark_intake.py": "test_spark.py"}


def run(name: str, *arguments: str) -> str:
    """Return what an example prints."""
    command = [sys.executable, str(EXAMPLES / name), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_every_example_is_run() -> None:
    """No example is left out here, or where it is said to be run."""
    assert {path.name for path in EXAMPLES.glob("*.py")} == {*SHOWN, *ELSEWHERE}
    for name, test in ELSEWHERE.items():
        assert name in Path(__file__).with_name(test).read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "shown"), SHOWN.items(), ids=SHOWN)
def test_an_example_shows_what_it_is_for(name: str, shown: list[str], tmp_path: Path) -> None:
    """An example ends well and prints what it is for."""
    printed = run(name, *([str(tmp_path)] if name == "etl.py" else []))
    assert [text for text in shown if text not in printed] == []


def test_routing_loses_nothing(tmp_path: Path) -> None:
    """Every line of the input is in one of the two outputs, byte for byte, and each held one has its reasons."""
    run("etl.py", str(tmp_path))
    accepted = (tmp_path / "accepted.ndjson").read_bytes().splitlines()
    held = (tmp_path / "held.ndjson").read_bytes().splitlines()
    assert sorted(accepted + held) == sorted((EXAMPLES / "data/ImagingStudy.ndjson").read_bytes().splitlines())
    assert len((tmp_path / "reasons.ndjson").read_text().splitlines()) == len(held)


def test_a_monthly_audit_ends_in_a_page_on_a_trail_that_verifies(tmp_path: Path) -> None:
    """From NDJSON to the page: the page says what was held, and that the trail is whole up to the line that was printed."""
    printed = run("monthly_audit.py", "--to", str(tmp_path))
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "The trail is whole" in page
    line = next(line for line in printed.splitlines() if line.startswith("caveat-checkpoint/1 "))
    command = [sys.executable, "-m", "caveat", "audit", "verify", "--audit", str(tmp_path / "audit.db"), "--checkpoint", line]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
