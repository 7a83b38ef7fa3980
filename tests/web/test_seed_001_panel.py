"""Seed 001's admin panel: what its server reads of a user, and the two things that it takes away."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from builders import SECRET, Organisation, Someone, audit_of, make_tenant, ordinary_token, session_row, start
from conftest import Clock
from impersonator_api.directory.tables import consents, tenants
from impersonator_api.work import Desk

SCOPES = ["offline_access", "profile"]


class Panel:
    """A tenant with Ana, who may act as Bob, and the panel's server with tokens for it."""

    def __init__(self, acme: Organisation, http: AsyncClient, desk: Desk) -> None:
        self.acme, self.http, self.desk = acme, http, desk

    async def assemble(self) -> "Panel":
        self.ana = await self.acme.person("ana", "super_admin")
        self.bob = await self.acme.person("bob", "customer", given_name="Bob", locale="de")
        self.server = await self.acme.client(
            "panel", kind="service", scopes=["root", "read_user", "write_user", "read_app"]
        )
        self.bearer = await self.token("root")
        return self

    async def token(self, scope: str) -> str:
        form = {"grant_type": "client_credentials", "scope": scope}
        answer = await self.http.post("/oauth2/v1/token", data=form, auth=(self.server, SECRET))
        token: str = answer.raise_for_status().json()["access_token"]
        return token

    async def get(self, path: str, *, bearer: str | None = None) -> Response:
        return await self.http.get(path, headers={"Authorization": f"Bearer {bearer or self.bearer}"})

    async def delete(self, path: str, *, bearer: str | None = None) -> Response:
        return await self.http.delete(path, headers={"Authorization": f"Bearer {bearer or self.bearer}"})

    def of(self, user: Someone | str, part: str = "") -> str:
        name = user if isinstance(user, str) else str(user.id)
        return f"/api/v1/users/{name}/{part}".rstrip("/")

    async def wallet(self) -> str:
        """A SPA that asks for consent, and has Bob's."""
        wallet = await self.acme.client("wallet", number=3, consent_required=True)
        await self.acme.consent(self.bob, wallet, SCOPES)
        return wallet

    async def every(self, path: str, name: str) -> list[Any]:
        """All members of a list, two a page."""
        seen, url = [], f"{path}?limit=2"
        while url:
            page = (await self.get(url)).raise_for_status()
            assert len(page.json()[name]) <= 2
            seen += page.json()[name]
            url = page.links["next"]["url"] if "next" in page.links else ""
        return seen


@pytest.fixture
async def panel(engine: AsyncEngine, http: AsyncClient, signing_desk: Desk) -> Panel:
    return await Panel(await make_tenant(engine), http, signing_desk).assemble()


async def consent_row(panel: Panel, client_id: str) -> Any:
    question = select(consents).where(
        consents.c.user_id == panel.bob.id, consents.c.client_id == panel.acme.client_ids[client_id]
    )
    async with panel.acme.engine.connect() as db:
        return (await db.execute(question)).one()


async def revision_of(acme: Organisation) -> int:
    async with acme.engine.connect() as db:
        return int((await db.execute(select(tenants.c.revision).where(tenants.c.id == acme.id))).scalar_one())


# ── a user ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_user_is_shown_under_seed_001s_names(panel: Panel) -> None:
    user = (await panel.get(panel.of(panel.bob))).raise_for_status().json()["user"]

    expected = {"authId": str(panel.bob.id), "email": panel.bob.email, "firstName": "Bob", "locale": "de"}
    assert expected.items() <= user.items()
    assert (user["roles"], user["isActive"]) == (["customer"], True)
    assert {"emailVerified", "lastName", "linkedAccount", "attributes", "createdAt", "updatedAt"} <= user.keys()


@pytest.mark.parametrize("part", ["", "active-sessions", "consented-apps"])
async def test_a_user_is_named_by_external_id_as_well(panel: Panel, part: str) -> None:
    by_id, by_external_id = [await panel.get(panel.of(name, part)) for name in (panel.bob, panel.bob.external_id)]

    assert by_external_id.status_code == 200
    assert by_external_id.json() == by_id.json()


async def test_a_suspended_user_is_shown_as_such(panel: Panel) -> None:
    gone = await panel.acme.person("gone", "customer", status="suspended")

    user = (await panel.get(panel.of(gone))).json()["user"]

    assert (user["isActive"], user["status"]) == (False, "suspended")


