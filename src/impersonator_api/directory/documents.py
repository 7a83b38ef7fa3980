"""Questions about the directory, as scalar subqueries that a larger question can hold.

A decision needs a tenant, two people, a client, a workspace and a consent as they were at one moment, so
each is a correlated subquery giving one JSON document: one statement asks for all of them, in one snapshot.
"""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    FromClause,
    Select,
    Text,
    any_,
    func,
    or_,
    select,
    type_coerce,
)

from impersonator_api.directory import tables
from impersonator_api.directory.people import Status
from impersonator_api.questions import Part, constant, json_list, json_of, part, row_json

tenants = tables.tenants
NOT_FOR_DECISIONS = ("secret_digests", "jwks", "jwks_uri", "created_at")
"""Columns of a client that only its authentication needs."""

MAX_DIGITS = 10
"""A client's number fits PostgreSQL's integer."""

HEX_DIGITS = 32
"""What every way to write an id has at least."""

Json = Mapping[str, Any]
JsonColumn = ColumnElement[Any]

Value = ColumnElement[Any] | UUID | str | int | None
"""What a question is about: a value, or a column of the larger question."""


def tenant_json(tenant_id: Value) -> JsonColumn:
    """The tenant of that id, or NULL."""
    tenants = tables.tenants.alias()
    return select(row_json(tenants)).where(tenants.c.id == tenant_id).scalar_subquery()


def revision_of(tenant_id: Value) -> ColumnElement[int]:
    """The number that rises with every change of that tenant."""
    tenants = tables.tenants.alias()
    return select(tenants.c.revision).where(tenants.c.id == tenant_id).scalar_subquery()


def workspace_json(tenant_id: Value, name: Value, workspace_id: Value) -> JsonColumn:
    """The workspace of that slug in a tenant, or of the id that the name is (`id_in`), or NULL."""
    workspaces = tables.workspaces.alias()
    named = or_(workspaces.c.id == workspace_id, workspaces.c.slug == name)
    question = select(row_json(workspaces)).where(workspaces.c.tenant_id == tenant_id, named)
    # A slug that looks like another workspace's id must not win over it.
    return question.order_by((workspaces.c.slug == name).asc()).limit(constant(1)).scalar_subquery()


def workspace_by_id_json(workspace_id: Value) -> JsonColumn:
    """The workspace of that id, or NULL."""
    workspaces = tables.workspaces.alias()
    return select(row_json(workspaces)).where(workspaces.c.id == workspace_id).scalar_subquery()


def client_json(tenant_id: Value, name: Value, *, by: str = "client_id") -> JsonColumn:
    """The client of a tenant whose column `by` is `name`, or NULL."""
    clients = tables.clients.alias()
    question = select(client_row_json(clients))
    return question.where(clients.c.tenant_id == tenant_id, clients.c[by] == name).scalar_subquery()


def client_row_json(clients: FromClause) -> JsonColumn:
    """A row of `clients` as decisions see it: without its secrets."""
    return json_of({column.name: column for column in clients.c if column.name not in NOT_FOR_DECISIONS})


def client_named_json(tenant_id: Value, name: Value, number: Value) -> JsonColumn:
    """The client of a tenant by its `client_id` or its number (`number_in`); no `client_id` begins with a digit."""
    clients = tables.clients.alias()
    by_name: ColumnElement[bool] = clients.c.client_id == name
    named = by_name if number is None else or_(by_name, clients.c.number == number)
    question = select(client_row_json(clients)).where(clients.c.tenant_id == tenant_id, named)
    return question.scalar_subquery()


def number_in(name: str | None) -> int | None:
    """The number that a client's name is, if it is one."""
    if name is not None and name.isascii() and name.isdigit() and len(name) < MAX_DIGITS:
        return int(name)
    return None


def client_with_secrets(client_id: str, *, is_known: bool = False) -> Part[Select[Any]]:
    """A client with its tenant and the digests of its secrets; where that is known, the tenant's revision alone.

    A `client_id` is unique over all tenants.
    """
    return part(_known_client if is_known else _client_with_secrets, client_id=client_id)


