import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from conftest import Clock
from impersonator_api import realm
from impersonator_api.audit.tables import audit_entries
from impersonator_api.directory.tables import (
    clients,
    consents,
    issuers,
    memberships,
    roles,
    tenants,
    user_roles,
    users,
    workspaces,
)
from impersonator_api.policy.tables import policies
from impersonator_api.realm import InvalidRealmError
from impersonator_api.work import Desk
from realm.conftest import Applied, Stored, changes_of, faults_when
from statements import statements_of

EVERYTHING = """
name: Acme
settings: {opt_out: false}
issuers:
  - {issuer: "https://idp.SLUG.test", jwks_uri: "https://idp.SLUG.test/jwks", audience: impersonator, clients: [b, a]}
roles:
  - {name: super_admin, rank: 100, permissions: ["*"]}
  - {name: lead, rank: 70, permissions: [b, a]}
users:
  - {external_id: 1001, email: ana@acme.test, display_name: Ana, roles: [super_admin]}
  - external_id: "1002"
    email: bob@acme.test
    attributes: {plan: [1, {b: null}, 2.5, true]}
    roles: [{role: lead, workspace: north}, lead]
workspaces:
  - {slug: north, name: North, members: [{user: bob@acme.test, permissions: [ticket.read]}, {user: "1001"}]}
clients:
  - {client_id: SLUG-app, kind: spa, number: 1, redirect_uris: ["https://b.test/x", "https://a.test/x"], scopes: [b, a]}
  - {client_id: SLUG-api, kind: service, scopes: [root], rank: 5}
consents:
  - {user: BOB@acme.test, client: SLUG-app, scopes: [profile, offline_access], expires_at: 2030-01-01T02:00:00+02:00}
policy: {version: 1, rules: [{name: a, impersonators: {roles: [super_admin]}}]}
"""
TABLES = (clients, consents, issuers, memberships, roles, tenants, user_roles, users, workspaces, policies)


async def test_a_new_tenant_has_everything_its_document_says(applied: Applied, stored: Stored) -> None:
    report = await applied(EVERYTHING)

    assert report.revision == 1
    assert {table.name: len(await stored(table)) for table in TABLES} == {
        "tenants": 1, "users": 2, "roles": 2, "user_roles": 3, "workspaces": 1, "memberships": 2, "clients": 3,
        "consents": 1, "issuers": 1, "policies": 1,
    }  # fmt: skip


async def test_a_new_tenant_gets_its_built_in_client(applied: Applied, stored: Stored, slug: str) -> None:
    await applied("name: Acme")

    built_in = (await stored(clients))[0]
    told = {name: built_in[name] for name in ("client_id", "kind", "refresh_policy", "audience", "secret_digests")}
    assert told == {
        "client_id": f"impersonator:{slug}", "kind": "spa", "refresh_policy": "rotate", "audience": None,
        "secret_digests": [],
    }  # fmt: skip


async def test_the_same_file_again_changes_nothing(applied: Applied, stored: Stored) -> None:
    await applied(EVERYTHING)
    before = [await stored(table) for table in TABLES]

    report = await applied(EVERYTHING)

    assert report.changes == ()
    assert report.revision == 1
    assert sum(report.unchanged.values()) == 11
    assert [await stored(table) for table in TABLES] == before


async def test_a_change_raises_the_revision_once(applied: Applied, stored: Stored) -> None:
    await applied(EVERYTHING)

    report = await applied("roles: [{name: lead, rank: 71}, {name: new}]\nusers: [{external_id: 1001, roles: []}]")

    assert report.revision == 2
    assert (await stored(tenants))[0]["revision"] == 2


async def test_the_audit_remembers_who_applied_what(applied: Applied, stored: Stored) -> None:
    await applied("roles: [{name: a}, {name: b}]", by="jo@host")

    entry = (await stored(audit_entries))[0]
    assert entry["action"] == "realm.applied"
    assert entry["detail"]["by"] == "jo@host"
    assert entry["detail"]["created"] == {"tenant": 1, "roles": 2}


async def test_a_key_left_out_keeps_what_is_stored(applied: Applied, stored: Stored) -> None:
    await applied(EVERYTHING)

    report = await applied(
        "users: [{external_id: 1002, display_name: Bob}]\nclients: [{client_id: SLUG-app, number: 7}]"
    )

    assert changes_of(report, "users", "bob@acme.test") == {"display_name": (None, "Bob")}
    assert (await stored(users))[1]["email"] == "bob@acme.test"
    assert len(await stored(user_roles)) == 3
    app = (await stored(clients))[1]
    assert (app["number"], app["scopes"], app["kind"]) == (7, ["a", "b"], "spa")


