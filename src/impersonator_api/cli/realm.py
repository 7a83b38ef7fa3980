"""`impersonator apply` and `export`: the realm as files have it."""

from pathlib import Path
from typing import Annotated

import typer

from impersonator_api import realm
from impersonator_api.cli.files import written
from impersonator_api.cli.opening import at_desk, operator
from impersonator_api.cli.output import AsJson, examples, say_json
from impersonator_api.cli.realm_sources import KeycloakOptions, documents_of
from impersonator_api.cli.reports import tell_report
from impersonator_api.realm import Document, Report
from impersonator_api.work import Desk

File = Annotated[Path, typer.Argument(metavar="FILE", help="A realm file, or a Keycloak export; - for stdin.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")]
Prune = Annotated[
    bool, typer.Option("--prune", help="Suspend what a list of the file leaves out; nothing is ever deleted.")
]

Keycloak = Annotated[bool, typer.Option("--keycloak", help="FILE is a Keycloak realm export (JSON).")]
ImportedTenant = Annotated[
    str | None,
    typer.Option("--tenant", metavar="SLUG", help="With --keycloak: the tenant's slug; left out: the realm's name."),
]
Issuer = Annotated[
    str | None, typer.Option(metavar="URL", help="With --keycloak: also trust that realm's tokens, by this `iss`.")
]
RolesMap = Annotated[
    Path | None,
    typer.Option(metavar="MAP", help="With --keycloak: a YAML file, role → rank and permissions; left out: none."),
]
Audience = Annotated[str, typer.Option(help="With --issuer: the `aud` that those tokens must have.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    lines = (
        "impersonator apply realm.yaml --dry-run",
        "impersonator apply export.json --keycloak --roles roles.yaml --issuer https://sso.example/realms/acme",
    )
    app.command(epilog=examples(*lines))(apply)
    app.command(epilog=examples("impersonator export > realm.yaml", "impersonator export --tenant acme"))(export)


def apply(  # noqa: PLR0913  typer reads each option from a parameter
    file: File,
    *,
    dry_run: DryRun = False,
    prune: Prune = False,
    keycloak: Keycloak = False,
    tenant: ImportedTenant = None,
    issuer: Issuer = None,
    roles: RolesMap = None,
    audience: Audience = "impersonator",
    as_json: AsJson = False,
) -> None:
    """Make tenants what a realm file says: people, roles, clients, consents and policy, in one transaction.

    A key left out keeps what is stored, an entry left out stays. Sessions that the change no longer allows end
    with it. Secrets that are generated are printed once and cannot be had again.
    """
    options = KeycloakOptions(tenant=tenant, issuer=issuer, roles=roles, audience=audience)
    documents = documents_of(file, options, is_keycloak=keycloak)
    report = at_desk(lambda desk: applied(desk, documents, prune=prune, dry_run=dry_run))
    if as_json:
        say_json(report.as_json())
    else:
        tell_report(report)


def export(
    *,
    tenant: Annotated[str | None, typer.Option(metavar="SLUG", help="Only this tenant; left out: all of them.")] = None,
    output: Annotated[Path | None, typer.Option(metavar="FILE", help="Write there; left out: stdout.")] = None,
) -> None:
    """Write tenants down as a realm file, without secrets; applied again it changes nothing."""
    documents = at_desk(lambda desk: desk.run_in_transaction(realm.export, tenant))
    with written(output) as file:
        file.write(realm.as_yaml(documents))


async def applied(desk: Desk, documents: list[Document], *, prune: bool = False, dry_run: bool = False) -> Report:
    """Apply documents in the operator's name."""
    return await desk.run_in_transaction(realm.apply, documents, prune=prune, dry_run=dry_run, by=operator())
