"""Facts of a small stack whose bill is easy to compute by hand."""

from datetime import date
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from datavault.cost.bill import Line
from datavault.cost.plan import Facts, Function, Kept
from datavault.cost.prices import load_prices

ROOT = Path(__file__).parents[3]
PLAN = Path(__file__).with_name("prod.plan.json")
PRICES = load_prices(ROOT / "infrastructure/prices/us-east-1.yaml")
TODAY = date(2026, 11, 23)

_FUNCTION = Function(memory_mb=1024, architecture="arm64", ephemeral_mb=512, timeout_seconds=300, is_traced=True)
FACTS = Facts(
    functions=dict.fromkeys(("processor", "enrichment", "loader", "auditor"), _FUNCTION),
    stream_mode="ON_DEMAND",
    shard_count=0,
    stream_hours=24,
    raw={"books": Kept(30, ())},
    parquet={"books": Kept(None, ())},
    loader_window_seconds=300,
    auditor_period_minutes=15,
    base_rpu=4,
    daily_limit=None,
    monthly_limit=None,
    is_snapshotted=False,
    endpoint_zones=0,
    has_flow_log=False,
    has_trail=False,
    keys=3,
    secrets=2,
    alarm_metrics=30,
    composite_alarms=1,
    dashboards=2,
    log_days=30,
    clusters=0,
    nodes=None,
    images=0,
)


def facts(**changes: Any) -> Facts:
    return replace(FACTS, **changes)


def line(lines: list[Line], what: str) -> Line:
    (found,) = [line for line in lines if line.what == what]
    return found
