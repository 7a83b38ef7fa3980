"""What a user granted clients: told to the tenant's services, and withdrawn by them in the user's name."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from msgspec import Struct

from impersonator_api import sessions
from impersonator_api.audit import Action, Entry, recorded
from impersonator_api.directory import Client, Person, Tenant, changes, from_json, listing
from impersonator_api.directory.listing import Granted
from impersonator_api.directory.tables import consents
from impersonator_api.errors import NotFoundError
from impersonator_api.sessions.errors import ClientUnknownError
from impersonator_api.work import Work


class ConsentUnknownError(NotFoundError):
    """The user has granted that client nothing, or has withdrawn it already."""

    code = "consent-unknown"
    title = "Consent not found"


class Consented(Struct, frozen=True, kw_only=True):
    """A user, and one page of the clients with a consent that is in force, newest client first."""

    user: Person
    grants: tuple[Granted, ...]
    has_more: bool


class _Grant(Struct, frozen=True):
    user: Person
    client: Client
    row: Mapping[str, Any]


async def find_consented(
    work: Work, *, tenant_id: UUID, user: str, limit: int, before: UUID | None = None
) -> Consented:
    """What a user's consents are; raises 404 for an unknown user, 409 where two answer to the name. One statement."""
    question = listing.granted_by(tenant_id, user, now=work.now, limit=limit + 1, before=before)
    answer = (await work.read(question)).one()
    rows = answer["page"]
    return Consented(
        user=sessions.user_from(answer["people"]),
        grants=tuple(map(listing.granted_from, rows[:limit])),
        has_more=len(rows) > limit,
    )


async def withdraw_consent(work: Work, *, tenant: Tenant, user: str, client: str, by: str) -> None:
    """Withdraw what a user granted a client, and end what needed it; for `Desk.run_in_transaction`.

    Raises 404 for an unknown user, client or consent, 409 where two users answer to the name.
    """
    locked = (await work.read(changes.tenant_locked(tenant.slug))).one()
    grant = await _load(work, tenant.id, user, client)
    # First of all: a session decided from here on meets the new revision and is decided again.
    work.write(changes.revision_raised(tenant.id, {}))
    await work.send()
    entry = _entry(grant, by=by, revision=locked["revision"] + 1)
    work.write(changes.upserted(consents, [{**grant.row, "withdrawn_at": work.now}]), recorded(work, entry))
    await work.send()
    # And last, in statements of their own, what needed the consent.
    await sessions.end_disallowed(work, tenant.id)


async def _load(work: Work, tenant_id: UUID, user: str, client: str) -> _Grant:
    answer = (await work.read(listing.grant_named(tenant_id, user, client))).one()
    person = sessions.user_from(answer["people"])
    if answer["client"] is None:
        raise ClientUnknownError("No client of your organisation has that client_id or number.")
    found = from_json.client_from(answer["client"])
    for row in answer["consents"]:
        if row["client_id"] == str(found.id) and row["withdrawn_at"] is None:
            return _Grant(person, found, row)
    raise ConsentUnknownError("This user has granted that client nothing, or has withdrawn it.")


def _entry(grant: _Grant, *, by: str, revision: int) -> Entry:
    return Entry(
        action=Action.CONSENT_WITHDRAWN,
        tenant_id=grant.user.tenant_id,
        target_id=grant.user.id,
        target_label=grant.user.label,
        client_id=grant.client.label,
        detail={"by": by, "revision": revision},
    )
