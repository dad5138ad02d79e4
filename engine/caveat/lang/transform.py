"""From Lark's trees to frozen syntax: one small function a grammar rule, in the order of the grammar."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from typing import Any, cast

from lark import Token, Tree

from caveat.domain.diagnostic import Span
from caveat.lang import syntax
from caveat.lang.source import Draft

Node = Tree[Token]
Child = Node | Token
_Rule = Callable[[Node, Draft], Any]


def statement(tree: Node, draft: Draft) -> syntax.Item | syntax.Header | syntax.Number:
    """Return the statement that `tree` stands for; an edition is the number alone."""
    return cast("syntax.Item | syntax.Header | syntax.Number", _build(tree, draft))


def _build(tree: Child, draft: Draft) -> Any:
    node = cast("Node", tree)
    return _RULES[node.data](node, draft)


# parts that many rules share


def _span(child: Child, draft: Draft) -> Span:
    if isinstance(child, Token):
        return draft.span(cast("int", child.start_pos), cast("int", child.end_pos))
    return draft.span(child.meta.start_pos, child.meta.end_pos)


def _tokens(tree: Node, *kinds: str) -> list[Token]:
    return [child for child in tree.children if isinstance(child, Token) and child.type in kinds]


def _trees(tree: Node, *rules: str) -> list[Node]:
    return [child for child in tree.children if isinstance(child, Tree) and (not rules or child.data in rules)]


def _word(token: Token, draft: Draft) -> syntax.Word:
    return syntax.Word(str(token), _span(token, draft))


def _words(tree: Node, draft: Draft, *kinds: str) -> tuple[syntax.Word, ...]:
    return tuple(_word(token, draft) for token in _tokens(tree, *kinds))


def _texts(tree: Node, draft: Draft) -> list[syntax.Text]:
    return [syntax.Text(decoded(token), _span(token, draft)) for token in _tokens(tree, "STRING")]


def _days(tree: Node, draft: Draft) -> list[syntax.Day]:
    return [_day(token, draft) for token in _tokens(tree, "DATE")]


def _day(token: Token, draft: Draft) -> syntax.Day:
    try:
        value = date.fromisoformat(token)
    except ValueError:
        value = None
    return syntax.Day(str(token), value, _span(token, draft))


def _number(token: Token, draft: Draft) -> syntax.Number:
    return syntax.Number(Decimal(token), _span(token, draft))


def _urls(tree: Node, draft: Draft) -> syntax.Urls:
    include = [child for child in _trees(tree) if child.data != "except_"]
    exclude = [child for node in _trees(tree, "except_") for child in node.children]
    return syntax.Urls(
        tuple(_build(child, draft) for child in include),
        tuple(_build(child, draft) for child in exclude),
        _span(tree, draft),
    )


def _paths(tree: Node, draft: Draft) -> tuple[syntax.Word, ...]:
    return _words(tree, draft, "PATH")


def _one(nodes: Iterable[Node], draft: Draft) -> Any:
    return next((_build(node, draft) for node in nodes), None)


_ESCAPE = re.compile(r'\\(?:u([0-9A-Fa-f]{4})|(["\\nt/]))')
_SHORT = {"n": "\n", "t": "\t"}


def decoded(literal: str) -> str:
    """Return the value of a string literal; halves of a surrogate pair join, and a half alone becomes U+FFFD."""
    body = literal[1:-1]
    if "\\" not in body:
        return body
    text = _ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else _SHORT.get(m[2], m[2]), body)
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


# nodes of one part


def _of_text(node: Callable[[syntax.Text, Span], Any]) -> _Rule:
    return lambda tree, draft: node(_texts(tree, draft)[0], _span(tree, draft))


def _of_nothing(node: Callable[[Span], Any]) -> _Rule:
    return lambda tree, draft: node(_span(tree, draft))


def _of_words(node: Callable[[tuple[syntax.Word, ...], Span], Any], kind: str) -> _Rule:
    return lambda tree, draft: node(_words(tree, draft, kind), _span(tree, draft))


def _of_count(node: Callable[[syntax.Number, Span], Any]) -> _Rule:
    return lambda tree, draft: node(_number(_tokens(tree, "INT")[0], draft), _span(tree, draft))


def _of_word(node: Callable[[syntax.Word, Span], Any], kind: str) -> _Rule:
    return lambda tree, draft: node(_words(tree, draft, kind)[0], _span(tree, draft))


def _of_conditions(node: Callable[[tuple[syntax.Condition, ...], Span], Any]) -> _Rule:
    return lambda tree, draft: node(_conditions(tree, draft), _span(tree, draft))


# edition, header


def _edition(tree: Node, draft: Draft) -> syntax.Number:
    return _number(_tokens(tree, "INT")[0], draft)


def _header(tree: Node, draft: Draft) -> syntax.Header:
    name, version = _texts(tree, draft)
    return syntax.Header(name, version, tuple(_build(node, draft) for node in _trees(tree)), _span(tree, draft))


def _set_application(tree: Node, draft: Draft) -> syntax.ApplicationSetting:
    name, version = _texts(tree, draft)
    return syntax.ApplicationSetting(name, version, _span(tree, draft))


def _set_default(tree: Node, draft: Draft) -> syntax.DefaultSetting:
    verdict = _words(tree, draft, "DEFAULT")[0]
    return syntax.DefaultSetting(verdict, _words(tree, draft, "PATH"), _span(tree, draft))


# names


def _import(tree: Node, draft: Draft) -> syntax.Import:
    return syntax.Import(_texts(tree, draft)[0], _words(tree, draft, "NAME")[0], _span(tree, draft))


def _extension(tree: Node, draft: Draft) -> syntax.ExtensionName:
    return syntax.ExtensionName(_words(tree, draft, "NAME")[0], _texts(tree, draft)[0], _span(tree, draft))


def _codesystem(tree: Node, draft: Draft) -> syntax.CodeSystemName:
    return syntax.CodeSystemName(_words(tree, draft, "CSNAME")[0], _texts(tree, draft)[0], _span(tree, draft))


def _reads(tree: Node, draft: Draft) -> syntax.Reads:
    elements = None if tree.data == "reads_all" else _words(tree, draft, "ELEMENT")
    return syntax.Reads(_words(tree, draft, "PATH")[0], elements, _span(tree, draft))


def _ref(tree: Node, draft: Draft) -> syntax.Ref:
    *namespace, name = (str(token) for token in _tokens(tree, "NAME"))
    return syntax.Ref(".".join(namespace) or None, name, _span(tree, draft))


def _pattern(tree: Node, draft: Draft) -> syntax.Text:
    return _texts(tree, draft)[0]


# rules


def _rule(tree: Node, draft: Draft) -> syntax.Rule:
    verb, name, urls, paths, *clauses = tree.children
    return syntax.Rule(
        _word(cast("Token", verb), draft),
        _word(cast("Token", name), draft),
        _build(urls, draft),
        _build(paths, draft),
        tuple(_build(clause, draft) for clause in clauses),
        _span(tree, draft),
    )


def _c_when(tree: Node, draft: Draft) -> syntax.When:
    return syntax.When(_build(tree.children[0], draft), _span(tree, draft))


def _c_word(tree: Node, draft: Draft) -> syntax.WordClause:
    keyword, word = cast("list[Token]", tree.children)
    return syntax.WordClause(str(keyword), _word(word, draft), _span(tree, draft))


def _c_text(tree: Node, draft: Draft) -> syntax.TextClause:
    *keyword, text = cast("list[Token]", tree.children)
    return syntax.TextClause(" ".join(keyword), syntax.Text(decoded(text), _span(text, draft)), _span(tree, draft))


def _c_day(tree: Node, draft: Draft) -> syntax.DayClause:
    keyword, day = cast("list[Token]", tree.children)
    return syntax.DayClause(str(keyword), _day(day, draft), _span(tree, draft))


# conditions


def _conditions(tree: Node, draft: Draft) -> tuple[syntax.Condition, ...]:
    return tuple(_build(child, draft) for child in tree.children)


def _not(tree: Node, draft: Draft) -> syntax.Not:
    return syntax.Not(_conditions(tree, draft)[0], _span(tree, draft))


def _compare(tree: Node, draft: Draft) -> syntax.Compare:
    operand, operator, literal = tree.children
    return syntax.Compare(_build(operand, draft), str(operator), _build(literal, draft), _span(tree, draft))


def _in(tree: Node, draft: Draft) -> syntax.In:
    operand, *literals = (_build(child, draft) for child in tree.children)
    return syntax.In(operand, tuple(literals), _span(tree, draft))


def _present(tree: Node, draft: Draft) -> syntax.Present:
    return syntax.Present(_build(tree.children[0], draft), _span(tree, draft))


def _operand(tree: Node, draft: Draft) -> syntax.Operand:
    fields = tuple(str(token) for token in _tokens(tree, "FIELD"))
    part = _texts(tree, draft)[0].value if tree.data == "part" else None
    return syntax.Operand(part, fields, _span(tree, draft))


def _l_number(tree: Node, draft: Draft) -> syntax.Number:
    return _number(_tokens(tree, "NUMBER")[0], draft)


def _l_day(tree: Node, draft: Draft) -> syntax.Day:
    return _days(tree, draft)[0]


def _l_truth(tree: Node, draft: Draft) -> syntax.Truth:
    return syntax.Truth(tree.children[0] == "true", _span(tree, draft))


def _l_code(tree: Node, draft: Draft) -> syntax.Code:
    system, _, code = str(tree.children[0]).partition("#")
    display = next((text.value for text in _texts(tree, draft)), None)
    return syntax.Code(system, code[1:-1] if code.startswith('"') else code, display, _span(tree, draft))


# waivers, deprecations, governance, invariants


def _waiver(tree: Node, draft: Draft) -> syntax.Waiver:
    name, waived, paths, verdict, *clauses = tree.children
    return syntax.Waiver(
        _word(cast("Token", name), draft),
        _build(waived, draft),
        _build(paths, draft),
        _word(cast("Token", verdict), draft),
        tuple(_build(clause, draft) for clause in clauses),
        _span(tree, draft),
    )


def _w_urls(tree: Node, draft: Draft) -> syntax.Waived:
    return syntax.Waived(str(tree.children[0]), None, _one(_trees(tree), draft), _span(tree, draft))


def _w_rule(tree: Node, draft: Draft) -> syntax.Waived:
    rule, urls = tree.children
    return syntax.Waived("rule", _build(rule, draft), _build(urls, draft), _span(tree, draft))


def _w_alone(tree: Node, draft: Draft) -> syntax.Waived:
    return syntax.Waived(str(tree.children[0]), None, None, _span(tree, draft))


def _deprecation(tree: Node, draft: Draft) -> syntax.Deprecation:
    return syntax.Deprecation(
        _one(_trees(tree, "ref"), draft),
        _one(_trees(tree, "replacement"), draft),
        _days(tree, draft)[0],
        _one(_trees(tree, "removed"), draft),
        _texts(tree, draft)[0],
        _span(tree, draft),
    )


def _only(tree: Node, draft: Draft) -> Any:
    return _build(tree.children[-1], draft)


def _govern(tree: Node, draft: Draft) -> syntax.Govern:
    name, urls, *requirements = tree.children
    return syntax.Govern(
        _word(cast("Token", name), draft),
        _build(urls, draft),
        tuple(_build(child, draft) for child in requirements),
        _span(tree, draft),
    )


def _q_modifier(tree: Node, draft: Draft) -> syntax.Requirement:
    reason = bool(_tokens(tree, "REASON"))
    return syntax.Requirement("modifier", (), _span(tree, draft), reason)


def _q_arguments(tree: Node, draft: Draft) -> syntax.Requirement:
    keyword = str(tree.children[0])
    arguments: tuple[syntax.Word | syntax.Text, ...] = (*_words(tree, draft, "STATUS", "SEVERITY"), *_texts(tree, draft))
    return syntax.Requirement(keyword, arguments, _span(tree, draft))


def _invariant(tree: Node, draft: Draft) -> syntax.Invariant:
    urls, paths = _trees(tree)
    return syntax.Invariant(
        _words(tree, draft, "NAME")[0],
        _words(tree, draft, "VERDICT"),
        _build(urls, draft),
        _build(paths, draft),
        _texts(tree, draft)[0],
        _span(tree, draft),
    )


# tests


def _test(tree: Node, draft: Draft) -> syntax.Test:
    return syntax.Test(_texts(tree, draft)[0], tuple(_build(node, draft) for node in _trees(tree)), _span(tree, draft))


def _t_modifier(tree: Node, draft: Draft) -> syntax.GivenModifier:
    url = next(child for child in _trees(tree) if child.data != "t_value")
    given = next(iter(_trees(tree, "t_value")), None)
    literal = None if given is None else _one(_trees(given), draft)
    types = () if given is None else _words(given, draft, "DTYPE")
    path = _words(tree, draft, "PATH")[0]
    return syntax.GivenModifier(_build(url, draft), path, literal, next(iter(types), None), _span(tree, draft))


def _t_today(tree: Node, draft: Draft) -> syntax.GivenToday:
    return syntax.GivenToday(_days(tree, draft)[0], _span(tree, draft))


def _t_expect(tree: Node, draft: Draft) -> syntax.Expect:
    return syntax.Expect(
        _words(tree, draft, "VERDICT")[0],
        next(iter(_words(tree, draft, "GROUND")), None),
        _one(_trees(tree, "t_by"), draft),
        _one(_trees(tree, "t_at"), draft),
        _span(tree, draft),
    )


_RULES: dict[str, _Rule] = {
    "edition": _edition, "policy": _header,
    "set_owner": _of_text(syntax.OwnerSetting), "set_application": _set_application,
    "set_fhir": _of_words(syntax.FhirSetting, "FHIRVER"), "set_default": _set_default,
    "set_waivers": _of_count(syntax.WaiversSetting), "set_reassess": _of_count(syntax.ReassessSetting),
    "use": _of_text(syntax.Use), "import_": _import, "extension": _extension, "codesystem": _codesystem,
    "reads_some": _reads, "reads_all": _reads, "ref": _ref, "pattern": _pattern, "anything": _of_nothing(syntax.Anything),
    "rule": _rule, "urls": _urls, "paths": _paths,
    "c_types": _of_words(syntax.AsTypes, "DTYPE"), "c_when": _c_when, "c_word": _c_word, "c_text": _c_text, "c_day": _c_day,
    "c_record_value": _of_nothing(syntax.RecordValue),
    "or_": _of_conditions(syntax.Or), "and_": _of_conditions(syntax.And), "not_": _not,
    "compare": _compare, "in_": _in, "present": _present, "value": _operand, "part": _operand,
    "l_text": _pattern, "l_number": _l_number, "l_day": _l_day, "l_truth": _l_truth, "l_code": _l_code,
    "waiver": _waiver, "w_urls": _w_urls, "w_rule": _w_rule, "w_alone": _w_alone,
    "deprecation": _deprecation, "replacement": _only, "removed": _l_day,
    "govern": _govern, "q_modifier": _q_modifier, "q_arguments": _q_arguments, "invariant": _invariant,
    "test": _test, "t_modifier": _t_modifier, "t_resource": _of_text(syntax.GivenResource), "t_today": _t_today,
    "t_fhir": _of_word(syntax.GivenRelease, "FHIRVER"), "t_intent": _of_word(syntax.GivenIntent, "INTENT"),
    "t_expect": _t_expect, "t_by": _only, "t_at": _pattern,
}  # fmt: skip
