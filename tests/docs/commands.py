"""Runs the commands of a page, as a shell would: `caveat`, and the few others that a walk through a folder needs."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from caveat.cli.app import run

_FENCE = re.compile(r"^(?P<fence>`{3,})(?P<info>[^`\n]*)\n(?P<text>.*?)^(?P=fence)$", re.MULTILINE | re.DOTALL)


@dataclass
class Shell:
    """A folder, where in it one is, and the exit code of the last command."""

    root: Path
    at: Path = field(init=False)
    code: int = 0

    def __post_init__(self) -> None:
        self.at = self.root

    def answer(self, line: str) -> str:
        """Return what a command line prints, standard error in between, in the order in which it is said."""
        words = shlex.split(line)
        if "&&" in words or "|" in words:
            raise ValueError(f"one command a line: {line}")
        if words[0] == "caveat":
            return self._caveat(words[1:])
        return getattr(self, f"_{words[0]}")(words[1:])

    def _caveat(self, words: list[str]) -> str:
        said, target = io.StringIO(), None
        if len(words) > 2 and words[-2] in {">", ">>"}:
            *words, how, target = words
        before = Path.cwd()
        out = io.StringIO() if target else said
        try:
            os.chdir(self.at)
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(said):
                self.code = run(words)
        finally:
            os.chdir(before)
        if target:
            with (self.at / target).open("a" if how == ">>" else "w", encoding="utf-8") as file:
                file.write(out.getvalue())
        return said.getvalue()

    def _echo(self, words: list[str]) -> str:
        assert words == ["$?"]
        return f"{self.code}\n"

    def _cd(self, words: list[str]) -> str:
        self.at = (self.at / words[0]).resolve()
        assert self.at.is_relative_to(self.root.resolve())
        return ""

    def _mkdir(self, words: list[str]) -> str:
        (self.at / words[0]).mkdir()
        return ""

    def _ls(self, words: list[str]) -> str:
        folder = self.at / words[0] if words else self.at
        return "".join(f"{path.name}\n" for path in sorted(folder.iterdir()))

    def _cat(self, words: list[str]) -> str:
        return "".join((self.at / name).read_text(encoding="utf-8") for name in words)


def acted(page: str, root: Path) -> str:
    """Return a page with what its commands print put under each; blocks that name a file (`file=`) are written first.

    A command stands in a block `console` behind `$ `, and what follows it until the next is its output.
    """
    shell = Shell(root)
    pieces, end = [], 0
    for match in _FENCE.finditer(page):
        pieces.append(page[end : match.start()])
        pieces.append(f"{match['fence']}{match['info']}\n{_done(shell, match['info'], match['text'])}{match['fence']}")
        end = match.end()
    return "".join([*pieces, page[end:]])


def _done(shell: Shell, info: str, text: str) -> str:
    language, _, rest = info.partition(" ")
    name = re.search(r"file=(\S+)", rest)
    if name:
        (shell.at / name[1]).write_text(text, encoding="utf-8")
        return text
    if language != "console":
        return text
    return "".join(f"$ {line}\n{shell.answer(line)}" for line in commands_of(text))


def commands_of(text: str) -> Iterator[str]:
    """Give the command lines of a block."""
    yield from (line.removeprefix("$ ") for line in text.splitlines() if line.startswith("$ "))
