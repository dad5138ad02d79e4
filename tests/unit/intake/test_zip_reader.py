"""Members that every reader finds alike, or a reason why the archive is not believed."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caveat.intake.json_reader import Unreadable
from caveat.intake.limits import FREE_BYTES, Limits
from caveat.intake.zip_reader import content_of, members_of

BASIC = b'{"resourceType":"Basic"}'


def archive(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED, comment: bytes = b"") -> bytes:
    """Return an archive as Python writes it."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as made:
        for name, content in members:
            made.writestr(zipfile.ZipInfo(name), content, method)
        made.comment = comment
    return file.getvalue()


def streamed(*members: tuple[str, bytes], zip64: bool = False) -> bytes:
    """Return an archive written where nobody can seek, so that sizes follow the content."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.raw = b""

        def writable(self) -> bool:
            return True

        def write(self, more: Any, /) -> int:
            self.raw += bytes(more)
            return len(more)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members:
            with made.open(name, "w", force_zip64=zip64) as member:
                member.write(content)
    return pipe.raw


def read(raw: bytes, limits: Limits = Limits()) -> dict[str, bytes | str] | str:
    """Return the content of every member by its name, or its fault's code; the code alone of an archive that is refused."""
    file = io.BytesIO(raw)
    members = members_of(file, limits)
    if isinstance(members, Unreadable):
        return members.code
    found: dict[str, bytes | str] = {}
    for member in members:
        pieces = list(content_of(file, member))
        last = pieces[-1] if pieces else b""
        found[member.name] = last.code if isinstance(last, Unreadable) else b"".join(p for p in pieces if isinstance(p, bytes))
    return found


LAWFUL = {
    "nothing": (archive(), {}),
    "one": (archive(("a.json", BASIC)), {"a.json": BASIC}),
    "stored": (archive(("a.json", BASIC), ("b", b""), method=zipfile.ZIP_STORED), {"a.json": BASIC, "b": b""}),
    "folders": (archive(("a/", b""), ("a/b.json", BASIC)), {"a/": b"", "a/b.json": BASIC}),
    "a name beyond ASCII": (archive(("\u00e9.json", BASIC)), {"\u00e9.json": BASIC}),
    "names that would leave a folder": (archive(("../../a.json", b"1"), ("/b", b"2")), {"../../a.json": b"1", "/b": b"2"}),
    "a comment": (archive(("a.json", BASIC), comment=b"of 40 letters"), {"a.json": BASIC}),
    "the longest comment": (archive(("a.json", BASIC), comment=b"c" * 65535), {"a.json": BASIC}),
    "streamed": (streamed(("a", BASIC), ("b", b"")), {"a": BASIC, "b": b""}),
    "streamed with long sizes": (streamed(("a", BASIC), ("b", b"2"), zip64=True), {"a": BASIC, "b": b"2"}),
    "large": (archive(("a", bytes(FREE_BYTES))), {"a": bytes(FREE_BYTES)}),
    "large and stored": (archive(("a", bytes(FREE_BYTES)), method=zipfile.ZIP_STORED), {"a": bytes(FREE_BYTES)}),
}


@pytest.mark.parametrize(("raw", "content"), LAWFUL.values(), ids=LAWFUL)
def test_a_lawful_archive_is_read(raw: bytes, content: dict[str, bytes]) -> None:
    """Every member, in the order in which they stand."""
    assert read(raw) == content


def changed(raw: bytes, mark: bytes, offset: int, value: bytes, *, last: bool = False) -> bytes:
    """Return an archive with some bytes of a header replaced, the first or last that begins with `mark`."""
    at = (raw.rindex(mark) if last else raw.index(mark)) + offset
    return raw[:at] + value + raw[at + len(value) :]


LOCAL, CENTRAL, END = b"PK\3\4", b"PK\1\2", b"PK\5\6"
ONE = archive(("a.json", BASIC))
TWO = archive(("a.json", BASIC), ("b.json", b"2"))


def moved(raw: bytes, by: int) -> bytes:
    """Return an archive whose end says that the directory begins later."""
    start = struct.unpack("<L", raw[-6:-2])[0]
    return raw[:-6] + struct.pack("<L", start + by) + raw[-2:]


def hidden() -> bytes:
    """Return an archive with a member that the directory does not list."""
    start = TWO.index(CENTRAL)
    rest = TWO[TWO.rindex(CENTRAL) :]
    size = len(rest) - 22
    return changed(TWO[:start] + rest, END, 8, struct.pack("<2H2L", 1, 1, size, start))


