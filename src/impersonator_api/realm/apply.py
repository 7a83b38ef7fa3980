"""Making tenants what their documents say, in one transaction, and ending what that no longer allows."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from impersonator_api import sessions
from impersonator_api.audit import Action, Entry, recorded
from impersonator_api.directory import changes, inventory
from impersonator_api.directory.inventory import Reach, Stored
from impersonator_api.directory.tables import clients as clients_table
from impersonator_api.realm.clients import built_in_row, plan_clients, refuse_taken
from impersonator_api.realm.document import Realm
from impersonator_api.realm.errors import Fault, InvalidRealmError
from impersonator_api.realm.people import plan_users
from impersonator_api.realm.places import Faults
from impersonator_api.realm.plan import ROWS_AT_ONCE, Plan, Setting
from impersonator_api.realm.policies import plan_policy
from impersonator_api.realm.reading import Document
from impersonator_api.realm.report import Report, TenantReport
from impersonator_api.realm.sharing import refuse_shared_issuers
from impersonator_api.realm.things import plan_issuers, plan_roles, plan_tenant, plan_workspaces
from impersonator_api.realm.ties import plan_consents, plan_members
from impersonator_api.realm.words import is_uuid
from impersonator_api.work import Work

BY = "impersonator apply"


@dataclass(frozen=True, slots=True)
class _Tenant:
    stored: Stored
    is_new: bool

    @property
    def revision(self) -> int:
        return int(self.stored.values["revision"])


async def apply(
    work: Work, documents: Sequence[Document], *, prune: bool = False, dry_run: bool = False, by: str = BY
) -> Report:
    """Write what differs, for `Desk.run_in_transaction`; raises `InvalidRealmError` with every fault, changing nothing.

    A key left out keeps what is stored, an entry left out stays; `prune` suspends or withdraws what a list
    that is there leaves out. A dry run does everything, sessions ended included, and takes it all back.
    """
    if not dry_run:
        return await _apply_all(work, documents, prune=prune, by=by)
    async with work.taken_back():
        report = await _apply_all(work, documents, prune=prune, by=by)
    # Secrets that were generated for nothing are not told.
    return Report(tenants=tuple(replace(tenant, secrets=()) for tenant in report.tenants), dry_run=True)


async def _apply_all(work: Work, documents: Sequence[Document], *, prune: bool, by: str) -> Report:
    faults: list[Fault] = []
    reports: dict[str, TenantReport] = {}
    if any(document.realm.issuers for document in documents):
        await work.read(changes.issuers_locked())
    # In one order for everybody, so that two applies wait for each other instead of deadlocking.
    for document in sorted(documents, key=lambda document: document.realm.tenant):
        tenant = await _lock(work, document.realm)
        plan = await _plan(work, document, tenant, prune=prune, by=by)
        faults.extend(plan.faults.found)
        if not plan.faults.found:
            reports[document.realm.tenant] = await _carry_out(work, document.realm.tenant, plan, tenant, by=by)
    faults.extend(await refuse_shared_issuers(work, documents))
    if faults:
        raise InvalidRealmError(faults)
    return Report(tenants=tuple(reports[document.realm.tenant] for document in documents))


async def _lock(work: Work, realm: Realm) -> _Tenant:
    """The tenant's row, ours until the end; made where there was none."""
    if row := (await work.read(changes.tenant_locked(realm.tenant))).one_or_none():
        return _Tenant(Stored(row["id"], dict(row)), is_new=False)
    made = await work.read(changes.tenant_made(_new_tenant(work, realm)))
    if row := made.one_or_none():
        return _Tenant(Stored(row["id"], dict(row)), is_new=True)
    # Somebody else made it meanwhile, and has committed: the insert waited for that.
    row = (await work.read(changes.tenant_locked(realm.tenant))).one()
    return _Tenant(Stored(row["id"], dict(row)), is_new=False)


def _new_tenant(work: Work, realm: Realm) -> Mapping[str, Any]:
    return {
        "id": work.new_id(),
        "slug": realm.tenant,
        "name": realm.name or realm.tenant,
        "status": realm.status,
        "settings": realm.settings.model_dump(exclude_unset=True),
        "revision": 1,
        "created_at": work.now,
    }