@pytest.mark.parametrize("part", ["", "active-sessions", "consented-apps"])
async def test_an_unknown_user_is_404_and_an_ambiguous_one_409(panel: Panel, part: str) -> None:
    await panel.acme.person("double", external_id=str(panel.bob.id))

    unknown, ambiguous = await panel.get(panel.of("nobody", part)), await panel.get(panel.of(panel.bob, part))

    assert (unknown.status_code, unknown.json()["code"]) == (404, "target-unknown")
    assert (ambiguous.status_code, ambiguous.json()["code"]) == (409, "ambiguous-user")


# ── sessions ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_whoever_acts_as_the_user_now_is_listed(panel: Panel, clock: Clock) -> None:
    running = (await start(panel.desk, panel.ana, panel.bob, duration=timedelta(minutes=10))).live.session

    (listed,) = (await panel.get(panel.of(panel.bob, "active-sessions"))).json()["activeSessions"]

    assert listed["sessionId"] == str(running.id)
    assert listed["authId"] == str(panel.bob.id)
    assert listed["clientId"] == f"impersonator:{panel.acme.slug}"
    assert listed["expiredAt"] == int(clock().timestamp()) + 600
    assert (listed["impersonatedBy"], listed["impersonator"]) == (str(panel.ana.id), panel.ana.email)


async def test_what_is_over_or_another_users_is_not_listed(panel: Panel, clock: Clock) -> None:
    carol, lea = await panel.acme.person("carol", "customer"), await panel.acme.person("lea", "super_admin")
    await start(panel.desk, lea, panel.bob, duration=timedelta(minutes=1))
    await start(panel.desk, panel.ana, panel.bob)
    await start(panel.desk, panel.ana, carol)
    clock.forward(minutes=2)

    answer = await panel.get(panel.of(panel.bob, "active-sessions"))

    assert answer.json() == {"activeSessions": []}


async def test_pages_of_sessions_neither_skip_nor_repeat(panel: Panel, clock: Clock) -> None:
    started = []
    for number in range(5):
        clock.forward(seconds=1)
        somebody = await panel.acme.person(f"ana{number}", "super_admin")
        started.append(str((await start(panel.desk, somebody, panel.bob)).live.session.id))

    listed = await panel.every(panel.of(panel.bob.external_id, "active-sessions"), "activeSessions")

    assert [session["sessionId"] for session in listed] == started[::-1]


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "cursor=abc", "page=2", "limit=1&limit=1"])
@pytest.mark.parametrize("path", ["/api/v1/apps", "active-sessions", "consented-apps"])
async def test_a_query_that_a_list_cannot_follow_is_422(panel: Panel, path: str, query: str) -> None:
    answer = await panel.get(f"{path if path.startswith('/') else panel.of(panel.bob, path)}?{query}")

    assert answer.status_code == 422


async def test_a_session_is_ended_for_good_and_the_record_names_the_service(engine: AsyncEngine, panel: Panel) -> None:
    started = await start(panel.desk, panel.ana, panel.bob)
    session_id = started.live.session.id

    answer = await panel.delete(panel.of(panel.bob, f"active-sessions/{session_id}"))

    row, entries = await session_row(engine, session_id), await audit_of(engine, panel.acme)
    (entry,) = [each for each in entries if each.action == "session.ended"]
    assert (answer.status_code, answer.content) == (204, b"")
    assert (row.status, row.end_reason, row.ended_by) == ("ended", "revoked", panel.server)
    assert (entry.code, entry.target_id, entry.detail) == ("revoked", panel.bob.id, {"by": panel.server})
    assert (await panel.get("/oauth2/v1/userinfo", bearer=started.access.token)).status_code == 401


async def test_a_session_that_is_over_is_409(panel: Panel, clock: Clock) -> None:
    ended = (await start(panel.desk, panel.ana, panel.bob)).live.session
    path = panel.of(panel.bob, f"active-sessions/{ended.id}")
    (await panel.delete(path)).raise_for_status()
    overdue = (await start(panel.desk, panel.ana, panel.bob)).live.session
    clock.forward(minutes=31)

    again, late = [await panel.delete(each) for each in (path, panel.of(panel.bob, f"active-sessions/{overdue.id}"))]

    assert {answer.json()["code"] for answer in (again, late)} == {"session-already-ended"}
    assert again.status_code == 409


