"""What a contender says of its work: how the runner sees that all did the same."""

import msgspec


class Outcome(msgspec.Struct):
    """Valid records, rejected ones, and bytes and records on the stream, bytes of Parquet where it has such."""

    records: int = 0
    rejects: int = 0
    stream_bytes: int = 0
    stream_records: int = 0
    parquet_bytes: int = 0
