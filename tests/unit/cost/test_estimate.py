"""The bill, line by line against sums that were made by hand, and what must hold of any."""

import json
from datetime import date
from math import fsum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from datavault.cost import workload
from datavault.cost.bill import Part
from datavault.cost.estimate import Estimate, estimate
from datavault.cost.firehose import add_firehose
from datavault.cost.plan import Facts, Kept, Nodes, read_plan
from datavault.cost.warehouse import rpu_hours
from datavault.cost.workload import Workload

from .facts import FACTS, PLAN, PRICES, TODAY, facts, line

ROOT = Path(__file__).parents[3]

# 1,024 GB a month in objects of 64 MB: 16,384 objects of 8 chunks.
DAY = 1024 * 12 / 365
WORK = Workload(DAY, record_bytes=1024, stream_ratio=8.5, parquet_ratio=8)


def bill(found: Facts = FACTS, work: Workload = WORK) -> Estimate:
    return estimate(PRICES, found, work, TODAY)


@pytest.mark.parametrize(
    ("what", "changes", "usd"),
    [
        # 6 s a GB on a whole vCPU, 1769/1024 times as long with 1,024 MB; half a second of waiting an object.
        ("processor: 1024 MB", {}, (1024 * 6 * 1769 / 1024 + 16_384 * 0.5) * 0.0000133334),
        ("enrichment: 1024 MB", {}, (1024 * 8 * 1769 / 1024 + 131_072 * 0.2) * 0.0000133334),
        ("processor: invocations", {}, 16_384 * 0.2 / 1e6),
        ("stream, on demand", {}, 730 * 0.04),
        # 8 MiB / 8.5 = 986,895.06 bytes, rounded up to 964 KB; 131,072 of them are 120.5 GB.
        ("chunks in", {}, 120.5 * 0.08),
        ("chunks out", {}, 120.5 * 0.04),
        ("chunks kept for 72 hours", {"stream_hours": 72}, 120.5 * 48 / 730 * 0.10),
        ("2 shards", {"stream_mode": "PROVISIONED", "shard_count": 2}, 2 * 730 * 0.015),
        # 986,895 bytes are 39 puts of 25 KB.
        ("chunks in", {"stream_mode": "PROVISIONED", "shard_count": 2}, 131_072 * 39 * 0.014 / 1e6),
        (
            "kept for 48 hours",
            {"stream_mode": "PROVISIONED", "shard_count": 2, "stream_hours": 48},
            2 * 730 * 0.02,
        ),
        ("raw events: sent, received, deleted, polled", {}, (3 * 16_384 + 657_000) * 0.4 / 1e6),
        ("Parquet events: sent, received, deleted, polled", {}, (3 * 131_072 + 657_000) * 0.4 / 1e6),
        # 30 days of 33.66 GB.
        ("raw, STANDARD", {}, DAY * 30 * 0.023),
        ("raw, STANDARD-IA", {"raw": {"books": Kept(90, ((30, "STANDARD_IA"),))}}, DAY * 60 * 0.0125),
        ("raw, moved to STANDARD-IA", {"raw": {"books": Kept(90, ((30, "STANDARD_IA"),))}}, 16_384 * 0.01 / 1e3),
        # A year of an eighth of the flow.
        ("Parquet, STANDARD", {}, 12 * 128 * 0.023),
        # 8,760 windows of 300 s a month, and 16,384 objects: each window has some.
        ("objects put", {}, (3 * 16_384 + 131_072 + 2 * 8760) * 0.005 / 1e3),
        ("objects read, asked for", {}, (2 * 16_384 + 4 * 131_072 + 8760) * 0.0004 / 1e3),
        ("loader: 1024 MB", {}, 8760 * 20 * 0.0000133334),
        # 8,760 loads and 2,920 audits of a minute with 4 RPU.
        ("compute, base 4 RPU", {}, (8760 + 2920) / 60 * 4 * 0.375),
        ("rows, as large as their Parquet", {}, 12 * 128 * 0.024),
        ("snapshots, of which the first is whole", {"is_snapshotted": True}, 12 * 128 * 0.023),
        ("auditor: invocations", {}, 2920 * 0.2 / 1e6),
        # Two data sets with "_unknown", 8 lists each, 2 more, and 16.2 pages of raw objects of 30 days.
        ("lists of the auditor", {}, 2920 * (18 + 16_384 * 360 / 365 / 1000) * 0.005 / 1e3),
        ("keys", {}, 3.0),
        # Each five minutes of the month has objects: 8,760 times 8 calls; and one for a hundred requests to S3.
        ("requests", {}, (8760 * 8 + (197_744 + 565_816) / 100) * 0.03 / 1e4),
        ("secrets", {}, 0.8),
        ("objects written and read", {"has_trail": True}, (197_744 + 565_816) * 0.10 / 1e5),
        ("interface endpoints", {"endpoint_zones": 12}, 12 * 730 * 0.01),
        ("chunks through endpoints", {"endpoint_zones": 12}, 1024 / 8.5 * 0.01),
        ("control plane", {"clusters": 1}, 730 * 0.10),
        ("nodes, m7g.large", {"nodes": Nodes("m7g.large", 2, 30)}, 2 * 730 * 0.0816),
        ("volumes of the nodes", {"nodes": Nodes("m7g.large", 2, 30)}, 2 * 30 * 0.08),
        ("images", {"images": 30}, 30 * 0.1 * 0.10),
        ("alarms, by metric", {}, 3.0),
        ("composite alarms", {}, 0.5),
        ("dashboards", {}, 6.0),
        # 3 for each of two data sets and 1 always; 10 for a data set and 4 when there is work.
        ("metrics of the functions", {}, (7 + 14) * 0.3),
        ("sampled traces", {}, (16_384 + 131_072 + 8760 + 2920) * 5 / 1e6),
        ("logs in", {}, ((16_384 + 131_072 + 8760 + 2920) * 3 + 8760 * 20) / 2**20 * 0.5),
    ],
)
def test_a_line_is_what_one_computes_by_hand(what: str, changes: dict[str, Any], usd: float) -> None:
    assert line(bill(facts(**changes)).lines, what).usd == pytest.approx(usd, rel=1e-6)


