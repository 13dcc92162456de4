"""What one unit of work takes: measured by `make bench`, in docs/benchmarks.json under `service`."""

from pathlib import Path

import msgspec

from .settings import ROOT

FILE = ROOT / "docs/benchmarks.json"


class Service(msgspec.Struct, frozen=True):
    """Seconds of CPU on one core, without AWS; sizes in bytes. The data set is `flights` as NDJSON."""

    processor_seconds_per_raw_mib: float
    processor_seconds_per_object: float
    enrichment_seconds_per_chunk: float
    raw_bytes_per_chunk: int
    chunk_bytes: int
    parquet_bytes_per_chunk: int
    records_per_chunk: int

    @property
    def record_bytes(self) -> float:
        return self.raw_bytes_per_chunk / self.records_per_chunk

    @property
    def stream_ratio(self) -> float:
        return self.raw_bytes_per_chunk / self.chunk_bytes

    @property
    def parquet_ratio(self) -> float:
        return self.raw_bytes_per_chunk / self.parquet_bytes_per_chunk


class _File(msgspec.Struct):
    service: Service


def load(path: Path = FILE) -> Service:
    return msgspec.json.decode(path.read_bytes(), type=_File).service
