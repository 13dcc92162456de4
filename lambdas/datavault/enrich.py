"""The enrichment's core: one chunk in, one Parquet file out. Pure but for a folder to work in.

The records are read with the contract's types, run through the dataset's enrich.sql, masked, given their lineage and
checked against the contract's output schema before anything leaves.
"""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from . import frames
from .chunk import ChunkHeader, open_chunk
from .contract import Column, Contract, Contracts, version_tuple
from .duck import LINEAGE, duck_type, identifier, literal, read_records, read_rows
from .identity import COLUMNS_METADATA, PLAN_METADATA, RECORDS_METADATA
from .masking import MaskingKeys, macro_sql
from .warehouse_sql import varchar_bytes

DISABLED_OPTIMIZERS = "join_order,build_side_probe_side,type_pushdown"

# Well under the smallest function that makes sense; DuckDB spills nothing for one chunk.
_MEMORY_LIMIT = "512MB"


class EnrichmentError(ValueError):
    """The chunk cannot be enriched, however often it is tried. Names columns and counts, never values."""


class EngineError(RuntimeError):
    """DuckDB failed for a reason that is not in the chunk, such as memory or disk."""


class NewerContractError(LookupError):
    """The chunk was made under a newer contract than this function has: a deployment is on its way."""


# Said of the machine, not of the data: another attempt may succeed.
_ENGINE_FAILURES = (duckdb.FatalException, duckdb.InternalException, duckdb.IOException, duckdb.OutOfMemoryException)


class ParquetObject(msgspec.Struct, frozen=True):
    """A chunk as Parquet, and what its lineage says. `columns` is the number of the contract's columns in it."""

    header: ChunkHeader
    data: bytes
    columns: int

    @property
    def metadata(self) -> dict[str, str]:
        """What is told of the object beside its bytes."""
        plan = hashlib.sha256(msgspec.json.encode(self.header)).hexdigest()
        counts = {COLUMNS_METADATA: str(self.columns), RECORDS_METADATA: str(self.header.records)}
        return counts | {PLAN_METADATA: plan}


