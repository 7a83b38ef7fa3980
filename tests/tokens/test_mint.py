"""Tokens that are minted are tokens that verify, and only as what they are."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from conftest import Clock
from forgery import pair
from impersonator_api import tokens
from impersonator_api.settings import Settings
from impersonator_api.tokens import (
    Actor,
    Identity,
    ImpersonationGrant,
    InvalidTokenError,
    KeyRing,
    Minted,
    MintedRefresh,
    OrdinaryGrant,
    ServiceGrant,
    VerifiedClaims,
    read_unverified,
)
from impersonator_api.tokens.errors import SigningKeyMissingError, TokenExpiredError
from impersonator_api.tokens.jws import sign
from impersonator_api.work import Desk, Work

ANA, BOB = Actor(identity=Identity("ana-who-acts")), Identity("b0b")
TENANT, FAMILY = uuid4(), uuid4()

Mint = Callable[[Work], Minted]


def impersonation(work: Work) -> ImpersonationGrant:
    return ImpersonationGrant(
        session_id=uuid4(),
        session_ends_at=work.now + timedelta(minutes=30),
        tenant="acme",
        client_id="spa",
        audience="https://api.test",
        subject=BOB,
        actor=ANA,
        scope=frozenset({"profile"}),
        roles=(),
        mode="full",
    )


def access(work: Work, alg: str = "ES256") -> Minted:
    return tokens.mint_access(work, impersonation(work), alg=alg)


def refresh(work: Work) -> MintedRefresh:
    return tokens.mint_refresh(work, impersonation(work), tenant_id=TENANT, family_id=FAMILY)


def service(work: Work) -> Minted:
    grant = ServiceGrant(tenant="acme", client_id="backoffice", audience="x", scope=frozenset({"root"}))
    return tokens.mint_service(work, grant, alg="ES256")


def ordinary(work: Work) -> Minted:
    grant = OrdinaryGrant(tenant="acme", client_id="cli", audience="x", user=ANA, scope=frozenset({"profile"}))
    return tokens.mint_ordinary(work, grant)


async def minted(desk: Desk, mint: Callable[..., Minted], **options: Any) -> Minted:
    async def story(work: Work) -> Minted:
        return mint(work, **options)

    return await desk.run(story)


async def verified_access(work: Work, token: str) -> VerifiedClaims:
    return await tokens.verify_access_token(work, read_unverified(token))


@pytest.mark.parametrize("mint", [access, service, ordinary])
async def test_an_access_token_verifies(signing_desk: Desk, mint: Mint) -> None:
    made = await minted(signing_desk, mint)

    assert (await signing_desk.run(verified_access, made.token)).claims == made.claims


async def test_a_token_is_signed_with_its_clients_algorithm(signing_desk: Desk) -> None:
    made = await minted(signing_desk, access, alg="RS256")

    assert read_unverified(made.token).header["alg"] == "RS256"
    assert (await signing_desk.run(verified_access, made.token)).claims


async def test_a_refresh_token_verifies_and_comes_with_its_row(signing_desk: Desk, clock: Clock) -> None:
    made = await minted(signing_desk, refresh)

    assert isinstance(made, MintedRefresh)
    assert (await signing_desk.run(tokens.verify_refresh_token, made.token)).claims == made.row.claims == made.claims
    assert (str(made.row.id), made.row.tenant_id, made.row.family_id) == (made.claims["jti"], TENANT, FAMILY)
    assert made.row.expires_at == made.expires_at == clock.moment + timedelta(minutes=30)


async def test_a_lost_refresh_token_is_signed_again_with_the_same_claims(signing_desk: Desk) -> None:
    made = await minted(signing_desk, refresh)

    again = await minted(signing_desk, tokens.sign_refresh_again, claims=made.claims)

    assert (again.claims, again.expires_at) == (made.claims, made.expires_at)
    assert (await signing_desk.run(tokens.verify_refresh_token, again.token)).claims == made.claims


async def test_how_long_a_token_lives_is_told_in_whole_seconds(signing_desk: Desk) -> None:
    lives = [(await minted(signing_desk, mint)).expires_in for mint in (access, refresh, service, ordinary)]

    assert lives == [300, 1800, 3600, 3600]


async def test_tokens_use_the_alphabet_that_survives_a_url(signing_desk: Desk) -> None:
    made = await minted(signing_desk, refresh)

    assert set(made.token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


async def test_a_minted_token_does_not_show_in_logs(signing_desk: Desk) -> None:
    made = await minted(signing_desk, refresh)

    assert made.token not in repr(made)
    assert "ana-who-acts" not in repr(made)


async def test_a_refresh_token_is_no_access_token(signing_desk: Desk) -> None:
    made = await minted(signing_desk, refresh)

    with pytest.raises(InvalidTokenError, match="another kind"):
        await signing_desk.run(verified_access, made.token)


@pytest.mark.parametrize("mint", [access, service, ordinary])
async def test_an_access_token_is_no_refresh_token(signing_desk: Desk, mint: Mint) -> None:
    made = await minted(signing_desk, mint)

    with pytest.raises(InvalidTokenError, match="another kind"):
        await signing_desk.run(tokens.verify_refresh_token, made.token)


@pytest.mark.parametrize("name", ["sid", "family", "act", "impersonated_by", "jti", "tenant", "client_id"])
async def test_a_refresh_token_without_one_of_its_claims_is_refused(signing_desk: Desk, name: str) -> None:
    made = await minted(signing_desk, refresh)
    lacking = {claim: value for claim, value in made.claims.items() if claim != name} | {"jti": str(uuid4())}
    lacking = {claim: value for claim, value in lacking.items() if claim != name}

    key = signing_desk.services.get(KeyRing).own_signing_key()
    token = sign(lacking, key=key, typ="rt+jwt")

    with pytest.raises(InvalidTokenError, match=name):
        await signing_desk.run(tokens.verify_refresh_token, token)


async def test_a_token_of_a_stranger_in_our_name_is_refused(signing_desk: Desk) -> None:
    made = await minted(signing_desk, access)
    stranger = pair()
    ours = read_unverified(made.token).find_header("kid")

    for header in ({"kid": stranger.signing.kid}, {"kid": ours}, {"kid": None}, {"kid": 1}):
        with pytest.raises(InvalidTokenError):
            await signing_desk.run(verified_access, stranger.token(made.claims, **header))


async def test_our_own_tokens_end_when_they_say(signing_desk: Desk, clock: Clock) -> None:
    made = await minted(signing_desk, access)

    clock.forward(seconds=299)
    assert (await signing_desk.run(verified_access, made.token)).claims
    clock.forward(seconds=1)
    with pytest.raises(TokenExpiredError):
        await signing_desk.run(verified_access, made.token)


async def test_a_replica_that_is_behind_takes_a_new_token(signing_desk: Desk, clock: Clock) -> None:
    made = await minted(signing_desk, access)

    clock.forward(seconds=-10)
    assert (await signing_desk.run(verified_access, made.token)).claims
    clock.forward(seconds=-1)
    with pytest.raises(InvalidTokenError, match="not valid yet"):
        await signing_desk.run(verified_access, made.token)


async def test_another_installations_tokens_are_not_ours(signing_desk: Desk) -> None:
    made = await minted(signing_desk, access)
    elsewhere = Desk(
        signing_desk.engine,
        Settings(issuer="http://localhost:9000"),
        signing_desk.services,
        signing_desk.clock,
        signing_desk.origin,
    )

    with pytest.raises(InvalidTokenError, match="another issuer"):
        await elsewhere.run(verified_access, made.token)


async def test_nothing_is_minted_with_an_algorithm_that_has_no_key(signing_desk: Desk) -> None:
    with pytest.raises(SigningKeyMissingError):
        await minted(signing_desk, access, alg="HS256")
