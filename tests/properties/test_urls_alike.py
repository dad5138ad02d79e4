"""What a rule file may name is what a document may carry: one law of urls on both sides, but for `*`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caveat.domain.decision import Fault
from caveat.intake.extension import rules_fault, url_fault
from caveat.lang.literals import literal_problem
from caveat.lang.parser import parse
from caveat.lang.resolve import resolve

SCHEMES = ["http", "HTTPS", "urn", "URN:", "mailto:", "\u017fttp", "1http", "a+b-c.1", ":", "/", "//", "://"]
PARTS = ["h", "u@", ":80", "[::1]", "?x", "#", "|1", "*", "/*", "/**", "%20", "\\", '"', "ü", "𝄞", ".", ".."]
UNSEEN = [
    " ",
    *"\t\n\x00\x7f\x85\xa0\u00ad\u180e\u2003\u200b\u200d\u200e\u2028\u202e\u2060\u2061\u3000\u3164\ufeff\ud800\U000e0020",
]
hostile = st.lists(st.sampled_from(SCHEMES + PARTS + UNSEEN), max_size=6).map("".join)
whole_urls = st.tuples(st.sampled_from(["http://h", "https://h/", "urn:", "urn://"]), hostile).map("".join)
characters = st.tuples(st.just("http://h/"), st.characters(exclude_categories=[])).map("".join)
texts = st.text(max_size=12) | hostile | whole_urls | characters

OBSERVED = [
    *["http://h/\u00ad", "http://h/\u2061", "http://u@/x", "http://:80/x", "http://?x"],
    *["http://h/*", "http://h/*/x", "urn://x/y", "urn:", "http:///x", "", "*", "urn:*"],
]


def differences(text: str) -> list[object]:
    """Return where the two sides differ on `text`, as a url and as the value of `implicitRules`."""
    told = ((False, url_fault(text)), (True, rules_fault(text)))
    return [fault or "lawful" for whole, fault in told if not _agree(text, fault, whole=whole)]


def _agree(text: str, fault: Fault | None, *, whole: bool) -> bool:
    problem = literal_problem(text, whole=whole)
    if fault is None and "*" in text:
        expected = ("holds a `*` where no wildcard can stand", "not a literal url")
        return problem is not None and (problem.says, problem.label) == expected
    if problem is None:
        return fault is None
    return fault is not None and problem.label == "this matches no modifier extension"


@given(texts)
def test_a_rule_may_name_what_a_document_may_carry(text: str) -> None:
    """A literal is lawful in a rule exactly when it is lawful in a document; a lawful `*` is refused, and not as unmatchable."""
    assert not differences(text)


@pytest.mark.parametrize("text", OBSERVED)
def test_what_was_once_seen_to_differ_agrees(text: str) -> None:
    """The texts that the two sides once judged apart, and the edges beside them."""
    assert not differences(text)


@given(st.characters(exclude_categories=["Cs"]).filter(lambda character: character not in '"\\*'))
def test_a_whole_rule_file_is_held_to_the_law(character: str) -> None:
    """What `resolve` says of a rule with any one character in its url is what the walk would say of the url."""
    url = f"http://h/{character}x"
    escaped = "".join(f"\\u{unit:04x}" for unit in _units(character))
    parsed = parse(
        f'caveat 1; policy "p" version "1" {{ owner "o"; }} reject r: "http://h/{escaped}x" on Patient because "b";', "m"
    )
    assert parsed.diagnostics == ()
    codes = [found.code for found in resolve({"m": parsed.file}, "m").diagnostics]
    assert codes == ([] if url_fault(url) is None else ["CV108"])


def _units(character: str) -> list[int]:
    """Return the UTF-16 units of a character."""
    octets = character.encode("utf-16-be")
    return [int.from_bytes(octets[at : at + 2], "big") for at in range(0, len(octets), 2)]
