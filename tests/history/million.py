"""Fills a database with a million sessions over the six months that are behind us."""

from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from builders import Organisation, make_tenant
from impersonator_api.history import Month

MONTHS = 6
SESSIONS_A_MONTH = 170_000
PEOPLE = 2000

# Beside their table first, as rows go in faster where no index has to be kept.
BESIDE = "CREATE TABLE {month} (LIKE impersonation_sessions INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"
ATTACHED = "ALTER TABLE impersonation_sessions ATTACH PARTITION {month} FOR VALUES FROM ('{first}') TO ('{beyond}')"

CROWD = """
INSERT INTO users (id, tenant_id, external_id, email, created_at, updated_at)
SELECT gen_random_uuid(), :tenant, 'crowd-' || n, 'crowd-' || n || '@crowd.test', now(), now()
  FROM generate_series(1, {people}) AS n
"""

PAST = """
WITH crowd AS (
    SELECT id, email, row_number() OVER (ORDER BY length(email), email) AS n FROM users WHERE tenant_id = :tenant)
INSERT INTO {month} (id, tenant_id, impersonator_kind, impersonator_id, impersonator_label, impersonator_email,
    impersonator_rank, target_id, target_label, target_email, target_rank, client_id, mode, rights, scopes, reason,
    ticket, status, end_reason, started_at, expires_at, ended_at, ended_by, rule, policy_version, revision, actor,
    metadata)
SELECT (substr(impersonator_uuid_at(at)::text, 1, 14) || '7' || substr(gen_random_uuid()::text, 16))::uuid, :tenant,
       'user', one.id, one.email, one.email, 50, other.id, other.email, other.email, 0, :client, 'read_only', 'target',
       '{{}}', 'Locked out since Monday', 'SUP-' || moments.n, 'ended', 'stopped', at, at + interval '30 minutes',
       at + interval '10 minutes', one.email, 'support-helps-customers', 1, 1, '{{}}', '{{}}'
  FROM (SELECT n, CAST(:first AS timestamptz) + n * interval '13 seconds' AS at FROM generate_series(1, {rows}) AS n)
       AS moments
  JOIN crowd AS one ON one.n = 1 + moments.n % 50
  JOIN crowd AS other ON other.n = 100 + moments.n * 7 % 1900
"""


def past_months() -> list[Month]:
    """The months that hold them, oldest first."""
    present = Month.of(datetime.now(UTC))
    return [present.later(-back) for back in range(MONTHS, 0, -1)]


async def fill(engine: AsyncEngine) -> Organisation:
    """Fill an empty schema as its owner; answers whose sessions they are."""
    acme = await make_tenant(engine)
    client_id = next(iter(acme.client_ids.values()))
    async with engine.begin() as db:
        await db.execute(text(CROWD.format(people=PEOPLE)), {"tenant": acme.id})
        for month in past_months():
            name = month.partition_of("impersonation_sessions")
            filled = text(PAST.format(month=name, rows=SESSIONS_A_MONTH))
            await db.execute(text(BESIDE.format(month=name)))
            await db.execute(filled, {"tenant": acme.id, "client": client_id, "first": month.first_at})
            bounds = {"first": month.first_id, "beyond": month.later(1).first_id}
            await db.execute(text(ATTACHED.format(month=name, **bounds)))
    async with engine.connect() as db:
        alone = await db.execution_options(isolation_level="AUTOCOMMIT")
        await alone.execute(text("VACUUM ANALYZE impersonation_sessions"))
    return acme
