"""How an impersonation begins, and what is handed out for it."""

from msgspec import Struct
from msgspec.structs import replace

from impersonator_api import tokens
from impersonator_api.sessions import idempotency
from impersonator_api.sessions.consider import Wish
from impersonator_api.sessions.grant import grant_of
from impersonator_api.sessions.handover import HandoverLink, HandoverWish, offer_links
from impersonator_api.sessions.idempotency import Earlier, Repeatable
from impersonator_api.sessions.live import hold
from impersonator_api.sessions.opening import Starter, open_repeatable
from impersonator_api.sessions.snapshot import Live
from impersonator_api.tokens import Minted
from impersonator_api.work import Work


class Started(Struct, frozen=True, kw_only=True):
    """A session that has begun, and the tokens for it."""

    live: Live
    access: Minted
    refresh: Minted
    links: tuple[HandoverLink, ...] = ()

    @property
    def access_to_bear(self) -> Minted | None:
        """The access token for whoever asked; none where the client's tokens are bound to a key that it alone has.

        The refresh token is then a ticket: good once, for a token that is bound (ADR 0018).
        """
        return None if self.live.client.dpop_bound else self.access


async def start(
    work: Work,
    *,
    starter: Starter,
    wish: Wish,
    handover: HandoverWish | None = None,
    repeatable: Repeatable | None = None,
) -> Started:
    """Let an impersonator act as a user, and hand out the tokens for it; raises what `open_session` raises.

    Where a `handover` is asked for, links for the session's browser application come with them, new ones even where
    the rest of the answer is a repeated one.
    """
    opened = await open_repeatable(work, starter=starter, wish=wish, repeatable=repeatable)
    return begun(work, opened, handover=handover, repeatable=repeatable)


def begun(
    work: Work, opened: Live | Earlier, *, handover: HandoverWish | None, repeatable: Repeatable | None
) -> Started:
    """What is handed out for a session that was opened, now or under the same key before."""
    started = _started_before(work, opened) if isinstance(opened, Earlier) else _started(work, opened, repeatable)
    links = offer_links(work, started.live, started.refresh, handover) if handover else ()
    return replace(started, links=links)


def _started(work: Work, live: Live, repeatable: Repeatable | None) -> Started:
    grant = grant_of(work, live)
    refresh = tokens.mint_refresh(work, grant, tenant_id=live.tenant.id, family_id=work.new_id())
    access = tokens.mint_access(work, grant, alg=live.client.signing_alg)
    work.write(tokens.refresh_token_inserted(refresh.row))
    if repeatable is not None:
        claims = {"access": access.claims, "refresh": refresh.claims}
        ids = {"tenant_id": live.tenant.id, "session_id": live.session.id}
        work.write(idempotency.kept(work, repeatable, **ids, claims=claims))
    return Started(live=live, access=access, refresh=refresh)


def _started_before(work: Work, earlier: Earlier) -> Started:
    live, claims = earlier.live, earlier.claims
    hold(work, live)
    access = tokens.sign_access_again(work, claims["access"], alg=live.client.signing_alg)
    return Started(live=live, access=access, refresh=tokens.sign_refresh_again(work, claims["refresh"]))
