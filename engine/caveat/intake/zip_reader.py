"""What is in a zip archive: members that every reader finds alike, or the reason why the archive is not believed.

Rule 1: the directory at the end and the headers on the way must say the same, and fill the file: one byte of which the directory
says nothing, an overlap, or a name that stands twice, and readers differ on what is in the archive.
Rule 2: names are words for reports, never paths; nothing is written anywhere.
Rule 3: a fault is a value; a member that is not what the directory says ends in one.

Not read: encrypted members, methods other than stored and deflated, archives in parts, and Zip64 (4 GiB or 65,535 members).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import IO, Any, Final
from unicodedata import normalize

from caveat.intake.json_reader import Unreadable
from caveat.intake.limits import Limits
from caveat.intake.pieces import PIECE

_END: Final = struct.Struct("<4s4H2LH")
_CENTRAL: Final = struct.Struct("<4s4B4HL2L5H2L")
_LOCAL: Final = struct.Struct("<4s2B4HL2L2H")
_LONGEST_COMMENT: Final = 0xFFFF
_BEYOND: Final = frozenset({0xFFFF, 0xFFFFFFFF})  # what stands where Zip64 says more
_STORED, _DEFLATED = 0, 8
_ENCRYPTED: Final = 0x2041  # bits 0, 6 and 13
_DESCRIBED: Final = 0x0008  # sizes follow the content
_UTF_8: Final = 0x0800
_UNICODE_PATH: Final = 0x7075  # an extra field by which some readers know a member under another name
_NEWEST: Final = 63  # the version of the format that a reader must know, times ten
_ROW: Final = 1024  # bytes of the directory that one member may take, on average
_READ: Final = 64 * 1024

NOT_ZIP: Final = Unreadable("not-zip", "the file is called zip, and does not end as an archive does")
CORRUPT: Final = Unreadable("zip-corrupt", "the archive is damaged")
UNSUPPORTED: Final = Unreadable("zip-unsupported", "the archive is in parts, Zip64, or of a version that is not read")
ENCRYPTED: Final = Unreadable("zip-encrypted", "the archive has encrypted members")
METHOD: Final = Unreadable("zip-method", "a member is compressed by a method that is not read")
TOO_MANY: Final = Unreadable("zip-members", "the archive has more members than the limit allows")
DUPLICATE: Final = Unreadable("zip-duplicate", "two members of the archive have one name")
HIDDEN: Final = Unreadable("zip-hidden", "the archive has bytes of which its directory says nothing, or members that overlap")
DISAGREEING: Final = Unreadable("zip-hidden", "a member of the archive is not what the directory says it is")
TOO_LARGE: Final = Unreadable("inflated-size", "the archive inflates to more bytes than the limit allows")
TOO_DENSE: Final = Unreadable("inflated-ratio", "the archive inflates to more bytes for each of its own than the limit allows")


@dataclass(frozen=True, slots=True)
class Member:
    """One member as the directory has it: `name` as written there, where its header begins, and what is said of its content."""

    name: str
    spelt: bytes
    flags: int
    method: int
    checksum: int
    compressed: int
    inflated: int
    start: int
    content: int = 0

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder, which has no content."""
        return self.name.endswith("/")


def members_of(file: IO[bytes], limits: Limits) -> tuple[Member, ...] | Unreadable:
    """Return the members of an archive in the order in which they stand in `file`, or why none is read.

    `file` must be able to seek. Nothing is inflated.
    """
    try:
        end = _end_of(file)
        if isinstance(end, Unreadable):
            return end
        count, size, start = end
        if count > limits.archived or size > _ROW * limits.archived:
            return TOO_MANY
        file.seek(start)
        listed = _listed(file.read(size), count)
        if isinstance(listed, Unreadable):
            return listed
        return _fault_of(listed, limits) or _placed(file, sorted(listed, key=lambda each: each.start), start)
    except (struct.error, UnicodeDecodeError):
        return CORRUPT


def content_of(file: IO[bytes], member: Member) -> Iterator[bytes | Unreadable]:
    """Give the content of a member in pieces; the last is a fault where it is not what the directory says."""
    try:
        yield from _content(file, member)
    except zlib.error:
        yield CORRUPT


def _content(file: IO[bytes], member: Member) -> Iterator[bytes | Unreadable]:
    """Give the content of a member; zlib.error where it is no deflated one."""
    inflator: Any = zlib.decompressobj(-15) if member.method == _DEFLATED else None
    checksum = inflated = taken = 0
    while taken < member.compressed:
        file.seek(member.content + taken)
        raw = file.read(min(_READ, member.compressed - taken))
        if not raw:
            break
        taken += len(raw)
        for content in _unpacked(inflator, raw):
            if inflated + len(content) > member.inflated:
                yield CORRUPT
                return
            checksum = zlib.crc32(content, checksum)
            inflated += len(content)
            yield content
        if inflator is not None and inflator.unused_data:
            break
    whole = inflator is None or (inflator.eof and not inflator.unused_data)
    if not whole or taken < member.compressed or (checksum, inflated) != (member.checksum, member.inflated):
        yield CORRUPT


def _unpacked(inflator: Any, raw: bytes) -> Iterator[bytes]:
    """Give what `raw` inflates to, or itself where nothing is compressed."""
    if inflator is None:
        yield raw
        return
    length = PIECE
    while (raw or length == PIECE) and not inflator.eof:
        content = inflator.decompress(raw, PIECE)
        raw, length = inflator.unconsumed_tail, len(content)
        yield content


# the directory


