"""`python -m bench`: everything started, measured, printed and stopped again."""

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from bench.cluster import cluster
from bench.limits import Measuring, make_table
from bench.load import Served
from bench.machine import Placement, description, pin, pin_family, placement
from bench.memory import peak_bytes
from bench.operation import Subject
from bench.peers.packages import PackagesUnavailableError
from bench.peers.proof import ProofError
from bench.plan import SMOKE, WHOLE, Plan
from bench.report import Report, put_into
from bench.rounds import measure
from bench.server import ServerFailedError, free_port, running
from bench.subjects import Kind, started
from bench.talk import UnexpectedAnswerError
from impersonator_api.cli.leaving import leave_on_signals
from impersonator_api.embedded import EmbeddedUnavailable

FOLDER = Path(".bench")
"""Unknown to git, and on the clone's own disk, because durable commits are measured."""

SHORT = Path("/tmp")  # noqa: S108  a folder of our own in it; nothing there is worth reading
"""For a smoke run: wherever the clone lies, the path of PostgreSQL's socket is short enough."""

FAILURES = (
    ConnectionError,
    EmbeddedUnavailable,
    PackagesUnavailableError,
    ProofError,
    ServerFailedError,
    TimeoutError,
    UnexpectedAnswerError,
)

What = Annotated[
    Kind, typer.Argument(help="Everybody, ours alone, ours with a long past and without, or whether it runs.")
]
Rounds = Annotated[int | None, typer.Option(min=1, help="Figures are medians over them.")]
Seconds = Annotated[float | None, typer.Option(min=0.1, help="For each operation in each round.")]
Into = Annotated[
    Path | None, typer.Option(exists=True, dir_okay=False, help="A page: put the tables between its marks.")
]
Connections = Annotated[int | None, typer.Option(min=1, max=200, help="Kept alive, with one request at a time each.")]


def bench(
    what: What = Kind.ALL,
    *,
    rounds: Rounds = None,
    seconds: Seconds = None,
    connections: Connections = None,
    into: Into = None,
) -> None:
    """Measure each door beside the machine's limits and others'; prints tables, and writes .bench/result.json."""
    usual = SMOKE if what is Kind.SMOKE else WHOLE
    plan = replace(
        usual,
        rounds=rounds or usual.rounds,
        seconds=seconds or usual.seconds,
        connections=connections or usual.connections,
    )
    leave_on_signals()
    FOLDER.mkdir(exist_ok=True)
    try:
        with _folder(SHORT if what is Kind.SMOKE else FOLDER) as folder:
            report = _reported(plan, what, placement(), folder)
    except FAILURES as error:
        sys.exit("\n".join([f"{type(error).__name__}: {error}", *getattr(error, "__notes__", ())]))
    name = "result" if what is Kind.ALL else f"result-{what}"
    (FOLDER / f"{name}.json").write_text(report.as_json() + "\n")
    print(f"\n{report.as_text()}")
    if into is not None:
        put_into(into, report.as_text())


def _reported(plan: Plan, what: Kind, where: Placement, folder: Path) -> Report:
    _tell("starting PostgreSQL")
    with cluster(folder) as shared, _bare(where, folder) as bare:
        postgres = uvloop.run(make_table(shared.dsn))
        measuring = Measuring(where, bare, shared.dsn, connections=plan.connections, seconds=plan.limit_seconds)
        with started(what, shared, where, plan, folder, _tell) as subjects:
            # Pasts were made with all cores; what PostgreSQL starts from now on inherits these.
            pin_family(where.others, shared.pid)
            pin(where.others)
            limits, figures = uvloop.run(measure(subjects, measuring, plan, _tell))
            machine = {**description(), "PostgreSQL": postgres, **_versions(subjects)}
            peaks = {each.name: peak_bytes(each.served.processes["server"]) for each in subjects}
    return Report(plan=plan, machine=machine, placement=where, limits=limits, figures=figures, peak_memory=peaks)


def _versions(subjects: Sequence[Subject]) -> dict[str, str]:
    return {name: version for each in subjects for name, version in each.versions.items()}


@contextmanager
def _folder(parent: Path) -> Iterator[Path]:
    """A folder for one run."""
    with tempfile.TemporaryDirectory(prefix="run", dir=parent.resolve(), ignore_cleanup_errors=True) as name:
        folder = Path(name)
        # Passable and not readable, for the system user that PostgreSQL runs as where we are root.
        folder.chmod(0o711)
        yield folder


@contextmanager
def _bare(where: Placement, folder: Path) -> Iterator[Served]:
    port = free_port()
    command = [sys.executable, "-m", "bench.bare", str(port)]
    with running(command, port=port, cores=where.server, environment=os.environ, log=folder / "bare.log") as pid:
        yield Served(port, {"server": pid})


def _tell(words: str) -> None:
    print(f"· {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    program = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    program.command()(bench)
    program()
