"""The worker's metrics are those that queries may name."""

from monitoring.metrics import WORKER_METRICS

from datavault.worker.metrics import Metrics


def test_the_worker_has_every_metric_that_queries_may_name_and_no_other_of_ours() -> None:
    metrics = Metrics()
    names: set[str] = set()
    for family in metrics.registry.collect():
        match family.type:
            case "counter":
                names.add(f"{family.name}_total")
            case "histogram":
                names |= {f"{family.name}_{part}" for part in ("bucket", "count", "sum")}
            case _:
                names.add(family.name)
    assert names >= WORKER_METRICS
    assert {name for name in names if name.startswith("datavault_")} <= WORKER_METRICS
