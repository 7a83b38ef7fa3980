"""Where a request carries its token, and where it must not."""

from collections.abc import Iterable, Sequence

from msgspec import Struct
from typing_extensions import override

from impersonator_api.callers.errors import CsrfError, SeveralCredentialsError, TokenInQueryError
from impersonator_api.errors import UnauthenticatedError
from impersonator_api.tokens import SentProofs

COOKIE = "auth_token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""RFC 9110 §9.2.1: these change nothing, so a browser that does not say which site asks may send them."""


class Credentials(Struct, frozen=True):
    """A token, believed in nothing yet; with what came for proofs where it was sent with the scheme DPoP."""

    token: str
    proofs: SentProofs | None = None

    @override
    def __repr__(self) -> str:
        return "Credentials()"


def find_credentials(
    *,
    authorization_values: Sequence[str],
    cookie_values: Sequence[str],
    proofs: SentProofs,
    sec_fetch_site: str | None,
    query_has_token: bool,
) -> Credentials | None:
    """The one token of a request, or `None`; raises for a token in the URL, for two, and for another site's cookie.

    The values are those of all header fields of that name. A cookie counts only where no Authorization
    header was sent at all: an explicit identity is never mixed with, or replaced by, an ambient one.
    """
    if query_has_token:
        raise TokenInQueryError("Send the token in the Authorization header, and get a new one: URLs end up in logs.")
    if len(authorization_values) > 1:
        raise SeveralCredentialsError("Send one Authorization header.")
    if authorization_values:
        return _sent_token(authorization_values[0], proofs)
    tokens = set(_cookies(cookie_values))
    if len(tokens) > 1:
        raise SeveralCredentialsError(f"Send one cookie named {COOKIE}.")
    if tokens and _is_anothers(proofs.method, sec_fetch_site):
        raise CsrfError("Send the token in the Authorization header; a cookie counts for same-origin requests only.")
    return Credentials(tokens.pop()) if tokens else None


def _is_anothers(method: str, sec_fetch_site: str | None) -> bool:
    """Whether another site may have made the browser ask; of what changes nothing, only where the browser says so."""
    if method in SAFE_METHODS:
        # Threat: it learns nothing, but refusals that it provokes would be the visitor's, in the audit and in limits.
        return "cross-site" in (sec_fetch_site or "")
    return sec_fetch_site != "same-origin"


def _sent_token(value: str, proofs: SentProofs) -> Credentials:
    scheme, _, token = value.strip().partition(" ")
    known = {"bearer": None, "dpop": proofs}
    if scheme.lower() not in known or not token.strip():
        raise UnauthenticatedError("Send an access token with the scheme Bearer, or with DPoP if it is bound to a key.")
    return Credentials(token.strip(), known[scheme.lower()])


def _cookies(values: Iterable[str]) -> Iterable[str]:
    # The standard library's parser drops everything behind the first cookie it finds odd.
    for pair in (pair for value in values for pair in value.split(";")):
        name, _, token = pair.strip().partition("=")
        if name == COOKIE and token:
            yield token.strip('"')
