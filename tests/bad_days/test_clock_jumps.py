"""The wall clock jumps: nothing lives longer than allowed by more than the jump, nothing is there twice, all go on."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from attacks.doors import SESSIONS, TOKEN, Doors, Scene, bearer, make_scene
from bad_days import clocked
from bad_days.clocked import SetClock
from bad_days.crowd import Seen
from bad_days.liar import Liar, lying
from bad_days.serving import serving
from bad_days.whole import wrong_in
from builders import active_sessions, ordinary_token, session_row
from conftest import MASTER_KEY
from impersonator_api.app import open_desk
from impersonator_api.settings import Settings
from impersonator_api.work import Desk

JUMPS: tuple[dict[str, float], ...] = ({"hours": 1}, {"hours": -1}, {"seconds": -2}, {"seconds": -0.2}, {})
"""What the clock is wrong by, one after the other: an hour and two are the largest jumps."""


@dataclass(frozen=True)
class Stage:
    """A running service, Ana and Bob, and the clock of all of them."""

    scene: Scene
    clock: SetClock
    desk: Desk

    async def ana(self) -> str:
        """A token of Ana's, as of now."""
        return await ordinary_token(self.desk, self.scene.ana)

    async def started(self) -> dict[str, Any]:
        """Ana acts as Bob from now on."""
        answer = await self.scene.doors.start(await self.ana(), self.scene.bob, client_id=self.scene.spa)
        started: dict[str, Any] = answer.raise_for_status().json()
        return started

    async def is_live(self, token: str) -> bool:
        """Whether a token counts."""
        answer = await self.scene.doors.introspect(token, self.scene.backoffice)
        return bool(answer.raise_for_status().json()["active"])


@pytest.fixture(scope="module")
async def house(
    database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Desk, SetClock, httpx.AsyncClient]]:
    """A service that runs by a clock which tests set, and a desk that does too."""
    folder = tmp_path_factory.mktemp("clocked")
    clock = SetClock(folder / "clock")
    settings = Settings(data_dir=folder, master_key=MASTER_KEY)
    program = (clocked.__file__, str(folder / "clock"))
    limits = {"FAILED_RATE_LIMIT": "3/minute"}
    async with (
        open_desk(settings, database_url=database_url, clock=clock) as desk,
        serving(database_url, folder, program=program, settings=limits) as service,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{service.port}", timeout=20) as http,
    ):
        yield desk, clock, http


@pytest.fixture
async def here(house: tuple[Desk, SetClock, httpx.AsyncClient]) -> Stage:
    """An organisation that nobody else knows, and the right time."""
    desk, clock, http = house
    clock.be_wrong_by()
    return Stage(await make_scene(desk.engine, desk, Doors(http)), clock, desk)


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[AsyncEngine]:
    """The owner's way to the database that these tests share."""
    engine = create_async_engine(database_url)
    yield engine
    await engine.dispose()


async def test_after_a_jump_forward_what_is_over_is_over_at_once(here: Stage, owner: AsyncEngine) -> None:
    started = await here.started()
    here.clock.be_wrong_by(hours=1)

    alive = [await here.is_live(started[kind]) for kind in ("access_token", "refresh_token")]
    refreshed = await here.scene.refreshed(started)
    again = await here.started()

    assert alive == [False, False]
    assert (refreshed.status_code, refreshed.json()["error"]) == (400, "invalid_grant")
    assert [str(row.id) for row in await active_sessions(owner, here.scene.ana)] == [again["session_id"]]
    assert (await session_row(owner, started["session_id"])).end_reason == "expired"


async def test_after_a_jump_back_nothing_lives_longer_by_more_than_the_jump(here: Stage) -> None:
    here.clock.be_wrong_by(hours=1)
    started = await here.started()
    here.clock.be_wrong_by()

    # RFC 7519 §4.1.5: not before the clock has come to its birth again.
    assert not await here.is_live(started["access_token"])
    here.clock.be_wrong_by(hours=1, minutes=6)
    assert not await here.is_live(started["access_token"])
    here.clock.be_wrong_by(hours=1, minutes=31)
    assert not await here.is_live(started["refresh_token"])
    assert (await here.scene.refreshed(started)).status_code == 400


