"""What nobody can be faster than: parsers without a rule, decompression alone, a copy in memory."""

import gzip
import io

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.json
import pyarrow.parquet as pq
from isal import igzip

from ..datasets import FOLDER, Input
from ..outcome import Outcome


def duckdb_json(wanted: Input) -> Outcome:
    """JSON to Parquet as its manual shows it: types guessed, no rule, no join, no lineage."""
    target = FOLDER / "duckdb.parquet"
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute(f"COPY (FROM read_json('{wanted.path}')) TO '{target}' (FORMAT parquet, COMPRESSION zstd)")
        ((records,),) = connection.execute(f"SELECT count(*) FROM '{target}'").fetchall()
    return Outcome(records=records, parquet_bytes=target.stat().st_size)


def polars_json(wanted: Input) -> Outcome:
    frame = pl.read_ndjson(wanted.path)
    file = io.BytesIO()
    frame.write_parquet(file, compression="zstd")
    return Outcome(records=frame.height, parquet_bytes=file.tell())


def pyarrow_json(wanted: Input) -> Outcome:
    table = pa.json.read_json(pa.input_stream(str(wanted.path), compression="gzip"))
    file = io.BytesIO()
    pq.write_table(table, file, compression="zstd")
    return Outcome(records=table.num_rows, parquet_bytes=file.tell())


def gunzip_isal(wanted: Input) -> Outcome:
    return Outcome(records=igzip.decompress(wanted.path.read_bytes()).count(b"\n"))


def gunzip_zlib(wanted: Input) -> Outcome:
    return Outcome(records=gzip.decompress(wanted.path.read_bytes()).count(b"\n"))


def memory_copy(wanted: Input) -> Outcome:
    """Of the decompressed file."""
    data = wanted.path.read_bytes()
    return Outcome(records=bytearray(data).count(b"\n"))
