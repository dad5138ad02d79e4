"""Prints syntax in the one canonical form.

Rule 1: `parse(print_file(file)).file == file` for every file that reads without a diagnostic, and printing is idempotent.
Rule 2: no comment is lost: one on its own line stands before what it stood before, a trailing one after what it trailed.
Rule 3: layout depends on the nodes alone; only single blank lines between statements are the author's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import singledispatch

from caveat.domain.diagnostic import Span
from caveat.lang import syntax
from caveat.lang.print_parts import clause, filled, given, requirement, setting, text, url
from caveat.lang.scan import BLANK, pieces_of

WIDTH = 100
_INDENT = "    "


@dataclass(frozen=True, slots=True)
class _Line:
    """One printed line of code: where in the source it begins, and for the edges of a statement what surrounds it.

    `first` marks the first line of a statement, `apart` that a blank line stands before it whatever the author wrote;
    `line` and `end_line` are its lines in the source.
    """

    text: str
    start: int
    line: int
    end_line: int
    first: bool = False
    apart: bool = False


def print_file(file: syntax.File) -> str:
    """Return the canonical text of `file`; of a file with diagnostics only what could be read."""
    lines = [line for block in _blocks(file) for line in block]
    out = "\n".join(_with_comments(lines, file.comments))
    return f"{out}\n" if out else ""


# comments and blank lines


def _with_comments(lines: list[_Line], comments: tuple[syntax.Comment, ...]) -> Iterator[str]:
    waiting = list(reversed(comments))
    held: _Line | None = None
    for line in lines:
        held, own = _trailed(held, waiting, line.start)
        if held is not None:
            yield held.text
        yield from _group(held, own, line)
        held = line
    held, own = _trailed(held, waiting, None)
    if held is not None:
        yield held.text
    yield from _group(held, own, None)


def _trailed(held: _Line | None, waiting: list[syntax.Comment], before: int | None) -> tuple[_Line | None, list[syntax.Comment]]:
    """Take the comments that stand before the offset `before`; give the first, if it trails, to the held line."""
    own: list[syntax.Comment] = []
    while waiting and (before is None or waiting[-1].span.start < before):
        own.append(waiting.pop())
    if held is not None and own and own[0].trailing:
        held = replace(held, text=f"{held.text}  {own[0].text}")
        own = own[1:]
    return held, own


def _group(held: _Line | None, own: list[syntax.Comment], line: _Line | None) -> Iterator[str]:
    """Yield the comments that stand alone before `line`, and the blank lines; the line itself comes later."""
    outermost = line is None or line.first
    indent = "" if line is None else _indent_before(line.text)
    spots = [(comment.span.line, comment.span.end_line) for comment in own]
    if line is not None:
        spots.append((line.line, line.line))
    end = None if held is None else held.end_line
    for at, (begins, ends) in enumerate(spots):
        forced = at == 0 and line is not None and line.apart
        if outermost and end is not None and (forced or begins > end + 1):
            yield ""
        end = ends
        if at < len(own):
            yield indent + own[at].text


def _indent_before(code: str) -> str:
    return _INDENT if code == "}" else code[: len(code) - len(code.lstrip())]


# statements


_NAMES = (syntax.ExtensionName, syntax.CodeSystemName)
_SOURCES = (syntax.Use, syntax.Import)


def _blocks(file: syntax.File) -> Iterator[list[_Line]]:
    if file.edition is not None:
        start = next((piece.start for piece in pieces_of(file.text) if piece.kind not in BLANK), 0)
        line = file.text.count("\n", 0, start) + 1
        yield [_Line(f"caveat {file.edition};", start, line, line, first=True)]
    statements = [*([] if file.header is None else [file.header]), *file.items]
    for before, item in zip([None, *statements], statements, strict=False):
        together = any(isinstance(before, group) and isinstance(item, group) for group in (_NAMES, _SOURCES))
        yield _edged(_lines(item), item.span, apart=not together)


def _edged(lines: list[tuple[str, int]], span: Span, *, apart: bool) -> list[_Line]:
    """Return the lines with the marks of a statement's edges; inner lines never stand apart."""
    inner = [_Line(written, start, span.line, span.end_line) for written, start in lines]
    return [replace(inner[0], first=True, apart=apart), *inner[1:]]


@singledispatch
def _lines(item: object) -> list[tuple[str, int]]:
    """Return the lines of one statement, each with the offset of what it begins with."""
    raise AssertionError(item)


@_lines.register
def _(item: syntax.Header) -> list[tuple[str, int]]:
    head = f"policy {text(item.name)} version {text(item.version)}"
    return _block(head, item.span, [(setting(node), node.span) for node in item.settings])


@_lines.register
def _(item: syntax.Use) -> list[tuple[str, int]]:
    return [(f"use {text(item.package)};", item.span.start)]


