from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impersonator_api.tokens import Actor, Identity, ImpersonationGrant, OrdinaryGrant, ServiceGrant
from impersonator_api.tokens.claims import (
    Issuance,
    access_claims,
    acting_claims,
    ordinary_claims,
    refresh_claims,
    service_claims,
)

NOW = datetime(2030, 1, 1, 12, 0, 0, 900_000, tzinfo=UTC)
AT = int(NOW.timestamp())
FIVE_MINUTES = timedelta(minutes=5)
JTI, SESSION, FAMILY = uuid4(), uuid4(), uuid4()
US = "https://impersonator.test"
ISSUANCE = Issuance.at(NOW, issuer=US, jti=JTI)

BOB = Identity("b0b", "1003")
ANA = Actor(
    identity=Identity("a9a", "1001"), issuer="https://idp.test", acr="mfa", amr=("pwd", "otp"), auth_time=AT - 60
)


def grant(**changed: Any) -> ImpersonationGrant:
    fields: dict[str, Any] = {
        "session_id": SESSION,
        "session_ends_at": NOW + timedelta(hours=1),
        "tenant": "acme",
        "client_id": "dashboard",
        "audience": "https://api.test",
        "subject": BOB,
        "actor": ANA,
        "scope": frozenset({"profile", "offline_access"}),
        "roles": ("customer",),
        "mode": "read_only",
    }
    return ImpersonationGrant(**fields | changed)


def test_an_access_token_says_who_acts_as_whom() -> None:
    claims = access_claims(grant(), ISSUANCE, FIVE_MINUTES)

    assert claims == {
        "iss": US,
        "sub": "b0b",
        "external_id": "1003",
        "aud": "https://api.test",
        "client_id": "dashboard",
        "azp": "dashboard",
        "exp": AT + 300,
        "iat": AT,
        "nbf": AT,
        "jti": str(JTI),
        "sid": str(SESSION),
        "tenant": "acme",
        "scope": "offline_access profile",
        "roles": ["customer"],
        "mode": "read_only",
        "impersonated_by": "a9a",
        "impersonatedBy": "a9a",
        "act": {"sub": "a9a", "iss": US, "acr": "mfa", "amr": ["pwd", "otp"], "auth_time": AT - 60},
    }


def test_a_refresh_token_is_for_the_issuer_alone_until_the_session_ends() -> None:
    claims = refresh_claims(grant(), ISSUANCE, family_id=FAMILY)

    assert (claims["aud"], claims["exp"], claims["family"]) == (US, AT + 3600, str(FAMILY))
    assert claims.keys().isdisjoint({"roles", "mode", "permissions", "external_id"})
    for name in ("sub", "sid", "tenant", "client_id", "scope", "impersonated_by", "act"):
        assert claims[name] == access_claims(grant(), ISSUANCE, FIVE_MINUTES)[name]


def test_what_restricts_a_session_is_in_its_token() -> None:
    restricted = grant(mode="limited", permissions=frozenset({"ticket.reply", "ticket.read"}), workspace="north")

    claims = access_claims(restricted, ISSUANCE, FIVE_MINUTES)

    assert (claims["permissions"], claims["workspace"]) == (["ticket.read", "ticket.reply"], "north")


def test_no_permission_at_all_is_said_and_not_left_out() -> None:
    assert access_claims(grant(permissions=frozenset()), ISSUANCE, FIVE_MINUTES)["permissions"] == []


def test_a_client_that_speaks_the_providers_ids_gets_them() -> None:
    claims = access_claims(grant(subject_form="external_id"), ISSUANCE, FIVE_MINUTES)

    assert (claims["sub"], claims["id"]) == ("1003", "b0b")
    assert claims["impersonated_by"] == "1001"
    assert claims["act"] == {
        "sub": "1001",
        "iss": "https://idp.test",
        "acr": "mfa",
        "amr": ["pwd", "otp"],
        "auth_time": AT - 60,
    }


