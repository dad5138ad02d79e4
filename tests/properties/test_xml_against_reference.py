"""Caveat's XML reader and a plain second one agree on every document: the same are read, and as the same trees."""

from __future__ import annotations

import json
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from caveat.intake.json_reader import Unreadable
from caveat.intake.xml_reader import read_xml
from caveat.spec import Release, tables
from caveat.spec.element_name import place_of
from caveat.spec.shape import Place
from reference import xml_reader as reference

FHIR = 'xmlns="http://hl7.org/fhir"'
CODES = {
    "attribute", "depth", "doctype", "duplicate-element", "element-name", "empty", "encoding", "entity", "namespace",
    "number-limit", "one-resource", "resource-type", "size", "syntax", "text", "truncated", "xml-version",
}  # fmt: skip
ALONE = ["ImagingStudy.series.instance", "Dosage", "Bundle.entry", "Narrative"]

NAMES = [
    "Patient", "Bundle", "ImagingStudy", "Parameters", "Foo", "modifierExtension", "extension", "ModifierExtension", "id", "url",
    "_birthDate", "_modifierExtension", "_implicitRules", "implicitRules", "ImplicitRules", "resourceType", "active", "birthDate",
    "name", "given", "family", "contact", "contained", "entry", "resource", "response", "outcome", "parameter", "part", "issues",
    "valueBoolean", "valueString", "valueDecimal", "valueInteger", "valueTiming", "value", "series", "instance", "text", "div",
    "status", "multipleBirthInteger", "meta", "tag", "foo", "modifier\u0415xtension", "total", "score", "search", "event",
]  # fmt: skip
TROUBLE = {"Patient", "Bundle", "ImagingStudy", "Parameters", "Foo", "id", "url", "_birthDate", "_implicitRules", "resourceType"}
LAWFUL = [name for name in NAMES if name not in TROUBLE]
VALUED = {"active", "birthDate", "given", "family", "implicitRules", "value", "status", "multipleBirthInteger", "total", "score"}
HOLDERS = {"contained", "resource", "outcome", "issues"}
SPACES = ["f:", "f:", "h:", "x:", "n:", ""]
DECLARED = (
    'xmlns:f="http://hl7.org/fhir" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:x="http://other.example" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)
VALUES = [
    "", "a", "true", "false", "1", "01", "-0", "+5", "1.50", "1e400", "1e401", "0.000", "9" * 128, "9" * 129, "http://x.example/a",
    " a", "a&#10;b", "&#x41;&amp;", "1e99999999999999999999", "0." + "0" * 401 + "1",
]  # fmt: skip
ATTRIBUTES = [
    "value", "value", "value", "id", "url", "f:url", "xml:lang", "xsi:schemaLocation", "xsi:type", "foo", "h:value", "xmlns",
    "xmlns:f", "n:url",
]  # fmt: skip
BETWEEN = ["", "", "", "", " \n", "<!-- <a> -->", "<?p a?>", "<![CDATA[ ]]>", "<![CDATA[x]]>", "text", "&#32;", "&#160;", "&foo;"]


def same(one: Any, other: Any) -> bool:
    """Whether two trees are equal in type and value, whatever the order of their properties."""
    return written(one) == written(other)


def written(tree: Any) -> str:
    return json.dumps(tree, default=lambda number: [str(number)], sort_keys=True)


def difference(raw: bytes, release: Release = Release.R5, at: str | None = None) -> object:
    """Return what the two readers say of a document where that differs, None where they agree."""
    place = place_of(at, release) if at else None
    found = read_xml(raw, tables(release), at=place)
    expected = reference_reading(raw, release, place)
    if expected is None:
        agrees = isinstance(found, Unreadable) and found.code in CODES
    else:
        agrees = not isinstance(found, Unreadable) and same(found, expected)
    return None if agrees else (raw, found, expected)


def agree(raw: bytes, release: Release = Release.R5) -> bool:
    """Hold the two readers against each other; return whether they read the document."""
    assert difference(raw, release) is None
    return reference_reading(raw, release, None) is not None


def reference_reading(raw: bytes, release: Release, place: Place | None) -> dict[str, Any] | None:
    """Return what the second reader reads, None where it refuses."""
    try:
        return reference.read(raw, release, place.shapes[0] if place is not None and not place.is_root else None)
    except reference.RefusedError:
        return None


class Scribe:
    """Writes a random document: mostly lawful, with everything in it that could be read in two ways."""

    def __init__(self, dice: random.Random, wildness: float) -> None:
        self.dice = dice
        self.wildness = wildness

    def is_wild(self) -> bool:
        return self.dice.random() < self.wildness

    def document(self) -> str:
        start = "" if not self.is_wild() else self.dice.choice(
            ["\ufeff", '<?xml version="1.0" encoding="UTF-8"?>', '<?xml version="1.1"?>', "<!DOCTYPE a>", "<!-- <!DOCTYPE a> -->",
             " ", '<?xml version="1.0" encoding="latin1"?>', "<?p?><!--a-->", "\ufeff\ufeff", "<!doctype a>"]
        )  # fmt: skip
        body = self.element(self.dice.choice(NAMES[:4]) if not self.is_wild() else self.dice.choice(NAMES), 5)
        name, _, rest = body.partition(" ")
        return f"{start}{name} {DECLARED} {rest}{self.between()}"

    def element(self, name: str, depth: int) -> str:
        prefix = "f:" if not self.is_wild() else self.dice.choice(SPACES)
        if name == "div" and not self.is_wild():
            return self.narrative()
        attributes = self.attributes(name)
        below = self.dice.choice([0, 0, 1, 2, 3]) if depth else 0
        names = [self.dice.choice(NAMES if self.is_wild() else LAWFUL) for _ in range(below)]
        if name in HOLDERS and not self.is_wild():
            names = [self.dice.choice(NAMES[:4])]
        inner = "".join(self.between() + self.element(each, max(depth - 1, 0)) for each in names) + self.between()
        return f"<{prefix}{name} {attributes}>{inner}</{prefix}{name}>" if inner else f"<{prefix}{name} {attributes}/>"

    def narrative(self) -> str:
        inner = self.dice.choice(["", "a<h:b id='1' xml:lang='de'>&lt;&#13;</h:b>", "<h:br/>", "<h:modifierExtension url='x'/>"])
        wild = self.dice.choice(["<f:modifierExtension/>", "<x:a/>", "<b/>", "<h:b x:c='1'/>", "&nbsp;", "<h:b n:c='1'/>"])
        return f"<h:div class='&quot;&#9;'>{inner}{wild if self.is_wild() else ''}</h:div>"

    def attributes(self, name: str) -> str:
        """Write the attributes that are lawful there, as far as the name says, or any."""
        names = ["url"] if name in {"extension", "modifierExtension", "ModifierExtension"} else []
        names += ["value"] if name in VALUED or name.startswith("value") else []
        if self.is_wild():
            names = self.dice.choices(ATTRIBUTES, k=self.dice.choice([1, 1, 2]))
        return "".join(f"{each}='{self.dice.choice(VALUES)}' " for each in names)

    def between(self) -> str:
        return self.dice.choice(BETWEEN) if self.is_wild() else self.dice.choice(["", "", "\n"])


@given(st.randoms(use_true_random=False), st.sampled_from([0.0, 0.01, 0.05, 0.3]), st.sampled_from(Release))
def test_written_documents_are_read_alike(dice: random.Random, wildness: float, release: Release) -> None:
    """XML in any spelling, lawful and not, is read or refused by both."""
    assert difference(Scribe(dice, wildness).document().encode(), release, dice.choice([None, None, *ALONE])) is None


@given(st.randoms(use_true_random=False), st.data())
def test_damaged_documents_are_read_alike(dice: random.Random, data: st.DataObject) -> None:
    """A byte changed, dropped, doubled or put in is seen by both or by none."""
    raw = (Scribe(dice, 0.0).document()).encode()
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(raw) - 1))
        put = data.draw(
            st.sampled_from([b"", b"<", b">", b"/", b'"', b"'", b"&", b" ", b"\n", b"=", b":", b"-", b"!", b"?", b"a", b"]"])
        )
        raw = raw[:at] + put + raw[at + data.draw(st.integers(0, 2)) :]
    assert difference(raw) is None