async def test_a_session_is_looked_for_among_the_users_own(engine: AsyncEngine, panel: Panel) -> None:
    carol = await panel.acme.person("carol", "customer")
    running = (await start(panel.desk, panel.ana, panel.bob)).live.session

    of_another = await panel.delete(panel.of(carol, f"active-sessions/{running.id}"))
    unknown = await panel.delete(panel.of(panel.bob, f"active-sessions/{uuid4()}"))
    of_nobody = await panel.delete(panel.of("nobody", f"active-sessions/{running.id}"))
    malformed = await panel.delete(panel.of(panel.bob, "active-sessions/7"))

    answers = (of_another, unknown, of_nobody, malformed)
    codes = ["session-unknown", "session-unknown", "target-unknown", "malformed-id"]
    assert [answer.json()["code"] for answer in answers] == codes
    assert (await session_row(engine, running.id)).status == "active"


async def test_of_ten_who_end_a_session_at_once_one_does(engine: AsyncEngine, panel: Panel) -> None:
    running = (await start(panel.desk, panel.ana, panel.bob)).live.session
    path = panel.of(panel.bob, f"active-sessions/{running.id}")

    answers = await asyncio.gather(*(panel.delete(path) for _ in range(10)))

    assert sorted(answer.status_code for answer in answers) == [204] + 9 * [409]
    actions = [entry.action for entry in await audit_of(engine, panel.acme)]
    assert actions.count("session.ended") == 1


# ── consents ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_consents_in_force_are_listed(panel: Panel, clock: Clock) -> None:
    wallet = await panel.wallet()
    for name, over in (("withdrawn", "withdrawn_at"), ("expired", "expires_at")):
        client = await panel.acme.client(name)
        await panel.acme.consent(panel.bob, client, SCOPES)
        await panel.acme.change(consents, consents.c.client_id == panel.acme.client_ids[client], **{over: clock()})

    (listed,) = (await panel.get(panel.of(panel.bob, "consented-apps"))).json()["consentedApps"]

    assert (listed["appId"], listed["appName"], listed["clientId"]) == (3, "wallet", wallet)
    assert (listed["scopes"], listed["expiresAt"]) == (SCOPES, None)


async def test_pages_of_consents_neither_skip_nor_repeat(panel: Panel) -> None:
    names = [await panel.acme.client(f"spa{number}") for number in range(5)]
    for name in names:
        await panel.acme.consent(panel.bob, name, SCOPES)

    listed = await panel.every(panel.of(panel.bob, "consented-apps"), "consentedApps")

    assert [app["appId"] for app in listed] == names[::-1]


@pytest.mark.parametrize("name", ["3", "client_id"])
async def test_a_consent_is_withdrawn_and_what_needed_it_ends(engine: AsyncEngine, panel: Panel, name: str) -> None:
    wallet, before = await panel.wallet(), await revision_of(panel.acme)
    running = (await start(panel.desk, panel.ana, panel.bob, client=wallet)).live.session

    answer = await panel.delete(panel.of(panel.bob, f"consented-apps/{wallet if name == 'client_id' else name}"))

    assert (answer.status_code, answer.content) == (204, b"")
    assert (await consent_row(panel, wallet)).withdrawn_at is not None
    assert await revision_of(panel.acme) == before + 1
    assert (await session_row(engine, running.id)).end_reason == "consent_withdrawn"
    assert (await panel.get(panel.of(panel.bob, "consented-apps"))).json() == {"consentedApps": []}


async def test_a_withdrawal_keeps_what_was_granted_and_touches_nothing_else(engine: AsyncEngine, panel: Panel) -> None:
    wallet, other = await panel.wallet(), await panel.acme.client("other")
    await panel.acme.consent(panel.bob, other, SCOPES)
    before = await consent_row(panel, wallet)
    running = (await start(panel.desk, panel.ana, panel.bob, client=other)).live.session

    (await panel.delete(panel.of(panel.bob, "consented-apps/3"))).raise_for_status()

    after = await consent_row(panel, wallet)
    assert (after.scopes, after.granted_at, after.expires_at) == (before.scopes, before.granted_at, before.expires_at)
    assert (await consent_row(panel, other)).withdrawn_at is None
    assert (await session_row(engine, running.id)).status == "active"


