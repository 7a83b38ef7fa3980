"""Whether the sender of a token holds the key that it is bound to (RFC 9449 §7)."""

from impersonator_api.callers.bearer import Credentials
from impersonator_api.callers.errors import TokenBoundError, TokenNotBoundError
from impersonator_api.tokens import InvalidProofError, VerifiedClaims, bound_key, verify_proof
from impersonator_api.work import Work


async def prove_possession(work: Work, claims: VerifiedClaims, credentials: Credentials) -> None:
    """Hold a bound token to a proof of its key, and a proof to a bound token; raises `InvalidTokenError`.

    Every token that somebody is recognised by passes here. The proof is used up, whatever the request comes to.
    """
    key = bound_key(claims.claims)
    if credentials.proofs is None:
        # §7.1: whoever stole it would send it in just this way.
        if key is not None:
            raise TokenBoundError("The token is bound to a key: send it with the scheme DPoP, and a proof.")
        return
    if key is None:
        raise TokenNotBoundError("The token is bound to no key: send it with the scheme Bearer.")
    proof = verify_proof(credentials.proofs, now=work.now, access_token=credentials.token)
    if proof.thumbprint != key:
        raise InvalidProofError("The DPoP proof is signed with another key than the token is bound to.")
    await proof.use_up(work)