SMALL = [
    "birthDate", "active", "given", "extension", "modifierExtension", "foo", "implicitRules", "contact", "name", "contained",
    "Patient", "valueBoolean", "valueDecimal",
]  # fmt: skip


@given(st.recursive(st.tuples(st.sampled_from(SMALL), st.sampled_from(VALUES[:10]) | st.none()), lambda inner: st.tuples(st.sampled_from(SMALL), st.lists(inner, max_size=4)), max_leaves=8))  # fmt: skip  # noqa: E501
@example(("contained", [("Patient", [("Patient", "a")]), ("Patient", None)]))
def test_few_names_in_every_order_are_read_alike(shaped: Any) -> None:
    """What stands twice, and with or without a value, is seen alike by both."""
    raw = f"<Patient {FHIR}>{spell(shaped)}{spell(shaped)}<name>{spell(shaped)}</name></Patient>".encode()
    assert difference(raw) is None


def spell(shaped: Any) -> str:
    name, inner = shaped
    if isinstance(inner, list):
        return f"<{name}>{''.join(map(spell, inner))}</{name}>"
    return f'<{name} value="{inner}"/>' if inner is not None else f"<{name}/>"


def test_most_written_documents_are_read() -> None:
    """The generator above is no generator of rubbish: without wildness it writes what is read, often enough to matter."""
    dice = random.Random(1)
    read = sum(agree(Scribe(dice, 0.0).document().encode()) for _ in range(400))
    assert read > 150


@pytest.mark.parametrize("release", Release)
def test_the_corpora_are_read_alike(shared: Path, release: Release) -> None:
    """Real documents, and hostile ones."""
    read = 0
    for file in sorted((shared / "corpus").rglob("*.xml")):
        read += agree(file.read_bytes(), release)
    assert read > 30


@pytest.mark.parametrize("seed", range(8))
def test_the_corpora_damaged_are_read_alike(shared: Path, seed: int) -> None:
    """Real documents with a few bytes changed."""
    dice = random.Random(seed)
    for file in sorted((shared / "corpus").rglob("*.xml")):
        raw = bytearray(file.read_bytes())
        if len(raw) > 40_000:
            continue
        for _ in range(dice.randint(1, 2)):
            raw[dice.randrange(len(raw))] = dice.choice(b"<>/\"'& =:-!?a\n")
        assert difference(bytes(raw), Release.R4) is None


def test_numbers_keep_their_digits() -> None:
    """What `same` compares tells 1.0 from 1.00, and 1 from true."""
    assert not same({"a": Decimal("1.0")}, {"a": Decimal("1.00")})
    assert not same({"a": 1}, {"a": True})