class Enricher:
    """Turns the chunks of one dataset into Parquet. Holds a DuckDB database with the reference tables; reuse it."""

    def __init__(self, contract: Contract, reference_folder: Path, work: Path) -> None:
        self._contract = contract
        self._masks_with = ""  # the id of the key that the macro holds
        self._work = work
        self._connection = duckdb.connect(
            config={"threads": 1, "memory_limit": _MEMORY_LIMIT, "temp_directory": str(work)},
        )
        execute = self._connection.execute
        execute("SET TimeZone = 'UTC'")
        # Joins run as they are written, a record against a reference. DuckDB does not know the size of a file that it
        # has not read, and would make the records the hash table. And it would read a value that the SQL casts as that
        # type at once: the text of a number would be the one in the raw object, 1.50, not the number's, 1.5.
        execute(f"SET disabled_optimizers = {literal(DISABLED_OPTIMIZERS)}")
        load_references(self._connection, reference_folder)
        # From here on the SQL of a contract reaches the folder it works in, and nothing else.
        execute(f"SET allowed_directories = [{literal(str(work))}]")
        execute("SET enable_external_access = false")
        execute("SET lock_configuration = true")

    def enrich(self, chunk: bytes, keys: MaskingKeys) -> ParquetObject:
        """The Parquet object of one chunk, masked with the key that is in force at the object's time.

        Raises
        ------
        FrameError
            The bytes are no chunk.
        EnrichmentError
            The dataset's SQL fails, or its result breaks the contract.
        EngineError
            DuckDB cannot go on. Make another Enricher.
        """
        header, body = open_chunk(chunk)
        records, parquet = self._work / f"{header.id}.zst", self._work / f"{header.id}.parquet"
        try:
            records.write_bytes(body)
            self._mask_with(keys, keys.id_at(header.time))
            source = read_body(str(records), header, self._contract)
            result = result_sql(self._contract, header, _numbered(source, header.lineruns))
            nulls = self._write(result, parquet)
            if not self._check(header, parquet, nulls):
                # A join has changed the order of lines. Sorting every chunk would cost more than looking.
                self._write(f"{result} ORDER BY _line", parquet)
            return ParquetObject(header, parquet.read_bytes(), len(self._contract.columns))
        except _ENGINE_FAILURES as error:
            frames.decompress(body)  # a damaged chunk looks like a damaged disk to DuckDB
            raise EngineError(f"DuckDB: {type(error).__name__}") from None
        except duckdb.Error as error:
            # DuckDB's messages may hold values of the data: only the kind of error goes further.
            raise EnrichmentError(f"enrich.sql of {header.dataset}: {type(error).__name__}") from None
        finally:
            records.unlink(missing_ok=True)
            parquet.unlink(missing_ok=True)

    def _mask_with(self, keys: MaskingKeys, name: str) -> None:
        if name != self._masks_with and any(column.mask for column in self._contract.columns):
            self._connection.execute(macro_sql(keys, name))
            self._masks_with = name

    def _write(self, result: str, parquet: Path) -> dict[str, int]:
        """Write a query's rows; how many nulls each column has.

        Redshift reads no Bloom filters; level 1 makes these columns no larger than level 3.
        """
        (_, _, _, _, statistics, *_) = self._connection.execute(
            f"COPY ({result}) TO {literal(str(parquet))} "
            "(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, WRITE_BLOOM_FILTER false, RETURN_STATS)"
        ).fetchall()[0]
        return {column: int(found["null_count"]) for column, found in statistics.items()}

    def _check(self, header: ChunkHeader, parquet: Path, nulls: dict[str, int]) -> bool:
        """Look into what was written, in one scan; whether its lines are in order.

        A row for every record and no other, no null and no value that the warehouse cannot hold.

        Raises
        ------
        EnrichmentError
            With everything that is wrong.
        """
        columns = self._contract.columns
        limits = {column: limit for column in columns if (limit := varchar_bytes(column.warehouse_type))}
        lengths = "".join(f", max(strlen({identifier(column.name)}))" for column in limits)
        lines = f"(SELECT *, lag(_line) OVER () AS line_before FROM read_parquet({literal(str(parquet))}))"  # noqa: S608  ours
        misplaced_lines = "count(*) FILTER (_line IS NULL OR _line <= line_before)"
        rows, misplaced, *longest = self._one(f"count(*), {misplaced_lines}{lengths} FROM {lines}")
        # Lines that ascend are all different.
        (different,) = self._one(f"count(DISTINCT _line) FROM {lines}") if misplaced else (rows,)
        problems = []
        if not rows == different == header.records:
            problems.append(f"{header.records} records became {rows} rows; enrich.sql must keep each `_line` once")
        problems += [
            f"{count} values of column {column.name} are null"
            for column in columns
            if column.field.required and (count := nulls[identifier(column.name)])
        ]
        for (column, limit), length in zip(limits.items(), longest, strict=True):
            if length is not None and length > limit:
                (count,) = self._one(f"count(*) FILTER (strlen({identifier(column.name)}) > {limit}) FROM {lines}")
                problems.append(f"{count} values of column {column.name} are longer than {column.warehouse_type}")
        if problems:
            raise EnrichmentError(f"{header.dataset}: " + "; ".join(problems))
        return not misplaced

    def _one(self, query: str) -> tuple[Any, ...]:
        return self._connection.execute(f"SELECT {query}").fetchall()[0]


def read_body(path: str, header: ChunkHeader, contract: Contract) -> str:
    """A relation of the records in a file that holds the body of a chunk."""
    if header.layout:
        return read_rows(path, header.layout, contract.fields, contract.max_record_bytes)
    return read_records(path, contract.fields, contract.max_record_bytes)


def load_references(connection: duckdb.DuckDBPyConnection, folder: Path) -> list[str]:
    """Load each Parquet file of the folder as a table of its name; the names."""
    files = sorted(folder.glob("*.parquet"))
    for file in files:
        connection.execute(f"CREATE TABLE {identifier(file.stem)} AS FROM read_parquet({literal(str(file))})")
    return [file.stem for file in files]


