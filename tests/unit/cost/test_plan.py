"""The facts of a plan. prod.plan.json is a real one of environments/prod, less what costs nothing."""

import json
import re
from typing import Any

import pytest

from datavault.cost.plan import Kept, Nodes, PlanError, flowing, read_plan

from .facts import PLAN


def test_the_facts_of_prods_plan_are_what_its_main_tf_says() -> None:
    facts = read_plan(PLAN.read_bytes())

    assert (facts.base_rpu, facts.daily_limit, facts.monthly_limit, facts.is_snapshotted) == (16, 96, 1500, True)
    assert (facts.stream_mode, facts.stream_hours) == ("ON_DEMAND", 72)
    assert (facts.endpoint_zones, facts.has_flow_log, facts.has_trail) == (4 * 3, True, True)
    assert (facts.keys, facts.secrets, facts.dashboards, facts.composite_alarms) == (3, 2, 2, 1)
    assert facts.functions["processor"].memory_mb == 1769
    assert facts.functions["enrichment"].ephemeral_mb == 1024
    moves = ((30, "STANDARD_IA"), (90, "GLACIER_IR"))
    assert facts.raw == {"flights": Kept(365, moves), "orders": Kept(730, moves)}
    assert facts.parquet["flights"] == Kept(7 * 365, ((90, "STANDARD_IA"), (365, "GLACIER_IR")))
    assert (facts.loader_window_seconds, facts.auditor_period_minutes, facts.log_days) == (100, 15, 365)


def test_an_alarm_over_an_expression_counts_its_metrics() -> None:
    """32 alarms, of which two look at two metrics each."""
    assert read_plan(PLAN.read_bytes()).alarm_metrics == 34


def test_a_state_has_the_same_facts_as_a_plan() -> None:
    plan = json.loads(PLAN.read_bytes())
    state = {"format_version": "1.0", "values": plan["planned_values"]}

    assert read_plan(json.dumps(state).encode()) == read_plan(PLAN.read_bytes())


def without(kind: str) -> bytes:
    def cut(module: dict[str, Any]) -> dict[str, Any]:
        return {
            "resources": [found for found in module.get("resources", []) if found["type"] != kind],
            "child_modules": [cut(child) for child in module.get("child_modules", [])],
        }

    plan = json.loads(PLAN.read_bytes())
    return json.dumps({"planned_values": {"root_module": cut(plan["planned_values"]["root_module"])}}).encode()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"no JSON", "not JSON"),
        (b"[]", "not JSON"),
        (b"{}", "has no values"),
        (b'{"values": {}}', "has no root_module"),
        (b'{"values": {"root_module": {"resources": 3}}}', "another form"),
        (without("aws_kinesis_stream"), "has no module.chunks.aws_kinesis_stream.this"),
        (PLAN.read_bytes().replace(b"rate(15 minutes)", b"cron(0 * * * ? *)"), "cron(0 * * * ? *)"),
    ],
)
def test_what_is_no_plan_of_ours_is_refused_with_what_it_lacks(text: bytes, said: str) -> None:
    with pytest.raises(PlanError, match=re.escape(said)):
        read_plan(text)


def test_a_platform_is_read_where_there_is_one() -> None:
    plan = json.loads(PLAN.read_bytes())
    group = {"instance_types": ["m7g.large"], "scaling_config": [{"desired_size": 2}]}
    template = {"block_device_mappings": [{"ebs": [{"volume_size": 30}]}]}
    expire = [
        {"countType": "sinceImagePushed", "countNumber": 7},
        {"countType": "imageCountMoreThan", "countNumber": 30},
    ]
    lifecycle = {"policy": json.dumps({"rules": [{"selection": selection} for selection in expire]})}
    made = {
        "aws_eks_cluster.this": {"name": "p"},
        "aws_eks_node_group.this": group,
        "aws_launch_template.nodes": template,
        "aws_ecr_lifecycle_policy.this": lifecycle,
    }
    plan["planned_values"]["root_module"]["resources"] = [
        {"address": f'module.datavault.module.cluster["this"].{address}', "mode": "managed", "values": values}
        for address, values in made.items()
    ]

    facts = read_plan(json.dumps(plan).encode())

    assert (facts.clusters, facts.nodes, facts.images) == (1, Nodes("m7g.large", 2, 30), 30)
    without = read_plan(PLAN.read_bytes())
    assert (without.clusters, without.nodes, without.images) == (0, None, 0)


def test_a_plan_without_a_network_or_a_trail_has_none() -> None:
    assert read_plan(without("aws_subnet")).endpoint_zones == 0
    assert not read_plan(without("aws_cloudtrail")).has_trail
    assert read_plan(without("aws_redshiftserverless_usage_limit")).daily_limit is None


def test_the_canary_is_no_part_of_the_flow() -> None:
    kept = Kept(30, ())

    assert flowing({"canary": kept, "orders": kept}) == {"orders": kept}
