"""Who a token names: questions that a larger statement can hold, whichever kind of token it is."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy import ColumnElement, FromClause, Text, Uuid, and_, case, cast, func, select, type_coerce
from sqlalchemy.dialects.postgresql import JSONB

from impersonator_api.callers.acquaintances import Acquaintance
from impersonator_api.callers.issuers import CLAIM, TrustedIssuer, issuer_from
from impersonator_api.directory import Client, Person, Tenant, documents, from_json, tables
from impersonator_api.directory.documents import Value
from impersonator_api.questions import Part, constant, json_list, json_of, part, row_json


class Further(Struct, frozen=True):
    """What else is asked about a caller: a column made from the caller's id, and its values; it answers JSON."""

    build: Callable[..., ColumnElement[Any]]
    values: Mapping[str, Any]


Also = Mapping[str, Further]
"""Further columns by name."""

JsonColumn = ColumnElement[Any]
TextColumn = ColumnElement[str]

Shape = tuple[tuple[str, Callable[..., JsonColumn], tuple[str, ...]], ...]
"""What `Also` asks, without its values."""


class Believed(Struct, frozen=True):
    """An issuer's configuration in one tenant, and the user that the token would name there."""

    issuer: TrustedIssuer
    tenant: Tenant
    user: Person | None
    also: Mapping[str, Any]


def user_json(tenant_slug: str, user_id: UUID, also: Also, slot: str) -> Part[TextColumn]:
    """A user by our id, within the token's tenant, as the text of one JSON document, or NULL."""
    return _part(_user_json, also, slot, tenant_slug=tenant_slug, user_id=user_id)


def client_json(tenant_slug: str, client_id: str, also: Also, slot: str) -> Part[TextColumn]:
    """A client by its `client_id`, within the token's tenant, as the text of one JSON document, or NULL."""
    return _part(_client_json, also, slot, tenant_slug=tenant_slug, client_id=client_id)


def believed_json(issuer: str, unverified_claims: Mapping[str, object], also: Also, slot: str) -> Part[TextColumn]:
    """Every tenant's configuration of an issuer, each with the user these claims would name in it, and the `state`.

    The claims are not verified yet: what comes back is only to be used with claims that were.
    """
    own_id = _uuid_or_none(unverified_claims.get("sub"))
    return _part(_believed_json, also, slot, issuer=issuer, claims=dict(unverified_claims), own_id=own_id)


def revision_json(tenant_id: UUID, party_id: UUID, also: Also, slot: str) -> Part[TextColumn]:
    """The tenant's revision alone, for a caller who is known, with what else is asked about him; or NULL."""
    return _part(_revision_json, also, slot, tenant_id=tenant_id, party_id=party_id)


def state_json(issuer: str, user_id: UUID, also: Also, slot: str) -> Part[TextColumn]:
    """Likewise the `state` of all tenants that trust an issuer; it is another one as soon as one of them changes."""
    return _part(_state_json, also, slot, issuer=issuer, user_id=user_id)


def _part(build: Callable[..., JsonColumn], also: Also, slot: str, **values: object) -> Part[TextColumn]:
    shape = tuple((name, further.build, tuple(further.values)) for name, further in also.items())
    of_also = {f"{name}_{key}": value for name, further in also.items() for key, value in further.values.items()}
    return part(_text_of, build, shape, slot=slot, **values, **of_also)


def _text_of(build: Callable[..., JsonColumn], further: Shape, **values: Value) -> TextColumn:
    return cast(build(further, **values), Text)


def _user_json(further: Shape, tenant_slug: Value, user_id: Value, **of_also: Value) -> JsonColumn:
    users = tables.users.alias()
    columns = _further(further, users.c.id, of_also)
    return _named_json(users, tenant_slug, documents.person_json(users), columns, users.c.id == user_id)


def _client_json(further: Shape, tenant_slug: Value, client_id: Value, **of_also: Value) -> JsonColumn:
    clients = tables.clients.alias()
    columns = _further(further, clients.c.id, of_also)
    client = documents.client_row_json(clients)
    return _named_json(clients, tenant_slug, client, columns, clients.c.client_id == client_id)


