"""The scan of bytes: where it asks for a closer look, where it need not, and the facts that its proof stands on."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from caveat.domain.decision import MODIFIERS
from caveat.intake import byte_search, scan
from caveat.intake.json_reader import Unreadable, read_json
from caveat.intake.near_miss import skeleton
from caveat.intake.scan import count_names, holds_extensions, may_spell, names_one_type, spells_modifier

BYPASS = Path(__file__).resolve().parents[3] / ".." / "shared" / "corpus" / "bypass"
MARK = b"\xef\xbb\xbf"
WIDE = "".join(chr(ord(letter) + 0xFEE0) for letter in MODIFIERS)


def plain_search() -> ModuleType:
    """Return `byte_search` as it is where stringzilla is not installed."""
    spec = importlib.util.spec_from_file_location("plain_byte_search", byte_search.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "stringzilla", None)
        spec.loader.exec_module(module)
    return module


PLAIN = plain_search()


@pytest.fixture(params=[byte_search, PLAIN], ids=["stringzilla", "bytes"], autouse=True)
def _search(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run every test with stringzilla and without."""
    for name in ("find", "count", "translate"):
        monkeypatch.setattr(scan, name, getattr(request.param, name))


NAMED = {
    "the name": b'{"modifierExtension":[]}',
    "white space before the colon": b'{"modifierExtension" \r\n\t :[]}',
    "deep within": b'{"a":[{"b":{"modifierExtension":[]}}]}',
    "after a byte order mark": MARK + b'{"modifierExtension":[]}',
    "as a value": b'{"a":"modifierExtension"}',
}

CLOSER = {
    "upper case": b'{"MODIFIEREXTENSION":[]}',
    "underscore": b'{"_modifierExtension":[]}',
    "spaces": b'{" modifier Extension ":[]}',
    "escaped letter": rb'{"modifier\u0045xtension":[]}',
    "escaped tab": rb'{"modifier\tExtension":[]}',
    "escaped newline": rb'{"\nmodifierExtension":[]}',
    "escaped form feed": rb'{"modifierExtension\f":[]}',
    "escaped backspace": rb'{"modifierExt\bension":[]}',
    "escaped carriage return": rb'{"modifierExt\rension":[]}',
    "full width": f'{{"{WIDE}":[]}}'.encode(),
    "digits": b'{"m0d1f|erExtensl0n":[]}',
    "DEL": b'{"modifier\x7fExtension":[]}',
    "r and n": b'{"rnodifierExtension":[]}',
    "implicitRules": b'{"implicitRules":"http://a/b"}',
    "implicitRules known by its companion": b'{"_implicitRules":{}}',
    "subsetted": b'{"meta":{"tag":[{"code":"SUBSETTED"}]}}',
    "null": b'{"a":[null]}',
    "a patch": b'{"name":"operation"}',
    "FHIR content": b'{"contentType":"application/fhir+json"}',
    "FHIR content in another order, another case": b'{"contentType":"application/JSON+FHIR"}',
    "FHIR content with an escaped slash": rb'{"contentType":"application\/FHIR+json"}',
    "a compressed file": b'{"contentType":"application/GZip"}',
    "any escape": rb'{"a":"\u00e9"}',
    "no object": b'[{"a":1}]',
    "nothing": b"",
    "two byte order marks": MARK + MARK + b"{}",
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "UTF-16 without mark": '{"a":1}'.encode("utf-16-le"),
    "UTF-32": '{"a":1}'.encode("utf-32-be"),
    "NUL": b'{"a":1}\0',
    "a name of another script that is as long": '{"расширение":1}'.encode(),
    "the name and a near miss": b'{"modifierExtension":[],"ModifierExtension":[]}',
    "the name and implicitRules": b'{"modifierExtension":[],"implicitRules":"http://a/b"}',
    "the name and an escape": rb'{"modifierExtension":[],"a":"\u00e9"}',
    "the name and null": b'{"modifierExtension":[null]}',
}

CLEAN = {
    "empty object": b"{}",
    "after white space": b" \t\r\n{}",
    "after a byte order mark": MARK + b"{}",
    "a study": b'{"resourceType":"ImagingStudy","status":"available","series":[{"uid":"1.2","instance":[{"uid":"1.2.3"}]}]}',
    "deep indentation": b"{\n" + b" " * 60 + b'"a"' + b" " * 60 + b":1}",
    "a value in another script": '{"name":"山田太郎山田太郎"}'.encode(),
    "other escapes": rb'{"div":"<p class=\"a\">\n\t</p>\/\\"}',
    "a long name of other letters": b'{"contraindicationPurpose":1}',
    "one letter less": b'{"modifierExtensio":1}',
}


@pytest.mark.parametrize("raw", CLOSER.values(), ids=CLOSER)
def test_where_a_closer_look_is_asked_for(raw: bytes) -> None:
    """Whatever could spell an occurrence elsewhere, or is not plain UTF-8 JSON of an object, is looked at."""
    assert count_names(raw) is None


@pytest.mark.parametrize("raw", NAMED.values(), ids=NAMED)
def test_where_the_name_is_counted(raw: bytes) -> None:
    """What has the name, and nothing else that could be an occurrence, is looked at where the name stands."""
    assert count_names(raw) == 1


@pytest.mark.parametrize("raw", CLEAN.values(), ids=CLEAN)
def test_where_it_is_not(raw: bytes) -> None:
    """Ordinary documents need no walk, with long indentation and foreign scripts too."""
    assert not isinstance(read_json(raw), Unreadable)
    assert count_names(raw) == 0


MODIFIER = "http://x.example/m"


