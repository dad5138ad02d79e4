"""The report says what the trail has: held against a second way of counting, and against what a trail lacks."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from caveat import AuditLog, UsageError
from caveat.audit.report.checklist import POINTS
from caveat.audit.report.making import QUESTIONS, Asked, report_of
from caveat.audit.report.period import period
from caveat.audit.report.rows import EXPORTED, exported
from caveat.formats.answers import Answer, Answers, Leading, plain
from caveat.formats.answers_text import _words, to_json, to_markdown
from caveat.formats.spreadsheet import cell, write_rows
from reference.report import counted as counted_plainly
from strategies.feeding import DAYS, FIRST, recorded
from strategies.server import Server
from strategies.trailing import DAY, GUARD, filled, patient


def told(log: AuditLog, **asked: Any) -> Answers:
    with log.reading() as connection:
        return report_of(connection, Asked(**asked), log.facts.id)


def answer(report: Answers, key: str) -> Answer:
    return next(each for each in report.answers if each.key == key)


def listed(report: Answers, key: str) -> list[dict[str, Any]]:
    table = next(each for each in report.tables() if each.key == key)
    return [dict(zip([name for name, _ in table.columns], map(plain, row), strict=True)) for row in table.rows]


def shown(report: Answers) -> dict[str, object]:
    """Return the numbers of a report in the shape of the reference, what is 0 left out."""
    paths: dict[tuple[str, str, str], int] = {}
    for row in listed(report, "paths"):
        key = (row["path"], row["url"], row["read"].partition(":")[0])
        paths[key] = paths.get(key, 0) + row["decisions"]
    rules: dict[tuple[str, str, str], int] = {}
    for row in listed(report, "rules"):
        key = (row["rule"], row["verdict"], row["url"])
        rules[key] = rules.get(key, 0) + row["decisions"]
    return {
        "outcomes": {row["what"]: row["resources"] for row in listed(report, "outcomes") if row["resources"]},
        "unknown": {row["url"]: row["decisions"] for row in listed(report, "unknown-urls")},
        "sources": {row["source"]: row["unknown"] for row in listed(report, "by-source") if row["unknown"]},
        "paths": paths,
        "affected": {row["url"]: row["checks"] for row in listed(report, "affected")},
        "rules": rules,
    }


@pytest.fixture(scope="module")
def feed(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AuditLog]:
    with recorded(shared / "corpus" / "bulk", tmp_path_factory.mktemp("feed") / "feed.db") as log:
        yield log


@pytest.mark.parametrize(("first", "days"), [(0, DAYS), (45, 45), (0, 1), (89, 1), (30, 20), (60, 400)])
def test_the_numbers_are_those_of_a_plain_count(feed: AuditLog, first: int, days: int) -> None:
    """Whatever the period: verdicts, unknown urls, sources, paths, resources and rules are as often as records say."""
    since, until = FIRST + timedelta(days=first), FIRST + timedelta(days=first + days - 1)
    report = told(feed, since=since, until=until, verifies=False)
    assert shown(report) == counted_plainly(feed, since, until)
    assert report.rows.total == sum(len(each.decisions) for each in feed.records(since=since, until=until))


def test_each_number_is_as_many_as_its_rows(feed: AuditLog) -> None:
    """Whatever leads to rows has as many decisions, or as many records, among the rows that go with the report."""
    report = told(feed, since=FIRST, verifies=False)
    keys = [key for key, _ in report.rows.columns]
    leading = [
        each for table in report.tables() for row in table.rows for each in row if isinstance(each, Leading) and each.where
    ]
    assert len(leading) > 80
    for each in leading:
        wanted: dict[str, set[str]] = {}
        for key, value in each.where:
            wanted.setdefault(key, set()).add(value)
        found = [
            row for row in report.rows.rows if all(str(row[keys.index(key)] or "") in values for key, values in wanted.items())
        ]
        assert each.value in {len(found), len({row[0] for row in found})}, each


def test_a_report_has_fifteen_answers_and_ten_points(feed: AuditLog) -> None:
    """Each question once, in order; each answer has a sentence; of the ten points those that a trail cannot show stay open."""
    report = told(feed, verifies=False)
    assert len({each.question for each in report.answers}) == len(QUESTIONS) == 15
    assert all(each.says and all(each.says) for each in report.answers)
    assert [each.number for each in report.checklist] == list(range(1, 11))
    assert len(POINTS) == 10
    assert [each.number for each in report.checklist if each.evidence is None] == [8, 9, 10]


def test_what_nobody_checked_is_never_nought(feed: AuditLog) -> None:
    """A trail that was not verified, a policy whose text was not kept and a period without a record are open, not in order."""
    report = told(feed, verifies=False)
    assert (answer(report, "trail").level, answer(report, "trail").says[0][:11]) == ("open", "Not checked")
    empty = told(feed, since=date(2020, 1, 1), until=date(2020, 1, 31))
    assert "Nobody can tell" in empty.says
    assert {each.key for each in empty.answers if each.level == "good"} <= {"trail"}
    assert {each.evidence for each in empty.checklist} == {None}


def test_without_the_text_of_a_policy_nothing_is_said_of_its_rules(tmp_path: Path) -> None:
    """Owner, assessment and what is read are `not checked`: null in JSON, said so in Markdown."""
    with AuditLog(tmp_path / "a.db") as log:
        log.record(GUARD.check(patient("understand"), today=DAY))
        report = told(log)
    assert [(row["owner"], row["assessed"]) for row in listed(report, "rules")] == [(None, None)]
    assert [row["read"] for row in listed(report, "paths")] == [None]
    assert answer(report, "waivers").level == "open"
    assert '"read": null' in to_json(report)
    assert "*not checked*" in to_markdown(report)


def test_a_change_of_the_trail_is_the_first_thing_that_is_said(tmp_path: Path) -> None:
    """When a record was changed, the verdict on the feed is that nobody can tell."""
    with filled(tmp_path / "a.db", tmp_path, 40) as log:
        log.close()
        with closing(sqlite3.connect(tmp_path / "a.db")) as database, database:
            database.execute("DROP TRIGGER decisions_no_update")
            database.execute("UPDATE decisions SET verdict = 'accept' WHERE verdict = 'reject'")
        report = told(log)
    assert report.says == "Nobody can tell whether the feed is safe: the trail is not as it was written."
    assert (report.level, answer(report, "trail").level) == ("stop", "stop")


def test_what_was_reviewed_waits_no_longer(tmp_path: Path) -> None:
    """A release and a decline take what they are about off what waits, and are told with who and why."""
    with filled(tmp_path / "a.db", tmp_path, 40) as log:
        held = [each.record.sequence for each in log.held() if each.record.verdict == "review"]
        before = sum(row["resources"] for row in listed(told(log), "waiting"))
        assert before == len(held)
        log.decline(held[0], by="dr. no", because="no")
        report = told(log)
    assert sum(row["resources"] for row in listed(report, "waiting")) == before - 1
    assert [(row["by"], row["done"]) for row in listed(report, "reviews")] == [("dr. no", "decline"), ("dr. who", "release")]


def test_an_empty_trail_and_a_period_backwards_are_misuse(tmp_path: Path) -> None:
    """There is nothing to report of no record, and no period that ends before it begins."""
    with AuditLog(tmp_path / "a.db") as log, pytest.raises(UsageError, match="no record yet"):
        told(log)
    with pytest.raises(UsageError, match="before it begins"):
        period(DAY, DAY - timedelta(days=1))


def test_an_export_has_every_check_and_no_value(tmp_path: Path) -> None:
    """Each check once for each of its decisions, once without; of a value that a rule let into the trail nothing."""
    with filled(tmp_path / "a.db", tmp_path, 60) as log, log.reading() as connection:
        rows = list(exported(connection, period(date(2000, 1, 1), date(2100, 1, 1))))
        records = list(log.records())
    assert len(rows) == sum(max(1, len(each.decisions)) for each in records)
    assert "value" not in EXPORTED
    assert "value of" not in json.dumps(rows)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "\uff1d1"])
def test_a_cell_is_no_formula(text: str) -> None:
    """What a spreadsheet would run has an apostrophe before it, and is read back as one cell."""
    assert cell(text) == f"'{text}"
    file = io.StringIO()
    write_rows([[text, -1, None, "a,b"]], file)
    assert next(csv.reader(io.StringIO(file.getvalue(), newline=""))) == [f"'{text}", "-1", "", "a,b"]


def test_markdown_shows_markup_as_it_is() -> None:
    """No character of a hostile text begins markup."""
    assert _words("a|b <script> [x](javascript:1) `c` *d* \n# e") == (
        "a\\|b \\<script\\> \\[x\\]\\(javascript\\:1\\) \\`c\\` \\*d\\* \\\\u000a\\# e"
    )


def test_a_server_and_a_file_say_the_same(server: Server, tmp_path: Path) -> None:
    """The same checks on PostgreSQL and in a file give the same answers, but for the times at which they were kept."""
    reports = []
    for number, where in enumerate((server.fresh("report"), tmp_path / "a.db")):
        folder = tmp_path / str(number)
        folder.mkdir()
        with filled(where, folder, 60, identifiers="plain") as log:
            told_here = told(log)
            with log.reading() as connection:
                rows = list(exported(connection, period(date(2000, 1, 1), date(2100, 1, 1))))
        said = (told_here.says, [(each.says, each.level) for each in told_here.answers], shown(told_here))
        reports.append((said, [(row[0], *row[2:]) for row in rows], len(told_here.rows.rows)))
    assert reports[0] == reports[1]
