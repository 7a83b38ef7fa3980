"""Refresh tokens as they lie in the database."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct, convert, json
from msgspec.structs import replace
from sqlalchemy import CTE, Select, insert, select, update
from typing_extensions import override

from impersonator_api.questions import Column, Part, json_of, part
from impersonator_api.statement import Write
from impersonator_api.tokens.tables import refresh_tokens
from impersonator_api.work import Work


class RefreshToken(Struct, frozen=True, kw_only=True):
    """One refresh token to be remembered: its claims are kept, so the same can be signed again."""

    id: UUID
    tenant_id: UUID
    session_id: UUID
    family_id: UUID
    claims: Mapping[str, object]
    issued_at: datetime
    expires_at: datetime

    @override
    def __repr__(self) -> str:
        # Not what it says of somebody.
        return f"RefreshToken(id={self.id})"


class SuccessorState(Struct, frozen=True):
    """The token that a used one was traded for."""

    claims: Mapping[str, object]
    used_at: datetime | None

    @override
    def __repr__(self) -> str:
        return f"SuccessorState(used_at={self.used_at})"


class RefreshState(Struct, frozen=True, kw_only=True):
    """Whether a refresh token was used, and what became of it where somebody asked."""

    id: UUID
    session_id: UUID
    family_id: UUID
    used_at: datetime | None
    successor_id: UUID | None
    successor: SuccessorState | None = None


def refresh_token_inserted(token: RefreshToken) -> Write:
    """A new refresh token."""
    return Write("refresh token inserted", _inserted, _columns(token))


def _inserted(**row: Column) -> CTE:
    return insert(refresh_tokens).values(row).cte()


def refresh_token_used(jti: UUID, *, successor_id: UUID, now: datetime) -> Write:
    """The one use of a refresh token; of twenty at once one meets its row, and nothing of the others' is stored."""
    values = {"jti": jti, "successor_id": successor_id, "now": now}
    return Write("refresh token used", _used, values, touched=((refresh_tokens, jti),))


def _used(jti: Column, successor_id: Column, now: Column) -> CTE:
    rows = refresh_tokens.c
    unused = (rows.id == jti) & rows.used_at.is_(None) & (rows.expires_at > now)
    changed = update(refresh_tokens).where(unused).values(used_at=now, successor_id=successor_id)
    return changed.returning(rows.id).cte()


def refresh_token_json(jti: UUID) -> Part[Column]:
    """A refresh token's row as one JSON document for a larger question, or NULL."""
    return part(_refresh_token_json, jti=jti)


def _refresh_token_json(jti: Column) -> Column:
    token = refresh_tokens.alias()
    told = {name: token.c[name] for name in ("id", "session_id", "family_id", "used_at", "successor_id")}
    return select(json_of(told)).where(token.c.id == jti).scalar_subquery()


def refresh_state_from(row: Mapping[str, Any] | None) -> RefreshState | None:
    """The state in a JSON document of `refresh_token_json`."""
    return None if row is None else convert(row, RefreshState)


async def with_successor(work: Work, state: RefreshState) -> RefreshState:
    """The state with the token that it was traded for: a question of its own, as hardly any used token comes back.

    In the question for the token itself PostgreSQL would get ready to look for the other one in every month.
    """
    if state.successor_id is None:
        return state
    row = (await work.read(part(_successor, jti=state.successor_id))).one_or_none()
    if row is None:
        return state
    return replace(state, successor=SuccessorState(json.decode(row["claims"]), row["used_at"]))


def _successor(jti: Column) -> Select[Any]:
    rows = refresh_tokens.c
    return select(rows.claims, rows.used_at).where(rows.id == jti)


def _columns(token: RefreshToken) -> dict[str, object]:
    return {
        "id": token.id,
        "tenant_id": token.tenant_id,
        "session_id": token.session_id,
        "family_id": token.family_id,
        "claims": json.encode(token.claims).decode(),
        "issued_at": token.issued_at,
        "expires_at": token.expires_at,
    }
