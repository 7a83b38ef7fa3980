"""Whom an identity provider names in `may_act` may act as its user by that token, and nobody else (RFC 8693 §4.4)."""

from typing import Any

import pytest
from httpx import Response

from callers.conftest import Provider
from conftest import Clock
from oauth.exchanging import ACCESS_TOKEN, Trade


@pytest.fixture
def bobs_token(trade: Trade, idp: Provider, clock: Clock) -> Any:
    """Makes Bob's own token, which names its actor as the provider likes."""

    def made(may_act: object) -> str:
        now = int(clock().timestamp())
        claims = {"iss": idp.issuer, "aud": "impersonator", "sub": trade.bob.external_id, "iat": now, "exp": now + 60}
        return idp.key.token(claims | {"scope": "profile", "may_act": may_act})

    return made


async def ask(trade: Trade, idp: Provider, token: str, **form: str) -> Response:
    await trade.acme.issuer(idp.issuer, jwks_uri=idp.jwks_uri)
    return await trade.ask(trade.agent, subject_token=token, **form)


def spelled(may_act: object, trade: Trade, idp: Provider) -> object:
    """The same with the names that a test makes."""
    names = {"AGENT": trade.agent, "ANA": trade.ana.external_id, "ANA_ID": str(trade.ana.id)}
    names |= {"US": trade.desk.settings.issuer, "IDP": idp.issuer}
    if not isinstance(may_act, dict):
        return may_act
    return {name: names.get(value, value) if isinstance(value, str) else value for name, value in may_act.items()}


@pytest.mark.parametrize(
    "may_act",
    [{"sub": "AGENT"}, {"sub": "AGENT", "iss": "US"}, {"client_id": "AGENT"}, {"sub": "AGENT", "client_id": "AGENT"}],
)
async def test_the_service_that_is_named_acts(trade: Trade, idp: Provider, bobs_token: Any, may_act: object) -> None:
    answer = await ask(trade, idp, bobs_token(spelled(may_act, trade, idp)))

    assert answer.status_code == 200, answer.json()


@pytest.mark.parametrize(
    "may_act",
    [
        {"sub": "AGENT", "iss": "IDP"},
        {"sub": "AGENT", "acr": "mfa"},
        {"sub": "ANA"},
        {"sub": ["AGENT"]},
        {"client_id": "AGENT", "sub": "ANA_ID"},
        {},
        [],
        "AGENT",
        False,
    ],
)
async def test_a_member_that_does_not_match_keeps_the_service_out(
    trade: Trade, idp: Provider, bobs_token: Any, may_act: object
) -> None:
    answer = await ask(trade, idp, bobs_token(spelled(may_act, trade, idp)))

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("may_act", "expected"),
    [
        ({"sub": "ANA_ID", "iss": "US"}, 200),
        ({"sub": "ANA", "iss": "US"}, 200),
        ({"sub": "ANA", "iss": "IDP"}, 400),
        ({"sub": "AGENT"}, 400),
    ],
)
async def test_a_person_is_named_by_the_issuer_that_names_him_so(
    trade: Trade, idp: Provider, bobs_token: Any, may_act: object, expected: int
) -> None:
    token, anas = bobs_token(spelled(may_act, trade, idp)), await trade.token_of(trade.ana)

    answer = await ask(trade, idp, token, actor_token=anas, actor_token_type=ACCESS_TOKEN)

    assert answer.status_code == expected, answer.json()
