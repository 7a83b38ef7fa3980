"""Links that pass a running session to a browser application, once each (ADR 0017)."""

from datetime import datetime

from msgspec import Struct
from typing_extensions import override

from impersonator_api import tokens
from impersonator_api.directory import ClientKind, RefreshPolicy
from impersonator_api.sessions import store
from impersonator_api.sessions.live import live_in
from impersonator_api.sessions.snapshot import Live, Row
from impersonator_api.tokens import HandoverBinding, HandoverState, Minted
from impersonator_api.work import Work

PARAMETER = "handover_code"
"""What the code is called in the link's fragment."""


class HandoverWish(Struct, frozen=True, kw_only=True):
    """Ask a start for links; with a `code_challenge` (RFC 7636, S256) only the browser that made it can use them."""

    code_challenge: str | None = None


class HandoverLink(Struct, frozen=True, kw_only=True):
    """A way into the application, good once and until `expires_at`. `query_url` holds a refresh token (seed 001)."""

    redirect_uri: str
    url: str
    expires_at: datetime
    query_url: str | None = None

    @override
    def __repr__(self) -> str:
        # The others let in whoever reads them.
        return f"HandoverLink(redirect_uri={self.redirect_uri!r})"


class HandedOver(Struct, frozen=True, kw_only=True):
    """A code that exists, and the session that it led to; whether that still runs is for `live_session` to say."""

    code: HandoverState
    document: Row

    @override
    def __repr__(self) -> str:
        return f"HandedOver(code={self.code!r})"


def offer_links(work: Work, live: Live, refresh: Minted, wish: HandoverWish) -> tuple[HandoverLink, ...]:
    """A link for each redirect URI of the session's client; none where it is no browser application."""
    client = live.client
    if client.kind is not ClientKind.SPA or not client.redirect_uris:
        return ()
    binding = _binding(work, live, wish)
    # A token in a URL is seen by many: only where it was asked for, and only one that is sent again and again anyway.
    is_in_query = client.query_handover and client.refresh_policy is RefreshPolicy.REUSE
    return tuple(
        HandoverLink(
            redirect_uri=uri,
            url=with_fragment(uri, code),
            expires_at=binding.expires_at,
            query_url=with_query(uri, refresh) if is_in_query else None,
        )
        for uri, code in tokens.mint_handover_codes(work, binding, client.redirect_uris).items()
    )


def _binding(work: Work, live: Live, wish: HandoverWish) -> HandoverBinding:
    session = live.session
    return HandoverBinding(
        tenant_id=session.tenant_id,
        session_id=session.id,
        client_id=live.client.id,
        code_challenge=wish.code_challenge,
        expires_at=min(work.now + tokens.HANDOVER_LIFETIME, session.expires_at),
    )


async def find_handed_over(work: Work, code: str) -> HandedOver | None:
    """What a code stands for, with everything its session depends on: one statement."""
    row = (await work.read(store.handed_over(tokens.handover_digest(code)))).one()
    state = tokens.handover_state_from(row["code"])
    return None if state is None else HandedOver(code=state, document=row["live"])


def live_session(work: Work, handed_over: HandedOver) -> Live:
    """The session of a code, running and still allowed; raises `SessionNotRunningError`."""
    return live_in(work, handed_over.document)


def with_fragment(redirect_uri: str, code: str) -> str:
    """The redirect URI with a code in its fragment, which browsers send to nobody.

    The fragment is read as a query after its first `?`, or as a whole where it has none, as `#a=b` does. One that
    is a path of a hash router, `#/callback` or `#!/callback`, gets its `?` here.
    """
    uri, _, fragment = redirect_uri.partition("#")
    added = f"{PARAMETER}={code}"
    has_query = "?" in fragment or fragment.startswith(("/", "!"))
    return f"{uri}#{_with_query(fragment, added) if has_query else _joined(fragment, added)}"


def with_query(redirect_uri: str, refresh: Minted) -> str:
    """The redirect URI with a refresh token in its query, before any fragment, as seed 001's SDK reads it."""
    uri, hash_sign, fragment = redirect_uri.partition("#")
    added = (
        f"refresh_token={refresh.token}"
        f"&refresh_token_expires_on={int(refresh.expires_at.timestamp())}"
        f"&refresh_token_expires_in={refresh.expires_in}"
    )
    return f"{_with_query(uri, added)}{hash_sign}{fragment}"


def _with_query(text: str, added: str) -> str:
    path, _, query = text.partition("?")
    return f"{path}?{_joined(query, added)}"


def _joined(query: str, added: str) -> str:
    return f"{query}{added}" if not query or query.endswith("&") else f"{query}&{added}"
