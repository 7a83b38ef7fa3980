import pytest

from impersonator_api.policy import Denied, refusal_for
from impersonator_api.policy.ask import WantedLogin
from impersonator_api.web.problems import challenge_of


def denied(law: str, rule: str | None = None) -> Denied:
    return Denied(law=law, reason="Do something else.", policy_version=1, rule=rule)


@pytest.mark.parametrize(
    ("law", "status", "code"),
    [
        ("only-downwards", 403, "impersonation-refused"),
        ("no-rule", 403, "impersonation-refused"),
        ("privileged-target", 403, "impersonation-refused"),
        ("mode-not-granted", 403, "impersonation-refused"),
        ("consent-given", 403, "consent-required"),
        ("permission-exceeds", 403, "permission-exceeds"),
        ("reason-required", 403, "reason-required"),
        ("ticket-required", 403, "ticket-required"),
        ("step-up-required", 401, "insufficient-user-authentication"),
        ("duration-exceeds", 422, "duration-exceeds"),
    ],
)
def test_each_law_has_its_problem(law: str, status: int, code: str) -> None:
    refusal = refusal_for(denied(law), [])

    assert (refusal.status, refusal.code, refusal.detail) == (status, code, "Do something else.")


def test_a_refusal_names_law_and_rule() -> None:
    refusal = refusal_for(denied("reason-required", rule="strict"), [])

    assert refusal.members == {"law": "reason-required", "rule": "strict"}


def test_a_law_of_the_service_names_no_rule() -> None:
    assert refusal_for(denied("no-self"), []).members == {"law": "no-self"}


ASKED = 'Bearer error="insufficient_user_authentication", error_description="Do something else."'


@pytest.mark.parametrize(
    ("wanted", "asked"),
    [
        (WantedLogin(("mfa", "phr"), 900), ', acr_values="mfa phr", max_age="900"'),
        (WantedLogin(("urn:mace:silver",), None), ', acr_values="urn:mace:silver"'),
        (WantedLogin((), 60), ', max_age="60"'),
    ],
)
def test_who_has_to_log_in_again_is_told_how(wanted: WantedLogin, asked: str) -> None:
    law = Denied("step-up-required", "Do something else.", 1, "strict", wanted)

    refusal = refusal_for(law, [])

    assert challenge_of(refusal) == ASKED + asked
