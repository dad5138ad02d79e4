"""Tests of caveat.packs.archives: honest archives are read as tarfile reads them, and every other one is refused whole."""

from __future__ import annotations

import gzip
import io
import tarfile
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caveat.packs.archives import ArchiveFault, ArchiveLimits, lawful_name, read_archive
from strategies.packaging import BLOCK, archive, member, record, tgz

HONEST = tgz({"package/package.json": b"{}", "package/a.json": b"[1]"})
NAMES = st.lists(
    st.text("abcXYZ09.-_ é漢", min_size=1, max_size=60).filter(lambda part: part.strip(".") != ""), min_size=1, max_size=4
)
SMALL = ArchiveLimits(packed=10_000, unpacked=100_000, file=20_000, members=10, ratio=50)


def read(raw: bytes, limits: ArchiveLimits = SMALL) -> dict[str, bytes] | str:
    """Return the files of an archive, or why it is refused."""
    found: dict[str, bytes] = {}
    fault = read_archive(raw, found.__setitem__, limits)
    return fault.message if isinstance(fault, ArchiveFault) else found


def by_tarfile(raw: bytes) -> dict[str, bytes]:
    """Read an archive by Python's own reader."""
    with tarfile.open(fileobj=io.BytesIO(raw), mode="r:gz") as tar:
        return {each.name.removeprefix("./"): tar.extractfile(each).read() for each in tar if each.isreg()}  # type: ignore[union-attr]


def test_an_archive() -> None:
    """Its files are given by name, in order."""
    assert read(HONEST) == {"package/package.json": b"{}", "package/a.json": b"[1]"}


@given(st.dictionaries(NAMES.map("/".join), st.binary(max_size=1500), max_size=6), st.sampled_from([0, 1, 2]))
def test_honest_archives_are_read_as_tarfile_reads_them(contents: dict[str, bytes], form: int) -> None:
    """Whatever the names (long ones, ones beyond ASCII) and the form (ustar, GNU, pax), both readers see the same files."""
    try:
        raw = tgz(contents, form)
    except (ValueError, UnicodeEncodeError):  # the old form cannot say such a name
        return
    assert read(raw, ArchiveLimits()) == by_tarfile(raw)


@given(st.data())
def test_a_damaged_archive_raises_nothing_and_is_never_another(data: st.DataObject) -> None:
    """A byte changed, cut off, or put in gives the same files or a refusal; gzip's check sum sees what the rest does not."""
    place = data.draw(st.integers(0, len(HONEST) - 1))
    byte = data.draw(st.binary(min_size=1, max_size=1))
    rest = {"changed": HONEST[place + 1 :], "inserted": HONEST[place:]}[data.draw(st.sampled_from(["changed", "inserted"]))]
    found = read(HONEST[:place] + byte + rest)
    assert isinstance(found, str) or found == read(HONEST)
    assert isinstance(read(HONEST[:place]), str)


@given(st.data())
def test_a_damaged_tar_raises_nothing(data: st.DataObject) -> None:
    """The same inside a gzip that is whole: bytes of the tar itself are changed."""
    tar = bytearray(gzip.decompress(HONEST))
    for _ in range(data.draw(st.integers(1, 4))):
        tar[data.draw(st.integers(0, 4 * BLOCK))] = data.draw(st.integers(0, 255))
    assert isinstance(read(gzip.compress(bytes(tar), mtime=0)), str | dict)


def test_a_folder_is_no_file() -> None:
    """Folders are passed over, the archive's own among them."""
    assert read(archive(member(b"./", b"", b"5"), member(b"package/", b"", b"5"), member(b"./package/a.json"))) == {
        "package/a.json": b"{}"
    }


