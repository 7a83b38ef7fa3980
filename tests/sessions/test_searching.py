"""A search finds the same, whether few sessions answer to it or too many to be counted."""

from uuid import UUID

import pytest
from sqlalchemy import literal, select
from sqlalchemy.ext.asyncio import AsyncEngine

from builders import make_tenant, start
from impersonator_api.sessions.store.searching import LAST_LETTER, newest_searched, searched
from impersonator_api.sessions.tables import impersonation_sessions
from impersonator_api.work import Desk, Work

FEW, TOO_MANY = 100, 2


@pytest.mark.parametrize("at_most", [FEW, TOO_MANY])
async def test_both_ways_find_the_newest_first(engine: AsyncEngine, signing_desk: Desk, at_most: int) -> None:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    begun = [(await start(signing_desk, ana, bob)).live.session.id for _ in range(3)]

    found = await signing_desk.run(newest, tenant_id=acme.id, text="bob@", at_most=at_most)

    assert found == sorted(begun, reverse=True)


@pytest.mark.parametrize("at_most", [FEW, TOO_MANY])
async def test_neither_way_takes_a_letter_for_any_other(engine: AsyncEngine, signing_desk: Desk, at_most: int) -> None:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    await start(signing_desk, ana, bob)

    found = [
        await signing_desk.run(newest, tenant_id=acme.id, text=text, at_most=at_most) for text in ("b_b", "%", "o")
    ]

    assert found == [[], [], []]


async def newest(work: Work, *, tenant_id: UUID, text: str, at_most: int) -> list[UUID]:
    sessions = impersonation_sessions.alias()
    of_tenant = sessions.c.tenant_id == tenant_id
    values = {"beginning": literal(text), "beyond": literal(text + LAST_LETTER), "q": literal(text)}
    ids = select(searched(sessions, of_tenant, values, at_most=at_most)).cte()
    found = newest_searched(sessions, of_tenant, values, found=ids, found_at_most=at_most, limit=10)
    return list((await work.read(select(found.c.id))).scalars())
