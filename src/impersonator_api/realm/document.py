"""The realm file: one tenant a document, closed to keys it does not know.

A key that is left out keeps what is stored, so which keys were written (`model_fields_set`) matters as
much as their values. `null` clears what may be empty and is refused everywhere else.
"""

import json
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    SecretStr,
    field_validator,
    model_validator,
)

from impersonator_api import tokens
from impersonator_api.directory import ClientKind, RefreshPolicy, Status, Subject
from impersonator_api.realm.words import (
    LONGEST_ATTRIBUTES,
    ClaimValue,
    ClientName,
    Email,
    ExternalId,
    IssuerName,
    Locale,
    Names,
    Number,
    PermissionName,
    Rank,
    RedirectUri,
    Said,
    ScopeName,
    Slug,
    SubjectClaim,
    Text,
    WebAddress,
    WorkspaceSlug,
    YesOrNo,
    storable,
)

SHORTEST_SECRET = 32
LONGEST_SECRET = 512

Permissions = Said[Names[PermissionName]]
Switch = Literal["active", "suspended"]


class Algorithm(StrEnum):
    """How a foreign issuer may sign: asymmetric ones only, never `none`, never a shared secret."""

    ES256 = "ES256"
    ES384 = "ES384"
    ES512 = "ES512"
    RS256 = "RS256"
    RS384 = "RS384"
    RS512 = "RS512"


class TokenType(StrEnum):
    """The `typ` of a foreign access token: RFC 9068's, or the plain one of older providers."""

    AT_JWT = "at+jwt"
    JWT = "JWT"


class Entry(BaseModel):
    """A part of the document: frozen, and closed to keys it does not know. Errors never repeat a value."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class TenantSettings(Entry):
    """What stops impersonation in a whole tenant."""

    kill_switch: Said[YesOrNo] = False
    opt_out: Said[YesOrNo] = False


class Match(Entry):
    """The claim by which one issuer's tokens are told apart between tenants."""

    claim: Text
    equals: Text


class Issuer(Entry):
    """An issuer whose access tokens are believed for callers."""

    issuer: IssuerName
    jwks_uri: Said[WebAddress] = ""
    audience: Said[Text] = ""
    subject: Said[SubjectClaim] = "external_id"
    algorithms: Said[Annotated[Names[Algorithm], Field(min_length=1)]] = (Algorithm.ES256, Algorithm.RS256)
    typ: Said[Annotated[Names[TokenType], Field(min_length=1)]] = (TokenType.AT_JWT,)
    require_claims: Said[dict[Text, ClaimValue]] = {}
    clients: Annotated[Names[Text], Field(min_length=1)] | None = None
    scope: ScopeName | None = None
    match: Match | None = None
    status: Said[Switch] = "active"


class Role(Entry):
    """A role. Higher ranks may act as lower ones, where policy lets them."""

    name: Text
    rank: Said[Rank] = 0
    permissions: Permissions = ()


class Grant(Entry):
    """A role somebody holds, tenant-wide or in one workspace; its bare name is short for the first."""

    role: Text
    workspace: WorkspaceSlug | None = None

    @model_validator(mode="before")
    @classmethod
    def _bare_name(cls, value: object) -> object:
        return {"role": value} if isinstance(value, str) else value


class User(Entry):
    """A person, found by `external_id`, else by `email`."""

    external_id: ExternalId | None = None
    email: Email | None = None
    email_verified: Said[YesOrNo] = False
    display_name: Text | None = None
    given_name: Text | None = None
    family_name: Text | None = None
    status: Said[Status] = Status.ACTIVE
    locale: Locale | None = None
    attributes: Said[dict[str, JsonValue]] = {}
    roles: Said[Names[Grant]] = ()

    @field_validator("attributes")
    @classmethod
    def _bounded(cls, value: dict[str, JsonValue]) -> dict[str, JsonValue]:
        storable(value)
        if len(json.dumps(value)) > LONGEST_ATTRIBUTES:
            raise ValueError(f"must not be longer than {LONGEST_ATTRIBUTES} characters as JSON")
        return value

    @model_validator(mode="after")
    def _known_by_something(self) -> Self:
        if self.external_id is None and self.email is None:
            raise ValueError("needs an external_id or an email")
        return self


