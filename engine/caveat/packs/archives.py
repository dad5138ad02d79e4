"""Read a `.tgz` that a stranger may have made: member by member, in bounds, and never onto the disk.

Rule 1: an archive is data. One tar in a gzip file, and nothing behind it; regular files and folders, each under a lawful name,
no file twice; whatever else there is (links, devices, sparse files, unknown kinds) refuses all of it.
Rule 2: every number has a bound that holds while reading, so that no header can make it hold or wait for what it claims.
Rule 3: what is wrong is an `ArchiveFault`, never an exception.

The tar reader is our own, not `tarfile`: that one reads whatever size an extended header claims into memory, and forgives
damage that differs from one version of Python to the next. It serves as the second opinion in the tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from io import BytesIO

from caveat.intake.gzip_reader import inflate
from caveat.intake.limits import Limits
from caveat.intake.pieces import Pieces, opened

_BLOCK = 512
_CHUNK = 64 * 1024
_ZEROS = bytes(_BLOCK)
_HEADER_MOST = 64 * 1024
_NAME_MOST = 1024
_FILE, _OLD_FILE, _FOLDER = b"0", b"\0", b"5"
_EXTENDED, _GLOBAL, _LONG_NAME = b"x", b"g", b"L"
_KINDS = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a device",
    b"4": "a device",
    b"6": "a pipe",
    b"K": "a link",
    b"S": "a sparse file",
}


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """Say how large an archive may be: as it is, unpacked, each file, how many members, and how often it may grow."""

    packed: int = 256 * 2**20
    unpacked: int = 2**30
    file: int = 64 * 2**20
    members: int = 65_536
    ratio: int = 200


@dataclass(frozen=True, slots=True)
class ArchiveFault:
    """Why an archive is not read, to complete "the archive ..."."""

    message: str


class _Refused(Exception):
    """Carry the reason out of the reading; it never leaves this module."""


_DEFAULT = ArchiveLimits()
_END = "ends before it is complete"
_FAULTS = {
    "not-gzip": "is no gzip",
    "gzip-truncated": _END,
    "gzip-corrupt": "is damaged",
    "gzip-trailing": "is followed by something that is no part of it",
    "inflated-size": "unpacks to more than {unpacked} bytes",
    "inflated-ratio": "unpacks to more than {ratio} times its size",
}
"""What the faults of a gzip file are in an archive, by their codes."""
_CHANGES = "has an extended header that changes what a file is or holds"


def read_archive(raw: bytes, visit: Callable[[str, bytes], None], limits: ArchiveLimits = _DEFAULT) -> ArchiveFault | None:
    """Give `visit` the name and the contents of each file in `raw`, in order; return why the archive is refused, else None.

    What was visited before a fault was found counts for nothing.
    """
    if len(raw) > limits.packed:
        return ArchiveFault(f"has more than {limits.packed} bytes")
    try:
        for name, data in _files(_Stream(raw, limits), limits):
            visit(name, data)
    except _Refused as refused:
        return ArchiveFault(str(refused))
    return None


def lawful_name(name: str) -> str | None:
    """Return a member's name with `/` between its parts; None when it could mean a place outside of where it stands."""
    parts = name.removeprefix("./").removesuffix("/").split("/")
    lawful = all(part not in {"", ".", ".."} and part.isprintable() and "\\" not in part and part[1:2] != ":" for part in parts)
    return "/".join(parts) if lawful and len(name) <= _NAME_MOST else None


class _Stream:
    """The bytes that a gzip file holds, inflated as they are asked for, within bounds."""

    def __init__(self, raw: bytes, limits: ArchiveLimits) -> None:
        """Begin at the start of `raw`."""
        self._limits = limits
        self._pieces = Pieces(inflate(BytesIO(raw), Limits(inflated=limits.unpacked, ratio=limits.ratio)))
        self._file = opened(self._pieces)

    def read(self, size: int) -> bytes:
        """Return `size` bytes; refuse an archive that ends before."""
        found = self._file.read(size)
        if len(found) < size:
            self._refuse_fault()
            raise _Refused(_END)
        return found

    def finish(self) -> None:
        """Refuse an archive that has more than zeros up to its end, or anything behind it."""
        while rest := self._file.read(_CHUNK):
            if any(rest):
                raise _Refused("has something behind its end mark")
        self._refuse_fault()

    def _refuse_fault(self) -> None:
        """Refuse an archive that could not be inflated to its end."""
        if self._pieces.fault is not None:
            raise _Refused(_FAULTS[self._pieces.fault.code].format_map(asdict(self._limits)))


@dataclass(frozen=True, slots=True)
class _Header:
    """What a header block says: the kind of member, its name as written, and its size."""

    kind: bytes
    name: bytes
    size: int


