import hashlib

import pytest

from impersonator_api.directory.tables import clients
from realm.conftest import Applied, Stored, changes_of, faults_when

FIRST, SECOND, THIRD = ("first" * 8, "second" * 8, "third" * 8)


def digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def service(secret: str | None = None) -> str:
    return f"clients: [{{client_id: SLUG-api, kind: service{f', secret: {secret}' if secret else ''}}}]"


async def digests(stored: Stored) -> list[bytes]:
    found: list[bytes] = (await stored(clients))[1]["secret_digests"]
    return found


@pytest.mark.parametrize("kind", ["service", "gateway"])
async def test_a_new_service_without_a_secret_gets_one(applied: Applied, stored: Stored, kind: str) -> None:
    report = await applied(service().replace("service", kind))

    (new,) = report.secrets
    assert len(new.secret.get_secret_value()) >= 43
    assert await digests(stored) == [digest(new.secret.get_secret_value())]


async def test_a_generated_secret_is_told_once(applied: Applied) -> None:
    await applied(service())

    report = await applied(service())

    assert report.secrets == ()
    assert report.changes == ()


async def test_a_generated_secret_shows_in_json_and_nowhere_else(applied: Applied) -> None:
    from impersonator_api.realm import Report

    report = await applied(service())

    secret = report.secrets[0].secret.get_secret_value()
    assert secret not in repr(report)
    assert Report((report,)).as_json()["tenants"][0]["secrets"][0]["secret"] == secret


async def test_a_given_secret_is_stored_as_its_digest(applied: Applied, stored: Stored) -> None:
    report = await applied(service(FIRST))

    assert await digests(stored) == [digest(FIRST)]
    assert report.secrets == ()


async def test_a_new_secret_leaves_the_last_one_valid(applied: Applied, stored: Stored, slug: str) -> None:
    await applied(service(FIRST))

    report = await applied(service(SECOND))

    assert await digests(stored) == [digest(SECOND), digest(FIRST)]
    assert changes_of(report, "clients", f"{slug}-api") == {"secret": ("set", "another one")}


async def test_no_more_than_two_secrets_are_valid(applied: Applied, stored: Stored) -> None:
    for secret in (FIRST, SECOND, THIRD):
        await applied(service(secret))

    assert await digests(stored) == [digest(THIRD), digest(SECOND)]


@pytest.mark.parametrize("again", [FIRST, SECOND])
async def test_a_secret_that_is_valid_already_changes_nothing(applied: Applied, again: str) -> None:
    await applied(service(FIRST))
    await applied(service(SECOND))

    report = await applied(service(again))

    assert report.changes == ()


async def test_other_changes_leave_secrets_alone(applied: Applied, stored: Stored) -> None:
    await applied(service(FIRST))

    await applied("clients: [{client_id: SLUG-api, scopes: [root], status: suspended}]")

    assert await digests(stored) == [digest(FIRST)]


async def test_a_browser_application_has_no_secret(applied: Applied) -> None:
    faults = await faults_when(applied, f"clients: [{{client_id: SLUG-app, kind: spa, secret: {FIRST}}}]")

    assert faults == ["realm.yaml:2: clients[0].secret: is for services and gateways; nobody can keep one in a browser"]
