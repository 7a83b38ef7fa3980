"""An exchange that begins an impersonation: of a user named by id, or by an access token of his own."""

from impersonator_api import sessions
from impersonator_api.callers import CallerQuestion, UserCaller
from impersonator_api.errors import MalformedError
from impersonator_api.oauth.clients import AuthenticatedClient
from impersonator_api.oauth.exchange.actor import Principal, refuse_unless_may_act, settle_actor
from impersonator_api.oauth.exchange.brought import Brought
from impersonator_api.oauth.exchange.limits import granted_scope
from impersonator_api.oauth.exchange.request import LONGEST_NAME, ExchangeRequest
from impersonator_api.sessions import Wish
from impersonator_api.tokens import ImpersonationGrant
from impersonator_api.work import Work


class SubjectRefusedError(MalformedError):
    """Nobody who could be acted as; the token endpoint says it as `invalid_request`."""

    code = "subject-refused"
    title = "Subject refused"


async def open_for(
    work: Work, found: AuthenticatedClient, asked: ExchangeRequest, brought: Brought
) -> ImpersonationGrant:
    """Open a session under the same laws and policy as any start; raises what `sessions.open_session` raises."""
    actor = await settle_actor(work, found, brought)
    target, given = await _target(work, found, asked, brought, actor)
    wish = Wish(
        target=target,
        client=found.client.client_id,
        workspace=asked.workspace,
        mode=asked.mode,
        permissions=asked.permissions,
        duration=asked.duration,
        reason=asked.reason,
        ticket=asked.ticket,
        scopes=granted_scope(found.client, asked, given=given),
    )
    live = await sessions.open_session(work, starter=sessions.starter_of(actor), wish=wish)
    return sessions.grant_of(work, live)


async def _target(
    work: Work, found: AuthenticatedClient, asked: ExchangeRequest, brought: Brought, actor: Principal
) -> tuple[str, frozenset[str] | None]:
    """The target's id and the scope of its token; a bare id has none."""
    if not isinstance(brought.subject, CallerQuestion):
        if len(asked.subject_token) > LONGEST_NAME:
            raise SubjectRefusedError("An id is at most 255 characters.")
        return asked.subject_token, None
    subject = await brought.subject.answered(work, found.also.get("subject"))
    if not isinstance(subject, UserCaller):
        raise SubjectRefusedError("A service's own token stands for no user.")
    if subject.tenant.id != found.tenant.id:
        raise SubjectRefusedError("The subject belongs to another organisation.")
    refuse_unless_may_act(subject.claims.claims.get("may_act"), actor, issuer=work.settings.issuer)
    return str(subject.party.id), subject.scopes
