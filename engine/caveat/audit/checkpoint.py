"""A checkpoint: one line that fixes all records up to one of them, signed where there is a key.

Rule 1: a segment is the records since the checkpoint before; its `root` is the Merkle root over them, its `head` the hash of the
last, which fixes everything before it as well. The line names the line before it by hash, so that none can be taken out.
Rule 2: what is signed is the line up to the signature, byte for byte, the public key included.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from caveat.domain.errors import UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

NONE = "0" * 64
"""What stands for the line before the first."""

_LINE = re.compile(
    r"caveat-checkpoint/1 trail=(?P<trail>[0-9a-f]{32}) number=(?P<number>[1-9]\d{0,15}) first=(?P<first>[1-9]\d{0,15})"
    r" last=(?P<last>[1-9]\d{0,15}) root=(?P<root>[0-9a-f]{64}) head=(?P<head>[0-9a-f]{64}) before=(?P<before>[0-9a-f]{64})"
    r" time=(?P<time>[0-9T:.-]{20,32}Z)(?: key=(?P<key>[0-9a-f]{64}) signature=(?P<signature>[0-9a-f]{128}))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a line says: of which trail, which segment, its root and head, and who signed it (None: nobody)."""

    trail: str
    number: int
    first: int
    last: int
    root: str
    head: str
    before: str
    time: str
    key: str | None = None
    signature: str | None = None

    @property
    def signed_part(self) -> str:
        """The line up to its signature."""
        said = f"caveat-checkpoint/1 trail={self.trail} number={self.number} first={self.first} last={self.last}"
        said += f" root={self.root} head={self.head} before={self.before} time={self.time}"
        return said if self.key is None else f"{said} key={self.key}"

    @property
    def line(self) -> str:
        """The whole line."""
        return self.signed_part if self.signature is None else f"{self.signed_part} signature={self.signature}"

    @property
    def digest(self) -> str:
        """What the next line names it by."""
        return sha256(self.line.encode()).hexdigest()

    @property
    def is_signed(self) -> bool:
        """Whether its signature is one by the key that it names."""
        if self.key is None or self.signature is None:
            return False
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415  an extra
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415  an extra

        try:
            public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.key))
            public.verify(bytes.fromhex(self.signature), self.signed_part.encode())
        except (InvalidSignature, ValueError):
            return False
        return True


def read_line(line: str) -> Checkpoint:
    """Return the checkpoint that a line spells; UsageError when it spells none."""
    matched = _LINE.fullmatch(line.strip())
    if matched is None:
        raise UsageError("this is no checkpoint; pass the whole line that `caveat audit checkpoint` printed")
    told: dict[str, Any] = matched.groupdict()
    return Checkpoint(**{**told, **{name: int(told[name]) for name in ("number", "first", "last")}})


def signed(checkpoint: Checkpoint, key: Ed25519PrivateKey) -> Checkpoint:
    """Return the checkpoint signed with `key`."""
    named = replace(checkpoint, key=key.public_key().public_bytes_raw().hex())
    return replace(named, signature=key.sign(named.signed_part.encode()).hex())
