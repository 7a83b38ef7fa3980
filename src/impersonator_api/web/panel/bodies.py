"""What the admin panel's doors take and answer (seed 001, with our extras)."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from impersonator_api.consents import Consented
from impersonator_api.directory import Client, Person, Status
from impersonator_api.directory.listing import Granted
from impersonator_api.policy import Mode
from impersonator_api.sessions import ImpersonatorKind, Listed, Targeted
from impersonator_api.web.userinfo import UserProfile


class PageQuery(BaseModel):
    """How much of a list; anything else in the query is refused, because a list that ignores it would mislead."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(200, ge=1, le=200)
    cursor: str | None = Field(None, max_length=64, description="From the `Link` header; never made by hand.")


class UserDetail(UserProfile):
    """A user of the directory, whatever the status."""

    externalId: str | None
    displayName: str | None
    isActive: bool
    status: Status


class UserAnswer(BaseModel):
    """One user."""

    user: UserDetail

    @classmethod
    def of(cls, user: Person) -> Self:
        """The answer about a user."""
        more = {"externalId": user.external_id, "displayName": user.display_name}
        return cls(user=UserDetail.about(user, **more, isActive=user.is_active, status=user.status))


class ActiveSession(BaseModel):
    """A running session in which somebody acts as the user."""

    sessionId: UUID
    authId: UUID
    clientId: str
    expiredAt: int = Field(description="When it ends at the latest, in seconds since the epoch.")
    startedAt: datetime
    impersonatedBy: UUID
    impersonatorKind: ImpersonatorKind
    impersonator: str
    mode: Mode
    reason: str | None

    @classmethod
    def of(cls, listed: Listed) -> Self:
        """A session that runs."""
        session = listed.session
        return cls(
            sessionId=session.id,
            authId=session.target_id,
            clientId=listed.client_label,
            expiredAt=int(session.expires_at.timestamp()),
            startedAt=session.started_at,
            impersonatedBy=session.impersonator_id,
            impersonatorKind=session.impersonator_kind,
            impersonator=session.impersonator_label,
            mode=session.mode,
            reason=session.reason,
        )


class ActiveSessionsAnswer(BaseModel):
    """One page, newest first; never a token."""

    activeSessions: list[ActiveSession]

    @classmethod
    def of(cls, targeted: Targeted) -> Self:
        """The answer about a user's sessions."""
        return cls(activeSessions=[ActiveSession.of(listed) for listed in targeted.sessions])


class ConsentedApp(BaseModel):
    """A client, and what the user lets it do."""

    appId: int | str = Field(description="The client's number; its client_id where it has none.")
    appName: str
    clientId: str
    scopes: list[str]
    grantedAt: datetime
    expiresAt: datetime | None

    @classmethod
    def of(cls, granted: Granted) -> Self:
        """A consent that is in force."""
        client, consent = granted.client, granted.consent
        return cls(
            appId=app_id(client),
            appName=client.name,
            clientId=client.client_id,
            scopes=sorted(consent.scopes),
            grantedAt=consent.granted_at,
            expiresAt=consent.expires_at,
        )


class ConsentedAppsAnswer(BaseModel):
    """One page, the newest client first."""

    consentedApps: list[ConsentedApp]

    @classmethod
    def of(cls, consented: Consented) -> Self:
        """The answer about a user's consents."""
        return cls(consentedApps=[ConsentedApp.of(granted) for granted in consented.grants])


def app_id(client: Client) -> int | str:
    """What the panel puts into a path: the number, by which seed 001 knows its applications, where there is one."""
    return client.client_id if client.number is None else client.number
