"""How far a routed run is, kept beside its outputs so that a killed run can go on.

Rule 1: what is written down was durable before: outputs are synced first, then the state takes its name in one step.
Rule 2: a run goes on only as the same run: another policy, other options or a changed input are refused, never mixed.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from caveat.domain.errors import UsageError

SCHEMA: Final = "caveat.resume/1"
DRAFT: Final = ".new"
"""What is put behind the name of a state while it is written."""


@dataclass(frozen=True, slots=True)
class Seen:
    """An input as it was when the run began: its name, and what changes when it is written to."""

    name: str
    size: int
    modified: int
    inode: int

    @classmethod
    def of(cls, name: str) -> Seen:
        """Look at the file `name`; OSError where there is none."""
        found = Path(name).stat()
        return cls(name, found.st_size, found.st_mtime_ns, found.st_ino)


@dataclass(slots=True)
class State:
    """How far a run is. `asked` names policy and options; `source`, `offset` and `line` say where the next block begins.

    `taken` counts the bytes read of all inputs, `sizes` those of each output, `added` the line feeds that the inputs lacked; of
    the outputs in `unended` the last line lacks its own. `tally` counts documents by verdict. `recorded` is the last record in
    an audit trail that the run made or began behind, None without a trail. `is_written`: all is in the outputs, and only their
    names are to be given.
    """

    asked: dict[str, Any]
    inputs: list[Seen]
    source: int = 0
    offset: int = 0
    line: int = 1
    taken: int = 0
    added: int = 0
    sizes: dict[str, int] = field(default_factory=dict)
    unended: list[str] = field(default_factory=list)
    tally: dict[str, int] = field(default_factory=dict)
    recorded: int | None = None
    is_written: bool = False


def load(path: Path) -> State | None:
    """Return the state that `path` holds, None where there is none; UsageError where it holds something else."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        if told.pop("schema") != SCHEMA:
            raise UsageError(f"{path} is from another version of Caveat; begin again without --resume")
        return State(**{**told, "inputs": [Seen(**each) for each in told["inputs"]]})
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UsageError(f"{path} says nothing of how far a run was; begin again without --resume") from None


def save(path: Path, state: State) -> None:
    """Write `state` down durably, whole or not at all."""
    draft = path.with_name(path.name + DRAFT)
    with draft.open("w", encoding="utf-8") as file:
        json.dump({"schema": SCHEMA, **asdict(state)}, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_folder(path)


def sync_folder(path: Path) -> None:
    """Make the names in the folder of `path` durable, where folders can be opened."""
    if os.name == "nt":
        return
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def refuse_another(state: State, asked: dict[str, Any], inputs: list[Seen]) -> None:
    """Raise UsageError unless `state` is of a run over the same inputs, under the same policy and options."""
    for name, value in asked.items():
        if state.asked.get(name) != value:
            raise UsageError(
                f"the run that was interrupted had another {name}; resume it with that, or begin again without --resume"
            )
    if [each.name for each in state.inputs] != [each.name for each in inputs]:
        raise UsageError("the run that was interrupted had other inputs; name the same, or begin again without --resume")
    changed = next((was.name for was, now in zip(state.inputs, inputs, strict=True) if was != now), None)
    if changed is not None:
        raise UsageError(f"{changed} has changed since the run was interrupted; begin again without --resume")
