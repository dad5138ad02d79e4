"""The triage of many bytes: what it finds in every spelling and at every place, what it passes, and how far its claim goes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caveat.domain.decision import MODIFIERS
from caveat.intake import byte_search, folded, triage
from caveat.intake.byte_search import translate
from caveat.intake.near_miss import is_near_miss
from caveat.intake.triage import PIECE, Needles, lines_of
from unit.intake.test_scan import CLOSER, PLAIN

BYPASS = Path(__file__).resolve().parents[3] / ".." / "shared" / "corpus" / "bypass"
BAD = "http://example.org/fhir/StructureDefinition/not-done"
NEEDLES = Needles(lambda url: url == BAD or None)


@pytest.fixture(params=[byte_search, PLAIN], ids=["stringzilla", "bytes"], autouse=True)
def _search(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run every test with stringzilla and without."""
    for name in ("count", "find", "translate"):
        monkeypatch.setattr(triage, name, getattr(request.param, name))


# What the stricter scan sends to a closer look and triage need not: names no reader takes for the slot, and what holds nothing.
FREE = {"plain extension", "null", "any escape", "a compressed file", "digits", "a name of another script that is as long"}
HELD = {name: raw for name, raw in CLOSER.items() if name not in FREE}
HELD |= {
    "a known modifier as plain extension": f'{{"extension":[{{"url":"{BAD}"}}]}}'.encode(),
    "with escaped slashes": f'{{"extension":[{{"url" : "{BAD}"}}]}}'.replace("/", r"\/").encode(),
    "with another escape": rb'{"extension":[{"url":"http://example.org/a\u0062c"}]}',
    "a url that is not UTF-8": b'{"extension":[{"url":"\x80"}]}',
    "what no UTF-8 has": b'{"a":"\xff"}',
    "an escaped slot": rb'{"\u0065xtension":[{"url":"x"}]}',
    "an escaped url": rb'{"extension":[{"u\u0072l":"x"}]}',
    "SUBSETTED, escaped": rb'{"meta":{"tag":[{"code":"SUB\u0053ETTED"}]}}',
    "FHIR content, escaped": rb'{"contentType":"application/fhir\u002bjson"}',
    "a name with any escape": rb'{"\u00e9":1}',
    "single quotes": b"{'modifierExtension':[]}",
    "rules in another case": b'{"IMPLICITRULES":1}',
    "a long s": '{"modifierExten\u017fion":[]}'.encode(),
    "blanks between its letters": b'{"modifierEx tension":[]}',
    "an underscore between its letters": b'{"modifierExten_sion":[]}',
    "an l for an i": b'{"modifierExtenslon":[]}',
    "digits for letters": b'{"m0d1fierExtensl0n":[]}',
    "rn for m, and a hyphen": b'{"rnod-ifierExtension":[]}',
    "DEL in both words": b'{"mod\x7fifierExt\x7fension":[]}',
    "an overlong m": b'{"\xc1\xadodifierExtension":[]}',
}
PASSED = {
    "empty": b"{}",
    "white space and a mark": b"\xef\xbb\xbf \r\n{}",
    "plain extension": b'{"extension":[{"url":"http://a/b","valueString":"x"}]}',
    "an escaped slash": rb'{"extension":[{"url":"http:\/\/a\/b"}]}',
    "null": b'{"a":[null]}',
    "a telling letter is no name's": rb'{"a":"caf\u00e9 \"b\": \u2019"}',
    "zip": b'{"contentType":"application/zip"}',
    "plus": b'{"a":"2020-01-01T00:00:00+01:00"}',
    "another script": '{"name":"山田太郎山田太郎","b":"é"}'.encode(),
    "temperature, complications": b'{"a":"temperature complications exten sive mplici"}',
    "lookalikes of the needles": b'{"a":"xpensive","b":"subsequent","c":"operator"}',
}


@pytest.mark.parametrize("raw", HELD.values(), ids=HELD)
def test_what_must_be_read(raw: bytes) -> None:
    """Whatever some reader takes for a modifier, and whatever is no JSON object in UTF-8, is not passed."""
    assert NEEDLES.may_hold(raw)
    assert NEEDLES.may_hold(memoryview(raw))


@pytest.mark.parametrize("raw", PASSED.values(), ids=PASSED)
def test_what_is_passed(raw: bytes) -> None:
    """Ordinary documents are passed: with plain extensions, other scripts, escapes in values, and words like the needles."""
    assert not NEEDLES.may_hold(raw)
    assert not NEEDLES.may_hold(bytearray(raw))


