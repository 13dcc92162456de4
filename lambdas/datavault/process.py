"""The processor's core: one raw object in, chunks out, then its receipt.

Streams: never more than one chunk's records are in memory, whatever the object's size. Pure but for `source`.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache

from .chunk import Chunk, merge_runs, seal
from .contract import Contract
from .formats import ObjectRejectedError, choose
from .identity import UNKNOWN_DATASET, RawObject, quarantine_key
from .inflate import Inflater
from .quarantine import QuarantineWriter
from .reasons import Reason, Reject
from .receipt import ChunkEntry, Receipt
from .records import Runs, Validator
from .rows import Layout, layout
from .wire import KEPT_BYTES

_validator = lru_cache(maxsize=64)(Validator)


class Processing:
    """The work on one raw object. Take all `chunks()`, then `receipt()`; `quarantine` holds the rejects."""

    def __init__(self, raw: RawObject, contract: Contract | None, source: Callable[[int], bytes]) -> None:
        self._raw = raw
        self._contract = contract
        self._source = source
        self._format = ""
        self._compression = ""
        self._layout: Layout | None = None
        self._entries: list[ChunkEntry] = []
        self.quarantine = QuarantineWriter(raw, contract.version if contract else "")

    def chunks(self) -> Iterator[Chunk]:
        """The chunks in the order of lines. Nothing that an object can hold makes this raise."""
        if self._contract is None:
            self.refuse(Reason.UNKNOWN_DATASET)
            return
        inflater = Inflater(self._source, self._contract.max_object_bytes)
        self._compression = inflater.compression
        try:
            for chunk in self._cut(inflater, self._contract):
                header = chunk.header
                self._entries.append(ChunkEntry(header.id, header.firstline, header.lastline, header.records))
                yield chunk
        except ObjectRejectedError as error:
            head = inflater.peek(KEPT_BYTES) if not self._format else b""
            reason = inflater.failure or error.reason
            self.quarantine.add([Reject(1, reason, error.field, head, rest=True)])
        self.quarantine.close()

    def refuse(self, reason: Reason) -> None:
        """Set the whole object aside, instead of taking its chunks."""
        self.quarantine.add([Reject(1, reason, "", b"", rest=True)])
        self.quarantine.close()

    def _cut(self, inflater: Inflater, contract: Contract) -> Iterator[Chunk]:
        reader = choose(inflater, self._raw.key, contract)
        self._format = reader.name
        self._layout = layout(contract, reader.name)
        judge = _validator(contract).judge
        encoded: list[bytes] = []
        runs: Runs = []
        input_bytes = 0
        for batch in reader.batches(inflater, contract):
            verdict = judge(batch)
            self.quarantine.add(verdict.rejects)
            encoded.append(verdict.encoded)
            merge_runs(runs, verdict.runs)
            input_bytes += batch.input_bytes
            if input_bytes >= reader.chunk_input_bytes:
                yield from self._seal(contract, b"".join(encoded), runs)
                encoded, runs, input_bytes = [], [], 0
        yield from self._seal(contract, b"".join(encoded), runs)

    def _seal(self, contract: Contract, encoded: bytes, runs: Runs) -> Iterator[Chunk]:
        for sealed in seal(self._raw, contract.version, encoded, runs, self._layout):
            if isinstance(sealed, Reject):
                self.quarantine.add([sealed])
            else:
                yield sealed

    def receipt(self) -> Receipt:
        """The receipt, once every chunk has been taken."""
        raw, contract, rejects = self._raw, self._contract, self.quarantine
        dataset = contract.dataset if contract else UNKNOWN_DATASET
        valid = sum(entry.records for entry in self._entries)
        return Receipt(
            object_id=raw.id,
            bucket=raw.bucket,
            key=raw.key,
            version_id=raw.version_id,
            size=raw.size,
            last_modified=raw.last_modified,
            dataset=dataset,
            contract_version=contract.version if contract else "",
            format=self._format,
            compression=self._compression,
            lines=valid + rejects.count,
            valid=valid,
            quarantined=rejects.count,
            reasons=dict(sorted(rejects.reasons.items())),
            chunks=self._entries,
            quarantine_key=quarantine_key(dataset, raw.date, raw.id) if rejects.count else "",
        )
