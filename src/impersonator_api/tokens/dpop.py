"""DPoP proofs: what shows that the sender of a request holds a key (RFC 9449 §4)."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from hmac import compare_digest

from impersonator_api.tokens.claims import PROOF
from impersonator_api.tokens.compact import UnverifiedToken, read_unverified
from impersonator_api.tokens.errors import InvalidProofError, InvalidTokenError, KeyUnusableError
from impersonator_api.tokens.jwa import VerifyingKey
from impersonator_api.tokens.jwk import parse_proof_key
from impersonator_api.tokens.jws import LAST_INSTANT, assert_signed, media_type
from impersonator_api.tokens.once import MOST_CHARACTERS, OneUse, one_use, use_once
from impersonator_api.tokens.target_uri import normalised
from impersonator_api.work import Work

WINDOW = timedelta(seconds=60)
"""How far a proof's `iat` may lie from now, on either side."""


@dataclass(frozen=True, slots=True)
class SentProofs:
    """The values of the header field DPoP, and the request that they came with. `url` is ours for it.

    It begins with our issuer: behind a proxy the service does not know by which name it was called.
    """

    values: Sequence[str]
    method: str
    url: str


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof that holds. `thumbprint` is its key's (RFC 7638); it is good for one use."""

    thumbprint: str
    use: OneUse

    async def use_up(self, work: Work) -> None:
        """Take it, once in the whole service; raises `InvalidProofError`."""
        try:
            await use_once(work, self.use)
        except InvalidTokenError as error:
            raise InvalidProofError("The DPoP proof was used before; sign a new one for each request.") from error


def verify_proof(sent: SentProofs, *, now: datetime, access_token: str | None = None) -> Proof:
    """Check everything that RFC 9449 §4.3 lists, except that it is new: `use_up` does that.

    With an `access_token` the proof must have been made for it. Raises `InvalidProofError`.
    """
    if len(sent.values) != 1:
        raise InvalidProofError("Send one DPoP header field, with one proof in it.")
    try:
        token = read_unverified(sent.values[0])
        key = _proven_key(token)
    except (InvalidTokenError, KeyUnusableError) as error:
        raise InvalidProofError("The DPoP proof is not signed as one with the public key in it.") from error
    _verify_request(token.claims, sent)
    if access_token is not None:
        _verify_hash(token.claims, access_token)
    return Proof(key.kid, _one_use(token.claims, key, now))


def _proven_key(token: UnverifiedToken) -> VerifyingKey:
    """The key that came along and signed, named by its thumbprint."""
    jwk, alg = token.header.get("jwk"), token.find_header("alg")
    if media_type(token.header.get("typ")) != PROOF or not isinstance(jwk, Mapping) or alg is None:
        raise InvalidTokenError("Not a proof.")
    key = parse_proof_key(jwk, alg=alg)
    assert_signed(token, key)
    return key


def _verify_request(claims: Mapping[str, object], sent: SentProofs) -> None:
    htm, htu = claims.get("htm"), claims.get("htu")
    meant = normalised(htu) if isinstance(htu, str) else None
    if htm != sent.method or meant is None or meant != normalised(sent.url):
        raise InvalidProofError(f"The DPoP proof is for another request; this is {sent.method} {sent.url}.")


def _verify_hash(claims: Mapping[str, object], access_token: str) -> None:
    ath = claims.get("ath")
    digest = urlsafe_b64encode(sha256(access_token.encode()).digest()).rstrip(b"=")
    if not isinstance(ath, str) or not compare_digest(ath.encode(), digest):
        raise InvalidProofError("The DPoP proof is not for this access token; ath is its SHA-256.")


def _one_use(claims: Mapping[str, object], key: VerifyingKey, now: datetime) -> OneUse:
    jti, iat = claims.get("jti"), claims.get("iat")
    if not isinstance(jti, str) or not 1 <= len(jti) <= MOST_CHARACTERS:
        raise InvalidProofError(f"The DPoP proof's jti is not a text of 1 to {MOST_CHARACTERS} characters.")
    # True is an int to Python, and an integer may be too long for arithmetic with dates.
    if isinstance(iat, bool) or not isinstance(iat, int | float) or not 0 <= iat <= LAST_INSTANT:
        raise InvalidProofError("The DPoP proof has no iat.")
    if abs(now.timestamp() - iat) > WINDOW.total_seconds():
        raise InvalidProofError("The DPoP proof is not of this minute; compare the clocks.")
    return one_use(PROOF, owner=key.kid, jti=jti, expires_at=datetime.fromtimestamp(iat, UTC) + WINDOW)