async def test_a_list_inside_an_entry_is_whole(applied: Applied, stored: Stored, slug: str) -> None:
    await applied(EVERYTHING)

    report = await applied(
        "roles: [{name: lead, permissions: [c]}]\n"
        "users: [{external_id: 1002, roles: [super_admin]}]\n"
        "workspaces: [{slug: north, members: [{user: ana@acme.test, permissions: [x]}]}]\n"
        "clients: [{client_id: SLUG-app, redirect_uris: []}]"
    )

    assert changes_of(report, "roles", "lead") == {"permissions": (["a", "b"], ["c"])}
    assert changes_of(report, "users", "bob@acme.test") == {"roles": (["lead", "lead in north"], ["super_admin"])}
    assert changes_of(report, "workspaces", "north") == {
        "members": ({"ana@acme.test": [], "bob@acme.test": ["ticket.read"]}, {"ana@acme.test": ["x"]})
    }
    assert list(changes_of(report, "clients", f"{slug}-app")) == ["redirect_uris"]
    assert [len(await stored(table)) for table in (user_roles, memberships)] == [2, 1]


async def test_an_entry_left_out_stays(applied: Applied, stored: Stored) -> None:
    await applied(EVERYTHING)

    report = await applied("users: []\nroles: []\nclients: []\nconsents: []\nissuers: []\nworkspaces: []")

    assert report.changes == ()
    assert {row["status"] for row in await stored(users)} == {"active"}


async def test_null_clears_what_may_be_empty(applied: Applied, stored: Stored) -> None:
    await applied(EVERYTHING)

    await applied(
        "users: [{external_id: 1001, email: null, display_name: ~}]\nclients: [{client_id: SLUG-app, number: null}]"
    )

    ana = (await stored(users))[0]
    assert (ana["email"], ana["display_name"]) == (None, None)
    assert (await stored(clients))[1]["number"] is None


async def test_somebody_is_found_by_external_id_first(applied: Applied, stored: Stored) -> None:
    await applied(EVERYTHING)

    await applied("users: [{external_id: 1001, email: ana@new.test}]")

    assert [row["email"] for row in await stored(users)] == ["ana@new.test", "bob@acme.test"]


async def test_somebody_without_a_known_external_id_is_found_by_email(applied: Applied, stored: Stored) -> None:
    await applied("users: [{email: ana@acme.test}]")

    await applied("users: [{external_id: 7, email: ANA@acme.test}]")

    found = [(row["external_id"], row["email"]) for row in await stored(users)]
    assert found == [("7", "ANA@acme.test")]


async def test_two_people_may_trade_names(applied: Applied, stored: Stored) -> None:
    await applied("users: [{external_id: 1, email: a@x.test}, {external_id: 2, email: b@x.test}]")

    await applied("users: [{external_id: 1, email: b@x.test}, {external_id: 2, email: a@x.test}]")

    assert [row["email"] for row in await stored(users)] == ["b@x.test", "a@x.test"]


async def test_two_clients_may_trade_numbers(applied: Applied, stored: Stored) -> None:
    await applied("clients: [{client_id: SLUG-a, kind: spa, number: 1}, {client_id: SLUG-b, kind: spa, number: 2}]")

    await applied("clients: [{client_id: SLUG-a, number: 2}, {client_id: SLUG-b, number: 1}]")

    assert [row["number"] for row in await stored(clients)] == [None, 2, 1]


async def test_an_external_id_that_is_another_users_id_is_refused(applied: Applied, stored: Stored) -> None:
    await applied("users: [{external_id: 1}]")
    victim = (await stored(users))[0]["id"]

    faults = await faults_when(applied, f"users: [{{external_id: '{str(victim).upper()}'}}]")

    assert faults == ["realm.yaml:2: users[0].external_id: is the id of another user"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            "users: [{email: Bob@acme.test}, {external_id: 1002}]",
            "users[1]: is the same person as another entry",
        ),
        (
            "users: [{external_id: 3, email: Bob@acme.test}]",
            "users[0].email: belongs to a user with another external id",
        ),
        (
            "issuers: [{issuer: 'https://idp.test', jwks_uri: 'https://idp.test/k', audience: us, typ: [JWT]}]",
            "issuers[0].require_claims: must tell access tokens from others where typ is JWT",
        ),
        (
            "users: [{external_id: 1001, email: bob@acme.test}]",
            "users[0].email: is that of another user",
        ),
        (
            "users: [{external_id: 8, email: c@x.test}, {external_id: 9, email: C@x.test}]",
            "users[1].email: is that of another user",
        ),
        (
            "users: [{external_id: 1001, roles: [boss]}]",
            "users[0].roles[0]: no role is called 'boss'",
        ),
        (
            "users: [{external_id: 1001, roles: [{role: lead, workspace: up}]}]",
            "users[0].roles[0]: no workspace is called 'up'",
        ),
        (
            "workspaces: [{slug: s, members: [{user: eve}]}]",
            "workspaces[0].members[0].user: no such user",
        ),
        (
            "workspaces: [{slug: s, members: [{user: 1001}, {user: ana@acme.test}]}]",
            "workspaces[0].members[1]: is the same person as another member",
        ),
        (
            "consents: [{user: 1001, client: nothing, scopes: [a]}]",
            "consents[0].client: no client is called 'nothing'",
        ),
        (
            "consents: [{user: eve, client: SLUG-app, scopes: [a]}]",
            "consents[0].user: no such user",
        ),
        (
            "clients: [{client_id: SLUG-x}]",
            "clients[0].kind: is required for a new client",
        ),
        (
            "clients: [{client_id: SLUG-app, kind: service}]",
            "clients[0].kind: cannot be changed; make another client",
        ),
        (
            "clients: [{client_id: SLUG-x, kind: spa, number: 1}]",
            "clients[0].number: is that of another client",
        ),
        (
            "issuers: [{issuer: 'https://new.test', audience: x}]",
            "issuers[0].jwks_uri: is required for a new issuer",
        ),
    ],
)
async def test_what_does_not_fit_what_is_stored_is_refused(applied: Applied, text: str, fault: str) -> None:
    await applied(EVERYTHING)

    faults = await faults_when(applied, text)

    assert faults == [f"realm.yaml:2: {fault}"]


