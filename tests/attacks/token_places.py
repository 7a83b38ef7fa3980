"""Every place where a token can be put, and what it is answered there if it is good for nothing."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import httpx

from attacks.crime import Crime
from attacks.doors import HANDOVER, REDIRECT_URI, TOKEN, USERINFO, bearer
from attacks.routes import ROUTES, Route
from builders import SECRET
from keyed import JWT_BEARER

Ask = Callable[[Crime, str], Awaitable[httpx.Response]]

TYPE = "urn:ietf:params:oauth:token-type:"
OURS = "urn:impersonator:params:oauth:token-type:"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"

NO_TOKEN = "401 invalid-token"
NO_GRANT = "400 invalid_grant"
NO_EXCHANGE = "400 invalid_request"
NO_CLIENT = "401 invalid_client"
NO_PROOF = "400 invalid_dpop_proof"


@dataclass(frozen=True)
class Place:
    """Where a token is put: `parameter` says the operation and the name, `refusal` how one is answered that is no good.

    `changes` where a good one may change something; `after_the_end` where an ended session is told in other words.
    """

    ask: Ask
    refusal: str
    parameter: str
    changes: bool = True
    after_the_end: str = ""

    async def outcome(self, crime: Crime, token: str) -> tuple[str, httpx.Response]:
        """Status and code of a token here, and the answer they come from."""
        answer = await self.ask(crime, token)
        return told(answer), answer


def told(answer: httpx.Response) -> str:
    """Status and code of an answer; introspection's no is worded as one."""
    body = answer.json() if answer.content else {}
    word = body.get("code") or body.get("error") or ("inactive" if body.get("active") is False else "")
    return f"{answer.status_code} {word}".strip()


PLACES: dict[str, Place] = {}
"""By a name of their own; those of the routes have the routes' names."""

READS = frozenset({"check"})
"""Routes that change nothing though they are asked by POST."""


def place(parameter: str, refusal: str, *, changes: bool = True, after_the_end: str = "") -> Callable[[Ask], Ask]:
    """Put the place that a function describes into the table, under the function's name."""

    def put(ask: Ask) -> Ask:
        PLACES[ask.__name__] = Place(ask, refusal, parameter, changes=changes, after_the_end=after_the_end)
        return ask

    return put


def _bearer_at(route: Route) -> Ask:
    async def ask(crime: Crime, token: str) -> httpx.Response:
        return await route.send(crime.doors.http, crime.names, bearer(token))

    return ask


for name, route in ROUTES.items():
    PLACES[name] = Place(
        _bearer_at(route), NO_TOKEN, f"{name}.Authorization", changes=route.method != "GET" and name not in READS
    )


async def post(crime: Crime, form: Mapping[str, str], client: str = "", **more: str) -> httpx.Response:
    """A form at the token endpoint; `client` is the service that proves itself, `more` are parameters too."""
    proven = {"client_id": client, "client_secret": SECRET} if client else {}
    return await crime.doors.http.post(TOKEN, data={**form, **proven, **more})


@place("userinfo.Cookie", NO_TOKEN, changes=False)
async def cookie(crime: Crime, token: str) -> httpx.Response:
    return await crime.doors.http.get(USERINFO, headers={"Cookie": f"auth_token={token}"})


@place("start.Cookie", NO_TOKEN)
async def cookie_that_changes_something(crime: Crime, token: str) -> httpx.Response:
    headers = {"Cookie": f"auth_token={token}", "Sec-Fetch-Site": "same-origin"}
    return await ROUTES["start"].send(crime.doors.http, crime.names, headers)


@place("userinfo.access_token", "400 token-in-query", changes=False)
async def query(crime: Crime, token: str) -> httpx.Response:
    return await crime.doors.http.get(USERINFO, params={"access_token": token})


@place("userinfo.Authorization", NO_TOKEN, changes=False)
async def bearer_with_proof(crime: Crime, token: str) -> httpx.Response:
    """With the scheme DPoP, and a proof for this very token by the key that Bob's second browser holds."""
    return await crime.holder.get(crime.doors.http, token, USERINFO)


@place("impersonate.impersonatorToken", NO_TOKEN)
async def impersonator_token(crime: Crime, token: str) -> httpx.Response:
    names = {**crime.names, "impersonator_token": token}
    return await ROUTES["impersonate"].send(crime.doors.http, names, bearer(crime.service_token))


@place("token.refresh_token", NO_GRANT)
async def refresh_token(crime: Crime, token: str) -> httpx.Response:
    return await crime.doors.refresh(token, crime.scene.spa)


@place("token.refresh_token", NO_GRANT)
async def refresh_token_with_proof(crime: Crime, token: str) -> httpx.Response:
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": crime.scene.spa}
    return await crime.holder.ask(crime.doors.http, form)


@place("token.code", NO_GRANT)
async def code(crime: Crime, token: str) -> httpx.Response:
    return await crime.doors.hand_over(code=token, client_id=crime.scene.spa)


@place("token.code_verifier", NO_GRANT)
async def code_verifier(crime: Crime, token: str) -> httpx.Response:
    form = {"grant_type": HANDOVER, "code": crime.code, "client_id": crime.scene.spa, "redirect_uri": REDIRECT_URI}
    return await post(crime, form, code_verifier=token)


def _assertion_at(path: str, **form: str) -> Ask:
    async def ask(crime: Crime, token: str) -> httpx.Response:
        proof = {"client_assertion_type": JWT_BEARER, "client_assertion": token}
        return await crime.doors.http.post(f"/oauth2/v1/{path}", data=form | proof)

    return ask


