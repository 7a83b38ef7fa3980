"""From a request to the desk that runs its story."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncEngine

from impersonator_api.settings import Settings
from impersonator_api.work import Desk, Origin, Services


@dataclass(frozen=True, slots=True)
class Office:
    """What all desks of one process share; it lies in `app.state.office` while the application runs."""

    engine: AsyncEngine
    settings: Settings
    services: Services
    clock: Callable[[], datetime]

    def desk(self, origin: Origin) -> Desk:
        """A desk for stories of that origin."""
        return Desk(engine=self.engine, settings=self.settings, services=self.services, clock=self.clock, origin=origin)


def office_of(request: Request) -> Office:
    """The office of the application that this request came to."""
    office: Office = request.app.state.office
    return office


async def desk_of(request: Request) -> Desk:
    """A desk for the stories of this request."""
    return office_of(request).desk(request.scope["state"]["origin"])


DeskDep = Annotated[Desk, Depends(desk_of)]