def renamed(extra: bytes) -> bytes:
    """Return an archive whose one member has an extra field."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        info = zipfile.ZipInfo("a.json")
        info.extra = extra
        made.writestr(info, BASIC)
    return file.getvalue()


ANOTHER_NAME = struct.pack("<2HBL", 0x7075, 11, 1, 0) + b"b.json"
REFUSED = {
    "empty": (b"", "not-zip"),
    "plain": (BASIC, "not-zip"),
    "cut": (ONE[:-30], "not-zip"),
    "cut in its end": (ONE[:-1], "zip-corrupt"),
    "something before it": (b"x" + ONE, "zip-hidden"),
    "something before it that is counted": (moved(b"x" + ONE, 1), "zip-hidden"),
    "something after it": (ONE + b"x", "zip-hidden"),
    "two ends": (archive(("a.json", BASIC), comment=END + bytes(18)), "zip-hidden"),
    "a gap before the directory": (moved(ONE.replace(CENTRAL, b"x" + CENTRAL), 1), "zip-hidden"),
    "a member that the directory hides": (hidden(), "zip-hidden"),
    "members that overlap": (changed(TWO, CENTRAL, 42, struct.pack("<L", 0), last=True), "zip-hidden"),
    "another name in its header": (changed(ONE, LOCAL, 30, b"b"), "zip-hidden"),
    "another size in its header": (changed(ONE, LOCAL, 22, b"\1"), "zip-hidden"),
    "another method in its header": (changed(ONE, LOCAL, 8, b"\0"), "zip-hidden"),
    "no header": (changed(ONE, LOCAL, 0, b"XX"), "zip-hidden"),
    "no description": (changed(streamed(("a", BASIC)), b"PK\7\10", 4, b"\0\0"), "zip-hidden"),
    "a second name": (renamed(ANOTHER_NAME), "zip-hidden"),
    "a second name in its header": (changed(changed(ONE, LOCAL, 28, b"\4"), LOCAL, 36, b"\x75\x70\0\0"), "zip-hidden"),
    "no entry": (changed(ONE, CENTRAL, 0, b"XX"), "zip-corrupt"),
    "an entry without a name": (changed(changed(ONE, CENTRAL, 28, b"\0"), CENTRAL, 30, b"\6"), "zip-corrupt"),
    "an entry beyond the directory": (changed(ONE, CENTRAL, 30, b"\xff"), "zip-corrupt"),
    "fewer entries than it says": (changed(ONE, END, 8, b"\2\0\2\0"), "zip-corrupt"),
    "more in the directory than it says": (changed(ONE, END, 8, b"\0\0\0\0"), "zip-hidden"),
    "a name that is no UTF-8": (changed(changed(ONE, CENTRAL, 9, b"\x08"), CENTRAL, 46, b"\xff"), "zip-corrupt"),
    "a NUL in a name": (ONE.replace(b"a.json", b"a\0json"), "zip-corrupt"),
    "content in a folder": (archive(("a/", b"{}")), "zip-corrupt"),
    "stored in other sizes": (changed(archive(("a", b"1"), method=0), CENTRAL, 24, b"\2"), "zip-corrupt"),
    "in parts": (changed(ONE, END, 4, b"\1"), "zip-unsupported"),
    "a member in another part": (changed(ONE, CENTRAL, 34, b"\1"), "zip-unsupported"),
    "of a later version": (changed(ONE, CENTRAL, 6, b"\x40"), "zip-unsupported"),
    "a size beyond the file": (changed(streamed(("a", BASIC)), CENTRAL, 20, b"\0\0\xff"), "zip-hidden"),
    "Zip64": (changed(ONE, END, 16, b"\xff" * 4), "zip-unsupported"),
    "a member of Zip64": (changed(ONE, CENTRAL, 20, b"\xff" * 4), "zip-unsupported"),
    "encrypted": (changed(ONE, CENTRAL, 8, b"\1"), "zip-encrypted"),
    "encrypted strongly": (changed(ONE, CENTRAL, 8, b"\x40"), "zip-encrypted"),
    "an encrypted directory": (changed(ONE, CENTRAL, 9, b"\x20"), "zip-encrypted"),
    "another method": (archive(("a.json", BASIC), method=zipfile.ZIP_BZIP2), "zip-method"),
    "one name twice": (TWO.replace(b"b.json", b"a.json"), "zip-duplicate"),
    "names that differ in case": (TWO.replace(b"b.json", b"A.json"), "zip-duplicate"),
    "names that differ in slashes": (archive(("a/b.json", BASIC), ("a\x5cb.json", b"2")), "zip-duplicate"),
}


@pytest.mark.parametrize(("raw", "code"), REFUSED.values(), ids=REFUSED)
def test_an_archive_that_readers_may_see_differently_is_refused(raw: bytes, code: str) -> None:
    """Nothing raises, and nothing of it is read."""
    assert read(raw) == code


def test_names_that_readers_would_change_are_seen_as_they_would_be() -> None:
    """A backslash is a slash to some."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("a_b.json", b"1")
        made.writestr("a/b.json", b"2")
    assert read(file.getvalue().replace(b"a_b.json", b"a\\b.json")) == "zip-duplicate"


