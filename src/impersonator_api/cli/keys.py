"""`impersonator keys`: the keys that sign tokens."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from impersonator_api import tokens
from impersonator_api.cli.opening import at_desk
from impersonator_api.cli.output import AsJson, examples, say, say_json
from impersonator_api.cli.tables import say_table
from impersonator_api.tokens import ScheduledKey, SigningAlgorithm
from impersonator_api.work import Desk

app = typer.Typer(
    no_args_is_help=True,
    help="The keys that sign tokens: one current and one published next key per algorithm.",
    epilog=examples("impersonator keys list", "impersonator keys rotate --alg ES256"),
)


@app.command("list")
def list_keys(*, as_json: AsJson = False) -> None:
    """Show every signing key, oldest first, how old it is, and when it moves on. Private keys are never shown."""
    _tell(at_desk(lambda desk: desk.run(tokens.list_scheduled_keys)), as_json=as_json)


@app.command(
    epilog=examples(
        "impersonator keys rotate",
        "impersonator keys rotate --alg RS256",
        "impersonator keys rotate --compromised s8K…",
    )
)
def rotate(
    *,
    alg: Annotated[SigningAlgorithm | None, typer.Option(help="Only the keys of this algorithm.")] = None,
    compromised: Annotated[
        str | None, typer.Option(metavar="KID", help="Withdraw this key now: every token it signed is worth nothing.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make the next keys current, and publish new next ones.

    Refused while verifiers may still hold a JWKS without the next key; a compromised key is replaced at once.
    """
    if alg is not None and compromised is not None:
        raise typer.BadParameter("Give --alg or --compromised, not both.")

    async def rotated(desk: Desk) -> tuple[ScheduledKey, ...]:
        if compromised is None:
            await desk.run_in_transaction(tokens.rotate_keys, alg=alg)
        else:
            await desk.run_in_transaction(tokens.replace_compromised_key, compromised)
        return await desk.run(tokens.list_scheduled_keys)

    _tell(at_desk(rotated), as_json=as_json)


@app.command(epilog=examples("IMPERSONATOR_MASTER_KEY=new,old impersonator keys rewrap"))
def rewrap(*, as_json: AsJson = False) -> None:
    """Encrypt every signing key with the first master key, so that the others can go."""
    count = at_desk(lambda desk: desk.run_in_transaction(tokens.rewrap_keys))
    if as_json:
        say_json({"rewrapped": count})
    else:
        say(f"Encrypted {count} keys anew; the first master key opens all of them.")


def _tell(keys: Sequence[ScheduledKey], *, as_json: bool) -> None:
    if as_json:
        say_json([_public(each) for each in keys])
        return
    rows = [
        (each.key.kid, each.key.alg, each.key.state, f"{each.age.days} d", each.key.current_at, each.due_at)
        for each in keys
    ]
    columns = ("kid", "algorithm", "state", "age", "current since", "due")
    say_table(columns, rows, empty="There are no keys yet; `impersonator serve` makes the first ones.")


def _public(each: ScheduledKey) -> dict[str, Any]:
    names = ("kid", "alg", "state", "created_at", "current_at", "retired_at", "public_jwk")
    shown = {name: getattr(each.key, name) for name in names}
    return shown | {"age_seconds": int(each.age.total_seconds()), "due_at": each.due_at}
