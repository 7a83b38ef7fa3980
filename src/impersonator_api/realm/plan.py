"""What has to be written so that a tenant becomes what its document says, and nothing else."""

import secrets
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import Table

from impersonator_api.directory import changes
from impersonator_api.directory.inventory import Inventory, Stored
from impersonator_api.realm.document import Entry
from impersonator_api.realm.places import Faults
from impersonator_api.realm.reading import Document
from impersonator_api.realm.report import Change, FieldChange, NewSecret, canonical
from impersonator_api.statement import Write

ROWS_AT_ONCE = 5000
"""Of one statement: far below what the statement timeout allows."""

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What planning needs to know besides the document: the tenant as it is, and the moment."""

    document: Document
    inventory: Inventory
    tenant_id: UUID
    now: datetime
    new_id: Callable[[], UUID]
    own_issuer: str
    is_production: bool
    prune: bool

    def prunes(self, kind: str) -> bool:
        """Whether what the document's list leaves out is suspended; a list that is left out prunes nothing."""
        return self.prune and kind in self.document.realm.model_fields_set


@dataclass(slots=True)
class Plan:
    """The writes, in the order that foreign keys ask for, and the story they tell."""

    faults: Faults
    changes: list[Change] = field(default_factory=list)
    unchanged: Counter[str] = field(default_factory=Counter)
    secrets: list[NewSecret] = field(default_factory=list)
    tenant: dict[str, Any] = field(default_factory=dict)
    freed: list[Write] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)

    def tell(self, kind: str, name: str, fields: Sequence[FieldChange], *, created: bool = False) -> None:
        """Put one thing into the report."""
        if created or fields:
            self.changes.append(Change(kind=kind, name=name, created=created, fields=() if created else tuple(fields)))
        else:
            self.unchanged[kind] += 1

    def generate_secret(self, client_id: str) -> str:
        """A secret of 32 random bytes, to be told once."""
        secret = secrets.token_urlsafe(32)
        self.secrets.append(NewSecret(client_id, SecretStr(secret)))
        return secret

    def insert(self, table: Table, rows: Sequence[Values]) -> None:
        self._each(rows, lambda some: changes.inserted(table, some))

    def replace(self, table: Table, rows: Sequence[Values]) -> None:
        self._each(rows, lambda some: changes.replaced(table, some))

    def upsert(self, table: Table, rows: Sequence[Values]) -> None:
        self._each(rows, lambda some: changes.upserted(table, some))

    def remove(self, table: Table, rows: Sequence[Values]) -> None:
        self._each(rows, lambda some: changes.removed(table, some))

    def _each(self, rows: Sequence[Values], write: Callable[[Sequence[Values]], Write]) -> None:
        for start in range(0, len(rows), ROWS_AT_ONCE):
            self.writes.append(write(rows[start : start + ROWS_AT_ONCE]))


def differences(stored: Stored | None, values: Values) -> list[FieldChange]:
    """The keys whose values are not the stored ones."""
    old = stored.values if stored else {}
    return [
        FieldChange(name, old.get(name), value)
        for name, value in values.items()
        if stored is None or canonical(old.get(name)) != canonical(value)
    ]


def merged(stored: Stored | None, values: Values, defaults: Values) -> dict[str, Any]:
    """What a row will hold: what was written, else what is stored, else the default."""
    before = {name: stored.values[name] for name in defaults} if stored else dict(defaults)
    return before | {name: value for name, value in values.items() if name in defaults}


def values_of(entry: Entry, names: Sequence[str]) -> dict[str, Any]:
    """The written keys among these, as columns hold them."""
    dumped = entry.model_dump(mode="json", include=set(names) & entry.model_fields_set)
    return {name: dumped[name] for name in names if name in dumped}


def in_order(values: dict[str, Any], *names: str) -> dict[str, Any]:
    """The same values, with these lists sorted: their order says nothing."""
    return values | {name: sorted(values[name]) for name in names if values.get(name) is not None}


@dataclass(slots=True)
class Rows:
    """New and changed rows of one table."""

    table: Table
    tenant_id: UUID
    new: list[Values] = field(default_factory=list)
    changed: list[Values] = field(default_factory=list)

    def put(self, stored: Stored | None, row_id: UUID, values: Values, created: Values | None = None) -> None:
        """A whole row, under the id of the stored one or a new one; `created` is for new rows alone."""
        if stored is None:
            self.new.append({"id": row_id, "tenant_id": self.tenant_id, **values, **(created or {})})
        else:
            self.changed.append({"id": row_id, **values})

    def into(self, plan: Plan) -> None:
        """Queue them."""
        plan.insert(self.table, self.new)
        plan.replace(self.table, self.changed)
