"""The tokens that an exchange brings, and what the database must be asked about them."""

from collections.abc import Awaitable, Callable

from msgspec import Struct

from impersonator_api.callers import Caller, CallerQuestion, Credentials, ask_about
from impersonator_api.callers.errors import TokenBoundError
from impersonator_api.oauth.clients import Also
from impersonator_api.oauth.exchange.request import ExchangeRequest, TokenType
from impersonator_api.oauth.presented_token import PresentedToken, TokenKind, find_presented
from impersonator_api.tokens import InvalidTokenError, bound_key
from impersonator_api.work import Work


class Brought(Struct, frozen=True, kw_only=True):
    """Subject and actor. A subject is a token of a session, else somebody's own token, else `None`: a bare user id."""

    subject: PresentedToken | CallerQuestion | None
    actor: CallerQuestion | None

    def columns(self, work: Work) -> Also:
        """What to ask in the statement that proves the client, which is asked first whatever the tokens are worth."""
        of_subject = self.subject.state_columns(work) if isinstance(self.subject, PresentedToken) else {}
        questions = {"subject": self.subject, "actor": self.actor}
        asked = {name: each.part for name, each in questions.items() if isinstance(each, CallerQuestion)}
        return {**of_subject, **{name: part for name, part in asked.items() if part is not None}}


async def read_brought(work: Work, asked: ExchangeRequest) -> Brought:
    """Look at the tokens; a bad one is told only to a client that has proven who it is."""
    actor = None if asked.actor_token is None else await _question(work, asked.actor_token, slot="actor")
    return Brought(subject=await _subject(work, asked), actor=actor)


def refuse_stolen(subject: PresentedToken | CallerQuestion | None, key: str | None) -> None:
    """Raise `TokenBoundError` for a token that is bound to another key than the request proves.

    Threat: whoever came by a bound token exchanges it for one that nobody has to prove anything for. Tokens of
    people who come as themselves are held to it where callers are recognised.
    """
    if isinstance(subject, PresentedToken) and bound_key(subject.claims.claims) not in {None, key}:
        raise TokenBoundError("The subject token is bound to a key that this request does not prove.")


async def _subject(work: Work, asked: ExchangeRequest) -> PresentedToken | CallerQuestion | None:
    if asked.subject_token_type is TokenType.USER_ID:
        return None
    presented = await find_presented(work, asked.subject_token)
    if presented is not None and presented.kind is TokenKind.ACCESS and presented.session_id is not None:
        return presented
    return await _question(work, asked.subject_token, slot="subject")


async def _question(work: Work, token: str, *, slot: str) -> CallerQuestion:
    try:
        return await ask_about(work, Credentials(token), slot=slot)
    except InvalidTokenError as error:
        return CallerQuestion(None, _raising(error))


def _raising(error: InvalidTokenError) -> Callable[[Work, object], Awaitable[Caller]]:
    async def settle(_work: Work, _answer: object) -> Caller:
        raise error

    return settle
