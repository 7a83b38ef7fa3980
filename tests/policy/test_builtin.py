from datetime import timedelta

import pytest

from impersonator_api.policy import BUILT_IN, BUILT_IN_VERSION, Allowed, Ask, Denied, Mode, Rights, decide
from policy.asks import CUSTOMER, SUPPORT, ask, client, person, role, service

ROOT = person("root", role("super_admin", 100, "*"))


def judged(question: Ask) -> Allowed | Denied:
    return decide(question, BUILT_IN, BUILT_IN_VERSION)


def law_against(question: Ask) -> str | None:
    decision = judged(question)
    return decision.law if isinstance(decision, Denied) else None


@pytest.mark.parametrize("mode", [None, *Mode])
def test_a_super_admin_acts_as_lower_ranks_in_every_mode(mode: Mode | None) -> None:
    decision = judged(ask(impersonator=ROOT, mode=mode))

    assert isinstance(decision, Allowed)
    assert decision.mode is (mode or Mode.FULL)


def test_the_built_in_document_asks_for_no_more_than_that() -> None:
    decision = judged(ask(impersonator=ROOT))

    assert decision == Allowed(
        rule="super-admins-help",
        policy_version=0,
        mode=Mode.FULL,
        rights=Rights.TARGET,
        permissions=None,
        duration=timedelta(minutes=30),
        max_active=1,
        on_active=None,
    )


def test_the_built_in_client_may_be_used() -> None:
    assert law_against(ask(impersonator=ROOT, client=client("impersonator:acme"))) is None


def test_an_hour_is_the_longest() -> None:
    assert law_against(ask(impersonator=ROOT, duration=timedelta(minutes=60))) is None
    assert law_against(ask(impersonator=ROOT, duration=timedelta(minutes=61))) == "duration-exceeds"


def test_nobody_else_acts_as_anybody() -> None:
    assert law_against(ask()) == "no-rule"
    assert law_against(ask(impersonator=service(rank=100))) == "no-rule"


def test_not_even_a_super_admin_acts_as_an_equal() -> None:
    other = person("other", role("super_admin", 100))

    assert law_against(ask(impersonator=ROOT, target=other)) == "only-downwards"


def test_whoever_impersonates_is_protected() -> None:
    assert law_against(ask(impersonator=ROOT, target=person("ana", SUPPORT))) == "privileged-target"


def test_any_permission_of_the_target_may_be_asked_for() -> None:
    decision = judged(ask(impersonator=ROOT, permissions=CUSTOMER.permissions))

    assert isinstance(decision, Allowed)
    assert decision.permissions == CUSTOMER.permissions