def test_several_words_have_one_needle() -> None:
    """The proof has several words for each needle: they fold alike, and so do their other cases."""
    first, second = folded.NEEDLES
    for word, needle in ((b"mplici", first), (b"XTENSI", first), (b'"opera', second), (b'"SUBSE', second), (b"m0d1f|", second)):
        assert translate(word, folded.FOLD) == needle
        assert translate(word.upper(), folded.FOLD) == needle


def test_what_is_counted() -> None:
    """The second needle never overlaps itself, and the word that both needles find begins with it and holds the first."""
    first, second = folded.NEEDLES
    assert not any(second.startswith(second[n:]) for n in range(1, len(second)))
    assert folded.BOTH.startswith(second)
    assert first in folded.BOTH


@pytest.mark.parametrize("other", [b'{"a":"SUBSETTED"}', b'{"name":"operation"}', b'{"modifier-Exten-sion":[]}'])
@pytest.mark.parametrize("slots", [0, 1, 2, 3, 7, 8, 9])  # where few rows have it, what each word begins is looked at
def test_rows_of_both_needles_are_found(other: bytes, slots: int) -> None:
    """What the second needle finds is a hit in whatever company, and however many rows have the slot."""
    slot, free = b'{"modifierExtension":[]}', b'{"resourceType":"Patient"}'
    for at in range(slots + 1):
        rows = [free, *[slot] * slots, free]
        rows.insert(1 + at, other)
        buffer = b"\n".join(rows)
        found = NEEDLES.hits(buffer, lines_of(buffer, len(buffer)))
        assert [buffer[start:end] for start, end in found] == [row for row in rows if row != free]
        assert NEEDLES.near_in_lines(buffer, len(buffer))[0] == found


BROKEN = b'"m o d i f i e r E x t e n s i o n":[]'


