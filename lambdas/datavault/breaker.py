"""The circuit breaker: when an object is so bad that a dataset should stop. Pure; `stages/breaker.py` acts.

A contract says how large the share of bad records may be (`maxBadShare`) and what happens beyond it (`onBadShare`).
"""

import msgspec

from .contract import Contract
from .receipt import Receipt

# A share of fewer lines says little: one bad line of ten is a typing error, ten of a hundred are a bug.
MIN_LINES = 100


class Pause(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a dataset is paused: the object that was too bad, or a person's reason."""

    dataset: str
    object_id: str = ""
    lines: int = 0
    quarantined: int = 0
    threshold: float = 0.0
    reason: str = ""

    def encode(self) -> bytes:
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"


def decode(data: bytes) -> Pause:
    return msgspec.json.decode(data, type=Pause)


def trip(contract: Contract | None, receipt: Receipt) -> Pause | None:
    """The pause that an object's receipt calls for, if the contract wants one."""
    if contract is None or contract.max_bad_share is None or contract.on_bad_share != "pause":
        return None
    if receipt.lines < MIN_LINES or receipt.quarantined <= contract.max_bad_share * receipt.lines:
        return None
    return Pause(contract.dataset, receipt.object_id, receipt.lines, receipt.quarantined, contract.max_bad_share)
