"""Whatever is done to keys, short of withdrawing one, no live token of theirs meets a verifier that lacks the key.

The verifier of these laws is the unluckiest there can be: it asked a replica that was as far behind the database as
a replica can be, just before something changed, and keeps the JWKS for as long as it may.
"""

import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from conftest import Clock
from impersonator_api import tokens
from impersonator_api.errors import ServiceError
from impersonator_api.tokens import KeyRingSnapshot, KeyState, MasterKeys, SigningAlgorithm
from impersonator_api.tokens.key_life import HEARD_WITHIN, LEEWAY, LONGEST_TOKEN
from impersonator_api.tokens.ring import load_ring
from impersonator_api.tokens.tables import signing_keys
from impersonator_api.work import Desk, Work

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


@dataclass(frozen=True)
class Signed:
    """A token that some replica may have signed."""

    kid: str
    at: datetime

    def is_known_in(self, ring: KeyRingSnapshot) -> bool:
        """Whether who reads the JWKS, or asks one of our doors, finds the key."""
        return self.kid in ring.verifying and self.kid in {key["kid"] for key in json.loads(ring.jwks)["keys"]}


@dataclass
class Life:
    """What the database held, from when on, and every token signed meanwhile."""

    desk: Desk
    clock: Clock
    held: list[tuple[datetime, KeyRingSnapshot]] = field(default_factory=list)
    signed: set[Signed] = field(default_factory=set)

    async def wait(self, span: timedelta) -> None:
        """Let time pass."""
        self.clock.moment += span

    async def work(self, _: timedelta) -> None:
        """The worker's round."""
        await self.desk.run_in_transaction(tokens.rotate_due_keys)
        await self.desk.run(tokens.drop_retired_keys)

    async def rotate(self, _: timedelta) -> None:
        """An operator's command, as often as not too early."""
        try:
            await self.desk.run_in_transaction(tokens.rotate_keys, alg=SigningAlgorithm.ES256)
        except ServiceError:
            return

    async def withdraw_next(self, _: timedelta) -> None:
        """A key that has signed nothing yet is believed no more."""
        keys = await self.desk.run(tokens.list_keys)
        (kid,) = [key.kid for key in keys if (key.alg, key.state) == ("ES256", KeyState.NEXT)]
        await self.desk.run_in_transaction(tokens.replace_compromised_key, kid)

    async def look(self) -> None:
        """Note what the database holds now, and let each replica, up to date or not, sign a token."""

        async def loaded(work: Work) -> KeyRingSnapshot:
            known = self.held[-1][1] if self.held else KeyRingSnapshot()
            return await load_ring(work, work.get(MasterKeys), known=known)

        now = self.clock.moment
        self.held.append((now, await self.desk.run(loaded)))
        for ring in self.between(now - HEARD_WITHIN, now):
            self.signed |= {Signed(key.kid, now) for key in ring.signing.values()}

    def between(self, first: datetime, last: datetime) -> Iterator[KeyRingSnapshot]:
        """Everything that the database held at some moment of that span."""
        ends = [since for since, _ in self.held[1:]] + [datetime.max.replace(tzinfo=last.tzinfo)]
        for (since, ring), until in zip(self.held, ends, strict=True):
            if since <= last and first < until:
                yield ring


Event = Callable[[Life, timedelta], Awaitable[None]]

SPANS = st.sampled_from([SECOND, timedelta(minutes=1), timedelta(minutes=5), timedelta(hours=1), DAY]).flatmap(
    lambda span: st.sampled_from([span, span - SECOND, span + SECOND, 3 * span])
)
EVENTS = st.lists(
    st.tuples(
        st.sampled_from([Life.wait, Life.wait, Life.wait, Life.work, Life.work, Life.rotate, Life.withdraw_next]), SPANS
    ),
    min_size=8,
    max_size=30,
)


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=EVENTS, jwks_max_age=st.sampled_from([SECOND, timedelta(minutes=5), DAY]))
async def test_no_verifier_lacks_the_key_of_a_live_token(
    key_desk: Desk, clock: Clock, events: list[tuple[Event, timedelta]], jwks_max_age: timedelta
) -> None:
    life = await begun(key_desk, clock, jwks_max_age)

    for event, span in events:
        await event(life, span)
        await life.look()

    for token in life.signed:
        last_use = token.at + LONGEST_TOKEN + LEEWAY
        assert all(token.is_known_in(ring) for ring in life.between(token.at - jwks_max_age - HEARD_WITHIN, last_use))


async def begun(desk: Desk, clock: Clock, jwks_max_age: timedelta) -> Life:
    """First keys and nothing else, replaced daily."""
    async with desk.engine.begin() as db:
        await db.execute(delete(signing_keys))
    changed = {"jwks_max_age": jwks_max_age, "signing_key_lifetime": DAY}
    life = Life(replace(desk, settings=desk.settings.model_copy(update=changed)), clock)
    await life.desk.run_in_transaction(tokens.ensure_keys)
    await life.look()
    return life
