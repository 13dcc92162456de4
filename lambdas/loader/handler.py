"""Loader: SQS messages that tell of Parquet objects in; rows in the warehouse out.

A message whose chunk is not in the warehouse afterwards goes back to the queue, and after its last try to the
dead-letter queue; so does a refused chunk, an incident. An object that Redshift cannot read is set aside.
"""

from collections import defaultdict
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from datavault import observe
from datavault.contract import Contracts
from datavault.edges.events import EventError, created_objects
from datavault.edges.warehouse import Warehouse
from datavault.settings import contracts_folder, required, time_left
from datavault.stages.loader import Load, Target, load_keys

_TARGET = ("DATAVAULT_PROCESSED_BUCKET", "DATAVAULT_QUARANTINE_BUCKET", "DATAVAULT_COPY_ROLE_ARN")
_WAREHOUSE = ("DATAVAULT_WORKGROUP", "DATAVAULT_DATABASE")

logger = Logger()
processed, quarantine, copy_role_arn, *login = required(_TARGET + _WAREHOUSE).values()
target = Target(processed, quarantine, Warehouse(*login), copy_role_arn)
contracts = Contracts(contracts_folder())


def load_data(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Lambda's entry point."""
    messages: dict[str, list[str]] = defaultdict(list)  # the messages that tell of each key
    tries: dict[str, int] = {}
    failed: list[str] = []
    for message in event["Records"]:
        try:
            for created in created_objects(message["body"]):
                messages[created.key].append(message["messageId"])
                tries[created.key] = int(message["attributes"]["ApproximateReceiveCount"])
        except EventError as error:
            logger.error("not an S3 event", error=str(error))  # noqa: TRY400  a trace would say nothing more
            failed.append(message["messageId"])
    for load in load_keys(tries, contracts, target, time_left(context)):
        report(load)
        failed += [message for key in load.to_try_again for message in messages[key]]
    return {"batchItemFailures": [{"itemIdentifier": message} for message in dict.fromkeys(failed)]}


def report(load: Load) -> None:
    """Log and count what became of one transaction."""
    rows = sum(status.row_count for status in load.loaded)
    observe.count_for(load.dataset, {"ChunksLoaded": len(load.loaded), "RowsLoaded": rows})
    observe.count(ChunksRefused=len(load.refused), LoadsSetAside=int(load.is_set_aside))
    log = logger.error if load.error or load.refused else logger.info
    # Redshift's words may quote the data: they are kept with what is set aside, not in the log.
    shown = f"Redshift, statement {load.statement_id}" if load.statement_id else load.error
    log("loaded", dataset=load.dataset, files=len(load.files), rows=rows, refused=load.refused, error=shown)
