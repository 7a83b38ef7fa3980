"""Finding whom a command names: an operator names people the way people do."""

from dataclasses import dataclass

from impersonator_api.cli.errors import PersonAmbiguousError, PersonUnknownError
from impersonator_api.directory import Person, Tenant, lookup
from impersonator_api.realm import UnknownTenantError
from impersonator_api.sessions import Starter
from impersonator_api.work import Work


@dataclass(frozen=True, slots=True)
class Member:
    """A person and the tenant."""

    tenant: Tenant
    person: Person


async def load_tenant(work: Work, slug: str) -> Tenant:
    """The tenant of that slug; raises `UnknownTenantError`."""
    found = await lookup.find_tenants(work, slug)
    if not found:
        known = ", ".join(tenant.slug for tenant in await lookup.find_tenants(work)) or "none yet"
        raise UnknownTenantError(f"There is no tenant {slug}; there are: {known}.")
    return found[0]


async def load_member(work: Work, name: str, *, tenant: str | None) -> Member:
    """The one person of that e-mail address, external id or id; raises where there is none, or more than one."""
    tenant_id = None if tenant is None else (await load_tenant(work, tenant)).id
    found = await lookup.find_people(work, name, tenant_id=tenant_id)
    if not found:
        where = f"in {tenant}" if tenant else "in any tenant"
        raise PersonUnknownError(f"Nobody {where} has the e-mail address or external id {name}.")
    if len(found) > 1:
        raise PersonAmbiguousError(_several(name, found))
    return Member(*found[0])


async def load_starter(work: Work, name: str, *, tenant: str) -> Starter:
    """The person or the service of that name, as whoever is about to act."""
    where = await load_tenant(work, tenant)
    client_id = await lookup.find_client_id(work, where.id, name)
    impersonator_id = client_id or (await load_member(work, name, tenant=tenant)).person.id
    return Starter(tenant_id=where.id, tenant_slug=where.slug, impersonator_id=impersonator_id)


async def load_target(work: Work, name: str, *, tenant: str) -> str:
    """The id of the person of that name, as a start takes it."""
    return str((await load_member(work, name, tenant=tenant)).person.id)


def _several(name: str, found: tuple[tuple[Tenant, Person], ...]) -> str:
    slugs = sorted({tenant.slug for tenant, _ in found})
    if len(slugs) > 1:
        return f"{name} is somebody in {', '.join(slugs)}: name one with --tenant."
    return f"{name} names several people of {slugs[0]}: use the e-mail address."
