"""What Terraform sets, read from its own text: environments/<name>/main.tf over the defaults of infrastructure/.

By regular expressions, because the names are unique in these files and a plan takes a minute.
"""

import re
from pathlib import Path

import msgspec

from datavault.authoring.odcs import compile_contract

ROOT = Path(__file__).resolve().parents[3]

# A new on-demand stream takes 4 MB/s. It grows with its load: to 10 GB/s in us-east-1, us-west-2 and eu-west-1, to
# 200 MB/s elsewhere unless AWS is asked (Kinesis Data Streams Developer Guide, "Quotas and limits",
# docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html).
NEW_STREAM_SHARDS, GROWN_STREAM_SHARDS = 4, 200


class Settings(msgspec.Struct, frozen=True):
    """By the variables' names. `shards` of an on-demand stream is what a new one takes; limits are RPU-hours."""

    processor_concurrency: int
    shards: int
    parallelization_factor: int
    loader_window_seconds: int
    base_capacity_rpu: int
    is_on_demand: bool = False
    auditor_period_minutes: int = 15
    daily_limit_rpu_hours: float | None = None
    monthly_limit_rpu_hours: float | None = None

    def grown(self) -> "Settings":
        """After an on-demand stream has grown as far as it does in every Region."""
        return msgspec.structs.replace(self, shards=GROWN_STREAM_SHARDS) if self.is_on_demand else self


def read(environment: str) -> Settings:
    own = _uncommented(ROOT / "environments" / environment / "main.tf")
    defaults = _uncommented(ROOT / "infrastructure/variables.tf")

    def number(name: str) -> int | None:
        found = re.search(rf"\b{name}\s*=\s*(\d+)", own) or re.search(
            rf"\b{name}\s*=\s*optional\(number, (\d+)\)", defaults
        )
        return int(found[1]) if found else None

    def needed(name: str) -> int:
        value = number(name)
        if value is None:
            raise ValueError(f"neither environments/{environment} nor infrastructure/variables.tf sets {name}")
        return value

    is_on_demand = '"PROVISIONED"' not in own  # the default of `stream.mode` is ON_DEMAND
    return Settings(
        processor_concurrency=needed("maximum_concurrency"),
        shards=NEW_STREAM_SHARDS if is_on_demand else needed("shard_count"),
        parallelization_factor=needed("parallelization_factor"),
        loader_window_seconds=number("loader_window_seconds") or _window_seconds(),
        base_capacity_rpu=needed("base_capacity_rpu"),
        is_on_demand=is_on_demand,
        auditor_period_minutes=needed("period_minutes"),
        daily_limit_rpu_hours=number("daily_limit_rpu_hours"),
        monthly_limit_rpu_hours=number("monthly_limit_rpu_hours"),
    )


def _uncommented(path: Path) -> str:
    return re.sub(r"#.*", "", path.read_text())


def _window_seconds() -> int:
    """A third of the strictest latency that a contract promises (infrastructure/contracts.tf)."""
    contracts = [compile_contract(path.parent) for path in ROOT.glob("contracts/*/contract.odcs.yaml")]
    return min(300, min([900, *(contract.freshness_seconds for contract in contracts)]) // 3)
