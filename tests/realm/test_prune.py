from impersonator_api.directory.tables import clients, consents, issuers, roles, user_roles, users
from realm.conftest import Applied, Stored

FULL = """
roles: [{name: a}, {name: b}]
users: [{external_id: 1, roles: [a]}, {external_id: 2, status: pending}, {external_id: 3, status: deleted}]
clients: [{client_id: SLUG-one, kind: spa}, {client_id: SLUG-two, kind: service}]
consents: [{user: 1, client: SLUG-one, scopes: [x]}, {user: 2, client: SLUG-one, scopes: [x]}]
issuers:
  - {issuer: "https://one.SLUG.test", jwks_uri: "https://one.SLUG.test/jwks", audience: a}
  - {issuer: "https://two.SLUG.test", jwks_uri: "https://two.SLUG.test/jwks", audience: a}
"""


async def test_prune_suspends_people_that_the_list_leaves_out(applied: Applied, stored: Stored) -> None:
    await applied(FULL)

    await applied("users: [{external_id: 1}]", prune=True)

    assert [row["status"] for row in await stored(users)] == ["active", "suspended", "deleted"]


async def test_prune_suspends_clients_but_never_the_built_in_one(applied: Applied, stored: Stored) -> None:
    await applied(FULL)

    await applied("clients: []", prune=True)

    found = {row["client_id"].partition("-")[2]: row["status"] for row in await stored(clients)}
    assert found == {"": "active", "one": "suspended", "two": "suspended"}


async def test_prune_withdraws_consents(applied: Applied, stored: Stored) -> None:
    await applied(FULL)

    await applied("consents: [{user: 2, client: SLUG-one, scopes: [x]}]", prune=True)

    assert [row["withdrawn_at"] is None for row in await stored(consents)] == [False, True]


async def test_prune_no_longer_believes_issuers_left_out(applied: Applied, stored: Stored) -> None:
    await applied(FULL)

    await applied('issuers: [{issuer: "https://two.SLUG.test"}]', prune=True)

    assert sorted((row["issuer"][8:11], row["status"]) for row in await stored(issuers)) == [
        ("one", "suspended"),
        ("two", "active"),
    ]


async def test_prune_leaves_kinds_alone_that_the_document_does_not_list(applied: Applied) -> None:
    await applied(FULL)

    report = await applied("name: Acme", prune=True)

    assert [change.kind for change in report.changes] == ["tenant"]


async def test_prune_deletes_neither_roles_nor_what_people_hold(applied: Applied, stored: Stored) -> None:
    await applied(FULL)

    await applied("roles: [{name: b}]\nusers: []", prune=True)

    assert [len(await stored(table)) for table in (roles, user_roles)] == [2, 1]


async def test_pruning_twice_changes_nothing(applied: Applied) -> None:
    await applied(FULL)
    nothing = "users: []\nclients: []\nconsents: []\nissuers: []"
    await applied(nothing, prune=True)

    report = await applied(nothing, prune=True)

    assert report.changes == ()


async def test_what_was_pruned_comes_back_when_it_says_so(applied: Applied, stored: Stored) -> None:
    await applied(FULL)
    await applied("users: []", prune=True)

    quiet = await applied("users: [{external_id: 1}]")
    await applied("users: [{external_id: 1, status: active}]")

    assert quiet.changes == ()
    assert (await stored(users))[0]["status"] == "active"
