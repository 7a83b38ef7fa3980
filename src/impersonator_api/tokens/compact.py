"""Reading a JWS in compact form (RFC 7515 §7.1) without believing a word of it."""

import json
import math
from binascii import a2b_base64, b2a_base64
from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from sys import intern
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct
from typing_extensions import override

from impersonator_api.tokens.errors import TokenMalformedError

if TYPE_CHECKING:
    from impersonator_api.tokens.jws import Verdict

MAX_LENGTH = 16 * 1024
MAX_DEPTH = 16
PARTS = 3
UNFIT = "The token is not a JWS of three parts and at most 16 KiB."

REMEMBERED: Final = 2048
"""Tokens that were taken apart and verified, with what came out; most come many times. Each is a kilobyte."""

JUST_READ: Final = 64
"""Tokens that nobody has verified: made up ones may take dozens of times their length, and displace no others."""

IN_COMMON: Final = frozenset({"iss", "aud", "tenant", "client_id", "scope"})
"""Claims in which many tokens say the same."""

HEADERS_REMEMBERED: Final = 64

LONGEST_HEADER: Final = 256
LONGEST_REMEMBERED: Final = 2048
"""Characters."""

BACKSLASH: Final = ord("\\")

TO_URL: Final = bytes.maketrans(b"+/", b"-_")
FROM_URL: Final = bytes.maketrans(b"-_", b"+/")
"""RFC 4648 §5, as tables: tokens are long, and the standard library's functions copy them more often."""


class Said(Struct, frozen=True, eq=False):
    """What a token says, for as long as it is remembered."""

    header: Mapping[str, object]
    claims: Mapping[str, object]
    verdicts: "list[Verdict]" = []


class UnverifiedToken(Struct, frozen=True, eq=False):
    """What a token says of itself. Good for finding the key that it must be verified with, and for nothing else.

    `digest` is the SHA-256 by which a token is remembered. `verdicts` are for `verify` alone: what it found of this
    very token before.
    """

    text: str
    digest: bytes
    header: Mapping[str, object]
    claims: Mapping[str, object]
    verdicts: "list[Verdict]"

    @override
    def __repr__(self) -> str:
        # Whoever has it may use it.
        return "UnverifiedToken()"

    @property
    def signing_input(self) -> bytes:
        """What the signature is of (RFC 7515 §5.1)."""
        return self.text.rpartition(".")[0].encode()

    @property
    def signature(self) -> bytes:
        """The signature's octets."""
        return decode_base64url(self.text.rpartition(".")[2])

    def find_text(self, name: str) -> str | None:
        """A claim, if it is there and a text."""
        value = self.claims.get(name)
        return value if isinstance(value, str) else None

    def find_header(self, name: str) -> str | None:
        """A header parameter, if it is there and a text."""
        value = self.header.get(name)
        return value if isinstance(value, str) else None


_remembered: dict[bytes, Said] = {}


def read_unverified(token: str) -> UnverifiedToken:
    """Take a token apart; raises `TokenMalformedError` for anything two parsers could understand differently."""
    if len(token) > MAX_LENGTH or not token.isascii():
        raise TokenMalformedError(UNFIT)
    digest = sha256(token.encode()).digest()
    said = _remembered.pop(digest, None)
    if said is not None:
        # What nobody sent for the longest is forgotten first.
        _remembered[digest] = said
    else:
        said = _just_taken_apart(token) if len(token) <= LONGEST_REMEMBERED else _taken_apart(token)
    return UnverifiedToken(token, digest, said.header, said.claims, said.verdicts)


def remember(token: UnverifiedToken) -> None:
    """Read it faster from now on; for `verify` alone."""
    if len(token.text) > LONGEST_REMEMBERED:
        return
    _remembered[token.digest] = Said(token.header, token.claims, token.verdicts)
    while len(_remembered) > REMEMBERED:
        del _remembered[next(iter(_remembered))]


def _taken_apart(token: str) -> Said:
    parts = token.split(".")
    if len(parts) != PARTS:
        raise TokenMalformedError(UNFIT)
    header, claims, signature = parts
    decode_base64url(signature)
    return Said(
        header=_header_read_before(header) if len(header) <= LONGEST_HEADER else _json_object(header),
        claims=_sparing(_json_object(claims)),
    )


_just_taken_apart = lru_cache(JUST_READ)(_taken_apart)


def _sparing(claims: dict[str, object]) -> dict[str, object]:
    """The claims, with one text for all tokens that have the same."""
    for name in IN_COMMON:
        value = claims.get(name)
        if type(value) is str:
            claims[name] = intern(value)
    return claims


def decode_base64url(part: str) -> bytes:
    """Decode unpadded base64url (RFC 7515 §2); raises `TokenMalformedError` for every spelling but the shortest."""
    # Python's decoder drops foreign characters and ignores left-over bits, so one token would have many spellings.
    try:
        octets = a2b_base64(part.encode("ascii").translate(FROM_URL) + b"=" * (-len(part) % 4))
    except ValueError as error:
        raise TokenMalformedError("The token is not base64url.") from error
    if not octets or encode_base64url(octets) != part:
        raise TokenMalformedError("The token is not base64url.")
    return octets


def encode_base64url(octets: bytes) -> str:
    """Encode without padding, as JOSE does everywhere."""
    return b2a_base64(octets, newline=False).translate(TO_URL).rstrip(b"=").decode("ascii")


def _json_object(part: str) -> dict[str, object]:
    octets = decode_base64url(part)
    return _find_canonical(octets) or _read_strictly(octets)


# An issuer's tokens have few headers, each of its keys one for each type.
_header_read_before = lru_cache(HEADERS_REMEMBERED)(_json_object)


def _find_canonical(octets: bytes) -> dict[str, object] | None:
    """The object, where it is written as ours are: then it is read in a tenth of the time, and no less strictly.

    What encodes to the very same octets names nothing twice; without a backslash no character is one that cannot be
    stored; and it is no deeper than it has brackets.
    """
    if BACKSLASH in octets or octets.count(b"{") + octets.count(b"[") > MAX_DEPTH:
        return None
    try:
        value = msgspec.json.decode(octets)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return value if isinstance(value, dict) and msgspec.json.encode(value) == octets else None


def _read_strictly(octets: bytes) -> dict[str, object]:
    try:
        value = json.loads(
            octets.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refused, parse_float=_finite
        )
        _refuse_unstorable(value, MAX_DEPTH)
    except (ValueError, RecursionError) as error:
        raise TokenMalformedError("The token does not hold plain JSON.") from error
    if not isinstance(value, dict):
        raise TokenMalformedError("The token does not hold JSON objects.")
    return value


def _unique(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    # RFC 7519 §4: of two claims with one name, verifiers differ in which they believe.
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("duplicate member")
    return members


def _refused(constant: str) -> object:
    raise ValueError(constant)


def _finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise ValueError(number)
    return value


def _refuse_unstorable(value: object, depth: int) -> None:
    """Raise `ValueError` for NUL, lone surrogates and deep nesting, which PostgreSQL's jsonb does not take."""
    if depth == 0:
        raise ValueError(depth)
    if isinstance(value, str):
        value.encode("utf-8")
        if "\0" in value:
            raise ValueError(value)
    elif isinstance(value, dict):
        for name, member in value.items():
            _refuse_unstorable(name, depth)
            _refuse_unstorable(member, depth - 1)
    elif isinstance(value, list):
        for member in value:
            _refuse_unstorable(member, depth - 1)
