"""How many sessions run, for those who operate the service."""

from impersonator_api.sessions import store
from impersonator_api.work import Work

COUNTED_AT_MOST = 100_000
"""A count costs PostgreSQL a look at each; beyond this nobody needs it exactly."""


async def count_running(work: Work, *, at_most: int = COUNTED_AT_MOST) -> int:
    """The running sessions of all tenants, counted no further than that."""
    found: int = (await work.read(store.running_count(work.now, at_most))).scalar_one()
    return found