def _end_of(file: IO[bytes]) -> tuple[int, int, int] | Unreadable:
    """Return how many members the directory has, how many bytes, and where it begins.

    Readers look for the mark of the end from behind, so that the last one must be it, and its comment must end the file.
    """
    length = file.seek(0, 2)
    file.seek(max(0, length - _END.size - _LONGEST_COMMENT))
    tail = file.read(_END.size + _LONGEST_COMMENT)
    at = tail.rfind(b"PK\5\6")
    if at < 0:
        return NOT_ZIP
    _, disk, first_disk, here, count, size, start, comment = _END.unpack_from(tail, at)
    if disk or first_disk or here != count or not _BEYOND.isdisjoint((count, size, start)):
        return UNSUPPORTED
    if at + _END.size + comment != len(tail) or start + size != length - len(tail) + at:
        return HIDDEN
    return count, size, start


def _listed(directory: bytes, count: int) -> list[Member] | Unreadable:
    """Return the members that the directory lists, which must fill it."""
    members: list[Member] = []
    at = 0
    for _ in range(count):
        row = _CENTRAL.unpack_from(directory, at)
        mark, flags, method, checksum, compressed, inflated = row[0], row[5], row[6], row[9], row[10], row[11]
        lengths, disk, start = row[12:15], row[15], row[18]
        name_at = at + _CENTRAL.size
        at = name_at + sum(lengths)
        spelt, extra = directory[name_at : name_at + lengths[0]], directory[name_at + lengths[0] : at - lengths[2]]
        if mark != b"PK\1\2" or at > len(directory) or not spelt:
            return CORRUPT
        if disk or row[3] > _NEWEST or not _BEYOND.isdisjoint((compressed, inflated, start)):
            return UNSUPPORTED
        if _is_renamed(extra):
            return DISAGREEING
        name = spelt.decode("utf-8" if flags & _UTF_8 else "cp437")
        members.append(Member(name, spelt, flags, method, checksum, compressed, inflated, start))
    return members if at == len(directory) else HIDDEN


def _is_renamed(extra: bytes) -> bool:
    """Return whether an extra field gives a member a second name."""
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<2H", extra, at)
        if kind == _UNICODE_PATH:
            return True
        at += 4 + size
    return False


def _fault_of(members: list[Member], limits: Limits) -> Unreadable | None:
    """Return what speaks against the archive by its directory alone."""
    if any(each.flags & _ENCRYPTED for each in members):
        return ENCRYPTED
    if any(each.method not in {_STORED, _DEFLATED} for each in members):
        return METHOD
    if any(_is_false(each) for each in members):
        return CORRUPT
    if len({_alike(each.name) for each in members}) < len(members):
        return DUPLICATE
    inflated = sum(each.inflated for each in members)
    if inflated > limits.inflated:
        return TOO_LARGE
    dense = any(not limits.allows(each.inflated, each.compressed) for each in members)
    return TOO_DENSE if dense or not limits.allows(inflated, sum(each.compressed for each in members)) else None


def _is_false(member: Member) -> bool:
    """Return whether the directory says of a member what cannot be: content in a folder, a NUL in a name, two sizes."""
    if "\0" in member.name or (member.is_folder and member.inflated):
        return True
    return member.method == _STORED and member.compressed != member.inflated


def _alike(name: str) -> str:
    """Return what is left of a name on systems that tell neither case, forms of a letter nor slashes apart."""
    return normalize("NFC", name).casefold().replace("\\", "/").removeprefix("./").rstrip("/. ")


# what stands in the file


def _placed(file: IO[bytes], members: list[Member], end: int) -> tuple[Member, ...] | Unreadable:
    """Return the members with where their content begins; they must fill the file up to `end`, one after the other."""
    placed: list[Member] = []
    at = 0
    for member in members:
        if member.start != at:
            return HIDDEN
        file.seek(at)
        header = file.read(_LOCAL.size)
        name, extra = _LOCAL.unpack(header)[-2:]
        spelt, more = file.read(name), file.read(extra)
        content = at + _LOCAL.size + name + extra
        if spelt != member.spelt or _is_renamed(more) or not _agrees(header, member):
            return DISAGREEING
        at = content + member.compressed
        if member.flags & _DESCRIBED:
            file.seek(at)
            at += _described(file.read(24), member)
        placed.append(replace(member, content=content))
    return tuple(placed) if at == end else HIDDEN


def _agrees(header: bytes, member: Member) -> bool:
    """Return whether a member's own header says what the directory does; sizes that follow the content may be left open."""
    mark, _, _, flags, method, _, _, checksum, compressed, inflated, _, _ = _LOCAL.unpack(header)
    said, known = (checksum, compressed, inflated), (member.checksum, member.compressed, member.inflated)
    is_open = bool(flags & _DESCRIBED) and set(said) <= {0, 0xFFFFFFFF}
    is_same = (flags, method) == (member.flags, member.method)
    return mark == b"PK\3\4" and is_same and (said == known or is_open)


def _described(after: bytes, member: Member) -> int:
    """Return how many bytes a description of `member` takes that stands after its content, 0 where there is none."""
    for form in ("<4sL2L", "<4sL2Q", "<L2L", "<L2Q"):
        layout = struct.Struct(form)
        if len(after) >= layout.size:
            *mark, checksum, compressed, inflated = layout.unpack_from(after)
            if mark in ([], [b"PK\7\10"]) and (checksum, compressed, inflated) == (
                member.checksum,
                member.compressed,
                member.inflated,
            ):
                return layout.size
    return 0
