"""This process's counters, made with the first count; in memory, or in files where several workers count together.

A count costs a look-up in a dict and one to two microseconds: labels are resolved once for each combination.
"""

from collections.abc import Callable, Mapping
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, values

from impersonator_api.metrics import catalogue
from impersonator_api.metrics.catalogue import Kind, Metric
from impersonator_api.metrics.together import Place, find_folder

Labels = tuple[str, ...]
Mark = Callable[[float], None]
"""Adds to a counter, sets a gauge, or observes in a histogram."""

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Seconds: a hot door answers within the first three, and five is what a statement may take."""

MOST_COMBINATIONS = 1000
"""Of one metric's labels; those beyond it are counted as `other`, so that nobody can fill a memory with names."""

OTHER = "other"


class Family(dict[Labels, Mark]):
    """A metric's children by their labels, each made when it is first met."""

    def __init__(self, metric: Metric, registry: CollectorRegistry) -> None:
        super().__init__()
        self._metric = metric
        self._whole = _whole(metric, registry)
        for labels in metric.begins:
            self[labels](0)

    def __missing__(self, labels: Labels) -> Mark:
        if len(self) >= MOST_COMBINATIONS and set(labels) != {OTHER}:
            return self[OTHER,] if len(labels) == 1 else self[(OTHER,) * len(labels)]
        child = self._whole.labels(*labels) if labels else self._whole
        self[labels] = _mark_of(child)
        return self[labels]


class Meters:
    """All families of one process."""

    def __init__(self, place: Place | None) -> None:
        """Without a place everything is kept in memory."""
        self.place = place
        self.worker = str(place.number if place else 0)
        disable_created_metrics()
        # The library goes by the environment as it was at its import; we go by whether there is a folder.
        values.ValueClass = values.MultiProcessValue(lambda: place.number) if place else values.MutexValue
        self.registry = CollectorRegistry()
        self._families: Mapping[Metric, Family] = {
            metric: Family(metric, self.registry)
            for metric in catalogue.METRICS
            if metric.across is not catalogue.Across.ASKED
        }

    def __getitem__(self, metric: Metric) -> Family:
        return self._families[metric]


@cache
def meters() -> Meters:
    """The one set of counters that a process has."""
    folder = find_folder()
    return Meters(Place(folder) if folder else None)


def _whole(metric: Metric, registry: CollectorRegistry) -> Counter | Gauge | Histogram:
    match metric.kind:
        case Kind.COUNTER:
            return Counter(metric.name, metric.means, metric.labels, registry=registry)
        case Kind.GAUGE:
            mode = metric.across.value
            return Gauge(metric.name, metric.means, metric.labels, registry=registry, multiprocess_mode=mode)  # type: ignore[arg-type]  # a closed set of words
        case Kind.HISTOGRAM:
            return Histogram(metric.name, metric.means, metric.labels, registry=registry, buckets=BUCKETS)


def _mark_of(child: Counter | Gauge | Histogram) -> Mark:
    match child:
        case Counter():
            return child.inc
        case Gauge():
            return child.set
        case Histogram():
            return child.observe
