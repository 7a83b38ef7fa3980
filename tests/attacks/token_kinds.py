"""One token of each kind that somebody may come by, or make up."""

import hmac
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

from attacks.crime import Crime
from attacks.doors import claims_of
from builders import SECRET, ordinary_token
from forgery import Pair, compact, pair, part
from impersonator_api.tokens import read_unverified
from impersonator_api.tokens.compact import encode_base64url

Kind = Callable[[Crime], Awaitable[str]]

KINDS: dict[str, Kind] = {}
"""By their functions' names."""


def kind(make: Kind) -> Kind:
    """Put a kind into the table."""
    KINDS[make.__name__] = make
    return make


# Of the session itself.


@kind
async def impersonation(crime: Crime) -> str:
    """Ana as Bob."""
    return str(crime.started["access_token"])


@kind
async def handed_on(crime: Crime) -> str:
    """The same in the hands of a service, which got it by exchange."""
    answer = await crime.doors.exchange(crime.agent, crime.started["access_token"])
    token: str = answer.raise_for_status().json()["access_token"]
    return token


@kind
async def bound(crime: Crime) -> str:
    """Ana as Bob in the browser that holds a key."""
    return str(crime.bound["access_token"])


@kind
async def refresh(crime: Crime) -> str:
    """The session's refresh token."""
    return str(crime.started["refresh_token"])


@kind
async def bound_refresh(crime: Crime) -> str:
    """The refresh token of the browser that holds a key."""
    return str(crime.bound["refresh_token"])


@kind
async def handover_code(crime: Crime) -> str:
    """The code of the session's first link."""
    return crime.code


# Of people and services as themselves.


@kind
async def ordinary(crime: Crime) -> str:
    """Ana as herself."""
    return crime.scene.ana_token


@kind
async def targets_own(crime: Crime) -> str:
    """Bob as himself."""
    return await ordinary_token(crime.desk, crime.scene.bob, scope="profile")


@kind
async def service(crime: Crime) -> str:
    """The back office as itself."""
    return crime.service_token


@kind
async def client_assertion(crime: Crime) -> str:
    """What a service signs to prove who it is (RFC 7523 §2.2)."""
    return crime.keyed.assertion()


@kind
async def dpop_proof(crime: Crime) -> str:
    """What the browser's key signs for one request for tokens (RFC 9449 §4.2)."""
    return crime.holder.proof()


@kind
async def of_another_tenant(crime: Crime) -> str:
    """Another organisation's Ana."""
    return (await crime.another_scene()).ana_token


# Of an identity provider that the organisation trusts, for Ana.


@kind
async def foreign(crime: Crime) -> str:
    """An access token."""
    return (await _trusted(crime)).token(_of_ana(crime))


@kind
async def foreign_id_token(crime: Crime) -> str:
    """What it tells a client of a login."""
    return (await _trusted(crime)).token(
        _of_ana(crime) | {"nonce": "n-0S6_WzA2Mj", "at_hash": "77QmUPtjPfzWtF2AnpK9RQ"}, typ="JWT"
    )


@kind
async def foreign_id_token_called_access_token(crime: Crime) -> str:
    """The same under the type of an access token."""
    return (await _trusted(crime)).token(_of_ana(crime) | {"nonce": "n-0S6_WzA2Mj"})


@kind
async def foreign_with_an_actor(crime: Crime) -> str:
    """Somebody acts as Ana under laws that are not ours."""
    return (await _trusted(crime)).token(_of_ana(crime) | {"act": {"sub": "mallory"}})


# As clients of other servers prove who they are.


@kind
async def assertion_signed_with_a_secret(crime: Crime) -> str:
    """An assertion under HS256 with the back office's secret (OpenID Connect Core §9); of that we keep a digest."""
    claims = dict(claims_of(crime.keyed.assertion())) | dict.fromkeys(("iss", "sub"), crime.scene.backoffice)
    return _under_hs256({"alg": "HS256", "typ": "JWT"}, claims, SECRET.encode())


# Made up under our own key, as nobody but a bug of ours could.


@kind
async def id_token(crime: Crime) -> str:
    """What an OpenID provider would sign: everything is right but the kind."""
    return crime.signed_by_us(dict(claims_of(crime.scene.ana_token)) | {"nonce": "n-0S6_WzA2Mj"}, "JWT")


@kind
async def assertion_of_ours(crime: Crime) -> str:
    """An assertion in a client's name."""
    return crime.signed_by_us(claims_of(crime.keyed.assertion()), "JWT")


@kind
async def anything_of_ours(crime: Crime) -> str:
    """Some claims, and no type at all to go by."""
    return crime.signed_by_us({"iss": crime.desk.settings.issuer, "hello": "world" * 60}, "")


