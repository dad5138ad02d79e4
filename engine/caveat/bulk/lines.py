"""The lines of a file, or of whatever gives lines, each with its report: what `Guard.ndjson` gives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import cast

from caveat.bulk.judging import Plan, judged_line
from caveat.bulk.processes import parts
from caveat.bulk.streams import Stream, opened
from caveat.documents import Kind, kind_of
from caveat.domain.errors import UsageError
from caveat.domain.report import Report as Told
from caveat.intake.ndjson import documents
from caveat.intake.reading import Form
from caveat.judge.check import judge_tree
from caveat.results import Line, Report
from caveat.telemetry.watching import watching


def lines_asked(plan: Plan, lines: str | Path | Iterable[bytes], workers: int) -> Iterator[Line]:
    """Give each line that holds anything with its report; UsageError where the call means nothing."""
    asked: object = workers
    if not isinstance(asked, int) or isinstance(asked, bool) or workers < 1:
        raise UsageError(f"`workers` is how many processes judge, 1 or more, not {workers!r}")
    if isinstance(lines, (str, Path)):
        return _of_file(plan, Path(lines), workers)
    if workers > 1:
        raise UsageError("several workers share a file, and these are lines; pass the file's name")
    return _of_lines(plan, lines)


def _of_file(plan: Plan, path: Path, workers: int) -> Iterator[Line]:
    """Give each line of a file; at the end what stands for a file that could not be read to its end."""
    if kind_of(str(path)) is Kind.ARCHIVE:
        raise UsageError(f"{path} is an archive, not lines; unpack it first, or let `caveat check` read it")
    limit = plan.question.limits.bytes + 1
    with opened(path) as file:
        stream = Stream(str(path), file, plan.question.limits)
        for block, part in parts(plan, stream, workers):
            for told in part.told:
                raw = bytes(block.view[told.start : min(told.end, told.start + limit)])
                yield Line(told.line, raw, Report.of_line(cast("Told", told.report), plan.question.limits))
        if stream.fault is not None:
            with watching("caveat.check") as seen:
                judged = judge_tree(plan.question, stream.fault, "document")
                seen.told(judged.report)
            yield Line(None, b"", Report.of(judged))


def _of_lines(plan: Plan, lines: Iterable[bytes]) -> Iterator[Line]:
    for number, raw in documents(map(_checked, lines), plan.question.limits.bytes):
        with watching("caveat.check") as seen:
            told = judged_line(plan, raw, number)
            seen.told(told, Form.JSON)
        yield Line(number, raw, Report.of_line(told, plan.question.limits))


def _checked(line: bytes) -> bytes:
    if not isinstance(line, bytes):
        raise UsageError(f"`ndjson` reads lines of bytes, not of {type(line).__name__}; open the file with `rb`")
    return line
