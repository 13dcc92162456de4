"""Constants of the wire format: the numbers that decide where a raw object is cut.

They are part of every chunk's identity (invariant 1): changing one changes the chunks of an object that is processed
again, so a change is a new major version of DataVault. docs/wire-format.md explains the format.
"""

from typing import Final

KIB: Final = 1024
MIB: Final = 1024 * KIB

# Decoding is fastest while a block and its objects stay in the cache; 256 KiB beat 1 and 8 MiB.
BLOCK_BYTES: Final = 256 * KIB

# Raw bytes (after decompression) per chunk. Both give a chunk of flights just under the limit of a Kinesis record:
# a CSV row grows about threefold when it is written as JSON.
JSON_CHUNK_INPUT_BYTES: Final = 8 * MIB
CSV_CHUNK_INPUT_BYTES: Final = 2 * MIB + 512 * KIB

# A Kinesis record is at most 1 MiB, data and partition key together (Kinesis Data Streams, PutRecords). The partition
# key is a chunk id of 45 bytes.
CHUNK_LIMIT_BYTES: Final = MIB - 256

# How much of an overlong record is kept in quarantine; the whole of it stays in the raw bucket.
KEPT_BYTES: Final = 4 * KIB

ZSTD_LEVEL: Final = 1
CHUNK_TYPE: Final = "datavault.chunk.v2"
# Of version 1 all records were NDJSON; what was set aside then may be sent again.
READABLE_CHUNK_TYPES: Final = ("datavault.chunk.v1", CHUNK_TYPE)
