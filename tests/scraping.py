"""What `/metrics` says, read by Prometheus's own parser."""

from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families


@dataclass(frozen=True)
class Scrape:
    """All samples of one answer."""

    samples: dict[str, dict[frozenset[tuple[str, str]], float]]

    def of(self, name: str, **labels: str) -> float:
        """The sum of all samples with these labels, and perhaps others; 0 where there is none."""
        wanted = labels.items()
        return sum(value for found, value in self.samples.get(name, {}).items() if wanted <= dict(found).items())

    def labels(self, name: str, label: str) -> set[str]:
        """Every value of that label."""
        return {dict(found)[label] for found in self.samples.get(name, {})}


def scraped(text: str) -> Scrape:
    """An answer in Prometheus's text format."""
    samples: dict[str, dict[frozenset[tuple[str, str]], float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            samples.setdefault(sample.name, {})[frozenset(sample.labels.items())] = sample.value
    return Scrape(samples)
