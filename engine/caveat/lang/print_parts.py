"""Prints the parts of statements, each as one line without its `;`: strings, urls, clauses, conditions, settings."""

from __future__ import annotations

import re

from caveat.lang import syntax
from caveat.lang.spelling import quoted_string

_BARE_CODE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?")


def text(node: syntax.Text) -> str:
    """Return a string literal; characters that may not stand in a rule file are escaped."""
    return quoted_string(node.value)


def url(node: syntax.Url) -> str:
    """Return a url, a reference, or `anything`."""
    match node:
        case syntax.Text():
            return text(node)
        case syntax.Ref():
            return node.text
        case syntax.Anything():
            return "anything"


def literal(node: syntax.Literal) -> str:
    """Return a value to compare with."""
    match node:
        case syntax.Text():
            return text(node)
        case syntax.Number():
            return format(node.value, "f")
        case syntax.Day():
            return node.text
        case syntax.Truth():
            return "true" if node.value else "false"
        case syntax.Code():
            code = node.code if _BARE_CODE.fullmatch(node.code) else f'"{node.code}"'
            return f"{node.system}#{code}" + ("" if node.display is None else f" {quoted_string(node.display)}")


def operand(node: syntax.Operand) -> str:
    """Return `value...` or `part("...")...`."""
    return ".".join(["value" if node.part is None else f"part({quoted_string(node.part)})", *node.fields])


def condition(node: syntax.Condition) -> str:
    """Return a condition, with the parentheses that it needs and no others."""
    match node:
        case syntax.Compare():
            return f"{operand(node.operand)} {node.operator} {literal(node.literal)}"
        case syntax.In():
            return f"{operand(node.operand)} in [{', '.join(map(literal, node.literals))}]"
        case syntax.Present():
            return f"{operand(node.operand)} present"
        case syntax.Not():
            return f"not {_nested(node.condition, syntax.And | syntax.Or)}"
        case syntax.And():
            return " and ".join(_nested(part, syntax.And | syntax.Or) for part in node.conditions)
        case syntax.Or():
            return " or ".join(_nested(part, syntax.Or) for part in node.conditions)


def _nested(node: syntax.Condition, looser: object) -> str:
    written = condition(node)
    return f"({written})" if isinstance(node, looser) else written  # type: ignore[arg-type]


def clause(node: syntax.Clause) -> str:
    """Return a clause of a rule or waiver."""
    match node:
        case syntax.AsTypes():
            return "as " + " | ".join(word.text for word in node.types)
        case syntax.When():
            return f"when {condition(node.condition)}"
        case syntax.TextClause():
            return f"{node.keyword} {text(node.text)}"
        case syntax.DayClause():
            return f"{node.keyword} {node.day.text}"
        case syntax.WordClause():
            return f"{node.keyword} {node.word.text}"
        case syntax.RecordValue():
            return "record value"


def setting(node: syntax.Setting) -> str:
    """Return a setting of the policy header."""
    match node:
        case syntax.OwnerSetting():
            return f"owner {text(node.owner)}"
        case syntax.ApplicationSetting():
            return f"application {text(node.name)} version {text(node.version)}"
        case syntax.FhirSetting():
            return f"fhir {_words(node.releases)}"
        case syntax.DefaultSetting():
            return f"default {node.verdict.text}" + (f" on {_words(node.paths)}" if node.paths else "")
        case syntax.WaiversSetting():
            return f"waivers at most {literal(node.days)} days"
        case syntax.ReassessSetting():
            return f"reassess every {literal(node.days)} days"


def requirement(node: syntax.Requirement) -> str:
    """Return a requirement of a `govern`."""
    arguments = ", ".join(part.text if isinstance(part, syntax.Word) else text(part) for part in node.arguments)
    match node.kind:
        case "severity":
            return f"severity {arguments}"
        case "modifier":
            return "require modifier with reason" if node.with_reason else "require modifier"
        case "context":
            return "require context covers rules"
        case "unchanged":
            return f"require unchanged since {arguments}"
        case kind:
            return f"require {kind} {arguments}"


def given(node: syntax.TestStatement) -> str:
    """Return a statement of a test."""
    match node:
        case syntax.GivenModifier():
            value = "" if node.literal is None else f" = {literal(node.literal)}"
            of_type = "" if node.type is None else f" as {node.type.text}"
            return f"modifier {url(node.url)} on {node.path.text}{value}{of_type}"
        case syntax.GivenResource():
            return f"resource {text(node.path)}"
        case syntax.GivenToday():
            return f"today {node.day.text}"
        case syntax.GivenRelease():
            return f"fhir {node.release.text}"
        case syntax.GivenIntent():
            return f"intent {node.intent.text}"
        case syntax.Expect():
            return _expect(node)


def _expect(node: syntax.Expect) -> str:
    ground = "" if node.ground is None else f" {node.ground.text}"
    rule = "" if node.rule is None else f" by {node.rule.text}"
    location = "" if node.location is None else f" at {text(node.location)}"
    return f"expect {node.verdict.text}{ground}{rule}{location}"


def filled(parts: list[tuple[str, int]], indent: str, width: int) -> list[tuple[str, int]]:
    """Return rows filled with the parts and commas between them, each row with the offset of its first part."""
    rows: list[tuple[str, int]] = []
    for at, (part, start) in enumerate(parts):
        written = part if at == len(parts) - 1 else f"{part},"
        if rows and len(rows[-1][0]) + len(written) < width:
            rows[-1] = (f"{rows[-1][0]} {written}", rows[-1][1])
        else:
            rows.append((indent + written, start))
    return rows


def _words(words: tuple[syntax.Word, ...]) -> str:
    return ", ".join(word.text for word in words)
