import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from impersonator_api import realm
from impersonator_api.realm import Imported, ImportWishes, InvalidRealmError, is_keycloak_export, read_keycloak
from impersonator_api.realm.document import Client, Realm, User
from impersonator_api.work import Desk

EXPORT = (Path(__file__).parent / "keycloak-export.json").read_bytes()
OLGA = "11111111-aaaa-4bbb-8ccc-000000000001"


def imported(**wishes: Any) -> Imported:
    return read_keycloak(EXPORT, "export.json", ImportWishes(**wishes))


def bikes(**wishes: Any) -> Realm:
    return imported(**wishes).documents[0].realm


def user(name: str, **wishes: Any) -> User:
    return next(each for each in bikes(**wishes).users if each.attributes["username"] == name)


def client(client_id: str) -> Client:
    return next(each for each in bikes().clients if each.client_id == client_id)


def exporting(**realm_keys: Any) -> bytes:
    return json.dumps({"realm": "bikes", **realm_keys}).encode()


def test_a_realm_becomes_a_tenant() -> None:
    found = bikes()

    assert (found.tenant, found.name, found.status) == ("bike-shop", "The Bike Shop", "active")


def test_a_user_is_known_by_what_keycloak_puts_into_sub() -> None:
    olga = user("olga")

    assert olga.external_id == OLGA
    assert (olga.email, olga.email_verified, olga.display_name) == ("olga@bikes.test", True, "Olga Owner")
    assert (olga.locale, olga.status) == ("pl", "active")
    assert olga.attributes == {"username": "olga", "shop": "main", "keys": ["1", "2"]}


def test_a_disabled_user_is_suspended() -> None:
    assert user("gone").status == "suspended"


def test_nobody_is_mighty_because_keycloak_said_so() -> None:
    assert {(role.rank, role.permissions) for role in bikes().roles} == {(0, ())}


def test_keycloaks_own_roles_are_left_out() -> None:
    assert [role.name for role in bikes().roles] == ["mechanic", "owner", "rider", "till/refund"]


def test_composite_roles_are_held_with_all_they_stand_for() -> None:
    assert [grant.role for grant in user("olga").roles] == ["mechanic", "owner", "rider", "till/refund"]


def test_a_member_of_an_inner_group_holds_the_outer_groups_roles() -> None:
    assert [grant.role for grant in user("nick").roles] == ["mechanic", "till/refund"]


def test_a_map_of_roles_gives_rank_permissions_and_another_name() -> None:
    roles = b"owner: {name: super_admin, rank: 100, permissions: ['*']}\nrealm-management/impersonation: {rank: 50}"

    found = {role.name: (role.rank, role.permissions) for role in bikes(roles=roles).roles}
    held = [grant.role for grant in user("olga", roles=roles).roles]
    assert found["super_admin"] == (100, ("*",))
    assert "super_admin" in held
    assert "realm-management/impersonation" in held


def test_roles_that_share_a_name_are_worth_what_the_best_is() -> None:
    roles = b"owner: {name: boss, rank: 9, permissions: [a]}\nmechanic: {name: boss, rank: 3, permissions: [b]}"

    assert [(role.rank, role.permissions) for role in bikes(roles=roles).roles if role.name == "boss"] == [
        (9, ("a", "b"))
    ]


def test_a_wrong_map_of_roles_is_told_with_its_line() -> None:
    with pytest.raises(InvalidRealmError, match=r"roles.yaml:2: rider.rank: must be a whole number"):
        imported(roles=b"owner: {}\nrider: {rank: high}")


def test_a_role_of_the_map_that_the_export_lacks_is_warned_of() -> None:
    assert "roles.yaml: no role is called 'king'." in imported(roles=b"king: {rank: 9}").warnings


def test_public_clients_are_spas_and_service_accounts_services() -> None:
    front, stock = client("shop-front"), client("stock")

    assert (front.kind, front.status, front.consent_required) == ("spa", "active", True)
    assert (stock.kind, stock.status) == ("service", "suspended")
    assert "secret" not in stock.model_fields_set


