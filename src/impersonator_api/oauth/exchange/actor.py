"""Who acts in the token that is asked for: the service itself, or the person whose token it sends along."""

from collections.abc import Mapping

from impersonator_api.callers import ImpersonationCaller, ServiceCaller, UserCaller
from impersonator_api.directory import documents
from impersonator_api.errors import MalformedError
from impersonator_api.oauth.clients import Also, AuthenticatedClient
from impersonator_api.oauth.exchange.brought import Brought
from impersonator_api.oauth.exchange.request import ExchangeRequest
from impersonator_api.work import Work

Principal = UserCaller | ServiceCaller
"""Whoever comes as himself."""


class ActorRefusedError(MalformedError):
    """Nobody who could act here; the token endpoint says it as `invalid_request`."""

    code = "actor-refused"
    title = "Actor refused"


async def settle_actor(work: Work, found: AuthenticatedClient, brought: Brought) -> Principal:
    """The actor; raises what `load_caller` raises, and `ActorRefusedError`."""
    itself = ServiceCaller(tenant=found.tenant, party=found.client, scopes=found.client.scopes)
    if brought.actor is None:
        return itself
    caller = await brought.actor.answered(work, found.also.get("actor"))
    if isinstance(caller, ImpersonationCaller):
        raise ActorRefusedError("Send the actor's own token: who is acting as somebody else cannot act as another.")
    if caller.tenant.id != found.tenant.id:
        raise ActorRefusedError("The actor belongs to another organisation.")
    if isinstance(caller, ServiceCaller) and caller.party.id != found.client.id:
        raise ActorRefusedError("A service acts for itself only; send a person's token.")
    return caller


def delegate_column(asked: ExchangeRequest) -> Also:
    """What to ask about the service that the new token shall name in `may_act`."""
    return {} if asked.may_act is None else {"delegate": documents.tenant_of_client(asked.may_act)}


def named_delegate(found: AuthenticatedClient, asked: ExchangeRequest, *, issuer: str) -> Mapping[str, object] | None:
    """The new token's `may_act`: no other service may be put in front of it. Raises `ActorRefusedError`."""
    if asked.may_act is None:
        return None
    if found.also["delegate"] != found.tenant.id:
        raise ActorRefusedError("No active client of your organisation has the id named in may_act.")
    return {"sub": asked.may_act, "iss": issuer}


def refuse_unless_may_act(may_act: object, actor: Principal, *, issuer: str) -> None:
    """Hold a subject token to whom it names as its next actor, in every member (RFC 8693 §4.4).

    A member that is not ours to judge matches nobody.
    """
    if may_act is None:
        return
    named = may_act if isinstance(may_act, Mapping) else {}
    if not named or not any(_matches(named, known) for known in _names_of(actor, issuer)):
        raise ActorRefusedError("The subject token names another actor in may_act.")


def _matches(may_act: Mapping[str, object], known: Mapping[str, object]) -> bool:
    return all(name in known and known[name] == value for name, value in may_act.items())


def _names_of(actor: Principal, issuer: str) -> list[Mapping[str, object]]:
    if isinstance(actor, ServiceCaller):
        name = actor.party.client_id
        return [{"sub": name, "client_id": name, "iss": issuer}]
    names: list[Mapping[str, object]] = [{"sub": str(actor.party.id), "iss": issuer}]
    if actor.party.external_id is not None:
        names.append({"sub": actor.party.external_id, "iss": actor.login.issuer})
    return names
