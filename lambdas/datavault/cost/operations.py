"""What watches and guards: auditor, keys, secrets, alarms, logs, traces, trail, network."""

from statistics import fmean

from .bill import Bill, Part
from .pipeline import add_function
from .plan import Facts, flowing
from .storage import gets, puts
from .warehouse import Loads
from .workload import (
    AUDIT_SECONDS,
    DAYS_A_MONTH,
    FLOW_LOG_BYTES_PER_INVOCATION,
    GIB,
    HOURS_A_MONTH,
    LIST_SECONDS,
    LOG_BYTES_PER_INVOCATION,
    LOG_BYTES_PER_LOAD,
    Workload,
)

_PART = Part.OPERATIONS
_VERSIONS_PER_PAGE = 1000
# An audit lists seals and receipts of each of four days and data sets (stages/auditor.py); "_unknown" is one of them.
_LISTS_PER_DATASET = 8
# What a function counts (handlers' `observe.count_for` and `observe.count`): for each data set, and for itself.
_ALWAYS_PER_DATASET, _ALWAYS = 3, 1  # auditor
_BUSY_PER_DATASET, _BUSY = 6 + 2 + 2, 1 + 1 + 2  # processor, enrichment, loader
# A data key is good for five minutes: two queues, the stream and a function's reading of each.
_KEYS_IN_USE, _KEY_PERIODS = 8, HOURS_A_MONTH * 12
_OBJECTS_PER_BUCKET_KEY = 100
# X-Ray's default rule: the first request of each second, and 5 % of the others.
_SAMPLED = 0.05


def audits(facts: Facts) -> float:
    return DAYS_A_MONTH * 1440 / facts.auditor_period_minutes


def listed_pages(facts: Facts, work: Workload) -> float:
    """Pages of raw versions that one audit lists: every object that the bucket keeps."""
    days = fmean(work.days_kept(rule.expiration_days) for rule in flowing(facts.raw).values())
    return work.objects / DAYS_A_MONTH * days / _VERSIONS_PER_PAGE


def audit_seconds(facts: Facts, work: Workload) -> float:
    return AUDIT_SECONDS + listed_pages(facts, work) * LIST_SECONDS


def add_operations(bill: Bill, facts: Facts, work: Workload, loads: Loads) -> None:
    invocations = {
        "processor": work.objects,
        "enrichment": work.chunks,
        "loader": loads.a_month,
        "auditor": audits(facts),
    }
    _add_auditor(bill, facts, work)
    _add_guards(bill, facts, work, loads)
    _add_metrics(bill, facts, work)
    _add_logs(bill, facts, work, loads, sum(invocations.values()))
    traced = sum(count for stage, count in invocations.items() if facts.functions[stage].is_traced)
    first = min(traced, HOURS_A_MONTH * 3600)
    bill.add(_PART, "X-Ray", "sampled traces", first + _SAMPLED * (traced - first), "xray_trace")


def _add_auditor(bill: Bill, facts: Facts, work: Workload) -> None:
    runs, timeout = audits(facts), facts.functions["auditor"].timeout_seconds
    add_function(bill, _PART, facts, "auditor", runs, 0, min(timeout, audit_seconds(facts, work)))
    lists = (len(facts.parquet) + 1) * _LISTS_PER_DATASET + 2 + listed_pages(facts, work)
    bill.add(_PART, "S3", "lists of the auditor", runs * lists, "s3_put")


def _add_guards(bill: Bill, facts: Facts, work: Workload, loads: Loads) -> None:
    bill.add(_PART, "KMS", "keys", facts.keys, "kms_key")
    requests = puts(work, loads) + gets(work, loads)
    calls = work.share_of_periods(_KEY_PERIODS) * _KEY_PERIODS * _KEYS_IN_USE + requests / _OBJECTS_PER_BUCKET_KEY
    bill.add(_PART, "KMS", "requests", calls, "kms_request")
    bill.add(_PART, "Secrets Manager", "secrets", facts.secrets, "secret")
    if facts.has_trail:
        bill.add(_PART, "CloudTrail", "objects written and read", requests, "cloudtrail_data_event")
    if facts.endpoint_zones:
        bill.add(_PART, "VPC", "interface endpoints", facts.endpoint_zones * HOURS_A_MONTH, "endpoint_hour")
        bill.add(_PART, "VPC", "chunks through endpoints", work.gb / work.stream_ratio, "endpoint_data")


def _add_metrics(bill: Bill, facts: Facts, work: Workload) -> None:
    service, datasets = "CloudWatch", len(facts.parquet)
    bill.add(_PART, service, "alarms, by metric", facts.alarm_metrics, "cloudwatch_alarm_metric")
    bill.add(_PART, service, "composite alarms", facts.composite_alarms, "cloudwatch_composite")
    bill.add(_PART, service, "dashboards", facts.dashboards, "cloudwatch_dashboard")
    # A metric is billed for the hours in which it has a value.
    busy = work.share_of_periods(HOURS_A_MONTH) * (datasets * _BUSY_PER_DATASET + _BUSY)
    always = (datasets + 1) * _ALWAYS_PER_DATASET + _ALWAYS
    bill.add(_PART, service, "metrics of the functions", always + busy, "cloudwatch_metric")


def _add_logs(bill: Bill, facts: Facts, work: Workload, loads: Loads, invocations: float) -> None:
    each = LOG_BYTES_PER_INVOCATION + (FLOW_LOG_BYTES_PER_INVOCATION if facts.has_flow_log else 0)
    gb = (invocations * each + loads.a_month * LOG_BYTES_PER_LOAD) / GIB
    bill.add(_PART, "CloudWatch", "logs in", gb, "logs_in")
    days = work.days_kept(facts.log_days or None)  # CloudWatch writes 0 for "for ever"
    bill.add(_PART, "CloudWatch", "logs kept", gb * days / DAYS_A_MONTH, "logs_kept")