def _known_client(client_id: Value) -> Select[Any]:
    clients = tables.clients.alias()
    return select(revision_of(clients.c.tenant_id).label("revision")).where(clients.c.client_id == client_id)


def _client_with_secrets(client_id: Value) -> Select[Any]:
    clients = tables.clients.alias()
    return select(
        tenant_json(clients.c.tenant_id).label("tenant"),
        client_row_json(clients).label("client"),
        clients.c.secret_digests,
        clients.c.jwks,
        clients.c.jwks_uri,
    ).where(clients.c.client_id == client_id)


def party_json(tenant_slug: str, subject: str) -> Part[JsonColumn]:
    """The status of the client or user whose own token has that `sub`, or NULL."""
    return part(_party_json, tenant_slug=tenant_slug, subject=subject, user_id=id_in(subject))


def _party_json(tenant_slug: Value, subject: Value, user_id: Value) -> JsonColumn:
    clients, users, tenants = tables.clients.alias(), tables.users.alias(), tables.tenants.alias()
    tenant_id = select(tenants.c.id).where(tenants.c.slug == tenant_slug).scalar_subquery()
    of_client = select(json_of({"status": clients.c.status})).where(
        clients.c.tenant_id == tenant_id, clients.c.client_id == subject
    )
    of_user = select(json_of({"status": users.c.status})).where(users.c.tenant_id == tenant_id, users.c.id == user_id)
    return func.coalesce(of_client.scalar_subquery(), of_user.scalar_subquery())


def active_clients_json(tenant_slug: str, client_ids: Collection[str]) -> Part[JsonColumn]:
    """Those of the named clients of a tenant that are active, as a JSON list of their client ids."""
    return part(_active_clients_json, tenant_slug=tenant_slug, client_ids=sorted(client_ids))


def _active_clients_json(tenant_slug: Value, client_ids: ColumnElement[Any]) -> JsonColumn:
    clients, tenants = tables.clients.alias(), tables.tenants.alias()
    named = (clients.c.client_id == any_(type_coerce(client_ids, ARRAY(Text)))) & (
        clients.c.status == constant(Status.ACTIVE)
    )
    question = select(clients.c.client_id).select_from(clients.join(tenants, tenants.c.id == clients.c.tenant_id))
    return json_list(question.where(tenants.c.slug == tenant_slug, named))


def tenant_of_client(client_id: str) -> Part[ColumnElement[Any]]:
    """The tenant of an active client, or NULL; a `client_id` is unique over all tenants."""
    return part(_tenant_of_client, client_id=client_id)


def _tenant_of_client(client_id: Value) -> ColumnElement[Any]:
    clients = tables.clients.alias()
    named = (clients.c.client_id == client_id) & (clients.c.status == constant(Status.ACTIVE))
    return select(clients.c.tenant_id).where(named).scalar_subquery()


def consent_json(user_id: Value, client_id: Value) -> JsonColumn:
    """What a user granted a client, or NULL."""
    consents = tables.consents.alias()
    question = select(consent_row_json(consents))
    return question.where(consents.c.user_id == user_id, consents.c.client_id == client_id).scalar_subquery()


def consent_row_json(consents: FromClause) -> JsonColumn:
    """A row of `consents`."""
    return row_json(consents)


def client_label(client_id: Value) -> ColumnElement[str]:
    """The `client_id` of the client with that id."""
    clients = tables.clients.alias()
    return select(clients.c.client_id).where(clients.c.id == client_id).scalar_subquery()


def workspace_slug(workspace_id: Value) -> ColumnElement[str]:
    """The slug of the workspace with that id."""
    workspaces = tables.workspaces.alias()
    return select(workspaces.c.slug).where(workspaces.c.id == workspace_id).scalar_subquery()


class NamesBeside:
    """The names of a client and a workspace beside many rows: one of each is looked up once, however often it comes."""

    def __init__(self, *, client_id: Value, workspace_id: Value) -> None:
        self._clients, self._workspaces = tables.clients.alias(), tables.workspaces.alias()
        self._client_id, self._workspace_id = client_id, workspace_id
        self.client_label = self._clients.c.client_id
        self.workspace = self._workspaces.c.slug

    def joined(self, rows: FromClause) -> FromClause:
        """The rows with both."""
        clients, workspaces = self._clients, self._workspaces
        named = rows.outerjoin(clients, clients.c.id == self._client_id)
        return named.outerjoin(workspaces, workspaces.c.id == self._workspace_id)


