"""Migrator: brings the warehouse's tables, roles and grants to the contracts. Terraform invokes it.

In the loader's zip, so that both know the same contracts, and a function of its own, because it alone logs in as the
warehouse's administrator. What is refused fails the invocation, and so the apply.
"""

from typing import Any

import msgspec
from aws_lambda_powertools.utilities.typing import LambdaContext

from datavault.contract import Contracts
from datavault.edges.warehouse import Warehouse
from datavault.settings import contracts_folder, required, time_left
from datavault.stages.migration import migrate

MEMBERS = "DATAVAULT_WAREHOUSE_MEMBERS"
_WAREHOUSE = ("DATAVAULT_WORKGROUP", "DATAVAULT_DATABASE", "DATAVAULT_WAREHOUSE_SECRET_ARN")

*login, members = required((*_WAREHOUSE, MEMBERS)).values()
warehouse = Warehouse(*login)
# The IAM role that plays each database role.
iam_roles = msgspec.json.decode(members, type=dict[str, str])
contracts = Contracts(contracts_folder())


def migrate_data(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Lambda's entry point."""
    return {"statements": migrate(contracts, warehouse, iam_roles, time_left(context))}
