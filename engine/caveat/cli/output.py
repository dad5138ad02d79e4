"""Where a command's data goes: standard output, or a file that is written whole or not at all; in colour only on a terminal."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from caveat.domain.errors import UsageError
from caveat.formats.text import plain

Line = Sequence[tuple[str, str]]
"""A line of text in segments: the text of each, and the name of its style."""

_STYLES = {
    "clear": "green",
    "accept": "green",
    "warn": "yellow",
    "exclude": "yellow",
    "narrative": "magenta",
    "review": "magenta",
    "reject": "bold red",
    "place": "bold",
    "url": "cyan",
    "rule": "bold",
    "faint": "dim",
    "draft": "green",
}


@contextmanager
def opened(target: str | None) -> Iterator[TextIO]:
    """Open standard output, or a file that takes its name only when everything was written."""
    if target is None or target == "-":
        yield sys.stdout
        return
    with whole(Path(target)) as file:
        yield file


def spare(inputs: Iterable[str], output: str | None) -> None:
    """Refuse to write over an input."""
    if output is None or not Path(output).exists():
        return
    if any(Path(name).exists() and Path(name).samefile(output) for name in inputs):
        raise UsageError(f"{output} is an input; nothing is written over it")


@contextmanager
def whole(path: Path) -> Iterator[TextIO]:
    """Open a file to be written in place of `path`, and put it there when nothing went wrong; UsageError when it cannot be.

    A device or a pipe is written to as it is, and a symbolic link stays one: neither may be replaced by a file.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        with _as_it_is(path) as file:
            yield file
        return
    path = path.resolve() if path.is_symlink() else path
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from None
    try:
        with open(handle, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:  # noqa: PTH123  a handle
            yield file
        os.chmod(name, path.stat().st_mode if path.exists() else 0o666 & ~_umask())  # noqa: PTH101  a name from mkstemp
        os.replace(name, path)  # noqa: PTH105  as above
    except BaseException:
        with suppress(OSError):
            os.unlink(name)  # noqa: PTH108  as above
        raise


@contextmanager
def _as_it_is(path: Path) -> Iterator[TextIO]:
    """Open what is no file, and so cannot be written whole or not at all."""
    try:
        file = path.open("w", encoding="utf-8", errors="backslashreplace", newline="\n")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from None
    with file:
        yield file


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def put(text: str, file: TextIO | None = None) -> None:
    """Write a line on standard output, or on `file`."""
    (file or sys.stdout).write(f"{text}\n")


def is_coloured(file: TextIO) -> bool:
    """Return whether what is written to `file` is in colour: it is a terminal, and NO_COLOR is not set."""
    return file.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def write_lines(lines: Iterable[Line], file: TextIO) -> None:
    """Write lines of segments, in colour where `file` has it."""
    if not is_coloured(file):
        file.write("".join([f"{plain(line)}\n" for line in lines]))
        return
    from rich.console import Console  # noqa: PLC0415  slow to import, and seldom needed
    from rich.text import Text  # noqa: PLC0415  as above

    console = Console(file=file, soft_wrap=True, highlight=False, markup=False)
    for line in lines:
        console.print(Text.assemble(*((text, _STYLES.get(style, "")) for text, style in line)))
