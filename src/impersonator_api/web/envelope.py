"""The envelope of seed 003: camelCase, and the same three members around everything."""

from datetime import datetime
from typing import Annotated, Any, Generic, Literal, Self, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from impersonator_api.policy import Allowed, OnActive, Trace
from impersonator_api.sessions import ASKED_AT_THE_START, Listed, Live, Session, Started, Wish
from impersonator_api.web.identifiers import read_identifier
from impersonator_api.web.instants import Instant

T = TypeVar("T")
Name = Annotated[str, StringConstraints(min_length=1, max_length=255)]


class Camel(BaseModel):
    """Members in camelCase on the wire, in our own words inside."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class Envelope(BaseModel, Generic[T]):
    """What every answer of these doors is wrapped in."""

    success: Literal[True] = True
    data: T
    message: str


class EnvelopedStartBody(BaseModel):
    """Whom to act as, why, where, how far and until when."""

    model_config = ConfigDict(extra="forbid", strict=True)

    impersonated_user_id: str | int = Field(alias="impersonatedUserId")
    reason: Annotated[str, StringConstraints(max_length=500)] | None = None
    expires_at: Instant | None = Field(None, alias="expiresAt")
    workspace_id: Name | None = Field(None, alias="workspaceId")
    permissions: list[Name] | None = Field(None, max_length=100)

    def wish(self) -> Wish:
        """What the caller asks for; at these doors a second start is refused unless the policy says otherwise."""
        return Wish(
            target=read_identifier(self.impersonated_user_id),
            workspace=self.workspace_id,
            permissions=None if self.permissions is None else frozenset(self.permissions),
            expires_at=self.expires_at,
            reason=self.reason,
            on_active=OnActive.REJECT,
        )


class CheckBody(BaseModel):
    """Whom the question is about; left out: anybody at all."""

    model_config = ConfigDict(extra="forbid", strict=True)

    impersonated_user_id: str | int | None = Field(None, alias="impersonatedUserId")
    workspace_id: Name | None = Field(None, alias="workspaceId")
    permissions: list[Name] | None = Field(None, max_length=100)


class SessionData(Camel):
    """One session, in camelCase."""

    id: UUID
    impersonator_id: UUID
    impersonated_user_id: UUID
    status: str
    started_at: datetime
    ended_at: datetime | None
    expires_at: datetime
    reason: str | None
    workspace_id: UUID | None
    permissions: list[str] | None
    metadata: dict[str, Any]
    is_active: bool

    @classmethod
    def of(cls, session: Session, now: datetime) -> Self:
        """A session as of now."""
        return cls(**_members(session, now))

    @classmethod
    def of_listed(cls, listed: Listed, now: datetime) -> Self:
        """A session of a list."""
        return cls.of(listed.session, now)


class StartedData(SessionData):
    """A session that has begun, with its tokens; `token` and `accessToken` are the same, null as the admin API's."""

    token: str | None
    access_token: str | None
    refresh_token: str
    expires_in: int | None

    @classmethod
    def of_started(cls, started: Started, now: datetime) -> Self:
        """The answer to a start."""
        access = started.access_to_bear
        return cls(
            **_members(started.live.session, now),
            token=access.token if access else None,
            access_token=access.token if access else None,
            refresh_token=started.refresh.token,
            expires_in=access.expires_in if access else None,
        )


class UserData(Camel):
    """Somebody, without anything secret."""

    id: UUID
    email: str | None
    display_name: str | None


class ContextData(Camel):
    """What a banner says: who is acting as whom, since when."""

    is_impersonated: Literal[True] = True
    session_id: UUID
    started_at: datetime
    session: SessionData
    impersonator: UserData
    impersonated_user: UserData

    @classmethod
    def of(cls, live: Live, now: datetime) -> Self:
        """The context of a running session."""
        session, target = live.session, live.target
        return cls(
            session_id=session.id,
            started_at=session.started_at,
            session=SessionData.of(session, now),
            impersonator=UserData(
                id=session.impersonator_id,
                email=session.impersonator_email,
                display_name=getattr(live.impersonator, "display_name", None) or live.impersonator.label,
            ),
            impersonated_user=UserData(id=target.id, email=target.email, display_name=target.display_name),
        )


class CheckData(Camel):
    """The answer to "may I?"; rule, law and what a start must still bring are there when a user was named."""

    can_impersonate: bool
    rule: str | None = None
    law: str | None = None
    obligations: list[str] = []

    @classmethod
    def of(cls, trace: Trace) -> Self:
        """The answer of policy; a reason or ticket that a start must bring is an obligation, not a refusal."""
        decision = trace.decision
        if isinstance(decision, Allowed):
            return cls(can_impersonate=True, rule=decision.rule)
        if decision.law in ASKED_AT_THE_START:
            open_ = [found.name for found in trace.requirements if found.objection and found.name in ASKED_AT_THE_START]
            return cls(can_impersonate=True, rule=decision.rule, obligations=open_ or [decision.law])
        return cls(can_impersonate=False, rule=decision.rule, law=decision.law)


def _members(session: Session, now: datetime) -> dict[str, Any]:
    return {
        "id": session.id,
        "impersonator_id": session.impersonator_id,
        "impersonated_user_id": session.target_id,
        "status": "active" if session.is_running(now) else "ended",
        "started_at": session.started_at,
        "ended_at": session.ended_at,
        "expires_at": session.expires_at,
        "reason": session.reason,
        "workspace_id": session.workspace_id,
        "permissions": None if session.permissions is None else sorted(session.permissions),
        "metadata": {**session.metadata, "ipAddress": session.ip, "userAgent": session.user_agent},
        "is_active": session.is_running(now),
    }
