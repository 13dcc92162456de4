"""A snapshot whose every number is known, with names that would be markup if anything were not escaped."""

from datetime import UTC, datetime, timedelta

from datavault.audit import Audit, Finding, ObjectAudit
from datavault.cli.console.snapshot import CostLine, Snapshot, Spent, build
from datavault.receipt import ChunkEntry, Receipt

HOSTILE = '</script><script>document.title="owned"</script><img src=x onerror="document.title=1">'
RECEIVED = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
GOOD_ID, BAD_ID = "a" * 32, "b" * 32


def receipt(object_id: str, key: str, minutes: int, reasons: dict[str, int]) -> Receipt:
    quarantined = sum(reasons.values())
    return Receipt(
        object_id=object_id,
        bucket="raw",
        key=key,
        version_id="v",
        size=1024,
        last_modified=RECEIVED + timedelta(minutes=minutes),
        dataset="orders",
        contract_version="1.0.0",
        format="ndjson",
        compression="none",
        lines=1000 + quarantined,
        valid=1000,
        quarantined=quarantined,
        reasons=reasons,
        chunks=[ChunkEntry(f"{object_id}-000000000001", 1, 1000, 1000)],
        quarantine_key="q" if quarantined else "",
    )


RECEIPTS = [
    receipt(GOOD_ID, "orders/good.ndjson", 0, {}),
    receipt(BAD_ID, f"orders/{HOSTILE}", 10, {"wrong_type": 3, HOSTILE: 5}),
]


def status() -> dict[str, object]:
    return {
        "environment": "local",
        "waiting": {"raw events": (7, 1), "Parquet events": (0, 0), "held events": (0, 0)},
        "paused": [],
        "given_up": {
            "raw events (DLQ)": 2,
            "Parquet events (DLQ)": 0,
            "enrichment batches": 0,
            "failed chunks": 0,
            "failed loads": 0,
        },
        "datasets": {"orders": {"raw_objects": 4242}},
    }


def snapshot(*findings: Finding) -> Snapshot:
    objects = [
        ObjectAudit(
            object_id=one.object_id,
            key=one.key,
            dataset=one.dataset,
            lines=one.lines,
            quarantined=one.quarantined,
            valid=one.valid,
            parquet=1000,
            loaded=1000,
            superseded=1,
            in_table=999,
            is_balanced=not any(finding.object_id == one.object_id for finding in findings),
        )
        for one in RECEIPTS
    ]
    return build(
        environment="local",
        region="us-east-1",
        taken_at=RECEIVED,
        calls=12,
        seconds=0.5,
        status=status(),
        audit=Audit(objects, list(findings)),
        receipts=RECEIPTS,
        loaded_at={GOOD_ID: RECEIVED + timedelta(seconds=12.5)},
        spent=Spent(0.5, [CostLine("S3: puts", 9.0, "request", 0.5)], "An estimate"),
    )
