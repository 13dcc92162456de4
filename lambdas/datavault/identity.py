"""Names: the ids of raw objects and chunks, and the keys of every object the pipeline writes.

Everything here is a function of what S3 says of the raw object, never of the clock (invariants 1 and 2 of
docs/architecture.md).
"""

import hashlib
from datetime import datetime

import msgspec

UNKNOWN_DATASET = "_unknown"
# What `make smoke` sends: a few records for each deployment, nobody's data.
CANARY_DATASET = "canary"

# Metadata of a Parquet object. How many of the contract's columns it has: the loader reads it, because a contract may
# have grown since the object was written. How many records: for who counts without reading Parquet. And the hash of the
# chunk's header, which says what it was made from, whatever made it.
COLUMNS_METADATA = "columns"
RECORDS_METADATA = "records"
PLAN_METADATA = "plan"


class RawObject(msgspec.Struct, frozen=True):
    """One version of one object in the raw bucket. `last_modified` is UTC, with a time zone."""

    bucket: str
    key: str
    version_id: str
    last_modified: datetime
    size: int

    @property
    def id(self) -> str:
        """32 hexadecimal characters: half of a SHA-256 over bucket, key and version id."""
        # S3 forbids NUL in none of the three, but keys are UTF-8 without it in practice and bucket names never have
        # it; the lengths in front keep two different triples from ever reading the same.
        text = f"{len(self.bucket)}:{self.bucket}{len(self.key)}:{self.key}{self.version_id}"
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    @property
    def dataset(self) -> str:
        """The first folder of the key; empty when the key has no folder."""
        folder, slash, _ = self.key.partition("/")
        return folder if slash else ""

    @property
    def source(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    @property
    def date(self) -> str:
        return self.last_modified.date().isoformat()


def chunk_id(object_id: str, first_line: int) -> str:
    """A chunk's id sorts by its place in the object."""
    return f"{object_id}-{first_line:012d}"


def chunk_object_id(chunk: str) -> str:
    return chunk.partition("-")[0]


def parquet_key(dataset: str, date: str, chunk: str) -> str:
    return f"data/{dataset}/dt={date}/{chunk}.parquet"


def receipt_key(dataset: str, date: str, object_id: str) -> str:
    return f"receipts/{dataset}/dt={date}/{object_id}.json"


def quarantine_key(dataset: str, date: str, object_id: str) -> str:
    return f"quarantine/{dataset}/dt={date}/{object_id}.ndjson.zst"


def claim_key(date: str, object_id: str) -> str:
    """Says under which contract an object was begun. Free of the dataset: a contract may come or go in between."""
    return f"claims/dt={date}/{object_id}.json"


def archived_contract_key(dataset: str, digest: str) -> str:
    return f"contracts/{dataset}/{digest}.json"


def seal_key(dataset: str, date: str, number: int) -> str:
    return f"seals/{dataset}/dt={date}/{number:06d}.json"


def failed_chunk_key(dataset: str, date: str, chunk: str) -> str:
    """In the quarantine bucket: a chunk that no retry can enrich, whole."""
    return f"failed-chunks/{dataset}/dt={date}/{chunk}.zst"


def failed_load_key(dataset: str, date: str, chunk: str) -> str:
    """In the quarantine bucket: why Redshift does not take a chunk's Parquet object, which stays where it is."""
    return f"failed-loads/{dataset}/dt={date}/{chunk}.json"


def replay_plan_key(dataset: str, object_id: str, number: int) -> str:
    """In the quarantine bucket: which bad records of an object were sent again, as one new raw object."""
    return f"replays/{dataset}/{object_id}/{number:06d}.json"


def replay_raw_key(dataset: str, object_id: str, number: int, suffix: str) -> str:
    """In the raw bucket: those records' second life."""
    return f"{dataset}/_replay/{object_id}/{number:06d}{suffix}"


def pause_key(dataset: str) -> str:
    """In the quarantine bucket: while this object exists, the processor takes no new object of the dataset."""
    return f"paused/{dataset}.json"


def manifest_key(dataset: str, body: bytes) -> str:
    return f"manifests/{dataset}/{hashlib.sha256(body).hexdigest()}.manifest"


def dataset_of_parquet_key(key: str) -> str:
    """The dataset of a key made by `parquet_key`.

    Raises
    ------
    ValueError
        The key is not one of ours.
    """
    return _parquet_parts(key)[0]


def date_of_parquet_key(key: str) -> str:
    """The date of a key made by `parquet_key`. Raises as `dataset_of_parquet_key`."""
    return _parquet_parts(key)[1]


def _parquet_parts(key: str) -> tuple[str, str]:
    match key.split("/"):
        case ["data", dataset, partition, name] if partition.startswith("dt=") and name.endswith(".parquet"):
            return dataset, partition.removeprefix("dt=")
    raise ValueError(f"not a Parquet object of this pipeline: {key}")
