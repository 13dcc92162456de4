"""What the contracts promise, as recording rules: alerts and dashboards compare with them, and hold no number."""

from pathlib import Path
from typing import Any

import msgspec

from datavault.authoring.odcs import compile_contract
from datavault.contract import Contract
from datavault.identity import UNKNOWN_DATASET

LATENCY = "datavault:promised_latency_seconds"
BAD_SHARE = "datavault:promised_max_bad_share"

type Rule = dict[str, Any]


class Promise(msgspec.Struct, frozen=True):
    """`max_bad_share` is None where the contract allows any."""

    dataset: str
    latency_seconds: int
    max_bad_share: float | None = None
    purpose: str = ""


def read_promises(contracts: Path) -> list[Promise]:
    """Read the promises of all contracts under a folder, and that of data without one.

    Raises
    ------
    ContractError
        A contract is not valid; the text names each problem.
    """
    compiled = [compile_contract(path.parent) for path in sorted(contracts.glob("*/contract.odcs.yaml"))]
    found = [
        Promise(contract.dataset, contract.freshness_seconds, contract.max_bad_share, contract.description)
        for contract in compiled
    ]
    # As the auditor: what is in no contract's folder is promised what everybody gets.
    default = next(field.default for field in msgspec.structs.fields(Contract) if field.name == "freshness_seconds")
    return [*found, Promise(UNKNOWN_DATASET, default, purpose="Objects under no contract's folder.")]


def promise_rules(promises: list[Promise]) -> dict[str, Any]:
    """Make the rules file: one constant for each promise of each dataset."""

    def constant(record: str, dataset: str, value: float) -> Rule:
        return {"record": record, "expr": f"vector({value:g})", "labels": {"dataset": dataset}}

    rules = [constant(LATENCY, promise.dataset, promise.latency_seconds) for promise in promises]
    limits = [(promise.dataset, promise.max_bad_share) for promise in promises]
    rules += [constant(BAD_SHARE, dataset, share) for dataset, share in limits if share is not None]
    return {"groups": [{"name": "datavault-promises", "rules": rules}]}
