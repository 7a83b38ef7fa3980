"""Whether a token counts now, and for whom (RFC 7662)."""

from collections.abc import Mapping
from typing import Any

from impersonator_api import sessions, tokens
from impersonator_api.directory import Status
from impersonator_api.oauth.clients import AuthenticatedClient, Presented, authenticate
from impersonator_api.oauth.errors import InvalidOAuthRequestError
from impersonator_api.oauth.presented_token import PresentedToken, TokenKind, find_presented
from impersonator_api.sessions import Live
from impersonator_api.work import Work

INACTIVE: Mapping[str, Any] = {"active": False}
"""RFC 7662 §2.2: all that is said of a token that does not count, or that is none of the asker's business."""

SEES_ALL = frozenset({"root", "introspect"})
"""Scopes of a service that may see every token of its tenant."""

REGISTERED = frozenset({"iss", "sub", "aud", "client_id", "scope", "exp", "iat", "nbf", "jti"})
TOLD = REGISTERED | {"tenant", "external_id", "workspace", "sid", "act", "impersonated_by", "may_act", "cnf"}
"""Claims that are told in the very words of the token."""


async def introspect(work: Work, *, presented: Presented, parameters: Mapping[str, str]) -> Mapping[str, Any]:
    """Authenticate the client, then say whether the token counts now: one statement.

    Raises `SessionNotRunningError`, which the door says as inactive, where a change has just ended its session:
    the error's record must be kept.
    """
    if "token" not in parameters:
        raise InvalidOAuthRequestError("The parameter token is missing.")
    token = await find_presented(work, parameters["token"])
    found = await authenticate(work, presented, also=token.state_columns(work) if token else {})
    if token is None or not _may_see(found, token):
        return INACTIVE
    if token.session_id is None:
        return _of_party(found, token)
    live = sessions.live_in(work, found.also["live"])
    sessions.refuse_idle_holders(token.claims, found.also)
    return _of_session(live, token) if _is_unused(found, token) else INACTIVE


def _may_see(found: AuthenticatedClient, token: PresentedToken) -> bool:
    """Issued to it, meant for it, or any of its tenant where it may see all; another tenant's never."""
    claims, client = token.claims, found.client
    if claims.load_text("tenant") != found.tenant.slug:
        return False
    if claims.load_text("client_id") == client.client_id or not SEES_ALL.isdisjoint(client.scopes):
        return True
    return client.audience in claims.audiences


def _of_party(found: AuthenticatedClient, token: PresentedToken) -> Mapping[str, Any]:
    party = found.also["party"]
    if party is None or party["status"] != Status.ACTIVE:
        return INACTIVE
    return {"active": True, "token_type": tokens.token_type(token.claims.claims), **_told(token)}


def _is_unused(found: AuthenticatedClient, token: PresentedToken) -> bool:
    """A rotated refresh token counts no more, though its session runs."""
    if token.kind is TokenKind.ACCESS:
        return True
    state = tokens.refresh_state_from(found.also["refresh"])
    return state is not None and state.used_at is None


def _of_session(live: Live, token: PresentedToken) -> Mapping[str, Any]:
    """What the token says, with roles and permissions as they are now."""
    told = {"active": True, **_told(token)}
    told |= {"mode": live.session.mode, "roles": live.target.role_names, "username": live.target.label}
    permissions = sessions.effective_permissions(live)
    if permissions is not None:
        told["permissions"] = sorted(permissions)
    if token.kind is TokenKind.ACCESS:
        told["token_type"] = tokens.token_type(token.claims.claims)
    return told


def _told(token: PresentedToken) -> dict[str, Any]:
    return {name: value for name, value in token.claims.claims.items() if name in TOLD}
