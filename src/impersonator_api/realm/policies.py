"""Planning a tenant's next policy version."""

import json
from uuid import UUID

from sqlalchemy import select

from impersonator_api.policy import as_mapping, current_document, inserted
from impersonator_api.realm.plan import Plan
from impersonator_api.realm.reading import Document
from impersonator_api.realm.report import FieldChange, canonical
from impersonator_api.work import Work

NEW_FORM = FieldChange("document", "as another release wrote it", "as this one does")


async def plan_policy(work: Work, plan: Plan, document: Document, tenant_id: UUID, *, by: str) -> None:
    """A new version where the document's policy is not the one in force; no version is ever changed."""
    if document.policy is None:
        return
    stored = (await work.read(select(current_document(tenant_id)))).scalar_one()
    # Compared as texts: a version that another release wrote can be replaced without being understood.
    before, version = (json.loads(stored["document"]), stored["version"]) if stored else ({}, 0)
    after = as_mapping(document.policy)
    if canonical(before) == canonical(after):
        plan.tell("policy", f"version {version}", [])
        return
    plan.writes.append(inserted(tenant_id, version + 1, document.policy, created_by=by, now=work.now))
    keys = sorted({*before, *after} - {"version"})
    fields = [FieldChange(key, before.get(key), after.get(key)) for key in keys]
    changed = [each for each in fields if canonical(each.old) != canonical(each.new)]
    plan.tell("policy", f"version {version + 1}", changed or [NEW_FORM], created=stored is None)
