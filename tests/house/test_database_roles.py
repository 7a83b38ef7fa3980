"""The schema's owner is no superuser: not where one login does everything, and not where two share the work."""

from collections.abc import AsyncIterator
from secrets import token_hex

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from impersonator_api.database import SERVICE_ROLE, build_engine
from impersonator_api.migrate import migrate
from impersonator_api.settings import Settings


class Server:
    """A server on which an administrator makes logins and databases."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.name = f"house_{token_hex(4)}"
        self.password = token_hex(16)

    async def say(self, *statements: str) -> None:
        engine = create_async_engine(self.url, isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            for statement in statements:
                await connection.execute(text(statement))
        await engine.dispose()

    def url_of(self, login: str) -> str:
        url = self.url.set(username=login, password=self.password, database=self.name)
        return url.render_as_string(hide_password=False)


@pytest.fixture
async def server(owner_url: str, database_url: str) -> AsyncIterator[Server]:
    """A database whose owner may make no roles; the service's role exists already, as `database_url` was migrated."""
    assert database_url
    server = Server(owner_url)
    owner, app = f"{server.name}_owner", f"{server.name}_app"
    logins = [f"CREATE ROLE {login} LOGIN PASSWORD '{server.password}'" for login in (owner, app)]
    await server.say(*logins, f"CREATE DATABASE {server.name} ENCODING 'UTF8' TEMPLATE template0 OWNER {owner}")
    yield server
    await server.say(f"DROP DATABASE {server.name} WITH (FORCE)", f"DROP ROLE {owner}", f"DROP ROLE {app}")


async def who_acts(url: str) -> str:
    engine = build_engine(url, Settings())
    async with engine.connect() as connection:
        role: str = (await connection.execute(text("SELECT current_user"))).scalar_one()
    await engine.dispose()
    return role


async def test_one_login_that_was_granted_the_role_migrates_and_serves(server: Server) -> None:
    owner = f"{server.name}_owner"
    await server.say(f"GRANT {SERVICE_ROLE} TO {owner}")

    await migrate(server.url_of(owner))

    assert await who_acts(server.url_of(owner)) == SERVICE_ROLE


async def test_with_two_logins_the_owner_migrates_without_the_role_and_the_other_serves(server: Server) -> None:
    owner, app = f"{server.name}_owner", f"{server.name}_app"
    await server.say(f"GRANT {SERVICE_ROLE} TO {app}")

    await migrate(server.url_of(owner))

    assert await who_acts(server.url_of(app)) == SERVICE_ROLE
    with pytest.raises(DBAPIError, match="permission denied"):
        await who_acts(server.url_of(owner))


async def test_a_login_that_owns_nothing_makes_the_coming_months_and_the_owner_owns_them(server: Server) -> None:
    owner, app = f"{server.name}_owner", f"{server.name}_app"
    await server.say(f"GRANT {SERVICE_ROLE} TO {app}")
    await migrate(server.url_of(owner))
    engine = build_engine(server.url_of(app), Settings())

    async with engine.begin() as db:
        made = await db.execute(text("SELECT impersonator_ensure_partitions('2041-03-01T00:00:00Z', 0)"))
        owners = await db.execute(text("SELECT tableowner FROM pg_tables WHERE tablename LIKE '%\\_y2041m03'"))

    assert (made.scalar_one(), set(owners.scalars())) == (3, {owner})
    await engine.dispose()
