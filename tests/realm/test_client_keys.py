import json

from forgery import pair
from impersonator_api.directory.tables import clients
from realm.conftest import Applied, Stored, faults_when

KEYS = {"keys": [pair().jwk]}


def service(keys: str) -> str:
    return f"clients: [{{client_id: SLUG-api, kind: service, {keys}}}]"


async def test_a_service_with_keys_of_its_own_gets_no_secret(applied: Applied, stored: Stored) -> None:
    report = await applied(service(f"jwks: {json.dumps(KEYS)}"))

    client = (await stored(clients))[1]
    assert report.secrets == ()
    assert (client["jwks"], client["secret_digests"]) == (KEYS, [])


async def test_keys_may_move_to_an_address(applied: Applied, stored: Stored) -> None:
    await applied(service(f"jwks: {json.dumps(KEYS)}"))

    await applied(service("jwks: null, jwks_uri: 'https://backoffice.test/jwks'"))

    client = (await stored(clients))[1]
    assert (client["jwks"], client["jwks_uri"]) == (None, "https://backoffice.test/jwks")


async def test_keys_lie_in_one_place(applied: Applied) -> None:
    await applied(service(f"jwks: {json.dumps(KEYS)}"))

    faults = await faults_when(applied, service("jwks_uri: 'https://backoffice.test/jwks'"))

    assert [fault for fault in faults if "keys in two places" in fault]


async def test_a_browser_application_keeps_no_key(applied: Applied) -> None:
    faults = await faults_when(applied, "clients: [{client_id: SLUG-spa, kind: spa, jwks_uri: 'https://a.test/jwks'}]")

    assert [fault for fault in faults if "nobody can keep a key in a browser" in fault]


async def test_a_service_is_handed_nothing_in_a_query(applied: Applied) -> None:
    faults = await faults_when(applied, service("query_handover: true"))

    assert [fault for fault in faults if "is for browser applications" in fault]


async def test_only_tokens_that_are_used_again_and_again_travel_in_a_query(applied: Applied) -> None:
    spa = "clients: [{client_id: SLUG-spa, kind: spa, query_handover: true, refresh_policy: POLICY}]"
    await applied(spa.replace("POLICY", "reuse"))

    faults = await faults_when(applied, spa.replace("POLICY", "rotate"))

    assert [fault for fault in faults if "needs refresh_policy: reuse" in fault]


async def test_who_reads_the_query_cannot_begin_to_rotate(applied: Applied) -> None:
    await applied("clients: [{client_id: SLUG-spa, kind: spa, query_handover: true, refresh_policy: reuse}]")

    faults = await faults_when(applied, "clients: [{client_id: SLUG-spa, refresh_policy: rotate}]")

    assert [fault for fault in faults if "needs refresh_policy: reuse" in fault]


async def test_what_is_always_bound_to_a_key_is_not_handed_over_in_a_query(applied: Applied) -> None:
    habits = "kind: spa, refresh_policy: reuse, query_handover: true, dpop_bound: true"

    faults = await faults_when(applied, f"clients: [{{client_id: SLUG-spa, {habits}}}]")

    assert [fault for fault in faults if "proves no key" in fault]
