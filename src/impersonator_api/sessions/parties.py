"""Whom and what a start names, found and unambiguous, or the 404 that says which was not."""

from collections.abc import Mapping, Sequence

from impersonator_api.directory import ClientKind, Person
from impersonator_api.sessions.consider import Parties, Wish
from impersonator_api.sessions.errors import (
    AmbiguousUserError,
    ClientNotSpaError,
    ClientUnknownError,
    ImpersonatesSelfError,
    TargetUnknownError,
    WorkspaceUnknownError,
)
from impersonator_api.sessions.snapshot import BeforeStart


def parties_in(before: BeforeStart, wish: Wish, login: Mapping[str, object]) -> Parties:
    """The snapshot's people and things; raises 400 for oneself, 404 for what the tenant does not know."""
    if before.impersonator.id in [target.id for target in before.targets]:
        raise ImpersonatesSelfError("Choose another user; you already are this one.")
    target = only_user(before.targets)
    if before.client is None:
        raise ClientUnknownError("No client of your organisation has that client_id.")
    if wish.spa_required and before.client.kind is not ClientKind.SPA:
        raise ClientNotSpaError("Choose a client of kind spa; others hold no user's tokens.")
    if wish.workspace is not None and before.workspace is None:
        raise WorkspaceUnknownError("No workspace of your organisation has that id or slug.")
    return Parties(
        impersonator=before.impersonator,
        target=target,
        client=before.client,
        consent=before.consents.get((target.id, before.client.id)),
        workspace=before.workspace,
        login=login,
    )


def only_user(people: Sequence[Person]) -> Person:
    """The one of those who answer to a name; raises 404 where there is none, 409 where there are two."""
    if not people:
        raise TargetUnknownError("No user of your organisation has that id or external id.")
    if len(people) > 1:
        raise AmbiguousUserError("That id names one user and is the external id of another; use the other identifier.")
    return people[0]
