"""Loader: SQS messages that tell of Parquet objects in; rows in the warehouse out. Also `{"action": "migrate"}`.

The messages of one batch become one transaction per dataset. Its failure is every message's: they return to the queue,
and after their last try to the dead-letter queue. A refused chunk is an incident, and goes the same way.
"""

from collections import defaultdict
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from datavault import observe
from datavault.contract import Contracts
from datavault.edges.events import EventError, created_objects
from datavault.edges.warehouse import StatementError, StatementTimeoutError, Warehouse
from datavault.settings import contracts_folder, required
from datavault.stages import loader

# Kept back of the function's time, to cancel a statement and to answer.
_RESERVED_SECONDS = 10.0

logger = Logger()
settings = required(
    (
        "DATAVAULT_PROCESSED_BUCKET",
        "DATAVAULT_WORKGROUP",
        "DATAVAULT_DATABASE",
        "DATAVAULT_WAREHOUSE_SECRET_ARN",
        "DATAVAULT_COPY_ROLE_ARN",
    )
)
bucket, workgroup, database, secret_arn, copy_role_arn = settings.values()
warehouse = Warehouse(workgroup, database, secret_arn)
contracts = Contracts(contracts_folder())


def load_data(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Lambda's entry point."""

    def remaining_seconds() -> float:
        return context.get_remaining_time_in_millis() / 1000 - _RESERVED_SECONDS

    if event.get("action") == "migrate":
        return {"statements": loader.migrate(contracts, warehouse, remaining_seconds)}
    messages, failed = _keys(event)
    for (dataset, columns), files in loader.group(loader.describe(bucket, messages)).items():
        try:
            statuses = loader.load_files(
                contracts.get(dataset), columns, files, bucket, warehouse, copy_role_arn, remaining_seconds
            )
            taken = {status.chunk_id for status in statuses if status.status != "refused"}
        except (StatementError, StatementTimeoutError) as error:
            logger.error("load failed", dataset=dataset, files=len(files), error=str(error))
            statuses, taken = [], set()
        loaded = [status for status in statuses if status.status == "loaded"]
        refused = [status.chunk_id for status in statuses if status.status == "refused"]
        observe.count_for(
            dataset, {"ChunksLoaded": len(loaded), "RowsLoaded": sum(status.row_count for status in loaded)}
        )
        observe.count(ChunksRefused=len(refused))
        logger.info("loaded", dataset=dataset, loaded=len(loaded), files=len(files), refused=refused)
        failed += [message for file in files if file.chunk_id not in taken for message in messages[file.key]]
    return {"batchItemFailures": [{"itemIdentifier": message} for message in dict.fromkeys(failed)]}


def _keys(event: dict[str, Any]) -> tuple[dict[str, list[str]], list[str]]:
    """The messages that tell of each key, and the messages that tell of none."""
    messages: dict[str, list[str]] = defaultdict(list)
    failed: list[str] = []
    for message in event["Records"]:
        try:
            for created in created_objects(message["body"]):
                messages[created.key].append(message["messageId"])
        except EventError as error:
            logger.error("not an S3 event", error=str(error))
            failed.append(message["messageId"])
    return messages, failed
