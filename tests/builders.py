"""Makes tenants with people, clients and policies for tests: sane defaults, override what the test is about."""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine
from uuid_utils.compat import uuid7

from impersonator_api import sessions, tokens
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
from impersonator_api.sessions import Ender, Started, Starter, Wish
from impersonator_api.sessions.tables import impersonation_sessions
from impersonator_api.tokens import Actor, Identity, OrdinaryGrant
from impersonator_api.work import Desk, Work

SECRET = "a-secret-that-is-long-enough-to-be-one"  # of clients that live for one test

ROLES = {
    "super_admin": (100, ["*"]),
    "lead": (70, ["impersonation.start", "impersonation.read_any", "impersonation.end_any"]),
    "support": (50, ["impersonation.start"]),
    "customer": (0, []),
}

SUPPORT_POLICY: dict[str, Any] = {
    "version": 1,
    "rules": [
        {
            "name": "admins",
            "impersonators": {"roles": ["super_admin"]},
            "modes": ["read_only", "limited", "full"],
            "duration": {"default": "30m", "max": "60m"},
        },
        {
            "name": "support-helps-customers",
            "impersonators": {"roles": ["support", "lead"]},
            "targets": {"roles": ["customer"]},
            "modes": ["read_only", "limited"],
            "permissions": ["ticket.read", "ticket.reply"],
            "duration": {"default": "30m", "max": "60m"},
            "require": {"reason": {"min_length": 10}},
        },
    ],
}


@dataclass(frozen=True)
class Someone:
    """A user of a test tenant."""

    id: UUID
    external_id: str
    email: str
    tenant: "Organisation" = field(repr=False, compare=False)


@dataclass
class Organisation:
    """A tenant of one test, and the hands to change it."""

    engine: AsyncEngine
    id: UUID
    slug: str
    role_ids: dict[str, UUID] = field(default_factory=dict)
    client_ids: dict[str, UUID] = field(default_factory=dict)
    workspace_ids: dict[str, UUID] = field(default_factory=dict)

    async def person(self, name: str, *held: str, **overrides: Any) -> Someone:
        """A user with roles."""
        row: dict[str, Any] = {
            "id": uuid7(),
            "tenant_id": self.id,
            "external_id": f"{name}-{uuid4().hex[:6]}",
            "email": f"{name}@{self.slug}.test",
            "display_name": name.capitalize(),
            "created_at": datetime.now(UTC),
            "updated_at": datetime.now(UTC),
        } | overrides
        await self._insert(users, row)
        for role in held:
            await self._insert(user_roles, {"user_id": row["id"], "role_id": await self.role(role)})
        return Someone(row["id"], row["external_id"], row["email"], self)

    async def role(self, name: str, rank: int | None = None, permissions: list[str] | None = None) -> UUID:
        """A role, made when it is first named."""
        if name not in self.role_ids:
            known_rank, known_permissions = ROLES.get(name, (0, []))
            self.role_ids[name] = uuid7()
            row = {
                "id": self.role_ids[name],
                "tenant_id": self.id,
                "name": name,
                "rank": known_rank if rank is None else rank,
                "permissions": known_permissions if permissions is None else permissions,
            }
            await self._insert(roles, row)
        return self.role_ids[name]

    async def client(self, name: str, **overrides: Any) -> str:
        """An OAuth client; answers its `client_id`. A service has the secret `SECRET`, unless it has keys."""
        client_id = f"{name}-{self.slug}"
        self.client_ids[client_id] = uuid7()
        row = {
            "id": self.client_ids[client_id],
            "tenant_id": self.id,
            "client_id": client_id,
            "name": name,
            "kind": "spa",
            "redirect_uris": ["https://app.example.test/callback"],
            "audience": "https://api.example.test",
            "created_at": datetime.now(UTC),
        } | overrides
        if row["kind"] == "service" and row.keys().isdisjoint({"jwks", "jwks_uri"}):
            row["secret_digests"] = [hashlib.sha256(SECRET.encode()).digest()]
        await self._insert(clients, row)
        return client_id

    async def workspace(self, slug: str, **members: tuple[Someone, list[str]]) -> UUID:
        """A workspace; members as `bob=(bob, ["ticket.read"])`."""
        self.workspace_ids[slug] = uuid7()
        row = {"id": self.workspace_ids[slug], "tenant_id": self.id, "slug": slug, "name": slug.capitalize()}
        await self._insert(workspaces, row)
        for member, permissions in members.values():
            await self._insert(
                memberships, {"user_id": member.id, "workspace_id": row["id"], "permissions": permissions}
            )
        return self.workspace_ids[slug]

    async def consent(self, someone: Someone, client_id: str, scopes: list[str]) -> None:
        """What a user granted a client."""
        row = {"user_id": someone.id, "client_id": self.client_ids[client_id], "scopes": scopes}
        await self._insert(consents, row | {"granted_at": datetime.now(UTC)})

    async def policy(self, document: dict[str, Any], version: int = 1) -> None:
        """A policy document, in force at once."""
        row = {"tenant_id": self.id, "version": version, "document": document, "created_by": "tests"}
        await self._insert(policies, row | {"created_at": datetime.now(UTC)})

    async def issuer(self, issuer: str, **overrides: Any) -> None:
        """A foreign issuer whose tokens are believed."""
        row = {
            "id": uuid7(),
            "tenant_id": self.id,
            "issuer": issuer,
            "jwks_uri": f"{issuer}/jwks",
            "audience": "impersonator",
            "algorithms": ["ES256"],
            "typ": ["at+jwt"],
        } | overrides
        await self._insert(issuers, row)

    async def change(self, table: Any, condition: Any, **values: Any) -> None:
        """Change the directory behind the service's back, as a migration or another service would: revision first."""
        async with self.engine.begin() as db:
            raised = update(tenants).where(tenants.c.id == self.id).values(revision=tenants.c.revision + 1)
            await db.execute(raised)
            await db.execute(update(table).where(condition).values(**values))

    async def _insert(self, table: Any, row: dict[str, Any]) -> None:
        async with self.engine.begin() as db:
            await db.execute(insert(table).values(row))


