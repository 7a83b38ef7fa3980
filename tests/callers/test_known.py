"""Callers who were seen before are not read again while nothing has changed, and at once where something has."""

from dataclasses import dataclass, field, replace
from hashlib import sha256

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from builders import Organisation, Someone, make_tenant, ordinary_token
from forgery import pair
from impersonator_api import tokens
from impersonator_api.callers import Acquaintances, Credentials, ServiceCaller, UserCaller, ask_about, load_caller
from impersonator_api.callers.acquaintances import REMEMBERED, Acquaintance
from impersonator_api.callers.errors import CallerSuspendedError, CallerUnknownError
from impersonator_api.database import LostRaceError
from impersonator_api.directory import Person, Status, Tenant
from impersonator_api.directory.in_common import LARGEST
from impersonator_api.directory.tables import clients, roles, users
from impersonator_api.questions import alone
from impersonator_api.tokens import InvalidTokenError, ServiceGrant
from impersonator_api.work import Desk, Services, Work
from statements import statements_of

from .conftest import Scene


@dataclass
class Regular:
    """Somebody who comes again and again with one token, and what was asked about him the last time."""

    desk: Desk
    token: str
    asked: list[str] = field(default_factory=list)

    async def comes(self) -> UserCaller | ServiceCaller:
        async with statements_of(self.desk.engine) as sent:
            caller = await self.desk.run(load_caller, Credentials(self.token))
        self.asked = [each.query for each in sent]
        assert isinstance(caller, UserCaller | ServiceCaller)
        return caller


@pytest.fixture
def calling_desk(calling_desk: Desk) -> Desk:
    """A desk that has seen nobody yet."""
    return replace(calling_desk, services=Services({**calling_desk.services.by_type, Acquaintances: Acquaintances()}))


@pytest.fixture
async def ana(engine: AsyncEngine) -> Someone:
    acme = await make_tenant(engine)
    return await acme.person("ana", "super_admin")


@pytest.fixture
async def person(calling_desk: Desk, ana: Someone) -> Regular:
    """A person with a token of ours, who was here before."""
    regular = Regular(calling_desk, await ordinary_token(calling_desk, ana))
    await regular.comes()
    return regular


@pytest.fixture
async def foreigner(scene: Scene) -> Regular:
    """A person with a token of a trusted issuer, who was here before."""
    regular = Regular(scene.desk, scene.idp.key.token(scene.claims()))
    await regular.comes()
    return regular


async def service_of(desk: Desk, acme: Organisation) -> Regular:
    """A service with a token of its own, which was here before."""
    regular = Regular(desk, await service_token(desk, acme, await acme.client("bot", kind="service")))
    await regular.comes()
    return regular


async def service_token(desk: Desk, acme: Organisation, client_id: str) -> str:
    """A token of a service's own, as the client-credentials grant mints it."""
    grant = ServiceGrant(tenant=acme.slug, client_id=client_id, audience="x", scope=frozenset({"root"}))

    async def mint(work: Work) -> str:
        return tokens.mint_service(work, grant, alg="ES256").token

    return await desk.run(mint)


async def test_a_person_is_not_read_again(person: Regular) -> None:
    first, again = await person.comes(), await person.comes()

    assert (again.tenant, again.party) == (first.tenant, first.party)
    assert len(person.asked) == 1
    assert "users" not in person.asked[0]


async def test_a_service_is_not_read_again(calling_desk: Desk, ana: Someone) -> None:
    service = await service_of(calling_desk, ana.tenant)

    caller = await service.comes()

    assert isinstance(caller, ServiceCaller)
    assert len(service.asked) == 1
    assert "clients" not in service.asked[0]


async def test_a_person_of_a_trusted_issuer_is_not_read_again(foreigner: Regular, scene: Scene) -> None:
    caller = await foreigner.comes()

    assert (caller.tenant.id, caller.party.id) == (scene.acme.id, scene.ana.id)
    assert len(foreigner.asked) == 1
    assert "users" not in foreigner.asked[0]


async def test_who_is_suspended_is_refused_at_once(person: Regular, ana: Someone) -> None:
    await ana.tenant.change(users, users.c.id == ana.id, status="suspended")

    with pytest.raises(CallerSuspendedError):
        await person.comes()


async def test_a_suspended_services_token_is_refused_at_once(calling_desk: Desk, ana: Someone) -> None:
    service = await service_of(calling_desk, ana.tenant)
    await ana.tenant.change(clients, clients.c.tenant_id == ana.tenant.id, status="suspended")

    with pytest.raises(CallerSuspendedError):
        await service.comes()


async def test_what_a_role_gave_is_gone_at_once(person: Regular, ana: Someone) -> None:
    await ana.tenant.change(roles, roles.c.tenant_id == ana.tenant.id, permissions=[])

    assert (await person.comes()).party.permissions_anywhere == frozenset()


async def hand_account_over(scene: Scene) -> Someone:
    """To whom the same token leads from now on."""
    bob = await scene.acme.person("bob", "customer")
    await scene.acme.change(users, users.c.id == scene.ana.id, external_id="gone")
    await scene.acme.change(users, users.c.id == bob.id, external_id=scene.ana.external_id)
    return bob


