"""How an exchange says no: to a client that has proven who it is, in the RFC's word, and never without an entry."""

from collections.abc import Iterator
from contextlib import contextmanager

from impersonator_api.audit import Action, Entry, recorded
from impersonator_api.errors import ServiceError, UnavailableError
from impersonator_api.oauth.clients import AuthenticatedClient
from impersonator_api.oauth.errors import ExchangeRefusedError, OAuthError
from impersonator_api.statement import Write
from impersonator_api.work import Work


def turned_away(work: Work, found: AuthenticatedClient, *, code: str, why: str) -> Write:
    """The entry of a service that asked for what it may not have."""
    entry = Entry(
        action=Action.REFUSED,
        tenant_id=found.tenant.id,
        impersonator_kind="client",
        impersonator_id=found.client.id,
        impersonator_label=found.client.label,
        client_id=found.client.client_id,
        code=code,
        detail={"why": why},
    )
    return recorded(work, entry)


@contextmanager
def refusals_told(work: Work, found: AuthenticatedClient) -> Iterator[None]:
    """RFC 8693 §2.2.2: whatever is wrong with a subject or actor token, policy's no included, is `invalid_request`.

    A fault stays a fault. The record of a refusal is kept; where it has none, the client's own is written.
    """
    try:
        yield
    except (OAuthError, UnavailableError):
        raise
    except ServiceError as error:
        record = error.record or [turned_away(work, found, code=error.code, why=error.detail)]
        raise ExchangeRefusedError(error.detail, record=record) from error
