"""One token of each kind that somebody may try, and every place where a token can be put."""

import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx

from attacks.doors import START, USERINFO, Scene, bearer, claims_of, code_of
from builders import ordinary_token
from forgery import compact, pair, part
from impersonator_api.tokens import KeyRing, read_unverified
from impersonator_api.tokens.compact import encode_base64url
from impersonator_api.tokens.jws import sign
from impersonator_api.work import Desk


@dataclass(frozen=True)
class Crime:
    """What an attacker has at hand: a running session, and another organisation."""

    scene: Scene
    elsewhere: Scene
    desk: Desk
    started: Mapping[str, Any]

    def signed_by_us(self, claims: Mapping[str, Any], typ: str) -> str:
        """A token under our very key, so that nothing but what it says can give it away."""
        return sign(claims, key=self.desk.services.get(KeyRing).signing_key("ES256"), typ=typ)


Kind = Callable[[Crime], Awaitable[str]]
Place = Callable[[Crime, str], Awaitable[httpx.Response]]


async def impersonation(crime: Crime) -> str:
    """Ana as Bob."""
    return str(crime.started["access_token"])


async def refresh(crime: Crime) -> str:
    """The session's refresh token."""
    return str(crime.started["refresh_token"])


async def handover_code(crime: Crime) -> str:
    """The code of the session's link."""
    return code_of(crime.started)


async def ordinary(crime: Crime) -> str:
    """Ana as herself."""
    return crime.scene.ana_token


async def service(crime: Crime) -> str:
    """The back office as itself."""
    return await crime.scene.doors.service_token(crime.scene.backoffice)


async def of_another_tenant(crime: Crime) -> str:
    """Another organisation's Ana."""
    return crime.elsewhere.ana_token


async def expired(crime: Crime) -> str:
    """Ana as herself, yesterday."""
    yesterday = replace(crime.desk, clock=lambda: crime.desk.clock() - timedelta(days=1))
    return await ordinary_token(yesterday, crime.scene.ana)


async def not_yet_valid(crime: Crime) -> str:
    """Ana as herself, tomorrow."""
    tomorrow = replace(crime.desk, clock=lambda: crime.desk.clock() + timedelta(days=1))
    return await ordinary_token(tomorrow, crime.scene.ana)


async def signed_by_a_stranger(crime: Crime) -> str:
    """Ana's token word for word; the signature is somebody else's, who names our key."""
    token = read_unverified(crime.scene.ana_token)
    return pair().token(token.claims, kid=token.header["kid"])


async def with_a_key_of_its_own(crime: Crime) -> str:
    """Ana's token, which brings the key that it is to be verified with (RFC 8725 §3.10)."""
    stranger = pair()
    token = read_unverified(crime.scene.ana_token)
    return stranger.token(token.claims, kid=token.header["kid"], jwk=stranger.jwk, jku="https://evil.test/jwks")


async def alg_none(crime: Crime) -> str:
    """Ana's token with no signature to speak of."""
    token = read_unverified(crime.scene.ana_token)
    return compact(dict(token.header) | {"alg": "none"}, dict(token.claims))


async def without_signature(crime: Crime) -> str:
    """Ana's token, cut off behind the last dot."""
    return crime.scene.ana_token.rpartition(".")[0] + "."


async def signed_with_the_public_key(crime: Crime) -> str:
    """Ana's token under HS256, the public key for a secret (RFC 8725 §2.1)."""
    (jwk, *_) = (await crime.scene.doors.http.get("/.well-known/jwks.json")).json()["keys"]
    header = {"alg": "HS256", "kid": jwk["kid"], "typ": "at+jwt"}
    signed = f"{part(header)}.{part(dict(claims_of(crime.scene.ana_token)))}"
    return f"{signed}.{encode_base64url(hmac.digest(json.dumps(jwk).encode(), signed.encode(), 'sha256'))}"


async def id_token(crime: Crime) -> str:
    """What an OpenID provider would sign: everything is right but the kind."""
    return crime.signed_by_us(dict(claims_of(crime.scene.ana_token)) | {"nonce": "n-0S6_WzA2Mj"}, "JWT")


async def of_another_issuer(crime: Crime) -> str:
    """Signed by our very key, in the name of somebody we do not trust."""
    return crime.signed_by_us(dict(claims_of(crime.scene.ana_token)) | {"iss": "https://evil.test"}, "at+jwt")


async def impersonation_that_lost_its_actor(crime: Crime) -> str:
    """Ana as Bob, and nothing says that it is Ana; even our own signature does not make that a token."""
    claims = dict(claims_of(crime.started["access_token"]))
    return crime.signed_by_us({name: value for name, value in claims.items() if name != "act"}, "at+jwt")


async def with_changed_claims(crime: Crime) -> str:
    """Bob's token, changed to be Ana's after it was signed."""
    token = read_unverified(crime.scene.bob_token)
    return compact(dict(token.header), dict(token.claims) | {"sub": str(crime.scene.ana.id)}, token.signature)


async def garbage(_: Crime) -> str:
    """Looks like one."""
    return "eyJhbGciOiJFUzI1NiJ9.e30.AAAA"


async def at_userinfo(crime: Crime, token: str) -> httpx.Response:
    return await crime.scene.doors.userinfo(token)


async def at_start(crime: Crime, token: str) -> httpx.Response:
    return await crime.scene.doors.start(token, crime.scene.bob)


