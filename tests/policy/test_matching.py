from typing import Any

import pytest

from impersonator_api.policy import Allowed, Ask, Denied, decide, explain
from policy.asks import ANA, BOB, CUSTOMER, NORTH, SOUTH, SUPPORT, ask, client, document, person, role, service, written


def rule_for(question: Ask, *rules: dict[str, Any]) -> str | None:
    decision = decide(question, document(*rules), 1)
    return decision.rule if isinstance(decision, Allowed) else None


def test_without_rules_nobody_acts_as_anybody() -> None:
    decision = decide(ask(), document(rules=[]), 7)

    assert decision == Denied(
        "no-rule",
        "No rule lets ana@acme.test act as bob@acme.test in dashboard; ask whoever keeps the policy for one.",
        policy_version=7,
    )


def test_the_first_rule_that_matches_decides() -> None:
    first, second = written(name="first"), written(name="second")

    assert rule_for(ask(), first, second) == "first"


def test_a_rule_that_matches_and_refuses_is_not_passed_over() -> None:
    strict, loose = written(name="strict", require={"reason": True}), written(name="loose")

    decision = decide(ask(), document(strict, loose), 1)

    assert isinstance(decision, Denied)
    assert (decision.law, decision.rule) == ("reason-required", "strict")


def test_a_rule_for_other_roles_is_passed_over() -> None:
    others = written(name="others", impersonators={"roles": ["lead"]})

    assert rule_for(ask(), others, written()) == "support-helps"


@pytest.mark.parametrize("named", [str(ANA.id), "x-ana"])
def test_a_rule_may_name_the_impersonator_by_id_or_external_id(named: str) -> None:
    assert rule_for(ask(), written(impersonators={"users": [named]})) == "support-helps"


@pytest.mark.parametrize("named", [str(BOB.id), "x-bob"])
def test_a_rule_may_name_the_target_by_id_or_external_id(named: str) -> None:
    assert rule_for(ask(), written(targets={"users": [named]})) == "support-helps"


def test_an_email_address_names_nobody() -> None:
    assert rule_for(ask(), written(impersonators={"users": ["ana@acme.test"]})) is None


def test_nobody_is_matched_by_an_external_id_he_does_not_have() -> None:
    ana = person("ana", SUPPORT, external_id=None)

    assert rule_for(ask(impersonator=ana), written(impersonators={"users": ["None"]})) is None


def test_targets_are_matched_by_role() -> None:
    assert rule_for(ask(), written(targets={"roles": ["customer", "guest"]})) == "support-helps"
    assert rule_for(ask(), written(targets={"roles": ["guest"]})) is None


def test_without_targets_a_rule_is_for_everybody_of_lower_rank() -> None:
    assert rule_for(ask(target=person("zoe"))) == "support-helps"


def test_a_service_is_matched_by_its_client_id_alone() -> None:
    assert rule_for(ask(impersonator=service())) == "support-helps"
    assert rule_for(ask(impersonator=service("other"))) is None
    assert rule_for(ask(impersonator=service()), written(impersonators={"roles": ["robot"]})) is None


def test_a_person_is_not_matched_by_a_client_id() -> None:
    ana = person("ana", SUPPORT, external_id="robot")

    assert rule_for(ask(impersonator=ana), written(impersonators={"clients": ["robot"]})) is None


def test_clients_are_matched_by_client_id() -> None:
    assert rule_for(ask(), written(clients=["dashboard"])) == "support-helps"
    assert rule_for(ask(), written(clients=["backoffice"])) is None


def test_the_built_in_client_matches_rules_without_clients_only() -> None:
    built_in = client("impersonator:acme")

    assert rule_for(ask(client=built_in)) == "support-helps"
    assert rule_for(ask(client=built_in), written(clients=["dashboard"])) is None


def test_an_impersonators_role_counts_in_its_workspace_only() -> None:
    ana = person("ana", SUPPORT, role("lead", workspace=NORTH))
    for_leads = written(impersonators={"roles": ["lead"]})

    assert rule_for(ask(impersonator=ana, workspace=NORTH), for_leads) == "support-helps"
    assert rule_for(ask(impersonator=ana, workspace=SOUTH), for_leads) is None
    assert rule_for(ask(impersonator=ana), for_leads) is None


def test_a_targets_role_counts_in_its_workspace_only() -> None:
    bob = person("bob", CUSTOMER, role("guest", workspace=NORTH))
    for_guests = written(targets={"roles": ["guest"]})

    assert rule_for(ask(target=bob, workspace=NORTH), for_guests) == "support-helps"
    assert rule_for(ask(target=bob), for_guests) is None


def test_an_explanation_tells_why_each_rule_was_passed_over() -> None:
    rules = [
        written(name="leads", impersonators={"roles": ["lead"]}),
        written(name="guests", targets={"roles": ["guest"]}),
        written(name="backoffice", clients=["backoffice"]),
        written(name="mine"),
    ]

    trace = explain(ask(), document(*rules), 1)

    assert [finding.objection for finding in trace.rules] == [
        "Its impersonators do not include ana@acme.test.",
        "Its targets do not include bob@acme.test.",
        "Its clients do not include dashboard.",
        None,
    ]


def test_an_explanation_holds_every_law_and_every_requirement_of_the_rule_that_matched() -> None:
    trace = explain(ask(acting_already=True), document(written(require={"reason": True})), 1)

    assert isinstance(trace.decision, Denied)
    assert trace.decision.law == "no-nesting"
    assert [finding.name for finding in trace.laws if finding.objection] == ["no-nesting"]
    assert [finding.name for finding in trace.requirements if finding.objection] == ["reason-required"]


def test_an_explanation_without_a_matching_rule_has_no_requirements() -> None:
    trace = explain(ask(), document(rules=[]), 1)

    assert trace.requirements == ()
