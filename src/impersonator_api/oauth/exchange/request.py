"""What a token exchange asks for (RFC 8693 §2.1), and what of our own it may add."""

from datetime import timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from msgspec import Struct
from typing_extensions import override

from impersonator_api.oauth.errors import InvalidOAuthRequestError, InvalidTargetError
from impersonator_api.oauth.grants.request import TokenRequest
from impersonator_api.policy import Mode

LONGEST_NAME = 255
LONGEST_REASON = 500
MOST_PERMISSIONS = 100
MOST_SECONDS = 86_400


class TokenType(StrEnum):
    """The kinds of token that an exchange takes or gives (RFC 8693 §3); `jwt` is an access token under another name."""

    ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105  # a URN, no password
    JWT = "urn:ietf:params:oauth:token-type:jwt"
    REFRESH_TOKEN = "urn:ietf:params:oauth:token-type:refresh_token"  # noqa: S105  # likewise
    USER_ID = "urn:impersonator:params:oauth:token-type:user-id"


SUBJECTS = (TokenType.ACCESS_TOKEN, TokenType.JWT, TokenType.USER_ID)
ACTORS = (TokenType.ACCESS_TOKEN, TokenType.JWT)
REQUESTABLE = (TokenType.ACCESS_TOKEN, TokenType.JWT, TokenType.REFRESH_TOKEN)


class ExchangeRequest(Struct, frozen=True, kw_only=True):
    """A token exchange, well formed and proven in nothing. The last members are ours: what a policy may ask for."""

    subject_token: str
    subject_token_type: TokenType
    actor_token: str | None
    requested_token_type: TokenType
    targets: tuple[str, ...]
    scope: frozenset[str]
    may_act: str | None
    workspace: str | None
    mode: Mode | None
    permissions: frozenset[str] | None
    duration: timedelta | None
    reason: str | None
    ticket: str | None

    @override
    def __repr__(self) -> str:
        # Without its tokens.
        return f"ExchangeRequest(requested_token_type={self.requested_token_type!r}, targets={self.targets!r})"

    @property
    def names_terms(self) -> bool:
        """Whether it asks for what only a session that begins can be given."""
        terms = (self.workspace, self.mode, self.permissions, self.duration, self.reason, self.ticket)
        return any(term is not None for term in terms)


def read_exchange(request: TokenRequest) -> ExchangeRequest:
    """Read and bound the parameters; raises `InvalidOAuthRequestError` and `InvalidTargetError`."""
    permissions = request.find("permissions")
    return ExchangeRequest(
        subject_token=request.load("subject_token"),
        subject_token_type=_one_of(SUBJECTS, "subject_token_type", request.load("subject_token_type")),
        actor_token=_actor_token(request),
        requested_token_type=_requested(request),
        targets=_targets(request),
        scope=request.scope(),
        may_act=_may_act(request),
        workspace=_name(request, "workspace"),
        mode=_mode(request.find("mode")),
        permissions=None if permissions is None else _permissions(permissions),
        duration=_duration(request.find("duration")),
        reason=_name(request, "reason", LONGEST_REASON),
        ticket=_name(request, "ticket"),
    )


def _actor_token(request: TokenRequest) -> str | None:
    token, kind = request.find("actor_token"), request.find("actor_token_type")
    # RFC 8693 §2.1: the type is required with the token, and must not come without it.
    if (token is None) != (kind is None):
        raise InvalidOAuthRequestError("Send actor_token and actor_token_type together.")
    if kind is not None:
        _one_of(ACTORS, "actor_token_type", kind)
    return token


def _requested(request: TokenRequest) -> TokenType:
    wanted = request.find("requested_token_type") or TokenType.ACCESS_TOKEN
    return _one_of(REQUESTABLE, "requested_token_type", wanted)


def _one_of(kinds: tuple[TokenType, ...], name: str, value: str) -> TokenType:
    if value not in kinds:
        raise InvalidOAuthRequestError(f"Use one of {', '.join(kinds)} as {name}.")
    return TokenType(value)


def _targets(request: TokenRequest) -> tuple[str, ...]:
    resources = tuple(request.several.get("resource", ()))
    for resource in resources:
        # RFC 8693 §2.1, RFC 8707 §2: an absolute URI without a fragment.
        if not _is_absolute(resource) or "#" in resource:
            raise InvalidTargetError("A resource is an absolute URI without fragment.")
    return tuple(dict.fromkeys((*request.several.get("audience", ()), *resources)))


def _is_absolute(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    return bool(parts.scheme and (parts.netloc or parts.path))


def _name(request: TokenRequest, name: str, longest: int = LONGEST_NAME) -> str | None:
    value = request.find(name)
    if value is not None and len(value) > longest:
        raise InvalidOAuthRequestError(f"The parameter {name} has at most {longest} characters.")
    return value


def _may_act(request: TokenRequest) -> str | None:
    named = _name(request, "may_act")
    if named is not None and request.find("requested_token_type") == TokenType.REFRESH_TOKEN:
        # A session knows nothing of it: the first refresh would give a token that anybody may hand on.
        raise InvalidOAuthRequestError("Ask for may_act with an access token; a refresh would lose it.")
    return named


def _mode(value: str | None) -> Mode | None:
    if value is not None and value not in set(Mode):
        raise InvalidOAuthRequestError(f"Use one of {', '.join(Mode)} as mode.")
    return None if value is None else Mode(value)


def _permissions(value: str) -> frozenset[str]:
    named = frozenset(value.split())
    if len(named) > MOST_PERMISSIONS:
        raise InvalidOAuthRequestError(f"Name at most {MOST_PERMISSIONS} permissions.")
    return named


def _duration(value: str | None) -> timedelta | None:
    if value is None:
        return None
    if not (value.isascii() and value.isdigit() and len(value) <= len(str(MOST_SECONDS))):
        raise InvalidOAuthRequestError("A duration is a whole number of seconds.")
    if not 1 <= int(value) <= MOST_SECONDS:
        raise InvalidOAuthRequestError(f"A duration is 1 to {MOST_SECONDS} seconds.")
    return timedelta(seconds=int(value))