async def at_list(crime: Crime, token: str) -> httpx.Response:
    return await crime.scene.doors.list(token)


async def at_show(crime: Crime, token: str) -> httpx.Response:
    return await crime.scene.doors.show(token, crime.started["session_id"])


async def as_service(crime: Crime, token: str) -> httpx.Response:
    return await crime.scene.doors.on_behalf(token, crime.scene.ana_token, crime.scene.bob, crime.scene.spa)


async def as_impersonator_token(crime: Crime, token: str) -> httpx.Response:
    service_token = await service(crime)
    return await crime.scene.doors.on_behalf(service_token, token, crime.scene.bob, crime.scene.spa)


async def as_refresh_token(crime: Crime, token: str) -> httpx.Response:
    return await crime.scene.doors.refresh(token, crime.scene.spa)


async def as_handover_code(crime: Crime, token: str) -> httpx.Response:
    return await crime.scene.doors.hand_over(code=token, client_id=crime.scene.spa)


async def in_a_cookie(crime: Crime, token: str) -> httpx.Response:
    return await crime.scene.doors.http.get(USERINFO, headers={"Cookie": f"auth_token={token}"})


async def in_a_cookie_at_start(crime: Crime, token: str) -> httpx.Response:
    headers = {"Cookie": f"auth_token={token}", "Sec-Fetch-Site": "same-origin"}
    return await crime.scene.doors.http.post(START, json={"target_user_id": str(crime.scene.bob.id)}, headers=headers)


async def at_enveloped_start(crime: Crime, token: str) -> httpx.Response:
    body = {"impersonatedUserId": str(crime.scene.bob.id)}
    return await crime.scene.doors.http.post("/impersonation/start", json=body, headers=bearer(token))


async def at_active(crime: Crime, token: str) -> httpx.Response:
    return await crime.scene.doors.http.get("/impersonation/active", headers=bearer(token))


async def at_context(crime: Crime, token: str) -> httpx.Response:
    return await crime.scene.doors.http.get("/impersonation/context", headers=bearer(token))


async def at_users(crime: Crime, token: str) -> httpx.Response:
    return await crime.scene.doors.http.get("/impersonation/users", headers=bearer(token))


async def at_history(crime: Crime, token: str) -> httpx.Response:
    return await crime.scene.doors.http.get("/impersonation/history", headers=bearer(token))


async def at_all_active(crime: Crime, token: str) -> httpx.Response:
    return await crime.scene.doors.http.get("/impersonation/admin/all-active", headers=bearer(token))


async def at_check(crime: Crime, token: str) -> httpx.Response:
    return await crime.scene.doors.http.post("/impersonation/check-permissions", headers=bearer(token))


async def at_stop(crime: Crime, token: str) -> httpx.Response:
    path = f"/impersonation/stop/{crime.started['session_id']}"
    return await crime.scene.doors.http.post(path, headers=bearer(token))


async def at_logout(crime: Crime, token: str) -> httpx.Response:
    return await crime.scene.doors.http.post("/identity/v1/logout", data={"a": "b"}, headers=bearer(token))


async def at_user(crime: Crime, token: str) -> httpx.Response:
    return await crime.scene.doors.user(token, crime.scene.bob)


async def at_active_sessions(crime: Crime, token: str) -> httpx.Response:
    return await crime.scene.doors.user(token, crime.scene.bob, "active-sessions")


async def at_consented_apps(crime: Crime, token: str) -> httpx.Response:
    return await crime.scene.doors.user(token, crime.scene.bob, "consented-apps")


async def at_withdrawal(crime: Crime, token: str) -> httpx.Response:
    return await crime.scene.doors.withdraw(token, crime.scene.bob, crime.scene.spa)


async def at_apps(crime: Crime, token: str) -> httpx.Response:
    return await crime.scene.doors.apps(token)


async def at_end_targeting(crime: Crime, token: str) -> httpx.Response:
    return await crime.scene.doors.end_targeting(token, crime.scene.bob, crime.started["session_id"])


async def at_end_by_id(crime: Crime, token: str) -> httpx.Response:
    return await crime.scene.doors.end(token, crime.started["session_id"])


async def at_end(crime: Crime, token: str) -> httpx.Response:
    return await crime.scene.doors.end(token)


PLACES: tuple[Place, ...] = (
    at_userinfo,
    at_start,
    at_list,
    at_show,
    as_service,
    as_impersonator_token,
    as_refresh_token,
    as_handover_code,
    in_a_cookie,
    in_a_cookie_at_start,
    at_enveloped_start,
    at_active,
    at_context,
    at_users,
    at_history,
    at_all_active,
    at_check,
    at_user,
    at_active_sessions,
    at_consented_apps,
    at_withdrawal,
    at_apps,
    at_end_targeting,
    at_end_by_id,
    at_end,
    at_stop,
    at_logout,
)
"""In this order: what ends the session comes last."""

NOWHERE = dict.fromkeys((place.__name__ for place in PLACES), "401 invalid-token") | {
    "as_refresh_token": "400 invalid_grant",
    "as_handover_code": "400 invalid_grant",
}
"""What a token is answered that is good for nothing."""


async def outcome(crime: Crime, place: Place, token: str) -> str:
    """Status and code of a token in a place."""
    answer = await place(crime, token)
    body = answer.json() if answer.content else {}
    return f"{answer.status_code} {body.get('code') or body.get('error') or ''}".strip()
