"""Graphs as Grafana's JSON, by Grafana's own types (grafana-foundation-sdk)."""

from collections.abc import Sequence
from typing import Any

import msgspec
from grafana_foundation_sdk.builders import cloudwatch, dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import (
    DashboardLinkType,
    DataSourceRef,
    VariableHide,
    VariableRefresh,
    VariableSort,
)

PROMETHEUS = DataSourceRef(type_val="prometheus", uid="${prometheus}")
CLOUDWATCH = DataSourceRef(type_val="cloudwatch", uid="${cloudwatch}")
TAG = "datavault"
# Two graphs a row; Grafana's grid has 24 columns.
WIDTH, HEIGHT = 12, 8
# The names of queues, functions and the stream begin with it; the exporter has asked for them.
PROJECT_QUERY = (
    'label_values(aws_sqs_approximate_number_of_messages_visible_maximum{name="raw-events"}, dimension_QueueName)'
)


class Query(msgspec.Struct, frozen=True):
    """PromQL, and how its series are called."""

    expr: str
    legend: str


class Statistic(msgspec.Struct, frozen=True):
    """One metric of CloudWatch, asked from there; a statistic that the exporter does not bring."""

    namespace: str
    metric: str
    dimensions: dict[str, str]
    statistic: str
    legend: str
    period: str = "300"


class Graph(msgspec.Struct, frozen=True):
    """`is_number` shows the last value alone, in large type."""

    title: str
    queries: list[Query] | list[Statistic]
    unit: str = "short"
    description: str = ""
    is_number: bool = False


def as_json(uid: str, title: str, description: str, graphs: list[Graph]) -> str:
    """Make a dashboard's JSON."""
    board = (
        dashboard.Dashboard(title)
        .uid(uid)
        .description(description)
        .tags([TAG])
        .timezone("utc")
        .time("now-6h", "now")
        .refresh("1m")
        .readonly()
        .link(dashboard.DashboardLink("DataVault").type(DashboardLinkType.DASHBOARDS).tags([TAG]).as_dropdown(True))
        .with_variable(dashboard.DatasourceVariable("prometheus").label("Prometheus").type("prometheus"))
        .with_variable(dashboard.DatasourceVariable("cloudwatch").label("CloudWatch").type("cloudwatch"))
        .with_variable(
            dashboard.QueryVariable("project")
            .hide(VariableHide.HIDE_VARIABLE)
            .datasource(PROMETHEUS)
            .query(PROJECT_QUERY)
            .regex("/(.+)-raw-events/")
            .refresh(VariableRefresh.ON_DASHBOARD_LOAD)
            .sort(VariableSort.ALPHABETICAL_ASC)
        )
    )
    for graph in graphs:
        board = board.with_panel(_panel(graph))
    return msgspec.json.format(JSONEncoder().encode(board.build()), indent=2) + "\n"


def _panel(graph: Graph) -> Any:
    panel = stat.Panel() if graph.is_number else timeseries.Panel().min(0).fill_opacity(10)
    panel = panel.title(graph.title).unit(graph.unit).span(WIDTH).height(HEIGHT)
    if graph.description:
        panel = panel.description(graph.description)
    queries: Sequence[Query | Statistic] = graph.queries
    for number, query in enumerate(queries):
        panel = panel.with_target(_target(query, chr(ord("A") + number)))
    return panel.datasource(CLOUDWATCH if isinstance(graph.queries[0], Statistic) else PROMETHEUS)


def _target(query: Query | Statistic, reference: str) -> Any:
    if isinstance(query, Query):
        asked = prometheus.Dataquery().expr(query.expr).legend_format(query.legend).ref_id(reference)
        return asked.datasource(PROMETHEUS)
    return (
        cloudwatch.CloudWatchMetricsQuery()
        .id(reference.lower())
        .ref_id(reference)
        .datasource(CLOUDWATCH)
        .region("default")
        .namespace(query.namespace)
        .metric_name(query.metric)
        .dimensions(dict(query.dimensions))
        .match_exact(True)
        .statistic(query.statistic)
        .period(query.period)
        .label(query.legend)
    )
