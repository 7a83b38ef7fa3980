"""What can be wrong with a token, a signing key or the master key."""

from impersonator_api.errors import ConflictError, NotFoundError, UnauthenticatedError, UnavailableError

PROOF_ALGORITHMS = "ES256 ES384 ES512 RS256 RS384 RS512"
"""What a challenge names (RFC 9449 §7.1): all that we verify."""


class InvalidTokenError(UnauthenticatedError):
    """The token is not one we accept. The OAuth doors say it as `invalid_grant` or `invalid_token`."""

    code = "invalid-token"
    title = "Invalid token"


class TokenMalformedError(InvalidTokenError):
    """Not even a JWS in compact form (RFC 7515 §7.1) with two JSON objects in it."""


class TokenExpiredError(InvalidTokenError):
    """It was good once."""


class InvalidProofError(InvalidTokenError):
    """A DPoP proof that does not hold (RFC 9449 §4.3). The OAuth doors say it as `invalid_dpop_proof`."""

    code = "invalid-dpop-proof"
    title = "Invalid DPoP proof"
    challenge = f'DPoP error="invalid_dpop_proof", algs="{PROOF_ALGORITHMS}"'


class UsedBeforeError(InvalidTokenError):
    """Good for one use, and this is the second."""


class KeyUnusableError(Exception):
    """A JWK that this service neither signs nor verifies with; a set may hold such keys (RFC 7517 §5)."""


class KeyNotPublishedLongEnoughError(ConflictError):
    """Verifiers may still hold a JWKS without the next key; its tokens would fail there."""

    code = "key-not-published-long-enough"
    title = "Next key not published long enough"


class KeyUnknownError(NotFoundError):
    """No signing key has that kid."""

    code = "key-unknown"
    title = "Signing key unknown"


class SigningKeyMissingError(UnavailableError):
    """The key ring has no current key for that algorithm."""

    code = "signing-key-missing"
    title = "Signing key missing"


class MasterKeyWrongError(UnavailableError):
    """None of the master keys opens what is stored, or they are not 32 bytes of base64 each."""

    code = "master-key-wrong"
    title = "Master key wrong"
