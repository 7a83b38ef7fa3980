"""What an apply did, as people read it."""

import json
from collections.abc import Iterable, Mapping

from impersonator_api.cli.output import say
from impersonator_api.realm import Change, Report, TenantReport

MOST_TOLD = 200
"""Of a tenant's changes: a directory of thousands would scroll the secrets away."""


def tell_report(report: Report) -> None:
    """Tell a report, tenant by tenant; generated secrets come last and once."""
    if report.dry_run:
        say("Dry run: nothing was changed.")
    for tenant in report.tenants:
        for line in _lines(tenant):
            say(line)
    if report.secrets:
        say("\nGenerated secrets, shown once and stored as digests:")
        for new in report.secrets:
            say(f"  {new.client_id}  {new.secret.get_secret_value()}")


def _lines(tenant: TenantReport) -> Iterable[str]:
    unchanged = sum(tenant.unchanged.values())
    if not tenant.changes:
        yield f"{tenant.tenant}: nothing to change, {unchanged} things are as the file says."
        return
    yield f"{tenant.tenant}: {len(tenant.created)} created, {len(tenant.changed)} changed, {unchanged} unchanged."
    for change in tenant.changes[:MOST_TOLD]:
        yield from _change(change)
    if len(tenant.changes) > MOST_TOLD:
        yield f"  … and {len(tenant.changes) - MOST_TOLD} more; --json tells all of them."
    for reason, number in sorted(tenant.ended.items()):
        yield f"  {number} sessions ended: {reason}"


def _change(change: Change) -> Iterable[str]:
    yield f"  {'+' if change.created else '~'} {change.kind} {change.name}"
    for field in change.fields:
        yield f"      {field.name}: {_value(field.old)} → {_value(field.new)}"


def _value(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, list | tuple):
        return ", ".join(_value(each) for each in value) or "none"
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, Mapping) else str(value)
