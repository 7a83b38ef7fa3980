from datetime import timedelta
from typing import Any

import pytest

from impersonator_api.policy import Allowed, Ask, Denied, LoggedIn, Mode, OnActive, Rights, decide
from policy.asks import CUSTOMER, NORTH, NOW, SOUTH, SUPPORT, ask, document, person, role, service, written


def allowed(question: Ask, rule: dict[str, Any], **rest: Any) -> Allowed:
    decision = decide(question, document(rule, **rest), 3)
    assert isinstance(decision, Allowed), decision
    return decision


def refused_for(question: Ask, rule: dict[str, Any]) -> str | None:
    decision = decide(question, document(rule), 3)
    return decision.law if isinstance(decision, Denied) else None


PRIVILEGES = ["impersonation.start", "impersonation.end_any", "impersonation.read_any", "impersonation.approve", "*"]


@pytest.mark.parametrize("permission", PRIVILEGES)
def test_a_target_with_impersonation_rights_needs_a_rule_that_says_so(permission: str) -> None:
    junior = person("junior", role("junior", 10, permission))

    assert refused_for(ask(target=junior), written()) == "privileged-target"
    assert refused_for(ask(target=junior), written(privileged_targets=True)) is None


def test_impersonation_rights_in_any_workspace_make_a_target_privileged() -> None:
    by_role = person("junior", role("junior", 10, "impersonation.start", workspace=NORTH))
    by_membership = person("member", CUSTOMER, memberships={NORTH.id: frozenset({"impersonation.approve"})})

    assert refused_for(ask(target=by_role, workspace=SOUTH), written()) == "privileged-target"
    assert refused_for(ask(target=by_membership), written()) == "privileged-target"


def test_the_first_mode_of_the_rule_is_the_default() -> None:
    assert allowed(ask(), written(modes=["limited", "full"])).mode is Mode.LIMITED


def test_a_rule_that_names_no_mode_grants_reading_only() -> None:
    rule = written()
    del rule["modes"]

    assert allowed(ask(), rule).mode is Mode.READ_ONLY
    assert refused_for(ask(mode=Mode.FULL), rule) == "mode-not-granted"


def test_named_permissions_make_the_mode_limited() -> None:
    decision = allowed(ask(permissions=frozenset({"ticket.read"})), written())

    assert decision.mode is Mode.LIMITED
    assert decision.permissions == frozenset({"ticket.read"})


@pytest.mark.parametrize("mode", [Mode.READ_ONLY, Mode.FULL])
def test_named_permissions_go_with_no_other_mode(mode: Mode) -> None:
    assert refused_for(ask(permissions=frozenset({"ticket.read"}), mode=mode), written()) == "mode-not-granted"


def test_named_permissions_need_a_rule_that_grants_limited() -> None:
    question = ask(permissions=frozenset({"ticket.read"}))

    assert refused_for(question, written(modes=["full"])) == "mode-not-granted"


def test_naming_no_permission_at_all_grants_none() -> None:
    assert allowed(ask(permissions=frozenset()), written()).permissions == frozenset()


@pytest.mark.parametrize("mode", [Mode.READ_ONLY, Mode.FULL])
def test_without_any_restriction_whatever_the_target_holds_is_granted(mode: Mode) -> None:
    assert allowed(ask(mode=mode), written()).permissions is None


def test_limited_without_a_list_grants_what_the_target_holds_now() -> None:
    decision = allowed(ask(mode=Mode.LIMITED), written())

    assert decision.permissions == frozenset({"ticket.read", "ticket.reply", "invoice.read"})


def test_the_rules_permissions_are_a_ceiling() -> None:
    rule = written(permissions=["ticket.read", "ticket.close"])

    assert allowed(ask(mode=Mode.FULL), rule).permissions == frozenset({"ticket.read"})


def test_an_empty_ceiling_grants_nothing() -> None:
    assert allowed(ask(mode=Mode.FULL), written(permissions=[])).permissions == frozenset()


def test_intersection_grants_what_both_hold() -> None:
    decision = allowed(ask(mode=Mode.FULL), written(rights="intersection"))

    assert decision.rights is Rights.INTERSECTION
    assert decision.permissions == frozenset({"ticket.read"})


