from datetime import timedelta
from typing import Any

import pytest

from impersonator_api.directory import ClientKind, Status
from impersonator_api.policy import LAWS, Allowed, Ask, Denied, decide
from policy.asks import (
    ACME,
    ANA,
    BOB,
    CUSTOMER,
    GLOBEX,
    NORTH,
    NOW,
    SOUTH,
    SUPPORT,
    ask,
    client,
    consent,
    document,
    person,
    role,
    service,
    tenant,
)

INACTIVE = [Status.SUSPENDED, Status.PENDING, Status.DELETED]


def refusing_law(question: Ask) -> str | None:
    decision = decide(question, document(), 1)
    return decision.law if isinstance(decision, Denied) else None


def test_support_may_act_as_a_customer() -> None:
    decision = decide(ask(), document(), 1)

    assert isinstance(decision, Allowed)


def test_every_law_has_a_name_of_its_own() -> None:
    names = [law.name for law in LAWS]

    assert len(set(names)) == len(names)


def test_nothing_happens_in_a_suspended_tenant() -> None:
    assert refusing_law(ask(tenant=tenant(status=Status.SUSPENDED))) == "tenant-active"


def test_the_kill_switch_stops_everybody() -> None:
    assert refusing_law(ask(tenant=tenant(settings={"kill_switch": True}))) == "kill-switch"


def test_a_tenant_that_opted_out_is_left_alone() -> None:
    assert refusing_law(ask(tenant=tenant(settings={"opt_out": True}))) == "tenant-opt-out"


@pytest.mark.parametrize("status", INACTIVE)
def test_an_inactive_impersonator_acts_as_nobody(status: Status) -> None:
    assert refusing_law(ask(impersonator=person("ana", SUPPORT, status=status))) == "impersonator-active"


def test_a_suspended_service_acts_as_nobody() -> None:
    assert refusing_law(ask(impersonator=service(status=Status.SUSPENDED))) == "impersonator-active"


def test_who_already_acts_as_somebody_starts_nothing() -> None:
    assert refusing_law(ask(acting_already=True)) == "no-nesting"


def test_rank_without_the_right_is_not_enough() -> None:
    assert refusing_law(ask(impersonator=person("ana", role("support", 50)))) == "has-the-right"


def test_the_star_holds_the_right() -> None:
    assert refusing_law(ask(impersonator=person("ana", role("support", 50, "*")))) is None


def test_the_right_in_another_workspace_does_not_count() -> None:
    ana = person("ana", role("support", 50), role("lead", 50, "impersonation.start", workspace=NORTH))

    assert refusing_law(ask(impersonator=ana)) == "has-the-right"
    assert refusing_law(ask(impersonator=ana, workspace=SOUTH)) == "has-the-right"
    assert refusing_law(ask(impersonator=ana, workspace=NORTH)) is None


def test_a_service_needs_the_right_too() -> None:
    assert refusing_law(ask(impersonator=service(permissions=frozenset()))) == "has-the-right"


def test_nobody_acts_as_himself_whatever_he_calls_himself() -> None:
    twin = person("ana", CUSTOMER, external_id="other", email="other@acme.test")

    assert refusing_law(ask(target=twin)) == "no-self"


@pytest.mark.parametrize(
    "stranger",
    [
        {"impersonator": person("ana", SUPPORT, tenant_id=GLOBEX)},
        {"target": person("bob", CUSTOMER, tenant_id=GLOBEX)},
        {"client": client(tenant_id=GLOBEX)},
        {"tenant": tenant(id=GLOBEX)},
    ],
)
def test_no_party_is_of_another_tenant(stranger: dict[str, Any]) -> None:
    assert refusing_law(ask(**stranger)) == "same-tenant"


@pytest.mark.parametrize("status", INACTIVE)
def test_an_inactive_user_is_not_acted_as(status: Status) -> None:
    assert refusing_law(ask(target=person("bob", CUSTOMER, status=status))) == "target-active"


def test_a_suspended_client_takes_part_in_nothing() -> None:
    assert refusing_law(ask(client=client(status=Status.SUSPENDED))) == "client-active"


