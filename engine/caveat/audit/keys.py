"""The keys of a trail: for the hashes of ids, for what is held, for signatures of checkpoints. Each is a file of its own.

Rule 1: no key is ever stored in the trail. Of the identifier key the trail holds a check value, so that another key is noticed.
Rule 2: a key file is made for its owner alone, and never over a file that is there.
"""

from __future__ import annotations

import hmac
import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from caveat.audit.extras import required
from caveat.domain.errors import UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_BYTES = 32
_INNER, _OUTER = (bytes(byte ^ mask for byte in range(256)) for mask in (0x36, 0x5C))
_CHECK = b"caveat.audit identifier key"


class Keyed:
    """Gives keyed hashes of texts: HMAC-SHA-256 in hexadecimal, whose two beginnings are made once (RFC 2104, section 4)."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        """Begin with a key of at most 64 bytes."""
        padded = key.ljust(64, b"\0")
        self._inner, self._outer = sha256(padded.translate(_INNER)), sha256(padded.translate(_OUTER))

    def __call__(self, text: str) -> str:
        """Return the keyed hash of a text."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(text.encode("utf-8", "surrogatepass"))
        outer.update(inner.digest())
        return outer.hexdigest()


def key_check(key: bytes) -> str:
    """Return what tells a key from another, and nothing else of it."""
    return hmac.digest(key, _CHECK, "sha256").hex()[:16]


def secret_key(path: Path) -> bytes:
    """Return the key in a file: 64 hexadecimal digits."""
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except OSError as error:
        raise UsageError(f"cannot read the key {path}: {error.strerror}; `caveat audit keys` makes one") from None
    except ValueError:
        key = b""
    if len(key) != _BYTES:
        raise UsageError(f"{path} is no key: it must hold 64 hexadecimal digits, as `caveat audit keys` writes them")
    return key


def secret_key_made(path: Path) -> bytes:
    """Return the key in a file, which is made when it is not there; of several makers at once one wins."""
    if not path.exists():
        with suppress(FileExistsError):
            write_once(path, new_secret())
    return secret_key(path)


def new_secret() -> bytes:
    """Make a secret key, as its file holds it."""
    return f"{os.urandom(_BYTES).hex()}\n".encode()


def write_once(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a file whole, durably, under a name that nothing has yet; FileExistsError when something has."""
    import tempfile  # noqa: PLC0415  as above

    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from None
    try:
        with open(handle, "wb") as file:  # noqa: PTH123  a handle
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        os.link(name, path)
    finally:
        Path(name).unlink()


# signatures


def signing_key(path: Path) -> Ed25519PrivateKey:
    """Return the private key in a file (PEM)."""
    required("cryptography")
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415  an extra
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415  an extra

    try:
        key = load_pem_private_key(_content(path), password=None)
    except (TypeError, ValueError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(f"{path} is no private key of Ed25519 in PEM, without a passphrase; `caveat audit keys` makes one")
    return key


def verifying_key(path: Path) -> Ed25519PublicKey:
    """Return the public key in a file (PEM)."""
    required("cryptography")
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415  an extra
    from cryptography.hazmat.primitives.serialization import load_pem_public_key  # noqa: PLC0415  an extra

    try:
        key = load_pem_public_key(_content(path))
    except ValueError:
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise UsageError(f"{path} is no public key of Ed25519 in PEM; `caveat audit keys` writes one beside the private key")
    return key


def public_hex(key: Ed25519PublicKey) -> str:
    """Return a public key as 64 hexadecimal digits."""
    return key.public_bytes_raw().hex()


def signing_pair() -> tuple[bytes, bytes]:
    """Make a key of Ed25519, and return its private and its public part in PEM."""
    required("cryptography")
    from cryptography.hazmat.primitives import serialization as form  # noqa: PLC0415  an extra
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415  an extra

    key = Ed25519PrivateKey.generate()
    pem = form.Encoding.PEM
    private = key.private_bytes(pem, form.PrivateFormat.PKCS8, form.NoEncryption())
    return private, key.public_key().public_bytes(pem, form.PublicFormat.SubjectPublicKeyInfo)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read the key {path}: {error.strerror}; `caveat audit keys` makes one") from None
