"""A run that cannot begin, or whose input is gone, is said to be incomplete, and leaves nothing behind."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from caveat.bulk import routing
from caveat.bulk.routing import Router
from caveat.bulk.state import Seen, State
from caveat.bulk.writing import Incomplete


def state(source: Path) -> State:
    source.write_bytes(b"{}\n")
    return State({}, [Seen.of(str(source))])


def test_a_run_that_cannot_be_kept_leaves_no_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it cannot be written down how far a run is, it does not begin."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(routing, "save", full)
    with pytest.raises(Incomplete, match="No space left on device"):
        Router(tmp_path / "a", tmp_path / "h", state(tmp_path / "x"), behind=True)
    assert not [each for each in threading.enumerate() if each.name == "caveat-writer"]


def test_an_input_that_is_gone_has_changed(tmp_path: Path) -> None:
    """It was read, but nobody can say that it was read as it was when the run began."""
    source = tmp_path / "x"
    with Router(tmp_path / "a", tmp_path / "h", state(source)) as router:
        source.unlink()
        with pytest.raises(Incomplete, match="x changed while it was read"):
            router.end_source()
