"""`caveat diff --replay`: what would be decided now on what past reports say was decided."""

from __future__ import annotations

import gzip
import json
import sys
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO

from caveat.analysis.replay import Replay, Replayed, Told
from caveat.cli.exits import Exit, counted, say
from caveat.cli.options import TextOrJson
from caveat.cli.output import Line, put, write_lines
from caveat.domain.change import Answer
from caveat.domain.decision import Verdict
from caveat.domain.errors import UsageError
from caveat.formats.change import because
from caveat.formats.printable import bounded, printable
from caveat.formats.record import SCHEMA
from caveat.policy.policy import Policy

_ENDS = ("looser", "stricter", "same", "untold")


@dataclass(slots=True)
class Row:
    """Past decisions that would change alike: the first, where it is, and how many there are."""

    told: Told
    first: tuple[str | None, int | None]
    count: int = 0


@dataclass(slots=True)
class Tally:
    """What a replay has met so far: rows, ends of whole reports, reports of other policies, and lines that are none."""

    rows: dict[object, Row] = field(default_factory=dict)
    ends: Counter[str] = field(default_factory=Counter)
    others: Counter[str] = field(default_factory=Counter)
    bad: int = 0


def replayed(
    names: Iterable[str], policies: tuple[Policy, Policy], today: date, form: TextOrJson, fail_on: StrEnum | None
) -> Exit:
    """Decide the reports in the files `names` again, and say what would change."""
    replay, tally = Replay(*policies, today), Tally()
    for name in names:
        for number, line in _lines(name):
            record = _record(line)
            if record is None:
                tally.bad += 1
                say(f"caveat: {name}:{number} is no line of the form {SCHEMA}")
                continue
            _count(tally, record, replay.record(record), policies[0])
    rows = sorted(tally.rows.values(), key=_order)
    _write(rows, form)
    return _conclude(tally, today, fail_on)


# reading


def _lines(name: str) -> Iterator[tuple[int, bytes]]:
    """Give the lines of a file of reports, numbered; UsageError when it cannot be read."""
    try:
        with _opened(name) as file:
            yield from ((number, line) for number, line in enumerate(file, 1) if line.strip())
    except (OSError, EOFError, zlib.error) as error:
        raise UsageError(f"{name} cannot be read: {getattr(error, 'strerror', None) or 'it is damaged'}") from None


def _opened(name: str) -> BinaryIO:
    if name == "-":
        return sys.stdin.buffer
    return gzip.open(name) if name.endswith(".gz") else Path(name).open("rb")  # type: ignore[return-value]


def _record(line: bytes) -> dict[str, Any] | None:
    """Return the report that a line is, None when it is none."""
    try:
        record = json.loads(line)
    except ValueError:
        return None
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        return None
    from pydantic import ValidationError  # noqa: PLC0415  only where reports are read

    from caveat.formats.schema import ReportRecord  # noqa: PLC0415  as above

    try:
        ReportRecord.model_validate(record)
    except ValidationError:
        return None
    return record


# counting


def _count(tally: Tally, record: Mapping[str, Any], found: Replayed, old: Policy) -> None:
    """Add one report."""
    tally.ends[_end(found.then, found.now)] += 1
    if record["policy"]["digest"] != old.digest:
        tally.others[f"{record['policy']['name']} {record['policy']['version']}"] += 1
    for told in found.decisions:
        end = _end(told.then.verdict, told.now.verdict if told.now else None)
        if end != "same":
            key = (told.then, told.now, told.path, told.slot, told.url, told.value_type)
            tally.rows.setdefault(key, Row(told, (record["input"], record["line"]))).count += 1


def _end(then: Verdict, now: Verdict | None) -> str:
    if now is None:
        return "untold"
    return "same" if then is now else "looser" if now < then else "stricter"


def _order(row: Row) -> tuple[object, ...]:
    end = _end(row.told.then.verdict, row.told.now.verdict if row.told.now else None)
    return _ENDS.index(end), -row.count, row.told.url or "", row.told.path or "", str(row.told)


# writing


def _write(rows: list[Row], form: TextOrJson) -> None:
    if form is TextOrJson.JSON:
        for row in rows:
            put(json.dumps(_json(row)))
        return
    write_lines((line for row in rows for line in _text(row)), sys.stdout)


def _json(row: Row) -> dict[str, Any]:
    """Return a row in its wire form, `caveat.replay/1`."""
    told = row.told
    return {
        "schema": "caveat.replay/1",
        "change": _end(told.then.verdict, told.now.verdict if told.now else None),
        "old": _answer(told.then),
        "new": _answer(told.now) if told.now else None,
        "path": told.path,
        "slot": told.slot,
        "url": told.url,
        "value_type": told.value_type,
        "count": row.count,
        "first": {"input": row.first[0], "line": row.first[1], "location": told.location},
    }


def _answer(answer: Answer) -> dict[str, Any]:
    ground = None if answer.ground is None else str(answer.ground)
    return {"verdict": answer.verdict.word, "ground": ground, "rule": answer.rule}


def _text(row: Row) -> Iterator[Line]:
    """Give a row as text: how many, what, what became of it, and the first."""
    told = row.told
    url = f"`{printable(told.url)}`" if told.url is not None else "what has no url"
    now = (told.now.verdict.word, told.now.verdict.word) if told.now else ("cannot be told", "faint")
    head: Line = [(f"{row.count:>6}  {url} on {printable(told.path or 'the document')}: ", "")]
    yield [*head, (told.then.verdict.word, told.then.verdict.word), (" -> ", ""), now]
    after = f"; after: {because(told.now)}" if told.now else "; it depends on a value, which reports do not hold"
    yield [(f"        before: {because(told.then)}{after}", "faint")]
    line = f":{row.first[1]}" if row.first[1] is not None else ""
    yield [(f"        first: {printable(row.first[0] or '')}{line} {bounded(printable(told.location or ''))}", "faint")]


def _conclude(tally: Tally, today: date, fail_on: StrEnum | None) -> Exit:
    """Say how many reports there were and what would become of them."""
    total = sum(tally.ends.values())
    told = f"{tally.ends['same']:,} the same, {tally.ends['looser']:,} looser, {tally.ends['stricter']:,} stricter"
    say(f"{counted(total, 'report')} decided again as on {today}: {told}, {tally.ends['untold']:,} cannot be told")
    for name, count in sorted(tally.others.items()):
        say(f"note: {counted(count, 'report')} are of another policy than OLD: {printable(name)}")
    if tally.bad or not total:
        return Exit.USAGE
    fails = tally.ends["looser"] if fail_on == "looser" else tally.ends["looser"] + tally.ends["stricter"] if fail_on else 0
    return Exit.FINDINGS if fails else Exit.FINE