def result_sql(contract: Contract, header: ChunkHeader, records: str = "") -> str:
    """The query from `records` to the columns of the Parquet object. `records` is their query, if they are no table."""
    masked = [column for column in contract.columns if column.mask]
    # Masked once per distinct value: values repeat, and an HMAC is the dearest expression of the query.
    # What is asked more than once is kept; the rest streams through.
    ctes = [f"records AS {_kept(len(_RECORDS.findall(contract.enrich_sql)))} ({records})"] if records else []
    ctes += [f"enriched AS {_kept(1 + len(masked))} ({contract.enrich_sql}\n)"]  # its last line may be a comment
    joins = ""
    for number, column in enumerate(masked):
        name = identifier(column.name)
        ctes.append(
            f"m{number} AS MATERIALIZED (SELECT value, mask_token(value) AS token FROM "  # noqa: S608  names are quoted
            f"(SELECT DISTINCT CAST({name} AS VARCHAR) AS value FROM enriched WHERE {name} IS NOT NULL))"
        )
        joins += f" LEFT JOIN m{number} ON m{number}.value = CAST(enriched.{name} AS VARCHAR)"
    columns = ", ".join([*(_select(column, masked) for column in contract.columns), *_lineage(header)])
    return f"WITH {', '.join(ctes)} SELECT {columns} FROM enriched{joins}"  # noqa: S608  names are quoted


# `records` as a table, not in front of a column's name. In a comment it does no harm: the rows are kept in vain.
_RECORDS = re.compile(r"\brecords\b(?!\s*\.)", re.IGNORECASE)


def _kept(times_asked: int) -> str:
    return "MATERIALIZED" if times_asked > 1 else "NOT MATERIALIZED"


def _select(column: Column, masked: list[Column]) -> str:
    name = identifier(column.name)
    if column.mask:
        return f"m{masked.index(column)}.token AS {name}"
    return f"CAST(enriched.{name} AS {duck_type(column.field)}) AS {name}"


def _lineage(header: ChunkHeader) -> list[str]:
    texts = {"_object_id": header.objectid, "_chunk_id": header.id, "_source": header.source}
    # An enum of one value is stored as the same text, and not hashed again for every row.
    columns = {name: f"CAST({literal(text)} AS ENUM({literal(text)}))" for name, text in texts.items()}
    columns["_line"] = f"CAST(enriched._line AS {LINEAGE['_line']})"
    columns["_received_at"] = f"CAST({literal(header.time.isoformat())} AS {LINEAGE['_received_at']})"
    return [f"{columns[name]} AS {name}" for name in LINEAGE]


def _numbered(source: str, runs: list[tuple[int, int]]) -> str:
    """Records with the line that each came from."""
    if len(runs) == 1:
        return f"SELECT *, {runs[0][0]} + row_number() OVER () - 1 AS _line FROM {source}"  # noqa: S608  ours
    starts, counts = (_unnested([run[part] for run in runs]) for part in (0, 1))
    lines = f"SELECT unnest(range(start, start + count)) AS _line FROM (SELECT {starts} AS start, {counts} AS count)"  # noqa: S608  ours
    # A record too many gets no line, a line too many no record: the check of the result counts both.
    return (
        "SELECT * EXCLUDE (_record) "  # noqa: S608  ours
        f"FROM (SELECT *, row_number() OVER () AS _record FROM {source}) AS numbered "
        f"LEFT JOIN (SELECT *, row_number() OVER () AS _record FROM ({lines})) AS lines USING (_record)"
    )


def _unnested(numbers: list[int]) -> str:
    # A text that is cast: as expressions, ten thousand numbers would take seconds to plan.
    return f"unnest(CAST({literal(str(numbers))} AS BIGINT[]))"


class Enrichers:
    """One Enricher per dataset, made when the first chunk of the dataset arrives. `keys` gives the keys of the day."""

    def __init__(self, contracts: Contracts, keys: Callable[[], MaskingKeys], work: Path) -> None:
        self._contracts, self._keys, self._work = contracts, keys, work
        self._made: dict[str, Enricher] = {}

    def enrich(self, chunk: bytes) -> ParquetObject:
        """As `Enricher.enrich`, for a chunk of any dataset.

        Raises
        ------
        UnknownDatasetError, NewerContractError
            The function lacks the contract, or the version, that made the chunk. It may get it.
        """
        header, _ = open_chunk(chunk)
        dataset, contract = header.dataset, self._contracts.get(header.dataset)
        if version_tuple(header.contract_version) > version_tuple(contract.version):
            # Its new fields would be dropped in silence.
            raise NewerContractError(f"{dataset} {header.contract_version}, this function has {contract.version}")
        if dataset not in self._made:
            folder = self._contracts.reference_folder(dataset)
            self._made[dataset] = Enricher(contract, folder, self._work)
        try:
            return self._made[dataset].enrich(chunk, self._keys())
        except EngineError:
            del self._made[dataset]  # after a fatal error the database answers nothing more
            raise
