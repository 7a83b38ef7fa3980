from dataclasses import replace

import pytest
from pydantic import SecretStr

from impersonator_api import realm
from impersonator_api.realm import InvalidRealmError, Report
from impersonator_api.settings import Environment, Settings
from impersonator_api.work import Desk


def listing(tenant: str, name: str, match: str = "", jwks: str = "jwks") -> str:
    """A tenant that lists an issuer."""
    issuer = f'issuer: "https://{name}.test", jwks_uri: "https://{name}.test/{jwks}", audience: a'
    return f"tenant: {tenant}\nissuers: [{{{issuer}{match}}}]\n"


def matching(value: str, claim: str = "tid") -> str:
    return f", match: {{claim: {claim}, equals: {value}}}"


async def apply(desk: Desk, *documents: str) -> Report:
    return await desk.run_in_transaction(realm.apply, realm.read_realm("---\n".join(documents).encode()))


async def test_tenants_share_an_issuer_whose_tokens_say_which_is_meant(desk: Desk, slug: str) -> None:
    await apply(desk, listing(slug, slug, matching("one")), listing(f"{slug}-2", slug, matching("two")))

    report = await apply(desk, listing(f"{slug}-3", slug, matching("three")))

    assert not report.is_empty


async def test_tenants_may_trade_their_values(desk: Desk, slug: str) -> None:
    await apply(desk, listing(slug, slug, matching("one")), listing(f"{slug}-2", slug, matching("two")))

    report = await apply(desk, listing(slug, slug, matching("two")), listing(f"{slug}-2", slug, matching("one")))

    assert len([change for tenant in report.tenants for change in tenant.changed]) == 2


@pytest.mark.parametrize(
    ("first", "second", "jwks", "message"),
    [
        ("", "", "jwks", "each needs `match`, on the same claim"),
        (matching("one"), "", "jwks", "each needs `match`, on the same claim"),
        (matching("one"), matching("one", claim="org"), "jwks", "each needs `match`, on the same claim"),
        (matching("one"), matching("one"), "jwks", "each needs a value of its own"),
        (matching("one"), matching("two"), "keys", "one issuer has one"),
    ],
)
@pytest.mark.parametrize("at_once", [True, False])
async def test_an_issuer_whose_tokens_fit_two_tenants_is_refused(
    desk: Desk, slug: str, first: str, second: str, jwks: str, message: str, *, at_once: bool
) -> None:
    documents = [listing(slug, slug, first), listing(f"{slug}-2", slug, second, jwks)]
    if not at_once:
        await apply(desk, documents.pop(0))

    with pytest.raises(InvalidRealmError, match=message):
        await apply(desk, *documents)


async def test_this_service_is_no_foreign_issuer(desk: Desk, slug: str) -> None:
    issuer = f'{{issuer: "{desk.settings.issuer}", jwks_uri: "https://evil.test/jwks", audience: a}}'

    with pytest.raises(InvalidRealmError, match="is this service itself"):
        await apply(desk, f"tenant: {slug}\nissuers: [{issuer}]\n")


async def test_plain_http_is_refused_in_production(desk: Desk, slug: str) -> None:
    production = Settings(
        environment=Environment.PRODUCTION,
        issuer="https://impersonator.test",
        database_url=SecretStr("postgresql://nowhere"),
        master_key=SecretStr("unused"),
    )
    client = f"{{client_id: {slug}-app, kind: spa, redirect_uris: ['http://localhost:3000/callback']}}"
    issuer = '{issuer: "http://localhost:1", jwks_uri: "http://localhost:1/jwks", audience: a}'

    with pytest.raises(InvalidRealmError) as caught:
        await apply(replace(desk, settings=production), f"tenant: {slug}\nissuers: [{issuer}]\nclients: [{client}]\n")

    refused = ["issuers[0].issuer", "issuers[0].jwks_uri", "clients[0].redirect_uris[0]"]
    assert [fault.path for fault in caught.value.faults] == refused
