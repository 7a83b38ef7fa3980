"""`impersonator sessions`: who acts as whom, and the end of it."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

import typer
from msgspec.structs import asdict

from impersonator_api import sessions
from impersonator_api.cli.errors import SessionUnknownError
from impersonator_api.cli.opening import at_desk, operator
from impersonator_api.cli.output import AsJson, examples, say, say_json
from impersonator_api.cli.tables import say_table
from impersonator_api.cli.tenants import load_tenant
from impersonator_api.directory import lookup
from impersonator_api.sessions import Ended, Ender, Filters, Listed, PageRequest, Reader, SessionStatus
from impersonator_api.work import Desk, Work

NOBODY = UUID(int=0)
"""An operator is no user; nothing in the directory has this id."""

COLUMNS = ("id", "tenant", "impersonator", "target", "client", "mode", "started", "ends or ended", "state", "reason")

app = typer.Typer(no_args_is_help=True, help="Who acts as whom at present, who did, and the end of it.")

Tenant = Annotated[str | None, typer.Option(metavar="SLUG", help="Only this tenant's; left out: every tenant's.")]
Status = Annotated[SessionStatus | None, typer.Option(help="Only sessions in this state.")]
Limit = Annotated[int, typer.Option(min=1, max=1000, help="At most so many, the newest.")]


@app.command(
    "list",
    epilog=examples(
        "impersonator sessions list --status active",
        "impersonator sessions list --tenant acme --limit 500 --json | jq '.[].reason'",
    ),
)
def list_sessions(*, tenant: Tenant = None, status: Status = None, limit: Limit = 50, as_json: AsJson = False) -> None:
    """List impersonation sessions, newest first."""

    async def found(desk: Desk) -> list[dict[str, Any]]:
        return await desk.run(_newest, tenant=tenant, status=status, limit=limit)

    rows = at_desk(found)
    if as_json:
        say_json(rows)
    else:
        say_table(COLUMNS, [_cells(row) for row in rows], empty="No such sessions.")


@app.command(epilog=examples("impersonator sessions end 0199f0a2-…"))
def end(
    session_id: Annotated[UUID, typer.Argument(metavar="ID", help="From `sessions list`.")], *, as_json: AsJson = False
) -> None:
    """End a session now: its tokens are refused at every door of this service at once. Recorded as revoked."""

    async def ended(desk: Desk) -> Ended:
        tenant_id = await desk.run(sessions.find_tenant_of, session_id)
        if tenant_id is None:
            raise SessionUnknownError("No session has that id; see `impersonator sessions list`.")
        ender = Ender(tenant_id=tenant_id, id=NOBODY, label=operator(), may_end_any=True)
        return await desk.run(sessions.end, ender=ender, session_id=session_id)

    over = at_desk(ended)
    if as_json:
        say_json({"session_id": over.session_id, "lasted_seconds": int(over.lasted.total_seconds())})
    else:
        say(f"Ended {over.session_id} after {int(over.lasted.total_seconds())} s.")


async def _newest(work: Work, *, tenant: str | None, status: SessionStatus | None, limit: int) -> list[dict[str, Any]]:
    tenants = await lookup.find_tenants(work) if tenant is None else (await load_tenant(work, tenant),)
    found: list[dict[str, Any]] = []
    for each in tenants:
        reader = Reader(tenant_id=each.id, id=NOBODY, may_read_any=True)
        request = PageRequest(filters=Filters(status=status), limit=limit)
        page = await sessions.find_whole_page(work, reader=reader, request=request)
        found += [_told(listed, each.slug, is_running=listed.session.is_running(work.now)) for listed in page.sessions]
    # Ids begin with the moment of the start.
    return sorted(found, key=lambda row: str(row["id"]), reverse=True)[:limit]


def _told(listed: Listed, tenant: str, *, is_running: bool) -> dict[str, Any]:
    session = asdict(listed.session)
    over_without_a_word = session["status"] is SessionStatus.ACTIVE and not is_running
    said = {"status": SessionStatus.ENDED, "end_reason": sessions.EndReason.EXPIRED} if over_without_a_word else {}
    return session | said | {"tenant": tenant, "client_id": listed.client_label, "workspace": listed.workspace}


def _cells(row: Mapping[str, Any]) -> tuple[object, ...]:
    names = ("id", "tenant", "impersonator_label", "target_label", "client_id", "mode", "started_at")
    state = f"{row['status']} ({row['end_reason']})" if row["end_reason"] else row["status"]
    return (*(row[name] for name in names), row["ended_at"] or row["expires_at"], state, row["reason"])
