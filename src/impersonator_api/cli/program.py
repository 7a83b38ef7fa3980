"""All commands under one name."""

from impersonator_api.cli import (
    audit,
    demo,
    doctor,
    keys,
    policy,
    realm,
    retention,
    schema,
    serving,
    sessions,
    token,
    working,
)
from impersonator_api.cli.frame import framed

app = framed((serving, demo, schema, realm, token, working, doctor))
for name, commands in (
    ("keys", keys),
    ("sessions", sessions),
    ("audit", audit),
    ("retention", retention),
    ("policy", policy),
):
    app.add_typer(commands.app, name=name)
