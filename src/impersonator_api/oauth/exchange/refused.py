"""How an exchange says no: to a client that has proven who it is, in the RFC's word, and never without an entry."""

from collections.abc import Iterator
from contextlib import contextmanager

from impersonator_api.audit import Action, Entry, recorded
from impersonator_api.errors import ServiceError, UnavailableError
from impersonator_api.oauth.clients import AuthenticatedClient
from impersonator_api.oauth.errors import ExchangeRefusedError, OAuthError
from impersonator_api.statement import Write
from impersonator_api.work import Work


@contextmanager
def refusals_told(work: Work, found: AuthenticatedClient) -> Iterator[None]:
    """RFC 8693 §2.2.2: whatever is wrong with a subject or actor token, policy's no included, is `invalid_request`.

    A fault stays a fault. The record of a refusal is kept; where it has none, the client's own is written.
    """
    try:
        yield
    except UnavailableError:
        raise
    except ServiceError as error:
        error.record = error.record or (_turned_away(work, found, error),)
        if isinstance(error, OAuthError):
            raise
        raise ExchangeRefusedError(error.detail, record=error.record) from error


def _turned_away(work: Work, found: AuthenticatedClient, error: ServiceError) -> Write:
    """The entry of a service that asked for what it may not have."""
    entry = Entry(
        action=Action.REFUSED,
        tenant_id=found.tenant.id,
        impersonator_kind="client",
        impersonator_id=found.client.id,
        impersonator_label=found.client.label,
        client_id=found.client.client_id,
        code=error.code,
        detail={"why": error.detail},
    )
    return recorded(work, entry)
