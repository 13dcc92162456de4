"""The loader's work: Parquet objects to one manifest per dataset, one transaction each."""

import json
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePosixPath

import msgspec
from botocore.exceptions import ClientError

from ..contract import Contract, Contracts, UnknownDatasetError
from ..edges import s3
from ..edges.clients import client
from ..edges.warehouse import StatementError, StatementTimeoutError, Warehouse
from ..identity import (
    COLUMNS_METADATA,
    UNKNOWN_DATASET,
    dataset_of_parquet_key,
    date_of_parquet_key,
    failed_load_key,
    manifest_key,
)
from ..warehouse_sql import (
    COPY_STATEMENT,
    ChunkStatus,
    load,
)

_HEADS_AT_ONCE = 16
_CONFLICT_ATTEMPTS = 4
# Deliveries of an object that Redshift refuses before it is blamed though nothing else could be loaded: the queue
# makes five, and then a dead letter, which would not keep Redshift's words.
_PATIENCE = 3


class ParquetFile(msgspec.Struct, frozen=True, order=True):
    """One Parquet object, as a manifest needs it. `size` is in bytes, `columns` counts the contract's columns in it."""

    key: str
    size: int
    columns: int

    @property
    def chunk_id(self) -> str:
        return PurePosixPath(self.key).stem


type Group = tuple[str, int]  # dataset, columns


def describe(bucket: str, keys: Iterable[str]) -> tuple[list[ParquetFile], dict[str, str]]:
    """Size and columns of each object; and the keys that are no Parquet object of ours, with what is wrong."""

    def head(key: str) -> ParquetFile | str:
        try:
            dataset_of_parquet_key(key)
            found = client("s3").head_object(Bucket=bucket, Key=key)
            return ParquetFile(key, found["ContentLength"], int(found["Metadata"][COLUMNS_METADATA]))
        except ClientError as error:
            return f"S3 answers {error.response['Error']['Code']}"
        except (KeyError, ValueError):
            return "not a Parquet object of this pipeline"

    client("s3")  # made here: botocore's session is not safe to make clients from threads
    asked = list(keys)
    with ThreadPoolExecutor(_HEADS_AT_ONCE) as pool:
        answers = dict(zip(asked, pool.map(head, asked), strict=True))
    files = [answer for answer in answers.values() if isinstance(answer, ParquetFile)]
    return files, {key: answer for key, answer in answers.items() if isinstance(answer, str)}


def group(files: Iterable[ParquetFile]) -> dict[Group, list[ParquetFile]]:
    """Objects that one COPY can load: of one dataset, with the same columns."""
    groups: dict[Group, list[ParquetFile]] = defaultdict(list)
    for file in sorted(set(files)):
        groups[dataset_of_parquet_key(file.key), file.columns].append(file)
    return groups


def manifest(bucket: str, files: Sequence[ParquetFile]) -> bytes:
    """A COPY manifest. Without `mandatory`, COPY passes over a missing file in silence; Parquet needs the length."""
    entries = [
        {"url": f"s3://{bucket}/{file.key}", "mandatory": True, "meta": {"content_length": file.size}} for file in files
    ]
    return json.dumps({"entries": entries}, indent=1).encode()


class Target(msgspec.Struct, frozen=True):
    """Where the loader reads and writes."""

    bucket: str
    quarantine_bucket: str
    warehouse: Warehouse
    copy_role_arn: str


class Load(msgspec.Struct, frozen=True):
    """What became of the objects of one transaction. `error` is Redshift's, when nothing of it was loaded."""

    dataset: str
    files: list[ParquetFile]
    statuses: list[ChunkStatus] = []
    error: str = ""
    statement_id: str = ""
    is_set_aside: bool = False

    @property
    def loaded(self) -> list[ChunkStatus]:
        return [status for status in self.statuses if status.status == "loaded"]

    @property
    def refused(self) -> list[str]:
        return [status.chunk_id for status in self.statuses if status.status == "refused"]

    @property
    def to_try_again(self) -> list[str]:
        """The keys of the objects that still have to be loaded."""
        if self.is_set_aside:
            return []
        done = {status.chunk_id for status in self.statuses if status.status != "refused"}
        return [file.key for file in self.files if file.chunk_id not in done]