def test_the_built_in_client_is_always_an_active_spa() -> None:
    built_in = client("impersonator:acme", status=Status.SUSPENDED, kind=ClientKind.SERVICE)

    assert refusing_law(ask(client=built_in, spa_required=True)) is None


@pytest.mark.parametrize("theirs", [0, 49, 50, 51, 100])
@pytest.mark.parametrize("ours", [0, 49, 50, 51, 100])
def test_the_rank_matrix_leads_strictly_downwards(ours: int, theirs: int) -> None:
    ana = person("ana", role("support", ours, "impersonation.start"))
    bob = person("bob", role("customer", theirs))

    assert refusing_law(ask(impersonator=ana, target=bob)) == (None if ours > theirs else "only-downwards")


def test_somebody_without_any_role_ranks_at_zero() -> None:
    ana = person("ana", role("support", 0, "impersonation.start"))

    assert refusing_law(ask(impersonator=ana, target=person("bob"))) == "only-downwards"
    assert refusing_law(ask(target=person("bob"))) is None


def test_a_service_acts_below_its_own_rank() -> None:
    assert refusing_law(ask(impersonator=service(rank=1))) is None
    assert refusing_law(ask(impersonator=service(rank=0))) == "only-downwards"


def test_being_senior_in_any_workspace_protects_everywhere() -> None:
    bob = person("bob", CUSTOMER, role("lead", 60, workspace=NORTH))

    assert refusing_law(ask(target=bob)) == "only-downwards"


def test_being_senior_in_another_workspace_commands_nobody_here() -> None:
    ana = person("ana", SUPPORT, role("lead", 100, workspace=NORTH))
    boss = person("boss", role("boss", 70))

    assert refusing_law(ask(impersonator=ana, target=boss)) == "only-downwards"
    assert refusing_law(ask(impersonator=ana, target=boss, workspace=NORTH)) is None


@pytest.mark.parametrize("kind", [ClientKind.SERVICE, ClientKind.GATEWAY])
def test_where_a_spa_is_required_nothing_else_will_do(kind: ClientKind) -> None:
    assert refusing_law(ask(client=client(kind=kind), spa_required=True)) == "spa-required"
    assert refusing_law(ask(client=client(kind=kind))) is None


def test_a_spa_is_a_spa() -> None:
    assert refusing_law(ask(spa_required=True)) is None


@pytest.mark.parametrize(
    "stored",
    [
        None,
        consent("profile"),
        consent("profile", "offline_access", withdrawn_at=NOW),
        consent("profile", "offline_access", expires_at=NOW),
    ],
)
def test_a_client_that_asks_for_consent_is_not_entered_without_it(stored: Any) -> None:
    scopes = frozenset({"profile", "offline_access"})

    law = refusing_law(ask(client=client(consent_required=True), consent=stored, scopes=scopes))

    assert law == "consent-given"


def test_consent_in_force_that_covers_the_scopes_opens_the_client() -> None:
    stored = consent("profile", "offline_access", "email", expires_at=NOW + timedelta(seconds=1))
    scopes = frozenset({"profile", "offline_access"})

    assert refusing_law(ask(client=client(consent_required=True), consent=stored, scopes=scopes)) is None


def test_an_empty_set_of_scopes_still_needs_a_consent() -> None:
    assert refusing_law(ask(client=client(consent_required=True))) == "consent-given"


def test_who_lacks_the_right_learns_nothing_about_the_target() -> None:
    ana = person("ana", role("support", 50))
    admin = person("root", role("super_admin", 100), status=Status.SUSPENDED, tenant_id=GLOBEX)

    decision = decide(ask(impersonator=ana, target=admin), document(), 1)

    assert isinstance(decision, Denied)
    assert decision.law == "has-the-right"
    assert admin.label not in decision.reason


def test_a_user_of_another_tenant_is_not_named() -> None:
    stranger = person("eve", tenant_id=GLOBEX, status=Status.SUSPENDED)

    decision = decide(ask(target=stranger), document(), 1)

    assert isinstance(decision, Denied)
    assert stranger.label not in decision.reason


def test_the_defaults_of_these_tests_are_of_one_tenant() -> None:
    assert {ANA.tenant_id, BOB.tenant_id} == {ACME}