def test_nodes_without_a_price_are_said_and_not_left_out_in_silence() -> None:
    found = bill(facts(nodes=Nodes("c8g.xlarge", 3, 30)))

    (warning,) = [text for text in found.warnings if "nodes" in text]
    assert warning.startswith("EC2: 3 nodes of type c8g.xlarge are not in the bill")
    assert "ec2_c8g_xlarge" in warning
    assert not [line for line in found.lines if line.what.startswith("nodes")]


def test_flow_logs_are_logs_too() -> None:
    with_flow_log = line(bill(facts(has_flow_log=True)).lines, "logs in").quantity
    invocations = 16_384 + 131_072 + 8760 + 2920

    assert with_flow_log - line(bill().lines, "logs in").quantity == pytest.approx(invocations * 2.4 / 2**20)


@pytest.mark.parametrize(("wakes_a_day", "usd"), [(96, 73), (288, 219), (1440, 1095), (86_400, 1095)])
def test_a_warehouse_of_4_rpu_costs_what_it_is_awake(wakes_a_day: int, usd: float) -> None:
    """Every 15 minutes, every 5, always."""
    assert rpu_hours(4, wakes_a_day, 0) * 0.375 == pytest.approx(usd)


def test_large_loads_keep_the_warehouse_awake_for_longer_than_a_minute() -> None:
    """100 times the flow: 12,800 GB of Parquet at 8 MB a second are 1,638,400 s, in 13,107 loads of 1,000 chunks."""
    found = line(bill(work=replace(WORK, gb_per_day=100 * DAY)).lines, "compute, base 4 RPU")

    assert found.quantity == pytest.approx((1_638_400 + 2920 * 60) / 3600 * 4)


@pytest.mark.parametrize(
    ("limits", "hours", "named"),
    [
        ({"daily_limit": 12}, 365, "the daily limit allows 365"),
        ({"monthly_limit": 100}, 100, "the monthly limit allows 100"),
        ({"daily_limit": 12, "monthly_limit": 100}, 100, "the monthly limit"),
        ({"daily_limit": 96, "monthly_limit": 1500}, (8760 + 2920) / 15, None),
    ],
)
def test_a_limit_caps_the_warehouse_and_says_so(limits: dict[str, float], hours: float, named: str | None) -> None:
    found = bill(facts(**limits))

    assert line(found.lines, "compute, base 4 RPU").quantity == pytest.approx(hours)
    assert [warning for warning in found.warnings if "Redshift" in warning] == [
        warning for warning in found.warnings if named and named in warning
    ]
    assert bool(found.warnings) == bool(named)


@pytest.mark.parametrize(("gb_per_day", "shards"), [(8.5 * 86_400 / 1024 / 3 * 0.99, 1), (8.5 * 86_400 / 1024, 3)])
def test_too_few_shards_are_said(gb_per_day: float, shards: int) -> None:
    """1 MB a second of chunks at three times the average, in one shard; at three times as much, in three."""
    work = replace(WORK, gb_per_day=gb_per_day)
    one, enough = (facts(stream_mode="PROVISIONED", shard_count=count) for count in (1, shards))

    assert any("Kinesis" in warning for warning in bill(one, work).warnings) == (shards > 1)
    assert not any("Kinesis" in warning for warning in bill(enough, work).warnings)


def test_small_objects_are_not_moved_and_make_small_chunks() -> None:
    work = replace(WORK, object_mb=0.1)
    lines = bill(facts(raw={"books": Kept(90, ((30, "STANDARD_IA"),))}), work).lines

    assert not [found for found in lines if "STANDARD-IA" in found.what]
    assert line(lines, "raw, STANDARD").usd == pytest.approx(DAY * 90 * 0.023)
    assert line(lines, "enrichment: invocations").quantity == pytest.approx(1024 * 1024 / 0.1)


def test_many_objects_are_more_than_the_auditor_can_list() -> None:
    found = bill(work=replace(WORK, object_mb=0.1))

    assert any("Auditor" in warning for warning in found.warnings)
    assert line(found.lines, "auditor: 1024 MB").quantity == pytest.approx(2920 * 300)


