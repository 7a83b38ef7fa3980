"""What a session's tokens say: the session's limits, and the people as they are now."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from msgspec import to_builtins

from impersonator_api.directory import Client, Person, common
from impersonator_api.policy import Rights
from impersonator_api.sessions.snapshot import Live
from impersonator_api.tokens import Actor, Identity, ImpersonationGrant
from impersonator_api.work import Work


def grant_of(work: Work, live: Live, *, holder: Client | None = None, jkt: str | None = None) -> ImpersonationGrant:
    """The grant behind every token of a session; whatever is minted from it carries actor, mode and end.

    `holder` is the service that gets the token by exchange, where it is not the session's own client; people are named
    in it as in all tokens of the session. `jkt` is the thumbprint of the key that they are bound to.
    """
    session, client = live.session, holder or live.client
    return ImpersonationGrant(
        session_id=session.id,
        session_ends_at=session.expires_at,
        tenant=live.tenant.slug,
        client_id=client.client_id,
        audience=client.audience or work.settings.issuer,
        subject=_identity(live.target),
        actor=_actor(live.impersonator, session.actor),
        scope=session.scopes,
        roles=live.target.role_names,
        mode=session.mode,
        permissions=effective_permissions(live),
        workspace=live.workspace.slug if live.workspace else None,
        subject_form=live.client.subject,
        jkt=jkt,
    )


def effective_permissions(live: Live) -> frozenset[str] | None:
    """What of the session's permissions is still held by whom it takes; `None` where the session restricts nothing."""
    session = live.session
    if session.permissions is None:
        return None
    held = common(session.permissions, live.target.permissions_in(session.workspace_id))
    if session.rights is Rights.TARGET:
        return held
    return common(held, _permissions_of(live.impersonator, session.workspace_id))


def _permissions_of(impersonator: Person | Client, workspace_id: UUID | None) -> frozenset[str]:
    if isinstance(impersonator, Person):
        return impersonator.permissions_in(workspace_id)
    return impersonator.permissions


def _identity(party: Person | Client) -> Identity:
    if isinstance(party, Person):
        # What `str` says of an id, in a quarter of the time.
        return Identity(to_builtins(party.id), party.external_id)
    return Identity(party.client_id)


def _actor(impersonator: Person | Client, login: Mapping[str, Any]) -> Actor:
    return Actor(
        identity=_identity(impersonator),
        issuer=login.get("iss"),
        acr=login.get("acr"),
        amr=tuple(login.get("amr") or ()),
        auth_time=login.get("auth_time"),
    )