async def test_a_client_id_of_another_tenant_is_refused(applied: Applied, desk: Desk, slug: str) -> None:
    await applied(EVERYTHING)
    other = f"tenant: {slug}-2\nclients: [{{client_id: {slug}-app, kind: spa}}]"

    with pytest.raises(InvalidRealmError, match="is taken by another tenant"):
        await desk.run_in_transaction(realm.apply, realm.read_realm(other.encode()))


async def test_a_name_that_means_two_people_is_refused(applied: Applied) -> None:
    await applied("users: [{external_id: a@x.test}, {external_id: 2, email: a@x.test}]")

    faults = await faults_when(applied, "workspaces: [{slug: w, members: [{user: a@x.test}]}]")

    assert "one user has this external id and another this e-mail address" in faults[0]


async def test_a_wrong_file_changes_nothing_in_any_tenant(desk: Desk, slug: str, stored: Stored) -> None:
    text = f"tenant: {slug}\nroles: [{{name: a}}]\n---\ntenant: {slug}-2\nusers: [{{email: a@x.test, roles: [b]}}]\n"

    with pytest.raises(InvalidRealmError):
        await desk.run_in_transaction(realm.apply, realm.read_realm(text.encode()))

    assert await stored(tenants) == []


async def test_a_dry_run_tells_everything_and_leaves_nothing(applied: Applied, stored: Stored) -> None:
    report = await applied(EVERYTHING, dry_run=True)

    assert len(report.created) == 11
    assert report.secrets == ()
    assert await stored(tenants) == []


async def test_tenant_settings_are_changed_one_by_one(applied: Applied, stored: Stored) -> None:
    await applied("settings: {kill_switch: true, opt_out: true}")

    await applied("name: Acme\nstatus: suspended\nsettings: {opt_out: false}")

    tenant = (await stored(tenants))[0]
    assert tenant["settings"] == {"kill_switch": True, "opt_out": False}
    assert (tenant["name"], tenant["status"]) == ("Acme", "suspended")


async def test_another_policy_is_a_new_version(applied: Applied, stored: Stored) -> None:
    await applied(EVERYTHING)

    await applied("policy: {version: 1, on_active: reject, rules: []}")

    assert [row["version"] for row in await stored(policies)] == [1, 2]


async def test_a_consent_given_with_other_scopes_is_a_new_one(applied: Applied, stored: Stored, clock: Clock) -> None:
    await applied(EVERYTHING)
    clock.forward(hours=1)

    await applied("consents: [{user: '1002', client: SLUG-app, scopes: [profile]}]")

    consent = (await stored(consents))[0]
    assert consent["scopes"] == ["profile"]
    assert consent["granted_at"] == clock()


async def test_a_withdrawn_consent_stays_so_until_it_is_given_again(applied: Applied, stored: Stored) -> None:
    consent = "consents: [{user: '1002', client: SLUG-app, scopes: [offline_access, profile]%s}]"
    await applied(EVERYTHING)
    await applied(consent % ", withdrawn: true")

    kept = await applied(consent % "")
    withdrawn_at = (await stored(consents))[0]["withdrawn_at"]
    await applied(consent % ", withdrawn: false")

    assert kept.changes == ()
    assert withdrawn_at is not None
    assert (await stored(consents))[0]["withdrawn_at"] is None


async def test_a_thousand_people_take_as_many_statements_as_one(applied: Applied, engine: AsyncEngine) -> None:
    people = ", ".join(f"{{external_id: {n}, email: p{n}@x.test, roles: [a, b]}}" for n in range(1000))

    async with statements_of(engine) as statements:
        await applied(f"roles: [{{name: a}}, {{name: b}}]\nusers: [{people}]")

    assert len(statements) < 20
