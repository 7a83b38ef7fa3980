"""The administrators of the realm, each with a token of his own as if he had just logged in."""

from sqlalchemy import select

from bench.impersonator.realm import TENANT, Realm
from impersonator_api import realm, tokens
from impersonator_api.cli.opening import Database, opened
from impersonator_api.directory.tables import users
from impersonator_api.settings import Settings
from impersonator_api.tokens import Actor, Identity, KeyRing, OrdinaryGrant
from impersonator_api.work import Desk, Work


async def admin_tokens(settings: Settings, database_url: str, wanted: Realm) -> list[str]:
    """Fill the realm in; answers a token for each administrator."""
    async with opened(settings, Database(database_url, is_embedded=True)) as desk:
        await desk.run_in_transaction(realm.apply, realm.read_realm(wanted.as_file()), by="bench")
        return await _minted(desk)


async def _minted(desk: Desk) -> list[str]:
    await desk.run(desk.services.get(KeyRing).refresh)
    return await desk.run(_mint_all)


async def _mint_all(work: Work) -> list[str]:
    admins = select(users.c.id, users.c.external_id).where(users.c.external_id.startswith("admin-"))
    return [_mint(work, Identity(str(row["id"]), row["external_id"])) for row in await work.read(admins)]


def _mint(work: Work, identity: Identity) -> str:
    grant = OrdinaryGrant(
        tenant=TENANT,
        client_id="bench",
        audience=work.settings.issuer,
        user=Actor(identity=identity, auth_time=int(work.now.timestamp())),
        scope=frozenset({"profile"}),
    )
    return tokens.mint_ordinary(work, grant).token
