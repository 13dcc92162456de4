"""Read again from a raw object what quarantine does not keep: a CSV header, and records that it keeps cut."""

import csv
from collections.abc import Callable, Collection

from .contract import Contract
from .formats import ObjectRejectedError, choose
from .formats.csv import split_header
from .inflate import Inflater
from .quarantine import QuarantineEntry
from .reasons import Reason
from .wire import KEPT_BYTES, MIB

_BOM = "\ufeff"


def is_cut(entry: QuarantineEntry) -> bool:
    """Whether quarantine may hold only the beginning of a record."""
    return entry.reason is Reason.TOO_LARGE or len(entry.original_bytes) >= KEPT_BYTES


def csv_header(source: Callable[[int], bytes]) -> bytes:
    """The first row of a CSV object, as it came."""
    # A header is at most a record long, and a record at most half a MiB.
    return split_header(Inflater(source, MIB).peek(MIB))[0]


def column_names(header: bytes, delimiter: str) -> list[str]:
    """The names in a header row; none if it is not readable."""
    text = header.decode("utf-8", "replace").removeprefix(_BOM)
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []


def originals(source: Callable[[int], bytes], key: str, contract: Contract, lines: Collection[int]) -> dict[int, bytes]:
    """The whole originals of the lines, as far as the contract's limits let them be read."""
    found: dict[int, bytes] = {}
    wanted = sorted(lines)
    if not wanted:
        return found
    inflater = Inflater(source, contract.max_object_bytes)
    try:
        for batch in choose(inflater, key, contract).batches(inflater, contract):
            # Of a line over the limit the reader keeps the head alone.
            cut = {
                reject.line
                for reject in batch.rejects
                if reject.reason is Reason.TOO_LARGE or len(reject.original) >= KEPT_BYTES
            }
            places = range(batch.first, batch.first + len(batch.originals))
            found |= {
                line: bytes(batch.originals[line - batch.first])
                for line in wanted
                if line in places and line not in cut
            }
            if batch.first > wanted[-1]:
                break
    except ObjectRejectedError:
        pass  # not one line can be told: none is found
    return found
