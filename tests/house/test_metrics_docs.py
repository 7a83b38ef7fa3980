"""The metrics' reference, the dashboard and the alarms speak of metrics that exist, and each alarm has its entry."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from house.test_docs import _anchors
from impersonator_api.metrics import catalogue
from impersonator_api.metrics.catalogue import Kind, Metric
from impersonator_api.sessions import EndReason

ROOT = Path(__file__).parents[2]
REFERENCE = (ROOT / "docs/reference/metrics.md").read_text()
ROW = re.compile(r"^\| `([a-z_]+)` \| ([a-z]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
RULES: list[dict[str, Any]] = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())["groups"][0]["rules"]
BOARD: dict[str, Any] = json.loads((ROOT / "deploy/grafana/impersonator.json").read_text())

NAME = re.compile(r"\b(?:impersonator|process)_[a-z_]+\b")
SELECTOR = re.compile(r"\b(?P<name>(?:impersonator|process)_[a-z_]+)\{(?P<labels>[^}]*)\}")
LABEL = re.compile(r"([a-z]+)\s*(?:=~|!~|!=|=)")
BY = re.compile(r"by \(([^)]*)\)")
SENTENCE = re.compile(r".*\S\.$", re.DOTALL)
SCRAPED = {"job", "instance", "le"}
"""Labels that come with every scrape, and the histogram's own."""

pytestmark = pytest.mark.docs


def _told(metric: Metric) -> set[str]:
    suffixes = ("_bucket", "_sum", "_count") if metric.kind is Kind.HISTOGRAM else ("",)
    return {f"{metric.name}{suffix}" for suffix in suffixes}


TOLD = {name: metric for metric in catalogue.METRICS for name in _told(metric)}


def _queries() -> Iterator[str]:
    for panel in BOARD["panels"]:
        yield from (target["expr"] for target in panel.get("targets", []))
    for variable in BOARD["templating"]["list"]:
        yield variable.get("definition", "")


QUERIES = [*_queries(), *(rule["expr"] for rule in RULES)]


def test_each_metric_has_its_row_with_kind_labels_and_meaning() -> None:
    expected = [
        (metric.name, metric.kind.value, ", ".join(f"`{each}`" for each in metric.labels) or "none", metric.means)
        for metric in catalogue.METRICS
    ]

    assert ROW.findall(REFERENCE) == expected


def test_names_follow_prometheus() -> None:
    for metric in catalogue.METRICS:
        assert metric.name.endswith("_total") == (metric.kind is Kind.COUNTER), metric.name
        assert SENTENCE.match(metric.means), metric.name


def test_ends_are_told_for_every_reason_from_the_start() -> None:
    assert set(catalogue.END_REASONS) == {reason.value for reason in EndReason}


@pytest.mark.parametrize("query", QUERIES)
def test_each_query_asks_for_metrics_that_exist(query: str) -> None:
    # A duration such as `[5m]` or a quoted value is no metric's name.
    names = set(NAME.findall(re.sub(r'"[^"]*"', "", query)))

    assert names <= TOLD.keys()


@pytest.mark.parametrize("query", QUERIES)
def test_each_query_selects_by_labels_that_exist(query: str) -> None:
    for found in SELECTOR.finditer(query):
        asked = LABEL.findall(re.sub(r'"[^"]*"', '""', found["labels"]))
        assert set(asked) <= {*TOLD[found["name"]].labels, *SCRAPED}

    grouped = {label.strip() for labels in BY.findall(query) for label in labels.split(",")}
    known = {label for name in NAME.findall(query) for label in TOLD[name].labels} if grouped else set()
    assert grouped <= known | SCRAPED


def test_the_dashboard_shows_every_metric_of_the_service() -> None:
    shown = {TOLD[name].name for query in _queries() for name in NAME.findall(query)}

    unused = {metric.name for metric in catalogue.METRICS} - shown
    # These two serve alarms alone.
    assert unused == {"impersonator_duty_interval_seconds", "process_start_time_seconds"}


def test_the_dashboards_panels_have_ids_of_their_own_and_do_not_overlap() -> None:
    panels = BOARD["panels"]
    taken = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]

    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len(set(taken)) == len(taken)
    assert all(x < 24 for x, _ in taken)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
def test_each_alarm_says_how_bad_it_is_and_leads_to_its_entry(rule: dict[str, Any]) -> None:
    page, _, anchor = rule["annotations"]["runbook_url"].partition("#")

    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert SENTENCE.match(rule["annotations"]["summary"])
    assert anchor == rule["alert"].lower()
    assert anchor in _anchors(ROOT / page)


def test_each_entry_has_its_alarm_in_the_same_order() -> None:
    headings = re.findall(r"^### (Impersonator\w+)$", (ROOT / "docs/operations.md").read_text(), re.MULTILINE)

    assert headings == [rule["alert"] for rule in RULES]
