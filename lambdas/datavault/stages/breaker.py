"""The circuit breaker at work: a pause is an object in the quarantine bucket, looked at before an object is begun."""

import time

from ..breaker import Pause
from ..contract import Contract
from ..edges import s3
from ..identity import RawObject, claim_key, pause_key

# How long a dataset is taken as open without looking again: a look is a request, and objects come by the thousand.
# What a process begins in this time after the breaker opened is processed as ever.
LOOK_SECONDS = 15.0

_open_until: dict[tuple[str, str], float] = {}


def is_held(raw: RawObject, contract: Contract | None, processed_bucket: str, quarantine_bucket: str) -> bool:
    """Whether an object must wait: its dataset is paused, and no attempt has begun it.

    What is begun is finished, or some of its chunks would be in the warehouse and some not. That the dataset is paused
    is never remembered: a message that is held on an old answer would be held for nothing, behind `datavault resume`.
    """
    if contract is None or not _is_paused(quarantine_bucket, contract.dataset):
        return False
    return not s3.exists(processed_bucket, claim_key(raw.date, raw.id))


def open_breaker(pause: Pause, bucket: str, tags: dict[str, str]) -> None:
    """Pause a dataset. Of several objects that call for it, the first is named."""
    s3.put_once(bucket, pause_key(pause.dataset), pause.encode(), tags=tags)
    _open_until.pop((bucket, pause.dataset), None)


def _is_paused(bucket: str, dataset: str) -> bool:
    if time.monotonic() < _open_until.get((bucket, dataset), 0.0):
        return False
    if s3.exists(bucket, pause_key(dataset)):
        return True
    _open_until[bucket, dataset] = time.monotonic() + LOOK_SECONDS
    return False


def forget() -> None:
    """Look again at once; for tests, which do not wait."""
    _open_until.clear()
