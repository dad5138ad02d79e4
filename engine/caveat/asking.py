"""What a call asks: by which release, day and intent, of what, and who vouches for an element that stands alone.

Rule 1: a call that can mean nothing is a `UsageError` that names the right one.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import wraps
from pathlib import Path
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from caveat.documents import Document, NotRead
from caveat.domain.approval import Approval
from caveat.domain.decision import Decision, Verdict
from caveat.domain.errors import UsageError
from caveat.judge.approved import released
from caveat.judge.check import Judged
from caveat.policy.policy import Policy
from caveat.results import Report
from caveat.spec.element_name import place_of, place_of_class
from caveat.spec.release import Release
from caveat.spec.shape import Place

if TYPE_CHECKING:
    from pydantic import BaseModel

    from caveat.audit.log import AuditLog

Data = bytes | bytearray | memoryview | str | Mapping[str, Any] | Path | object
"""What can be checked: content (bytes or str), a tree, a file (Path), or a model of fhir.resources."""


Approved: TypeAlias = "Approval | Iterable[Approval] | AuditLog | None"
"""What a person released: releases, or the audit trail that has them."""


class Unsaid:
    """The type of `UNSAID`."""

    def __repr__(self) -> str:
        return "UNSAID"


UNSAID: Final = Unsaid()
"""What `within` is until the caller says whether somebody vouches for an element alone."""


def release_of(policy: Policy, kind: type[BaseModel] | None, release: str | None) -> Release:
    """Return the release to judge by: the model class's, else the one named, else the policy's only one, else R4."""
    stated = tuple(Release.of(name) for name in policy.releases)
    options = _releases_of(kind)
    if release is not None:
        chosen = Release.of(release)
    elif options:
        chosen = next((each for each in options if each in stated), options[0])
    else:
        chosen = stated[0] if len(stated) == 1 else Release.R4
    if options and chosen not in options:
        raise UsageError(f"a model of {options[0]} cannot hold a resource of {chosen}; pass the class of that release")
    if stated and chosen not in stated:
        names = ", ".join(stated)
        raise UsageError(f"policy `{policy.name}` is for {names}, not for {chosen}; pass `release={stated[0].value!r}`")
    return chosen


E_ = TypeVar("E_", bound=StrEnum)


def one_of(kind: type[E_], word: str, name: str) -> E_:
    """Return the member of `kind` that `word` names; UsageError, listing what there is, otherwise."""
    try:
        return kind(word)
    except ValueError:
        raise UsageError(f"{name}={word!r} means nothing; write one of {', '.join(repr(str(k)) for k in kind)}") from None


T_ = TypeVar("T_", bound=str | None)


def text_asked(text: T_, name: str) -> T_:
    """Return `text`, the argument `name` of a call; UsageError when it is neither a str nor None."""
    if text is None or isinstance(text, str):
        return text
    raise UsageError(f"`{name}` is a str, not a {type(text).__name__}")


def day_of(today: date | None) -> date:
    """Return the day to judge by; a point in time is none, and does not compare with the dates of rules."""
    if today is None:
        return datetime.now(UTC).date()
    if isinstance(today, datetime) or not isinstance(today, date):
        raise UsageError("`today` is a day; pass a date, as in `datetime.now(UTC).date()`")
    return today


def class_of(data: Data, model: object) -> type[BaseModel] | None:
    """Return the class of fhir.resources that was asked for, or that of the model handed over; None when there is none."""
    if model is None and isinstance(data, (bytes, bytearray, memoryview, str, Mapping, Path, Document, NotRead)):
        return None
    from caveat import models  # noqa: PLC0415  the bridge is wanted only now

    if model is not None:
        return models.fhir_class(model)
    return models.fhir_class(type(data)) if models.is_model(data) else None


def _releases_of(kind: type[BaseModel] | None) -> tuple[Release, ...]:
    """Return the releases whose documents the class asked for can hold."""
    if kind is None:
        return ()
    from caveat import models  # noqa: PLC0415  the bridge is wanted only now

    return models.releases_of(kind)


def place_asked(kind: type[BaseModel] | None, at: str | None, release: Release) -> Place | None:
    """Return the place that was asked for, by its class or its path; UsageError when the two are not the same."""
    by_class = place_of_class(kind.__name__, release) if kind is not None else None
    if at is None:
        return by_class
    place = place_of(text_asked(at, "at"), release)
    if by_class is not None and by_class.shapes != place.shapes:
        raise UsageError(f"`at={at!r}` is not what {by_class.path} is; pass the class or the path alone")
    return place


def vouching(
    within: Report | Unsaid | None, place: Place | None, judged: tuple[str, str, str, date]
) -> tuple[tuple[Decision, ...], str | None]:
    """Return the decisions that an element alone inherits, and how the report names where they are from.

    `judged` is by what the element is judged, and so its resource must have been: policy digest, intent, release and day.
    """
    if not isinstance(within, (Report, Unsaid, type(None))):
        raise UsageError(f"`within` is the report on a resource, or None; a {type(within).__name__} is neither")
    if place is None or place.is_root:
        if isinstance(within, Report):
            raise UsageError("`within` goes with an element alone; a whole resource speaks for itself")
        return (), None
    if isinstance(within, Unsaid):
        said = "pass `within=` the report on its resource, or `within=None` when nobody vouches"
        raise UsageError(f"`{place.path}` stands alone: {said}")
    if within is None:
        return (), "none"
    head, dot, _ = place.path.partition(".")
    if not dot:
        example = "as in `MedicationRequest.dosageInstruction`"
        raise UsageError(f"`{head}` may stand in many places; name the one that the report is about, {example}")
    if within.resource_type not in {None, head}:
        raise UsageError(f"`within` is a report on {within.resource_type}, which holds no `{place.path}`")
    if (within.policy.digest, within.intent, within.release, within.date) != judged:
        raise UsageError("`within` was judged by another policy, intent, release or day; check the resource like its part")
    return within.decisions, within.digest


def trail_asked(audit: object) -> None:
    """Refuse what is no audit trail."""
    from caveat.audit.log import AuditLog  # noqa: PLC0415  only for whoever has a trail

    if not isinstance(audit, AuditLog):
        raise UsageError(f'`audit` is an `AuditLog`, not a {type(audit).__name__}; pass `AuditLog("audit.db")`')


def approving(judged: Judged, approved: object) -> Judged:
    """Return `judged` with what was released of it; UsageError for what is no release."""
    if approved is None:
        return judged
    if isinstance(approved, Approval):
        return released(judged, (approved,))
    from caveat.audit.log import AuditLog  # noqa: PLC0415  only for whoever has a trail

    if isinstance(approved, AuditLog):
        report = judged.report
        if report.verdict < Verdict.REVIEW or report.received is None:
            return judged
        found = approved.approval(report.input_sha256 or "", report.policy.digest)
        return released(judged, () if found is None else (found,))
    told = tuple(approved) if isinstance(approved, Iterable) else None
    if told is None or not all(isinstance(each, Approval) for each in told):
        raise UsageError("`approved` takes releases, as `log.release(...)` returns them, or the `AuditLog` that has them")
    return released(judged, told)


# what a function takes


def first_parameter(function: Callable[..., Any]) -> tuple[str, type | None]:
    """Return the name of the first parameter, and the class of fhir.resources that it is annotated with."""
    called = getattr(function, "__qualname__", repr(function))
    try:
        first = next(iter(inspect.signature(function).parameters.values()), None)
    except ValueError:
        raise UsageError(f"`protects` wraps a function of a resource, and nobody can say what `{called}` takes") from None
    if first is None:
        raise UsageError(f"`protects` wraps a function of a resource, and `{called}` takes nothing")
    if first.kind in {first.VAR_POSITIONAL, first.VAR_KEYWORD}:
        raise UsageError(f"`protects` checks one resource, and `{called}` begins with `{first}`; name the parameter for it")
    if first.default not in {first.empty, None}:
        raise UsageError(f"`{called}` has a default for its resource, which nobody would check; take it away, or let it be None")
    if first.name in {"self", "cls"}:
        raise UsageError(
            f"`protects` wraps a function whose first parameter is the resource, and that of `{called}` is `{first.name}`"
        )
    name = first.name
    try:
        model = get_type_hints(function).get(name)
    except NameError as error:
        raise UsageError(f"`{called}` is annotated with `{error.name}`, which it cannot see; import it at the top") from None
    except (AttributeError, SyntaxError, TypeError) as error:
        raise UsageError(f"the annotations of `{called}` mean nothing: {error}") from None
    return name, model if model is None else _class_asked(model)


def _class_asked(model: object) -> type:
    """Return a class that a parameter is annotated with, `| None` left out; UsageError when it is none that `load` knows."""
    from caveat import models  # noqa: PLC0415  the bridge is wanted only now

    named = [each for each in get_args(model) if each is not NoneType]
    kind = named[0] if len(named) == 1 and get_origin(model) in {Union, UnionType} else model
    models.releases_of(kind)
    return cast("type", kind)


def calling(
    function: Callable[..., Any], prepared: Callable[[tuple[Any, ...], dict[str, Any]], tuple[Any, ...]]
) -> Callable[..., Any]:
    """Wrap a function so that it is called with what `prepared` makes of its arguments; a coroutine function stays one."""
    if inspect.iscoroutinefunction(function):

        @wraps(function)
        async def called_later(*args: Any, **options: Any) -> Any:
            return await function(*prepared(args, options), **options)

        return called_later

    @wraps(function)
    def called(*args: Any, **options: Any) -> Any:
        return function(*prepared(args, options), **options)

    return called
