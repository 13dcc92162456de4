"""What the dashboards show: how fast and well it works, what it does for whom at what cost, and each dataset.

Prometheus has the numbers that rules compare; percentiles, invocations at once and bills are asked from CloudWatch.
"""

import yaml

from .cloudwatch import FUNCTIONS, NAMESPACE
from .grafana import Graph, Query, Statistic, as_json
from .objectives import FRESHNESS_BUDGET, PROCESSING_BUDGET
from .promises import BAD_SHARE, LATENCY, Promise

_DATASET = "{{dataset}}"


def dashboards(promises: list[Promise], prices: str) -> dict[str, str]:
    """Make every dashboard's JSON, by its file's name; `prices` is the list that costs are computed with."""
    made = {
        "performance.json": as_json(
            "datavault-performance",
            "DataVault: performance",
            "How fast and how well it works.",
            [*_worker(), *_queues(), *_functions()],
        ),
        "business.json": as_json(
            "datavault-business", "DataVault: business", "What it does for whom, and at what cost.", _business(prices)
        ),
    }
    for promise in promises:
        title = f"DataVault: {promise.dataset}"
        made[f"dataset-{promise.dataset.strip('_')}.json"] = as_json(
            f"datavault-dataset-{promise.dataset.strip('_')}", title, promise.purpose, _dataset(promise)
        )
    return made


def _worker() -> list[Graph]:
    seconds = "sum by (dataset, le) (rate(datavault_processing_duration_seconds_bucket[$__rate_interval]))"
    return [
        Graph(
            "Worker: from the event to the receipt",
            [Query("max by (dataset) (datavault_processing_latency_seconds)", _DATASET), Query("vector(30)", "alert")],
            "s",
            "The last finished object, or the oldest in work.",
        ),
        Graph(
            "Worker: work on one object",
            [
                Query(f"histogram_quantile({share}, {seconds})", f"{_DATASET} p{share * 100:g}")
                for share in (0.5, 0.95, 0.99)
            ],
            "s",
        ),
        Graph(
            "Worker: share of attempts that fail",
            [
                Query("datavault:processing_errors:ratio_rate5m", "5 minutes"),
                Query("datavault:processing_errors:ratio_rate1h", "an hour"),
                Query(f"vector({PROCESSING_BUDGET:g})", "budget"),
            ],
            "percentunit",
        ),
        Graph(
            "Worker: failures by class",
            [Query("sum by (error) (increase(datavault_processing_errors_total[$__rate_interval]))", "{{error}}")],
        ),
        Graph(
            "Worker: bytes read",
            [Query("sum by (dataset) (rate(datavault_read_bytes_total[$__rate_interval]))", _DATASET)],
            "Bps",
        ),
        Graph(
            "Worker: objects in work, and workers",
            [
                Query("sum(datavault_objects_in_flight)", "objects"),
                Query('sum(up{job="datavault-processor"})', "workers"),
            ],
        ),
    ]


def _queues() -> list[Graph]:
    return [
        Graph(
            "Oldest message of each queue",
            [
                Query("max by (name) (aws_sqs_approximate_age_of_oldest_message_maximum)", "{{name}}"),
                Query(f"min({LATENCY}) / 2", "alert"),
            ],
            "s",
        ),
        Graph(
            "Messages of each queue",
            [Query("max by (name) (aws_sqs_approximate_number_of_messages_visible_maximum)", "{{name}}")],
        ),
        Graph(
            "Given up, waiting for a person",
            [
                Query(
                    'max by (name) (aws_sqs_approximate_number_of_messages_visible_maximum{name=~".+-dlq"})',
                    "{{name}}",
                )
            ],
        ),
        Graph(
            "Stream: age of the oldest chunk",
            [Query("max(aws_kinesis_get_records_iterator_age_milliseconds_maximum)", "iterator age")],
            "ms",
        ),
    ]


def _functions() -> list[Graph]:
    def asked(metric: str, statistic: str) -> list[Statistic]:
        return [
            Statistic("AWS/Lambda", metric, {"FunctionName": f"${{project}}-{name}"}, statistic, name)
            for name in FUNCTIONS
        ]

    return [
        *(Graph(f"Functions: duration, {share}", asked("Duration", share), "ms") for share in ("p50", "p95", "p99")),
        Graph("Functions: invocations at once", asked("ConcurrentExecutions", "Maximum")),
        Graph(
            "Functions: failed invocations in 5 minutes", [Query("max by (name) (aws_lambda_errors_sum)", "{{name}}")]
        ),
        Graph(
            "Functions: refused invocations in 5 minutes",
            [Query("max by (name) (aws_lambda_throttles_sum)", "{{name}}")],
        ),
    ]


