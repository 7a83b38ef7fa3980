"""Who is measured in a run, each started when its turn comes and stopped at the end."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from enum import StrEnum
from functools import partial
from pathlib import Path

from bench import impersonator
from bench.cluster import Cluster
from bench.machine import Placement
from bench.operation import Subject
from bench.peers import better_auth, django_hijack, oidc_provider
from bench.place import Place
from bench.plan import Plan
from bench.rounds import Tell

Starting = Callable[[Place], AbstractContextManager[Subject]]


class Kind(StrEnum):
    """Who takes part in a run, and with what."""

    ALL = "all"
    OURS = "ours"
    GROWTH = "growth"
    SMOKE = "smoke"


PEERS: dict[str, Starting] = {
    better_auth.NAME: better_auth.subject,
    oidc_provider.NAME: oidc_provider.subject,
    django_hijack.NAME: django_hijack.subject,
}


@contextmanager
def started(
    kind: Kind, cluster: Cluster, placement: Placement, plan: Plan, folder: Path, tell: Tell
) -> Iterator[list[Subject]]:
    """All of them at once; who is not measured at the moment is idle."""
    with ExitStack() as stack:
        subjects = []
        for name, start in _starting(kind, plan).items():
            tell(f"starting {name}, and filling in who uses it")
            subjects.append(stack.enter_context(start(Place(name, cluster, placement, plan, folder))))
        yield subjects


def _starting(kind: Kind, plan: Plan) -> dict[str, Starting]:
    """How each one starts, by name: ours twice, for a long past must not make it slow."""
    small = impersonator.MEASURED_SMALL
    return {
        impersonator.NAME: partial(
            impersonator.subject, history=plan.history, only=small if kind is Kind.GROWTH else ()
        ),
        impersonator.SMALL: partial(impersonator.subject, history=plan.small, only=small),
        **(PEERS if kind is Kind.ALL else {}),
    }
