"""Whoever is known proves himself each time all the same: what refuses a stranger refuses him."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from builders import audit_of, ordinary_token
from conftest import Clock
from impersonator_api import tokens
from impersonator_api.callers import Credentials, UserCaller, load_caller
from impersonator_api.callers.errors import CallerSuspendedError, TokenBoundError
from impersonator_api.directory.tables import tenants, users
from impersonator_api.tokens import InvalidTokenError, SentProofs
from impersonator_api.tokens.errors import InvalidProofError
from proofs import Holder

from .conftest import Scene

DOOR = "https://us.test/door"


class Bound:
    """A token that is bound to a key, and was here before with a proof."""

    def __init__(self, scene: Scene, clock: Clock) -> None:
        self.scene, self.holder = scene, Holder(clock)
        self.token = scene.idp.key.token(scene.claims(cnf={"jkt": self.holder.thumbprint}))

    def proof(self) -> str:
        return self.holder.proof("GET", DOOR, token=self.token)

    async def comes(self, *proofs: str) -> UserCaller:
        sent = SentProofs(proofs, "GET", DOOR) if proofs else None
        caller = await self.scene.desk.run(load_caller, Credentials(self.token, sent))
        assert isinstance(caller, UserCaller)
        return caller


@pytest.fixture
async def bound(scene: Scene, clock: Clock) -> Bound:
    bound = Bound(scene, clock)
    await bound.comes(bound.proof())
    return bound


async def test_a_foreign_token_expires(scene: Scene, clock: Clock) -> None:
    token = scene.idp.key.token(scene.claims(exp=int(clock().timestamp()) - 30))
    await scene.load(token)
    clock.forward(seconds=30)

    with pytest.raises(InvalidTokenError, match="expired"):
        await scene.load(token)


async def test_a_token_of_ours_expires(scene: Scene, clock: Clock) -> None:
    token = await ordinary_token(scene.desk, scene.ana)
    clock.forward(seconds=float(str(tokens.read_unverified(token).claims["exp"])) - clock().timestamp() - 30)
    await scene.load(token)
    clock.forward(seconds=30)

    with pytest.raises(InvalidTokenError, match="expired"):
        await scene.load(token)


async def test_a_suspended_organisation_keeps_everybody_out(engine: AsyncEngine, scene: Scene) -> None:
    known = [scene.idp.key.token(scene.claims()), await ordinary_token(scene.desk, scene.ana)]
    for token in known:
        await scene.load(token)
    await scene.acme.change(tenants, tenants.c.id == scene.acme.id, status="suspended")

    # The second time they are known as members of a suspended one.
    for token in known * 2:
        with pytest.raises(CallerSuspendedError):
            await scene.load(token)

    assert len(await audit_of(engine, scene.acme)) == 4


async def test_a_bound_token_needs_a_proof_each_time(bound: Bound) -> None:
    with pytest.raises(TokenBoundError):
        await bound.comes()


async def test_a_proof_counts_once_though_the_story_runs_again(bound: Bound) -> None:
    await bound.scene.acme.change(users, users.c.id == bound.scene.ana.id, display_name="Anna")
    proof = bound.proof()

    caller = await bound.comes(proof)

    assert caller.party.display_name == "Anna"
    with pytest.raises(InvalidProofError, match="used before"):
        await bound.comes(proof)
