"""Where policy documents are kept: each version is a row, and no row ever changes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CTE, ColumnElement, ScalarSelect, Text, cast, insert, select

from impersonator_api.policy.builtin import BUILT_IN, BUILT_IN_VERSION
from impersonator_api.policy.document import PolicyDocument
from impersonator_api.policy.parsing import as_mapping, document_from_json
from impersonator_api.policy.tables import policies
from impersonator_api.questions import Column, constant, json_of
from impersonator_api.statement import Write


def inserted(tenant_id: UUID, version: int, document: PolicyDocument, *, created_by: str, now: datetime) -> Write:
    """A new version, in force from its commit. Of two stories that write the same version one loses the race."""
    row = {
        "tenant_id": tenant_id,
        "version": version,
        "document": as_mapping(document),
        "created_by": created_by,
        "created_at": now,
    }
    return Write("policy", _inserted, row)


def _inserted(**row: Column) -> CTE:
    return insert(policies).values(row).cte()


def current_document(tenant_id: UUID | ColumnElement[UUID]) -> ScalarSelect[Any]:
    """`{"version", "document"}` of the version in force, or NULL where the built-in document holds.

    The document is a JSON text within the JSON, so that `document_in_force` can look it up as it comes.
    """
    current = policies.alias("current_policy")
    answer = json_of({"version": current.c.version, "document": cast(current.c.document, Text)})
    query = select(answer).where(current.c.tenant_id == tenant_id).order_by(current.c.version.desc())
    return query.limit(constant(1)).scalar_subquery()


def document_in_force(current: Mapping[Any, Any] | None) -> tuple[PolicyDocument, int]:
    """The document and its version behind an answer of `current_document`."""
    if current is None:
        return BUILT_IN, BUILT_IN_VERSION
    return document_from_json(current["document"]), current["version"]
