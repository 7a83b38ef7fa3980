import pytest
from builders import SUPPORT_POLICY, make_tenant
from sqlalchemy.ext.asyncio import AsyncEngine

from impersonator_api import sessions
from impersonator_api.sessions import Starter, Wish
from impersonator_api.work import Desk


async def test_an_admin_starts_a_session_with_tokens_that_name_him(engine: AsyncEngine, signing_desk: Desk) -> None:
    acme = await make_tenant(engine)
    ana = await acme.person("ana", "super_admin")
    bob = await acme.person("bob", "customer")
    starter = Starter(tenant_id=acme.id, tenant_slug=acme.slug, impersonator_id=ana.id)

    started = await signing_desk.run(sessions.start, starter=starter, wish=Wish(target=str(bob.id), reason="because"))

    assert started.access.claims["act"]["sub"] == str(ana.id)
    assert started.access.claims["sub"] == str(bob.id)
    assert started.live.session.is_running(signing_desk.clock())