def test_a_member_that_is_not_what_the_directory_says_ends_in_a_fault() -> None:
    """A wrong checksum, damaged content, content that goes on, or ends early; the other members are read."""
    deflated = zlib.compressobj(wbits=-15)
    body = deflated.compress(BASIC) + deflated.flush()
    damaged = {
        "checksum": TWO.replace(struct.pack("<L", zlib.crc32(BASIC)), b"abcd"),
        "content": TWO.replace(body, b"\xff" * len(body)),
        "longer": TWO.replace(struct.pack("<L", len(BASIC)), struct.pack("<L", len(BASIC) - 1)),
        "shorter": TWO.replace(struct.pack("<L", len(BASIC)), struct.pack("<L", len(BASIC) + 1)),
        "ends early": TWO.replace(body, b"\3\0" + body[2:]),
        "ends late": TWO.replace(body, b"\0" + body[1:]),
    }
    expected = {"a.json": "zip-corrupt", "b.json": b"2"}
    assert {name: read(raw) for name, raw in damaged.items()} == {name: dict(expected) for name in damaged}


def test_a_file_that_shrinks_while_it_is_read_is_damaged() -> None:
    """What the directory promised is missing."""
    members = members_of(io.BytesIO(ONE), Limits())
    assert not isinstance(members, Unreadable)
    for left in (b"", ONE[:40]):
        assert [piece.code for piece in content_of(io.BytesIO(left), members[0]) if isinstance(piece, Unreadable)] == [
            "zip-corrupt"
        ]


LIMITED = {
    "members": (Limits(archived=2), Limits(archived=1), "zip-members"),
    "size": (Limits(inflated=25), Limits(inflated=24), "inflated-size"),
}


@pytest.mark.parametrize(("enough", "short", "code"), LIMITED.values(), ids=LIMITED)
def test_each_limit_is_exact(enough: Limits, short: Limits, code: str) -> None:
    """At the limit an archive is read, one beyond it is not."""
    assert isinstance(read(TWO, enough), dict)
    assert read(TWO, short) == code


def test_a_directory_of_long_names_is_refused_by_its_size() -> None:
    """A few members may not bring megabytes of names."""
    assert read(archive(("a" * 3000, b"")), Limits(archived=1)) == "zip-members"


def test_the_ratio_is_bounded_for_each_member_and_for_all() -> None:
    """A bomb is refused before anything of it is inflated, and so are many that are small enough alone."""
    assert read(archive(("a", bytes(2 * FREE_BYTES)))) == "inflated-ratio"
    many = archive(*((f"{number}", bytes(FREE_BYTES // 2)) for number in range(20)))
    assert read(many) == "inflated-ratio"
    assert isinstance(read(many, Limits(ratio=1100)), dict)


@given(st.dictionaries(st.integers(0, 50).map(str), st.binary(max_size=100), max_size=5), st.sampled_from([archive, streamed]))
def test_what_python_writes_is_read(members: dict[str, bytes], write: Callable[..., bytes]) -> None:
    """Any content, with sizes before or after it."""
    assert read(write(*members.items())) == members


@given(st.data())
def test_a_changed_archive_is_refused_or_read_as_python_reads_it(data: st.DataObject) -> None:
    """Nothing raises, whatever byte is changed; what is still read holds what another reader finds."""
    raw = bytearray(data.draw(st.sampled_from([ONE, TWO, streamed(("a", BASIC))])))
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    found = read(bytes(raw))
    if isinstance(found, dict):
        with zipfile.ZipFile(io.BytesIO(raw)) as other:
            assert set(other.namelist()) == set(found)
            for name, content in found.items():
                if isinstance(content, bytes):
                    assert other.read(name) == content


@given(st.binary(max_size=200), st.sampled_from([b"", LOCAL, CENTRAL, END, CENTRAL + END]))
def test_any_bytes_are_refused_or_an_archive(noise: bytes, start: bytes) -> None:
    """Nothing raises."""
    assert isinstance(read(start + noise + END + noise[:18]), (dict, str))
