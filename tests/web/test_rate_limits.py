"""Who must wait, for how long, and who need not."""

import base64
from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from builders import SECRET, SUPPORT_POLICY, Organisation, make_tenant, ordinary_token
from conftest import Clock
from forgery import compact
from house.test_statement_counts import counted
from impersonator_api.work import Desk
from limited import ELSEWHERE, TOKEN, Visitor, limited
from oauth.exchanging import ACCESS_TOKEN, EXCHANGE, USER_ID

CLIENT_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

# The application's limits take their time from its clock, which these tests move; only a Redis has time of its own.


@pytest.fixture
async def acme(engine: AsyncEngine) -> Organisation:
    """A tenant with a service."""
    return await make_tenant(engine)


@pytest.fixture
async def service(acme: Organisation) -> str:
    """A confidential client's id."""
    return await acme.client("backend", kind="service", scopes=["root"])


@pytest.fixture
async def app(database_url: str, clock: Clock) -> AsyncIterator[FastAPI]:
    """An application that lets a client or caller fail three times a minute."""
    async with limited(database_url, clock) as app:
        yield app


@pytest.fixture
def visitor(app: FastAPI) -> Visitor:
    """Somebody at some address."""
    return Visitor(app)


async def test_a_client_that_failed_too_often_must_wait(visitor: Visitor, service: str) -> None:
    failed = await visitor.fail(3, service)

    answer = await visitor.as_client(service)

    assert failed == [401, 401, 401]
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")
    assert answer.json()["error"] == "temporarily_unavailable"
    assert answer.headers["Cache-Control"] == "no-store"


async def test_retry_after_is_true_to_the_second(visitor: Visitor, service: str, clock: Clock) -> None:
    await visitor.fail(3, service)

    clock.forward(seconds=59.5)
    early = await visitor.as_client(service)
    clock.forward(seconds=0.5)
    later = await visitor.as_client(service)

    assert (early.status_code, early.headers["Retry-After"]) == (429, "1")
    assert later.status_code == 200


async def test_whoever_is_turned_away_waits_no_longer_for_having_asked(
    visitor: Visitor, service: str, clock: Clock
) -> None:
    await visitor.fail(3, service)
    clock.forward(seconds=30)
    turned_away = await visitor.fail(20, service)

    clock.forward(seconds=30)
    answer = await visitor.as_client(service)

    assert turned_away == [429] * 20
    assert answer.status_code == 200


async def test_whoever_must_wait_costs_no_statement(app: FastAPI, visitor: Visitor, service: str) -> None:
    await visitor.fail(3, service)

    async with counted(app) as statements:
        await visitor.as_client(service)

    assert statements == []


async def test_others_at_the_same_address_need_not_wait(visitor: Visitor, service: str, acme: Organisation) -> None:
    other = await acme.client("reports", kind="service", scopes=["root"])
    await visitor.fail(4, service)

    answer = await visitor.as_client(other)

    assert answer.status_code == 200


async def test_the_same_client_elsewhere_need_not_wait(app: FastAPI, visitor: Visitor, service: str) -> None:
    await visitor.fail(4, service)

    answer = await Visitor(app, ELSEWHERE).as_client(service)

    assert answer.status_code == 200


async def test_success_is_never_counted(visitor: Visitor, service: str) -> None:
    answers = {(await visitor.as_client(service)).status_code for _ in range(20)}

    assert answers == {200}


async def test_success_between_failures_forgives_none(visitor: Visitor, service: str) -> None:
    await visitor.fail(2, service)
    await visitor.as_client(service)
    await visitor.fail(1, service)

    answer = await visitor.as_client(service)

    assert answer.status_code == 429


async def test_worn_out_refresh_tokens_count(visitor: Visitor, acme: Organisation) -> None:
    spa = await acme.client("spa")

    statuses = [(await visitor.refresh(spa)).status_code for _ in range(4)]

    assert statuses == [400, 400, 400, 429]


async def test_a_page_that_keeps_sending_a_dead_token_makes_no_colleague_wait(
    visitor: Visitor, acme: Organisation
) -> None:
    spa = await acme.client("spa")
    dead, colleagues = [compact({"alg": "ES256"}, {"sub": sub}) for sub in ("bob", "carol")]

    statuses = [(await visitor.refresh(spa, dead)).status_code for _ in range(4)]
    answer = await visitor.refresh(spa, colleagues)

    assert statuses == [400, 400, 400, 429]
    assert answer.status_code == 400


