"""An inventory counts every modifier once, holds a bounded amount whatever comes, and shows nothing that anything would obey."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable
from datetime import date
from hashlib import sha256
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caveat.domain.decision import Carrier, Decision, Ground, Intent, Occurrence, Verdict
from caveat.domain.report import NativeModifier, PolicyName, Report
from caveat.formats.inventory import Inventory, records, unnamed
from caveat.formats.inventory_html import page
from caveat.formats.inventory_text import lines
from caveat.formats.printable import LONGEST
from caveat.spec.definition import ExtensionDefinition

HOSTILE = (
    '"><script>alert(1)</script>',
    "<img src=x onerror=alert(1)>",
    "</style><style>*{}</style>",
    "{{ 7 * 7 }}{% raw %}",
    "<!-- main -->/* style */",
    "javascript:alert(1)//' onmouseover='x",
    "\x1b[31m\u202eabc\u2028\r\n",
)


def decision(url: str | None, path: str = "Patient", ground: Ground = Ground.UNKNOWN) -> Decision:
    """Return a rejection of a modifier."""
    names = frozenset({path})
    carrier = Carrier(path, path, path, path.partition(".")[0], names, names, path)
    return Decision(
        Verdict.REJECT, ground, Occurrence(url, f"{path}.modifierExtension[0]", "modifierExtension", carrier, "string")
    )


def report(*decisions: Decision, line: int = 1, native: Iterable[str] = ()) -> Report:
    """Return a report with those decisions."""
    return Report(
        verdict=Verdict.REJECT,
        decisions=decisions,
        resource_type="Patient",
        resource_id=None,
        release="R4",
        evidence="document",
        intent=Intent.READ,
        date=date(2026, 11, 24),
        policy=PolicyName("p", "1", "sha256:" + "0" * 64),
        input="feed.ndjson",
        line=line,
        native=tuple(NativeModifier(path, path) for path in native),
    )


def counted(*reports: Report, most: int = 100) -> Inventory:
    """Return the inventory of reports."""
    inventory = Inventory(most)
    for each in reports:
        inventory.add(each)
    return inventory


places = st.tuples(
    st.sampled_from("abcdefgh"), st.sampled_from(["Patient", "Patient.contact"]), st.sampled_from([Ground.UNKNOWN, Ground.RULE])
)


@given(st.lists(st.lists(places, max_size=5), max_size=12), st.integers(1, 20))
def test_counts_are_those_of_a_plain_count(feed: list[list[tuple[str, str, Ground]]], most: int) -> None:
    """The first kinds that came are told apart and counted; all others are counted by ground; the sum is all there were."""
    inventory = counted(*(report(*(decision(*each) for each in resource)) for resource in feed), most=most)
    flat = [each for resource in feed for each in resource]
    plain = Counter(flat)
    kept = list(dict.fromkeys(flat))[:most]
    assert {(row.url, row.path, row.ground): row.count for row in inventory.rows.values()} == {each: plain[each] for each in kept}
    rest = Counter(ground for *_, ground in flat) - Counter(each[2] for each in flat if each in kept)
    assert {ground: count for (_, ground), count in inventory.others.items()} == dict(rest)
    assert inventory.total() == len(flat)
    assert sum(record["count"] for record in records(inventory)) == len(flat)
    assert inventory.is_whole == (len(plain) <= most)


def test_what_is_held_is_bounded() -> None:
    """However many urls and paths come, and however long they are: so many rows, and so many characters."""
    inventory = Inventory(most=200_000)
    for number in range(4_000):
        url = f"https://example.org/{number}/" + "x" * 200_000
        path = "Patient." + "item." * 4_000 + str(number)
        inventory.add(report(decision(url, path), native=[path]))
    assert inventory.characters <= 32 * 1024 * 1024
    assert (
        max(len(text) for row in inventory.rows.values() for text in (row.url, row.path, row.first.location) if text) <= LONGEST
    )
    assert inventory.total() == inventory.total_natives() == 4_000
    assert len(inventory.rows) == 4_000  # the number stands within what is kept of the url
    small = Inventory(most=10)
    for number in range(1_000):
        small.add(report(decision(f"https://example.org/{number}"), native=[f"Patient.{number}"]))
    assert (len(small.rows), len(small.natives), small.total(), small.total_natives()) == (10, 10, 1_000, 1_000)


def test_characters_are_bounded_too() -> None:
    """Rows of long texts fill what may be held long before there are as many as may be told apart."""
    inventory = Inventory(most=1_000_000)
    for number in range(20_000):
        inventory.add(report(decision(f"https://example.org/{number}/" + "x" * LONGEST)))
    assert 0 < len(inventory.rows) < 20_000
    assert inventory.characters <= 32 * 1024 * 1024
    assert inventory.total() == 20_000
    assert not inventory.is_whole


def test_a_url_that_was_cut_is_never_drafted() -> None:
    """Its end is gone, so a rule of it would name another url."""
    whole, cut = "https://example.org/" + "x" * (LONGEST - 20), "https://example.org/" + "x" * LONGEST
    found = {each.url: each.paths for each in unnamed(counted(report(decision(whole), decision(cut))).listed())}
    assert found[whole] == ("Patient",)
    assert [paths for url, paths in found.items() if url != whole] == [()]


def test_no_value_is_kept() -> None:
    """An inventory may be shown around: the extension as read, which holds values, is not in it."""
    carrier = decision("u").occurrence
    assert carrier is not None
    held = Occurrence("u", "l", "modifierExtension", carrier.carrier, "string", {"url": "u", "valueString": "CANARY"})
    inventory = counted(report(Decision(Verdict.REJECT, Ground.UNKNOWN, held)))
    assert "CANARY" not in repr(inventory) + json.dumps(list(records(inventory)))


class _Reader(HTMLParser):
    """Collects what a page is made of."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: Counter[str] = Counter()
        self.attributes: set[str] = set()
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def hostile(text: str) -> Inventory:
    """Return an inventory in which everything that a document or a definition can say is `text`."""
    inventory = counted(report(decision(text, f"Patient.{text}"), native=[text]))
    for row in inventory.rows.values():
        row.definition = ExtensionDefinition(text, True, title=text, publisher=text, status=text, reason=text, package=text)
        row.rule = text
        row.first = type(row.first)(text, 1, text)
    return inventory


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_in_a_page_is_obeyed(text: str) -> None:
    """Urls, paths, names and definitions are text in it: the page has the same elements and attributes as one of plain words."""
    plain, read = _Reader(), _Reader()
    plain.feed(page(hostile("plain"), policy="plain", date="2026-11-24"))
    made = page(hostile(text), policy=text, date="2026-11-24")
    read.feed(made)
    assert (read.tags, read.attributes) == (plain.tags, plain.attributes)
    assert not {"script", "img", "a", "link", "iframe", "form", "object"} & set(read.tags)
    assert not any(name.startswith("on") or name in {"href", "src", "style"} for name in read.attributes)
    assert all(character.isprintable() or character == "\n" for character in made)


