"""The whole stack, planned with a mocked provider: what its policies, queues and alarms mean together."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from .conftest import ROOT, STACK, Resources
from .rules import (
    of_type,
    queues_without_dead_letters,
    runbooks,
    statements,
    unbounded_actions,
    unwatched,
    wildcard_actions,
)

RUNBOOKS = ROOT / "docs" / "operations" / "runbooks"


def role_statements(planned: Resources, stage: str) -> dict[str, dict[str, Any]]:
    policy = planned[f"module.{stage}.aws_iam_role_policy.this"]["policy"]
    return {statement["Sid"]: statement for statement in statements(policy)}


def test_the_stacks_own_tests_pass(messages: list[dict[str, Any]]) -> None:
    summary = next(message["test_summary"] for message in messages if message["type"] == "test_summary")
    diagnostics = [message["diagnostic"] for message in messages if message["type"] == "diagnostic"]
    assert (summary["status"], diagnostics) == ("pass", [])


def test_no_role_holds_a_wildcard_action(planned: Resources) -> None:
    assert wildcard_actions(planned) == set()


def test_every_resource_stands_only_where_there_is_no_other_way(planned: Resources) -> None:
    assert unbounded_actions(planned) == {"xray:PutTelemetryRecords", "xray:PutTraceSegments"}


def test_no_role_deletes_anything_but_messages(planned: Resources) -> None:
    deletes = {
        action
        for role in of_type(planned, "aws_iam_role_policy").values()
        for statement in statements(role["policy"])
        for action in statement["Action"]
        if "Delete" in action
    }
    assert deletes == {"sqs:DeleteMessage"}


@pytest.mark.parametrize(
    ("stage", "writable"),
    [
        (
            "processor",
            {
                "acme-processed-data/claims/*",
                "acme-processed-data/contracts/*",
                "acme-processed-data/receipts/*",
                "acme-quarantine-data/paused/*",
                "acme-quarantine-data/quarantine/*",
            },
        ),
        (
            "enrichment",
            {
                "acme-processed-data/data/*",
                "acme-quarantine-data/aws/lambda/*",
                "acme-quarantine-data/failed-chunks/*",
            },
        ),
        ("loader", {"acme-processed-data/manifests/*", "acme-quarantine-data/failed-loads/*"}),
        ("auditor", {"acme-processed-data/seals/*"}),
    ],
)
def test_a_stage_writes_its_own_objects_only(planned: Resources, stage: str, writable: set[str]) -> None:
    granted = {
        resource.removeprefix("arn:aws:s3:::")
        for statement in role_statements(planned, stage).values()
        if "s3:PutObject" in statement["Action"]
        for resource in statement["Resource"]
    }
    assert granted == writable


@pytest.mark.parametrize(
    ("stage", "statement"),
    [
        ("processor", "WriteReceipts"),
        ("processor", "WriteQuarantine"),
        ("enrichment", "WriteParquet"),
        ("loader", "WriteManifests"),
        ("auditor", "WriteSeals"),
    ],
)
def test_who_writes_once_may_tag_and_compare(planned: Resources, stage: str, statement: str) -> None:
    actions = role_statements(planned, stage)[statement]["Action"]
    assert actions == ["s3:GetObject", "s3:PutObject", "s3:PutObjectTagging"]


def test_only_the_enrichment_reads_the_masking_key(planned: Resources) -> None:
    readers = {
        address
        for address, role in of_type(planned, "aws_iam_role_policy").items()
        for statement in statements(role["policy"])
        if any("acme-masking-key" in resource for resource in statement["Resource"])
    }
    assert readers == {"module.enrichment.aws_iam_role_policy.this"}


@pytest.mark.parametrize(
    "role", ["module.loader.aws_iam_role_policy.this", "module.warehouse.aws_iam_role_policy.copy"]
)
def test_who_serves_the_warehouse_cannot_decrypt_clear_data(planned: Resources, role: str) -> None:
    keys = {
        resource
        for statement in statements(planned[role]["policy"])
        if "kms:Decrypt" in statement["Action"]
        for resource in statement["Resource"]
    }
    assert "arn:aws:kms:eu-central-1:111122223333:key/masked" in keys
    assert "arn:aws:kms:eu-central-1:111122223333:key/clear" not in keys


def test_every_key_in_a_role_is_bound_to_a_service(planned: Resources) -> None:
    for address, role in of_type(planned, "aws_iam_role_policy").items():
        for statement in statements(role["policy"]):
            if any(action.startswith("kms:") for action in statement["Action"]):
                assert "kms:ViaService" in statement["Condition"]["StringEquals"], address


def test_every_bucket_is_kept_from_plain_transport_and_strangers(planned: Resources) -> None:
    policies = of_type(planned, "aws_s3_bucket_policy")
    assert len(policies) == 4
    for address, bucket in policies.items():
        denied = [statement for statement in statements(bucket["policy"]) if statement["Effect"] == "Deny"]
        assert any(
            statement["Action"] == ["s3:*"] and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
            for statement in denied
        ), address
        for statement in statements(bucket["policy"]):
            assert statement["Effect"] == "Deny" or "aws:SourceArn" in statement["Condition"]["ArnEquals"], address


def test_what_the_writers_write_once_they_cannot_delete(planned: Resources) -> None:
    policy = {
        statement["Sid"]: statement
        for statement in statements(planned["module.processed.aws_s3_bucket_policy.this"]["policy"])
    }
    assert {resource.split("/", 1)[1] for resource in policy["DenyUnconditionalPut"]["Resource"]} == {
        "claims/*",
        "contracts/*",
        "data/*",
        "manifests/*",
        "receipts/*",
        "seals/*",
    }
    writers = policy["DenyDeleteToWriters"]["Condition"]["ArnEquals"]["aws:PrincipalArn"]
    assert {arn.rsplit("/", 1)[1] for arn in writers} == {
        "acme-processor",
        "acme-enrichment",
        "acme-loader",
        "acme-auditor",
        "acme-worker",
    }


@pytest.mark.parametrize(("queue", "stage"), [("raw_events", "processor"), ("parquet_events", "loader")])
def test_a_message_stays_hidden_for_six_timeouts_and_the_window(planned: Resources, queue: str, stage: str) -> None:
    visibility = planned[f"module.{queue}.aws_sqs_queue.this"]["visibility_timeout_seconds"]
    timeout = planned[f"module.{stage}.aws_lambda_function.this"]["timeout"]
    mapping = next(iter(of_type(planned, f"module.{stage}.aws_lambda_event_source_mapping").values()))
    assert visibility >= 6 * timeout + (mapping["maximum_batching_window_in_seconds"] or 0)


def test_the_loader_gathers_for_a_third_of_the_strictest_promise(planned: Resources) -> None:
    mapping = planned['module.loader.aws_lambda_event_source_mapping.queue["parquet-events"]']
    assert mapping["maximum_batching_window_in_seconds"] == 600 / 3


def test_chunks_are_given_up_before_the_stream_forgets_them(planned: Resources) -> None:
    mapping = planned['module.enrichment.aws_lambda_event_source_mapping.stream["chunks"]']
    retention = planned["module.chunks.aws_kinesis_stream.this"]["retention_period"]
    assert 0 < mapping["maximum_record_age_in_seconds"] < retention * 3600
    assert mapping["maximum_retry_attempts"] >= 0


def test_a_full_batch_of_chunks_fits_into_an_event(planned: Resources) -> None:
    mapping = planned['module.enrichment.aws_lambda_event_source_mapping.stream["chunks"]']
    assert mapping["batch_size"] * (1 << 20) * 4 / 3 < 6 * 1000 * 1000


def lifecycle(planned: Resources, bucket: str) -> dict[str, tuple[str, int | None, dict[str, int]]]:
    """By id of a rule: its prefix, after how many days objects expire, and when they move where."""
    return {
        rule["id"]: (
            rule["filter"][0].get("prefix") or "",
            next((expiration["days"] for expiration in rule["expiration"]), None),
            {move["storage_class"]: move["days"] for move in rule["transition"]},
        )
        for rule in planned[f"module.{bucket}.aws_s3_bucket_lifecycle_configuration.this"]["rule"]
        if rule["id"] != "housekeeping"
    }


def test_parquet_objects_move_and_expire_as_their_contract_says(planned: Resources) -> None:
    assert lifecycle(planned, "processed") == {
        "data-parcels": ("data/parcels/", 2 * 365, {"GLACIER_IR": 20}),
        "data-visits": ("data/visits/", None, {"STANDARD_IA": 90, "GLACIER_IR": 365}),
        "manifests": ("manifests/", 90, {}),
    }


def test_raw_objects_move_and_expire_as_their_contract_says_and_the_others_last(planned: Resources) -> None:
    assert lifecycle(planned, "raw") == {
        "raw-parcels": ("parcels/", 60, {"STANDARD_IA": 45}),
        "raw-visits": ("visits/", 365, {"STANDARD_IA": 30, "GLACIER_IR": 90}),
        "others": ("", 365, {}),
    }


def test_what_was_set_aside_is_kept_as_long_as_its_raw_object(planned: Resources) -> None:
    rules = lifecycle(planned, "quarantine")
    kept = {prefix: days for prefix, days, _ in rules.values()}
    for folder in ("failed-chunks", "failed-loads", "quarantine", "replays"):
        assert {dataset: kept.pop(f"{folder}/{dataset}/") for dataset in ("parcels", "visits", "_unknown")} == {
            "parcels": 60,
            "visits": 365,
            "_unknown": 365,
        }
    # Batches of any data set are not kept longer than any; what nobody thought of, not shorter.
    assert kept == {"aws/": 60, "": 365}
    assert [moves for *_, moves in rules.values() if moves] == []


@pytest.mark.parametrize("bucket", ["raw", "processed", "quarantine"])
def test_no_rule_that_meets_another_ends_or_moves_objects_before_it(planned: Resources, bucket: str) -> None:
    """Where rules meet, S3 takes the shorter retention and the cheaper class."""
    rules = lifecycle(planned, bucket).values()
    for prefix, days, moves in rules:
        for narrower, narrower_days, _ in rules:
            if narrower != prefix and narrower.startswith(prefix):
                assert not moves
                assert days is None or (narrower_days is not None and days >= narrower_days)


def test_only_the_writers_tag_what_people_read_by_its_tags(planned: Resources) -> None:
    policy = {
        statement["Sid"]: statement
        for statement in statements(planned["module.processed.aws_s3_bucket_policy.this"]["policy"])
    }
    guarded = policy["DenyTaggingToOthers"]
    assert guarded["Resource"] == ["arn:aws:s3:::acme-processed-data/data/*"]
    writers = guarded["Condition"]["ArnNotEquals"]["aws:PrincipalArn"]
    assert "arn:aws:iam::111122223333:role/acme-enrichment" in writers
    assert writers == policy["DenyDeleteToWriters"]["Condition"]["ArnEquals"]["aws:PrincipalArn"]


def test_every_alarm_has_a_runbook_and_every_runbook_an_alarm(planned: Resources) -> None:
    books = runbooks(planned, "acme-")
    # Those of Prometheus's alerts have their names, in capitals; tests/monitoring holds them to the rules.
    assert {path.stem for path in RUNBOOKS.glob("*.md") if path.stem.islower()} == set(books.values())
    # Where datasets have an alarm each, they share the runbook that the names begin with.
    assert [name for name, book in books.items() if not (name == book or name.startswith(f"{book}-"))] == []


def test_the_pipelines_alarm_is_on_when_any_other_is(planned: Resources) -> None:
    (pipeline,) = of_type(planned, "aws_cloudwatch_composite_alarm").values()
    others = {alarm["alarm_name"] for alarm in of_type(planned, "aws_cloudwatch_metric_alarm").values()}

    assert set(re.findall(r'ALARM\("([^"]+)"\)', pipeline["alarm_rule"])) == others
    assert set(pipeline["alarm_rule"].split()) - {"OR"} == {f'ALARM("{name}")' for name in others}
    assert len(pipeline["alarm_rule"]) <= 10_240  # CloudWatch
    assert len(others) <= 100  # CloudWatch, children of a composite alarm


def test_dashboards_show_every_function_and_dataset_in_metrics_that_exist(planned: Resources) -> None:
    bodies = {
        dashboard["dashboard_name"]: json.loads(dashboard["dashboard_body"])
        for dashboard in of_type(planned, "aws_cloudwatch_dashboard").values()
    }
    assert bodies.keys() == {"acme-performance", "acme-business"}
    shown = {name: list(_metrics(body)) for name, body in bodies.items()}

    functions = {function["function_name"] for function in of_type(planned, "aws_lambda_function").values()}
    durations = [metric for metric in shown["acme-performance"] if metric[:2] == ["AWS/Lambda", "Duration"]]
    assert {metric[3] for metric in durations} == functions
    assert {metric[4]["stat"] for metric in durations} == {"p50", "p95", "p99"}

    ours = [metric for metric in shown["acme-business"] if metric[0] == "DataVault"]
    assert {metric[5] for metric in ours} == {
        path.parent.name for path in (STACK / "contracts").glob("*/contract.odcs.yaml")
    }
    code = "".join(path.read_text() for path in (ROOT / "lambdas").rglob("*.py"))
    assert {metric[1] for metric in ours} <= set(re.findall(r'"(\w+)"', code))


def test_the_graphs_of_cost_compute_lambda_and_kinesis_by_the_file_of_prices(planned: Resources) -> None:
    """A GB-second of each function and a thousand invocations, 10 GB of chunks on demand; two million records."""
    (business,) = [
        json.loads(dashboard["dashboard_body"])
        for dashboard in of_type(planned, "aws_cloudwatch_dashboard").values()
        if dashboard["dashboard_name"] == "acme-business"
    ]
    day, million = [found["properties"] for found in business["widgets"] if "cost" in found["properties"]["title"]]
    functions = {
        function["function_name"]: function["memory_size"]
        for function in of_type(planned, "aws_lambda_function").values()
    }

    def value(metric: list[Any]) -> float:
        name, about = metric[1], metric[3]
        a_gb_second = 1000 * 1024 / functions.get(about, 1)
        known = {"Duration": a_gb_second, "Invocations": 1000, "IncomingBytes": 10 * 2**30, "RecordsValid": 900_000}
        return known.get(name, 100_000)

    def results(graph: dict[str, Any]) -> dict[str, float]:
        sources = {metric[-1]["id"]: value(metric) for metric in graph["metrics"] if isinstance(metric[0], str)}
        formulas = [metric[0] for metric in graph["metrics"] if not isinstance(metric[0], str)]
        known = {"FILL": lambda found, missing: found, "__builtins__": {}}
        return {formula["label"]: eval(formula["expression"], known, sources) for formula in formulas}

    a_day = {"Lambda": 4 * (0.0000133334 + 1000 * 0.0000002), "Kinesis": 24 * 0.04 + 10 * (0.08 + 0.04)}
    assert results(day) == pytest.approx(a_day)
    assert results(million) == pytest.approx({"a million records": sum(a_day.values()) / 2})
    assert (day["period"], day["stat"]) == (million["period"], million["stat"]) == (86_400, "Sum")
    assert day["yAxis"]["left"]["label"] == "US dollars (estimated, list prices of 2026-09-25)"


def _metrics(body: dict[str, Any]) -> Iterator[list[Any]]:
    for widget in body["widgets"]:
        yield from (metric for metric in widget["properties"]["metrics"] if isinstance(metric[0], str))


def test_every_dataset_has_the_alarms_of_its_promise(planned: Resources) -> None:
    alarms = {
        (alarm["metric_name"], alarm["dimensions"]["dataset"]): alarm
        for alarm in of_type(planned, "aws_cloudwatch_metric_alarm").values()
        if "dataset" in (alarm["dimensions"] or {}) and alarm["dimensions"]["service"] == "auditor"
    }
    thresholds = {key: alarm["threshold"] for key, alarm in alarms.items()}
    assert thresholds == {
        ("RecordsUnaccounted", "parcels"): 0,
        ("RecordsUnaccounted", "visits"): 0,
        ("RecordsUnaccounted", "_unknown"): 0,
        ("OldestUnloadedSeconds", "parcels"): 600,
        ("OldestUnloadedSeconds", "visits"): 900,
        ("OldestUnloadedSeconds", "_unknown"): 900,
    }
    # A run that could not look at everything publishes no 0: the state that is known stays.
    assert {(alarm["period"], alarm["treat_missing_data"]) for alarm in alarms.values()} == {(900, "ignore")}


def test_an_auditor_that_does_not_run_is_noticed(planned: Resources) -> None:
    alarm = planned['module.observability.aws_cloudwatch_metric_alarm.this["auditor-incomplete"]']
    assert (alarm["treat_missing_data"], alarm["period"], alarm["statistic"]) == ("breaching", 2 * 900, "Minimum")


def test_the_auditor_reads_and_seals_and_touches_nothing_else(planned: Resources) -> None:
    granted = {
        (action, resource.rpartition(":")[2])
        for sid, statement in role_statements(planned, "auditor").items()
        for action in statement["Action"]
        for resource in statement["Resource"]
        if action.startswith("s3:") and sid != "WriteSeals"
    }
    assert granted == {
        ("s3:ListBucketVersions", "acme-raw-data"),
        ("s3:ListBucket", "acme-processed-data"),
        ("s3:ListBucket", "acme-quarantine-data"),
        ("s3:GetObject", "acme-processed-data/data/*"),
        ("s3:GetObject", "acme-processed-data/receipts/*"),
        ("s3:GetObject", "acme-quarantine-data/quarantine/*"),
    }


def test_only_the_schedule_sends_to_the_auditors_dead_letters(planned: Resources) -> None:
    policy = {
        statement["Sid"]: statement for statement in statements(planned["aws_sqs_queue.auditor_dead_letter"]["policy"])
    }
    rule = "arn:aws:events:eu-central-1:111122223333:rule/acme-auditor-schedule"
    assert policy.keys() == {"DenyPlainTransport", "LetScheduleSend"}
    assert policy["LetScheduleSend"]["Condition"]["ArnEquals"] == {"aws:SourceArn": rule}
    key = {
        statement["Sid"]: statement
        for statement in statements(planned["module.operations_key.aws_kms_key.this"]["policy"])
    }
    assert key["RulesSend"]["Condition"]["ArnLike"] == {"aws:SourceArn": [rule]}


def test_a_contract_that_says_how_bad_its_records_may_be_has_an_alarm(planned: Resources) -> None:
    prefix = "module.observability.aws_cloudwatch_metric_alarm.this"
    found = {name: alarm for name, alarm in planned.items() if name.startswith(f'{prefix}["processor-bad-share')}
    (alarm,) = found.values()
    assert list(found) == [f'{prefix}["processor-bad-share-parcels"]']
    queries = {query["id"]: query for query in alarm["metric_query"]}
    assert (alarm["threshold"], alarm["comparison_operator"]) == (0.05, "GreaterThanThreshold")
    assert alarm["alarm_description"].startswith("More than 5 % of the records")
    assert queries["result"]["expression"] == "IF(bad + good >= 100, bad / (bad + good), 0)"
    assert [query["id"] for query in alarm["metric_query"] if query["return_data"]] == ["result"]
    for name, metric in {"bad": "RecordsQuarantined", "good": "RecordsValid"}.items():
        (asked,) = queries[name]["metric"]
        assert (asked["metric_name"], asked["period"], asked["stat"]) == (metric, 900, "Sum")
        assert asked["dimensions"] == {"service": "processor", "dataset": "parcels"}


def test_held_events_are_kept_as_long_as_sqs_keeps_anything_and_watched_before(planned: Resources) -> None:
    queue = planned["aws_sqs_queue.held"]
    assert (queue["message_retention_seconds"], bool(queue["kms_master_key_id"])) == (14 * 86_400, True)
    alarm = planned['module.observability.aws_cloudwatch_metric_alarm.this["processor-held-age"]']
    assert (alarm["metric_name"], alarm["threshold"]) == ("ApproximateAgeOfOldestMessage", 10 * 86_400)


def test_every_runbook_has_its_four_parts() -> None:
    for path in RUNBOOKS.glob("*-*.md"):
        headings = [line for line in path.read_text().splitlines() if line.startswith("## ")]
        assert headings == ["## Meaning", "## Impact", "## Diagnosis", "## Mitigation"], path.name


def test_every_queue_has_a_dead_letter_queue_with_an_alarm(planned: Resources) -> None:
    # What is held waits for a person, who sends it on: nothing reads it, and its age has an alarm of its own.
    assert queues_without_dead_letters(planned) == {"acme-raw-held"}
    assert {name for metric, name in unwatched(planned) if metric == "ApproximateNumberOfMessagesVisible"} == set()


def test_every_function_has_its_alarms(planned: Resources) -> None:
    assert unwatched(planned) == set()


def test_everything_that_can_be_encrypted_has_one_of_our_keys(planned: Resources) -> None:
    fields = {
        "aws_sqs_queue": "kms_master_key_id",
        "aws_sns_topic": "kms_master_key_id",
        "aws_kinesis_stream": "kms_key_id",
        "aws_lambda_function": "kms_key_arn",
        "aws_cloudwatch_log_group": "kms_key_id",
        "aws_secretsmanager_secret": "kms_key_id",
        "aws_redshiftserverless_namespace": "kms_key_id",
    }
    for kind, field in fields.items():
        for address, values in of_type(planned, kind).items():
            assert values[field].startswith("arn:aws:kms:eu-central-1:111122223333:key/"), address


def test_only_the_migrator_reads_the_administrators_secret(planned: Resources) -> None:
    readers = {
        address
        for address, role in of_type(planned, "aws_iam_role_policy").items()
        for statement in statements(role["policy"])
        if any("redshift!" in resource for resource in statement["Resource"])
    }
    assert readers == {"module.migrator.aws_iam_role_policy.this"}


def test_whoever_plays_a_role_in_the_warehouse_may_log_in_there_and_follow_his_own_statements(
    planned: Resources,
) -> None:
    variables = planned["module.migrator.aws_lambda_function.this"]["environment"][0]["variables"]
    members = json.loads(variables["DATAVAULT_WAREHOUSE_MEMBERS"])
    assert members == {role: f"acme-{role}" for role in ("analyst", "auditor", "loader", "reader")}
    roles = {role["name"] for role in of_type(planned, "aws_iam_role").values()}
    assert set(members.values()) <= roles
    granted = {
        "loader": role_statements(planned, "loader"),
        "auditor": role_statements(planned, "auditor"),
        **{
            role: {found["Sid"]: found for found in statements(policy["policy"])}
            for role in ("analyst", "reader")
            for policy in [planned[f'aws_iam_role_policy.people["{role}"]']]
        },
    }
    for role, found in granted.items():
        assert found["LogIn"]["Action"] == ["redshift-serverless:GetCredentials"], role
        assert found["LogIn"]["Resource"] == ["arn:aws:redshift-serverless:eu-central-1:111122223333:workgroup/w"], role
        owner = {"StringEquals": {"redshift-data:statement-owner-iam-userid": "${aws:userid}"}}
        assert found["FollowOwnStatements"]["Condition"] == owner, role
