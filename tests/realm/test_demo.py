from collections.abc import AsyncIterator
from importlib.resources import files

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from impersonator_api import realm
from impersonator_api.database import build_engine
from impersonator_api.realm import Document
from impersonator_api.settings import Settings
from impersonator_api.work import Desk, Origin, Services, utc_now


@pytest.fixture
def demo() -> list[Document]:
    return realm.read_realm(files("impersonator_api.realm").joinpath("demo.yaml").read_bytes(), "demo.yaml")


@pytest.fixture
async def lonely_engine(fresh_database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = build_engine(fresh_database_url, Settings())
    yield engine
    await engine.dispose()


@pytest.fixture
def lonely_desk(lonely_engine: AsyncEngine, settings: Settings) -> Desk:
    """A desk of a database that nobody else uses: the demo's names are the same each time."""
    origin = Origin(request_id="demo")
    return Desk(engine=lonely_engine, settings=settings, services=Services({}), clock=utc_now, origin=origin)


async def test_the_demo_realm_can_be_applied_again_and_again(lonely_desk: Desk, demo: list[Document]) -> None:
    first = await lonely_desk.run_in_transaction(realm.apply, demo)
    again = await lonely_desk.run_in_transaction(realm.apply, demo)

    assert [new.client_id for new in first.secrets] == ["backoffice"]
    assert again.is_empty


def test_the_demo_realm_has_two_tenants_and_a_dozen_people(demo: list[Document]) -> None:
    assert [document.realm.tenant for document in demo] == ["acme", "globex"]
    assert sum(len(document.realm.users) for document in demo) == 12
