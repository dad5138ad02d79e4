"""What the library hands out: a report, what was let through, and the refusals.

Rule 1: a report is never changed; its reduced form is made from a copy.
Rule 2: all of it can be pickled, so that it may cross to another process.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from caveat.domain import report as domain
from caveat.domain.decision import Decision
from caveat.domain.errors import CaveatError, UsageError
from caveat.intake.limits import Limits
from caveat.judge.check import Again, Judged
from caveat.judge.fold import excluded
from caveat.judge.reduce import reduced

if TYPE_CHECKING:
    from caveat.domain.diagnostic import Diagnostic

M = TypeVar("M")


class RuleFileError(CaveatError):
    """A rule file that cannot be loaded; `diagnostics` has every mistake in it."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...], texts: Mapping[str, str]) -> None:
        """Say every mistake of `diagnostics`, with its line from `texts`, by file name."""
        from caveat.formats.diagnostic import render  # noqa: PLC0415  only when something is wrong

        super().__init__("\n\n".join(render(each, texts.get(each.span.file, "")) for each in diagnostics))
        self.diagnostics = diagnostics
        self._texts = dict(texts)

    def __reduce__(self) -> tuple[Any, ...]:
        return RuleFileError, (self.diagnostics, self._texts)


class Triage(StrEnum):
    """What a raw scan can say of a document."""

    FREE = "no modifier can be here"
    LOOK_CLOSER = "look closer"


class Report(domain.Report):
    """A report as the library hands it out: what was decided, and the forms that others read it in."""

    __slots__ = ("_kept",)
    _kept: Mapping[str, Any] | Again | None

    @property
    def _tree(self) -> Mapping[str, Any] | None:
        """The tree that the report is about; None when somebody put the report together from another."""
        kept = getattr(self, "_kept", None)
        if isinstance(kept, Again):
            return kept.tree(self.received) if self.received is not None else None
        return kept

    @classmethod
    def of(cls, judged: Judged) -> Report:
        """Return the report of `judged`, with its tree kept for the reduced form, or how that is read again."""
        report = judged.report
        if not isinstance(report, Report) or hasattr(report, "_kept"):
            report, told = Report.__new__(Report), report
            for read, write in _FIELDS:
                write(report, read(told))
        _keep(report, judged.tree)
        return report

    @classmethod
    def just_made(cls, judged: Judged) -> Report:
        """Return the report of `judged`, which was made as one of the library and has been handed to nobody yet."""
        report = cast("Report", judged.report)
        _keep(report, judged.tree)
        return report

    @classmethod
    def of_line(cls, report: domain.Report, limits: Limits) -> Report:
        """Return the report on a line of NDJSON; its tree is read again within `limits` if the reduced form is asked for."""
        return cls.of(Judged(report, Again(limits)))

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, ({each.name: getattr(self, each.name) for each in fields(domain.Report)}, getattr(self, "_kept", None))

    def __str__(self) -> str:
        """Return the report as a person would say it, of bounded length, and with nothing in it that a terminal would obey."""
        from caveat.formats.printable import printable  # noqa: PLC0415  only where it is asked for

        return printable(super().__str__())

    def reduced(self) -> dict[str, Any]:
        """Return the reduced form: a copy without the excluded elements, tagged SUBSETTED.

        It is never to be stored or sent as the resource, and supports no negative finding. CaveatError when the resource may
        not be processed even so.
        """
        if not self.may_process_reduced:
            raise CaveatError("this resource may not be processed, not even in reduced form; ask `may_process_reduced` first")
        tree = self._tree
        if tree is None:
            raise CaveatError("the resource is not in this report any more; ask the report that `check` returned")
        return reduced(tree, excluded(self.decisions), self.resource_type or "", whole=self.within is None)

    def to_outcome(self) -> dict[str, Any]:
        """Return the report as a FHIR OperationOutcome; it holds no value of the resource."""
        from caveat.formats.outcome import outcome  # noqa: PLC0415  only where it is asked for

        return outcome(self)

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the page of `check --format html` in a frame; without its extra, the words."""
        from html import escape  # noqa: PLC0415  only where it is asked for

        from caveat.formats.answers_html import page  # noqa: PLC0415  as above
        from caveat.formats.run_answers import answers  # noqa: PLC0415  as above

        try:
            told = page(answers([self]))
        except UsageError:
            return f"<p>{escape(str(self))}</p>"
        framed = f'sandbox="allow-scripts" srcdoc="{escape(told)}"'
        return f'<iframe title="Report of Caveat" width="100%" height="600" {framed}></iframe>'

    def to_record(self) -> dict[str, Any]:
        """Return the report in its wire form, `caveat.report/1`."""
        from caveat.formats.record import record  # noqa: PLC0415  it needs pydantic

        return record(self)

    @property
    def digest(self) -> str:
        """The digest of the report's wire form: `sha256:` and 64 hexadecimal digits."""
        from caveat.formats.record import to_json  # noqa: PLC0415  it needs pydantic

        return "sha256:" + hashlib.sha256(to_json(self).encode()).hexdigest()


class _Draft(Report):
    __slots__ = ()
    __setattr__ = object.__setattr__  # it is no report yet
    __delattr__ = object.__delattr__


domain.DRAFTS[Report] = _Draft
_SLOTS = tuple(vars(domain.Report)[each.name] for each in fields(domain.Report))
_FIELDS = tuple((slot.__get__, slot.__set__) for slot in _SLOTS)
"""What reads and writes each field of a report: in a bulk check a third of the time of a plain copy."""
_keep = vars(Report)["_kept"].__set__


def _restored(told: Mapping[str, Any], tree: Mapping[str, Any] | Again | None) -> Report:
    """Return the report with the fields `told`, on `tree`."""
    report = Report(**told)
    _keep(report, tree)
    return report


@dataclass(frozen=True, slots=True)
class Passed(Generic[M]):
    """What was let through. `resource` is the model, in its reduced form when something was excluded (`is_reduced`).

    `warnings` are the decisions that must go with every output, `excluded` those that left something out, `original` is what
    the caller handed over, bytes as received.
    """

    resource: M
    report: Report
    warnings: tuple[Decision, ...]
    excluded: tuple[Decision, ...]
    is_reduced: bool
    original: Any


class Refused(CaveatError):
    """A resource that must not be processed; `report` says why."""

    def __init__(self, report: Report) -> None:
        """Carry `report`, whose words are the message."""
        super().__init__(str(report))
        self.report = report

    def __reduce__(self) -> tuple[Any, ...]:
        return Refused, (self.report,)


class NotLoadable(CaveatError):
    """A resource that was let through, but that fhir.resources cannot hold; `problems` says where and why."""

    def __init__(self, report: Report, problems: tuple[domain.Problem, ...]) -> None:
        """Carry `report` and `problems`, the first of which is in the message."""
        first = problems[0]
        where = f" at {first.location}" if first.location else ""
        super().__init__(f"fhir.resources refuses the resource{where}: {first.message} ({len(problems)} in all)")
        self.report = report
        self.problems = problems

    def __reduce__(self) -> tuple[Any, ...]:
        return NotLoadable, (self.report, self.problems)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an NDJSON file: its number from 1, its bytes as received without the line end, and its report.

    `number` is None, and there are no bytes, where the report is on the file itself, which could not be read to its end.
    """

    number: int | None
    raw: bytes
    report: Report