def _business(prices: str) -> list[Graph]:
    usd = {name: price["usd"] for name, price in yaml.safe_load(prices)["prices"].items()}
    in_and_out = usd["kinesis_in"] + usd["kinesis_out"]
    return [
        Graph(
            "Kept promises of freshness, 30 days",
            [Query("1 - avg_over_time(datavault:freshness_broken[30d])", _DATASET)],
            "percentunit",
            "The share of the time in which nothing was older than the contract's latency.",
            is_number=True,
        ),
        Graph(
            "Budget of freshness that is left, 30 days",
            [Query(f"1 - avg_over_time(datavault:freshness_broken[30d]) / {FRESHNESS_BUDGET:g}", _DATASET)],
            "percentunit",
            is_number=True,
        ),
        Graph(
            "Valid records in a quarter of an hour",
            [Query('datavault:records:sum15m{outcome="valid"}', _DATASET)],
            description="By functions and workers.",
        ),
        Graph(
            "Quarantined records in a quarter of an hour",
            [Query('datavault:records:sum15m{outcome="quarantined"}', _DATASET)],
        ),
        Graph(
            "Rows loaded in 5 minutes",
            [Query("sum by (dimension_dataset) (aws_datavault_rows_loaded_sum)", "{{dimension_dataset}}")],
        ),
        Graph(
            "Bytes read in 5 minutes",
            [
                Query("sum by (dimension_dataset) (aws_datavault_bytes_read_sum)", "{{dimension_dataset}}: functions"),
                Query("sum by (dataset) (increase(datavault_read_bytes_total[5m]))", "{{dataset}}: workers"),
            ],
            "bytes",
        ),
        Graph("Records that are unaccounted for", [Query("datavault:records_unaccounted", _DATASET)]),
        Graph("Oldest object that is not loaded", [Query("datavault:oldest_unloaded_seconds", _DATASET)], "s"),
        Graph(
            "Stream: cost of its bytes, a day at this rate",
            [Query(f"sum(aws_kinesis_incoming_bytes_sum) * 288 / 1073741824 * {in_and_out:g}", "US dollars")],
            "currencyUSD",
            "List prices of us-east-1, as infrastructure/prices; the whole bill is `datavault cost`.",
        ),
        Graph(
            "The account's bill this month, by service",
            [
                Statistic(
                    "AWS/Billing",
                    "EstimatedCharges",
                    {"ServiceName": name, "Currency": "USD"},
                    "Maximum",
                    label,
                    "21600",
                )
                for name, label in {
                    "AWSLambda": "Lambda",
                    "AmazonKinesis": "Kinesis",
                    "AmazonRedshift": "Redshift",
                    "AmazonS3": "S3",
                    "AmazonEKS": "EKS",
                    "AmazonEC2": "EC2",
                }.items()
            ],
            "currencyUSD",
            "Of everything in the account; needs billing alerts to be on, and has its values in us-east-1 alone.",
        ),
    ]


def _dataset(promise: Promise) -> list[Graph]:
    chosen = f'dataset="{promise.dataset}"'
    of_cloudwatch = f'dimension_dataset="{promise.dataset}"'
    share = [Query(f"datavault:quarantined_share:ratio15m{{{chosen}}}", "bad")]
    if promise.max_bad_share is not None:
        share.append(Query(f"{BAD_SHARE}{{{chosen}}}", "maxBadShare"))
    by_hour = {"service": "processor", "dataset": promise.dataset}
    return [
        Graph(
            "Oldest object that is not loaded",
            [
                Query(f"datavault:oldest_unloaded_seconds{{{chosen}}}", "oldest"),
                Query(f"{LATENCY}{{{chosen}}}", "promised"),
            ],
            "s",
        ),
        Graph(
            "Kept promise of freshness, 30 days",
            [Query(f"1 - avg_over_time(datavault:freshness_broken{{{chosen}}}[30d])", "kept")],
            "percentunit",
            is_number=True,
        ),
        Graph(
            "Records in a quarter of an hour",
            [Query(f"sum by (outcome) (datavault:records:sum15m{{{chosen}}})", "{{outcome}}")],
        ),
        Graph("Share of bad records", share, "percentunit"),
        Graph(
            "Worker: bad records by reason",
            [
                Query(
                    f"sum by (reason) (increase(datavault_quarantined_records_total{{{chosen}}}[$__rate_interval]))",
                    "{{reason}}",
                )
            ],
        ),
        Graph(
            "Objects by what became of them: functions in 5 minutes, workers at this rate",
            [
                Query(f"sum(aws_datavault_objects_processed_sum{{{of_cloudwatch}}})", "functions"),
                Query(f"sum by (outcome) (increase(datavault_objects_total{{{chosen}}}[5m]))", "workers: {{outcome}}"),
            ],
        ),
        Graph("Rows loaded in 5 minutes", [Query(f"sum(aws_datavault_rows_loaded_sum{{{of_cloudwatch}}})", "rows")]),
        Graph("Unaccounted records", [Query(f"datavault:records_unaccounted{{{chosen}}}", "records")]),
        Graph(
            "Records by the functions, an hour",
            [
                Statistic(NAMESPACE, "RecordsValid", by_hour, "Sum", "valid", "3600"),
                Statistic(NAMESPACE, "RecordsQuarantined", by_hour, "Sum", "quarantined", "3600"),
            ],
        ),
        Graph(
            "Worker: from the event to the receipt",
            [Query(f"max(datavault_processing_latency_seconds{{{chosen}}})", "latency")],
            "s",
        ),
    ]
