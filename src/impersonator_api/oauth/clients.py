"""Which client is asking (RFC 6749 §2.3), and whether it proved it."""

import hashlib
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Any
from urllib.parse import unquote_plus

from sqlalchemy import ColumnElement

from impersonator_api.directory import Client, Tenant, documents, from_json
from impersonator_api.oauth.errors import InvalidClientError, InvalidOAuthRequestError
from impersonator_api.work import Work

Also = Mapping[str, ColumnElement[Any]]
NOTHING: Also = {}


@dataclass(frozen=True, slots=True)
class Presented:
    """What a request says of its client. An empty or missing secret is `None`: a public client."""

    client_id: str | None = None
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class AuthenticatedClient:
    """A client that proved who it is. `also` is what else the same statement was asked."""

    tenant: Tenant
    client: Client
    also: Mapping[Any, Any] = field(repr=False)


def presented_by(authorization: Sequence[str], parameters: Mapping[str, str]) -> Presented:
    """Read `client_secret_basic`, `client_secret_post` or a public client's bare `client_id`.

    Two methods at once are refused (RFC 6749 §2.3), and so are two different client ids.
    """
    if not authorization:
        return Presented(parameters.get("client_id"), parameters.get("client_secret"))
    if len(authorization) > 1 or "client_secret" in parameters:
        raise InvalidOAuthRequestError("Authenticate the client in one way only.")
    presented = _basic(authorization[0])
    if parameters.get("client_id", presented.client_id) != presented.client_id:
        raise InvalidOAuthRequestError("The request names two different clients.")
    return presented


async def authenticate(work: Work, presented: Presented, *, also: Also = NOTHING) -> AuthenticatedClient:
    """Prove a confidential client; raises `InvalidClientError` without saying what was wrong.

    One statement; `also` are further columns for it.
    """
    if presented.secret is None:
        raise InvalidClientError("Authenticate with the client's id and secret.")
    return await identify(work, presented, also=also)


async def identify(work: Work, presented: Presented, *, also: Also = NOTHING) -> AuthenticatedClient:
    """A confidential client by its secret, a public one, which has none, by its id alone (RFC 6749 §2.1)."""
    if presented.client_id is None:
        raise InvalidClientError("Name the client: by HTTP Basic, or by client_id if it is public.")
    columns = [column.label(name) for name, column in also.items()]
    question = documents.client_with_secrets(presented.client_id).add_columns(*columns)
    row = (await work.read(question)).mappings().one_or_none()
    if row is None or not _is_proven(presented, row["secret_digests"]):
        raise InvalidClientError("The client is unknown or its secret is wrong.")
    found = AuthenticatedClient(from_json.tenant_from(row["tenant"]), from_json.client_from(row["client"]), row)
    if not found.client.is_active or not found.tenant.is_active:
        raise InvalidClientError("The client is unknown or its secret is wrong.")
    return found


def _is_proven(presented: Presented, digests: Sequence[bytes]) -> bool:
    if presented.secret is None:
        return not digests
    digest = hashlib.sha256(presented.secret.encode()).digest()
    # All are compared, so that the time does not tell which of them it was.
    matches = [compare_digest(digest, bytes(stored)) for stored in digests]
    return True in matches


def _basic(header: str) -> Presented:
    scheme, _, credentials = header.partition(" ")
    if scheme.lower() != "basic":
        raise InvalidClientError("Authenticate the client with the scheme Basic.")
    try:
        decoded = b64decode(credentials.strip(), validate=True).decode("utf-8")
        client_id, colon, secret = decoded.partition(":")
        # RFC 6749 §2.3.1: both halves are form-encoded before they are joined.
        parts = [unquote_plus(part, errors="strict") for part in (client_id, secret)]
    except ValueError as error:
        raise InvalidClientError("The Basic credentials cannot be read.") from error
    if not colon or any("\0" in part for part in parts):
        raise InvalidClientError("The Basic credentials cannot be read.")
    return Presented(parts[0] or None, parts[1] or None)