async def test_whose_account_was_handed_over_comes_as_its_new_owner(foreigner: Regular, scene: Scene) -> None:
    bob = await hand_account_over(scene)

    assert (await foreigner.comes()).party.id == bob.id


async def test_what_was_asked_about_one_is_not_told_of_who_came_after_him(foreigner: Regular, scene: Scene) -> None:
    async def overtaken(work: Work) -> None:
        question = await ask_about(work, Credentials(foreigner.token))
        await hand_account_over(scene)
        await foreigner.comes()
        assert question.part is not None
        answer = (await work.read(alone(question.part))).scalar_one()
        with pytest.raises(LostRaceError):
            await question.answered(work, answer)

    await scene.desk.run(overtaken)


async def test_who_left_the_directory_is_unknown_at_once(foreigner: Regular, scene: Scene) -> None:
    await scene.acme.change(users, users.c.id == scene.ana.id, external_id="gone")

    with pytest.raises(CallerUnknownError):
        await foreigner.comes()


@pytest.mark.parametrize("change", [{"status": "suspended"}, {"audience": "another"}, {"algorithms": ["RS256"]}])
async def test_what_is_no_longer_agreed_with_an_issuer_holds_at_once(
    foreigner: Regular, scene: Scene, change: dict[str, object]
) -> None:
    await scene.change_issuer(**change)

    with pytest.raises(InvalidTokenError):
        await foreigner.comes()


async def test_a_claim_that_must_be_true_from_now_on_must_not_be_one_any_more(scene: Scene) -> None:
    # To Python they are equal, to JSON they are not.
    await scene.change_issuer(require_claims={"staff": 1})
    await scene.caller(staff=1)
    await scene.change_issuer(require_claims={"staff": True})
    staff = Regular(scene.desk, scene.idp.key.token(scene.claims(staff=True)))

    first, again = await staff.comes(), await staff.comes()

    assert again.party == first.party


async def test_a_second_tenant_of_an_issuer_makes_its_tokens_ambiguous_at_once(
    engine: AsyncEngine, foreigner: Regular, scene: Scene
) -> None:
    rival = await make_tenant(engine, "rival")
    await rival.issuer(scene.idp.issuer, jwks_uri=scene.idp.jwks_uri)

    with pytest.raises(InvalidTokenError, match="not trusted"):
        await foreigner.comes()


async def test_no_more_is_remembered_where_many_tenants_trust_an_issuer(engine: AsyncEngine, scene: Scene) -> None:
    remembered = scene.desk.services.get(Acquaintances)._known
    await scene.change_issuer(match={"claim": "org", "equals": 0})
    for org in range(3):
        await scene.caller(org=0, number=org)
        rival = await make_tenant(engine, "rival")
        await rival.issuer(scene.idp.issuer, jwks_uri=scene.idp.jwks_uri, match={"claim": "org", "equals": org + 1})

    sizes = {len(str(revision)) for _, revision, _ in remembered.values()}

    assert (len(remembered), sizes) == (3, {64})


async def test_whoever_was_not_proved_is_not_remembered(scene: Scene) -> None:
    forged = pair().token(scene.claims(), kid=scene.idp.key.jwk["kid"])

    with pytest.raises(InvalidTokenError):
        await scene.load(forged)

    assert scene.desk.services.get(Acquaintances).last(sha256(forged.encode()).digest()) is None


async def test_people_with_large_profiles_are_read_each_time(person: Regular, ana: Someone) -> None:
    await ana.tenant.change(users, users.c.id == ana.id, attributes={"notes": "x" * LARGEST})

    await person.comes()
    await person.comes()

    assert len(person.asked) == 1
    assert "users" in person.asked[0]


async def test_people_with_many_memberships_are_read_each_time(person: Regular, ana: Someone) -> None:
    for number in range(LARGEST // 36):
        await ana.tenant.workspace(f"team-{number}", ana=(ana, []))
    await ana.tenant.change(users, users.c.id == ana.id, display_name="Ana")

    await person.comes()
    await person.comes()

    assert "users" in person.asked[0]


async def test_a_service_with_many_tokens_is_remembered_once(calling_desk: Desk, ana: Someone) -> None:
    service = await service_of(calling_desk, ana.tenant)
    first = await service.comes()

    service.token = await service_token(calling_desk, ana.tenant, first.party.label)
    await service.comes()

    assert (await service.comes()).party is first.party


def test_no_more_callers_are_remembered_than_that(calling_desk: Desk, ana: Someone) -> None:
    tenant = Tenant(ana.tenant.id, ana.tenant.slug, "Acme", Status.ACTIVE, 1, {})
    who = Acquaintance(tenant, Person(ana.id, tenant.id, None, ana.email, None, Status.ACTIVE), None)
    known, now = Acquaintances(), calling_desk.clock()

    for number in range(REMEMBERED + 1):
        known.keep(number.to_bytes(32, "big"), who, revision=1, now=now)

    assert known.last(bytes(32)) is None
    assert known.last(REMEMBERED.to_bytes(32, "big")) == who
