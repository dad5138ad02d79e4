"""How what two policies decide differently is written: as a person would say it, and as `caveat.change/1`.

Rule 1: a line of JSON speaks of one url, path, value type, value and span of days; the lines of one change have its number.
Rule 2: `from` and `to` are inclusive; what is null holds for all.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from caveat.domain.change import Among, Answer, Change, Days, Naming, Urls, Valued, What, Where
from caveat.domain.decision import Ground, Intent, Verdict
from caveat.formats.printable import printable

SCHEMA = "caveat.change/1"
_MOST = 6
"""How many urls, paths or values a sentence names."""

OTHER = "*"
"""What stands for every type of value that no rule names."""

Line = list[tuple[str, str]]
_ANYWHERE: Mapping[tuple[str, ...], str] = {
    ("*.**",): "anywhere",
    ("*",): "on any resource itself",
    ("*.implicitRules",): "on any resource",
}
_SLOTS = {
    What.MODIFIER: "modifierExtension",
    What.PLAIN: "modifierExtension",
    What.MISPUT: "extension",
    What.RULES: "implicitRules",
    What.EMPTY: "modifierExtension",
    What.INCOMPLETE: "modifierExtension",
}
_WHERES = {
    Where.NO_NARRATIVE: "where no narrative may be shown",
    Where.NOTHING_LEFT_OUT: "where nothing can be left out",
    Where.NEITHER: "where no narrative may be shown and nothing can be left out",
}
_GROUNDS = {
    Ground.UNKNOWN: "the default, as no rule speaks",
    Ground.OUT_OF_SCOPE: "out of scope",
    Ground.MALFORMED: "malformed",
    Ground.MISPLACED: "misplaced",
    Ground.WRONG_SLOT: "in the wrong slot",
    Ground.INCOMPLETE: "incomplete",
    Ground.UNREADABLE: "unreadable",
}


# JSON


def records(
    number: int, group: int, change: Change, names: Mapping[str, str], file: str | None = None
) -> Iterator[dict[str, Any]]:
    """Give a change in its wire form, a record for each url, path, value and span of days.

    Changes of one `group` have one cause. `names` are what the rule files call urls; `file` is where the witness was saved.
    """
    values: Sequence[Valued | str | None] = change.values or change.types or (None,)
    for url, path, value, days in product(change.urls, change.paths, values, change.days):
        yield {
            "schema": SCHEMA,
            "change": "looser" if change.is_looser else "stricter",
            "number": number,
            "group": group,
            "old": _answer(change.old),
            "new": _answer(change.new),
            "path": path,
            "url": None if url.naming is Naming.NONE else url.text,
            "value_type": value.type if isinstance(value, Valued) else None if value == OTHER else value,
            "value": value.json if isinstance(value, Valued) else None,
            "from": days.since.isoformat() if days.since else None,
            "to": days.until.isoformat() if days.until else None,
            **_beside(change, url, value),
            "name": names.get(url.text),
            "witness": _witness(change, file),
        }


def to_json(record: Mapping[str, Any]) -> str:
    """Return a record as one line of ASCII."""
    return json.dumps(record, default=_number)


def _number(value: Any) -> Any:
    """Return a number that JSON has no type of its own for."""
    return int(value) if value == value.to_integral_value() else float(value)


def _answer(answer: Answer) -> dict[str, Any]:
    ground = None if answer.ground is None else str(answer.ground)
    return {"verdict": answer.verdict.word, "ground": ground, "rule": answer.rule}


def _beside(change: Change, url: Urls, value: Valued | str | None) -> dict[str, Any]:
    """Return what a record says beyond the promise."""
    return {
        "kind": str(change.what),
        "slot": _SLOTS[change.what],
        "url_is": str(url.naming) if url.known is None else f"known {url.known}",
        "other_types": value == OTHER,
        "except_paths": list(change.unless),
        "value_text": value.text if isinstance(value, Valued) else None,
        "contradicted": isinstance(value, Valued) and value.contradicted,
        "intent": str(change.intent),
        "where": None if change.where is None else str(change.where),
        "among": None if change.among is None else str(change.among),
        "releases": list(change.releases),
    }


def _witness(change: Change, file: str | None) -> dict[str, Any]:
    seen = change.witness
    return {"release": seen.release, "date": seen.day.isoformat(), "intent": str(seen.intent), "file": file}


# text


def heading(changes: Iterable[Change]) -> str:
    """Say how many changes are looser, and how many stricter."""
    looser = [change.is_looser for change in changes]
    return f"{looser.count(True)} looser, {looser.count(False)} stricter" if looser else "no difference"


def lines(
    number: int, change: Change, names: Mapping[str, str], releases: Sequence[str] = (), *, is_like: bool = False
) -> Iterator[Line]:
    """Give a change as lines of text: what it is, and what decided before and after.

    `releases` are those that were compared: a change in all of them need not say so. `is_like`: it has the same cause as the
    one before it, which said that.
    """
    about = subject(change, names, releases)
    if is_like:
        yield [(f"{number:>3}    likewise {about}", "")]
        return
    after = _when(change.days)
    head = f"{number:>3}  {about}: "
    first: Line = [(head, ""), _verdict(change.old.verdict), (" -> ", ""), _verdict(change.new.verdict)]
    yield [*first, (f", {after}" if after else "", "")]
    yield [(f"     before: {because(change.old)}; after: {because(change.new)}", "faint")]


def _verdict(verdict: Verdict) -> tuple[str, str]:
    return verdict.word, verdict.word


def subject(change: Change, names: Mapping[str, str], releases: Sequence[str] = ()) -> str:
    """Say what a change is about: which modifiers, where, with which values."""
    parts = [_urls(change, names), _paths(change), _values(change)]
    parts += ["in the value of an extension"] if change.among is Among.VALUES else []
    parts += [_WHERES[change.where]] if change.where else []
    parts += ["for an application that writes back"] if change.intent is Intent.MODIFY else []
    parts += [f"in {' and '.join(change.releases)} only"] if releases and set(releases) - set(change.releases) else []
    return " ".join(part for part in parts if part)


def _urls(change: Change, names: Mapping[str, str]) -> str:
    """Say which modifiers."""
    told = _listed([_url(url, names) for url in change.urls])
    match change.what:
        case What.EMPTY:
            return "an empty modifierExtension"
        case What.INCOMPLETE:
            return "what its source may have left modifiers out of"
        case What.RULES:
            return f"{told} as implicitRules"
        case What.MISPUT:
            return f"{told} in plain `extension`"
        case What.PLAIN:
            return f"{told} in `modifierExtension`"
        case _:
            return told


def _url(url: Urls, names: Mapping[str, str]) -> str:
    kind = f"known {url.known} extension" if url.known else "unnamed url"
    if url.naming is Naming.ANYTHING:
        return f"every {kind}"
    if url.naming is Naming.PATTERN:
        return f"every {kind} below `{printable(url.text)}`"
    return f"`{names.get(url.text) or printable(url.text)}`"


def _paths(change: Change) -> str:
    """Say where."""
    where = _ANYWHERE.get(change.paths) or f"on {_listed(change.paths)}"
    return f"{where} but on {_listed(change.unless)}" if change.unless else where


def _values(change: Change) -> str:
    """Say with which values: one of each kind that the policies tell apart."""
    if not change.values:
        named = [kind if kind != OTHER else "any type that no rule there names" for kind in change.types]
        return f"as {_listed(named, 'or')}" if named else ""
    return "with values such as " + _listed([value.text for value in change.values], "or")


def _listed(words: Sequence[str], last: str = "and") -> str:
    """Return words in a row, the first few of many."""
    told = list(dict.fromkeys(words))
    if len(told) > _MOST:
        return f"{', '.join(told[: _MOST - 1])} {last} {len(told) - _MOST + 1} more"
    return f" {last} ".join(part for part in (", ".join(told[:-1]), told[-1]) if part)


def _when(spans: Sequence[Days]) -> str:
    """Say on which days, nothing where it is always so."""
    told = [_span(span) for span in spans]
    return " and ".join(told) + " only" if any(told) and not _is_lasting(spans) else " and ".join(told)


def _is_lasting(spans: Sequence[Days]) -> bool:
    return spans[-1].until is None


def _span(span: Days) -> str:
    if span.since is not None and span.since == span.until:
        return f"on {span.since}"
    since = f"from {span.since}" if span.since else ""
    until = f"until {span.until}" if span.until else " on" if span.since else ""
    return f"{since} {until}".replace("  ", " ").strip()


def because(answer: Answer) -> str:
    """Say what decided."""
    match answer.ground:
        case None:
            return "no modifier is seen there"
        case Ground.RULE | Ground.WAIVER:
            return f"{answer.ground} `{answer.rule}`"
        case Ground.UNDETERMINED:
            return f"the condition of `{answer.rule}` cannot be decided" if answer.rule else "it cannot be verified"
        case _:
            return _GROUNDS[answer.ground]
