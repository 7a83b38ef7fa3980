"""Tables and colours for people; Rich is for the commands that print them, and not for a server."""

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from impersonator_api.cli.output import cell, say

WIDE = 10_000
"""What goes to a file or another program is not cut to a terminal's width."""


def say_table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, empty: str) -> None:
    """Rows under their columns, or a sentence where there are none."""
    if not rows:
        say(empty)
        return
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(Text(cell(value)) for value in row))
    console().print(table)


def console() -> Console:
    """Whatever stdout is at this moment."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else WIDE)
