"""The hash of a record, made anew from its columns by the library rfc8785, and quickly: what is alike is spelt once.

Rule 1: the canonical form of an object is made by the library, with marks where the values stand that differ from record to
record, and cut at the marks; those values are put in between. What cannot be cut so goes through the library whole.
Rule 2: a value that was never written (a fraction, bytes, half of a surrogate pair) has no canonical form, and so no hash.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any, Final

from caveat.audit.chain import SCHEMA, canonical_by_library, leaf
from caveat.audit.record import DECISION_COLUMNS, Shared, decided

Pieces = tuple[str, ...]
Own = tuple[Any, ...]
"""The columns of a record that are its own, as they are stored: see `OWN`."""

OWN: Final = ("sequence", "time", "input_sha256", "resource_id", "held_sha256", "about")
_HOLES: Final = (*OWN, "decisions", "previous")
_HOLES_BELOW: Final = ("location", "value")
_MARK: Final = "\0"
_MARKED: Final = r'"\u0000"'  # within a string its quotes would be escaped, so that only a value that is the mark reads so
_MOST: Final = 2**53 - 1
_MANY: Final = 1 << 14


def pieces_of(shared: Shared) -> Pieces | None:
    """Return the canonical form of what records share, cut where the values of `OWN`, decisions and `previous` stand.

    ValueError where there is no canonical form; None where it cannot be cut.
    """
    return _cut({**shared._asdict(), "schema": SCHEMA}, _HOLES)


def hash_of(shared: Shared, pieces: Pieces | None, own: Own, rows: Sequence[tuple[Any, ...]], previous: str) -> str:
    """Return the hash of a record; `rows` are its decisions. ValueError or TypeError for what has no canonical form."""
    below = [None if pieces is None else _decision(row) for row in rows]
    if pieces is None or None in below:
        return leaf(_whole(shared, own, rows, previous))
    sequence, time, input_sha256, identity, held, about = own
    one, two, three, four, five, six, seven, eight, nine = pieces  # in the order of their names
    form = (
        f"{one}{_number(about)}{two}[{','.join(below)}]{three}{_text(held)}{four}{_text(input_sha256)}{five}{_text(previous)}"  # type: ignore[arg-type]  # none is None
        f"{six}{_text(identity)}{seven}{_number(sequence)}{eight}{_text(time)}{nine}"
    )
    return leaf(form.encode())


def _whole(shared: Shared, own: Own, rows: Sequence[tuple[Any, ...]], previous: str) -> bytes:
    told = {**dict(zip(OWN, own, strict=True)), **shared._asdict()}
    return canonical_by_library({**told, "decisions": decided(rows), "previous": previous, "schema": SCHEMA})


def _decision(row: tuple[Any, ...]) -> str | None:
    """Return the canonical form of one decision, None where it cannot be cut."""
    url, path, location, slot, kind, verdict, ground, final, rule, waiver, fault, value = row
    pieces = _alike(url, path, slot, kind, verdict, ground, final, rule, waiver, fault)
    return None if pieces is None else f"{pieces[0]}{_text(location)}{pieces[1]}{_text(value)}{pieces[2]}"


@lru_cache(maxsize=_MANY, typed=True)
def _alike(*told: Any) -> Pieces | None:
    """Return the pieces of a decision's form around its location and its value, which differ where all else is alike."""
    names = [name for name in DECISION_COLUMNS if name not in _HOLES_BELOW]
    return _cut(dict(zip(names, told, strict=True)), _HOLES_BELOW)


def _cut(told: Mapping[str, Any], holes: Collection[str]) -> Pieces | None:
    pieces = tuple(canonical_by_library({**told, **dict.fromkeys(holes, _MARK)}).decode().split(_MARKED))
    return pieces if len(pieces) == len(holes) + 1 else None


def _text(value: Any) -> str:
    return "null" if value is None else encode_basestring(value)


def _number(value: Any) -> str:
    if value is None:
        return "null"
    if type(value) is not int or not -_MOST <= value <= _MOST:
        raise ValueError("the trail has whole numbers only")
    return str(value)
