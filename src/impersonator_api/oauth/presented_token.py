"""A token that somebody asks about or gives back: which of ours it is, if it is one of ours at all."""

from enum import StrEnum
from typing import Self
from uuid import UUID

from msgspec import Struct, convert

from impersonator_api import sessions, tokens
from impersonator_api.directory import documents
from impersonator_api.oauth.clients import Also
from impersonator_api.tokens import InvalidTokenError, VerifiedClaims
from impersonator_api.work import Work


class TokenKind(StrEnum):
    """What kind of token it is."""

    ACCESS = "access_token"
    REFRESH = "refresh_token"


class PresentedToken(Struct, frozen=True):
    """A token of ours whose signature, issuer and dates hold; whether it still counts is in the database."""

    kind: TokenKind
    claims: VerifiedClaims
    session_id: UUID | None
    """The session behind it, where somebody acts as somebody."""

    @classmethod
    def of(cls, kind: TokenKind, claims: VerifiedClaims) -> Self:
        """The token of these claims."""
        sid = claims.find_text("sid")
        return cls(kind, claims, convert(sid, UUID) if sid else None)

    def state_columns(self, work: Work) -> Also:
        """What to ask so that one statement tells whether it still counts."""
        if self.session_id is None:
            return {"party": documents.party_json(self.claims.load_text("tenant"), self.claims.load_text("sub"))}
        session = {"live": sessions.live_document(work, self.session_id), **sessions.holders_json(self.claims)}
        if self.kind is TokenKind.ACCESS:
            return session
        return session | {"refresh": tokens.refresh_token_json(self.claims.load_id("jti"))}


async def find_presented(work: Work, token: str) -> PresentedToken | None:
    """The token, whichever kind it is (RFC 7009 §2.1: a hint may be wrong, so none is needed), or `None`."""
    try:
        unverified = tokens.read_unverified(token)
        if unverified.find_header("typ") == tokens.REFRESH:
            return PresentedToken.of(TokenKind.REFRESH, await tokens.verify_refresh_token(work, token))
        return PresentedToken.of(TokenKind.ACCESS, await tokens.verify_access_token(work, unverified))
    except InvalidTokenError:
        return None
