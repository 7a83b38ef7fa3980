"""How private keys lie in the database: AES-256-GCM under a master key that lies elsewhere."""

import os
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_bytes
from tempfile import NamedTemporaryFile

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from impersonator_api.settings import Settings
from impersonator_api.tokens.errors import MasterKeyWrongError

KEY_BYTES = 32
NONCE_BYTES = 12
FORMAT = b"\x01"
"""The first byte of everything sealed, so that another cipher can follow."""

KEY_FILE = "master.key"


@dataclass(frozen=True, slots=True)
class MasterKeys:
    """The first encrypts, all decrypt; so a new one is put in front, then `keys rewrap`, then the old one goes."""

    ciphers: tuple[AESGCM, ...] = field(repr=False)

    def seal(self, secret: bytes, *, kid: str) -> bytes:
        """Encrypt for one row; `kid` is associated data, so a row cannot take another row's key."""
        # A 96-bit random nonce is safe for 2^32 messages a key (NIST SP 800-38D §8.3); we write a few a month.
        nonce = token_bytes(NONCE_BYTES)
        return FORMAT + nonce + self.ciphers[0].encrypt(nonce, secret, kid.encode())

    def unseal(self, sealed: bytes, *, kid: str) -> bytes:
        """Decrypt; raises `MasterKeyWrongError`."""
        for cipher in self.ciphers:
            secret = _opened(cipher, sealed, kid)
            if secret is not None:
                return secret
        raise MasterKeyWrongError(
            f"No master key opens signing key {kid}: set IMPERSONATOR_MASTER_KEY to the one it was made under."
        )

    def is_sealed_by_first(self, sealed: bytes, *, kid: str) -> bool:
        """Whether it can be opened once all other master keys are gone."""
        return _opened(self.ciphers[0], sealed, kid) is not None


def _opened(cipher: AESGCM, sealed: bytes, kid: str) -> bytes | None:
    nonce, encrypted = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    if sealed[:1] != FORMAT or len(nonce) != NONCE_BYTES:
        return None
    try:
        return cipher.decrypt(nonce, encrypted, kid.encode())
    except InvalidTag:
        return None


def load_master_keys(settings: Settings) -> MasterKeys:
    """The keys from the settings; in development, when unset, from a file made once in `DATA_DIR`.

    Raises `MasterKeyWrongError`, which never holds the value.
    """
    if settings.master_key is not None:
        return parse_master_keys(settings.master_key.get_secret_value(), source="IMPERSONATOR_MASTER_KEY")
    path = settings.data_dir / KEY_FILE
    if not path.exists():
        _make_key_file(path)
    return parse_master_keys(path.read_text("ascii"), source=str(path))


def parse_master_keys(text: str, *, source: str) -> MasterKeys:
    """Read keys separated by commas; raises `MasterKeyWrongError` naming the source and the place, not the key."""
    ciphers = []
    for place, encoded in enumerate(text.split(","), start=1):
        try:
            key = b64decode(encoded.strip(), validate=True)
        except ValueError:
            key = b""
        if len(key) != KEY_BYTES:
            raise MasterKeyWrongError(f"Key {place} in {source} is not 32 bytes in base64.")
        ciphers.append(AESGCM(key))
    return MasterKeys(tuple(ciphers))


def _make_key_file(path: Path) -> None:
    """Whoever links first wins; nobody ever sees a half-written key."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # A temporary file is created with O_EXCL and mode 0600.
    with NamedTemporaryFile(dir=path.parent, prefix=KEY_FILE) as draft:
        draft.write(b64encode(token_bytes(KEY_BYTES)) + b"\n")
        draft.flush()
        os.fsync(draft.fileno())
        try:
            path.hardlink_to(draft.name)
        except FileExistsError:
            return
