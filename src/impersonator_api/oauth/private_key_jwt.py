"""A client that proves who it is by a signature (`private_key_jwt`, RFC 7523 §2.2)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from impersonator_api import tokens
from impersonator_api.callers import IssuerKeys, registered_keys
from impersonator_api.oauth.endpoints import token_endpoint
from impersonator_api.oauth.errors import InvalidClientError, InvalidOAuthRequestError
from impersonator_api.tokens import InvalidTokenError, UnverifiedToken, VerifyingKey
from impersonator_api.work import Work

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

NOT_PROVEN = "The client is unknown, or did not prove who it is."
"""Said of every failure alike: which part of it was wrong is nobody's business."""


def find_assertion(parameters: Mapping[str, str]) -> UnverifiedToken | None:
    """The assertion of a form, believed in nothing yet; raises `InvalidClientError` for one of another kind."""
    kind, assertion = parameters.get("client_assertion_type"), parameters.get("client_assertion")
    if kind is None and assertion is None:
        return None
    if kind is None or assertion is None:
        raise InvalidOAuthRequestError("Send client_assertion and client_assertion_type together.")
    try:
        token = tokens.read_unverified(assertion)
    except InvalidTokenError as error:
        raise InvalidClientError(NOT_PROVEN) from error
    # RFC 7521 §4.2.1: what cannot be understood proves nothing.
    if kind != TYPE:
        raise InvalidClientError(NOT_PROVEN)
    return token


async def prove_by_key(
    work: Work, assertion: UnverifiedToken, *, client_id: str, jwks: Mapping[str, Any] | None, jwks_uri: str | None
) -> None:
    """Hold an assertion to the client's registered keys, and use it up; raises `InvalidClientError`.

    It stays used though the request it came with be refused: whoever saw it on the way has nothing.
    """
    issuer = work.settings.issuer
    try:
        key = await _key(work, assertion, jwks, jwks_uri)
        use = tokens.verify_assertion(
            work, assertion, key=key, client_id=client_id, audiences=frozenset({issuer, token_endpoint(issuer)})
        )
        await tokens.use_once(work, use)
    except InvalidTokenError as error:
        raise InvalidClientError(NOT_PROVEN) from error


async def _key(
    work: Work, assertion: UnverifiedToken, jwks: Mapping[str, Any] | None, jwks_uri: str | None
) -> VerifyingKey:
    kid, alg = assertion.find_header("kid"), assertion.find_header("alg") or ""
    if jwks is not None:
        key = _registered(jwks, kid, alg)
    elif jwks_uri is not None and kid is not None and alg in tokens.VERIFIABLE:
        key = await work.get(IssuerKeys).find_key(jwks_uri, kid=kid, alg=alg, now=work.now, apart=work.apart)
    else:
        key = None
    if key is None:
        raise InvalidTokenError("The assertion is signed with no key of the client's.")
    return key


def _registered(jwks: Mapping[str, Any], kid: str | None, alg: str) -> VerifyingKey | None:
    keys = registered_keys(jwks)
    if kid is not None:
        return keys.get((kid, alg))
    # RFC 7515 §4.1.4: a kid is a hint. Where only one key is possible, none is needed.
    possible = [key for key in keys.values() if key.alg == alg]
    return replace(possible[0], is_named=False) if len(possible) == 1 else None