async def test_after_a_jump_back_there_is_one_active_session_and_it_can_be_ended(
    here: Stage, owner: AsyncEngine
) -> None:
    here.clock.be_wrong_by(hours=1)
    future = await here.started()
    here.clock.be_wrong_by()

    present = await here.started()
    listed = await here.scene.doors.list(await here.ana())
    ended = await here.scene.doors.end(await here.ana())

    assert listed.status_code == 200
    assert (ended.status_code, ended.json()["session_id"]) == (200, present["session_id"])
    assert ended.json()["duration_seconds"] >= 0
    assert (await session_row(owner, future["session_id"])).status == "ended"
    assert await active_sessions(owner, here.scene.ana) == []
    assert await wrong_in(owner, Seen()) == {}


async def test_a_session_of_the_future_is_ended_without_a_negative_length(here: Stage, owner: AsyncEngine) -> None:
    here.clock.be_wrong_by(hours=1)
    future = await here.started()
    here.clock.be_wrong_by()

    shown = await here.scene.doors.show(await here.ana(), future["session_id"])
    ended = await here.scene.doors.end(await here.ana())

    assert (shown.status_code, ended.status_code) == (200, 200)
    assert min(shown.json()["duration_seconds"], ended.json()["duration_seconds"]) >= 0
    assert await active_sessions(owner, here.scene.ana) == []


async def test_whatever_the_clock_does_everybody_is_answered_and_ids_are_unique(
    here: Stage, owner: AsyncEngine
) -> None:
    ids, statuses = [], set()
    for jump in JUMPS * 2:
        here.clock.be_wrong_by(**jump)
        for _ in range(3):
            started = await here.started()
            ids.append(started["session_id"])
            refreshed = await here.scene.refreshed(started)
            statuses |= {refreshed.status_code, (await here.scene.doors.list(await here.ana())).status_code}
        statuses.add((await here.scene.doors.end(await here.ana())).status_code)

    assert statuses == {200}
    assert len(set(ids)) == len(ids)
    assert await wrong_in(owner, Seen()) == {}


async def test_no_session_is_missing_in_the_list_though_the_clock_went_back(here: Stage) -> None:
    ids = set()
    for jump in JUMPS:
        here.clock.be_wrong_by(**jump)
        ids.add((await here.started())["session_id"])

    listed, query = set[str](), {"limit": "2"}
    while query:
        page = (await here.scene.doors.list(await here.ana(), **query)).raise_for_status()
        listed |= {each["id"] for each in page.json()["sessions"]}
        query = dict(httpx.URL(page.links["next"]["url"]).params) if "next" in page.links else {}

    assert listed == ids


async def test_whoever_has_to_wait_waits_no_longer_because_the_clock_went_back(here: Stage) -> None:
    guess, wrong = {"grant_type": "client_credentials"}, (here.scene.backoffice, "a guess")
    here.clock.be_wrong_by(hours=1)
    guesses = [await here.scene.doors.http.post(TOKEN, data=guess, auth=wrong) for _ in range(4)]
    here.clock.be_wrong_by()

    again = await here.scene.doors.http.post(TOKEN, data=guess, auth=wrong)

    assert [each.status_code for each in guesses] == [401, 401, 401, 429]
    assert again.status_code == 401


async def test_a_jump_makes_an_issuers_keys_fresh_again_and_lets_no_withdrawn_one_in(here: Stage) -> None:
    async with lying() as liar:
        await here.scene.acme.issuer(liar.issuer("good"))
        before = await foreign(here, liar)
        here.clock.be_wrong_by(hours=-1)
        back = await foreign(here, liar)
        here.clock.be_wrong_by(hours=1)
        liar.rotate()

        withdrawn = await foreign(here, liar)

        assert (before, back, withdrawn) == (200, 200, 401)


async def foreign(here: Stage, liar: Liar) -> int:
    """What somebody is answered whose token is signed with the liar's first key."""
    now = int(here.clock().timestamp())
    claims = {"iss": liar.issuer("good"), "aud": "impersonator", "sub": here.scene.ana.external_id}
    token = liar.key.token(claims | {"iat": now, "exp": now + 60})
    return (await here.scene.doors.http.get(SESSIONS, headers=bearer(token))).status_code
