from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from impersonator_api import realm
from impersonator_api.realm import UnknownTenantError
from impersonator_api.work import Desk
from realm.conftest import Applied
from realm.test_apply import EVERYTHING

texts = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
people = st.lists(
    st.fixed_dictionaries(
        {"external_id": texts},
        optional={"display_name": texts, "email_verified": st.booleans(), "attributes": st.dictionaries(texts, values)},
    ),
    max_size=4,
    unique_by=lambda user: user["external_id"],
)


async def exported(desk: Desk, slug: str) -> str:
    return realm.as_yaml(await desk.run_in_transaction(realm.export, slug))


async def test_what_is_exported_changes_nothing_when_applied(applied: Applied, desk: Desk, slug: str) -> None:
    await applied(EVERYTHING)

    text = await exported(desk, slug)
    report = await desk.run_in_transaction(realm.apply, realm.read_realm(text.encode()))

    assert report.is_empty
    assert sum(report.tenants[0].unchanged.values()) == 11


async def test_pruning_with_what_is_exported_changes_nothing(applied: Applied, desk: Desk, slug: str) -> None:
    await applied(EVERYTHING)

    documents = realm.read_realm((await exported(desk, slug)).encode())
    report = await desk.run_in_transaction(realm.apply, documents, prune=True)

    assert report.is_empty


async def test_an_export_holds_neither_secrets_nor_our_own_client(applied: Applied, desk: Desk, slug: str) -> None:
    await applied(f"clients: [{{client_id: SLUG-api, kind: service, secret: {'s' * 40}}}]")

    text = await exported(desk, slug)

    assert "secret" not in text
    assert "impersonator:" not in text


async def test_an_export_of_all_has_a_document_for_each_tenant(applied: Applied, desk: Desk, slug: str) -> None:
    await applied("name: Acme")

    documents = await desk.run_in_transaction(realm.export)

    assert slug in [document["tenant"] for document in documents]


async def test_an_unknown_tenant_is_not_exported(desk: Desk) -> None:
    with pytest.raises(UnknownTenantError):
        await desk.run_in_transaction(realm.export, "nobody")


@settings(
    max_examples=25,
    # To shrink a failure would take minutes, a database round trip at a time.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    deadline=None,
    # Each example applies to the same tenant, which is what a tenant goes through.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(users=people)
@example(users=[{"external_id": "1", "attributes": {"a": 1e16, "b": 1.7e308, "c": -0.0, "d": 5e-324, "e": 10**30}}])
async def test_whatever_people_are_called_their_export_changes_nothing(
    desk: Desk, slug: str, users: list[dict[str, Any]]
) -> None:
    document = realm.as_yaml([{"tenant": slug, "users": users}])
    await desk.run_in_transaction(realm.apply, realm.read_realm(document.encode()))

    again = await desk.run_in_transaction(realm.apply, realm.read_realm(document.encode()))
    text = await exported(desk, slug)
    report = await desk.run_in_transaction(realm.apply, realm.read_realm(text.encode()))

    assert again.is_empty
    assert report.is_empty
