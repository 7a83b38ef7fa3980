"""Client assertions: JWTs by which a client proves who it is (RFC 7521 §4.2, RFC 7523 §3)."""

from datetime import timedelta

from impersonator_api.tokens.claims import KINDS
from impersonator_api.tokens.compact import UnverifiedToken
from impersonator_api.tokens.errors import InvalidTokenError
from impersonator_api.tokens.jwa import VerifyingKey
from impersonator_api.tokens.jws import Expected, VerifiedClaims, verify
from impersonator_api.tokens.once import MOST_CHARACTERS, OneUse, one_use
from impersonator_api.work import Work

LONGEST = timedelta(minutes=5)
LEEWAY = timedelta(seconds=60)
"""Between the client's clock and ours."""

ASSERTION = "client-assertion"


def verify_assertion(
    work: Work, assertion: UnverifiedToken, *, key: VerifyingKey, client_id: str, audiences: frozenset[str]
) -> OneUse:
    """Whether the client itself signed it, for us, for now; answers the one use it is good for.

    `audiences` are our names (RFC 7523 §3 no. 3). Raises `InvalidTokenError`.
    """
    expected = Expected(
        issuer=client_id,
        audience=None,
        types=None,
        # RFC 7523 names no type, but our own tokens say what they are for, and it is not this (RFC 8725 §3.12).
        refused_types=KINDS,
        required=frozenset({"sub", "jti"}),
        leeway=LEEWAY,
    )
    claims = verify(assertion, key=key, expected=expected, now=work.now)
    if claims.load_text("sub") != client_id:
        raise InvalidTokenError("The assertion is about somebody else.")
    _refuse_other_audiences(claims, audiences)
    return _one_use(work, claims, client_id)


def _refuse_other_audiences(claims: VerifiedClaims, ours: frozenset[str]) -> None:
    audience = claims.claims["aud"]
    named = set(audience) if isinstance(audience, list) else {audience}
    # Threat: another server that it was meant for too comes to us with it, in the client's name.
    if not named or not named <= ours:
        raise InvalidTokenError("The assertion is meant for another server, or for another one too.")


def _one_use(work: Work, claims: VerifiedClaims, client_id: str) -> OneUse:
    jti = claims.load_text("jti")
    if len(jti) > MOST_CHARACTERS:
        raise InvalidTokenError("The assertion's jti is too long.")
    if claims.expires_at > work.now + LONGEST + LEEWAY:
        raise InvalidTokenError("The assertion lives too long.")
    return one_use(ASSERTION, owner=client_id, jti=jti, expires_at=claims.expires_at + LEEWAY)
