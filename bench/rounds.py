"""Rounds that alternate, so that a noisy minute of the machine meets everybody; figures are medians over them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from itertools import chain, zip_longest
from statistics import median

from bench.limits import Limits, Measuring
from bench.load import Measurement, measured
from bench.operation import Operation, Subject
from bench.plan import Plan
from bench.talk import UnexpectedAnswerError

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Figures:
    """What the rounds measured of one operation."""

    subject: Subject
    operation: Operation
    rounds: list[Measurement] = field(default_factory=list)

    async def once(self, *, connections: int, seconds: float) -> Measurement:
        """One more measurement, with the operation's own number of connections where it has one."""
        operation, served = self.operation, self.subject.served
        try:
            conversations = await operation.prepare(operation.connections or connections)
            return await measured(served, conversations, expected=operation.expected, seconds=seconds)
        except UnexpectedAnswerError as error:
            raise UnexpectedAnswerError(f"{self.subject.name}, {operation.name}: {error}") from error

    def median(self) -> Measurement:
        """Each figure's own median; the answers are counted."""
        return Measurement(
            answers=sum(each.answers for each in self.rounds),
            rate=median(each.rate for each in self.rounds),
            p50=median(each.p50 for each in self.rounds),
            p99=median(each.p99 for each in self.rounds),
            cpu={name: median(each.cpu[name] for each in self.rounds) for name in self.rounds[0].cpu},
        )


async def measure(
    subjects: Sequence[Subject], measuring: Measuring, plan: Plan, tell: Tell
) -> tuple[Limits, list[Figures]]:
    """All rounds of all operations, and in each of them the machine's limits."""
    figures = list(taking_turns(subjects))
    limits: list[Limits] = []
    if plan.warm_up_seconds:
        tell("warming up")
        for each in figures:
            await each.once(connections=plan.connections, seconds=plan.warm_up_seconds)
    for number in range(1, plan.rounds + 1):
        tell(f"round {number} of {plan.rounds}")
        limits.append(await measuring.limits())
        for each in figures:
            each.rounds.append(await each.once(connections=plan.connections, seconds=plan.seconds))
    return _median_of(limits), figures


def taking_turns(subjects: Sequence[Subject]) -> Sequence[Figures]:
    """Everybody's first operation, then everybody's second, so that what is compared is measured close together."""
    columns = [[Figures(subject, operation) for operation in subject.operations] for subject in subjects]
    return [each for each in chain.from_iterable(zip_longest(*columns)) if each is not None]


def _median_of(limits: Sequence[Limits]) -> Limits:
    return Limits(*(median(getattr(each, name.name) for each in limits) for name in fields(Limits)))
