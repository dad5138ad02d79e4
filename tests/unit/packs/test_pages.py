"""A pack's page says everything that a rule file can say, and nothing that breaks its tables."""

from __future__ import annotations

from datetime import date

from caveat.packs.cases import run_tests
from caveat.packs.coverage import coverage
from caveat.packs.pages import pack_page
from caveat.packs.policies import load_policy_text

BARE = """caveat 1;
reject everything: anything on *.** because "a | b" owner "o";
"""
FULL = """caveat 1;
// What it is for,
// on two lines.
//
//   a   1
//     b 2

// This comment belongs to the header.
policy "p" version "1" {
    owner "o";
    default review;
    default exclude on Patient.contact, Patient.link;
}
codesystem S = "https://x.example/s";
extension a = "https://x.example/a";
warn w: "https://x.example/v/**" except "https://x.example/v/x/*", a on Patient
    as Coding | CodeableConcept when value in [S#b "B"] kind qualifier because "a | b" assessed 2026-01-01;
test "one" {
    modifier "https://x.example/v/y" on Patient = S#b as Coding; today 2026-02-01; fhir R5; intent modify;
    expect reject by w;
}
test "two" { resource "x.json"; expect clear; }
"""


def page(text: str) -> str:
    """Return the page of a policy given as text."""
    loaded = load_policy_text(text)
    assert loaded.policy is not None
    outcomes = run_tests(loaded, date(2026, 11, 24))
    return pack_page(loaded, outcomes, coverage(loaded.policy, outcomes))


def section(text: str, title: str) -> str:
    """Return what stands under a heading of the second level."""
    return page(text).split(f"\n## {title}\n\n")[1].split("\n\n## ")[0].rstrip("\n")


def test_a_bare_policy() -> None:
    """Without comment, header, names or tests there is a page all the same."""
    assert section(BARE, "What no rule names") == "- `reject`"
    assert "| Urls | `anything` |" in section(BARE, "Rules")
    assert "| Paths | `*.**` |\n| Types | any |\n| Condition | none |\n| Because | a \\| b |" in section(BARE, "Rules")
    assert "## Names" not in page(BARE)
    assert section(BARE, "Tests") == "0 of 0 tests pass."


def test_the_purpose() -> None:
    """The first comment is the purpose: paragraphs as text, indented lines as they stand; later comments are not of it."""
    opening = page(FULL).split("\n\n## ")[0]
    assert opening == "# p\n\nWhat it is for,\non two lines.\n\n    a   1\n      b 2"


def test_defaults_rules_and_names() -> None:
    """Defaults by path, exceptions, types and conditions stand as the rule file spells them."""
    assert section(FULL, "What no rule names") == "- `review`, but\n- `exclude` on `Patient.contact`, `Patient.link`"
    rules = section(FULL, "Rules")
    assert "| `w` | warn | 1 | 0 |" in rules
    assert "| Urls | `https://x.example/v/**`<br>except `https://x.example/v/x/*`<br>`https://x.example/a` |" in rules
    assert "| Types | `Coding`, `CodeableConcept` |" in rules
    assert '| Condition | `value in [S#b "B"]` |\n| Kind | qualifier |' in rules
    assert "| `S` | `https://x.example/s` |\n| `a` | `https://x.example/a` |" in section(FULL, "Names")


def test_tests_in_words() -> None:
    """A test says what is given and what is expected; a test that fails is not counted as passing."""
    assert section(FULL, "Tests") == (
        "1 of 2 tests pass.\n\n"
        '- **one**: `"https://x.example/v/y"` with `S#b` as Coding on `Patient`, on 2026-02-01, in R5, '
        "with the intent to modify; `expect reject by w`\n"
        "- **two**: the resource `x.json`; `expect clear`"
    )
