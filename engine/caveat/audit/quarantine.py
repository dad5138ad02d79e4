"""What was held: the bytes as received, encrypted, and the table that HL7's FHIR-to-OMOP guide asks for.

Rule 1: held is whatever may not be processed as received. Without a key only its digest is kept, in the record itself.
Rule 2: bytes are kept encrypted (AES-256-GCM), bound to their trail and their digest; the key is in no trail.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

from caveat.audit.extras import required
from caveat.audit.record import KeptDecision, Record
from caveat.domain.decision import Verdict
from caveat.domain.errors import CaveatError

HELD = tuple(verdict.word for verdict in Verdict if verdict > Verdict.WARN)
"""The verdicts of what is held."""
MASKED = "***"
"""What stands for a value that no rule lets into the trail."""
_NONCE = 12


@dataclass(frozen=True, slots=True)
class How:
    """How a document was handed over, which is needed to decide it again: its form (None: as it begins), place and wire."""

    form: str | None = None
    at: str | None = None
    wire: str = "fhir"


@dataclass(frozen=True, slots=True)
class Held:
    """A resource that waits, or waited: the record that held it, and what became of it.

    `status` is `pending`, `released` or `declined`; `by` and `because` are the reviewer's.
    """

    record: Record
    status: str
    by: str | None = None
    because: str | None = None

    @property
    def has_bytes(self) -> bool:
        """Whether the bytes were kept."""
        return self.record.held_sha256 is not None

    def rows(self) -> Iterator[QuarantineRow]:
        """Give the rows of HL7's table: one a modifier that holds it up, one without a url for a document that cannot be read."""
        yield from (_row(self, decision) for decision in self.record.decisions if decision.verdict in HELD)


@dataclass(frozen=True, slots=True)
class QuarantineRow:
    """A row with the columns of HL7's FHIR-to-OMOP guide; the value is masked unless a rule says `record value`."""

    resource_type: str | None
    resource_id: str | None
    source_system: str | None
    modifier_extension_url: str | None
    modifier_extension_value: str
    date_quarantined: str
    review_status: str
    reviewer_notes: str | None


def _row(held: Held, decision: KeptDecision) -> QuarantineRow:
    record = held.record
    return QuarantineRow(
        resource_type=record.resource_type,
        resource_id=record.resource_id,
        source_system=record.source,
        modifier_extension_url=decision.url,
        modifier_extension_value=decision.value if decision.value is not None else MASKED,
        date_quarantined=record.time,
        review_status=held.status,
        reviewer_notes=f"{held.by}: {held.because}" if held.by is not None else None,
    )


# the bytes


def sealed(key: bytes, trail: str, raw: bytes, how: How) -> bytes:
    """Return bytes encrypted, with how they were handed over."""
    required("cryptography")
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415  an extra

    nonce = os.urandom(_NONCE)
    told = json.dumps(asdict(how)).encode() + b"\n" + raw
    return nonce + AESGCM(key).encrypt(nonce, told, _bound(trail, sha256(raw).hexdigest()))


def unsealed(key: bytes, trail: str, input_sha256: str, envelope: bytes) -> tuple[bytes, How]:
    """Return what was held; CaveatError when the key is another, or the envelope was changed."""
    required("cryptography")
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415  an extra
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415  an extra

    try:
        told = AESGCM(key).decrypt(envelope[:_NONCE], envelope[_NONCE:], _bound(trail, input_sha256))
    except (InvalidTag, ValueError):
        raise CaveatError("what was held cannot be read: it was kept under another key, or was changed") from None
    head, _, raw = told.partition(b"\n")
    asked: dict[str, Any] = json.loads(head)
    return raw, How(**asked)


def _bound(trail: str, input_sha256: str) -> bytes:
    return f"caveat.held/1 {trail} {input_sha256}".encode()
