"""Reading: what is read, where it stood, what is refused, and that one mistake never costs another statement."""

from __future__ import annotations

from decimal import Decimal
from importlib import resources

import pytest
from lark import Lark

from caveat.lang import syntax
from caveat.lang.parser import MAX_BYTES, MAX_REPORTED, MAX_RULES, Parsed, parse, parse_bytes

RULE = 'reject a: retake on ImagingStudy because "x";'


def read(body: str) -> Parsed:
    """Return a file of edition 1 with this body."""
    return parse(f"caveat 1;\n{body}", "x.caveat")


def only(body: str) -> syntax.Item:
    """Return the one item of a lawful body."""
    parsed = read(body)
    assert parsed.diagnostics == ()
    (item,) = parsed.file.items
    return item


def codes(parsed: Parsed) -> list[str]:
    """Return the codes of what is wrong, in the order of the text."""
    return [diagnostic.code for diagnostic in parsed.diagnostics]


def test_the_grammar_compiles_strictly() -> None:
    """No two terminals of the grammar can match one text in one place."""
    pytest.importorskip("interegular", reason="interegular IS ABSENT: Lark cannot look for collisions without it")
    grammar = resources.files("caveat.lang").joinpath("grammar.lark").read_text(encoding="utf-8")
    strict = Lark(grammar, start="statement", parser="lalr", lexer="contextual", strict=True)
    assert strict.parse("caveat 1;").data == "edition"


def test_keywords_end_at_word_boundaries() -> None:
    """`rejected x` is not `reject` with the name `ed`."""
    parsed = read('rejected x: retake on ImagingStudy because "x";')
    assert [diagnostic.help for diagnostic in parsed.diagnostics] == ["did you mean `reject`"]
    rule = only('reject ed: on-call on ImagingStudy because "x";')
    assert isinstance(rule, syntax.Rule)
    assert (rule.verb.text, rule.name.text, rule.urls.include[0].span.column) == ("reject", "ed", 12)


@pytest.mark.parametrize("name", ["reject", "on", "policy", "caveat", "value", "anything"])
def test_reserved_words_parse_as_names(name: str) -> None:
    """The resolver refuses them with a better message."""
    rule = only(f'reject {name}: retake on ImagingStudy because "x";')
    assert isinstance(rule, syntax.Rule)
    assert rule.name.text == name


def test_elements_may_be_called_like_statements() -> None:
    """`policy` and `use` are elements of FHIR resources."""
    reads = only("reads Consent { policy, status, use, extension, test, }")
    assert isinstance(reads, syntax.Reads)
    assert reads.elements is not None
    assert [word.text for word in reads.elements] == ["policy", "status", "use", "extension", "test"]


def test_spans_name_the_place() -> None:
    """Offsets, lines and columns point at what was written."""
    text = f'caveat 1;\r\n// é\r\nextension retake =\r\n  "u";\r\n{RULE}'
    parsed = parse(text, "x.caveat")
    assert parsed.diagnostics == ()
    extension, rule = parsed.file.items
    assert isinstance(extension, syntax.ExtensionName)
    assert isinstance(rule, syntax.Rule)
    url = extension.url.span
    assert (text[url.start : url.end], url.line, url.column, url.end_line, url.end_column) == ('"u"', 4, 3, 4, 6)
    assert text[rule.span.start : rule.span.end] == RULE
    assert (rule.paths[0].span.line, rule.paths[0].span.column) == (5, 21)


def test_spans_stay_true_after_repairs() -> None:
    """Behind a repaired place the spans still point into the author's text."""
    body = 'deny a: retake on imagingStudy when value == "x" because "why";'
    parsed = read(body)
    (rule,) = parsed.file.items
    assert isinstance(rule, syntax.Rule)
    clause = rule.clauses[-1]
    assert isinstance(clause, syntax.TextClause)
    start = len("caveat 1;\n")
    assert (clause.text.span.start - start, clause.text.span.end - start) == (body.index('"why"'), body.index('"why"') + 5)
    assert (rule.verb.text, rule.verb.span.start - start, rule.verb.span.end - start) == ("reject", 0, 4)


