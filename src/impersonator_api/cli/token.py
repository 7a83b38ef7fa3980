"""`impersonator token`: an ordinary access token of somebody in the directory, for development and tests."""

from typing import Annotated

import typer

from impersonator_api import tokens
from impersonator_api.cli.errors import NotInProductionError
from impersonator_api.cli.opening import at_desk, settings_now
from impersonator_api.cli.output import AsJson, examples, say, say_json
from impersonator_api.cli.tenants import Member, load_member
from impersonator_api.directory import built_in_client_id
from impersonator_api.tokens import Actor, Identity, KeyRing, Minted, OrdinaryGrant
from impersonator_api.work import Desk, Work

SCOPE = "profile"

Person = Annotated[str, typer.Option("--as", metavar="WHO", help="E-mail address or external id.")]
Tenant = Annotated[str | None, typer.Option(metavar="SLUG", help="Where WHO is somebody in several tenants.")]
Acr = Annotated[str | None, typer.Option(help="How strongly WHO logged in, for rules that ask for it.")]
Scope = Annotated[str, typer.Option(help="What the token is good for, separated by spaces.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    lines = (
        "impersonator token --as ana@acme.test",
        "impersonator token --as 1001 --tenant acme --acr mfa",
        'curl -H "Authorization: Bearer $(impersonator token --as ana@acme.test)" …',
    )
    app.command(epilog=examples(*lines))(token)


def token(
    *, name: Person, tenant: Tenant = None, acr: Acr = None, scope: Scope = SCOPE, as_json: AsJson = False
) -> None:
    """Print an access token of a directory user, as if the user had just logged in. Not there in production.

    It says nothing of impersonation: it is what an admin panel would send to start one.
    """
    settings = settings_now()
    if settings.is_production:
        raise NotInProductionError("In production people log in with their identity provider; this is for development.")

    async def made(desk: Desk) -> Minted:
        member = await desk.run(load_member, name, tenant=tenant)
        return await token_of(desk, member, scope=scope, acr=acr)

    minted = at_desk(made, settings=settings)
    if as_json:
        say_json({"access_token": minted.token, "token_type": "Bearer", "expires_in": minted.expires_in})
    else:
        say(minted.token)


async def token_of(desk: Desk, member: Member, *, scope: str = SCOPE, acr: str | None = None) -> Minted:
    """That person's access token, signed with the service's own keys."""
    await desk.run_in_transaction(tokens.ensure_keys)
    await desk.run(desk.services.get(KeyRing).refresh)
    return await desk.run(_minted, member, scope=frozenset(scope.split()), acr=acr)


async def _minted(work: Work, member: Member, *, scope: frozenset[str], acr: str | None) -> Minted:
    person, tenant = member.person, member.tenant
    grant = OrdinaryGrant(
        tenant=tenant.slug,
        client_id=built_in_client_id(tenant.slug),
        audience=work.settings.issuer,
        user=Actor(
            identity=Identity(id=str(person.id), external_id=person.external_id),
            issuer=work.settings.issuer,
            acr=acr,
            auth_time=int(work.now.timestamp()),
        ),
        scope=scope,
    )
    return tokens.mint_ordinary(work, grant)
