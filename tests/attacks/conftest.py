"""Something to attack."""

from collections.abc import Awaitable, Callable

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from attacks.doors import Doors, Scene, make_scene
from builders import Someone, ordinary_token
from impersonator_api.work import Desk

TokenOf = Callable[[Someone], Awaitable[str]]


@pytest.fixture
def doors(http: httpx.AsyncClient) -> Doors:
    """The doors of the running application."""
    return Doors(http)


@pytest.fixture
async def scene(engine: AsyncEngine, signing_desk: Desk, doors: Doors) -> Scene:
    """Ana, who may act as Bob."""
    return await make_scene(engine, signing_desk, doors)


@pytest.fixture
async def elsewhere(engine: AsyncEngine, signing_desk: Desk, doors: Doors) -> Scene:
    """Another organisation, with an Ana and a Bob of its own."""
    return await make_scene(engine, signing_desk, doors, "globex")


@pytest.fixture
def token_of(signing_desk: Desk) -> TokenOf:
    """Signs people in."""

    async def sign_in(someone: Someone) -> str:
        return await ordinary_token(signing_desk, someone)

    return sign_in
