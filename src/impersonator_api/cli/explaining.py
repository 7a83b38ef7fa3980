"""`impersonator policy explain`: everything that law and policy would say to a start."""

from collections.abc import Iterable
from typing import Annotated

import typer
from msgspec.structs import asdict
from rich.text import Text

from impersonator_api import sessions
from impersonator_api.cli.opening import at_desk
from impersonator_api.cli.output import AsJson, examples, say, say_json, shown
from impersonator_api.cli.tables import console
from impersonator_api.cli.tenants import load_starter, load_target
from impersonator_api.policy import Allowed, Finding, Mode, Trace
from impersonator_api.sessions import Wish
from impersonator_api.work import Desk

Tenant = Annotated[str, typer.Option(metavar="SLUG", help="The tenant whose policy it is.")]
Impersonator = Annotated[
    str, typer.Option(metavar="WHO", help="E-mail address, external id, or a service's client_id.")
]
Target = Annotated[str, typer.Option(metavar="WHO", help="E-mail address or external id.")]
Client = Annotated[str | None, typer.Option(metavar="CLIENT_ID", help="Left out: the tenant's built-in client.")]
Workspace = Annotated[str | None, typer.Option(metavar="SLUG", help="The workspace to act in.")]
AskedMode = Annotated[Mode | None, typer.Option(help="Left out: what the rule grants first.")]
Permissions = Annotated[
    list[str] | None, typer.Option("--permission", metavar="NAME", help="Asked for; may be given several times.")
]
Reason = Annotated[str | None, typer.Option(help="The reason that would be given.")]
Ticket = Annotated[str | None, typer.Option(help="The ticket that would be named.")]

EPILOG = examples(
    "impersonator policy explain --tenant acme --impersonator sam@acme.test --target carla@acme.test",
    "impersonator policy explain --tenant acme --impersonator backoffice --target 1003 --client dashboard --json",
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EPILOG)(explain)


def explain(  # noqa: PLR0913  typer reads each option from a parameter
    *,
    tenant: Tenant,
    impersonator: Impersonator,
    target: Target,
    client: Client = None,
    workspace: Workspace = None,
    mode: AskedMode = None,
    permission: Permissions = None,
    reason: Reason = None,
    ticket: Ticket = None,
    as_json: AsJson = False,
) -> None:
    """Say whether somebody could act as somebody now, and how every law and rule answers. Starts nothing.

    Exits 0 if the start would be let through, 1 if not.
    """

    async def explained(desk: Desk) -> Trace:
        starter = await desk.run(load_starter, impersonator, tenant=tenant)
        wish = Wish(
            target=await desk.run(load_target, target, tenant=tenant),
            client=client,
            workspace=workspace,
            mode=mode,
            permissions=frozenset(permission) if permission else None,
            reason=reason,
            ticket=ticket,
        )
        return await desk.run(sessions.explain_start, starter=starter, wish=wish)

    trace = at_desk(explained)
    is_allowed = isinstance(trace.decision, Allowed)
    if as_json:
        say_json({"allowed": is_allowed, **asdict(trace)})
    else:
        _tell(trace)
    raise typer.Exit(0 if is_allowed else 1)


def _tell(trace: Trace) -> None:
    decision = trace.decision
    if isinstance(decision, Allowed):
        until = int(decision.duration.total_seconds() // 60)
        say(f"Allowed by the rule {decision.rule}: mode {decision.mode}, {until} min, rights of {decision.rights}.")
    else:
        say(f"Refused by {decision.law}: {decision.reason}")
    _tell_findings("Laws", trace.laws)
    _tell_findings("Rules, in the order in which they are asked", trace.rules)
    _tell_findings(f"What the rule {decision.rule} asks for", trace.requirements)


def _tell_findings(title: str, findings: Iterable[Finding]) -> None:
    lines = [_line(finding) for finding in findings]
    if lines:
        console().print(Text(f"\n{title}", style="bold"), *lines, sep="\n", soft_wrap=True)


def _line(finding: Finding) -> Text:
    mark = ("  no  ", "red") if finding.objection else ("  yes ", "green")
    return Text.assemble(mark, shown(f"{finding.name}{f': {finding.objection}' if finding.objection else ''}"))
