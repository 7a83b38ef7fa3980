"""What a decision depends on, read in one statement and frozen."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct, convert

from impersonator_api.directory import Client, Consent, Person, Tenant, Workspace, from_json
from impersonator_api.sessions.session import Session
from impersonator_api.sessions.store import session_from

Row = Mapping[Any, Any]

Known = tuple[Tenant, Person | Client]
"""An impersonator and the tenant, where they were read before."""


class Slot(Struct, frozen=True):
    """A place among an impersonator's active sessions, and which one holds it for how long."""

    number: int
    session_id: UUID
    expires_at: datetime


class BeforeStart(Struct, frozen=True):
    """The snapshot of a start. What was not found is missing here; the story says which 404 that is."""

    tenant: Tenant
    impersonator: Person | Client
    targets: tuple[Person, ...]
    client: Client | None
    consents: Mapping[tuple[UUID, UUID], Consent]  # by user and client
    workspace: Workspace | None
    policy: Row | None
    slots: tuple[Slot, ...]


class Ground(Struct, frozen=True):
    """What a tenant's starts of one client stand on."""

    client: Client
    policy: Row | None


class Around(Struct, frozen=True, kw_only=True):
    """Everything that a running session depends on."""

    tenant: Tenant
    impersonator: Person | Client
    target: Person
    client: Client
    consent: Consent | None
    workspace: Workspace | None
    policy: Row | None


class Live(Around, frozen=True, kw_only=True):
    """A session and everything it depends on, as of this moment."""

    session: Session
    also: Row
    is_decided_again: bool = False  # the decision is this work's own, and its write waits in the queue


def before_start_from(row: Row, known: Known | None, ground: Ground | None = None) -> BeforeStart:
    """The snapshot in a row of `store.before_start`; what was known where it was asked without that."""
    if known is None or "tenant" in row:
        known = from_json.tenant_from(row["tenant"]), _impersonator_from(row["impersonator"])
    tenant, impersonator = known
    if ground is None:
        client, policy = from_json.client_from(row["client"]) if row["client"] else None, row["policy"]
    else:
        client, policy = ground.client, ground.policy
    return BeforeStart(
        tenant=tenant,
        impersonator=impersonator,
        targets=tuple([from_json.person_from(person) for person in row["targets"]]),
        client=client,
        consents={_consent_key(found): from_json.consent_of(found) for found in row["consents"]},
        workspace=from_json.workspace_from(row["workspace"]),
        policy=policy,
        slots=tuple([convert(slot, Slot) for slot in row["slots"]]),
    )


def live_from(row: Row) -> Live:
    """The session in a row of `store.live`; what the question asked besides is in `also`."""
    return Live(
        session=session_from(row["session"]),
        tenant=from_json.tenant_from(row["tenant"]),
        impersonator=_impersonator_from(row["impersonator"]),
        target=from_json.person_from(row["target"]),
        client=from_json.client_from(row["client"]),
        consent=from_json.consent_of(row["consent"]) if row["consent"] else None,
        workspace=from_json.workspace_from(row["workspace"]),
        policy=row["policy"],
        also=row,
    )


def _impersonator_from(row: Row) -> Person | Client:
    return from_json.client_from(row) if "client_id" in row else from_json.person_from(row)


def _consent_key(row: Row) -> tuple[UUID, UUID]:
    return UUID(row["user_id"]), UUID(row["client_id"])