def test_a_ceiling_holds_even_for_a_target_who_may_do_everything() -> None:
    root = person("root", role("root", 10, "*"))
    rule = written(permissions=["ticket.read"], privileged_targets=True)

    assert allowed(ask(target=root, mode=Mode.FULL), rule).permissions == frozenset({"ticket.read"})


@pytest.mark.parametrize(
    ("wanted", "rule"),
    [
        ("ticket.close", written()),
        ("*", written()),
        ("ticket.reply", written(permissions=["ticket.read"])),
        ("ticket.reply", written(rights="intersection")),
    ],
)
def test_a_permission_beyond_target_rule_or_impersonator_is_refused(wanted: str, rule: dict[str, Any]) -> None:
    decision = decide(ask(permissions=frozenset({"ticket.read", wanted})), document(rule), 1)

    assert isinstance(decision, Denied)
    assert decision.law == "permission-exceeds"
    assert wanted not in decision.reason


def test_permissions_of_a_workspace_count_there_only() -> None:
    bob = person("bob", CUSTOMER, memberships={NORTH.id: frozenset({"stock.read"})})
    question = {"target": bob, "permissions": frozenset({"stock.read"})}

    assert refused_for(ask(**question, workspace=NORTH), written()) is None
    assert refused_for(ask(**question, workspace=SOUTH), written()) == "permission-exceeds"
    assert refused_for(ask(**question), written()) == "permission-exceeds"


def test_a_service_shares_its_own_permissions_by_intersection() -> None:
    decision = allowed(ask(impersonator=service(), mode=Mode.FULL), written(rights="intersection"))

    assert decision.permissions == frozenset({"ticket.read"})


def test_the_default_duration_holds_where_none_is_asked_for() -> None:
    decision = allowed(ask(), written(duration={"default": "10m", "max": "2h30m"}))

    assert decision.duration == timedelta(minutes=10)


@pytest.mark.parametrize("minutes", [1, 60])
def test_a_duration_up_to_the_maximum_is_granted(minutes: int) -> None:
    span = timedelta(minutes=minutes)

    assert allowed(ask(duration=span), written()).duration == span


@pytest.mark.parametrize("seconds", [-1, 0, 3601])
def test_a_duration_beyond_the_maximum_or_of_nothing_is_refused(seconds: int) -> None:
    assert refused_for(ask(duration=timedelta(seconds=seconds)), written()) == "duration-exceeds"


def test_a_reason_is_optional_unless_the_rule_asks() -> None:
    assert refused_for(ask(), written()) is None


@pytest.mark.parametrize("reason", [None, "", "   ", "too short", "a" + " " * 20 + "b", "\n" * 30])
def test_a_reason_that_says_too_little_is_refused(reason: str | None) -> None:
    assert refused_for(ask(reason=reason), written(require={"reason": {"min_length": 10}})) == "reason-required"


def test_a_reason_of_enough_characters_will_do() -> None:
    assert refused_for(ask(reason="Locked out"), written(require={"reason": {"min_length": 10}})) is None


TICKETED = written(require={"ticket": {"pattern": r"SUP-\d+|INC-\d+"}})


@pytest.mark.parametrize("ticket", [None, "", "SUP-", "xSUP-1", "SUP-1\n", "SUP-1 ", "INC-1x", "SUP-" + "1" * 200])
def test_a_ticket_of_another_form_is_refused(ticket: str | None) -> None:
    assert refused_for(ask(ticket=ticket), TICKETED) == "ticket-required"


@pytest.mark.parametrize("ticket", ["SUP-1", "INC-20931"])
def test_a_ticket_of_the_form_will_do(ticket: str) -> None:
    assert refused_for(ask(ticket=ticket), TICKETED) is None


STRONG = written(require={"step_up": {"acr": ["mfa", "phr"]}})
FRESH = written(require={"step_up": {"max_age": "15m"}})
AT = int(NOW.timestamp())


@pytest.mark.parametrize("acr", [None, "", "pwd", "MFA", "mfa phr"])
def test_a_login_by_another_method_is_refused(acr: str | None) -> None:
    assert refused_for(ask(login=LoggedIn(acr=acr, auth_time=AT)), STRONG) == "step-up-required"


@pytest.mark.parametrize("acr", ["mfa", "phr"])
def test_a_login_by_a_wanted_method_will_do_whenever_it_was(acr: str) -> None:
    assert refused_for(ask(login=LoggedIn(acr=acr)), STRONG) is None


