"""`impersonator audit`: who did what as whom."""

import sys
from pathlib import Path
from typing import Annotated, TextIO
from uuid import UUID

import typer

from impersonator_api import audit
from impersonator_api.cli.files import written
from impersonator_api.cli.opening import at_desk
from impersonator_api.cli.output import examples
from impersonator_api.cli.tenants import load_tenant
from impersonator_api.work import Desk, Work

app = typer.Typer(no_args_is_help=True, help="The audit: who did what as whom, why, and when it ended.")


@app.callback()
def group() -> None:
    """Keep `export` a command of its own, as long as it is the only one."""


@app.command(
    epilog=examples(
        "impersonator audit export --output audit.jsonl",
        "impersonator audit export --tenant acme | grep session.refused",
    )
)
def export(
    *,
    tenant: Annotated[str | None, typer.Option(metavar="SLUG", help="Only this tenant's entries.")] = None,
    output: Annotated[Path | None, typer.Option(metavar="FILE", help="Write there; left out: stdout.")] = None,
) -> None:
    """Write every entry as one line of JSON, oldest first, however long the history is."""

    async def exported(desk: Desk) -> int:
        tenant_id = None if tenant is None else (await desk.run(load_tenant, tenant)).id
        with written(output) as file:
            return await desk.run(_write, file, tenant_id)

    count = at_desk(exported)
    if output is not None:
        print(f"Wrote {count} entries to {output}.", file=sys.stderr)


async def _write(work: Work, file: TextIO, tenant_id: UUID | None) -> int:
    count = 0
    async for entry in audit.export(work, tenant_id=tenant_id):
        file.write(f"{audit.as_line(entry)}\n")
        count += 1
    return count
