"""Which quarantine objects a command works on, and their contents."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from ... import inventory
from ...edges.clients import client
from ...edges.listing import keys
from ...quarantine import QuarantineEntry, QuarantineHeader, read
from ...stages.replay import key_parts
from ..context import Context, Failure

_AT_ONCE = 16


def quarantine_keys(
    run: Context, object_ids: Sequence[str] = (), dataset: str | None = None, since: datetime | None = None
) -> list[str]:
    """The keys of quarantine objects: of these objects (or beginnings of ids), of this dataset, since this day.

    Raises
    ------
    Failure
        No object begins with one of the ids.
    """
    prefix = f"quarantine/{dataset}/" if dataset else "quarantine/"
    found = [str(item["Key"]) for item in keys(run.stack.quarantine_bucket, prefix)]
    if since:
        found = [key for key in found if key_parts(key)[1] >= since.date().isoformat()]
    if not object_ids:
        return found
    for wanted in object_ids:
        if not any(key_parts(key)[2].startswith(wanted) for key in found):
            raise Failure(f"no quarantined object begins with {wanted!r}", "`datavault quarantine list` shows them", 1)
    return [key for key in found if key_parts(key)[2].startswith(tuple(object_ids))]


def read_all(run: Context, names: Iterable[str]) -> Iterator[tuple[str, QuarantineHeader, list[QuarantineEntry]]]:
    """Each quarantine object: its key, its header, its entries."""
    bucket = run.stack.quarantine_bucket
    client("s3")  # made here: botocore's session is not safe to make clients from threads
    wanted = list(names)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for start in range(0, len(wanted), _AT_ONCE):  # no more in memory than are read at once
            some = wanted[start : start + _AT_ONCE]
            for key, body in zip(some, pool.map(lambda name: inventory.read(bucket, name), some), strict=True):
                yield key, *read(body)
