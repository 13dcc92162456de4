"""DataVault's own core: what the two functions do, without AWS."""

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import IO

from datavault.chunk import Chunk
from datavault.enrich import Enricher
from datavault.identity import RawObject
from datavault.masking import MaskingKeys
from datavault.process import Processing

from ..datasets import CONTRACTS, FOLDER, Input
from ..outcome import Outcome

KEYS = MaskingKeys({"k1": "benchmark" * 4})
SMALL_OBJECTS = 5_000
_SMALL_RECORDS = 3  # flights in one kB


@cache
def enricher(dataset: str) -> Enricher:
    """As in a warm function: the database and its reference tables are there."""
    work = Path(tempfile.mkdtemp(prefix="datavault-bench-"))
    return Enricher(Input(dataset).data.contract, CONTRACTS / "reference" / dataset, work)


def core(wanted: Input) -> Outcome:
    """The processor's work, then the enrichment's: join, mask, check, write Parquet."""

    def enrich(chunk: Chunk) -> int:
        return len(enricher(wanted.dataset).enrich(chunk.data, KEYS).data)

    return _process(wanted, enrich)


def processor(wanted: Input) -> Outcome:
    """Decompress, validate, quarantine, encode, make chunks."""
    return _process(wanted, lambda chunk: 0)


def keep_chunks(wanted: Input) -> Outcome:
    """The processor, and its chunks as files, for `enrichment`."""
    folder = _chunk_folder(wanted)
    folder.mkdir(parents=True, exist_ok=True)
    return _process(wanted, lambda chunk: (folder / chunk.header.id).write_bytes(chunk.data))


def enrichment(wanted: Input) -> Outcome:
    """The enrichment alone, over the chunks that `keep_chunks` left."""
    outcome = Outcome()
    for file in sorted(_chunk_folder(wanted).iterdir()):
        found = enricher(wanted.dataset).enrich(file.read_bytes(), KEYS)
        outcome.records += found.header.records
        outcome.stream_records += 1
        outcome.parquet_bytes += len(found.data)
    return outcome


def small_objects(wanted: Input) -> Outcome:
    """Thousands of objects of one kB, each with its chunk and its receipt."""
    outcome = Outcome()
    contract, lines = wanted.data.contract, wanted.path.read_bytes().splitlines(keepends=True)
    for number in range(SMALL_OBJECTS):
        body = b"".join(lines[number % 500 : number % 500 + _SMALL_RECORDS])
        raw = RawObject("bench", f"{wanted.dataset}/{number}.ndjson", "v1", datetime(2026, 1, 1, tzinfo=UTC), len(body))
        processing = Processing(raw, contract, BytesIO(body).read)
        outcome.stream_bytes += sum(len(chunk.data) for chunk in processing.chunks())
        outcome.records += processing.receipt().valid
        outcome.stream_records += 1
    return outcome


def _chunk_folder(wanted: Input) -> Path:
    return FOLDER / "chunks" / wanted.path.name


def _process(wanted: Input, take: Callable[[Chunk], int]) -> Outcome:
    outcome = Outcome()
    size = wanted.path.stat().st_size * wanted.repeat
    key = f"{wanted.dataset}/{wanted.path.name}"
    raw = RawObject("bench", key, "v1", datetime(2026, 1, 1, tzinfo=UTC), size)
    with wanted.path.open("rb") as file:
        processing = Processing(raw, wanted.data.contract, _reader(file, wanted.repeat))
        for chunk in processing.chunks():
            outcome.stream_bytes += len(chunk.data)
            outcome.stream_records += 1
            outcome.parquet_bytes += take(chunk)
    receipt = processing.receipt()
    outcome.records, outcome.rejects = receipt.valid, receipt.quarantined
    return outcome


def _reader(file: IO[bytes], repeat: int) -> Callable[[int], bytes]:
    """A `read` over the file, `repeat` times: an object of any size that nobody has to store."""
    left = repeat

    def read(size: int) -> bytes:
        nonlocal left
        piece = file.read(size)
        if not piece and left > 1:
            left -= 1
            file.seek(0)
            piece = file.read(size)
        return piece

    return read
