"""What can be wrong in a rule file, said once: where, what, why, and what to do.

Rule 1: a message is one line, lower case, the author's own words in backticks, no full stop.
Rule 2: every code has one page (`docs/diagnostics/CVnnn.md`) and one golden test, and is never reused.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a diagnostic weighs: an `error` fails, a `warning` fails only under `--deny warnings`."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of one rule file, half-open: offsets in characters, lines and columns from 1.

    `file` is the name the file was read under, as given by whoever read it.
    """

    file: str
    start: int
    end: int
    line: int
    column: int
    end_line: int
    end_column: int

    def to(self, other: Span) -> Span:
        """Return the span from the start of this one to the end of `other`."""
        return Span(self.file, self.start, other.end, self.line, self.column, other.end_line, other.end_column)


@dataclass(frozen=True, slots=True)
class Related:
    """A second place that a diagnostic speaks of, with the words to put beside it."""

    span: Span
    label: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing wrong in a rule file.

    `label` stands under the marked place, `notes` say why, `help` says what to do, `related` marks further places.
    """

    code: str
    message: str
    span: Span
    severity: Severity = Severity.ERROR
    label: str = ""
    notes: tuple[str, ...] = ()
    help: str | None = None
    related: tuple[Related, ...] = ()

    @property
    def sort_key(self) -> tuple[str, int, str]:
        """Order diagnostics as a person reads them: by file, then place, then code."""
        return (self.span.file, self.span.start, self.code)


@dataclass(frozen=True, slots=True)
class Code:
    """What one diagnostic code means, whatever the case: its title, its severity, and whether it stops a policy from loading."""

    code: str
    title: str
    severity: Severity = Severity.ERROR
    stops_loading: bool = False


def _table(*codes: Code) -> dict[str, Code]:
    return {code.code: code for code in codes}


_W = Severity.WARNING

CODES: dict[str, Code] = _table(
    Code("CV001", "unclosed string", stops_loading=True),
    Code("CV002", "missing `;`", stops_loading=True),
    Code("CV003", "unexpected word", stops_loading=True),
    Code("CV004", "no edition", stops_loading=True),
    Code("CV005", "unknown edition", stops_loading=True),
    Code("CV006", "no such character", stops_loading=True),
    Code("CV007", "nesting too deep", stops_loading=True),
    Code("CV008", "not UTF-8", stops_loading=True),
    Code("CV009", "file too large", stops_loading=True),
    Code("CV101", "no such element or type in that release", stops_loading=True),
    Code("CV102", "it cannot carry a modifierExtension there", stops_loading=True),
    Code("CV103", "unknown name", stops_loading=True),
    Code("CV104", "two things with one name", stops_loading=True),
    Code("CV105", "a reserved word as name", stops_loading=True),
    Code("CV106", "mandatory clause missing"),
    Code("CV107", "clause or setting given twice", stops_loading=True),
    Code("CV108", "url or pattern too wide for its verb, or malformed", stops_loading=True),
    Code("CV109", "impossible date, or `from` after `until`", stops_loading=True),
    Code("CV110", "`exclude` where nothing can be left out", stops_loading=True),
    Code("CV111", "`exclude` of what changes the meaning of the rest by being absent", _W),
    Code("CV112", "an exclusion swallows a `reject`", _W),
    Code("CV120", "waiver ended"),
    Code("CV121", "waiver ends within 30 days", _W),
    Code("CV122", "waiver longer than the policy allows"),
    Code("CV123", "waiver of no rule", stops_loading=True),
    Code("CV124", "waiver of a `forbid`", stops_loading=True),
    Code("CV130", "rule never decides"),
    Code("CV131", "rule is never named: another says the same", _W),
    Code("CV132", "rule outside everything that `reads` names", _W),
    Code("CV133", "condition never or always true, ill-typed, or on a field that the type lacks"),
    Code("CV134", "nothing left after `except`"),
    Code("CV135", "condition can be undetermined", _W),
    Code("CV140", "assessment older than `reassess`", _W),
    Code("CV145", "deprecated or removed extension in use", _W),
    Code("CV150", "unused name", _W),
    Code("CV151", "unused import", _W),
    Code("CV152", "rule without a test", _W),
    Code("CV153", "no tests at all", _W),
    Code("CV155", "test naming no rule"),
    Code("CV156", "test without `expect`"),
    Code("CV157", "test of a fixture that is not there"),
    Code("CV160", "file or package not found, outside the policy's folder, or circular", stops_loading=True),
    Code("CV170", "governed extension is not a modifier"),
    Code("CV171", "governed definition does not say why it is a modifier"),
    Code("CV172", "governed definition has another status"),
    Code("CV173", "contexts of a governed definition do not cover a rule's path"),
    Code("CV174", "governed definition has another publisher"),
    Code("CV175", "governed definition is from another package"),
    Code("CV176", "value type that a governed definition rules out"),
    Code("CV177", "definition changed"),
    Code("CV178", "governed extension can be carried nowhere"),
    Code("CV179", "governed definition not found"),
    Code("CV180", "invariant can be broken"),
)
"""Every code that this version can give, by code."""
