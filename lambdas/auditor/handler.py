"""Auditor: invoked by the clock; reconciles the last days, seals what is settled, publishes what is missing.

`{"days": 30}` in the event looks further back, to seal what was mended late. Nobody waits for an answer: an invocation
that fails is tried once more, and then kept in the dead-letter queue.
"""

from datetime import UTC, datetime
from typing import Any

import msgspec
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from datavault import observe
from datavault.accounts import Account
from datavault.contract import Contracts
from datavault.edges.warehouse import Warehouse
from datavault.settings import contracts_folder, required, time_left
from datavault.stages.auditor import Auditor, Places

_BUCKETS = ("DATAVAULT_RAW_BUCKET", "DATAVAULT_PROCESSED_BUCKET", "DATAVAULT_QUARANTINE_BUCKET")
_WAREHOUSE = ("DATAVAULT_WORKGROUP", "DATAVAULT_DATABASE")

logger = Logger()
raw, processed, quarantine, *login, days = required((*_BUCKETS, *_WAREHOUSE, "DATAVAULT_AUDIT_DAYS")).values()
places = Places(raw, processed, quarantine, Warehouse(*login))
contracts = Contracts(contracts_folder())


def audit_data(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Lambda's entry point."""
    back = int(event.get("days", days))
    accounts = Auditor(places, contracts, back, datetime.now(UTC), time_left(context)).run()
    for account in accounts:
        report(account)
    incomplete = sum(not account.is_complete for account in accounts)
    # Also 0: it says that an audit was made.
    observe.count(DatasetsNotAudited=incomplete)
    return {"incomplete": incomplete, "sealed": sum(account.sealed for account in accounts)}


def report(account: Account) -> None:
    """Log and publish what was found of one dataset."""
    counts, seconds = account.gauges
    observe.count_for(account.dataset, counts, seconds)
    is_well = account.is_complete and not account.unaccounted
    log = logger.info if is_well else logger.error
    log(
        "audited" if account.is_complete else "audited in part: the time or the memory of one invocation was over",
        dataset=account.dataset,
        **counts,
        **seconds,
        problems=account.problems,
        findings=msgspec.to_builtins(account.findings),
    )