def test_data_that_compresses_badly_makes_more_chunks() -> None:
    """64 MB at 2:1 do not fit into eight records of 1 MiB."""
    assert replace(WORK, stream_ratio=2).chunks_per_object == 33


def test_firehose_rounds_each_record_up_to_5_kb() -> None:
    one, packed = (
        add_firehose(PRICES, FACTS, WORK, is_packed=packed, is_transformed=False) for packed in (False, True)
    )
    ingested = "ingested, each record rounded up to 5 KB"

    assert line(one, ingested).usd == pytest.approx(5 * 1024 * 0.029)
    assert line(one, "converted to Parquet").usd == pytest.approx(5 * 1024 * 0.018)
    assert line(packed, ingested).usd == pytest.approx(1024 * 0.029)
    assert line(packed, "raw, STANDARD").usd == line(bill().lines, "raw, STANDARD").usd
    # 16,384 objects of 64 MB arrive; its buffer of 15 minutes makes 2,920, those of 128 MB 8,192.
    assert line(packed, "objects put").usd == pytest.approx(2 * 8192 * 0.005 / 1e3)


def test_firehose_gets_cheaper_above_500_tb() -> None:
    """1,024 times the flow, packed: 1,024 TB."""
    lines = add_firehose(PRICES, FACTS, replace(WORK, gb_per_day=1024 * DAY), is_packed=True, is_transformed=False)
    ingested = [found.usd for found in lines if found.what.startswith("ingested")]

    assert ingested == pytest.approx([500 * 1024 * 0.029, 524 * 1024 * 0.025])


def test_firehose_is_compared_with_what_makes_parquet_and_its_transformation_costs_extra() -> None:
    found = bill()
    other = found.firehose

    assert other.datavault_pipeline == fsum(line.usd for line in found.lines if line.part is Part.PIPELINE)
    assert other.packed < other.packed_transformed < other.one_record_each < other.one_record_each_transformed


def test_old_prices_are_said() -> None:
    assert any("more than a year" in warning for warning in estimate(PRICES, FACTS, WORK, date(2028, 1, 1)).warnings)


volumes = st.just(0.0) | st.floats(1e-6, 10_000)
stacks = st.sampled_from(
    [
        FACTS,
        read_plan(PLAN.read_bytes()),
        facts(stream_mode="PROVISIONED", shard_count=1, daily_limit=8, has_trail=True),
    ]
)


@given(stacks, volumes, volumes, st.floats(0.01, 4096), st.floats(0.1, 60))
def test_more_data_never_costs_less(found: Facts, some: float, more: float, object_mb: float, months: float) -> None:
    less, greater = (
        bill(found, Workload(gb, object_mb=object_mb, months=months)).rates.usd_per_month
        for gb in sorted((some, some + more))
    )
    assert less <= greater * (1 + 1e-9)


@given(stacks, volumes, st.floats(0.1, 60), st.floats(0.1, 60))
def test_what_has_been_flowing_for_longer_never_costs_less(found: Facts, gb: float, some: float, more: float) -> None:
    less, greater = (
        bill(found, Workload(gb, months=months)).rates.usd_per_month for months in sorted((some, some + more))
    )
    assert less <= greater * (1 + 1e-9)


@given(stacks, volumes)
def test_the_total_is_the_sum_of_the_lines_and_each_line_its_product(found: Facts, gb: float) -> None:
    made = bill(found, Workload(gb))

    assert made.rates.usd_per_month == pytest.approx(fsum(line.quantity * line.unit_usd for line in made.lines))
    assert fsum(made.services.values()) == pytest.approx(made.rates.usd_per_month)
    assert all(line.usd > 0 for line in made.lines)


@given(stacks, st.floats(0.1, 60))
def test_without_data_only_what_stands_there_costs(found: Facts, months: float) -> None:
    made = bill(found, Workload(0, months=months))

    assert made.services.keys() <= {
        "CloudWatch", "KMS", "Kinesis", "Lambda", "S3", "SQS", "Secrets Manager", "VPC", "X-Ray",
    }  # fmt: skip
    assert made.rates.usd_per_tb is made.rates.usd_per_million_records is None
    assert made.warnings == []


def test_bills_count_what_the_benchmark_measured() -> None:
    measured = json.loads((ROOT / "docs/benchmarks.json").read_text())["service"]
    raw = measured["raw_bytes_per_chunk"]
    seconds = measured["enrichment_seconds_per_chunk"] * workload.GIB / raw
    assert measured["processor_seconds_per_raw_mib"] * 1024 <= workload.PROCESSOR_SECONDS_PER_GB
    assert seconds <= workload.ENRICHMENT_SECONDS_PER_GB <= 1.5 * seconds
    assert measured["processor_seconds_per_raw_mib"] * 1024 * 1.5 >= workload.PROCESSOR_SECONDS_PER_GB
    assert raw / measured["chunk_bytes"] == pytest.approx(workload.STREAM_RATIO, rel=0.02)
    assert raw / measured["parquet_bytes_per_chunk"] == pytest.approx(workload.PARQUET_RATIO, rel=0.02)
