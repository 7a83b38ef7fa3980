"""From a token to whoever sent it."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Select

from impersonator_api.callers.acquaintances import Acquaintance, Acquaintances
from impersonator_api.callers.bearer import Credentials
from impersonator_api.callers.caller import NOTHING, Caller, ImpersonationCaller
from impersonator_api.callers.foreign import ask_about_foreign
from impersonator_api.callers.own import ask_about_own
from impersonator_api.callers.question import CallerQuestion
from impersonator_api.callers.store import Also
from impersonator_api.errors import UnauthenticatedError
from impersonator_api.prepared import Row
from impersonator_api.questions import Part, alone, with_parts
from impersonator_api.tokens import UnverifiedToken, read_unverified
from impersonator_api.work import Work

CALLER = "caller"


async def load_caller(work: Work, credentials: Credentials | None, *, also: Also = NOTHING) -> Caller:
    """Prove who is calling, with at most one statement; `also` asks more of that statement about a user or service.

    Raises 401 without credentials and for a token that does not hold, 403 for who is unknown or suspended,
    503 where an issuer's keys are out of reach.
    """
    return await _asked_alone(work, await ask_about(work, _required(credentials), also=also))


Foresee = Callable[[Acquaintance[Any, Any]], Part[Select[Any]] | None]
"""What a story will ask once it knows its caller, if it lets this one in."""


async def load_caller_and(
    work: Work, credentials: Credentials | None, foresee: Foresee
) -> tuple[Caller, Sequence[Row] | None]:
    """Prove who is calling, and ask in the same statement what is to be asked about him, as far as he can be guessed.

    The rows are `None` where nobody was guessed, or the caller proves to be somebody else, or to have other rights.
    Raises as `load_caller` does.
    """
    credentials = _required(credentials)
    token = read_unverified(credentials.token)
    question = await _ask_about(work, token, credentials)
    return await _asked_with(work, question, work.get(Acquaintances).last(token.digest), foresee)


async def load_caller_and_many(
    work: Work, credentials: Credentials | None, foresee: Foresee
) -> tuple[Caller, Sequence[Row] | None]:
    """The same for many rows: each says who is calling, so they are asked for along only where that is short."""
    question = await ask_about(work, _required(credentials))
    return await _asked_with(work, question, question.known, foresee)


async def _asked_with(
    work: Work, question: CallerQuestion, guess: Acquaintance[Any, Any] | None, foresee: Foresee
) -> tuple[Caller, Sequence[Row] | None]:
    asked = None if guess is None else foresee(guess)
    if guess is None or asked is None or question.part is None:
        return await _asked_alone(work, question), None
    rows = await work.read(with_parts(asked, {CALLER: question.part}))
    # Each row says who is calling; where there is none, he is asked about after all.
    caller = await (question.answered(work, rows[0][CALLER]) if rows else _asked_alone(work, question))
    is_right = not isinstance(caller, ImpersonationCaller) and guess.is_still(caller)
    return caller, rows if is_right else None


async def _asked_alone(work: Work, question: CallerQuestion) -> Caller:
    if question.part is None:
        return await question.answered(work, None)
    return await question.answered(work, (await work.read(alone(question.part))).scalar_one())


def _required(credentials: Credentials | None) -> Credentials:
    if credentials is None:
        raise UnauthenticatedError("Send an access token in the Authorization header.")
    return credentials


async def ask_about(work: Work, credentials: Credentials, *, also: Also = NOTHING, slot: str = "") -> CallerQuestion:
    """What to ask about a token's caller; raises 401 for a token that can be known to be bad without asking."""
    return await _ask_about(work, read_unverified(credentials.token), credentials, also, slot)


async def _ask_about(
    work: Work, token: UnverifiedToken, credentials: Credentials, also: Also = NOTHING, slot: str = ""
) -> CallerQuestion:
    # Nobody else may speak in our name: our own issuer is never looked up among the trusted ones.
    if token.find_text("iss") == work.settings.issuer:
        return await ask_about_own(work, token, credentials, also, slot)
    return ask_about_foreign(work, token, credentials, also, slot)
