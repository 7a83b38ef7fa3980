"""Nobody rises by impersonation: each rank against each, over HTTP."""

from uuid import UUID

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from attacks.conftest import TokenOf
from attacks.doors import Scene
from builders import Someone, active_sessions, audit_of
from impersonator_api.directory.tables import user_roles

RANKS = {"chief": 100, "lead": 70, "support": 50, "trainee": 0}
EVERYBODY = {
    "name": "everybody-acts",
    "impersonators": {"roles": list(RANKS)},
    "privileged_targets": True,
    "modes": ["full"],
}


async def assign(scene: Scene, someone: Someone, workspace: UUID) -> None:
    """Make somebody an admin of one workspace."""
    row = {"user_id": someone.id, "role_id": await scene.acme.role("super_admin"), "workspace_id": workspace}
    async with scene.acme.engine.begin() as db:
        await db.execute(insert(user_roles).values(row))


@pytest.mark.parametrize("target", RANKS)
@pytest.mark.parametrize("impersonator", RANKS)
async def test_only_who_ranks_lower_can_be_acted_as(
    engine: AsyncEngine, scene: Scene, token_of: TokenOf, impersonator: str, target: str
) -> None:
    await scene.acme.policy({"version": 1, "rules": [EVERYBODY]})
    for name, rank in RANKS.items():
        await scene.acme.role(name, rank=rank, permissions=["impersonation.start"])
    actor, subject = await scene.acme.person("actor", impersonator), await scene.acme.person("subject", target)

    answer = await scene.doors.start(await token_of(actor), subject)

    is_lower = RANKS[target] < RANKS[impersonator]
    assert answer.status_code == (200 if is_lower else 403)
    assert len(await active_sessions(engine, actor)) == is_lower
    if not is_lower:
        assert [entry.code for entry in await audit_of(engine, scene.acme)] == ["only-downwards"]


async def test_a_rank_in_one_workspace_commands_nobody_outside_of_it(
    engine: AsyncEngine, scene: Scene, token_of: TokenOf
) -> None:
    workspace = await scene.acme.workspace("north")
    mallory = await scene.acme.person("mallory")
    await assign(scene, mallory, workspace)

    answer = await scene.doors.start(await token_of(mallory), scene.bob)

    assert (answer.status_code, await active_sessions(engine, mallory)) == (403, [])


async def test_a_rank_in_any_workspace_protects_everywhere(scene: Scene) -> None:
    workspace = await scene.acme.workspace("north")
    await assign(scene, scene.bob, workspace)

    answer = await scene.doors.start(scene.ana_token, scene.bob)

    assert (answer.status_code, answer.json()["code"]) == (403, "impersonation-refused")


@pytest.mark.parametrize("door", ["admin", "service"])
async def test_a_target_that_may_impersonate_is_out_of_reach(scene: Scene, door: str) -> None:
    sam = await scene.acme.person("sam", "support")

    if door == "admin":
        answer = await scene.doors.start(scene.ana_token, sam)
    else:
        service = await scene.doors.service_token(scene.backoffice)
        answer = await scene.doors.on_behalf(service, scene.ana_token, sam, scene.spa)

    assert answer.status_code == 403


async def test_a_role_that_a_token_claims_is_worth_nothing(scene: Scene, token_of: TokenOf) -> None:
    # A caller's token says who he is; what he may do is for the directory to say.
    answer = await scene.doors.start(await token_of(scene.bob), await scene.acme.person("carol", "customer"))

    assert (answer.status_code, answer.json()["code"]) == (403, "impersonation-not-permitted")