@_lines.register
def _(item: syntax.Import) -> list[tuple[str, int]]:
    return [(f"import {text(item.path)} as {item.namespace.text};", item.span.start)]


@_lines.register
def _(item: syntax.ExtensionName) -> list[tuple[str, int]]:
    return [(f"extension {item.name.text} = {text(item.url)};", item.span.start)]


@_lines.register
def _(item: syntax.CodeSystemName) -> list[tuple[str, int]]:
    return [(f"codesystem {item.name.text} = {text(item.url)};", item.span.start)]


@_lines.register
def _(item: syntax.Reads) -> list[tuple[str, int]]:
    if item.elements is None:
        return [(f"reads all of {item.path.text};", item.span.start)]
    head = f"reads {item.path.text}"
    flat = f"{head} {{ {', '.join(word.text for word in item.elements)} }}"
    if not item.elements or len(flat) <= WIDTH:
        return [(flat if item.elements else f"{head} {{}}", item.span.start)]
    rows = filled([(word.text, word.span.start) for word in item.elements], _INDENT, WIDTH)
    return [(f"{head} {{", item.span.start), *rows, ("}", item.span.end - 1)]


@_lines.register
def _(item: syntax.Rule) -> list[tuple[str, int]]:
    head = f"{item.verb.text} {item.name.text}:"
    return _sentence(head, item.span, [*_selection(item.urls), ("on " + _joined(item.paths), item.paths[0].span)], item.clauses)


@_lines.register
def _(item: syntax.Waiver) -> list[tuple[str, int]]:
    waived = item.waived
    what = waived.kind if waived.rule is None else waived.rule.text
    urls = [] if waived.urls is None else _selection(waived.urls)
    parts = [*urls, (f"on {_joined(item.paths)} as {item.verdict.text}", item.paths[0].span)]
    return _sentence(f"waive {item.name.text}: {what}" + (" for" if urls else ""), item.span, parts, item.clauses)


@_lines.register
def _(item: syntax.Deprecation) -> list[tuple[str, int]]:
    use = "" if item.replacement is None else f" use {item.replacement.text}"
    removed = "" if item.removed is None else f" removed {item.removed.text}"
    head = f"deprecate {item.extension.text}{use} from {item.since.text}{removed}"
    return _wrapped(head, item.span, [(f"because {text(item.because)}", item.because.span)])


@_lines.register
def _(item: syntax.Govern) -> list[tuple[str, int]]:
    urls = " ".join(part for part, _ in _selection(item.urls))
    rows = [(requirement(node), node.span) for node in item.requirements]
    return _block(f"govern {item.name.text}: definitions of {urls}", item.span, rows)


@_lines.register
def _(item: syntax.Invariant) -> list[tuple[str, int]]:
    urls = " ".join(part for part, _ in _selection(item.urls))
    head = f"invariant {item.name.text}: never {_joined(item.verdicts)} for {urls} on {_joined(item.paths)}"
    return _wrapped(head, item.span, [(f"because {text(item.because)}", item.because.span)])


@_lines.register
def _(item: syntax.Test) -> list[tuple[str, int]]:
    return _block(f"test {text(item.name)}", item.span, [(given(node), node.span) for node in item.statements])


# layouts


def _block(head: str, span: Span, rows: list[tuple[str, Span]]) -> list[tuple[str, int]]:
    if not rows:
        return [(f"{head} {{}}", span.start)]
    inner = [(f"{_INDENT}{row};", place.start) for row, place in rows]
    return [(f"{head} {{", span.start), *inner, ("}", span.end - 1)]


def _wrapped(head: str, span: Span, tail: list[tuple[str, Span]]) -> list[tuple[str, int]]:
    """Return one line where it fits, else the head and each part of the tail on lines of their own."""
    flat = " ".join([head, *(part for part, _ in tail)]) + ";"
    if len(flat) <= WIDTH or not tail:
        return [(flat, span.start)]
    *rows, (last, place) = [(_INDENT + part, part_span.start) for part, part_span in tail]
    return [(head, span.start), *rows, (f"{last};", place)]


def _sentence(head: str, span: Span, parts: list[tuple[str, Span]], clauses: tuple[syntax.Clause, ...]) -> list[tuple[str, int]]:
    """Return a rule or waiver: on one line where it fits, else its clauses below it, and its parts too where those do not fit."""
    tail = [(clause(node), node.span) for node in clauses]
    first = " ".join([head, *(part for part, _ in parts)])
    return _wrapped(first, span, tail) if len(first) < WIDTH else _wrapped(head, span, [*parts, *tail])


def _selection(urls: syntax.Urls) -> list[tuple[str, Span]]:
    parts = [(", ".join(map(url, urls.include)), urls.include[0].span)]
    if urls.exclude:
        parts.append(("except " + ", ".join(map(url, urls.exclude)), urls.exclude[0].span))
    return parts


def _joined(words: Iterable[syntax.Word]) -> str:
    return ", ".join(word.text for word in words)
