"""One answer for all workers, in Prometheus's text format."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.core import Metric as Family
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from typing_extensions import override

from impersonator_api.metrics.catalogue import Metric
from impersonator_api.metrics.meters import meters

MEDIA_TYPE = CONTENT_TYPE_PLAIN_0_0_4


@dataclass(frozen=True, slots=True)
class Fact:
    """What was asked for this answer, and is nobody's own: a gauge."""

    metric: Metric
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


def exposed(facts: Sequence[Fact]) -> bytes:
    """Everything that was counted, by all workers, and these facts. With several workers it reads their files."""
    own = meters()
    whole = CollectorRegistry()
    if own.place is None:
        whole.register(_Counted(own.registry))
    else:
        own.place.forget_dead()
        MultiProcessCollector(whole, path=str(own.place.folder))
    whole.register(_Asked(facts))
    return generate_latest(whole)


class _Counted(Collector):
    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    @override
    def collect(self) -> Iterable[Family]:
        return self._registry.collect()


class _Asked(Collector):
    def __init__(self, facts: Sequence[Fact]) -> None:
        self._facts = facts

    @override
    def collect(self) -> Iterator[Family]:
        families: dict[str, GaugeMetricFamily] = {}
        for fact in self._facts:
            metric = fact.metric
            if metric.name not in families:
                families[metric.name] = GaugeMetricFamily(metric.name, metric.means, labels=metric.labels)
            families[metric.name].add_metric([fact.labels[name] for name in metric.labels], fact.value)
        yield from families.values()
