"""Foreign tokens that are bound to a key: proven as our own are, or refused (RFC 9449 §7)."""

from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from builders import Organisation, Someone, audit_of, make_tenant
from conftest import Clock
from impersonator_api.callers import Credentials, UserCaller, load_caller
from impersonator_api.callers.errors import TokenBoundError
from impersonator_api.errors import ServiceError
from impersonator_api.tokens import SentProofs
from impersonator_api.work import Desk
from proofs import Holder

from .conftest import Provider

DOOR = "https://us.test/door"


class Scene:
    """A user of a provider that binds its tokens."""

    def __init__(self, desk: Desk, idp: Provider, holder: Holder, acme: Organisation, ana: Someone) -> None:
        self.desk, self.idp, self.holder, self.acme, self.ana = desk, idp, holder, acme, ana

    def token(self, **changed: Any) -> str:
        """A token that is bound to the holder's key; a claim given as `None` is left out."""
        now = int(self.holder.clock().timestamp())
        claims = {"iss": self.idp.issuer, "aud": "impersonator", "sub": self.ana.external_id, "exp": now + 60}
        told = claims | {"cnf": {"jkt": self.holder.thumbprint}} | changed
        return self.idp.key.token({name: value for name, value in told.items() if value is not None})

    async def caller(self, token: str, *proofs: str) -> Any:
        sent = SentProofs(proofs, "GET", DOOR) if proofs else None
        return await self.desk.run(load_caller, Credentials(token, sent))

    def proof(self, token: str, **changed: Any) -> str:
        return self.holder.proof("GET", DOOR, token=token, **changed)


@pytest.fixture
async def scene(engine: AsyncEngine, calling_desk: Desk, idp: Provider, clock: Clock) -> Scene:
    acme = await make_tenant(engine)
    ana = await acme.person("ana", "support")
    await acme.issuer(idp.issuer, jwks_uri=idp.jwks_uri)
    return Scene(calling_desk, idp, Holder(clock), acme, ana)


async def test_a_bound_token_with_its_proof_is_recognised(scene: Scene) -> None:
    token = scene.token()

    caller = await scene.caller(token, scene.proof(token))

    assert isinstance(caller, UserCaller)
    assert caller.party.id == scene.ana.id


async def test_a_bound_token_without_a_proof_is_refused_before_anybody_is_named(
    engine: AsyncEngine, scene: Scene
) -> None:
    for token in (scene.token(), scene.token(sub="nobody-here")):
        with pytest.raises(TokenBoundError):
            await scene.caller(token)

    assert await audit_of(engine, scene.acme) == []


async def test_a_binding_of_another_kind_is_refused_with_and_without_a_proof(scene: Scene) -> None:
    token = scene.token(cnf={"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"})

    for proofs in ((), (scene.proof(token),)):
        with pytest.raises(ServiceError, match="not understood"):
            await scene.caller(token, *proofs)


async def test_a_token_that_is_not_bound_is_not_proven(scene: Scene) -> None:
    token = scene.token(cnf=None)

    with pytest.raises(ServiceError, match="bound to no key"):
        await scene.caller(token, scene.proof(token))


async def test_a_proof_is_taken_once(scene: Scene) -> None:
    token = scene.token()
    proof = scene.proof(token)
    await scene.caller(token, proof)

    with pytest.raises(ServiceError, match="used before"):
        await scene.caller(token, proof)
