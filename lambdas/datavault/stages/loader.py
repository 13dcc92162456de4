"""The loader's work: Parquet objects to one manifest per dataset, one transaction each; and the migration."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePosixPath

import msgspec
from botocore.exceptions import ClientError

from ..contract import Contract, Contracts, UnknownDatasetError
from ..edges import s3
from ..edges.clients import client
from ..edges.warehouse import StatementError, StatementTimeoutError, Warehouse, rows
from ..identity import COLUMNS_METADATA, UNKNOWN_DATASET, dataset_of_parquet_key, manifest_key
from ..warehouse_sql import ChunkStatus, existing_columns, ledger_migration, load, migration, normalized_type

_HEADS_AT_ONCE = 16


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

    client("s3")  # made here: boto3's session is not safe to make clients from threads
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
    warehouse: Warehouse
    copy_role_arn: str


class Load(msgspec.Struct, frozen=True):
    """What became of the objects of one transaction. `error` is Redshift's, when nothing of it was loaded."""

    dataset: str
    files: list[ParquetFile]
    statuses: list[ChunkStatus]
    error: str = ""

    @property
    def loaded(self) -> list[ChunkStatus]:
        return [status for status in self.statuses if status.status == "loaded"]

    @property
    def refused(self) -> list[str]:
        return [status.chunk_id for status in self.statuses if status.status == "refused"]

    @property
    def not_in_warehouse(self) -> list[str]:
        """The keys of the objects that still have to be loaded."""
        done = {status.chunk_id for status in self.statuses if status.status != "refused"}
        return [file.key for file in self.files if file.chunk_id not in done]


def load_keys(
    keys: Iterable[str], contracts: Contracts, target: Target, remaining_seconds: Callable[[], float]
) -> Iterator[Load]:
    """Load Parquet objects, one transaction per dataset; what cannot be loaded does not stop the others."""
    described, unreadable = describe(target.bucket, keys)
    for key, problem in unreadable.items():
        yield Load(UNKNOWN_DATASET, [ParquetFile(key, 0, 0)], [], problem)
    for (dataset, columns), files in group(described).items():
        try:
            yield Load(dataset, files, _load(contracts.get(dataset), columns, files, target, remaining_seconds))
        except UnknownDatasetError:
            yield Load(dataset, files, [], "no contract describes the dataset")
        except (StatementError, StatementTimeoutError) as error:
            yield Load(dataset, files, [], str(error))


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
    finished = target.warehouse.run(statements, remaining_seconds)
    _, found = rows(f"{finished}:{len(statements)}")
    return [ChunkStatus(str(chunk), str(status), int(count or 0)) for chunk, status, count in found]


def migrate(contracts: Contracts, warehouse: Warehouse, remaining_seconds: Callable[[], float]) -> list[str]:
    """Bring the warehouse to the contracts; the statements that were run.

    Raises
    ------
    MigrationError
        A contract has changed in a way that the warehouse's table cannot follow.
    """
    statements = ledger_migration()
    for dataset in contracts.datasets():
        contract = contracts.get(dataset)
        _, found = warehouse.query(existing_columns(contract), remaining_seconds)
        existing = {str(name): normalized_type(*types) for name, *types in found}  # type: ignore[arg-type]
        statements += migration(contract, existing)
    for statement in statements:
        # One by one: Redshift changes a column's length only outside a transaction. Each can be repeated.
        warehouse.run([statement], remaining_seconds)
    return statements
