"""What the token endpoint answers (RFC 6749 §5.1, RFC 8693 §2.2.1)."""

from msgspec import Struct

from impersonator_api.tokens import Minted


class TokenAnswer(Struct, frozen=True, kw_only=True):
    """An access token, and where the grant gives one a refresh token. `scope` is there whenever it must be told.

    `token_type` is there where what is called access token is none (RFC 8693 §2.2.1).
    """

    access: Minted
    refresh: Minted | None = None
    scope: frozenset[str] | None = None
    token_type: str | None = None
    issued_token_type: str | None = None