class Member(Entry):
    """A member of a workspace, named by e-mail address or external id."""

    user: ExternalId
    permissions: Permissions = ()


class Workspace(Entry):
    """A part of the tenant; its list of members is whole."""

    slug: WorkspaceSlug
    name: Said[Text] = ""
    members: Said[tuple[Member, ...]] = ()


def _secret(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if not SHORTEST_SECRET <= len(text) <= LONGEST_SECRET or not text.isascii() or not text.isprintable():
        raise ValueError(f"must be {SHORTEST_SECRET} to {LONGEST_SECRET} printable ASCII characters, made at random")
    return value


def _jwks(value: dict[str, JsonValue] | None) -> dict[str, JsonValue] | None:
    """RFC 7517 §5: every key must be one we verify with, or the client would find out at its first request."""
    if value is None:
        return None
    keys = value.get("keys")
    if not isinstance(keys, list) or not keys or len(json.dumps(value)) > LONGEST_ATTRIBUTES:
        raise ValueError("must be a JWK set with at least one key")
    for key in keys:
        try:
            tokens.parse_public_jwk(key if isinstance(key, dict) else {})
        except tokens.KeyUnusableError as error:
            raise ValueError(f"holds a key that cannot verify: {error}") from error
    return value


class Client(Entry):
    """An OAuth client. A new service without a secret gets one, told once."""

    client_id: ClientName
    number: Number | None = None
    name: Said[Text] = ""
    kind: Said[ClientKind] = ClientKind.SPA
    status: Said[Switch] = "active"
    subject: Said[Subject] = Subject.ID
    rank: Said[Rank] = 0
    permissions: Permissions = ()
    secret: Said[Annotated[SecretStr, AfterValidator(_secret)]] = SecretStr("")
    redirect_uris: Said[Names[RedirectUri]] = ()
    scopes: Said[Names[ScopeName]] = ()
    consent_required: Said[YesOrNo] = False
    refresh_policy: Said[RefreshPolicy] = RefreshPolicy.ROTATE
    signing_alg: Said[Literal["ES256", "RS256"]] = "ES256"
    audience: Text | None = None
    audiences: Said[Names[Text]] = ()
    jwks: Annotated[dict[str, JsonValue] | None, AfterValidator(_jwks)] = None
    jwks_uri: WebAddress | None = None
    dpop_bound: Said[YesOrNo] = False
    query_handover: Said[YesOrNo] = False


class Consent(Entry):
    """What a user granted a client. Once withdrawn it stays so until `withdrawn: false` is written."""

    user: ExternalId
    client: ClientName
    scopes: Said[Names[ScopeName]]
    withdrawn: Said[YesOrNo] = False
    expires_at: AwareDatetime | None = None


def _a_mapping(value: object) -> object:
    if not isinstance(value, dict):
        raise ValueError("must be a mapping of keys to values")  # noqa: TRY004  # pydantic answers ValueError only.
    return value


class Realm(Entry):
    """One tenant: whatever is left out stays as it is."""

    tenant: Slug
    name: Said[Text] = ""
    status: Said[Switch] = "active"
    settings: Said[TenantSettings] = TenantSettings()
    issuers: Said[tuple[Issuer, ...]] = ()
    roles: Said[tuple[Role, ...]] = ()
    users: Said[tuple[User, ...]] = ()
    workspaces: Said[tuple[Workspace, ...]] = ()
    clients: Said[tuple[Client, ...]] = ()
    consents: Said[tuple[Consent, ...]] = ()
    # Read by the policy's own parser; see `reading`.
    policy: Annotated[dict[str, Any] | None, BeforeValidator(_a_mapping)] = None
