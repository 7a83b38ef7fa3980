"""A Keycloak realm in the words of the realm file, and everything that does not fit as a warning."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError

from impersonator_api.realm.keycloak.representation import (
    ClientRepresentation,
    RealmRepresentation,
    UserRepresentation,
)
from impersonator_api.realm.keycloak.roles import OWN_CLIENTS, Roles
from impersonator_api.realm.words import (
    LONGEST_ATTRIBUTES,
    ClientName,
    Email,
    ExternalId,
    Locale,
    RedirectUri,
    ScopeName,
    Slug,
    Text,
    storable,
)

Written = dict[str, Any]

CHECKS: Mapping[str, TypeAdapter[Any]] = {
    "client_id": TypeAdapter(ClientName),
    "email": TypeAdapter(Email),
    "external_id": TypeAdapter(ExternalId),
    "locale": TypeAdapter(Locale),
    "redirect_uri": TypeAdapter(RedirectUri),
    "scope": TypeAdapter(ScopeName),
    "tenant": TypeAdapter(Slug),
    "text": TypeAdapter(Text),
}


def fits(kind: str, value: object) -> bool:
    """Whether the realm file takes this value."""
    try:
        CHECKS[kind].validate_python(value)
    except ValidationError:
        return False
    return True


def slug_of(name: str) -> str:
    """A realm's name as a tenant's slug."""
    return re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-")[:63]


@dataclass(slots=True)
class Translation:
    """One realm on its way."""

    realm: RealmRepresentation
    roles: Roles
    tenant: str
    warnings: list[str] = field(default_factory=list)
    emails: set[str] = field(default_factory=set)
    clients: dict[str, str] = field(default_factory=dict)  # Keycloak's client id → ours

    def written(self) -> Written:
        """The document, without issuers and policy."""
        clients = list(self._clients())
        users = list(self._users())
        self._warn_of_what_has_no_place()
        name = self.realm.display_name
        return {
            "tenant": self.tenant,
            "name": name if name and fits("text", name) else self.realm.realm,
            "status": _status(enabled=self.realm.enabled),
            "roles": self.roles.written(),
            "users": users,
            "clients": clients,
            "consents": list(self._consents(users)),
        }

    def _warn(self, message: str) -> None:
        self.warnings.append(f"{self.realm.realm}: {message}")

    def _warn_of_what_has_no_place(self) -> None:
        services = sum(user.service_account_client_id is not None for user in self.realm.users)
        for number, message in (
            (len(self.realm.federated_users), "federated users are left out: the export lacks their names"),
            (len(self.realm.groups), "top-level groups are left out; their members keep the groups' roles"),
            (services, "service accounts are left out; give their clients scopes by hand"),
        ):
            if number:
                self._warn(f"{number} {message}.")

    def _users(self) -> Iterator[Written]:
        for user in self.realm.users:
            if user.service_account_client_id:
                # Keycloak's stand-in for a service; ours is the client itself.
                continue
            if (written := self._user(user)) is not None:
                yield written

    def _user(self, user: UserRepresentation) -> Written | None:
        names = {"external_id": user.id, "email": self._email(user)}
        if user.id is None:
            self._warn(f"user {user.username!r} has no id in the export, so no token's `sub` will find them.")
        known = {name: value for name, value in names.items() if value is not None and fits(name, value)}
        if not known:
            self._warn(f"user {user.username!r} is left out: neither id nor e-mail address.")
            return None
        texts = {"given_name": user.first_name, "family_name": user.last_name, "display_name": _display_name(user)}
        locale = _single(user.attributes.get("locale", ()))
        return {
            **known,
            "email_verified": user.email_verified and "email" in known,
            **{name: value for name, value in texts.items() if value and fits("text", value)},
            "status": _status(enabled=user.enabled),
            **({"locale": locale} if locale and fits("locale", locale) else {}),
            "attributes": self._attributes(user),
            "roles": self.roles.held_by(user),
        }

    def _email(self, user: UserRepresentation) -> str | None:
        if not user.email:
            return None
        key = user.email.lower()
        if not fits("email", user.email) or key in self.emails:
            self._warn(f"user {user.username!r} keeps no e-mail address: it is malformed or somebody else's too.")
            return None
        self.emails.add(key)
        return user.email

    def _attributes(self, user: UserRepresentation) -> Written:
        attributes = {key: _single(value) for key, value in user.attributes.items() if key != "locale"}
        attributes = {"username": user.username, **attributes}
        try:
            storable(attributes)
        except ValueError:
            attributes = {}
        if not attributes or len(json.dumps(attributes)) > LONGEST_ATTRIBUTES:
            self._warn(f"user {user.username!r} loses the attributes: too large, or with NUL in them.")
            return {}
        return attributes

    def _clients(self) -> Iterator[Written]:
        for client in self.realm.clients:
            if self._is_keycloaks_own(client.client_id):
                continue
            why = self._why_not(client)
            if why:
                self._warn(f"client {client.client_id!r} is left out: {why}.")
                continue
            yield self._client(client)

    def _is_keycloaks_own(self, client_id: str) -> bool:
        # In the realm `master` each realm has a client of its own, for its administrators.
        return client_id in OWN_CLIENTS or (self.realm.realm == "master" and client_id.endswith("-realm"))

    def _why_not(self, client: ClientRepresentation) -> str | None:
        if client.protocol != "openid-connect":
            return f"it speaks {client.protocol}"
        if client.bearer_only:
            return "it is a resource server; name it as the audience of a client"
        if not client.public_client and not client.service_accounts_enabled:
            return "it is a confidential web application; add it as spa or service by hand"
        name = _client_id(client.client_id)
        if not fits("client_id", name) or name in self.clients.values():
            return f"no client id can be made of it that matches {'[a-z][a-z0-9._-]{1,62}'} and is free"
        return None

    def _client(self, client: ClientRepresentation) -> Written:
        client_id = self.clients[client.client_id] = _client_id(client.client_id)
        if client_id != client.client_id:
            self._warn(f"client {client.client_id!r} is called {client_id!r} here.")
        uris = [uri for uri in dict.fromkeys(client.redirect_uris) if fits("redirect_uri", uri)]
        for uri in client.redirect_uris:
            if uri not in uris:
                self._warn(f"client {client.client_id!r} loses redirect URI {uri!r}: write out what it stands for.")
        return {
            "client_id": client_id,
            # `${client_account}` and the like are names of translations.
            "name": client.name if client.name and "${" not in client.name and fits("text", client.name) else client_id,
            "kind": "spa" if client.public_client else "service",
            "status": _status(enabled=client.enabled),
            "redirect_uris": uris,
            "consent_required": client.consent_required,
        }

    def _consents(self, users: list[Written]) -> Iterator[Written]:
        names = {user.get("external_id"): user for user in users}
        for user in self.realm.users:
            for consent in user.client_consents:
                client, known = self.clients.get(consent.client_id), names.get(user.id) if user.id else None
                scopes = sorted({scope for scope in consent.granted_client_scopes if fits("scope", scope)})
                if client and known:
                    yield {"user": known["external_id"], "client": client, "scopes": scopes}


def _status(*, enabled: bool) -> str:
    return "active" if enabled else "suspended"


def _display_name(user: UserRepresentation) -> str:
    return " ".join(part for part in (user.first_name, user.last_name) if part) or user.username


def _single(value: tuple[str, ...] | str) -> object:
    if isinstance(value, str):
        return value
    return value[0] if len(value) == 1 else list(value)


def _client_id(name: str) -> str:
    return re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("-")
