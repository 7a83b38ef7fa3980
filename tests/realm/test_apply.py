from realm.conftest import Applied

ACME = """
roles:
  - {name: super_admin, rank: 100, permissions: ["*"]}
  - {name: lead, rank: 70}
users:
  - {external_id: 1001, email: ana@acme.test, roles: [super_admin]}
  - {external_id: 1002, email: bob@acme.test, roles: [{role: lead, workspace: north}], attributes: {a: [1, {b: null}]}}
workspaces:
  - {slug: north, name: North, members: [{user: bob@acme.test, permissions: [ticket.read]}]}
clients:
  - {client_id: SLUG-dash, kind: spa, number: 1, redirect_uris: ["https://app.acme.test/callback"], refresh_policy: reuse}
  - {client_id: SLUG-back, kind: service, scopes: [root]}
consents:
  - {user: bob@acme.test, client: SLUG-dash, scopes: [profile, offline_access], expires_at: 2030-01-01T00:00:00Z}
policy:
  version: 1
  rules: [{name: a, impersonators: {roles: [super_admin]}}]
issuers:
  - {issuer: "https://idp.SLUG.test", jwks_uri: "https://idp.SLUG.test/jwks", audience: impersonator}
"""


async def test_it(applied: Applied, slug: str) -> None:
    report = await applied(ACME.replace("SLUG", slug))
    print(report.as_json())
    report = await applied(ACME.replace("SLUG", slug))
    print(report.as_json())
    assert report.is_empty


async def test_export(applied: Applied, slug: str, desk) -> None:
    from impersonator_api import realm
    await applied(ACME.replace("SLUG", slug))
    d = await desk.run_in_transaction(realm.export, slug)
    text = realm.as_yaml(d)
    print(text)
    r = await desk.run_in_transaction(realm.apply, realm.read_realm(text.encode()))
    assert r.is_empty, r
