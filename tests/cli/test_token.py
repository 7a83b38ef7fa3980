"""`impersonator token` makes what an identity provider would, and only in development."""

import base64
import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from cli.conftest import Command, realm_of


def _claims(token: str) -> dict[str, Any]:
    part = token.strip().split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


@pytest.mark.parametrize("name", ["ana@{}.test", "ANA@{}.test"])
def test_somebody_is_found_by_email_whatever_its_case(run: Command, acme: str, name: str) -> None:
    claims = _claims(run("token", "--as", name.format(acme)).out)

    assert claims["external_id"] == "1001"
    assert claims["tenant"] == acme


def test_somebody_is_found_by_external_id(run: Command, acme: str) -> None:
    claims = _claims(run("token", "--as", "1003", "--tenant", acme).out)

    assert claims["external_id"] == "1003"


def test_the_token_is_an_ordinary_one_in_which_nobody_else_acts(run: Command, acme: str) -> None:
    claims = _claims(run("token", "--as", f"ana@{acme}.test").out)

    assert not {"act", "sid", "impersonated_by"} & set(claims)


def test_the_login_can_be_as_strong_as_a_rule_asks_for(run: Command, acme: str) -> None:
    claims = _claims(run("token", "--as", f"ana@{acme}.test", "--acr", "mfa", "--scope", "profile email").out)

    assert claims["acr"] == "mfa"
    assert claims["scope"] == "email profile"


def test_a_name_of_several_tenants_asks_which(run: Command, acme: str, tmp_path: Path) -> None:
    other = f"globex-{uuid4().hex[:8]}"
    (tmp_path / "other.yaml").write_text(realm_of(other).replace(f"@{other}", f"@{acme}"))
    run("apply", tmp_path / "other.yaml")

    outcome = run("token", "--as", f"ana@{acme}.test")

    assert outcome.code == 1
    assert f"is somebody in {acme}, {other}: name one with --tenant." in outcome.err


def test_a_machine_gets_the_token_as_rfc_6749_says_it(run: Command, acme: str) -> None:
    answer = run("token", "--as", f"ana@{acme}.test", "--json").json

    assert answer["token_type"] == "Bearer"
    assert answer["expires_in"] == 3600


def test_nobody_of_that_name_gets_no_token(run: Command) -> None:
    outcome = run("token", "--as", "nobody@nowhere.test")

    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("error[person-unknown]: Nobody in any tenant")


def test_in_production_people_log_in_with_their_identity_provider(
    run: Command, acme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMPERSONATOR_ENVIRONMENT", "production")
    monkeypatch.setenv("IMPERSONATOR_ISSUER", "https://impersonator.example.test")

    outcome = run("token", "--as", f"ana@{acme}.test")

    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("error[not-in-production]: ")
