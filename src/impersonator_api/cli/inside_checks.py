"""What the doctor looks at once the database is open."""

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from datetime import datetime, timedelta

from impersonator_api import history, tokens
from impersonator_api.callers import IssuerKeys
from impersonator_api.callers.errors import IssuerKeysUnavailableError
from impersonator_api.cli import store
from impersonator_api.cli.findings import Finding, fine, worth_a_look, wrong
from impersonator_api.directory import lookup
from impersonator_api.history import Month
from impersonator_api.rate_limits import open_limiter
from impersonator_api.tokens import KeyRing, KeyState, MasterKeys, ScheduledKey, SigningAlgorithm
from impersonator_api.tokens.errors import MasterKeyWrongError
from impersonator_api.work import Desk

MOST_SKEW = timedelta(seconds=2)
"""Sessions begin and end by our clock; databases and replicas further apart disagree on who is alive."""

MASTER_KEY_REMEDY = "Set IMPERSONATOR_MASTER_KEY to the key that the signing keys were made under."

OVERDUE = timedelta(hours=2)
"""The worker looks every hour; a key that is due for longer shows that no worker runs."""

Check = Callable[[Desk], Awaitable[list[Finding]]]


async def check_clock(desk: Desk) -> list[Finding]:
    """Whether the database tells the same time as this machine."""
    before = desk.clock()
    login = await desk.run(store.load_login)
    middle = before + (desk.clock() - before) / 2
    skew = abs(login.now - middle)
    detail = f"The database's clock is {skew.total_seconds():.1f} s from this machine's."
    if skew <= MOST_SKEW:
        return [fine("clock", detail)]
    return [wrong("clock", detail, "Let both follow a time server (NTP).")]


async def check_login(desk: Desk) -> list[Finding]:
    """Whether the service's login could undo what keeps the audit."""
    login = await desk.run(store.load_login)
    if not login.is_superuser and not login.owns_tables:
        return [fine("login", f"{login.name} may use the tables and does not own them.")]
    power = "is a superuser" if login.is_superuser else "owns the tables"
    return [
        worth_a_look(
            "login",
            f"{login.name} {power}, so it could take away the audit's guard.",
            "Serve with a login that is only a member of impersonator_service; let the owner migrate.",
        )
    ]


async def check_keys(desk: Desk) -> list[Finding]:
    """Whether there is a key to sign with for each algorithm, and the master key opens it."""
    try:
        await desk.run(desk.services.get(KeyRing).refresh)
    except MasterKeyWrongError as error:
        return [wrong("signing keys", error.detail, MASTER_KEY_REMEDY)]
    signing = desk.services.get(KeyRing).snapshot.signing
    missing = [alg.value for alg in SigningAlgorithm if alg not in signing]
    if missing:
        detail = f"There is no current key for {', '.join(missing)}."
        return [wrong("signing keys", detail, "Start `impersonator serve` once: it makes the first keys.")]
    return [fine("signing keys", f"{', '.join(sorted(signing))} ready.")] + await _old_wrapping(desk)


async def check_key_schedule(desk: Desk) -> list[Finding]:
    """Whether each signing key gives way to its next one when it should."""
    keys = [each for each in await desk.run(tokens.list_scheduled_keys) if each.key.state is KeyState.CURRENT]
    if not keys:
        return []
    detail = " ".join(_age(each, desk.clock()) for each in sorted(keys, key=lambda each: each.key.alg))
    if all(each.due_at is None or desk.clock() < each.due_at + OVERDUE for each in keys):
        return [fine("key schedule", detail)]
    remedy = "Let `impersonator serve` or `impersonator work` run; `impersonator keys rotate` does it now."
    return [worth_a_look("key schedule", detail, remedy)]


def _age(each: ScheduledKey, now: datetime) -> str:
    signing = now - (each.key.current_at or each.key.created_at)
    due = f"due {each.due_at:%Y-%m-%d}" if each.due_at else "replaced by command only"
    return f"{each.key.alg} has signed for {signing.days} days, {due}."


async def check_months(desk: Desk) -> list[Finding]:
    """Whether the coming months have their places, and nothing fell beside them."""
    ahead, next_month = await desk.run(history.list_ahead), Month.of(desk.clock()).later(1)
    late = [each.history for each in ahead if each.until is None or each.until < next_month]
    if late:
        detail = f"There is no partition for {next_month} of {', '.join(late)}."
        return [worth_a_look("months", detail, "Let `impersonator serve` or `impersonator work` run; it makes them.")]
    astray = [each.history for each in ahead if each.has_strays]
    if astray:
        detail = f"Rows of {', '.join(astray)} lie in the default partition, which should stay empty."
        return [worth_a_look("months", detail, "Move them: docs/operations.md, Rows beside the months.")]
    return [fine("months", f"Made until {min(each.until for each in ahead if each.until)}.")]


async def check_issuers(desk: Desk) -> list[Finding]:
    """Whether each trusted issuer's keys can be fetched from here."""
    keys = IssuerKeys.for_settings(desk.settings)
    try:
        return [await _issuer(keys, desk, *each) for each in await desk.run(lookup.jwks_addresses)]
    finally:
        await keys.aclose()


async def check_rate_limit_storage(desk: Desk) -> list[Finding]:
    """Whether processes can count failures together, where that is set."""
    if desk.settings.rate_limit_storage_url is None:
        return []
    async with aclosing(open_limiter(desk.settings, clock=lambda: desk.clock().timestamp())) as limiter:
        if await limiter.reaches_storage():
            return [fine("rate limits", "Their shared storage answers.")]
    detail = "Their shared storage does not answer; each process counts by itself."
    return [worth_a_look("rate limits", detail, "Start it, or mend IMPERSONATOR_RATE_LIMIT_STORAGE_URL.")]


async def _issuer(keys: IssuerKeys, desk: Desk, issuer: str, address: str) -> Finding:
    try:
        # No key has this name: to look for it makes the service fetch, as it would for a token.
        await keys.find_key(address, kid="", alg="", now=desk.clock())
    except IssuerKeysUnavailableError:
        remedy = f"See that {address} answers with a JWKS, from this machine, over https."
        return wrong("issuer", f"The keys of {issuer} cannot be fetched; its tokens are refused.", remedy)
    return fine("issuer", f"{issuer} publishes its keys.")


async def _old_wrapping(desk: Desk) -> list[Finding]:
    master_keys = desk.services.get(MasterKeys)
    stored = await desk.run(tokens.list_keys)
    old = [key.kid for key in stored if not master_keys.is_sealed_by_first(key.sealed, kid=key.kid)]
    if not old:
        return []
    detail = f"{len(old)} signing keys are encrypted with a master key that is not the first."
    return [worth_a_look("master key", detail, "Run `impersonator keys rewrap` before the old master key goes.")]


INSIDE_CHECKS: tuple[Check, ...] = (
    check_clock,
    check_login,
    check_keys,
    check_key_schedule,
    check_months,
    check_issuers,
    check_rate_limit_storage,
)
