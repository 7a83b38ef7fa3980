"""From a request to the desk that runs its story."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from starlette.types import Scope

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
        pattern = self.pattern
        # Not `replace`, which looks at every field by its name.
        return Desk(pattern.engine, pattern.settings, pattern.services, pattern.clock, origin)


def office_of(scope: Scope) -> Office:
    """The office of the application that a request came to."""
    office: Office = scope["app"].state.office
    return office


def desk_of(request: Request) -> Desk:
    """A desk for the stories of this request."""
    return office_of(request.scope).desk(request.scope["state"]["origin"])


async def _desk_of(request: Request) -> Desk:
    # FastAPI would call what is not `async` in a thread.
    return desk_of(request)


DeskDep = Annotated[Desk, Depends(_desk_of)]