@pytest.mark.parametrize(
    ("name", "lawful"),
    [
        ("package/a.json", "package/a.json"),
        ("./package/a.json", "package/a.json"),
        ("package/", "package"),
        ("a b", "a b"),
        ("../a", None),
        ("package/../../a", None),
        ("package/..", None),
        ("package/./a", None),
        ("/etc/passwd", None),
        ("//a", None),
        ("package//a", None),
        ("C:/a", None),
        ("C:\\a", None),
        ("package\\..\\a", None),
        ("a\nb", None),
        ("a\x1b[2Jb", None),
        ("a\u202eb", None),
        ("", None),
        (".", None),
        ("..", None),
        ("x" * 1025, None),
    ],
)
def test_names(name: str, lawful: str | None) -> None:
    """A name stays below the place where it stands, on every system, or it is none."""
    assert lawful_name(name) == lawful


PAX = record(b"path", b"package/b.json")


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (archive(member(b"../a.json")), "leads elsewhere"),
        (archive(member(b"/a.json")), "leads elsewhere"),
        (archive(member(b"package/\xff.json")), "leads elsewhere"),
        (archive(member(b"")), "leads elsewhere"),
        (archive(member(b"../x/", b"", b"5")), "leads elsewhere"),
        (archive(member(record(b"path", b"../a"), kind=b"0")), "leads elsewhere"),
        (archive(member(b"p", record(b"path", b"../../a"), b"x"), member()), "leads elsewhere"),
        (archive(member(b"p", b"../../a\0", b"L"), member()), "leads elsewhere"),
        (archive(member(b"p", b"x" * 2000 + b"\0", b"L"), member()), "leads elsewhere"),
        (archive(member(kind=b"1", data=b"")), "a hard link"),
        (archive(member(kind=b"2", data=b"")), "a symbolic link"),
        (archive(member(kind=b"3", data=b"")), "a device"),
        (archive(member(kind=b"4", data=b"")), "a device"),
        (archive(member(kind=b"6", data=b"")), "a pipe"),
        (archive(member(kind=b"K"), member()), "a link"),
        (archive(member(kind=b"S")), "a sparse file"),
        (archive(member(kind=b"7")), "an unknown kind"),
        (archive(member(kind=b"V")), "an unknown kind"),
        (archive(member(kind=b"5", data=b"x")), "an unknown kind"),
        (archive(member(b"package/", b"", b"0")), "an unknown kind"),
        (archive(member(), member()), "twice"),
        (archive(member(), member(b"./package/a.json")), "twice"),
        (archive(member(), member(b"p", record(b"path", b"package/a.json"), b"x"), member(b"c")), "twice"),
        (archive(member(b"p", record(b"size", b"1"), b"x"), member()), "changes what a file is"),
        (archive(member(b"p", record(b"size", b"99999999999999999999"), b"x"), member()), "changes what a file is"),
        (archive(member(b"p", record(b"size", b"-1"), b"x"), member()), "changes what a file is"),
        (archive(member(b"p", record(b"size", b""), b"x"), member()), "changes what a file is"),
        (archive(member(b"p", record(b"linkpath", b"/etc"), b"x"), member()), "changes what a file is"),
        (archive(member(b"p", record(b"GNU.sparse.map", b"0,1"), b"x"), member()), "changes what a file is"),
        (archive(member(b"p", record(b"GNU.sparse.realsize", b"9"), b"x"), member()), "changes what a file is"),
        (archive(member(b"p", record(b"hdrcharset", b"BINARY"), b"x"), member()), "changes what a file is"),
        (archive(member(b"p", PAX, b"g"), member()), "changes what a file is"),
        (archive(member(b"p", record(b"size", b"2"), b"g"), member()), "changes what a file is"),
        (archive(member(b"p", b"0 path=a\n", b"x"), member()), "damaged extended header"),
        (archive(member(b"p", b"9999999 path=a\n", b"x"), member()), "damaged extended header"),
        (archive(member(b"p", b"10 path=ab", b"x"), member()), "damaged extended header"),
        (archive(member(b"p", b"no record", b"x"), member()), "damaged extended header"),
        (archive(member(b"p", b"8 ab cd\n", b"x"), member()), "damaged extended header"),
        (archive(member(b"p", b"x" * 70_000, b"x"), member()), "extended header that is too long"),
        (archive(member(b"p", b"", b"x", size=b"77777777777\0"), member()), "extended header that is too long"),
        (archive(member(b"p", b"", b"L", size=b"77777777777\0"), member()), "extended header that is too long"),
        (archive(member(size=b"77777777777\0")), "a file of more than"),
        (archive(member(size=b"\x80" + b"\0" * 10 + b"\x02")), "damaged header"),
        (archive(member(size=b"\xff" * 12)), "damaged header"),
        (archive(member(size=b"-0000000001\0")), "damaged header"),
        (archive(member(size=b"00000000009\0")), "damaged header"),
        (archive(member(size=b"\0" * 12)), "damaged header"),
        (archive(member().replace(b"a.json", b"b.json")), "damaged header"),
        (archive(member(), end=b""), "ends before"),
        (archive(member()[:-1], end=b""), "ends before"),
        (archive(member()[:100], end=b""), "ends before"),
        (archive(), None),
        (archive(member(), b"\0" * BLOCK, member(b"b")), "behind its end mark"),
        (archive(end=b""), "ends before"),
        (HONEST[:-1], "ends before"),
        (HONEST[:-8], "ends before"),
        (HONEST[:30], "ends before"),
        (b"", "is no gzip"),
        (HONEST + b"x", "no part of it"),
        (HONEST + b"\0", "no part of it"),
        (HONEST + HONEST, "behind its end mark"),
        (HONEST[:-8] + b"\0" * 4 + HONEST[-4:], "damaged"),
        (gzip.decompress(HONEST)[:5000], "is no gzip"),
        (b"PK\x03\x04", "is no gzip"),
        (b"x" * 10_001, "more than 10000 bytes"),
        (archive(*(member(b"%d" % n) for n in range(11))), "more than 10 members"),
        (archive(*(member(b"p%d" % n, b"", b"5") for n in range(11))), "more than 10 members"),
        (archive(*(member(b"p", PAX, b"x") for _ in range(11))), "more than 10 members"),
        (archive(member(data=b"x" * 20_001)), "a file of more than 20000 bytes"),
        (archive(*(member(b"%d" % n, b"x" * 15_000) for n in range(9))), "unpacks to more than 100000 bytes"),
    ],
)
def test_what_is_refused(raw: bytes, message: str | None) -> None:
    """Each hostile or damaged archive is refused for what is wrong with it; an empty one is lawful."""
    found = read(raw)
    assert found == {} if message is None else isinstance(found, str) and message in found


