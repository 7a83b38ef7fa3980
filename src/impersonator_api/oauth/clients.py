"""Which client is asking (RFC 6749 §2.3), and whether it proved it."""

import hashlib
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Any, Final
from urllib.parse import unquote_plus

from msgspec import Struct
from typing_extensions import override

from impersonator_api.database import LostRaceError
from impersonator_api.directory import Client, ClientKind, KnownByRevision, Tenant, documents, from_json
from impersonator_api.oauth.errors import InvalidClientError, InvalidOAuthRequestError
from impersonator_api.oauth.private_key_jwt import NOT_PROVEN, find_assertion, prove_by_key
from impersonator_api.questions import Column, Part, with_parts
from impersonator_api.tokens import UnverifiedToken
from impersonator_api.work import Work

Also = Mapping[str, Part[Column]]
NOTHING: Also = {}

REMEMBERED: Final = 256
"""Clients of this process."""


class Presented(Struct, frozen=True):
    """What a request says of its client, and one proof at most; an empty secret is none."""

    client_id: str | None = None
    secret: str | None = None
    assertion: UnverifiedToken | None = None

    @override
    def __repr__(self) -> str:
        # Without its proof.
        return f"Presented(client_id={self.client_id!r})"

    @property
    def has_proof(self) -> bool:
        """Whether it tries to prove who it is, as public clients cannot."""
        return self.secret is not None or self.assertion is not None


@dataclass(frozen=True, slots=True)
class Registered:
    """A client as it is registered, with what it can prove itself by."""

    tenant: Tenant
    client: Client
    digests: Sequence[bytes] = field(repr=False)
    jwks: Mapping[str, Any] | None
    jwks_uri: str | None


class KnownClients(KnownByRevision[str, Registered]):
    """The last clients that proved who they are, or did not, by their `client_id`."""

    def __init__(self) -> None:
        super().__init__(REMEMBERED)


class AuthenticatedClient(Struct, frozen=True):
    """A client that proved who it is. `also` is what else the same statement was asked."""

    tenant: Tenant
    client: Client
    also: Mapping[Any, Any]

    @override
    def __repr__(self) -> str:
        # What was asked along with it is not for everybody.
        return f"AuthenticatedClient(client={self.client!r})"


def presented_by(authorization: Sequence[str], parameters: Mapping[str, str]) -> Presented:
    """Read `client_secret_basic`, `client_secret_post`, `private_key_jwt` or a public client's bare `client_id`.

    Two methods at once are refused (RFC 6749 §2.3), and so are two different client ids.
    """
    assertion = find_assertion(parameters)
    if len(authorization) + ("client_secret" in parameters) + (assertion is not None) > 1:
        raise InvalidOAuthRequestError("Authenticate the client in one way only.")
    if assertion is not None:
        presented = Presented(assertion.find_text("sub"), assertion=assertion)
    elif authorization:
        presented = _basic(authorization[0])
    else:
        return Presented(parameters.get("client_id"), parameters.get("client_secret"))
    if parameters.get("client_id", presented.client_id) != presented.client_id:
        raise InvalidOAuthRequestError("The request names two different clients.")
    return presented


async def authenticate(work: Work, presented: Presented, *, also: Also = NOTHING) -> AuthenticatedClient:
    """Prove a confidential client; raises `InvalidClientError` without saying what was wrong.

    One statement; `also` are further columns for it.
    """
    if not presented.has_proof:
        raise InvalidClientError("Authenticate the client: by its secret, or by a key of its own.")
    return await identify(work, presented, also=also)


async def identify(work: Work, presented: Presented, *, also: Also = NOTHING) -> AuthenticatedClient:
    """A confidential client by its secret or its key, a public one, which has neither, by its id (RFC 6749 §2.1)."""
    if presented.client_id is None:
        raise InvalidClientError("Name the client: by HTTP Basic, or by client_id if it is public.")
    # A story that lost a race is decided on what is in the database alone.
    is_known = work.run == 0 and work.get(KnownClients).know(presented.client_id, work.now)
    question = with_parts(documents.client_with_secrets(presented.client_id, is_known=is_known), also)
    row = (await work.read(question)).one_or_none()
    if row is None:
        raise InvalidClientError(NOT_PROVEN)
    found = _known(work, presented.client_id, row) if is_known else _read(work, presented.client_id, row)
    if not found.client.is_active or not found.tenant.is_active:
        raise InvalidClientError(NOT_PROVEN)
    await _prove(work, presented, found)
    return AuthenticatedClient(found.tenant, found.client, row)


def _known(work: Work, client_id: str, row: Mapping[Any, Any]) -> Registered:
    found = work.get(KnownClients).find(client_id, row["revision"])
    if found is None:
        raise LostRaceError("The tenant changed since this process saw the client last.")
    return found


def _read(work: Work, client_id: str, row: Mapping[Any, Any]) -> Registered:
    tenant, client = from_json.tenant_from(row["tenant"]), from_json.client_from(row["client"])
    found = Registered(tenant, client, row["secret_digests"], row["jwks"], row["jwks_uri"])
    work.get(KnownClients).put(client_id, found, revision=tenant.revision, now=work.now)
    return found


async def _prove(work: Work, presented: Presented, found: Registered) -> None:
    if presented.assertion is not None:
        await prove_by_key(
            work,
            presented.assertion,
            client_id=found.client.client_id,
            jwks=found.jwks,
            jwks_uri=found.jwks_uri,
        )
    elif presented.secret is not None:
        _prove_by_secret(presented.secret, found.digests)
    # A client that registered keys has no secret either, and is not public for that.
    elif found.client.kind is not ClientKind.SPA or found.digests:
        raise InvalidClientError(NOT_PROVEN)


def _prove_by_secret(secret: str, digests: Sequence[bytes]) -> None:
    digest = hashlib.sha256(secret.encode()).digest()
    # All are compared, so that the time does not tell which of them it was.
    matches = [compare_digest(digest, bytes(stored)) for stored in digests]
    if True not in matches:
        raise InvalidClientError(NOT_PROVEN)


def _basic(header: str) -> Presented:
    scheme, _, credentials = header.partition(" ")
    if scheme.lower() != "basic":
        raise InvalidClientError("Authenticate the client with the scheme Basic.")
    try:
        decoded = b64decode(credentials.strip(), validate=True).decode("utf-8")
        client_id, colon, secret = decoded.partition(":")
        # RFC 6749 §2.3.1: both halves are form-encoded before they are joined.
        client_id, secret = unquote_plus(client_id, errors="strict"), unquote_plus(secret, errors="strict")
    except ValueError as error:
        raise InvalidClientError("The Basic credentials cannot be read.") from error
    if not colon or "\0" in client_id or "\0" in secret:
        raise InvalidClientError("The Basic credentials cannot be read.")
    return Presented(client_id or None, secret or None)
