"""The last answers: what waits for a person, and whether the trail itself is whole."""

from __future__ import annotations

from datetime import date

from caveat.audit.proving import cannot, proves
from caveat.audit.report import sums
from caveat.audit.report.material import NO_SOURCE, Material, moment_shown
from caveat.audit.report.sums import MOST
from caveat.formats.answers import Answer, Level, Table, counted


def reviews(material: Material) -> Answer:
    """Answer what waits in review, how old it is, and what was released by whom."""
    held = sums.waiting(material.connection, material.period)
    review = [each for each in held if each.verdict == "review"]
    number, others = sum(each.records for each in review), sum(each.records for each in held if each.verdict != "review")
    listed = tuple((each.source or NO_SOURCE, each.day, _age(material, each.day), each.records, each.first) for each in review)
    done = sums.reviews(material.connection, material.period)
    says = f"{counted(number, 'resource')} {'waits' if number == 1 else 'wait'} for a review"
    says += f", the oldest for {counted(_age(material, review[0].day), 'day')}." if review else "."
    released = sum(each.kind == "release" for each in done)
    more = f"{released:,} released and {len(done) - released:,} declined in the period; "
    more += f"{others:,} more held that no release lets through."
    told = tuple((moment_shown(each.time), each.kind, each.about, each.actor or "", each.reason or "") for each in done)
    return Answer(
        "review",
        "What waits in review, how old is it, and what was released by whom?",
        (says, more),
        (Level.OPEN if not material.seen else Level.CARE if number else Level.GOOD),
        (
            Table(
                "waiting",
                f"Waiting for a review on {material.today}, held before the period too, the oldest first",
                (
                    ("source", "Source"),
                    ("day", "Held on"),
                    ("age", "Age in days"),
                    ("resources", "Resources"),
                    ("record", "First record"),
                ),
                listed[:MOST],
                len(listed),
            ),
            _others(material, held),
            Table(
                "reviews",
                "What persons decided in the period, the newest first",
                (
                    ("time", "When (UTC)"),
                    ("done", "What"),
                    ("record", "Record"),
                    ("by", "By"),
                    ("because", "Because"),
                ),
                told[:MOST],
                len(told),
            ),
        ),
    )


def _others(material: Material, held: list[sums.Waiting]) -> Table:
    """Return what else is held, by verdict and source."""
    found: dict[tuple[str, str], list[int]] = {}
    for each in held:
        if each.verdict != "review":
            told = found.setdefault((each.verdict, each.source or NO_SOURCE), [0, _age(material, each.day)])
            told[0] += each.records
    return Table(
        "held",
        "What else is held, which no release lets through",
        (
            ("verdict", "Verdict"),
            ("source", "Source"),
            ("resources", "Resources"),
            ("age", "Oldest, in days"),
        ),
        tuple((*what, *told) for what, told in sorted(found.items())),
    )


def _age(material: Material, day: str) -> int:
    return (material.today - date.fromisoformat(day)).days


def trail(material: Material) -> Answer:
    """Answer whether the trail is whole and verified."""
    question, told = "Is the trail whole and verified?", material.verification
    if told is None:
        return Answer("trail", question, ("Not checked: this report was asked not to verify the trail.",), Level.OPEN)
    says = (
        f"The trail is whole: {counted(told.records, 'record')} and {counted(told.checkpoints, 'checkpoint')} were verified."
        if told.is_whole
        else f"The trail is not as it was written: {counted(len(told.findings) + told.others, 'finding')}."
    )
    found = tuple((each.sequence, each.message) for each in told.findings)
    tables: tuple[Table, ...] = (
        Table(
            "proven",
            "What that proves, and what it cannot",
            (("what", "In plain words"),),
            tuple((line,) for line in (*proves(told), *cannot(told))),
        ),
    )
    if found:
        tables += (
            Table(
                "changed",
                "What is not as it was written",
                (
                    ("record", "Record"),
                    ("what", "Finding"),
                ),
                found,
                len(found) + told.others,
            ),
        )
    level = Level.STOP if not told.is_whole else Level.GOOD if told.anchored or told.signed else Level.CARE
    return Answer("trail", question, (says,), level, tables)
