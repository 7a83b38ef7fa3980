"""A record prints nothing that lets somebody in or tells of him: it may land in a log or a traceback."""

from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from builders import make_tenant, start
from impersonator_api.oauth.clients import Presented
from impersonator_api.oauth.exchange.request import TokenType, read_exchange
from impersonator_api.oauth.grants.request import TokenRequest
from impersonator_api.sessions import Earlier, HandedOver, HandoverLink
from impersonator_api.tokens import HandoverState
from impersonator_api.work import Desk

SECRET = "what-lets-somebody-in"
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def test_a_link_prints_none_of_its_ways_in() -> None:
    uri = "https://app.acme.test"

    link = HandoverLink(redirect_uri=uri, url=f"{uri}#{SECRET}", expires_at=NOW, query_url=f"{uri}?{SECRET}")

    assert SECRET not in repr(link)


async def test_what_was_answered_before_prints_no_claims(engine: AsyncEngine, signing_desk: Desk) -> None:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    live = (await start(signing_desk, ana, bob)).live

    assert SECRET not in repr(Earlier(live=live, claims={"access": {"jti": SECRET}}))


def test_a_code_that_exists_prints_nothing_of_its_session() -> None:
    code = HandoverState(
        session_id=uuid4(),
        client_id=uuid4(),
        redirect_uri="https://app.acme.test",
        code_challenge=None,
        expires_at=NOW,
        used_at=None,
    )

    assert SECRET not in repr(HandedOver(code=code, document={"session": SECRET}))


def test_an_exchange_prints_none_of_its_tokens() -> None:
    token = {"subject_token": SECRET, "actor_token": SECRET}
    types = dict.fromkeys(("subject_token_type", "actor_token_type"), TokenType.JWT.value)

    asked = read_exchange(TokenRequest(presented=Presented("backoffice"), parameters=token | types))

    assert SECRET not in repr(asked)