async def test_a_withdrawal_is_in_the_audit(engine: AsyncEngine, panel: Panel) -> None:
    wallet = await panel.wallet()

    (await panel.delete(panel.of(panel.bob, "consented-apps/3"))).raise_for_status()

    (entry,) = await audit_of(engine, panel.acme)
    assert (entry.action, entry.client_id) == ("consent.withdrawn", wallet)
    assert (entry.target_id, entry.target_label) == (panel.bob.id, panel.bob.email)
    assert entry.detail == {"by": panel.server, "revision": await revision_of(panel.acme)}


async def test_a_consent_is_withdrawn_once(engine: AsyncEngine, panel: Panel) -> None:
    await panel.wallet()
    before = await revision_of(panel.acme)

    answers = await asyncio.gather(*(panel.delete(panel.of(panel.bob, "consented-apps/3")) for _ in range(5)))

    assert sorted(answer.status_code for answer in answers) == [204] + 4 * [404]
    assert await revision_of(panel.acme) == before + 1
    assert len(await audit_of(engine, panel.acme)) == 1


async def test_a_consent_that_is_not_there_is_404_and_changes_nothing(panel: Panel) -> None:
    never = await panel.acme.client("never")
    before = await revision_of(panel.acme)

    apps = (never, "no-such-app", "999999999")
    codes = [(await panel.delete(panel.of(panel.bob, f"consented-apps/{app}"))).json()["code"] for app in apps]

    assert codes == ["consent-unknown", "client-unknown", "client-unknown"]
    assert await revision_of(panel.acme) == before


# ── clients, and the service ─────────────────────────────────────────────────────────────────────────────────────


async def test_clients_are_listed_without_secrets_and_without_the_built_in_one(panel: Panel) -> None:
    wallet = await panel.wallet()

    apps = (await panel.get("/api/v1/apps")).raise_for_status().json()["apps"]

    shown = [(app["id"], app["clientId"], app["type"], app["consentRequired"]) for app in apps]
    assert shown == [(3, wallet, "spa", True), (panel.server, panel.server, "s2s", False)]
    assert apps[0]["redirectUris"] == ["https://app.example.test/callback"]
    assert not any("secret" in member.lower() for app in apps for member in app)


async def test_pages_of_clients_neither_skip_nor_repeat(panel: Panel) -> None:
    names = [panel.server, *[await panel.acme.client(f"spa{number}") for number in range(4)]]

    apps = await panel.every("/api/v1/apps", "apps")

    assert [app["clientId"] for app in apps] == names[::-1]


async def test_what_the_service_is_like_is_told_to_anybody(http: AsyncClient) -> None:
    configs = (await http.get("/info")).raise_for_status().json()["configs"]

    assert configs["AUTH_SERVER_URL"] == "http://127.0.0.1:8000"
    assert (configs["SPA_ACCESS_TOKEN_EXPIRES_IN"], configs["S2S_ACCESS_TOKEN_EXPIRES_IN"]) == (300, 3600)
    assert configs["ENABLE_USER_APP_CONSENT"] is False


# ── who may ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("scope", ["read_user", "write_user", "read_app"])
async def test_each_scope_opens_its_own_doors(panel: Panel, scope: str) -> None:
    bearer, wallet = await panel.token(scope), await panel.wallet()
    session_id = (await start(panel.desk, panel.ana, panel.bob)).live.session.id

    reads = {await panel.get(panel.of(panel.bob, part), bearer=bearer) for part in ("", "active-sessions")}
    reads.add(await panel.get(panel.of(panel.bob, "consented-apps"), bearer=bearer))
    apps = await panel.get("/api/v1/apps", bearer=bearer)
    writes = {
        await panel.delete(panel.of(panel.bob, part), bearer=bearer)
        for part in (f"active-sessions/{session_id}", f"consented-apps/{wallet}")
    }

    assert {answer.status_code for answer in reads} == {200 if scope == "read_user" else 403}
    assert {answer.status_code for answer in writes} == {204 if scope == "write_user" else 403}
    assert apps.status_code == (200 if scope == "read_app" else 403)


async def test_a_person_is_refused_whatever_rights_he_has(engine: AsyncEngine, panel: Panel) -> None:
    bearer = await ordinary_token(panel.desk, panel.ana, scope="root read_user")

    answer = await panel.get(panel.of(panel.bob), bearer=bearer)

    (entry,) = await audit_of(engine, panel.acme)
    assert (answer.status_code, answer.json()["code"]) == (403, "impersonation-not-permitted")
    assert (entry.action, entry.impersonator_id) == ("session.refused", panel.ana.id)
