"""The real application with a few doors more: they do what no real door does, so that the room shows how it copes."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Query, Request
from msgspec.structs import asdict
from pydantic import BaseModel, ConfigDict, Field

from impersonator_api.app import create_app
from impersonator_api.errors import ConflictError, UnauthenticatedError, UnavailableError
from impersonator_api.settings import Settings
from impersonator_api.web.bodies import read_form, read_json
from impersonator_api.web.openapi import openapi_body

probes = APIRouter(prefix="/probe")

SECRET = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


class Parcel(BaseModel):
    """A body with one of everything that doors ask for."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str | None = Field(None, max_length=20)
    count: int | None = Field(None, ge=0)
    labels: dict[str, str] | None = None


class Needed(BaseModel):
    """A body that must say something."""

    name: str


@probes.post("/json", openapi_extra=openapi_body(Parcel, {"small": {"name": "a"}}))
async def take_json(request: Request) -> dict[str, bool]:
    await read_json(request, Parcel)
    return {"taken": True}


@probes.post("/needed")
async def take_needed(request: Request) -> dict[str, bool]:
    await read_json(request, Needed)
    return {"taken": True}


@probes.post("/form")
async def take_form(request: Request) -> dict[str, str]:
    return await read_form(request)


@probes.get("/origin")
async def tell_origin(request: Request) -> dict[str, Any]:
    return asdict(request.scope["state"]["origin"])


@probes.get("/count")
async def count(upto: Annotated[int, Query(ge=1)]) -> int:
    return upto


@probes.get("/broken")
async def break_down() -> None:
    raise RuntimeError(f"token {SECRET}")


@probes.get("/away")
async def be_away() -> None:
    raise UnavailableError("Something is away.")


@probes.get("/nobody")
async def want_credentials() -> None:
    raise UnauthenticatedError


@probes.get("/conflict")
async def conflict() -> None:
    raise ConflictError("Twice is once too often.", winner="the other", status="not this one")


@pytest.fixture(scope="session")
def room_app() -> FastAPI:
    """The application with its probes; its lifespan is not run, so nothing here may need the database."""
    app = create_app(Settings(), database_url="postgresql+asyncpg://nobody@127.0.0.1:1/nothing")
    app.include_router(probes)
    return app


@pytest.fixture(scope="session")
async def room(room_app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client of that application."""
    transport = httpx.ASGITransport(room_app)
    async with httpx.AsyncClient(transport=transport, base_url="http://impersonator.test") as client:
        yield client
