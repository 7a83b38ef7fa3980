"""From a request to the desk that runs its story."""

from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import Depends, Request

from impersonator_api.settings import Settings
from impersonator_api.work import Desk, Origin, Services


@dataclass(frozen=True, slots=True)
class Office:
    """What all desks of one process share; it lies in `app.state.office` while the application runs."""

    pattern: Desk

    @property
    def settings(self) -> Settings:
        """The settings of the process."""
        return self.pattern.settings

    @property
    def services(self) -> Services:
        """The long-lived services of the process."""
        return self.pattern.services

    def desk(self, origin: Origin) -> Desk:
        """A desk for stories of that origin."""
        return replace(self.pattern, origin=origin)


def office_of(request: Request) -> Office:
    """The office of the application that this request came to."""
    office: Office = request.app.state.office
    return office


async def desk_of(request: Request) -> Desk:
    """A desk for the stories of this request."""
    return office_of(request).desk(request.scope["state"]["origin"])


DeskDep = Annotated[Desk, Depends(desk_of)]
