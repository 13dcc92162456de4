"""Readers: a raw object's bytes in, batches of JSON texts out. NDJSON, JSON array and CSV, told by their content."""

from collections.abc import Callable, Iterator

from ..contract import Contract
from ..inflate import Inflater
from ..reasons import Reason
from ..records import Batch
from ..wire import CSV_CHUNK_INPUT_BYTES, JSON_CHUNK_INPUT_BYTES
from . import csv, json_array, ndjson
from .errors import ObjectRejectedError

__all__ = ["ObjectRejectedError", "Reader", "choose"]

type _Read = Callable[[Inflater, Contract], Iterator[Batch]]

# Enough for any header line that a person would call one.
_PEEK_BYTES = 64 * 1024
_BOM = b"\xef\xbb\xbf"
# What other tools write: said by name, because "invalid JSON" would send a person the wrong way.
_FOREIGN = (
    *(b"PAR1", b"PK\x03\x04", b"ORC", b"Obj\x01", b"\xff\xfe", b"\xfe\xff", b"%PDF"),
    # Compressed by something else, or once more.
    *(b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf\x27\x1c", b"\x04\x22\x4d\x18", b"\x1f\x8b", b"\x28\xb5\x2f\xfd"),
)
_TAR = slice(257, 262)  # where an archive of tar says "ustar"


class Reader:
    """How one raw object is to be read: the format's name, its reader, and the raw bytes that go into a chunk."""

    def __init__(self, name: str, read: _Read, chunk_input_bytes: int) -> None:
        self.name = name
        self.batches = read
        self.chunk_input_bytes = chunk_input_bytes


_NDJSON = Reader("ndjson", ndjson.batches, JSON_CHUNK_INPUT_BYTES)
_JSON_ARRAY = Reader("json", json_array.batches, JSON_CHUNK_INPUT_BYTES)
_CSV = Reader("csv", csv.batches, CSV_CHUNK_INPUT_BYTES)


def choose(inflater: Inflater, key: str, contract: Contract) -> Reader:
    """The reader for an object, by its first bytes; the key's ending decides only where they do not.

    Raises
    ------
    ObjectRejectedError
        The content is of no format that can be read.
    """
    head = inflater.peek(_PEEK_BYTES)
    if head.startswith(_FOREIGN) or head[_TAR] == b"ustar":
        raise ObjectRejectedError(Reason.UNSUPPORTED_FORMAT)
    name = key.lower()
    is_named_lines = ".ndjson" in name or ".jsonl" in name
    match head.removeprefix(_BOM).lstrip()[:1]:
        case b"":
            return _NDJSON  # nothing to read; every reader finds no record
        case b"[" if not is_named_lines:
            return _JSON_ARRAY
        case b"{" | b"[":
            return _NDJSON
    if is_named_lines or name.removesuffix(".gz").removesuffix(".zst").endswith(".json"):
        return _NDJSON
    if ".csv" in name or csv.looks_like_header(head, contract):
        return _CSV
    raise ObjectRejectedError(Reason.UNSUPPORTED_FORMAT)
