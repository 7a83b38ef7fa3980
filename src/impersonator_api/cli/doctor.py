"""`impersonator doctor`: what is wrong here, and what to do about it."""

from dataclasses import asdict

import typer
from rich.text import Text

from impersonator_api.cli.checks import examine
from impersonator_api.cli.errors import SettingsInvalidError
from impersonator_api.cli.findings import Finding, Verdict, wrong
from impersonator_api.cli.opening import settings_now
from impersonator_api.cli.output import AsJson, examples, say_json, shown
from impersonator_api.cli.serving import LOCAL, USUAL_PORT, Host, Port
from impersonator_api.cli.tables import console
from impersonator_api.settings import UnknownSettingError

STYLES = {Verdict.OK: "green", Verdict.WARNING: "yellow", Verdict.WRONG: "bold red"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=examples("impersonator doctor", "impersonator doctor --json | jq '.findings[].remedy'"))(doctor)


def doctor(*, host: Host = LOCAL, port: Port = USUAL_PORT, as_json: AsJson = False) -> None:
    """Look at everything that can be wrong around the service, and say what to do. Exits 1 if something is.

    Settings, port, database, schema, clock, login, master key, signing keys, whether the coming months have their
    partitions, whether the keys of each trusted issuer can be fetched, and whether the storage of rate limits
    answers. Warnings do not count as wrong. Nothing is changed in your own database.
    """
    findings = _findings(host, port)
    is_well = all(finding.verdict is not Verdict.WRONG for finding in findings)
    if as_json:
        say_json({"ok": is_well, "findings": [asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            _tell(finding)
    raise typer.Exit(0 if is_well else 1)


def _findings(host: str, port: int) -> list[Finding]:
    try:
        settings = settings_now()
    except (SettingsInvalidError, UnknownSettingError) as error:
        remedy = "Mend the environment; docs/reference/settings.md explains each setting."
        return [wrong("settings", fault, remedy) for fault in str(error).split("; ")]
    return list(examine(settings, host=host, port=port))


def _tell(finding: Finding) -> None:
    style = STYLES[finding.verdict]
    line = Text.assemble((f"{finding.verdict:<8}", style), f"{finding.check:<13} ", shown(finding.detail))
    screen = console()
    screen.print(line, soft_wrap=True)
    if finding.remedy:
        screen.print(f"{'':8}{'':13} → {shown(finding.remedy)}", soft_wrap=True, markup=False)