def test_comments_are_kept() -> None:
    """Each comment knows its text and whether code stands before it; `//` inside a string is no comment."""
    parsed = parse('// one\ncaveat 1; // two\nuse "http://x"; // three', "x")
    assert [(comment.text, comment.trailing) for comment in parsed.file.comments] == [
        ("// one", False), ("// two", True), ("// three", True),
    ]  # fmt: skip


def test_strings_are_decoded() -> None:
    """Escapes become the characters they stand for; two halves of a pair become one."""
    use = only('use "a\\n\\t\\"\\\\\\/\\u00e9\\ud83d\\ude00";')
    assert isinstance(use, syntax.Use)
    assert use.package.value == 'a\n\t"\\/é\U0001f600'


def test_literals_are_read() -> None:
    """Each kind of literal becomes its node; a day that does not exist has no value."""
    rule = only('reject a: b on *.** when value in ["s", 1.50, -2, 2026-02-30, true, A#b, A#"c d" "e"];')
    assert isinstance(rule, syntax.Rule)
    (when,) = rule.clauses
    assert isinstance(when, syntax.When)
    assert isinstance(when.condition, syntax.In)
    text, number, negative, day, truth, code, quoted = when.condition.literals
    assert (text, number, negative) == (
        syntax.Text("s", text.span), syntax.Number(Decimal("1.50"), text.span), syntax.Number(Decimal(-2), text.span),
    )  # fmt: skip
    assert day == syntax.Day("2026-02-30", None, text.span)
    assert truth == syntax.Truth(value=True, span=text.span)
    assert (code, quoted) == (syntax.Code("A", "b", None, text.span), syntax.Code("A", "c d", "e", text.span))


def test_and_binds_closer_than_or() -> None:
    """`a or b and not c` is `a or (b and (not c))`."""
    rule = only("reject a: b on *.** when value present or value present and not value present;")
    assert isinstance(rule, syntax.Rule)
    (when,) = rule.clauses
    assert isinstance(when, syntax.When)
    assert isinstance(when.condition, syntax.Or)
    _, both = when.condition.conditions
    assert isinstance(both, syntax.And)
    assert isinstance(both.conditions[1], syntax.Not)


def test_a_rule_of_an_imports_import_is_called_by_its_whole_path() -> None:
    """Everything before the last point is the namespace."""
    waiver = only('waive w: org.sub.strict for "https://x.example/a" on Patient as review;')
    assert isinstance(waiver, syntax.Waiver)
    assert waiver.waived.rule is not None
    assert (waiver.waived.rule.namespace, waiver.waived.rule.name) == ("org.sub", "strict")


def test_one_broken_statement_costs_no_other() -> None:
    """Of five statements with two broken beyond repair three are read, and each mistake is reported once."""
    parsed = read(f"{RULE}\nblah blah blah;\n{RULE}\nreject c: /x/ on Patient;\n{RULE}")
    assert len(parsed.file.items) == 3
    assert codes(parsed) == ["CV003", "CV006"]


def test_a_repaired_statement_is_kept() -> None:
    """The names that it defines stay known, so that nothing else complains of them."""
    parsed = read(f'extension retake = "https://x.example/retake"\n{RULE}')
    assert codes(parsed) == ["CV002"]
    assert [type(item) for item in parsed.file.items] == [syntax.ExtensionName, syntax.Rule]


def test_two_statements_without_semicolon_are_both_kept() -> None:
    """Even where the second begins with no word of the language."""
    parsed = read(f'use "p#1"\nrejct b: retake on Patient because "y";\n{RULE}')
    assert codes(parsed) == ["CV002", "CV003"]
    assert [type(item) for item in parsed.file.items] == [syntax.Use, syntax.Rule, syntax.Rule]


