"""Starting an impersonation for whoever sends the request: the same at every door where people start them."""

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from pydantic import BaseModel
from starlette.requests import Request

from impersonator_api import sessions
from impersonator_api.errors import ServiceError
from impersonator_api.sessions import HandoverWish, Repeatable, Started, Starter, StartRequest, Wish
from impersonator_api.web.bodies import read_json
from impersonator_api.web.caller import credentials_of
from impersonator_api.web.idempotency import read_key
from impersonator_api.web.rate_limits import rate_limits_of
from impersonator_api.web.work import desk_of

B = TypeVar("B", bound=BaseModel)

Meaning = tuple[Wish, HandoverWish | None]


async def begin(request: Request, model: type[B], *, door: str, meant: Callable[[B], Meaning]) -> Started:
    """Read what is wished for, and start it; `door` is what an idempotency key counts at."""
    desk, credentials = desk_of(request), await credentials_of(request)
    try:
        wish, handover = meant(await read_json(request, model))
        key = read_key(request)
    except ServiceError:
        # Whoever may not start at all is told that, and not what is wrong with his wish.
        await desk.run(sessions.admit_starter, credentials=credentials)
        raise

    def repeatable(caller: UUID) -> Repeatable | None:
        return None if key is None else Repeatable.of(caller=caller, door=door, key=key, meaning=(wish, handover))

    is_counted = False

    async def admitted(starter: Starter) -> None:
        nonlocal is_counted
        if not is_counted:
            is_counted = True
            await rate_limits_of(request.scope).count_start(starter)

    asked = StartRequest(wish=wish, handover=handover, repeatable=repeatable, admitted=admitted)
    return await desk.run(sessions.start_by, credentials=credentials, request=asked)
