"""The parts of Keycloak's representations that mean something here; names are Keycloak's, the rest is passed over.

As `kc.sh export --users realm_file` and the admin console's partial export write them (Keycloak 17 to 26).
"""

from collections.abc import Mapping
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

T = TypeVar("T")


def _some(value: object) -> object:
    return [] if value is None else value


def _named(value: object) -> object:
    return {} if value is None else value


Some = Annotated[tuple[T, ...], BeforeValidator(_some)]
Named = Annotated[Mapping[str, T], BeforeValidator(_named)]
ByClient = Named[Some[str]]


class Representation(BaseModel):
    """Closed to change, open to keys of other releases. Errors never repeat a value: exports hold credentials."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True
    )


class Composites(Representation):
    """The roles a composite role stands for."""

    realm: Some[str] = ()
    client: ByClient = {}


class RoleRepresentation(Representation):
    """A role of the realm or of one client."""

    name: str
    composites: Composites | None = None


class RolesRepresentation(Representation):
    """All roles."""

    realm: Some[RoleRepresentation] = ()
    client: Named[Some[RoleRepresentation]] = {}


class GroupRepresentation(Representation):
    """A group; members hold its roles and those of the groups around it."""

    name: str
    realm_roles: Some[str] = ()
    client_roles: ByClient = {}
    sub_groups: Some["GroupRepresentation"] = ()


class ConsentRepresentation(Representation):
    """What a user granted a client."""

    client_id: str
    granted_client_scopes: Some[str] = ()


class UserRepresentation(Representation):
    """A user. Keycloak's import leaves users without `enabled` disabled, and so do we."""

    id: str | None = None
    username: str = ""
    email: str | None = None
    email_verified: bool = False
    first_name: str | None = None
    last_name: str | None = None
    enabled: bool = False
    realm_roles: Some[str] = ()
    client_roles: ByClient = {}
    groups: Some[str] = ()
    attributes: Named[Some[str] | str] = {}
    client_consents: Some[ConsentRepresentation] = ()
    service_account_client_id: str | None = None


class ClientRepresentation(Representation):
    """A client, a resource server or a service account's owner."""

    client_id: str
    name: str | None = None
    protocol: str = "openid-connect"
    enabled: bool = True
    public_client: bool = False
    bearer_only: bool = False
    service_accounts_enabled: bool = False
    consent_required: bool = False
    redirect_uris: Some[str] = ()


class RealmRepresentation(Representation):
    """A realm."""

    realm: str
    display_name: str | None = None
    enabled: bool = True
    roles: RolesRepresentation = Field(default_factory=RolesRepresentation)
    groups: Some[GroupRepresentation] = ()
    users: Some[UserRepresentation] = ()
    federated_users: Some[UserRepresentation] = ()
    clients: Some[ClientRepresentation] = ()