def test_a_page_allows_itself_its_own_style_and_nothing_else() -> None:
    """The policy that it carries lets the one style through by its digest, and forbids all that is fetched or run."""
    made = page(hostile("plain"), policy="p", date="2026-11-24")
    (style,) = re.findall(r"<style>(.*?)</style>", made, re.DOTALL)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert f"content=\"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'\"" in made
    assert "url(" not in style
    assert "@import" not in style


def test_a_page_can_be_read_aloud() -> None:
    """A language, a title, one first heading, a caption and scoped heads for each table, no meaning in colour alone."""
    made = page(hostile("plain"), policy="p", date="2026-11-24")
    assert '<html lang="en">' in made
    assert made.count("<h1>") == made.count("<title>") == made.count("<main>") == 1
    assert made.count("<table>") == made.count("<caption>") == made.count('role="region"') == 2
    assert len(re.findall("<th[ >]", made)) == made.count("<th scope=")
    assert '<span class="verdict reject">reject</span>' in made


def _luminance(colour: str) -> float:
    """Return the relative luminance of a colour (WCAG 2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_colours_can_be_told_from_the_paper() -> None:
    """By day and by night each colour of text has a contrast of at least 4.5 to 1 with what is behind it (WCAG 2, AA)."""
    (style,) = re.findall(r"<style>(.*?)</style>", page(hostile("plain"), policy="p", date="2026-11-24"), re.DOTALL)
    themes = [dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", block)) for block in re.findall(r":root \{[^}]*\}", style)[:2]]
    assert len(themes) == 2
    for theme in themes:
        for behind in ("paper", "soft"):
            for ink in theme.keys() - {"paper", "soft", "line"}:
                light, dark = sorted((_luminance(theme[ink]), _luminance(theme[behind])), reverse=True)
                assert (light + 0.05) / (dark + 0.05) >= 4.5, (ink, behind)


def test_a_terminal_obeys_nothing() -> None:
    """What cannot be seen is shown as its escape."""
    for text in HOSTILE:
        for line in lines(hostile(text)):
            assert all(segment.isprintable() for segment, _ in line)