@pytest.mark.parametrize(
    ("raw", "spelt"),
    [
        (b'{"extension":[{"url":"http://x.example/m"}]}', True),
        (b'{"extension":[{"url" :\r\n\t "http://x.example/m"}]}', True),
        (b'{"url":"http://x.example/a","extension":[[{"valueString":"url","url":"http://x.example/m"}]]}', True),
        (rb'{"extension":[{"url":"http:\/\/x.example\/m"}]}', True),
        (rb'{"extension":[{"url":"http://x.example/\"m"}]}', True),
        (b'{"extension":[{"url":"http://x.example/\xff"}]}', True),
        ('{"extension":[{"url":"http://x.example/é"}]}'.encode(), False),
        (rb'{"extension":[{"url":"http:\/\/x.example\/a"}]}', False),
        (rb'{"extension":[{"url":"http:\\/\/x.example\/a"}]}', True),
        (rb'{"\"url":"a","url":"http://x.example/m"}', True),
        (b'{"extension":[{"url":"http://x.example/a","valueUrl":"http://x.example/m"}]}', False),
        (b'{"extension":[{"url":"http://x.example/m "}]}', False),
        (b'{"extension":[{"url":["http://x.example/m"]}]}', False),
        (b'{"extension":[{"valueString":"url"},"http://x.example/m"]}', False),
        (b'{"extension":[]}', False),
    ],
)
def test_urls_are_told_by_their_bytes(raw: bytes, spelt: bool) -> None:  # noqa: FBT001  a table's column
    """The value of a property `url` that is known to be a modifier's, or that only a reader can tell."""
    assert spells_modifier(raw, lambda url: url == MODIFIER or None) is spelt


def test_extensions_are_seen() -> None:
    """As a name or as a string; other names that end so are none."""
    assert holds_extensions(b'{"a":{"extension":[]}}')
    assert not holds_extensions(b'{"modifierExtension":[],"xextension":[]}')


def test_a_name_is_sought_with_a_telling_value() -> None:
    """One of several is enough; the name alone is not."""
    spellings = [(b'"use"', re.compile(rb'"use":"old"')), (b'"mode"', re.compile(rb'"mode":"changes"'))]
    assert not may_spell(b'{"use":"official"}', spellings)
    assert not may_spell(b"{}", spellings)
    assert may_spell(b'{"use":"official","mode":"changes"}', spellings)


@pytest.mark.parametrize("usual", [0, scan._FEW - 1, scan._FEW, scan._FEW + 1, 3 * scan._FEW])
def test_a_telling_value_is_found_among_many_that_are_not(usual: int) -> None:
    """Behind however many names with other values, and not where there is none."""
    spellings = [(b'"use"', re.compile(rb'"use"(?!:"official")'))]
    names = b'{"use":"official"},' * usual
    assert not may_spell(b"[%s{}]" % names, spellings)
    assert may_spell(b'[%s{"use":"old"}]' % names, spellings)
    assert may_spell(b'[%s{"use":"old"},%s{}]' % (names, names), spellings)


def test_escaped_control_characters_are_in_the_class() -> None:
    """The five control characters with escapes of two characters are passed over, so their escapes must not end a name."""
    for control in "\b\f\n\r\t":
        assert skeleton(control) == ""
        assert scan.SPELLING.issuperset(json.dumps(control)[1:-1].encode())


@pytest.mark.parametrize("escape", ['\\"', "\\\\", "\\/"])
def test_the_other_escapes_end_a_name(escape: str) -> None:
    """A quote, a backslash or a slash is not passed over, so no near miss has one."""
    assert skeleton(json.loads(f'"{escape}"')) == escape[1]


@pytest.mark.parametrize(
    ("raw", "one"),
    [
        (b'{"resourceType":"ImagingStudy"}', True),
        (b'{"resourceType" : "ImagingStudy"}', True),
        (b'{"type":"x"}', False),
        (b'{"resourceType":"A","x":{"resourceType":"B"}}', False),
        (b'{"resourceType":"A","b":"resourceType"}', False),
    ],
)
def test_one_resource(raw: bytes, one: bool) -> None:  # noqa: FBT001  a table's column
    """One `resourceType`, wherever it stands."""
    assert names_one_type(raw) is one


def test_both_searches_are_what_they_say() -> None:
    """The tests above did run on both."""
    assert byte_search.ACCELERATED
    assert not PLAIN.ACCELERATED


def test_no_file_of_the_bypass_corpus_slips_through() -> None:
    """Whatever holds a modifier somewhere, in any disguise, is looked at or is not read at all."""
    if not BYPASS.is_dir():
        pytest.skip("../shared IS ABSENT: the bypass corpus is not scanned")
    cases = json.loads((BYPASS / "manifest.json").read_text(encoding="utf-8"))["cases"]
    hidden = [case for case in cases if case["file"].endswith(".json") and "accept" not in case["acceptable"]]
    assert len(hidden) > 80
    for case in hidden:
        raw = (BYPASS / case["file"]).read_bytes()
        skipped = not isinstance(read_json(raw), Unreadable) and count_names(raw) == 0 and names_one_type(raw)
        assert not skipped, case["id"]


@pytest.mark.parametrize(
    "raw",
    [
        b"{'modifierExtension':[]}",
        b"{modifierExtension:[]}",
        b'{"path":"Patient.ModifierExtension"}',
        b'{"implicitrules":1}',
    ],
    ids=["single quotes", "no quotes", "in a path", "rules in another case"],
)
def test_the_bare_word_is_looked_at(raw: bytes) -> None:
    """Readers that take single quotes or none exist, so the word is looked for, and not the quoted name."""
    assert count_names(raw) is None