for path, form in (
    ("token", {"grant_type": "client_credentials"}),
    ("introspect", {"token": "x"}),
    ("revoke", {"token": "x"}),
):
    PLACES[f"client_assertion_at_{path}"] = Place(_assertion_at(path, **form), NO_CLIENT, f"{path}.client_assertion")


@place("token.client_secret", NO_CLIENT)
async def client_secret(crime: Crime, token: str) -> httpx.Response:
    form = {"grant_type": "client_credentials", "client_id": crime.scene.backoffice}
    return await post(crime, form, client_secret=token)


@place("token.Authorization", NO_CLIENT)
async def basic_password(crime: Crime, token: str) -> httpx.Response:
    auth = (crime.scene.backoffice, token)
    return await crime.doors.http.post(TOKEN, data={"grant_type": "client_credentials"}, auth=auth)


@place("token.DPoP", NO_PROOF)
async def proof(crime: Crime, token: str) -> httpx.Response:
    form = {"grant_type": "client_credentials"}
    return await crime.doors.http.post(TOKEN, data=form, auth=(crime.scene.backoffice, SECRET), headers={"DPoP": token})


@place("userinfo.DPoP", "401 invalid-dpop-proof", changes=False, after_the_end="401 invalid-dpop-proof")
async def proof_at_a_door(crime: Crime, token: str) -> httpx.Response:
    headers = {"Authorization": f"DPoP {crime.bound['access_token']}", "DPoP": token}
    return await crime.doors.http.get(USERINFO, headers=headers)


async def _subject(crime: Crime, token: str, kind: str) -> httpx.Response:
    form = {"grant_type": EXCHANGE, "subject_token": token, "subject_token_type": kind}
    return await post(crime, form, crime.agent)


@place("token.subject_token", NO_EXCHANGE)
async def subject_token(crime: Crime, token: str) -> httpx.Response:
    return await _subject(crime, token, f"{TYPE}access_token")


@place("token.subject_token", NO_EXCHANGE)
async def subject_token_called_jwt(crime: Crime, token: str) -> httpx.Response:
    return await _subject(crime, token, f"{TYPE}jwt")


@place("token.subject_token", NO_EXCHANGE)
async def subject_token_called_user_id(crime: Crime, token: str) -> httpx.Response:
    return await _subject(crime, token, f"{OURS}user-id")


@place("token.subject_token", NO_EXCHANGE)
async def subject_token_called_refresh_token(crime: Crime, token: str) -> httpx.Response:
    return await _subject(crime, token, f"{TYPE}refresh_token")


@place("token.subject_token", NO_EXCHANGE)
async def subject_token_called_id_token(crime: Crime, token: str) -> httpx.Response:
    return await _subject(crime, token, f"{TYPE}id_token")


async def _actor(crime: Crime, token: str, kind: str) -> httpx.Response:
    subject = {"subject_token": str(crime.scene.bob.id), "subject_token_type": f"{OURS}user-id"}
    form = {"grant_type": EXCHANGE, "actor_token_type": kind, **subject}
    return await post(crime, form, crime.agent, actor_token=token)


@place("token.actor_token", NO_EXCHANGE)
async def actor_token(crime: Crime, token: str) -> httpx.Response:
    return await _actor(crime, token, f"{TYPE}access_token")


@place("token.actor_token", NO_EXCHANGE)
async def actor_token_called_jwt(crime: Crime, token: str) -> httpx.Response:
    return await _actor(crime, token, f"{TYPE}jwt")


@place("introspect.token", "200 inactive", changes=False)
async def token_at_introspection(crime: Crime, token: str) -> httpx.Response:
    return await crime.doors.introspect(token, crime.scene.backoffice)


@place("revoke.token", "200")
async def token_at_revocation(crime: Crime, token: str) -> httpx.Response:
    """RFC 7009 §2.2: an unknown token is a success, and nothing happens."""
    return await crime.doors.revoke(token, crime.scene.spa)


@place("logout.refresh_token", "403 not-your-session", after_the_end=NO_TOKEN)
async def refresh_token_at_logout(crime: Crime, token: str) -> httpx.Response:
    logout = Route("POST", ROUTES["logout"].path, form={"refresh_token": token})
    return await logout.send(crime.doors.http, {}, bearer(crime.started["access_token"]))


NO_KEY = "400 idempotency-key-malformed"


def _key_at(name: str, token_of: Callable[[Crime], str]) -> Ask:
    async def ask(crime: Crime, token: str) -> httpx.Response:
        headers = bearer(token_of(crime)) | {"Idempotency-Key": token}
        return await ROUTES[name].send(crime.doors.http, crime.names, headers)

    return ask


for name, token_of in {
    "start": lambda crime: crime.scene.ana_token,
    "start_enveloped": lambda crime: crime.scene.ana_token,
    "impersonate": lambda crime: crime.service_token,
}.items():
    PLACES[f"idempotency_key_at_{name}"] = Place(_key_at(name, token_of), NO_KEY, f"{name}.Idempotency-Key")


@place("token.Idempotency-Key", "400 invalid_request")
async def idempotency_key_at_token(crime: Crime, token: str) -> httpx.Response:
    return await crime.doors.http.post(
        TOKEN,
        data={"grant_type": EXCHANGE, "subject_token": str(crime.scene.bob.id), "subject_token_type": f"{OURS}user-id"},
        auth=(crime.agent, SECRET),
        headers={"Idempotency-Key": token},
    )
