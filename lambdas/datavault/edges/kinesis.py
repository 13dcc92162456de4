"""Kinesis: put chunks, and try again only those that failed."""

import random
import time
from collections.abc import Callable, Sequence

from ..chunk import Chunk
from .clients import client

# PutRecords takes 500 records and 10 MiB (Kinesis API Reference); chunks are up to 1 MiB.
MAX_CHUNKS = 8
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.1, 5.0


class StreamError(Exception):
    """Kinesis did not take every chunk in the time that was left."""


def put_chunks(stream: str, chunks: Sequence[Chunk], remaining_seconds: Callable[[], float]) -> int:
    """Put the chunks; returns how many puts had to be repeated.

    Raises
    ------
    StreamError
        `remaining_seconds()` ran out before all were taken. Some may have been: chunks are made to arrive twice.
    """
    return put_records(stream, [(chunk.header.id, chunk.data) for chunk in chunks], remaining_seconds)


def put_records(stream: str, records: Sequence[tuple[str, bytes]], remaining_seconds: Callable[[], float]) -> int:
    """As `put_chunks`, for (partition key, data) pairs: at most MAX_CHUNKS, as a chunk may have any size."""
    waiting = [{"Data": data, "PartitionKey": key} for key, data in records]
    pause, repeated = _FIRST_PAUSE_SECONDS, 0
    while True:
        answer = client("kinesis").put_records(StreamName=stream, Records=waiting)
        # FailedRecordCount alone cannot be trusted: an emulator's counted one where all had failed.
        waiting = [
            record
            for record, result in zip(waiting, answer["Records"], strict=True)
            if result.get("ErrorCode") or "SequenceNumber" not in result
        ]
        if not waiting:
            return repeated
        wait = random.uniform(pause / 2, pause)  # noqa: S311  jitter
        if remaining_seconds() < wait:
            codes = {result["ErrorCode"] for result in answer["Records"] if result.get("ErrorCode")}
            raise StreamError(f"{len(waiting)} chunks not taken: {', '.join(sorted(codes))}")
        repeated += len(waiting)
        time.sleep(wait)
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
