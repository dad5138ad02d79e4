"""The report of a real run, as a browser shows it: ninety days of real resources from three sources, modifiers planted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from caveat.cli.app import run
from caveat.formats import answers_html
from caveat.formats.answers import Answer, Answers, Leading, Level, Point, Rows, Table
from strategies.browsing import browser, opened, serious
from strategies.feeding import BASE, recorded

QUESTIONS = {
    "Is the feed safe to process, and under which policy?": r"safe only behind Caveat: \d+ of 540 resources.*intake 3\.2\.0",
    "How many were seen, let through, warned, reduced, held, refused, not checkable?": (
        r"Seen\s+540.*Held\s+\d.*Not checkable\s+9"
    ),
    "Which unknown urls were seen, the newest first?": r"3 unknown urls.*refuted-by-nlp.*subpotent-vendor.*deceased-unsure",
    "From which source do they come?": r"3 sources of 3.*lab-b.*pacs-a.*registry-c",
    "When was each first and last seen, and what is the trend?": r"refuted-by-nlp\s+2026-08-20 06:00:00\s+2026-09-\d\d",
    "On which paths, and does the application read them?": r"Procedure\.performer\s+\S+not-done\s+no\s",
    "How many resources are affected?": r"checks of 540 .* found a modifier, on \d+ different .*9 documents could not be read",
    "Which rule let through what, how often, whose is it, why, and when was it assessed?": (
        r"not-given\s+intake 3\.2\.0\s+accept\s+\S+\s+\d+\s+imaging-team\s+stored as a refusal\s+2026-01-01"
    ),
    "Which waivers are active, end in 30 days, ended, are unused?": (
        r"1 more ending in 30 days, 1 ended.*o.*ended.*pilot.*ends in 30 days"
    ),
    "What changed since the last report?": r"2 new urls, 2 changes of policies.*added\s+rule\s+late",
    "Which wrong-slot findings are there?": r"\d+ modifiers in the wrong slot.*modifier-in-plain",
    "Which urls have no definition, or a changed one?": r"10 of 10 urls have no definition",
    "What waits in review, how old is it, and what was released by whom?": (
        r"wait for a review, the oldest for 75 days.*dr\. no.*dr\. who"
    ),
    "What could slip past?": r"Unreadable\s+9.*Modifiers let through by a waiver\s+6",
    "Is the trail whole and verified?": r"The trail is whole.*cannot|The trail is whole.*not shown",
}
PAYLOADS = (
    "<script>document.title='taken'</script>",
    "</script><script>document.title='taken'</script>",
    '"><img src=x onerror="document.title=\'taken\'">',
    "'-alert(1)-'",
    "javascript:document.title='taken'",
    "{{7*7}}{% for x in ().__class__.__base__.__subclasses__() %}",
    "<!--",
    "-->",
    "]]>",
    "<svg onload=alert(1)>",
    "/* style */",
    "<!-- main -->",
    "<!-- script -->",
    "&lt;script&gt;",
    "\u2028\u2029",
    "\u202eevil",
    "a\x00b\x1b[31m",
    'https://x.example/"onmouseover="alert(1)',
    "constructor",
    "__proto__",
)


@pytest.fixture(scope="module")
def report(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("feed")
    recorded(shared / "corpus" / "bulk", folder / "feed.db").close()
    assert (
        run(["audit", "report", "--audit", str(folder / "feed.db"), "--since", "2026-08-15", "-o", str(folder / "report.html")])
        == 0
    )
    return folder / "report.html"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as started:
        yield started


def test_each_of_the_fifteen_answers_is_found_by_its_heading(chromium: Any, report: Path) -> None:
    """A heading of its own, in a landmark of its own, under it the answer; nothing is fetched, nothing complains."""
    with opened(chromium, report) as (page, heard):
        told = " ".join(page.inner_text("header").split())
        assert re.search(
            r"safe only behind.*2026-08-15 to 2026-09-28.*intake 3\.2\.0.*sha256:[0-9a-f]{64}.*540 resources from 3 sources",
            told,
        )
        for question, answer in QUESTIONS.items():
            heading = page.get_by_role("heading", name=question)
            assert heading.count() == 1, question
            section = page.get_by_role("region", name=heading.inner_text(), exact=True)
            text = " ".join(section.inner_text().split())
            assert re.search(answer, text), (question, text)
        assert page.get_by_role("heading", level=1).count() == 1
        assert page.get_by_role("heading", name="Checklist").count() == 1
    assert (heard.errors, heard.requests) == ([], [report.as_uri()])


def test_each_number_leads_to_its_rows(chromium: Any, report: Path) -> None:
    """Whatever link of a number is followed, as many rows are shown as it said: decisions, or the records of them."""
    with opened(chromium, report) as (page, heard):
        links = page.locator("a[data-rows]")
        assert links.count() > 50
        wrong = page.evaluate(
            """() => [...document.querySelectorAll("a[data-rows]")].map((link) => {
                 link.click();
                 const said = document.getElementById("rows-status").textContent;
                 const [decisions, records] = said.match(/^([\\d,]+) decisions of ([\\d,]+)/).slice(1);
                 return [link.textContent.trim(), decisions, records, link.dataset.rows];
               }).filter(([number, decisions, records]) => number !== decisions && number !== records)"""
        )
        assert wrong == []
        page.get_by_role("button", name="All rows").click()
        page.get_by_label("Search").fill("refuted-by-nlp")
        assert page.locator("#rows-table tbody tr").count() == 9
    assert heard.errors == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_it(chromium: Any, report: Path, scheme: str) -> None:
    """axe-core finds nothing serious or critical, in light and in dark."""
    with opened(chromium, report, color_scheme=scheme) as (page, _):
        assert (
            page.evaluate("getComputedStyle(document.body).backgroundColor")
            == {"light": "rgb(255, 255, 255)", "dark": "rgb(22, 22, 22)"}[scheme]
        )
        assert serious(page) == []


def test_it_prints_and_stands_without_its_script(chromium: Any, report: Path) -> None:
    """Without the script every answer stands there and the controls do not; printed, the rows and the contents are left out."""
    with opened(chromium, report, java_script_enabled=False) as (page, _):
        assert page.get_by_role("heading", level=2).count() == len(QUESTIONS) + 3
        assert not page.get_by_label("Search").is_visible()
        assert page.locator("#rows-table tbody tr").count() == 50
    with opened(chromium, report) as (page, _):
        page.emulate_media(media="print")
        assert not page.locator("nav").is_visible()
        assert not page.locator("#rows").is_visible()
        assert page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n") > 3
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_nothing_that_a_feed_says_becomes_markup(chromium: Any, tmp_path: Path) -> None:
    """Hostile urls, names and reasons are shown as they are, by the page and by its script; none runs, or leads anywhere."""
    columns = (("record", "Record"), ("url", "Modifier"))
    rows = Rows(columns, tuple((number, each) for number, each in enumerate(PAYLOADS, 1)), len(PAYLOADS))
    listed = tuple((each, Leading(1, (("url", each),)), each) for each in PAYLOADS)
    table = Table("hostile", "Hostile", (("url", "Modifier"), ("number", "Number"), ("because", "Why")), listed)
    answer = Answer("hostile", "Hostile?", PAYLOADS, Level.CARE, (table,))
    point = Point(1, PAYLOADS[0], PAYLOADS[1], PAYLOADS[2])
    told = Answers(
        "Hostile " + PAYLOADS[1],
        PAYLOADS[2],
        Level.STOP,
        tuple((each, each) for each in PAYLOADS),
        (answer,),
        rows,
        (point,),
        PAYLOADS[0],
    )
    (tmp_path / "hostile.html").write_text(answers_html.page(told), encoding="utf-8")
    with opened(chromium, tmp_path / "hostile.html") as (page, heard):
        assert page.title() == "Hostile " + PAYLOADS[1]
        assert page.locator("script").count() == 2
        assert page.locator("img, main svg, iframe, [onerror], [onload], [onmouseover], a[href^=javascript]").count() == 0
        for number, payload in enumerate(PAYLOADS, 1):
            page.locator("a[data-rows]").nth(number - 1).click()
            shown = page.locator("#rows-table tbody tr")
            assert (shown.count(), shown.locator("th").inner_text()) == (1, str(number)), payload
        assert page.title() == "Hostile " + PAYLOADS[1]
    assert (heard.errors, len(heard.requests)) == ([], 1)


def test_a_hundred_thousand_decisions_are_paged(chromium: Any, tmp_path: Path) -> None:
    """Of 100,000 rows fifty are shown at once, and the last is reached; what is left out is said."""
    columns = (("record", "Record"), ("url", "Modifier"), ("verdict", "Decision"))
    rows = Rows(columns, tuple((200_000 - n, f"{BASE}{n % 500}", "reject") for n in range(100_000)), 123_456)
    answer = Answer(
        "a",
        "How many?",
        ("many",),
        Level.CARE,
        (Table("t", "All", (("url", "Modifier"), ("n", "Decisions")), ((f"{BASE}7", Leading(200, (("url", f"{BASE}7"),))),)),),
    )
    (tmp_path / "large.html").write_text(answers_html.page(Answers("t", "s", Level.CARE, (), (answer,), rows)), encoding="utf-8")
    assert (tmp_path / "large.html").stat().st_size < 4_000_000
    with opened(chromium, tmp_path / "large.html") as (page, heard):
        assert (
            "100,000 decisions of 100,000 records. Page 1 of 2000. 23,456 older decisions are not on this page."
            in page.inner_text("#rows-status")
        )
        page.get_by_role("link", name="200").click()
        assert page.inner_text("#rows-status").startswith(f"200 decisions of 200 records; Modifier: {BASE}7. Page 1 of 4.")
        for _ in range(3):
            page.get_by_role("button", name="Older").click()
        assert page.locator("#rows-table tbody tr").count() == 50
        assert page.locator("#rows-table tbody tr").last.locator("th").inner_text() == str(200_000 - 99_507)
        assert page.get_by_role("button", name="Older").is_disabled()
    assert heard.errors == []


def test_the_same_trail_gives_the_same_bytes(report: Path) -> None:
    """A report made again is the same, byte for byte, in every form that is text."""
    trail = str(report.with_name("feed.db"))
    for form in ("html", "md", "json", "csv"):
        files = [report.with_name(f"{number}.{form}") for number in (1, 2)]
        for file in files:
            run(["audit", "report", "--audit", trail, "--since", "2026-08-15", "--format", form, "-o", str(file)])
        assert files[0].read_bytes() == files[1].read_bytes()
    assert report.read_bytes() == report.with_name("1.html").read_bytes()