def test_a_byte_order_mark_is_ignored_once() -> None:
    """One at the start does not count; a second one is a character that may not stand there."""
    assert parse_bytes(b"\xef\xbb\xbfcaveat 1;", "x").diagnostics == ()
    assert codes(parse_bytes(b"\xef\xbb\xbf\xef\xbb\xbfcaveat 1;", "x")) == ["CV006"]


def test_bytes_that_are_not_utf8_are_located() -> None:
    """The message names the byte, the span its place."""
    (found,) = parse_bytes(b'caveat 1;\nuse "\xc3\xa9\xfc";', "x").diagnostics
    assert (found.code, found.message) == ("CV008", "byte 0xfc at offset 17 is not UTF-8")
    assert (found.span.line, found.span.column) == (2, 7)


@pytest.mark.parametrize("char", ["\u202e", "\u2066", "\u200f", "\x00", "\x85", "\ufeff", "\r", "\ud800"])
@pytest.mark.parametrize("text", ["caveat 1;{}", 'caveat 1; use "{}";', "caveat 1; // {}"], ids=["code", "string", "comment"])
def test_characters_that_deceive_are_refused_everywhere(char: str, text: str) -> None:
    """Direction and control characters may stand neither in code nor in strings nor in comments."""
    assert codes(parse(text.format(char), "x")) == ["CV006"]


def test_a_file_over_one_mebibyte_is_refused() -> None:
    """Exactly one mebibyte is read, one byte more is not; bytes count, not characters."""
    assert codes(parse("caveat 1;".ljust(MAX_BYTES), "x")) == []
    assert codes(parse("caveat 1;".ljust(MAX_BYTES + 1), "x")) == ["CV009"]
    assert codes(parse_bytes(b"caveat 1;".ljust(MAX_BYTES + 1), "x")) == ["CV009"]
    assert codes(parse_bytes(b"\xff" * (MAX_BYTES + 9), "x")) == ["CV009"]
    assert codes(parse("caveat 1; //" + "é" * (MAX_BYTES // 2), "x")) == ["CV009"]


def test_more_than_ten_thousand_rules_are_refused() -> None:
    """The limit itself is lawful."""
    rule = "warn a:a on A;"
    assert codes(read(rule * MAX_RULES)) == []
    assert codes(read(rule * (MAX_RULES + 1))) == ["CV009"]


@pytest.mark.parametrize(("depth", "found"), [(64, []), (65, ["CV007"]), (5000, ["CV007"])])
@pytest.mark.parametrize(("opening", "closing"), [("(", ")"), ("not ", "")], ids=["parentheses", "not"])
def test_nesting_is_bounded(depth: int, found: list[str], opening: str, closing: str) -> None:
    """Sixty-four levels are read, more are refused before anything recurses."""
    assert codes(read(f"reject a: b on *.** when {opening * depth}value present{closing * depth};")) == found


def test_long_conditions_are_not_deep() -> None:
    """Only nesting counts, not length."""
    assert codes(read("reject a: b on *.** when " + " and ".join(["not (value present)"] * 500) + ";")) == []


def test_reporting_stops_at_a_hundred_mistakes() -> None:
    """A file of another language gives a hundred diagnostics and a closing line."""
    parsed = read("blah;\n" * 5000)
    assert len(parsed.diagnostics) == MAX_REPORTED + 1
    assert parsed.diagnostics[-1].message == "there are more mistakes from here on"


def test_another_edition_is_reported_alone() -> None:
    """What another edition means cannot be judged, so nothing else is said."""
    assert codes(parse(f"caveat 2;\nfoo bar;\n{RULE}", "x")) == ["CV005"]


def test_a_repair_at_the_end_of_a_statement_ends() -> None:
    """A quote put in at the very end is taken back where the statement reads without it; found by fuzzing."""
    text = (
        'caveat 1;\ntest "a" { modifier "https:/x/retake" on ImagingSDefinition/retake" on ImagingStudy = true; expect reject; }'
    )
    assert [found.code for found in parse(text, "x").diagnostics]