def test_a_size_that_an_extended_header_repeats_is_no_change() -> None:
    """Some tools write the size twice; where both agree nothing is hidden."""
    said = record(b"path", b"package/long.json") + record(b"size", b"2") + record(b"mtime", b"1.5")
    assert read(archive(member(b"p", said, b"x"), member())) == {"package/long.json": b"{}"}


def test_a_global_header_may_say_what_does_not_matter() -> None:
    """Some tools write a comment for the whole archive; the header of one member that stands before it still holds."""
    comment = member(b"p", record(b"comment", b"0" * 40), b"g")
    assert read(archive(comment, member())) == {"package/a.json": b"{}"}
    assert read(archive(member(b"p", record(b"path", b"one"), b"x"), comment, member())) == {"one": b"{}"}


def test_an_extended_header_speaks_of_one_member() -> None:
    """The member after the next has its own name again."""
    raw = archive(member(b"p", record(b"path", b"one"), b"x"), member(), member(b"two"))
    assert read(raw) == {"one": b"{}", "two": b"{}"}


def test_a_bomb_is_refused_before_it_goes_off() -> None:
    """A gigabyte of zeros in a megabyte is refused at its ratio, with little memory; so is one behind the end mark."""
    inside = gzip.compress(member(data=b"", size=b"00400000000\0") + b"\0" * (300 * 2**20), mtime=0)
    behind = gzip.compress(b"\0" * (300 * 2**20), mtime=0)
    tracemalloc.start()
    found = [read(raw, ArchiveLimits(file=2**30)) for raw in (inside, behind)]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == ["unpacks to more than 200 times its size"] * 2
    assert peak < 200 * 2**20