@pytest.mark.parametrize(
    ("actor", "named", "issuer"),
    [
        (Actor(identity=Identity("a9a", "1001")), "1001", US),
        (Actor(identity=Identity("a9a"), issuer="https://idp.test"), "a9a", US),
        (Actor(identity=Identity("backoffice")), "backoffice", US),
    ],
    ids=["issuer unknown", "no external id", "a service"],
)
def test_an_actor_is_named_in_the_namespace_of_its_issuer(actor: Actor, named: str, issuer: str) -> None:
    claims = access_claims(grant(subject_form="external_id", actor=actor), ISSUANCE, FIVE_MINUTES)

    assert claims["act"] == {"sub": named, "iss": issuer}


def test_who_has_no_external_id_is_named_by_ours() -> None:
    claims = access_claims(grant(subject=Identity("b0b"), subject_form="external_id"), ISSUANCE, FIVE_MINUTES)

    assert claims["sub"] == "b0b"
    assert claims.keys().isdisjoint({"id", "external_id"})


def test_what_a_session_says_elsewhere_is_what_its_token_says() -> None:
    claims = access_claims(grant(), ISSUANCE, FIVE_MINUTES)

    assert acting_claims(claims) == {name: claims[name] for name in ("sid", "act", "impersonated_by")}


def test_a_service_is_its_own_subject_and_has_no_roles() -> None:
    service = ServiceGrant(tenant="acme", client_id="backoffice", audience=US, scope=frozenset({"root"}))

    claims = service_claims(service, ISSUANCE, timedelta(hours=1))

    assert claims["sub"] == claims["azp"] == claims["client_id"] == "backoffice"
    assert (claims["exp"], claims["scope"]) == (AT + 3600, "root")
    assert claims.keys().isdisjoint({"roles", "sid", "act", "impersonated_by", "impersonatedBy"})


def test_a_person_who_is_himself_has_no_actor() -> None:
    person = OrdinaryGrant(
        tenant="acme", client_id="impersonator:acme", audience=US, user=ANA, scope=frozenset({"profile"})
    )

    claims = ordinary_claims(person, ISSUANCE, FIVE_MINUTES)

    assert (claims["sub"], claims["external_id"]) == ("a9a", "1001")
    assert (claims["acr"], claims["amr"], claims["auth_time"]) == ("mfa", ["pwd", "otp"], AT - 60)
    assert claims.keys().isdisjoint({"sid", "act", "impersonated_by", "impersonatedBy", "mode"})


MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # with UTC
SPANS = st.timedeltas(timedelta(microseconds=1), timedelta(days=1))


@given(now=MOMENTS, lasts=SPANS, lifetime=SPANS)
def test_no_token_outlives_its_session(now: datetime, lasts: timedelta, lifetime: timedelta) -> None:
    ends_at = now + lasts
    issuance = Issuance.at(now, issuer=US, jti=JTI)

    access = access_claims(grant(session_ends_at=ends_at), issuance, lifetime)
    refresh = refresh_claims(grant(session_ends_at=ends_at), issuance, family_id=FAMILY)

    for claims in (access, refresh):
        assert datetime.fromtimestamp(int(str(claims["exp"])), UTC) <= ends_at
        assert datetime.fromtimestamp(int(str(claims["iat"])), UTC) <= now
    assert datetime.fromtimestamp(int(str(access["exp"])), UTC) <= now + lifetime


TEXTS = st.text(min_size=1)
IDENTITIES = st.builds(Identity, TEXTS, st.none() | TEXTS)


@given(
    subject=IDENTITIES,
    actor=st.builds(Actor, identity=IDENTITIES, issuer=st.none() | TEXTS, acr=st.none() | TEXTS),
    subject_form=st.sampled_from(["id", "external_id"]),
)
def test_the_actor_never_disappears(subject: Identity, actor: Actor, subject_form: str) -> None:
    told = grant(subject=subject, actor=actor, subject_form=subject_form)

    access = access_claims(told, ISSUANCE, FIVE_MINUTES)
    refresh = refresh_claims(told, ISSUANCE, family_id=FAMILY)

    assert access["act"] == refresh["act"]
    assert access["act"]["sub"] == access["impersonated_by"] == access["impersonatedBy"]  # type: ignore[index]  # JSON
    assert access["impersonated_by"] in {actor.identity.id, actor.identity.external_id}


def test_ids_are_uuids_in_text() -> None:
    claims = access_claims(grant(), ISSUANCE, FIVE_MINUTES)

    assert (UUID(str(claims["jti"])), UUID(str(claims["sid"]))) == (JTI, SESSION)
