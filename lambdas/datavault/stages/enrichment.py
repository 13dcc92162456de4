"""The enrichment's work on one chunk: the dataset's SQL, then one Parquet object, written once; or, set aside."""

import hashlib
import tempfile
import time
from datetime import datetime
from pathlib import Path

import msgspec

from ..chunk import open_chunk
from ..contract import Contracts
from ..edges import s3
from ..edges.clients import client
from ..enrich import Enrichers, EnrichmentError
from ..frames import FrameError
from ..identity import PLAN_METADATA, UNKNOWN_DATASET, failed_chunk_key, parquet_key
from ..masking import MaskingKeys

# How old the keys that a function holds may be; a rotation must lie further ahead (`datavault masking rotate`).
KEYS_SECONDS = 300.0


class Arrival(msgspec.Struct, frozen=True):
    """A chunk as the stream delivers it. `time` (UTC) is when the stream took it."""

    chunk: bytes
    partition_key: str
    time: datetime


class Written(msgspec.Struct, frozen=True):
    """A Parquet object that is in the processed bucket."""

    dataset: str
    key: str
    rows: int
    is_conflict: bool


class SetAside(msgspec.Struct, frozen=True):
    """A chunk that is in the quarantine bucket, whole, because trying again will not help."""

    dataset: str
    key: str
    error: str


class MaskingSecret:
    """The masking keys as Secrets Manager has them, looked at again every few minutes: functions live for hours."""

    def __init__(self, arn: str) -> None:
        self._arn = arn
        self._read: tuple[float, MaskingKeys] | None = None

    def keys(self) -> MaskingKeys:
        """The keys; no older than `KEYS_SECONDS`, so that a rotation is known before it is in force."""
        if self._read is None or time.monotonic() - self._read[0] >= KEYS_SECONDS:
            started = time.monotonic()
            secret = client("secretsmanager").get_secret_value(SecretId=self._arn)
            self._read = started, msgspec.json.decode(secret["SecretString"], type=MaskingKeys)
        return self._read[1]


def make_enrichers(contracts: Contracts, masking_secret_arn: str) -> Enrichers:
    """The enrichers of a function, with the masking keys of a secret."""
    return Enrichers(contracts, MaskingSecret(masking_secret_arn).keys, Path(tempfile.mkdtemp(prefix="datavault-")))


def enrich_chunk(
    arrival: Arrival, enrichers: Enrichers, contracts: Contracts, processed_bucket: str, quarantine_bucket: str
) -> Written | SetAside:
    """Enrich one chunk, or set it aside, so that it holds up no other.

    Raises
    ------
    EngineError, NewerContractError, UnknownDatasetError
        It cannot be enriched now.
    """
    try:
        parquet = enrichers.enrich(arrival.chunk)
    except (FrameError, EnrichmentError) as error:
        return _set_aside(arrival, str(error), quarantine_bucket)
    header = parquet.header
    key = parquet_key(header.dataset, header.date, header.id)
    put = s3.put_once(
        processed_bucket,
        key,
        parquet.data,
        tags=contracts.get(header.dataset).tags,
        metadata=parquet.metadata,
        made_from=PLAN_METADATA,
    )
    return Written(header.dataset, key, header.records, put is s3.Put.DIFFERENT)


def _set_aside(arrival: Arrival, error: str, bucket: str) -> SetAside:
    try:
        header, _ = open_chunk(arrival.chunk)
        dataset, key = header.dataset, failed_chunk_key(header.dataset, header.date, header.id)
    except FrameError:
        # Nothing says what it is: named by its bytes, dated by its arrival.
        dataset, digest = UNKNOWN_DATASET, hashlib.sha256(arrival.chunk).hexdigest()
        key = failed_chunk_key(dataset, arrival.time.date().isoformat(), digest)
    s3.put_once(
        bucket,
        key,
        arrival.chunk,
        tags={"dataset": dataset, "classification": "restricted"},
        # Metadata travels in headers: ASCII, 2 KB in all.
        metadata={"error": _ascii(error)[:1000], "partition-key": _ascii(arrival.partition_key)},
    )
    return SetAside(dataset, key, error)


def _ascii(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode()