def user_ids_named(tenant_id: Value, name: Value, user_id: Value) -> Select[Any]:
    """The ids of the users whose id or external id is `name`."""
    users = tables.users.alias()
    return select(users.c.id).where(users.c.tenant_id == tenant_id, is_named(users, name, user_id))


def client_ids_named(tenant_id: Value, name: Value) -> Select[Any]:
    """The id of the client whose `client_id` is `name`."""
    clients = tables.clients.alias()
    return select(clients.c.id).where(clients.c.tenant_id == tenant_id, clients.c.client_id == name)


def consents_named_json(tenant_id: Value, user_name: Value, user_id: Value) -> JsonColumn:
    """A JSON list of all that the people of that name granted."""
    consents, users = tables.consents.alias(), tables.users.alias()
    granted = select(consent_row_json(consents)).select_from(consents.join(users, consents.c.user_id == users.c.id))
    return json_list(granted.where(users.c.tenant_id == tenant_id, is_named(users, user_name, user_id)))


def person_json(users: FromClause) -> JsonColumn:
    """A row of `users` with the roles and memberships that person has now."""
    return json_of({"user": row_json(users), "roles": _roles_of(users), "memberships": _memberships_of(users)})


def person_by_id_json(tenant_id: Value, user_id: Value) -> JsonColumn:
    """The person of that id in a tenant, or NULL."""
    users = tables.users.alias()
    question = select(person_json(users)).where(users.c.id == user_id, users.c.tenant_id == tenant_id)
    return question.scalar_subquery()


def active_people(tenant_id: UUID, q: str | None) -> Select[Any]:
    """Active people by address; `q` is how the address or the name begins."""
    users = tables.users.alias()
    question = select(person_json(users)).where(
        users.c.tenant_id == tenant_id, users.c.status == constant(Status.ACTIVE)
    )
    if q:
        beginnings = (func.lower(users.c.email), func.lower(users.c.display_name))
        question = question.where(or_(*[text.startswith(q.lower(), autoescape=True) for text in beginnings]))
    return question.order_by(users.c.email, users.c.id)


def people_named_json(tenant_id: Value, name: Value, user_id: Value) -> JsonColumn:
    """A JSON list of the people whose external id is `name`, or whose id; two of them make it ambiguous."""
    users = tables.users.alias()
    found = select(person_json(users)).where(users.c.tenant_id == tenant_id, is_named(users, name, user_id))
    return json_list(found.limit(constant(2)))


def is_named(users: FromClause, name: Value, user_id: Value) -> ColumnElement[bool]:
    """Whether a user's external id is `name`, or the id is the one in that name (`id_in`); both indexes serve."""
    by_external_id: ColumnElement[bool] = users.c.external_id == name
    return by_external_id if user_id is None else or_(users.c.id == user_id, by_external_id)


def id_in(name: str | None) -> UUID | None:
    """The id that a name is, if it is one."""
    if name is None or len(name) < HEX_DIGITS:
        return None
    try:
        return UUID(name)
    except ValueError:
        return None


def _roles_of(users: FromClause) -> JsonColumn:
    held, roles = tables.user_roles.alias(), tables.roles.alias()
    role = json_of(
        {
            "name": roles.c.name,
            "rank": roles.c.rank,
            "permissions": roles.c.permissions,
            "workspace_id": held.c.workspace_id,
        }
    )
    question = select(role).select_from(held.join(roles, held.c.role_id == roles.c.id))
    return json_list(question.where(held.c.user_id == users.c.id).correlate(users))


def _memberships_of(users: FromClause) -> JsonColumn:
    """A list of objects of one member each, which costs less to set up than one object of all."""
    memberships = tables.memberships.alias()
    one = func.json_build_object(memberships.c.workspace_id, memberships.c.permissions)
    return json_list(select(one).where(memberships.c.user_id == users.c.id).correlate(users))