async def _plan(work: Work, document: Document, tenant: _Tenant, *, prune: bool, by: str) -> Plan:
    realm, tenant_id, plan = document.realm, tenant.stored.id, Plan(Faults(document.place))
    setting = Setting(
        document=document,
        inventory=await inventory.take(work, tenant_id, _reach(realm, prune=prune)),
        tenant_id=tenant_id,
        now=work.now,
        new_id=work.new_id,
        own_issuer=work.settings.issuer,
        is_production=work.settings.is_production,
        prune=prune,
    )
    if tenant.is_new:
        plan.tell("tenant", realm.tenant, [], created=True)
        made = {"id": work.new_id(), "tenant_id": tenant_id, "created_at": work.now}
        plan.insert(clients_table, [built_in_row(realm.tenant, **made)])
    else:
        plan_tenant(plan, realm, tenant.stored)
    refuse_taken(plan, setting, await inventory.taken_client_ids(work, tenant_id, _client_ids(realm)))
    plan_directory(plan, setting)
    await plan_policy(work, plan, document, tenant_id, by=by)
    return plan


def plan_directory(plan: Plan, setting: Setting) -> None:
    """Everything in the order of foreign keys."""
    plan_issuers(plan, setting)
    roles = plan_roles(plan, setting)
    workspaces, other = plan_workspaces(plan, setting)
    crowd = plan_users(plan, setting, roles, workspaces)
    plan_members(plan, setting, crowd, workspaces, other)
    clients = plan_clients(plan, setting)
    plan_consents(plan, setting, crowd, clients)


def _reach(realm: Realm, *, prune: bool) -> Reach:
    names = {name for user in realm.users for name in (user.external_id, user.email) if name is not None}
    names |= {member.user for workspace in realm.workspaces for member in workspace.members}
    names |= {consent.user for consent in realm.consents}
    return Reach(
        names=names,
        ids={UUID(name) for name in names if is_uuid(name)},
        workspaces=[each.slug for each in realm.workspaces if "members" in each.model_fields_set],
        everybody=prune and not realm.model_fields_set.isdisjoint({"users", "consents"}),
    )


def _client_ids(realm: Realm) -> list[str]:
    return [client.client_id for client in realm.clients]


async def _carry_out(work: Work, slug: str, plan: Plan, tenant: _Tenant, *, by: str) -> TenantReport:
    report = TenantReport(
        tenant=slug,
        revision=tenant.revision,
        changes=tuple(plan.changes),
        unchanged=dict(plan.unchanged),
        secrets=tuple(plan.secrets),
    )
    if not plan.changes:
        return report
    if not tenant.is_new:
        # First of all: a session decided from here on meets the new revision and is decided again.
        work.write(changes.revision_raised(tenant.stored.id, plan.tenant))
        report = replace(report, revision=tenant.revision + 1)
    work.write(*plan.freed)
    await work.send()
    for some in _batches(plan):
        work.write(*some)
        await work.send()
    work.write(recorded(work, _entry(tenant.stored.id, report, by)))
    await work.send()
    # And last, in statements of their own, what all this no longer allows.
    ended = await sessions.end_disallowed(work, tenant.stored.id)
    return replace(report, ended={str(reason): number for reason, number in ended.items()})


def _batches(plan: Plan) -> Iterator[list[Any]]:
    batch, rows = [], 0
    for write in plan.writes:
        batch.append(write)
        rows += write.rows or 0
        if rows >= ROWS_AT_ONCE:
            yield batch
            batch, rows = [], 0
    if batch:
        yield batch


def _entry(tenant_id: UUID, report: TenantReport, by: str) -> Entry:
    detail = {
        "by": by,
        "revision": report.revision,
        "created": dict(Counter(change.kind for change in report.created)),
        "changed": dict(Counter(change.kind for change in report.changed)),
    }
    return Entry(action=Action.REALM_APPLIED, tenant_id=tenant_id, detail=detail)