def _believed_json(further: Shape, issuer: Value, claims: JsonColumn, own_id: Value, **of_also: Value) -> JsonColumn:
    issuers, users = tables.issuers.alias(), tables.users.alias()
    named = and_(users.c.tenant_id == issuers.c.tenant_id, users.c.id == _named_id(issuers, claims, own_id))
    believed = json_of(
        {
            "issuer": json_of({column.name: column for column in issuers.c}),
            "tenant": documents.tenant_json(issuers.c.tenant_id),
            "user": case((users.c.id.is_not(None), documents.person_json(users))),
            **_further(further, users.c.id, of_also),
        }
    )
    question = select(believed).select_from(issuers.outerjoin(users, named))
    trusting = question.where(issuers.c.issuer == issuer, issuers.c.status == constant("active"))
    return json_of({"believed": json_list(trusting), "state": _state(issuer)})


def _revision_json(further: Shape, tenant_id: Value, party_id: JsonColumn, **of_also: Value) -> JsonColumn:
    tenants = tables.tenants.alias()
    known = json_of({"revision": tenants.c.revision, **_further(further, party_id, of_also)})
    return select(known).where(tenants.c.id == tenant_id).scalar_subquery()


def _state_json(further: Shape, issuer: Value, user_id: JsonColumn, **of_also: Value) -> JsonColumn:
    return json_of({"state": _state(issuer), **_further(further, user_id, of_also)})


def _state(issuer: Value) -> ColumnElement[str]:
    """A digest of the tenants that trust an issuer and their revisions: callers remember one, tenants may be many."""
    issuers, tenants = tables.issuers.alias(), tables.tenants.alias()
    pair = func.json_build_array(tenants.c.id, tenants.c.revision)
    trusting = select(pair).select_from(issuers.join(tenants, tenants.c.id == issuers.c.tenant_id))
    trusting = trusting.where(issuers.c.issuer == issuer, issuers.c.status == constant("active"))
    revisions = cast(json_list(trusting.order_by(tenants.c.id)), Text)
    return func.encode(func.sha256(func.convert_to(revisions, constant("UTF8"))), constant("hex"))


def named_person_from(row: Mapping[str, Any]) -> Acquaintance[Person, None]:
    """The user in a document of `user_json`."""
    return Acquaintance(from_json.tenant_from(row["tenant"]), from_json.person_from(row["party"]), None)


def named_client_from(row: Mapping[str, Any]) -> Acquaintance[Client, None]:
    """The client in a document of `client_json`."""
    return Acquaintance(from_json.tenant_from(row["tenant"]), from_json.client_from(row["party"]), None)


def believed_from(row: Mapping[str, Any]) -> Believed:
    """One tenant's belief in a document of `believed_json`."""
    user = from_json.person_from(row["user"]) if row["user"] else None
    return Believed(issuer_from(row["issuer"]), from_json.tenant_from(row["tenant"]), user, row)


def _named_json(
    parties: FromClause,
    tenant_slug: Value,
    party: JsonColumn,
    columns: Mapping[str, JsonColumn],
    condition: ColumnElement[bool],
) -> JsonColumn:
    tenants = tables.tenants.alias()
    named = {"tenant": row_json(tenants), "party": party, **columns}
    return (
        select(json_of(named))
        .select_from(parties.join(tenants, tenants.c.id == parties.c.tenant_id))
        .where(tenants.c.slug == tenant_slug, condition)
        .scalar_subquery()
    )


def _named_id(issuers: FromClause, claims: JsonColumn, own_id: Value) -> ColumnElement[UUID]:
    """The id of the user that these claims name, so that each way of naming is one look into one index."""
    given = type_coerce(claims, JSONB)
    name = case(
        (issuers.c.subject.startswith(CLAIM), func.substr(issuers.c.subject, len(CLAIM) + 1)),
        (issuers.c.subject == "external_id", "sub"),
    )
    # Texts and numbers name users; the JSON text of a list must not happen to be somebody's external id.
    kind = func.jsonb_typeof(func.jsonb_extract_path(given, name))
    # Not IN, whose list would be compiled anew with the values of each caller.
    is_plain = (kind == constant("string")) | (kind == constant("number"))
    external_id = case((is_plain, func.jsonb_extract_path_text(given, name)))
    users = tables.users.alias()
    by_external_id = select(users.c.id).where(
        users.c.tenant_id == issuers.c.tenant_id, users.c.external_id == external_id
    )
    return case(
        (issuers.c.subject == "id", type_coerce(own_id, Uuid)),
        else_=by_external_id.correlate(issuers).scalar_subquery(),
    )


def _further(further: Shape, party_id: ColumnElement[UUID], values: Mapping[str, Value]) -> dict[str, JsonColumn]:
    return {name: build(party_id, **{key: values[f"{name}_{key}"] for key in keys}) for name, build, keys in further}


def _uuid_or_none(value: object) -> UUID | None:
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None
