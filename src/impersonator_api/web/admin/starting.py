"""What a start at the admin API takes and answers (seed 002, with our extras)."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from typing_extensions import TypedDict

from impersonator_api.directory import Person
from impersonator_api.policy import Mode
from impersonator_api.sessions import HandoverLink, HandoverWish, Listed, Started, Wish
from impersonator_api.tokens import CHALLENGE
from impersonator_api.web.admin.bodies import Name, SessionSummary, summary_of
from impersonator_api.web.identifiers import read_identifier
from impersonator_api.web.instants import Instant

START_EXAMPLES = {
    "the least": {"target_user_id": "1003", "reason": "Locked out since this morning"},
    "with limits": {
        "target_user_id": "1003",
        "reason": "Locked out since this morning",
        "ticket": "SUP-4711",
        "client_id": "dashboard",
        "workspace_id": "north",
        "permissions": ["ticket.read"],
        "duration_seconds": 900,
    },
}


class StartBody(BaseModel):
    """Whom to act as, why, and how far. Everything but the target has a default in the policy."""

    model_config = ConfigDict(extra="forbid", strict=True)

    target_user_id: str | int = Field(description="Our id, or the identity provider's; text or integer.")
    reason: Annotated[str, StringConstraints(max_length=500)] | None = None
    client_id: Name | None = Field(
        None, description="The application to enter; left out: the organisation's built-in one."
    )
    workspace_id: Name | None = Field(None, description="Id or slug of a workspace of the target's.")
    mode: Annotated[Mode, Field(strict=False)] | None = Field(None, description="Left out: what the rule grants first.")
    permissions: list[Name] | None = Field(None, max_length=100, description="Makes the mode `limited`.")
    duration_seconds: int | None = Field(None, gt=0, le=86_400)
    expires_at: Instant | None = Field(None, description="Instead of `duration_seconds`.")
    ticket: Name | None = None
    metadata: dict[Name, Any] | None = Field(None, max_length=50, description="Kept with the session as it is.")
    code_challenge: Annotated[str, StringConstraints(pattern=rf"^{CHALLENGE}$")] | None = Field(
        None, description="Of the browser that is to open the link (RFC 7636; always S256); it must then prove itself."
    )

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if self.duration_seconds is not None and self.expires_at is not None:
            message = "give duration_seconds or expires_at, not both"
            raise ValueError(message)
        return self

    def handover(self) -> HandoverWish:
        """The links that the caller is to get."""
        return HandoverWish(code_challenge=self.code_challenge)

    def wish(self) -> Wish:
        """What the caller asks for, in the words of the domain; raises 400 for an id that cannot be one."""
        return Wish(
            target=read_identifier(self.target_user_id),
            client=self.client_id,
            workspace=self.workspace_id,
            mode=self.mode,
            permissions=None if self.permissions is None else frozenset(self.permissions),
            duration=None if self.duration_seconds is None else timedelta(seconds=self.duration_seconds),
            expires_at=self.expires_at,
            reason=self.reason,
            ticket=self.ticket,
            metadata=self.metadata,
        )


class TargetUser(TypedDict):
    """Whom the session acts as."""

    id: UUID
    email: str | None
    display_name: str | None
    role: Annotated[str | None, Field(description="The highest role; `roles` in the token has all of them.")]


class HandoverBody(TypedDict):
    """A link that opens the application as the target; it works once, and a minute at most."""

    redirect_uri: str
    url: Annotated[str, Field(description="With `handover_code` in the fragment.")]
    expires_at: datetime
    query_url: Annotated[
        str | None,
        Field(description="With the refresh token in the query, where the client has `query_handover`; else null."),
    ]


class StartAnswer(TypedDict):
    """The session that began, and its tokens. `token` and `access_token` are the same.

    Both are null where the client is `dpop_bound`: its application gets tokens of its own, bound to its key.
    """

    success: Literal[True]
    session_id: UUID
    token: str | None
    access_token: str | None
    token_type: Literal["Bearer"]
    expires_in: Annotated[int | None, Field(description="Seconds that the access token lives.")]
    expires_at: Annotated[datetime, Field(description="When the session ends at the latest.")]
    refresh_token: str
    refresh_token_expires_in: int
    refresh_token_expires_on: Annotated[int, Field(description="Seconds since the epoch.")]
    target_user: TargetUser
    message: str
    session: SessionSummary
    handover_url: Annotated[
        str | None, Field(description="The first of the links; null where the client has no redirect URI.")
    ]
    handover: Annotated[list[HandoverBody], Field(description="A link for each redirect URI of the session's client.")]


def start_answer(started: Started, now: datetime) -> StartAnswer:
    """The answer to a start."""
    live, access, refresh = started.live, started.access_to_bear, started.refresh
    workspace = live.workspace.slug if live.workspace else None
    listed = Listed(session=live.session, client_label=live.client.client_id, workspace=workspace)
    return {
        "success": True,
        "session_id": live.session.id,
        "token": access.token if access else None,
        "access_token": access.token if access else None,
        "token_type": "Bearer",
        "expires_in": access.expires_in if access else None,
        "expires_at": live.session.expires_at,
        "refresh_token": refresh.token,
        "refresh_token_expires_in": refresh.expires_in,
        "refresh_token_expires_on": refresh.expires_on,
        "target_user": _target_user(live.target),
        "message": "Impersonation session started successfully",
        "session": summary_of(listed, now),
        "handover_url": started.links[0].url if started.links else None,
        "handover": [_handover_body(link) for link in started.links],
    }


def _target_user(target: Person) -> TargetUser:
    return {
        "id": target.id,
        "email": target.email,
        "display_name": target.display_name,
        "role": next(iter(target.role_names), None),
    }


def _handover_body(link: HandoverLink) -> HandoverBody:
    return {
        "redirect_uri": link.redirect_uri,
        "url": link.url,
        "expires_at": link.expires_at,
        "query_url": link.query_url,
    }