async def test_made_up_refresh_tokens_count_for_their_address(visitor: Visitor, acme: Organisation) -> None:
    spa = await acme.client("spa")
    made_up = [compact({"alg": "ES256"}, {"sub": f"user {number}"}) for number in range(9)]

    statuses = [(await visitor.refresh(spa, token)).status_code for token in made_up]

    assert statuses == [400] * 8 + [429]


async def test_forged_client_assertions_count_for_whom_they_name(visitor: Visitor, service: str) -> None:
    forged = compact({"alg": "ES256"}, {"iss": service, "sub": service})
    form = {"grant_type": "client_credentials", "client_assertion": forged, "client_assertion_type": CLIENT_ASSERTION}

    statuses = [(await visitor.http.post(TOKEN, data=form)).status_code for _ in range(3)]
    answer = await visitor.as_client(service)

    assert statuses == [401, 401, 401]
    assert answer.status_code == 429


async def test_refused_exchanges_count(visitor: Visitor, acme: Organisation) -> None:
    agent = await acme.client("agent", kind="service", scopes=["impersonation"], rank=50)
    form = {"grant_type": EXCHANGE, "subject_token": "guessed", "subject_token_type": ACCESS_TOKEN}

    answers = [await visitor.http.post(TOKEN, data=form, auth=(agent, SECRET)) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [400, 400, 400, 429]


async def test_what_is_only_asked_wrongly_does_not_count(visitor: Visitor, service: str) -> None:
    form = {"grant_type": "client_credentials", "scope": "no-such-scope"}

    answers = [await visitor.http.post(TOKEN, data=form, auth=(service, SECRET)) for _ in range(10)]

    assert {answer.status_code for answer in answers} == {400}


async def test_a_forged_token_counts_for_whom_it_names(visitor: Visitor) -> None:
    forged = [compact({"alg": "ES256"}, {"iss": "https://id.test", "sub": "ana"}, str(n).encode()) for n in range(4)]
    other = compact({"alg": "ES256"}, {"iss": "https://id.test", "sub": "bob"})

    statuses = [(await visitor.with_token(token)).status_code for token in forged]
    answer = await visitor.with_token(other)

    assert statuses == [401, 401, 401, 429]
    assert answer.status_code == 401


async def test_at_our_own_doors_it_is_a_problem(visitor: Visitor) -> None:
    for _ in range(3):
        await visitor.with_token("no token at all", "/impersonation/active")

    answer = await visitor.with_token("no token at all", "/impersonation/active")

    assert (answer.status_code, answer.headers["Content-Type"]) == (429, "application/problem+json")
    assert answer.json()["code"] == "too-many-attempts"
    assert answer.headers["Retry-After"] == "60"
    assert "60 seconds" in answer.json()["detail"]


async def test_refusals_of_somebody_known_count(visitor: Visitor, acme: Organisation, signing_desk: Desk) -> None:
    carla = await ordinary_token(signing_desk, await acme.person("carla", "customer"))
    ana = await ordinary_token(signing_desk, await acme.person("ana", "super_admin"))

    statuses = [(await visitor.start(carla, "1003")).status_code for _ in range(4)]
    answer = await visitor.with_token(ana, "/impersonation/active")

    assert statuses == [403, 403, 403, 429]
    assert answer.status_code == 200


async def test_to_be_asked_for_another_login_is_no_failure(
    visitor: Visitor, acme: Organisation, signing_desk: Desk
) -> None:
    admins = SUPPORT_POLICY["rules"][0] | {"require": {"step_up": {"acr": ["mfa"]}}}
    await acme.policy(SUPPORT_POLICY | {"rules": [admins]})
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    weak, strong = [await ordinary_token(signing_desk, ana, acr=acr) for acr in ("pwd", "mfa")]

    asked = {(await visitor.start(weak, str(bob.id))).status_code for _ in range(12)}
    answer = await visitor.start(strong, str(bob.id))

    assert asked == {401}
    assert answer.status_code == 200


async def test_nor_is_it_in_an_exchange(visitor: Visitor, acme: Organisation, signing_desk: Desk) -> None:
    admins = SUPPORT_POLICY["rules"][0] | {"require": {"step_up": {"acr": ["mfa"]}}}
    await acme.policy(SUPPORT_POLICY | {"rules": [admins]})
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    agent = await acme.client("agent", kind="service", scopes=["impersonation"])
    anas = await ordinary_token(signing_desk, ana)
    form = {"grant_type": EXCHANGE, "subject_token": str(bob.id), "subject_token_type": USER_ID}
    form |= {"actor_token": anas, "actor_token_type": ACCESS_TOKEN}

    answers = [await visitor.http.post(TOKEN, data=form, auth=(agent, SECRET)) for _ in range(12)]

    assert {answer.status_code for answer in answers} == {400}
    assert answers[-1].json()["error_description"].startswith("Log in again: ")


async def test_to_come_without_credentials_is_no_failure(visitor: Visitor) -> None:
    statuses = {(await visitor.with_token(None)).status_code for _ in range(20)}

    assert statuses == {401}


async def test_credentials_that_name_nobody_count_together(visitor: Visitor) -> None:
    garbled = {"Authorization": f"Basic {base64.b64encode(b'no colon').decode()}"}
    form = {"grant_type": "client_credentials"}

    answers = [await visitor.http.post(TOKEN, data=form, headers=garbled) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]


@pytest.mark.parametrize("path", ["introspect", "revoke"])
async def test_all_form_doors_share_one_count(visitor: Visitor, service: str, path: str) -> None:
    await visitor.fail(3, service)

    answer = await visitor.http.post(f"/oauth2/v1/{path}", data={"token": "t"}, auth=(service, "another guess"))

    assert answer.status_code == 429


async def test_public_doors_stay_open(visitor: Visitor, service: str) -> None:
    await visitor.fail(12, service)

    answers = [await visitor.http.get(path) for path in ("/health/live", "/.well-known/oauth-authorization-server")]

    assert [answer.status_code for answer in answers] == [200, 200]


async def test_several_limits_hold_at_once(database_url: str, clock: Clock, service: str) -> None:
    async with limited(database_url, clock, failed_rate_limit="2/minute, 4/hour") as app:
        visitor = Visitor(app)
        by_the_minute = await visitor.fail(3, service)
        clock.forward(minutes=1)
        by_the_hour = await visitor.fail(2, service)
        clock.forward(minutes=1)

        answer = await visitor.as_client(service)

    assert (by_the_minute, by_the_hour) == ([401, 401, 429], [401, 401])
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, str(58 * 60))


