"""What a tenant holds now, for stories that change it or write it down; asked under the tenant's lock."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy import ARRAY, ColumnElement, Select, Table, Text, Uuid, any_, func, literal, or_, select, true

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
from impersonator_api.work import Work


class Stored(Struct, frozen=True):
    """One thing of the directory, its columns by name."""

    id: UUID
    values: Mapping[str, Any]


class Membership(Struct, frozen=True):
    """What somebody may do in a workspace."""

    user_id: UUID
    workspace_id: UUID
    permissions: frozenset[str]
    user_label: str


class Granted(Struct, frozen=True):
    """A stored consent."""

    user_id: UUID
    client_id: UUID
    values: Mapping[str, Any]


class Inventory(Struct, frozen=True):
    """A tenant's roles, workspaces, clients and issuers whole; of its people those that were asked for."""

    roles: Mapping[str, Stored]
    workspaces: Mapping[str, Stored]
    clients: Mapping[str, Stored]
    issuers: Mapping[str, Stored]
    people: Sequence[Stored]
    grants: frozenset[tuple[UUID, UUID, UUID | None]]  # user, role, workspace
    memberships: Sequence[Membership]
    consents: Sequence[Granted]


class Reach(Struct, frozen=True):
    """Whom to look up, by e-mail address, external id or id, and the workspaces whose members; or everybody."""

    names: Collection[str] = ()
    ids: Collection[UUID] = ()
    workspaces: Collection[str] = ()
    everybody: bool = False

    def people(self) -> ColumnElement[bool]:
        """The condition on `users`, so that each of its indexes serves."""
        if self.everybody:
            return true()
        # PostgreSQL lowers what its locale knows, which may be ASCII alone.
        emails = {name.lower() for name in self.names} | {_ascii_lower(name) for name in self.names}
        return or_(
            users.c.external_id == any_(literal(sorted(self.names), ARRAY(Text))),
            func.lower(users.c.email) == any_(literal(sorted(emails), ARRAY(Text))),
            users.c.id == any_(literal(sorted(self.ids), ARRAY(Uuid))),
        )


async def take(work: Work, tenant_id: UUID, reach: Reach) -> Inventory:
    """What the tenant holds now."""
    found = await _rows(work, select(users).where(users.c.tenant_id == tenant_id, reach.people()))
    ids = None if reach.everybody else [row["id"] for row in found]
    return Inventory(
        roles=await _named(work, roles, "name", tenant_id),
        workspaces=await _named(work, workspaces, "slug", tenant_id),
        clients=await _named(work, clients, "client_id", tenant_id),
        issuers=await _named(work, issuers, "issuer", tenant_id),
        people=[Stored(row["id"], row) for row in found],
        grants=await _grants(work, tenant_id, ids),
        memberships=await _memberships(work, tenant_id, reach),
        consents=await _consents(work, tenant_id, ids),
    )


async def tenant_slugs(work: Work) -> list[str]:
    """Every tenant, in alphabetical order."""
    return [row["slug"] for row in await _rows(work, select(tenants.c.slug).order_by(tenants.c.slug))]


async def find_tenant(work: Work, slug: str) -> Stored | None:
    """A tenant by its slug, unlocked."""
    rows = await _rows(work, select(tenants).where(tenants.c.slug == slug))
    return Stored(rows[0]["id"], rows[0]) if rows else None


async def taken_client_ids(work: Work, tenant_id: UUID, names: Collection[str]) -> frozenset[str]:
    """Which of these client ids belong to other tenants."""
    question = select(clients.c.client_id).where(clients.c.client_id.in_(names), clients.c.tenant_id != tenant_id)
    return frozenset(row["client_id"] for row in await _rows(work, question)) if names else frozenset()


async def listings_of(work: Work, names: Collection[str]) -> Sequence[Mapping[str, Any]]:
    """Every active listing of these issuers in any tenant, with the tenant's slug."""
    question = select(issuers, tenants.c.slug).join(tenants, issuers.c.tenant_id == tenants.c.id)
    found = question.where(issuers.c.issuer.in_(names), issuers.c.status == "active")
    return await _rows(work, found.order_by(tenants.c.slug))


async def _rows(work: Work, question: Select[Any]) -> Sequence[Mapping[str, Any]]:
    return [dict(row) for row in (await work.read(question))]


async def _named(work: Work, table: Table, key: str, tenant_id: UUID) -> Mapping[str, Stored]:
    rows = await _rows(work, select(table).where(table.c.tenant_id == tenant_id).order_by(table.c[key]))
    return {row[key]: Stored(row["id"], row) for row in rows}


async def _grants(work: Work, tenant_id: UUID, ids: Sequence[UUID] | None) -> frozenset[tuple[UUID, UUID, UUID | None]]:
    held = select(user_roles).join(roles, user_roles.c.role_id == roles.c.id).where(roles.c.tenant_id == tenant_id)
    rows = await _rows(work, _of_people(held, user_roles, ids))
    return frozenset((row["user_id"], row["role_id"], row["workspace_id"]) for row in rows)


async def _memberships(work: Work, tenant_id: UUID, reach: Reach) -> list[Membership]:
    of_tenant = memberships.join(workspaces, memberships.c.workspace_id == workspaces.c.id)
    question = (
        select(memberships, _label())
        .select_from(of_tenant.join(users, memberships.c.user_id == users.c.id))
        .where(workspaces.c.tenant_id == tenant_id)
    )
    if not reach.everybody:
        question = question.where(workspaces.c.slug.in_(reach.workspaces))
    return [
        Membership(row["user_id"], row["workspace_id"], frozenset(row["permissions"]), row["label"])
        for row in await _rows(work, question)
    ]


async def _consents(work: Work, tenant_id: UUID, ids: Sequence[UUID] | None) -> list[Granted]:
    question = select(consents).join(clients, consents.c.client_id == clients.c.id)
    rows = await _rows(work, _of_people(question.where(clients.c.tenant_id == tenant_id), consents, ids))
    return [Granted(row["user_id"], row["client_id"], row) for row in rows]


def _of_people(question: Select[Any], table: Table, ids: Sequence[UUID] | None) -> Select[Any]:
    if ids is None:
        return question
    # Not `= ANY(ids)`: inside a loop over an index PostgreSQL would go through all ids for each row.
    return question.where(table.c.user_id.in_(select(func.unnest(literal(ids, ARRAY(Uuid))))))


def _label() -> ColumnElement[str]:
    return func.coalesce(users.c.email, users.c.external_id).label("label")


def _ascii_lower(text: str) -> str:
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)
