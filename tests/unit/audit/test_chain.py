"""Tests of caveat.audit.chain, appending and checkpoint: canonical forms, hashes and roots are what the standards say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from caveat import UsageError
from caveat.audit.chain import SCHEMA, canonical_by_library, leaf, root
from caveat.audit.checkpoint import NONE, Checkpoint, read_line, signed
from caveat.audit.keys import public_hex, signing_key
from caveat.audit.record import COLUMNS, DECISION_COLUMNS, Context, Shared, decided, form_of
from reference import trail as reference
from strategies.trailing import filled, keys

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
maybe = st.none() | texts
shareds = st.builds(
    Shared, texts, *[maybe] * 11, engine_version=texts, problems=maybe, not_checked=maybe, actor=maybe, reason=maybe
)
decision_rows = st.tuples(*[maybe] * 7, st.integers(0, 1), *[maybe] * 4)
hexes = st.integers(0, 2**256 - 1).map("{:064x}".format)


@given(shareds, st.integers(1, 2**53 - 1), maybe, maybe, maybe, st.none() | st.integers(1, 9**9), st.lists(decision_rows), hexes)
def test_what_is_hashed_is_canonical(  # noqa: PLR0917  a property of all of them
    shared: Shared,
    sequence: int,
    digest: str | None,
    identity: str | None,
    held: str | None,
    about: int | None,
    rows: list[Any],
    previous: str,
) -> None:
    """The form that is put together by hand is, byte for byte, what rfc8785 makes of all the columns."""
    own = (sequence, "2026-11-25T00:00:00.000000Z", digest, identity, held, about)
    names = ("sequence", "time", "input_sha256", "resource_id", "held_sha256", "about")
    value = {**dict(zip(names, own, strict=True)), **shared._asdict(), "decisions": decided(rows), "previous": previous}
    assert set(value) - {"decisions", "previous"} == set(COLUMNS) - {"hash"}
    assert form_of(Context.of(shared).pieces, own, rows, previous).encode() == rfc8785.dumps({**value, "schema": SCHEMA})


def test_every_column_of_a_decision_is_hashed() -> None:
    """The names of the row are the names of the form."""
    (row,) = decided([tuple(range(len(DECISION_COLUMNS)))])
    assert tuple(row) == DECISION_COLUMNS


@given(st.lists(hexes, max_size=70))
def test_the_root_is_that_of_rfc_6962(leaves: list[str]) -> None:
    """Level by level gives the tree that the standard defines by halves."""
    assert root(leaves) == reference.tree([bytes.fromhex(each) for each in leaves]).hex()


def test_the_root_of_the_examples_of_certificate_transparency() -> None:
    """The roots over the first leaves that implementations of RFC 6962 test themselves with."""
    data = [b"", b"\x00", b"\x10", b"\x20\x21", b"\x30\x31", b"\x40\x41\x42\x43"]
    leaves = [leaf(each) for each in data]
    assert root(leaves[:1]) == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert root(leaves[:2]) == "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
    assert root(leaves[:6]) == "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"


def test_a_second_reader_finds_the_same_hashes_and_roots(tmp_path: Path) -> None:
    """Whoever reads the page on the trail can verify one without Caveat."""
    filled(tmp_path / "a.db", tmp_path, 70, every=20).close()
    found = reference.hashes(tmp_path / "a.db")
    assert len(found) == 70
    assert [stored for stored, _ in found] == [made for _, made in found]
    assert len(reference.roots(tmp_path / "a.db")) == 3
    assert all(stored == made for stored, made in reference.roots(tmp_path / "a.db"))


def test_what_has_no_canonical_form_is_an_error() -> None:
    """A number that JSON cannot carry exactly is refused, not rounded."""
    with pytest.raises(ValueError, match="exceeds"):
        canonical_by_library({"a": 2**53})


def a_checkpoint() -> Checkpoint:
    return Checkpoint("ab" * 16, 2, 11, 20, "1" * 64, "2" * 64, NONE, "2026-11-25T00:00:00.000000Z")


def test_a_line_reads_as_what_was_written(tmp_path: Path) -> None:
    """Signed or not, the line that is printed is the checkpoint that is read."""
    _, private = keys(tmp_path)
    plain, made = a_checkpoint(), signed(a_checkpoint(), signing_key(private))
    assert read_line(plain.line) == plain
    assert read_line(f" {made.line}\n") == made
    assert (plain.is_signed, made.is_signed) == (False, True)
    assert made.key == public_hex(signing_key(private).public_key())


def test_no_part_of_a_signed_line_can_be_changed(tmp_path: Path) -> None:
    """Each character of it, changed to another, gives a line that is none or is not signed."""
    line = signed(a_checkpoint(), signing_key(keys(tmp_path)[1])).line
    for place, character in enumerate(line):
        other = line[:place] + ("1" if character != "1" else "2") + line[place + 1 :]
        try:
            assert not read_line(other).is_signed, place
        except UsageError:
            continue


@pytest.mark.parametrize("line", ["", "caveat-checkpoint/1", "caveat-checkpoint/2 trail=a", a_checkpoint().line + " x=1"])
def test_what_is_no_line_is_refused(line: str) -> None:
    """A line that was copied half is no checkpoint."""
    with pytest.raises(UsageError, match="no checkpoint"):
        read_line(line)
