import pytest

from impersonator_api.policy import Denied, refusal_for


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
