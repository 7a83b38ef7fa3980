"""What an apply did, or would do: everything but secrets, and generated secrets once."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import SecretStr


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One key, before and after; a secret shows as words."""

    name: str
    old: object
    new: object


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that was created or changed. `kind` is the realm file's key, such as `users`."""

    kind: str
    name: str
    created: bool
    fields: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A generated secret; it is stored as a digest, so nobody can be told again."""

    client_id: str
    secret: SecretStr


@dataclass(frozen=True, slots=True)
class TenantReport:
    """One tenant's share of a report."""

    tenant: str
    revision: int
    changes: tuple[Change, ...]
    unchanged: Mapping[str, int]
    ended: Mapping[str, int] = field(default_factory=dict)  # sessions, by reason
    secrets: tuple[NewSecret, ...] = ()

    @property
    def created(self) -> tuple[Change, ...]:
        """What is new."""
        return tuple(change for change in self.changes if change.created)

    @property
    def changed(self) -> tuple[Change, ...]:
        """What was there and is different now."""
        return tuple(change for change in self.changes if not change.created)


@dataclass(frozen=True, slots=True)
class Report:
    """What an apply did; after a dry run, what it would have done."""

    tenants: tuple[TenantReport, ...]
    dry_run: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing changed."""
        return not any(tenant.changes for tenant in self.tenants)

    @property
    def secrets(self) -> tuple[NewSecret, ...]:
        """All generated secrets."""
        return tuple(secret for tenant in self.tenants for secret in tenant.secrets)

    def as_json(self) -> dict[str, Any]:
        """The report for a machine; it holds the generated secrets, so it must not be logged."""
        return {"dry_run": self.dry_run, "changed": not self.is_empty, "tenants": [_plain(t) for t in self.tenants]}


def _plain(report: TenantReport) -> dict[str, Any]:
    return {
        "tenant": report.tenant,
        "revision": report.revision,
        "created": [{"kind": change.kind, "name": change.name} for change in report.created],
        "changed": [
            {"kind": change.kind, "name": change.name, "fields": _fields(change.fields)} for change in report.changed
        ],
        "unchanged": dict(report.unchanged),
        "sessions_ended": dict(report.ended),
        "secrets": [{"client_id": new.client_id, "secret": new.secret.get_secret_value()} for new in report.secrets],
    }


def _fields(fields: Sequence[FieldChange]) -> dict[str, dict[str, object]]:
    return {each.name: {"old": plain(each.old), "new": plain(each.new)} for each in fields}


def plain(value: object) -> object:
    """A value as JSON has it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, UUID):
        return str(value)
    return [plain(each) for each in value] if isinstance(value, list | tuple) else value


def canonical(value: object) -> str:
    """Equal texts for equal values; unlike `==` it tells `true` from `1`."""
    return json.dumps(_as_stored(plain(value)), sort_keys=True)


def _as_stored(value: object) -> object:
    # JSON in PostgreSQL has decimal numbers: 1e16 comes back as 10000000000000000.
    if isinstance(value, float) and value.is_integer():
        return int(Decimal(repr(value)))
    if isinstance(value, dict):
        return {key: _as_stored(held) for key, held in value.items()}
    return [_as_stored(held) for held in value] if isinstance(value, list) else value
