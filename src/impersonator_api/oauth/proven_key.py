"""The key that the tokens of an answer are to be bound to (RFC 9449 §5)."""

from impersonator_api.directory import Client
from impersonator_api.oauth.endpoints import token_endpoint
from impersonator_api.oauth.errors import InvalidDpopProofError, InvalidGrantError
from impersonator_api.oauth.grants.request import TokenRequest
from impersonator_api.tokens import InvalidProofError, SentProofs, verify_proof
from impersonator_api.work import Work


async def find_proven_key(
    work: Work, request: TokenRequest, client: Client, *, bound_to: str | None = None
) -> str | None:
    """The thumbprint of the key that a request proves; `None` where its tokens may be anybody's to bear.

    `bound_to` is the key of a refresh token. Raises `InvalidDpopProofError`, also where the token or the client
    demands a proof and none was sent, and `InvalidGrantError` for another key. The proof is used up.
    """
    if not request.proofs:
        if bound_to is not None or client.dpop_bound:
            raise InvalidDpopProofError("Send a DPoP proof: these tokens are bound to a key.")
        return None
    sent = SentProofs(request.proofs, "POST", token_endpoint(work.settings.issuer))
    try:
        proof = verify_proof(sent, now=work.now)
        await proof.use_up(work)
    except InvalidProofError as error:
        raise InvalidDpopProofError(error.detail) from error
    if bound_to not in {None, proof.thumbprint}:
        raise InvalidGrantError("The refresh token is bound to another key.")
    return proof.thumbprint
