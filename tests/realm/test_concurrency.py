import asyncio

from impersonator_api import realm
from impersonator_api.directory.tables import tenants, user_roles, users
from impersonator_api.work import Desk
from realm.conftest import Applied, Stored


async def test_the_same_new_tenant_applied_ten_times_at_once_is_made_once(applied: Applied, stored: Stored) -> None:
    text = (
        "roles: [{name: a}]\n"
        "users: [{external_id: 1, email: a@x.test, roles: [a]}]\n"
        "clients: [{client_id: SLUG-a, kind: service}]"
    )

    reports = await asyncio.gather(*[applied(text) for _ in range(10)])

    assert sorted(len(report.changes) for report in reports) == [0] * 9 + [4]
    assert [len(await stored(table)) for table in (tenants, users, user_roles)] == [1, 1, 1]


async def test_two_changes_at_once_both_count(applied: Applied, stored: Stored) -> None:
    await applied("users: [{external_id: 1}]")

    await asyncio.gather(
        applied("users: [{external_id: 1, email: a@x.test}]"),
        applied("users: [{external_id: 1, display_name: A}]"),
        applied("users: [{external_id: 1, locale: en}]"),
    )

    user = (await stored(users))[0]
    assert (user["email"], user["display_name"], user["locale"]) == ("a@x.test", "A", "en")
    assert (await stored(tenants))[0]["revision"] == 4


async def test_files_that_name_tenants_in_other_orders_do_not_deadlock(desk: Desk, slug: str) -> None:
    names = [f"{slug}-a", f"{slug}-b"]

    async def apply(order: list[str], role: str) -> realm.Report:
        text = "---\n".join(f"tenant: {name}\nroles: [{{name: {role}}}]\n" for name in order)
        return await desk.run_in_transaction(realm.apply, realm.read_realm(text.encode()))

    reports = await asyncio.gather(*[apply(names[:: 1 if n % 2 else -1], f"r{n}") for n in range(8)])

    assert all(not report.is_empty for report in reports)
