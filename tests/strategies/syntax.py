"""Random syntax trees: whatever the grammar can say, with spans that mean nothing."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from caveat.domain.diagnostic import Span
from caveat.lang import syntax

NOWHERE = Span("x", 0, 0, 1, 1, 1, 1)

_span = st.just(NOWHERE)
_names = st.one_of(
    st.from_regex(r"[a-z][A-Za-z0-9]{0,4}(-[A-Za-z0-9]{1,4}){0,2}", fullmatch=True),
    st.sampled_from(["reject", "on", "policy", "use", "value", "a-on", "onward", "not-in"]),
)
_in_urls = _names.filter(lambda name: name not in {"on", "anything", "except"})
_systems = st.from_regex(r"[A-Z][A-Z0-9_]{0,4}", fullmatch=True)
_codes = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp", "Cf"], exclude_characters='"'), max_size=8)
_fields = st.sampled_from(["code", "system", "value", "present", "in", "unit"])
_path_words = st.from_regex(r"(\*|[A-Z][A-Za-z]{0,8})(\.[a-z][A-Za-z0-9]{0,5}(\[x\])?){0,3}(\.\*\*)?", fullmatch=True)
_elements = st.from_regex(r"[a-z][A-Za-z]{0,6}(\[x\])?(\.[a-z][A-Za-z]{0,5}(\[x\])?){0,2}", fullmatch=True)
_types = st.sampled_from(["CodeableConcept", "Coding", "boolean", "complex", "when", "on"])

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12).map(lambda value: syntax.Text(value, NOWHERE))


def _word(text: SearchStrategy[str] | list[str]) -> SearchStrategy[syntax.Word]:
    written = st.sampled_from(text) if isinstance(text, list) else text
    return st.builds(syntax.Word, written, _span)


def _many(node: SearchStrategy[Any], least: int = 1) -> SearchStrategy[tuple[Any, ...]]:
    return st.lists(node, min_size=least, max_size=3).map(tuple)


_paths = _many(_word(_path_words))
_days = st.dates(date(1, 1, 1), date(9999, 12, 31)).map(lambda day: syntax.Day(day.isoformat(), day, NOWHERE))
_counts = st.integers(0, 999_999_999).map(lambda number: syntax.Number(Decimal(number), NOWHERE))
_numbers = st.decimals(-(10**12), 10**12, places=3).map(lambda number: syntax.Number(number, NOWHERE))
_displays = st.none() | texts.map(lambda text: text.value)
_literals = st.one_of(
    texts,
    _numbers,
    _days,
    st.builds(syntax.Truth, st.booleans(), _span),
    st.builds(syntax.Code, _systems, _codes, _displays, _span),
)
refs = st.builds(syntax.Ref, st.none() | _in_urls, _in_urls, _span)
_url = st.one_of(refs, texts, st.builds(syntax.Anything, _span))
_urls = st.builds(syntax.Urls, _many(_url), _many(_url, 0), _span)

# conditions

_operands = st.builds(syntax.Operand, st.none() | texts.map(lambda text: text.value), _many(_fields, 0), _span)
_predicates = st.one_of(
    st.builds(syntax.Compare, _operands, st.sampled_from(["=", "!=", "<=", ">=", "<", ">"]), _literals, _span),
    st.builds(syntax.In, _operands, _many(_literals), _span),
    st.builds(syntax.Present, _operands, _span),
)


def _combined(inner: SearchStrategy[syntax.Condition]) -> SearchStrategy[syntax.Condition]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        st.builds(syntax.Not, inner, _span), st.builds(syntax.And, several, _span), st.builds(syntax.Or, several, _span)
    )


conditions = st.recursive(_predicates, _combined, max_leaves=6)

# clauses and settings


def _said(*keywords: str) -> SearchStrategy[syntax.TextClause]:
    return st.builds(syntax.TextClause, st.sampled_from(keywords), texts, _span)


def _dated(*keywords: str) -> SearchStrategy[syntax.DayClause]:
    return st.builds(syntax.DayClause, st.sampled_from(keywords), _days, _span)


_kinds = st.builds(syntax.WordClause, st.just("kind"), _word(["negation", "do-not-use", "qualifier"]), _span)
_severities = _word(["critical", "high", "medium", "low"])
_clauses = st.one_of(
    st.builds(syntax.AsTypes, _many(_word(_types)), _span),
    st.builds(syntax.When, conditions, _span),
    _said("because", "owner", "implemented by", "see"),
    _dated("assessed", "from", "until"),
    _kinds,
    st.builds(syntax.WordClause, st.just("severity"), _severities, _span),
    st.builds(syntax.RecordValue, _span),
)
_waiver_clauses = _said("owner", "because", "ticket", "approved by") | _dated("from", "until")
_releases = ["R4", "R4B", "R5"]
_settings = st.one_of(
    st.builds(syntax.OwnerSetting, texts, _span),
    st.builds(syntax.ApplicationSetting, texts, texts, _span),
    st.builds(syntax.FhirSetting, _many(_word(_releases)), _span),
    st.builds(syntax.DefaultSetting, _word(["reject", "review", "exclude"]), _many(_word(_path_words), 0), _span),
    st.builds(syntax.WaiversSetting, _counts, _span),
    st.builds(syntax.ReassessSetting, _counts, _span),
)
headers = st.builds(syntax.Header, texts, texts, _many(_settings, 0), _span)

# statements

_VERBS = ["understand", "warn", "exclude", "narrative", "review", "reject", "forbid"]
_VERDICTS = ["clear", "accept", "warn", "exclude", "narrative", "review", "reject"]
rules = st.builds(syntax.Rule, _word(_VERBS), _word(_names), _urls, _paths, _many(_clauses, 0), _span)
_waived = st.one_of(
    st.builds(syntax.Waived, st.sampled_from(["unknown", "wrong-slot"]), st.none(), _urls, _span),
    st.builds(
        syntax.Waived, st.just("rule"), refs.filter(lambda ref: ref.text not in {"unknown", "empty", "incomplete"}), _urls, _span
    ),
    st.builds(syntax.Waived, st.sampled_from(["empty", "incomplete"]), st.none(), st.none(), _span),
)
_waivers = st.builds(
    syntax.Waiver,
    _word(_names),
    _waived,
    _paths,
    _word(["warn", "exclude", "narrative", "review"]),
    _many(_waiver_clauses, 0),
    _span,
)
_requirements = st.one_of(
    st.builds(syntax.Requirement, st.just("modifier"), st.just(()), _span, st.booleans()),
    st.builds(syntax.Requirement, st.just("status"), _many(_word(["draft", "active", "retired"])), _span),
    st.builds(syntax.Requirement, st.just("context"), st.just(()), _span),
    st.builds(syntax.Requirement, st.sampled_from(["publisher", "package", "unchanged"]), st.tuples(texts), _span),
    st.builds(syntax.Requirement, st.just("severity"), st.tuples(_severities), _span),
)
_given = st.one_of(
    st.builds(syntax.GivenModifier, _url, _word(_path_words), _literals, st.none() | _word(_types), _span),
    st.builds(syntax.GivenModifier, _url, _word(_path_words), st.none(), st.none(), _span),
    st.builds(syntax.GivenResource, texts, _span),
    st.builds(syntax.GivenToday, _days, _span),
    st.builds(syntax.GivenRelease, _word(_releases), _span),
    st.builds(syntax.GivenIntent, _word(["read", "modify"]), _span),
    st.builds(
        syntax.Expect,
        _word(_VERDICTS),
        st.none() | _word(["unknown", "malformed", "waiver"]),
        st.none() | refs,
        st.none() | texts,
        _span,
    ),
)
items = st.one_of(
    st.builds(syntax.Use, texts, _span),
    st.builds(syntax.Import, texts, _word(_names), _span),
    st.builds(syntax.ExtensionName, _word(_names), texts, _span),
    st.builds(syntax.CodeSystemName, _word(_systems), texts, _span),
    st.builds(syntax.Reads, _word(_path_words), st.none() | st.lists(_word(_elements), max_size=12).map(tuple), _span),
    rules,
    _waivers,
    st.builds(syntax.Deprecation, refs, st.none() | refs, _days, st.none() | _days, texts, _span),
    st.builds(syntax.Govern, _word(_names), _urls, _many(_requirements, 0), _span),
    st.builds(syntax.Invariant, _word(_names), _many(_word(_VERDICTS)), _urls, _paths, texts, _span),
    st.builds(syntax.Test, texts, _many(_given, 0), _span),
)
files = st.builds(
    syntax.File, st.just("x"), st.just(1), st.none() | headers, st.lists(items, max_size=6).map(tuple), st.just(()), st.just("")
)
"""Whole files of edition 1, without comments."""
