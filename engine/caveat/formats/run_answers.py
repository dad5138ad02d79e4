"""One run as answers for a page: the little sister of the report on a trail, for `check` and for a notebook."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from caveat.domain.decision import Ground, Verdict
from caveat.domain.report import Report
from caveat.formats.answers import Answer, Answers, Leading, Level, Rows, Table, counted, share
from caveat.formats.report_rows import rows
from caveat.formats.words import GROUNDS, SAYS

MOST = 100_000
"""How many decisions a page carries; of more their number is said."""
_LISTED = 500
_COLUMNS = (
    ("record", "Resource"),
    ("input", "Input"),
    ("line", "Line"),
    ("type", "Resource type"),
    ("resource_verdict", "Verdict on it"),
    ("location", "Where"),
    ("url", "Modifier"),
    ("verdict", "Decision"),
    ("ground", "Ground"),
    ("rule", "Rule or waiver"),
    ("because", "Why"),
)


def answers(reports: Iterable[Report]) -> Answers:
    """Return what a run found."""
    verdicts: Counter[Verdict] = Counter()
    urls: Counter[tuple[str | None, str, str]] = Counter()
    kept: list[tuple[str | int | None, ...]] = []
    total, policy, days, unreadable = 0, "none", set(), 0
    for number, report in enumerate(reports, 1):
        verdicts[report.verdict] += 1
        unreadable += any(each.ground is Ground.UNREADABLE for each in report.decisions)
        policy, total = f"{report.policy.name} {report.policy.version} ({report.policy.digest})", total + len(report.decisions)
        days.add(report.date.isoformat())
        for row in rows(report):
            if row[13] is not None:
                urls[None if row[10] is None else str(row[10]), str(row[12]), str(row[13])] += 1
                if len(kept) < MOST:
                    kept.append((number, row[0], row[1], row[2], row[4], row[8], row[10], *row[12:16]))
    seen, stopped = verdicts.total(), sum(each for verdict, each in verdicts.items() if verdict > Verdict.WARN)
    says, level = _verdict(seen, stopped)
    facts = (
        ("Checked", counted(seen, "resource")),
        ("Decided", counted(total, "modifier or fault", "modifiers or faults")),
        ("Not checkable", counted(unreadable, "document")),
        ("Policy", policy),
        ("Judged as on", ", ".join(sorted(days)) or "no day"),
    )
    told = (_outcomes(verdicts), _modifiers(urls))
    return Answers("Check of modifier extensions", says, level, facts, told, Rows(_COLUMNS, tuple(kept), total))


def _verdict(seen: int, stopped: int) -> tuple[str, Level]:
    if not seen:
        return "Nothing was checked.", Level.OPEN
    if stopped:
        return (
            f"{stopped:,} of {counted(seen, 'resource')} ({share(stopped, seen)}) may not be processed as received.",
            Level.STOP,
        )
    return f"All {counted(seen, 'resource')} may be processed as received.", Level.GOOD


def _outcomes(verdicts: Counter[Verdict]) -> Answer:
    seen = verdicts.total()
    listed = tuple((each.word, verdicts[each], share(verdicts[each], seen), SAYS[each]) for each in Verdict)
    columns = (("verdict", "Verdict"), ("resources", "Resources"), ("share", "Share"), ("meaning", "Meaning"))
    table = Table("verdicts", "Resources by verdict", columns, listed)
    level = Level.OPEN if not seen else Level.CARE if any(each > Verdict.WARN for each in verdicts) else Level.GOOD
    return Answer("how-many", "How many resources got which verdict?", (f"{counted(seen, 'resource')} in all.",), level, (table,))


def _modifiers(urls: Counter[tuple[str | None, str, str]]) -> Answer:
    listed = tuple(
        (
            url or "(no url)",
            verdict,
            GROUNDS[Ground(ground)],
            Leading(number, (("url", url or ""), ("verdict", verdict), ("ground", ground))),
        )
        for (url, verdict, ground), number in sorted(urls.items(), key=lambda item: (-item[1], str(item[0])))[:_LISTED]
    )
    columns = (("url", "Modifier"), ("verdict", "Decision"), ("ground", "Why"), ("decisions", "Decisions"))
    table = Table("modifiers", "Modifiers and faults, the most frequent first", columns, listed, len(urls))
    level = Level.CARE if any(row[1] in {"reject", "review", "narrative"} for row in listed) else Level.GOOD
    return Answer(
        "modifiers", "Which modifiers were found, and what was decided?", (f"{len(urls):,} different.",), level, (table,)
    )
