"""Seals: Ed25519 signatures with keys in PEM files, as `openssl genpkey -algorithm ed25519` makes them."""

from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

NEW_KEY = "openssl genpkey -algorithm ed25519 -out seal.pem"
PUBLIC_KEY = "openssl pkey -in seal.pem -pubout -out seal.pub"


class BadKey(Exception):
    """This file holds no key that will do; the message says why and how one is made."""


class Seal:
    """A private key."""

    def __init__(self, path: Path) -> None:
        """Read it. BadKey where it is none, or has a passphrase."""
        try:
            key = load_pem_private_key(_read(path), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise BadKey(f"{path}: it holds no private key without a passphrase: {NEW_KEY}") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise BadKey(f"{path}: it holds a key of another kind than Ed25519: {NEW_KEY}")
        self._key = key

    def sign(self, data: bytes) -> bytes:
        """Return the signature."""
        return self._key.sign(data)

    @property
    def fingerprint(self) -> str:
        """What the public key is known by."""
        return _fingerprint(self._key.public_key())


class Check:
    """A public key."""

    def __init__(self, path: Path) -> None:
        """Read it. BadKey where it is none."""
        try:
            key = load_pem_public_key(_read(path))
        except (ValueError, UnsupportedAlgorithm) as error:
            raise BadKey(f"{path}: it holds no public key: {PUBLIC_KEY}") from error
        if not isinstance(key, Ed25519PublicKey):
            raise BadKey(f"{path}: it holds a key of another kind than Ed25519: {PUBLIC_KEY}")
        self._key = key

    def holds(self, signature: bytes, data: bytes) -> bool:
        """Whether the key's owner has signed just this."""
        try:
            self._key.verify(signature, data)
        except InvalidSignature:
            return False
        return True

    @property
    def fingerprint(self) -> str:
        """What the public key is known by."""
        return _fingerprint(self._key)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadKey(f"{path}: cannot be read: {error.strerror}") from error


def _fingerprint(key: Ed25519PublicKey) -> str:
    return sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:32]