@kind
async def refresh_that_nobody_stored(crime: Crime) -> str:
    """The session's refresh token under another name."""
    return crime.signed_by_us(dict(claims_of(crime.started["refresh_token"])) | {"jti": str(uuid4())}, "rt+jwt")


@kind
async def refresh_signed_like_an_access_token(crime: Crime) -> str:
    """The session's refresh token with a signature that anybody could verify."""
    return crime.signed_publicly(claims_of(crime.started["refresh_token"]), "rt+jwt")


@kind
async def access_with_the_mac_of_a_refresh_token(crime: Crime) -> str:
    """The session's access token under the key that nobody but us verifies with."""
    return crime.signed_privately(claims_of(crime.started["access_token"]), "at+jwt")


@kind
async def of_a_session_that_never_was(crime: Crime) -> str:
    """Ana as Bob, in no session that anybody began."""
    return crime.signed_by_us(dict(claims_of(crime.started["access_token"])) | {"sid": str(uuid4())}, "at+jwt")


@kind
async def impersonation_that_lost_its_actor(crime: Crime) -> str:
    """Ana as Bob, and nothing says that it is Ana; even our own signature does not make that a token."""
    claims = dict(claims_of(crime.started["access_token"]))
    return crime.signed_by_us({name: value for name, value in claims.items() if name != "act"}, "at+jwt")


@kind
async def of_another_issuer(crime: Crime) -> str:
    """Signed by our very key, in the name of somebody we do not trust."""
    return crime.signed_by_us(dict(claims_of(crime.scene.ana_token)) | {"iss": "https://evil.test"}, "at+jwt")


# Ana's own token, tampered with.


@kind
async def expired(crime: Crime) -> str:
    """Of yesterday."""
    yesterday = replace(crime.desk, clock=lambda: crime.desk.clock() - timedelta(days=1))
    return await ordinary_token(yesterday, crime.scene.ana)


@kind
async def not_yet_valid(crime: Crime) -> str:
    """Of tomorrow."""
    tomorrow = replace(crime.desk, clock=lambda: crime.desk.clock() + timedelta(days=1))
    return await ordinary_token(tomorrow, crime.scene.ana)


@kind
async def signed_by_a_stranger(crime: Crime) -> str:
    """Word for word; the signature is somebody else's, who names our key."""
    token = read_unverified(crime.scene.ana_token)
    return pair().token(token.claims, kid=token.header["kid"])


@kind
async def with_a_key_of_its_own(crime: Crime) -> str:
    """It brings the key that it is to be verified with (RFC 8725 §3.10)."""
    stranger = pair()
    token = read_unverified(crime.scene.ana_token)
    return stranger.token(token.claims, kid=token.header["kid"], jwk=stranger.jwk, jku="https://evil.test/jwks")


@kind
async def alg_none(crime: Crime) -> str:
    """With no signature to speak of."""
    token = read_unverified(crime.scene.ana_token)
    return compact(dict(token.header) | {"alg": "none"}, dict(token.claims))


@kind
async def without_signature(crime: Crime) -> str:
    """Cut off behind the last dot."""
    return crime.scene.ana_token.rpartition(".")[0] + "."


@kind
async def signed_with_the_public_key(crime: Crime) -> str:
    """Under HS256, the public key for a secret (RFC 8725 §2.1)."""
    (jwk, *_) = (await crime.doors.http.get("/.well-known/jwks.json")).json()["keys"]
    header = {"alg": "HS256", "kid": jwk["kid"], "typ": "at+jwt"}
    return _under_hs256(header, dict(claims_of(crime.scene.ana_token)), json.dumps(jwk).encode())


@kind
async def with_changed_claims(crime: Crime) -> str:
    """Bob's token, changed to be Ana's after it was signed."""
    token = read_unverified(crime.scene.bob_token)
    return compact(dict(token.header), dict(token.claims) | {"sub": str(crime.scene.ana.id)}, token.signature)


@kind
async def garbage(_: Crime) -> str:
    """Looks like one."""
    return f"eyJhbGciOiJFUzI1NiJ9.{part({'hello': 'world' * 60})}.AAAA"


def _under_hs256(header: dict[str, Any], claims: dict[str, Any], secret: bytes) -> str:
    signed = f"{part(header)}.{part(claims)}"
    return f"{signed}.{encode_base64url(hmac.digest(secret, signed.encode(), 'sha256'))}"


async def _trusted(crime: Crime) -> Pair:
    await crime.scene.acme.issuer(crime.idp.issuer, jwks_uri=crime.idp.jwks_uri, typ=["at+jwt", "JWT"])
    return crime.idp.key


def _of_ana(crime: Crime) -> dict[str, Any]:
    now = int(crime.clock().timestamp())
    said = {
        "iss": crime.idp.issuer,
        "sub": crime.scene.ana.external_id,
        "aud": "impersonator",
        "scope": "openid profile",
    }
    return said | {"iat": now, "exp": now + 300, "jti": uuid4().hex}