def load_keys(
    tries: Mapping[str, int], contracts: Contracts, target: Target, remaining_seconds: Callable[[], float]
) -> Iterator[Load]:
    """Load Parquet objects, one transaction per dataset; what cannot be loaded does not stop the others.

    `tries` says of each key for which time the queue delivers it.
    """
    described, unreadable = describe(target.bucket, tries)
    for key, problem in unreadable.items():
        yield Load(UNKNOWN_DATASET, [ParquetFile(key, 0, 0)], error=problem)
    for (dataset, columns), files in group(described).items():
        try:
            contract = contracts.get(dataset)
        except UnknownDatasetError:
            yield Load(dataset, files, error="no contract describes the dataset")
            continue
        if columns > len(contract.columns):
            yield Load(dataset, files, error="written under a newer contract than this function has")
            continue
        outcomes = list(_split(contract, columns, files, target, remaining_seconds))
        # Where nothing can be loaded, the object is hardly to blame: the queue brings it again.
        is_warehouse_well = any(outcome.statuses for outcome in outcomes)
        for outcome in outcomes:
            if outcome.statement_id and (is_warehouse_well or tries[outcome.files[0].key] >= _PATIENCE):
                _set_aside(outcome, target)
                yield msgspec.structs.replace(outcome, is_set_aside=True)
            else:
                yield outcome


def _split(
    contract: Contract,
    columns: int,
    files: Sequence[ParquetFile],
    target: Target,
    remaining_seconds: Callable[[], float],
) -> Iterator[Load]:
    """One transaction; where Redshift refuses the data, halves of it, until the offender is alone.

    A Load with a `statement_id` is one object that Redshift does not take.
    """
    dataset, listed = contract.dataset, list(files)
    if remaining_seconds() < 0:
        yield Load(dataset, listed, error="no time was left")
        return
    try:
        yield Load(dataset, listed, _load(contract, columns, files, target, remaining_seconds))
    except StatementTimeoutError as error:
        yield Load(dataset, listed, error=f"no time was left for statement {error}")
    except StatementError as error:
        if error.number < COPY_STATEMENT or error.is_conflict:
            yield Load(dataset, listed, error=str(error))
        elif len(files) == 1:
            yield Load(dataset, listed, error=str(error), statement_id=error.statement_id)
        else:
            half = len(files) // 2
            for part in (files[:half], files[half:]):
                yield from _split(contract, columns, part, target, remaining_seconds)


def _load(
    contract: Contract,
    columns: int,
    files: Sequence[ParquetFile],
    target: Target,
    remaining_seconds: Callable[[], float],
) -> list[ChunkStatus]:
    body = manifest(target.bucket, files)
    key = manifest_key(contract.dataset, body)
    s3.put_once(target.bucket, key, body, tags=contract.tags)
    statements = load(contract, columns, f"s3://{target.bucket}/{key}", target.copy_role_arn)
    finished = _run(statements, target.warehouse, remaining_seconds)
    _, found = target.warehouse.rows(f"{finished}:{len(statements)}")
    return [ChunkStatus(str(chunk), str(status), int(count or 0)) for chunk, status, count in found]


def _run(statements: Sequence[str], warehouse: Warehouse, remaining_seconds: Callable[[], float]) -> str:
    """Run a transaction; again, a few times, when it met another one."""
    for attempt in range(1, _CONFLICT_ATTEMPTS + 1):
        try:
            return warehouse.run(statements, remaining_seconds)
        except StatementError as error:
            if not error.is_conflict or attempt == _CONFLICT_ATTEMPTS:
                raise
            time.sleep(random.uniform(0, attempt))  # noqa: S311  jitter
    raise AssertionError("unreachable: the last attempt returns or raises")


class FailedLoad(msgspec.Struct, frozen=True):
    """Why a chunk's Parquet object is not in the warehouse, in Redshift's words. The object stays where it is."""

    chunk_id: str
    dataset: str
    bucket: str
    key: str
    size: int
    error: str
    statement_id: str


def _set_aside(failed: Load, target: Target) -> None:
    (file,) = failed.files
    date = date_of_parquet_key(file.key)
    note = FailedLoad(
        file.chunk_id, failed.dataset, target.bucket, file.key, file.size, failed.error, failed.statement_id
    )
    body = msgspec.json.format(msgspec.json.encode(note), indent=1) + b"\n"
    tags = {"dataset": failed.dataset, "classification": "restricted"}  # Redshift's words may quote the data
    # A note that is there already tells of the same object. Not compared with this one: the loader may not read there.
    s3.put_absent(target.quarantine_bucket, failed_load_key(failed.dataset, date, file.chunk_id), body, tags=tags)