@dataclass(frozen=True, slots=True)
class _Said:
    """What an extended header says of the next member; None for what it does not say."""

    name: bytes | None = None
    size: int | None = None


def _files(stream: _Stream, limits: ArchiveLimits) -> Iterator[tuple[str, bytes]]:
    """Give each regular file; refuse what may not be there, and a second file of one name."""
    seen: set[str] = set()
    said = _Said()
    for _ in range(limits.members):
        header = _header(stream)
        if header is None:
            stream.finish()
            return
        if header.kind in {_EXTENDED, _LONG_NAME, _GLOBAL}:
            said = _extension(header, stream, said)
            continue
        name = _name(said.name or header.name, header)
        data = _contents(header, said, stream, limits)
        said = _Said()
        if data is None:
            continue
        if name in seen:
            raise _Refused(f"has the file {name} twice")
        seen.add(name)
        yield name, data
    raise _Refused(f"has more than {limits.members} members")


def _header(stream: _Stream) -> _Header | None:
    """Read one header block; None at the end mark."""
    block = stream.read(_BLOCK)
    if block == _ZEROS:
        return None
    unsigned = sum(block) - sum(block[148:156]) + 8 * ord(" ")
    if _octal(block[148:156]) != unsigned:
        raise _Refused("has a damaged header")
    prefix = block[345:500].partition(b"\0")[0] if block[257:263] == b"ustar\0" else b""
    name = block[:100].partition(b"\0")[0]
    return _Header(block[156:157], prefix + b"/" + name if prefix else name, _octal(block[124:136]))


def _octal(field: bytes) -> int:
    """Return a number of a header; sizes beyond what octal digits can say are refused unseen."""
    digits = field.strip(b" \0")
    if not digits.isdigit() or b"8" in digits or b"9" in digits:
        raise _Refused("has a damaged header")
    return int(digits, 8)


def _contents(header: _Header, said: _Said, stream: _Stream, limits: ArchiveLimits) -> bytes | None:
    """Return the contents of a file, None for a folder; refuse every other kind of member."""
    if said.size not in {None, header.size}:
        raise _Refused(_CHANGES)
    if header.kind == _FOLDER and header.size == 0:
        return None
    if header.kind not in {_FILE, _OLD_FILE} or header.name.endswith(b"/"):
        raise _Refused(f"holds {_KINDS.get(header.kind, 'a member of an unknown kind')}")
    if header.size > limits.file:
        raise _Refused(f"holds a file of more than {limits.file} bytes")
    return _body(stream, header.size)


def _body(stream: _Stream, size: int) -> bytes:
    data = stream.read(size)
    stream.read(-size % _BLOCK)
    return data


def _extension(header: _Header, stream: _Stream, said: _Said) -> _Said:
    """Return what is said of the next member; refuse what would change more than its name and its dates."""
    if header.size > _HEADER_MOST:
        raise _Refused("has an extended header that is too long")
    data = _body(stream, header.size)
    if header.kind == _LONG_NAME:
        return replace(said, name=data.removesuffix(b"\0"))
    records = dict(_records(data))
    if any(key in {b"linkpath", b"hdrcharset"} or key.startswith(b"GNU.sparse") for key in records):
        raise _Refused(_CHANGES)
    if header.kind == _GLOBAL:
        if not records.keys().isdisjoint({b"path", b"size"}):
            raise _Refused(_CHANGES)
        return said
    size = records.get(b"size")
    return _Said(records.get(b"path", said.name), said.size if size is None else _decimal(size))


def _decimal(digits: bytes) -> int:
    if not (digits.isdigit() and len(digits) < 20):  # noqa: PLR2004  no file of an archive is longer than that
        raise _Refused(_CHANGES)
    return int(digits)


def _records(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Give the records of an extended header, `length key=value` and a newline each."""
    while data:
        length, space, _ = data.partition(b" ")
        size = int(length) if length.isdigit() and len(length) <= len(str(_HEADER_MOST)) else 0
        record = data[len(length) + 1 : size - 1]
        key, equals, value = record.partition(b"=")
        if not (space and equals and size <= len(data) and data[size - 1 : size] == b"\n"):
            raise _Refused("has a damaged extended header")
        yield key, value
        data = data[size:]


def _name(written: bytes, header: _Header) -> str:
    """Return a member's name; refuse one that is not UTF-8, or leads elsewhere. The message does not repeat it."""
    if header.kind == _FOLDER and written in {b".", b"./"}:
        return "."
    try:
        name = lawful_name(written.decode("utf-8"))
    except UnicodeDecodeError:
        name = None
    if name is None:
        raise _Refused("holds a member whose name leads elsewhere or is none")
    return name