@pytest.mark.parametrize("age", [901, 10**12, -61, -(10**12)])
def test_a_login_that_is_too_old_or_yet_to_come_is_refused(age: int) -> None:
    assert refused_for(ask(login=LoggedIn(auth_time=AT - age)), FRESH) == "step-up-required"


@pytest.mark.parametrize("age", [900, 0, -60])
def test_a_login_of_late_will_do_whatever_its_method(age: int) -> None:
    assert refused_for(ask(login=LoggedIn(auth_time=AT - age)), FRESH) is None


def test_a_login_of_no_known_time_is_refused() -> None:
    assert refused_for(ask(login=LoggedIn(acr="mfa")), FRESH) == "step-up-required"


@pytest.mark.parametrize("login", [LoggedIn("mfa", AT - 901), LoggedIn("pwd", AT)])
def test_a_login_must_be_both_where_the_rule_asks_for_both(login: LoggedIn) -> None:
    rule = written(require={"step_up": {"acr": ["mfa"], "max_age": "15m"}})

    assert refused_for(ask(login=login), rule) == "step-up-required"
    assert refused_for(ask(login=LoggedIn("mfa", AT - 900)), rule) is None


@pytest.mark.parametrize("rule", [STRONG, FRESH])
def test_a_service_has_not_logged_in(rule: dict[str, Any]) -> None:
    assert refused_for(ask(impersonator=service()), rule) == "step-up-required"


def test_a_running_sessions_login_is_judged_as_of_its_start() -> None:
    login, began = LoggedIn(auth_time=AT - 7200), NOW - timedelta(hours=2)

    assert refused_for(ask(login=login, started_at=began), FRESH) is None
    assert refused_for(ask(login=login, started_at=began + timedelta(minutes=16)), FRESH) == "step-up-required"


def test_a_denial_says_which_login_would_do() -> None:
    rule = written(require={"step_up": {"acr": ["mfa", "phr"], "max_age": "15m"}})

    decision = decide(ask(), document(rule), 3)

    assert isinstance(decision, Denied)
    assert decision.reason == (
        "Log in again: the rule support-helps asks for a login by mfa or phr at most 15m before the start."
    )
    assert decision.login is not None
    assert decision.login.as_members() == {"acr_values": "mfa phr", "max_age": 900}


def test_nobody_logs_in_again_to_be_told_that_something_else_is_missing() -> None:
    rule = written(require={"reason": True, "ticket": {"pattern": "x"}, "step_up": {"acr": ["mfa"]}})

    assert refused_for(ask(reason="Locked out"), rule) == "ticket-required"
    assert refused_for(ask(reason="Locked out", ticket="x"), rule) == "step-up-required"


def test_requirements_are_asked_in_their_order() -> None:
    junior = person("junior", role("junior", 10, "impersonation.start"))
    rule = written(modes=["read_only"], require={"reason": True, "ticket": {"pattern": "x"}})
    question = {"target": junior, "mode": Mode.FULL, "duration": timedelta(hours=9)}

    assert refused_for(ask(**question), rule) == "privileged-target"
    assert refused_for(ask(**question), rule | {"privileged_targets": True}) == "mode-not-granted"


def test_a_person_takes_a_slot_of_the_document() -> None:
    assert allowed(ask(), written()).max_active == 1
    assert allowed(ask(), written(), max_active=3).max_active == 3


def test_a_rules_own_number_of_slots_comes_first() -> None:
    assert allowed(ask(), written(max_active=5), max_active=3).max_active == 5


def test_a_service_takes_a_slot_only_where_its_rule_says_so() -> None:
    assert allowed(ask(impersonator=service()), written(), max_active=3).max_active is None
    assert allowed(ask(impersonator=service()), written(max_active=5)).max_active == 5


def test_what_a_second_start_does_is_left_to_the_door_unless_the_document_says_so() -> None:
    assert allowed(ask(), written()).on_active is None
    assert allowed(ask(), written(), on_active="reject").on_active is OnActive.REJECT


def test_an_answer_names_rule_and_version() -> None:
    decision = allowed(ask(impersonator=person("ana", SUPPORT)), written(name="this-one"))

    assert (decision.rule, decision.policy_version) == ("this-one", 3)