async def test_limits_can_be_off(database_url: str, clock: Clock, service: str) -> None:
    async with limited(database_url, clock, failed_rate_limit="off", failed_address_rate_limit="off") as app:
        statuses = await Visitor(app).fail(20, service)

    assert statuses == [401] * 20


async def test_token_requests_can_be_limited(database_url: str, clock: Clock, acme: Organisation, service: str) -> None:
    other = await acme.client("reports", kind="service", scopes=["root"])
    async with limited(database_url, clock, token_rate_limit="2/minute") as app:
        visitor = Visitor(app)
        answers = [await visitor.as_client(service) for _ in range(3)]
        others = [await visitor.as_client(other), await Visitor(app, ELSEWHERE).as_client(service)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[-1].json()["error"] == "temporarily_unavailable"
    assert [answer.status_code for answer in others] == [200, 200]


async def test_starts_can_be_limited(database_url: str, clock: Clock, acme: Organisation, signing_desk: Desk) -> None:
    bob = str((await acme.person("bob", "customer")).id)
    people = [await acme.person(name, "super_admin") for name in ("ana", "ada")]
    ana, ada = [await ordinary_token(signing_desk, person) for person in people]
    async with limited(database_url, clock, start_rate_limit="2/hour") as app:
        # From anywhere: whose identity is proven cannot be spent by others, nor kept by moving on.
        doors = Visitor(app), Visitor(app), Visitor(app, ELSEWHERE)
        answers = [await visitor.start(ana, bob) for visitor in doors]
        other = await doors[0].start(ada, bob)

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert (answers[-1].json()["code"], answers[-1].headers["Retry-After"]) == ("too-many-requests", "3600")
    assert other.status_code == 200