@pytest.mark.parametrize("far", [0, 70, triage.PIECE, 3 * triage.PIECE])
@pytest.mark.parametrize("is_before", [False, True])
@pytest.mark.parametrize("lead", [0, triage.PIECE - 90, triage.PIECE - 20, triage.PIECE])
def test_a_row_is_odd_as_a_whole(far: int, is_before: bool, lead: int) -> None:  # noqa: FBT001  a table's column
    """A near miss that is broken in both words is found wherever in the row the byte beyond ASCII stands."""
    odd, gap = '"a":"é",'.encode(), b'"b":"' + b"x." * (far // 2) + b'",'
    row = b"{" + (odd + gap + BROKEN if is_before else BROKEN + b"," + gap + odd[:-1]) + b"}"
    free = b'{"c":"' + b"x." * (lead // 2) + b'"}'
    buffer = b"\n".join([free, row, b'{"d":1}'])
    wanted = [(len(free) + 1, len(free) + 1 + len(row))]
    assert NEEDLES.may_hold(row)
    assert NEEDLES.hits(buffer, lines_of(buffer, len(buffer))) == wanted
    near, _ = NEEDLES.near_in_lines(buffer, len(buffer))
    assert [each for each in near if NEEDLES.must_be_read(memoryview(buffer), *each)] == wanted


def test_a_name_is_odd_as_a_whole() -> None:
    """So too where the name itself is longer than pieces overlap."""
    name = b'"m o d i f i e r E x t e n s i' + b" " * 90 + 'o\u200bn":[]'.encode()
    for at in range(triage.PIECE - 130, triage.PIECE + 10, 7):
        row = b'{"id":"' + b"x." * (at // 2) + b'",' + name + b"}"
        assert NEEDLES.may_hold(row)
        assert NEEDLES.hits(row, lines_of(row, len(row))) == [(0, len(row))]


@pytest.mark.parametrize(
    "row", [b'{"mo-difierEx-tension":[]}', b'{"a":"xSUBSETTED"}', '{"a":"xSUBSETTED ü"}'.encode(), b'{"modifierEx-tension":[]}']
)
@pytest.mark.parametrize("beside", [b'{"a":"b"}', '{"a":"ü"}'.encode()])
@pytest.mark.parametrize("lead", [*range(triage._STEP - 60, triage._STEP + 80, 7), 100, triage.PIECE])
def test_what_is_found_of_a_row_is_its_own(row: bytes, beside: bytes, lead: int) -> None:
    """A line comes to the same whatever stands beside it and wherever pieces begin; so it does by any number of processes."""
    before = b'{"a":"%b"}\n' % (b"x" * (lead - 9))
    lines = b"\n".join([before + row, beside, b'{"a":"b"}', beside])
    found = NEEDLES.hits(lines, lines_of(lines, len(lines)))
    assert (found != []) is NEEDLES.may_hold(row)
    assert all(lines[start:end] == row for start, end in found)


def test_what_is_odd() -> None:
    """One byte stands for all that needs thought, and for nothing else."""
    odd = {byte for byte in range(256) if folded.FOLD[byte] == ord("\\")}
    assert odd == {0, ord("+"), ord("\\"), 127, *range(128, 256)}


def spellings(word: str) -> st.SearchStrategy[bytes]:
    """Give the spellings of a word: each letter as itself, or escaped, in either case of its digits."""
    letters = [st.sampled_from([letter, f"\\u{ord(letter):04x}", f"\\u{ord(letter):04X}"]) for letter in word]
    return st.tuples(*letters).map(lambda drawn: "".join(drawn).encode())


@given(spelt=spellings(MODIFIERS))
def test_every_spelling_of_the_name(spelt: bytes) -> None:
    """However the name is escaped it is found."""
    assert json.loads(b'"' + spelt + b'"') == MODIFIERS
    assert NEEDLES.may_hold(b'{"a":{"' + spelt + b'":[]}}')


@given(spelt=spellings("implicitRules"))
def test_every_spelling_of_the_rules(spelt: bytes) -> None:
    """However the name is escaped it is found."""
    assert NEEDLES.may_hold(b'{"a":{"' + spelt + b'":""}}')


@given(slot=spellings("extension"), name=spellings("url"), url=spellings(BAD), slash=st.booleans())
def test_every_spelling_in_the_wrong_slot(slot: bytes, name: bytes, url: bytes, slash: bool) -> None:  # noqa: FBT001  drawn
    """However slot, name and url are escaped, a known modifier in plain `extension` is found."""
    spelt = url.replace(b"/", rb"\/") if slash else url
    assert NEEDLES.may_hold(b'{"' + slot + b'":[{"' + name + b'":"' + spelt + b'"}]}')


@given(spelt=spellings("SUBSETTED"))
def test_every_spelling_of_the_tag(spelt: bytes) -> None:
    """However the code is escaped it is found."""
    assert NEEDLES.may_hold(b'{"meta":{"tag":[{"code":"' + spelt + b'"}]}}')


@given(spelt=spellings("application/fhir+json"))
def test_every_spelling_of_the_media_type(spelt: bytes) -> None:
    """However the media type is escaped it is found."""
    assert NEEDLES.may_hold(b'{"contentType":"' + spelt + b'"}')


ROWS = [
    b'{"modifierExtension":[]}',
    rb'{"\u006dodifierExtension":[]}',
    '{"\uff4dodifierExtension":[]}'.encode(),
    b'{"a":"SUBSETTED"}',
]


@pytest.mark.parametrize("row", ROWS, ids=["plain", "escaped", "wide", "tag"])
@pytest.mark.parametrize("shift", range(0, 70, 3))
def test_at_every_edge_of_a_piece(row: bytes, shift: int) -> None:
    """A row is found wherever the edge between two pieces falls in it; in a document, and among rows."""
    before = b'{"a":"' + b"." * (PIECE - 64 - shift - 9) + b'"}\n'
    buffer = before + row + b'\n{"b":1}\n'
    assert NEEDLES.hits(buffer, lines_of(buffer, len(buffer))) == [(len(before), len(before) + len(row))]
    whole = b'{"a":"' + b"." * (PIECE - 64 - shift - 9) + b'",' + row[1:]
    assert NEEDLES.may_hold(whole)
    assert not NEEDLES.may_hold(whole[: -len(row)] + b"}")


LINES = st.lists(st.sampled_from([*HELD.values(), *PASSED.values(), b"", b" "]).filter(lambda raw: b"\n" not in raw), max_size=12)


@given(lines=LINES, ends=st.booleans())
def test_rows_are_told_apart(lines: list[bytes], ends: bool) -> None:  # noqa: FBT001  drawn
    """Exactly the rows are named in which something stands, with their bounds, in order, by line feeds or by offsets."""
    buffer = b"\n".join(lines) + b"\n" * ends
    starts = [sum(len(line) + 1 for line in lines[:n]) for n in range(len(lines))]
    wanted = [(at, at + len(line)) for at, line in zip(starts, lines, strict=True) if NEEDLES.looks_closer(line)]
    assert NEEDLES.hits(buffer, lines_of(buffer, len(buffer))) == wanted


@given(lines=LINES, ends=st.booleans(), piece=st.integers(65, 400))
def test_lines_are_told_and_counted(lines: list[bytes], ends: bool, piece: int) -> None:  # noqa: FBT001  drawn
    """In lines the same is found, however long the pieces are; and those that begin as objects are counted, but for the first."""
    buffer = b"\n".join(lines) + b"\n" * ends
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(triage, "PIECE", piece)
        patch.setattr(triage, "_STEP", piece - triage._OVERLAP)
        near, objects = NEEDLES.near_in_lines(buffer, len(buffer))
    hits = [row for row in near if NEEDLES.must_be_read(memoryview(buffer), *row)]
    assert hits == NEEDLES.hits(buffer, lines_of(buffer, len(buffer)))
    assert objects == sum(line.startswith(b"{") for line in lines[1:])


def test_urls_are_not_remembered_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was asked of `known` is kept for a number of urls; the answers stay the same."""
    monkeypatch.setattr(triage, "_MOST_URLS", 2)
    needles = Needles(lambda url: url == BAD or None)
    for number in range(5):
        assert not needles.may_hold(f'{{"extension":[{{"url":"http://a/{number}"}}]}}'.encode())
    assert len(needles._kinds) <= 2
    for tail in ("a" * 300, "b" * 300):
        assert not needles.may_hold(f'{{"extension":[{{"url":"http://a/{tail}"}}]}}'.encode())
        assert Needles(bool).may_hold(f'{{"extension":[{{"url":"http://a/{tail}"}}]}}'.encode())
    assert all(len(url) < 300 for url in needles._kinds)
    assert needles.may_hold(f'{{"extension":[{{"url":"{BAD}"}}]}}'.encode())


_ALIKE = {"i": "iIlL1|", "o": "oO0", "s": "sSfF", "m": ["m", "M", "rn", "Rn"]}
_SEPARATED = st.lists(st.sampled_from(["", "", " ", "_", "-", "\x7f"]), min_size=17, max_size=17)


@given(st.tuples(*(st.sampled_from(_ALIKE.get(letter, [letter, letter.upper()])) for letter in MODIFIERS.lower())), _SEPARATED,
       st.booleans())  # fmt: skip
def test_near_misses_of_ascii(letters: tuple[str, ...], separators: list[str], first: bool) -> None:  # noqa: FBT001  drawn
    """One that is whole in one of its two words is found, however its letters are spelt and whatever breaks the other."""
    whole = range(1, 8) if first else range(10, 15)  # the gaps within `modifier`, or within `xtensi`
    letters = ("m", *letters[1:]) if first else letters
    name = "".join(each + ("" if n in whole else separators[n - 1]) for n, each in enumerate(letters, 1))
    assert name == MODIFIERS or is_near_miss(name)
    assert NEEDLES.may_hold(f'{{"{name}":[]}}'.encode())


NOT_CLAIMED = {
    "blanks between the letters of both words": b'{"mod ifierEx tension":[]}',
    "underscores and hyphens between the letters of both words": b'{"mod-ifierExten_sion":[]}',
    "rn for m, and a hyphen in the other word": b'{"rnodifierExt-ension":[]}',
    "a document that is cut off": b'{"a":[',
    "null among objects": b'{"contact":[null]}',
}


@pytest.mark.parametrize("raw", NOT_CLAIMED.values(), ids=NOT_CLAIMED)
def test_what_is_not_claimed(raw: bytes) -> None:
    """What the docstring excludes is excluded: a strict check refuses these, no reader takes them for a modifier."""
    assert not NEEDLES.may_hold(raw)


def test_no_file_of_the_bypass_corpus_slips_through() -> None:
    """Whatever must not be accepted, and is not refused for its form alone, is not passed by triage."""
    if not BYPASS.is_dir():
        pytest.skip("../shared IS ABSENT: the bypass corpus is not scanned")
    from caveat.intake.json_reader import Unreadable, read_json  # noqa: PLC0415  this test alone

    cases = json.loads((BYPASS / "manifest.json").read_text(encoding="utf-8"))["cases"]
    hidden = [case for case in cases if case["file"].endswith(".json") and "accept" not in case["acceptable"]]
    assert len(hidden) > 80
    passed = []
    for case in hidden:
        raw = (BYPASS / case["file"]).read_bytes()
        if not isinstance(read_json(raw), Unreadable) and not NEEDLES.may_hold(raw):
            passed.append((case["id"], case["file"]))
    assert passed == []
