"""Finding tenants, people and clients the way an operator names them, who is in no tenant."""

import re
from contextlib import suppress
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, true

from impersonator_api.directory.clients import ClientKind
from impersonator_api.directory.documents import person_json, tenant_json
from impersonator_api.directory.from_json import person_from, tenant_from
from impersonator_api.directory.people import Person, Status, Tenant
from impersonator_api.directory.tables import clients, issuers, tenants, users
from impersonator_api.work import Work

MOST_FOUND = 20
"""One e-mail address may be somebody's in each tenant; whoever asks needs to see that, not all of them."""

DEFAULT_PORTS = {"http": 80, "https": 443}


async def find_tenants(work: Work, slug: str | None = None) -> tuple[Tenant, ...]:
    """Every tenant, or the one of that slug, by slug."""
    question = select(tenant_json(tenants.c.id)).select_from(tenants).order_by(tenants.c.slug)
    if slug is not None:
        question = question.where(tenants.c.slug == slug)
    return tuple(tenant_from(row) for row in (await work.read(question)).scalars())


async def find_people(work: Work, name: str, *, tenant_id: UUID | None) -> tuple[tuple[Tenant, Person], ...]:
    """The people whose e-mail address, external id or id is `name`, in one tenant or in all."""
    question = select(tenant_json(users.c.tenant_id).label("tenant"), person_json(users).label("person"))
    question = question.where(_answers_to(name))
    if tenant_id is not None:
        question = question.where(users.c.tenant_id == tenant_id)
    rows = await work.read(question.order_by(users.c.tenant_id, users.c.id).limit(MOST_FOUND))
    return tuple((tenant_from(row["tenant"]), person_from(row["person"])) for row in rows)


async def find_client_id(work: Work, tenant_id: UUID, client_id: str) -> UUID | None:
    """The id of a tenant's client."""
    question = select(clients.c.id).where(clients.c.tenant_id == tenant_id, clients.c.client_id == client_id)
    found: UUID | None = (await work.read(question)).scalar_one_or_none()
    return found


async def jwks_addresses(work: Work) -> tuple[tuple[str, str], ...]:
    """Every issuer that is believed, with where its keys are."""
    question = select(issuers.c.issuer, issuers.c.jwks_uri).where(issuers.c.status == "active").distinct()
    rows = await work.read(question.order_by(issuers.c.issuer))
    return tuple((row["issuer"], row["jwks_uri"]) for row in rows)


def _answers_to(name: str) -> ColumnElement[bool]:
    found = [func.lower(users.c.email) == name.lower(), users.c.external_id == name]
    with suppress(ValueError):
        found.append(users.c.id == UUID(name))
    return or_(*found)


async def is_spa_origin(work: Work, origin: str) -> bool:
    """Whether an active SPA has a redirect URI of that origin (scheme, host and port, without a path)."""
    uris = func.unnest(clients.c.redirect_uris).table_valued("uri").render_derived().lateral()
    # Scheme and host are the same in any case (RFC 3986 §6.2.2.1); browsers write them in lower case.
    uri = func.lower(uris.c.uri)
    begins = [uri == spelt for spelt in _spellings(origin)]
    begins += [uri.startswith(spelt + mark, autoescape=True) for spelt in _spellings(origin) for mark in "/?#"]
    of_origin = select(clients.c.id).select_from(clients.join(uris, true())).where(or_(*begins))
    question = of_origin.where(clients.c.kind == ClientKind.SPA, clients.c.status == Status.ACTIVE).exists()
    return bool((await work.read(select(question))).scalar_one())


def _spellings(origin: str) -> tuple[str, ...]:
    """A browser leaves its scheme's own port out of an origin (RFC 6454 §6.2); a redirect URI may name it."""
    scheme, _, authority = origin.partition("://")
    has_port = re.search(r":\d+$", authority) is not None
    return (origin,) if has_port or scheme not in DEFAULT_PORTS else (origin, f"{origin}:{DEFAULT_PORTS[scheme]}")
