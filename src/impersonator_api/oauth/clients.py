"""Which client is asking (RFC 6749 §2.3), and whether it proved it."""

import hashlib
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hmac import compare_digest
from urllib.parse import unquote_plus

from impersonator_api.directory import Client, Tenant, documents
from impersonator_api.oauth.errors import InvalidClientError, InvalidOAuthRequestError
from impersonator_api.work import Work


@dataclass(frozen=True, slots=True)
class Presented:
    """What a request says of its client. An empty or missing secret is `None`: a public client."""

    client_id: str | None = None
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class AuthenticatedClient:
    """A client that proved who it is."""

    tenant: Tenant
    client: Client


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


async def authenticate(work: Work, presented: Presented) -> AuthenticatedClient:
    """Prove a confidential client; raises `InvalidClientError` without saying what was wrong. One statement."""
    if presented.client_id is None or presented.secret is None:
        raise InvalidClientError("Authenticate with the client's id and secret.")
    digest = hashlib.sha256(presented.secret.encode()).digest()
    row = (await work.read(documents.client_with_secrets(presented.client_id))).mappings().one_or_none()
    known = [bytes(stored) for stored in row["secret_digests"]] if row else []
    # All are compared, so that the time tells neither which secret it was nor whether the client exists.
    proven = [compare_digest(digest, stored) for stored in (*known, bytes(len(digest)))]
    if row is None or not any(proven):
        raise InvalidClientError("The client is unknown or its secret is wrong.")
    found = AuthenticatedClient(documents.tenant_from(row["tenant"]), documents.client_from(row["client"]))
    if not found.client.is_active or not found.tenant.is_active:
        raise InvalidClientError("The client is unknown or its secret is wrong.")
    return found


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
