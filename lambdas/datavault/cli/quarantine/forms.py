"""How the records of one raw object are shown: masked, with their form left visible, or as they came."""

from collections.abc import Sequence

from ... import reread
from ...edges import s3
from ...edges.events import S3ObjectEvent
from ...identity import receipt_key
from ...masked import mask_record, mask_whole
from ...quarantine import QuarantineEntry
from ...receipt import Receipt
from ...receipt import decode as decode_receipt
from ...stages.replay import key_parts
from ..context import Context
from ..local_contracts import local_contract


class Form:
    """Shows the records of one raw object. `columns` is a CSV header; None for JSON."""

    def __init__(self, columns: Sequence[str] | None, delimiter: str = ",") -> None:
        self._columns, self._delimiter = columns, delimiter

    def show(self, entry: QuarantineEntry, original: bytes | None = None, *, reveal: bool = False) -> str:
        """One record; `original` if more of it is known than the entry has kept."""
        found = entry.original_bytes if original is None else original
        if reveal:
            return _text(found)
        if entry.rest:
            return mask_whole(found)
        return mask_record(found, self._columns, self._delimiter)


def _text(original: bytes) -> str:
    try:
        return original.decode()
    except UnicodeDecodeError:
        return repr(original)


def form_of(run: Context, quarantine_key: str) -> Form:
    """The form of an object's records, by its receipt and, for CSV, by its header."""
    dataset, date, object_id = key_parts(quarantine_key)
    key = receipt_key(dataset, date, object_id)
    if not s3.exists(run.stack.processed_bucket, key):
        return Form(None)
    return form_of_receipt(decode_receipt(s3.read(run.stack.processed_bucket, key)))


def form_of_receipt(receipt: Receipt) -> Form:
    """As `form_of`."""
    if receipt.format != "csv":
        return Form(None)
    contract = local_contract(receipt.dataset)
    delimiter = contract.csv.delimiter if contract else ","
    event = S3ObjectEvent(receipt.bucket, receipt.key, receipt.version_id, receipt.size, receipt.last_modified)
    try:
        _, read, close = s3.open_raw(event)
    except s3.ObjectGoneError:
        return Form([], delimiter)  # columns by number, then
    try:
        return Form(reread.column_names(reread.csv_header(read), delimiter), delimiter)
    finally:
        close()
