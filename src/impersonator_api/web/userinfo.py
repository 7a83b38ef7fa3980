"""What userinfo answers (seed 001's shape, with who is acting beside it)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel

from impersonator_api.directory import Person
from impersonator_api.sessions import Identified

ACTING: set[str] = {"sid", "act", "impersonated_by", "mode"}
"""Members that are left out where nobody acts as the user; the others are there though they be null (seed 001)."""


class UserProfile(BaseModel):
    """A user as seed 001's clients know one."""

    authId: str
    email: str | None
    emailVerified: bool
    locale: str | None
    firstName: str | None
    lastName: str | None
    roles: list[str]
    linkedAccount: str | None = None
    attributes: Mapping[str, Any]
    createdAt: datetime | None
    updatedAt: datetime | None

    @classmethod
    def about(cls, user: Person, **more: object) -> Self:
        """What is known of a user; `more` are the members that a subclass adds."""
        profile = user.profile
        return cls.model_validate(
            {
                "authId": str(user.id),
                "email": user.email,
                "emailVerified": profile.email_verified,
                "locale": profile.locale,
                "firstName": profile.given_name,
                "lastName": profile.family_name,
                "roles": list(user.role_names),
                "attributes": profile.attributes,
                "createdAt": profile.created_at,
                "updatedAt": profile.updated_at,
                **more,
            }
        )


class UserInfo(UserProfile):
    """The user a token stands for; `act`, `impersonated_by` and `sid` exactly where somebody acts as that user."""

    sub: str
    tenant: str
    sid: UUID | None = None
    act: Mapping[str, Any] | None = None
    impersonated_by: str | None = None
    mode: str | None = None

    @classmethod
    def of(cls, who: Identified) -> Self:
        """The answer about whoever was identified."""
        return cls.about(who.user, sub=who.subject, tenant=who.tenant.slug, **who.acting)