def test_redirect_uris_with_wildcards_are_dropped_and_warned_of() -> None:
    assert client("shop-front").redirect_uris == ("https://bikes.test/callback",)
    assert any("loses redirect URI 'https://bikes.test/*'" in warning for warning in imported().warnings)


def test_consents_come_along() -> None:
    (consent,) = bikes().consents

    assert (consent.user, consent.client, consent.scopes) == (OLGA, "shop-front", ("offline_access", "profile"))


def test_no_issuer_is_believed_unless_one_is_named() -> None:
    assert bikes().issuers == ()


def test_a_named_issuer_is_believed_for_bearer_tokens_only() -> None:
    (issuer,) = bikes(issuer="https://idp.test/realms/bikes").issuers

    assert issuer.jwks_uri == "https://idp.test/realms/bikes/protocol/openid-connect/certs"
    assert (issuer.typ, issuer.require_claims) == (("JWT",), {"typ": "Bearer"})
    assert (issuer.audience, issuer.subject) == ("impersonator", "external_id")


@pytest.mark.parametrize(
    "warning",
    [
        "1 top-level groups are left out; their members keep the groups' roles.",
        "1 service accounts are left out; give their clients scopes by hand.",
        "user 'gone' keeps no e-mail address: it is malformed or somebody else's too.",
        "user 'ghost' is left out: neither id nor e-mail address.",
        "user 'late' has no id in the export, so no token's `sub` will find them.",
        "client 'Shop Front' is called 'shop-front' here.",
        "client 'till' is left out: it is a resource server; name it as the audience of a client.",
        "client 'https://saml.bikes.test' is left out: it speaks saml.",
    ],
)
def test_what_is_left_out_is_warned_of(warning: str) -> None:
    assert f"Bike Shop: {warning}" in imported().warnings


def test_credentials_and_secrets_are_nowhere_in_what_is_read() -> None:
    found = imported()

    assert "hashed-and-secret" not in repr(found)
    assert "**********" not in realm.as_yaml(found.written)


def test_several_realms_are_several_tenants() -> None:
    found = read_keycloak(b'[{"realm": "one"}, {"realm": "two"}]', "export.json")

    assert [document.realm.tenant for document in found.documents] == ["one", "two"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (b"{", "export.json:1: is not JSON"),
        (b"[" * 100_000, "export.json: is not JSON"),
        (b"\xff", "is not JSON in UTF-8"),
        (b"[3]", "export.json: .*must be"),
        (b'{"name": "x"}', r"export.json: \[0\].realm: is required"),
        (b'{"realm": "x", "users": 3}', r"\[0\].users: must be a list"),
        (b'{"realm": "!"}', "tenant: must be lower-case letters"),
    ],
)
def test_what_is_no_export_is_refused(source: bytes, message: str) -> None:
    with pytest.raises(InvalidRealmError, match=message):
        read_keycloak(source, "export.json")


def test_one_name_is_not_given_to_several_realms() -> None:
    with pytest.raises(InvalidRealmError, match="holds several realms"):
        read_keycloak(b'[{"realm": "one"}, {"realm": "two"}]', "export.json", ImportWishes(tenant="bikes"))


def test_what_cannot_be_stored_is_left_out() -> None:
    people = [{"id": "1", "username": "a\0", "email": "a", "enabled": True, "attributes": {"x": ["y"]}}]
    found = read_keycloak(exporting(users=people), "export.json")

    assert found.documents[0].realm.users[0].attributes == {}
    assert len(found.warnings) == 2


def test_a_file_tells_what_it_is() -> None:
    assert is_keycloak_export(EXPORT)
    assert is_keycloak_export(b' [{"realm": "one"}]')
    assert not is_keycloak_export(b"tenant: acme")
    assert not is_keycloak_export(b'{"tenant": "acme"}')


async def test_an_export_can_be_applied_twice(desk: Desk, slug: str) -> None:
    (document,) = imported(tenant=slug).documents
    # Client ids are one namespace, and this database has other tests' tenants.
    documents = [replace(document, realm=document.realm.model_copy(update={"clients": (), "consents": ()}))]

    first = await desk.run_in_transaction(realm.apply, documents)
    again = await desk.run_in_transaction(realm.apply, documents)

    assert len(first.tenants[0].created) == 9
    assert again.is_empty
