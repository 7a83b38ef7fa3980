"""A tenant's clients, and what a user granted them, a page at a time; newest first, because ids are UUIDv7."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy import Select, func, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from impersonator_api.directory import documents, from_json
from impersonator_api.directory.clients import BUILT_IN_PREFIX, Client
from impersonator_api.directory.people import Consent
from impersonator_api.directory.tables import clients, consents, users
from impersonator_api.questions import json_of
from impersonator_api.work import Work


class ClientPage(Struct, frozen=True, kw_only=True):
    """Some of a tenant's clients."""

    clients: tuple[Client, ...]
    has_more: bool


class Granted(Struct, frozen=True):
    """A client, and a user's consent to it that is in force."""

    client: Client
    consent: Consent


async def find_clients(work: Work, *, tenant_id: UUID, limit: int, before: UUID | None = None) -> ClientPage:
    """One page of the clients that the tenant registered; its built-in one is nobody's application. One statement."""
    question = select(documents.client_row_json(clients)).where(
        clients.c.tenant_id == tenant_id, clients.c.client_id.not_like(f"{BUILT_IN_PREFIX}%")
    )
    question = question if before is None else question.where(clients.c.id < before)
    rows = tuple((await work.read(question.order_by(clients.c.id.desc()).limit(limit + 1))).scalars())
    return ClientPage(clients=tuple(map(from_json.client_from, rows[:limit])), has_more=len(rows) > limit)


def granted_by(tenant_id: UUID, name: str, *, now: datetime, limit: int, before: UUID | None) -> Select[Any]:
    """The people of that name, and a page of what they granted that is in force, as JSON lists."""
    page = _in_force(tenant_id, name, now)
    page = page if before is None else page.where(clients.c.id < before)
    rows = page.order_by(clients.c.id.desc()).limit(limit).subquery()
    ordered = aggregate_order_by(rows.c.granted, rows.c.id.desc())
    return select(
        documents.people_named_json(tenant_id, name, documents.id_in(name)).label("people"),
        select(func.coalesce(func.jsonb_agg(ordered), func.jsonb_build_array())).scalar_subquery().label("page"),
    )


def granted_from(row: Mapping[str, Any]) -> Granted:
    """A member of the page of `granted_by`."""
    return Granted(from_json.client_from(row["client"]), from_json.consent_of(row["consent"]))


def grant_named(tenant_id: UUID, user: str, client: str) -> Select[Any]:
    """The people of that name, the client of that id or number, and all that these people ever granted."""
    return select(
        documents.people_named_json(tenant_id, user, documents.id_in(user)).label("people"),
        documents.client_named_json(tenant_id, client, documents.number_in(client)).label("client"),
        documents.consents_named_json(tenant_id, user, documents.id_in(user)).label("consents"),
    )


def _in_force(tenant_id: UUID, name: str, now: datetime) -> Select[Any]:
    granted = json_of({"client": documents.client_row_json(clients), "consent": documents.consent_row_json(consents)})
    return (
        select(granted.label("granted"), clients.c.id)
        .select_from(
            consents.join(clients, consents.c.client_id == clients.c.id).join(users, consents.c.user_id == users.c.id)
        )
        .where(
            users.c.tenant_id == tenant_id,
            clients.c.tenant_id == tenant_id,
            documents.is_named(users, name, documents.id_in(name)),
            consents.c.withdrawn_at.is_(None),
            or_(consents.c.expires_at.is_(None), consents.c.expires_at > now),
        )
    )
