"""Claims: under which contract a raw object was begun. Put before its first chunk, so that every later attempt cuts the
same chunks, even when a new contract was deployed in between (invariant 1)."""

import hashlib
from functools import cache

import msgspec
from backports import zstd

from .contract import Contract
from .identity import UNKNOWN_DATASET, RawObject
from .wire import CHUNK_TYPE, ZSTD_LEVEL

# Whether a chunk has to be halved depends on how well it compresses, and so on the compressor.
CUTTER = f"{CHUNK_TYPE} zstd-{zstd.zstd_version}:{ZSTD_LEVEL}"


class Claim(msgspec.Struct, frozen=True):
    """`contract_digest` names the archived contract; it is empty where no contract described the dataset."""

    object_id: str
    dataset: str
    contract_version: str
    contract_digest: str
    cutter: str = CUTTER

    def encode(self) -> bytes:
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"


@cache
def archived(contract: Contract) -> tuple[str, bytes]:
    """A contract as it is archived: the SHA-256 of its bytes, in hexadecimal, and the bytes."""
    body = msgspec.json.encode(contract)
    return hashlib.sha256(body).hexdigest(), body


def claim(raw: RawObject, contract: Contract | None) -> Claim:
    if contract is None:
        return Claim(raw.id, UNKNOWN_DATASET, "", "")
    return Claim(raw.id, contract.dataset, contract.version, archived(contract)[0])


def decode(data: bytes) -> Claim:
    return msgspec.json.decode(data, type=Claim)
