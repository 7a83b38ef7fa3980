"""Hand-over codes as they lie in the database: by their digest, never as themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct, convert
from sqlalchemy import ARRAY, CTE, LargeBinary, Select, Text, delete, func, insert, select, type_coerce, update

from impersonator_api.questions import Column, constant, json_of
from impersonator_api.statement import Write
from impersonator_api.tokens.tables import handover_codes


class HandoverBinding(Struct, frozen=True, kw_only=True):
    """What the codes of one hand-over have in common; `code_challenge` is RFC 7636's, method S256."""

    tenant_id: UUID
    session_id: UUID
    client_id: UUID
    code_challenge: str | None
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverState:
    """What a hand-over code is good for, and whether it was used."""

    session_id: UUID
    client_id: UUID
    redirect_uri: str
    code_challenge: str | None = field(repr=False)
    expires_at: datetime
    used_at: datetime | None


def handover_codes_inserted(binding: HandoverBinding, codes: Sequence[tuple[bytes, str]]) -> Write:
    """New codes, each a digest with the redirect URI it is for."""
    same = {
        "tenant_id": binding.tenant_id,
        "session_id": binding.session_id,
        "client_id": binding.client_id,
        "code_challenge": binding.code_challenge,
        "expires_at": binding.expires_at,
    }
    if len(codes) == 1:
        digest, redirect_uri = codes[0]
        return Write("hand-over code inserted", _one_inserted, {"digest": digest, "redirect_uri": redirect_uri} | same)
    each = {"digests": [digest for digest, _ in codes], "redirect_uris": [redirect_uri for _, redirect_uri in codes]}
    return Write("hand-over codes inserted", _inserted, each | same, rows=len(codes))


def _one_inserted(**row: Column) -> CTE:
    return insert(handover_codes).values(row).cte()


def _inserted(digests: Column, redirect_uris: Column, **same: Column) -> CTE:
    given = (
        func.unnest(type_coerce(digests, ARRAY(LargeBinary)), type_coerce(redirect_uris, ARRAY(Text)))
        .table_valued("digest", "redirect_uri")
        .render_derived()
    )
    columns = [type_coerce(value, handover_codes.c[name].type).label(name) for name, value in same.items()]
    rows = select(given.c.digest, given.c.redirect_uri, *columns)
    statement = insert(handover_codes).from_select(["digest", "redirect_uri", *same], rows)
    return statement.returning(handover_codes.c.digest).cte()


def handover_code_used(digest: bytes, *, now: datetime) -> Write:
    """The one use of a code; of fifty at once one meets its row, and nothing of the others' is stored."""
    touched = ((handover_codes, digest),)
    return Write("hand-over code used", _used, {"digest": digest, "now": now}, touched=touched)


def _used(digest: Column, now: Column) -> CTE:
    codes = handover_codes.c
    unused = (codes.digest == digest) & codes.used_at.is_(None) & (codes.expires_at > now)
    return update(handover_codes).where(unused).values(used_at=now).returning(codes.digest).cte()


def handover_codes_deleted(before: datetime, limit: int) -> Select[Any]:
    """Delete some of the codes that expired before then; answers how many."""
    old = select(handover_codes.c.digest).where(handover_codes.c.expires_at < before).limit(constant(limit))
    gone = delete(handover_codes).where(handover_codes.c.digest.in_(old)).returning(handover_codes.c.digest)
    return select(func.count()).select_from(gone.cte())


def handed_over_session_id(digest: Column) -> Column:
    """The session that a code leads to, for a larger question."""
    codes = handover_codes.alias()
    return select(codes.c.session_id).where(codes.c.digest == digest).scalar_subquery()


def handover_code_json(digest: Column) -> Column:
    """A code's row as one JSON document for a larger question, or NULL."""
    codes = handover_codes.alias()
    names = ("session_id", "client_id", "redirect_uri", "code_challenge", "expires_at", "used_at")
    return select(json_of({name: codes.c[name] for name in names})).where(codes.c.digest == digest).scalar_subquery()


def handover_state_from(row: Mapping[str, Any] | None) -> HandoverState | None:
    """The state in a JSON document of `handover_code_json`."""
    return None if row is None else convert(row, HandoverState)
