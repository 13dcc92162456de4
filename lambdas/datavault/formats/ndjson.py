"""NDJSON: one JSON object a line. The line number is the one that an editor shows."""

from collections.abc import Iterator

from ..contract import Contract
from ..inflate import Inflater
from ..reasons import Reason, Reject
from ..records import Batch
from ..wire import KEPT_BYTES
from .blocks import blocks

_BOM = b"\xef\xbb\xbf"


def batches(inflater: Inflater, contract: Contract) -> Iterator[Batch]:
    line = 1
    for block in blocks(inflater, contract.max_record_bytes):
        data = block.data.removeprefix(_BOM) if line == 1 else block.data
        if block.unfinished:
            reason = inflater.failure or Reason.CORRUPT_STREAM
            yield Batch(line, [], [], [Reject(line, reason, "", data[:KEPT_BYTES], rest=True)], block.size)
            return
        if block.overlong:
            yield Batch(line, [b""], [data], [Reject(line, Reason.TOO_LARGE, "", data[:KEPT_BYTES])], block.size)
            line += 1
            continue
        lines = data.split(b"\n")
        yield Batch(line, lines, lines, [], block.size)
        line += len(lines)
