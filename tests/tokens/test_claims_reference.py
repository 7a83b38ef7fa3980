"""docs/reference/claims.md names every claim that is in a token, and no other."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from impersonator_api.tokens import OrdinaryGrant, ServiceGrant
from impersonator_api.tokens.claims import (
    Claims,
    ImpersonationGrant,
    access_claims,
    delegated_act,
    ordinary_claims,
    refresh_claims,
    service_claims,
)

from .test_claims import ANA, FAMILY, ISSUANCE, US, grant

PAGE = (Path(__file__).parents[2] / "docs/reference/claims.md").read_text()
TABLES = dict(re.findall(r"^## In (each token|`act`)$(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
HOUR = timedelta(hours=1)
WHOLE = grant(permissions=frozenset({"ticket.read"}), workspace="north")
TAKEN_OVER = delegated_act({"sub": "a", "iss": US}, client_id="c", issuer=US)
EXCHANGED = replace(WHOLE, act=TAKEN_OVER, may_act={"sub": "c", "iss": US})
BOUND = replace(WHOLE, jkt="a-thumbprint")
NONE = frozenset[str]()


def documented(kind: str) -> set[str]:
    rows = re.findall(r"^\| `(\w+)` \| ([ARSO ]+) \|", TABLES["each token"], re.MULTILINE)
    return {name for name, kinds in rows if kind in kinds.split()}


def access(told: ImpersonationGrant) -> Claims:
    return access_claims(told, ISSUANCE, HOUR)


SERVICE = service_claims(ServiceGrant(tenant="t", client_id="c", audience=US, scope=NONE, jkt="t"), ISSUANCE, HOUR)
PERSON = ordinary_claims(OrdinaryGrant(tenant="t", client_id="c", audience=US, user=ANA, scope=NONE), ISSUANCE, HOUR)


@pytest.mark.docs
@pytest.mark.parametrize(
    ("kind", "claims"),
    [
        ("A", access(WHOLE) | access(replace(WHOLE, subject_form="external_id")) | access(EXCHANGED) | access(BOUND)),
        ("R", refresh_claims(BOUND, ISSUANCE, family_id=FAMILY)),
        ("S", SERVICE),
        ("O", PERSON),
    ],
)
def test_each_kind_of_token_is_documented_whole(kind: str, claims: Claims) -> None:
    assert documented(kind) == claims.keys()


@pytest.mark.docs
def test_each_member_of_the_actor_is_documented() -> None:
    members = set(re.findall(r"^\| `(\w+)` \|", TABLES["`act`"], re.MULTILINE))

    assert members == access(WHOLE)["act"].keys() | TAKEN_OVER.keys()  # type: ignore[attr-defined]  # an object


@pytest.mark.docs
def test_the_example_is_a_token_as_it_is_made() -> None:
    (block,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    example = json.loads(block)

    assert example.keys() == access(WHOLE).keys()
    assert example["act"].keys() == access(WHOLE)["act"].keys()  # type: ignore[attr-defined]  # as above
    assert example["exp"] - example["iat"] == 300