async def make_tenant(engine: AsyncEngine, name: str = "acme", **overrides: Any) -> Organisation:
    """A tenant with the built-in client and no policy of its own."""
    slug = f"{name}-{uuid4().hex[:8]}"
    organisation = Organisation(engine, uuid7(), slug)
    row = {"id": organisation.id, "slug": slug, "name": name.capitalize(), "created_at": datetime.now(UTC)}
    await organisation._insert(tenants, row | overrides)
    built_in: dict[str, Any] = {
        "id": uuid7(),
        "tenant_id": organisation.id,
        "client_id": f"impersonator:{slug}",
        "name": "Impersonator",
        "kind": "spa",
        "created_at": datetime.now(UTC),
    }
    await organisation._insert(clients, built_in)
    organisation.client_ids[built_in["client_id"]] = built_in["id"]
    return organisation


def starter_for(someone: Someone) -> Starter:
    """Somebody about to act, as the doors hand him to the story."""
    return Starter(tenant_id=someone.tenant.id, tenant_slug=someone.tenant.slug, impersonator_id=someone.id)


def ender_for(someone: Someone, **overrides: Any) -> Ender:
    """Somebody about to end a session, as the doors hand him to the story."""
    return Ender(tenant_id=someone.tenant.id, id=someone.id, label=someone.email, **overrides)


async def start(desk: Desk, impersonator: Someone, target: Someone, **wish: Any) -> Started:
    """A session of one person as another."""
    asked = Wish(target=str(target.id), **({"reason": "Locked out since Monday"} | wish))
    return await desk.run(sessions.start, starter=starter_for(impersonator), wish=asked)


async def session_row(engine: AsyncEngine, session_id: UUID) -> Any:
    """A session as it lies in the database."""
    async with engine.connect() as db:
        question = select(impersonation_sessions).where(impersonation_sessions.c.id == session_id)
        return (await db.execute(question)).one()


async def active_sessions(engine: AsyncEngine, someone: Someone) -> list[Any]:
    """An impersonator's sessions that are written down as active."""
    sessions_of = impersonation_sessions.c.impersonator_id == someone.id
    async with engine.connect() as db:
        question = select(impersonation_sessions).where(sessions_of, impersonation_sessions.c.status == "active")
        return list((await db.execute(question)).all())


async def audit_of(engine: AsyncEngine, tenant: Organisation) -> list[Any]:
    """A tenant's audit, oldest first."""
    async with engine.connect() as db:
        question = select(audit_entries).where(audit_entries.c.tenant_id == tenant.id).order_by(audit_entries.c.id)
        return list((await db.execute(question)).all())


async def ordinary_token(desk: Desk, someone: Someone, *, scope: str = "openid", **login: Any) -> str:
    """A person's own access token, as `impersonator token --as` makes it."""
    actor = Actor(identity=Identity(str(someone.id), someone.external_id), **login)
    grant = OrdinaryGrant(
        tenant=someone.tenant.slug,
        client_id="impersonator-cli",
        audience=desk.settings.issuer,
        user=actor,
        scope=frozenset(scope.split()),
    )

    async def mint(work: Work) -> str:
        return tokens.mint_ordinary(work, grant).token

    return await desk.run(mint)
