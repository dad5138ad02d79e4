"""Names that only look like `modifierExtension`, and those that do not."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caveat.domain.decision import MODIFIERS
from caveat.intake import scan
from caveat.intake.near_miss import _COMMON, _LOOK_ALIKES, _SHORTEST, is_near_miss, skeleton
from caveat.spec.release import Release
from caveat.spec.shape import tables

NEAR = {
    "upper case": "MODIFIEREXTENSION",
    "lower case": "modifierextension",
    "pascal case": "ModifierExtension",
    "leading underscore": "_modifierExtension",
    "snake case": "modifier_extension",
    "hyphen": "modifier-extension",
    "en dash": "modifier\u2013extension",
    "space before": " modifierExtension",
    "space after": "modifierExtension ",
    "no-break space within": "modifier\u00a0Extension",
    "tab within": "modifier\tExtension",
    "NUL after": "modifierExtension\0",
    "zero width space": "modifier\u200bExtension",
    "zero width joiner": "modifier\u200dExtension",
    "soft hyphen": "modifier\u00adExtension",
    "byte order mark": "\ufeffmodifierExtension",
    "right-to-left override": "\u202emodifierExtension",
    "tag character": "modifierExtension\U000e0041",
    "invisible and unassigned": "modifierExtension\ufff0",
    "blank letter": "modifier\u3164Extension",
    "combining acute": "modifie\u0301rExtension",
    "precomposed": "modifi\u00e9rExtension",
    "enclosing circle": "modifierExtension\u20dd",
    "full width": "".join(chr(ord(letter) + 0xFEE0) for letter in MODIFIERS),
    "mathematical bold": "".join(chr(ord(letter) - ord("a") + 0x1D41A) for letter in MODIFIERS.lower()),
    "circled": "".join(chr(ord(letter) - ord("a") + 0x24D0) for letter in MODIFIERS.lower()),
    "ligature fi": "modi\ufb01erExtension",
    "roman numeral ten": "modifierE\u2179tension",
    "long s": "modifierExten\u017fion",
    "long s for f": "modi\u017fierExtension",
    "dotless i": "mod\u0131fierExtension",
    "dotted capital I": "mod\u0130fierExtension",
    "cyrillic o": "m\u043edifierExtension",
    "cyrillic e": "modifi\u0435rExtension",
    "cyrillic capital Ie": "modifier\u0415xtension",
    "cyrillic ha": "modifierE\u0445tension",
    "cyrillic capital Em": "\u041codifierExtension",
    "cyrillic dze": "modifierExten\u0455ion",
    "greek omicron": "m\u03bfdifierExtension",
    "greek capital Epsilon": "modifier\u0395xtension",
    "greek capital Tau": "modifierEx\u03a4ension",
    "armenian oh": "m\u0585difierExtension",
    "armenian vo": "modifierExte\u0578sion",
    "cherokee": "mo\u13a0ifierExtension",
    "lisu": "mo\ua4d3ifierExtension",
    "small capitals": "\u1d0d\u1d0f\u1d05\u026a\ua730\u026a\u1d07\u0280\u1d07x\u1d1b\u1d07\u0274\ua731\u026a\u1d0f\u0274",
    "stroke": "m\u00f8difierExtension",
    "digit zero": "m0difierExtension",
    "digit one": "mod1fierExtension",
    "letter l": "modlfierExtension",
    "vertical line": "mod|fierExtension",
    "r and n": "rnodifierExtension",
}

FAR = {
    "the name itself": MODIFIERS,
    "empty": "",
    "extension": "extension",
    "plural": "modifierExtensions",
    "one letter less": "modifierExtensio",
    "one letter other": "modifierExtensiom",
    "letters swapped": "modifierExtensino",
    "dot": "modifier.Extension",
    "other element of that length": "contraindications",
    "modifier": "modifier",
    "another script": "модификация расширения",
    "short, another script": "имя",
    "in a path": "ImagingStudy.modifierExtension",
}


@pytest.mark.parametrize("name", NEAR.values(), ids=NEAR)
def test_near_misses_are_seen(name: str) -> None:
    """What people and lenient readers take for the name is a near miss."""
    assert is_near_miss(name)


@pytest.mark.parametrize("name", FAR.values(), ids=FAR)
def test_other_names_are_not(name: str) -> None:
    """The name itself is none, and neither is what reads otherwise."""
    assert not is_near_miss(name)


def test_every_look_alike_of_the_table_counts() -> None:
    """Each character of the table stands for its letter wherever that is in the name, and folds to itself before."""
    for letter, points in _LOOK_ALIKES.items():
        for point in points.split():
            twin = chr(int(point, 16))
            assert unicodedata.normalize("NFKD", twin).casefold() == twin, point
            place = MODIFIERS.lower().index(letter)
            assert is_near_miss(MODIFIERS[:place] + twin + MODIFIERS[place + 1 :]), point


@pytest.mark.parametrize("release", list(Release))
def test_no_element_of_fhir_is_a_near_miss(release: Release) -> None:
    """No name that FHIR defines, nor its companion with an underscore, is refused."""
    known = tables(release)
    names = {name for path in known.resource_types for name in known.required(path).children}
    assert {"modifierExtension", "implicitRules"} <= names
    assert [name for name in names if is_near_miss(name)] == []
    assert [name for name in names - {MODIFIERS} if is_near_miss("_" + name)] == []


def test_no_character_is_more_than_three_letters() -> None:
    """So a name of five characters cannot be it, and is not looked at."""
    letters = set(skeleton(MODIFIERS))
    longest = max(len(fold) for fold in map(skeleton, map(chr, range(0x110000))) if letters.issuperset(fold))
    assert longest * (_SHORTEST - 1) < len(MODIFIERS)
    assert longest == 3


def test_no_character_folds_to_more_letters_than_it_has_bytes() -> None:
    """All of Unicode: what can be part of a near miss has as many bytes as letters, and all of them in the class."""
    letters = set(skeleton(MODIFIERS))
    offenders = []
    for point in (*range(0xD800), *range(0xE000, 0x110000)):
        fold = skeleton(chr(point))
        if letters.issuperset(fold):
            spelt = chr(point).encode() if point >= 0x20 else b""  # below a space only escapes are valid: test_scan has them
            if point >= 0x20 and (len(fold) > len(spelt) or not scan.SPELLING.issuperset(spelt)):
                offenders.append(hex(point))
    assert offenders == []


def test_no_character_beyond_ascii_becomes_a_letter_of_a_media_type() -> None:
    """All of Unicode: what is sought in lower case is spelt in ASCII letters, so that the bytes show it."""
    letters = set("fhirzp+")
    assert [point for point in range(0x80, 0x110000) if chr(point).lower() in letters] == []


@given(
    st.lists(
        st.sampled_from(
            [
                "modifier",
                "Extension",
                "m",
                "r",
                "n",
                "rn",
                "_",
                "-",
                " ",
                "\u0301",
                "\u200b",
                "\u043e",
                "i",
                "f",
                "0",
                "\uff4d",
                "\ufb01",
            ]
        ),
        max_size=14,
    )
)
def test_looking_letter_by_letter_finds_what_the_whole_shows(parts: list[str]) -> None:
    """The skeleton of the whole name, which is simpler and slower, says the same."""
    name = "".join(parts)
    assert is_near_miss(name) == (name != MODIFIERS and skeleton(name) == skeleton(MODIFIERS))


def test_what_is_taken_out_at_once_is_passed_over_anyway() -> None:
    """No letter is lost by it."""
    out = [chr(code) for code in range(0x110000) if _COMMON.fullmatch(chr(code))]
    assert len(out) > 100
    assert skeleton("".join(out)) == ""
