"""Masking: keyed HMAC-SHA-256 tokens (RFC 2104) in DuckDB's SQL, so that no value passes through Python.

A token is `<key id>:<64 hexadecimal digits>`. Equal values have equal tokens under one key, so masked columns can
still be joined and counted.
"""

import hashlib
import hmac
from datetime import UTC, datetime

import msgspec

_BLOCK_BYTES = 64  # SHA-256's block size (RFC 2104, section 2)
TOKEN_CHARACTERS = 64  # the digest in hexadecimal
_ALWAYS = datetime.min.replace(tzinfo=UTC)


class MaskingKeys(msgspec.Struct, frozen=True):
    """The secret: every key that ever was, by its id, and since when each is in force.

    What is masked under a key follows from the object's time alone, so that every attempt at a chunk, before a rotation
    or after it, makes the same tokens. The first key has no `since`.
    """

    keys: dict[str, str]
    since: dict[str, datetime] = {}

    def id_at(self, time: datetime) -> str:
        """The id of the key for objects of that time."""
        begun = {name: self.since.get(name, _ALWAYS) for name in self.keys}
        return max((start, name) for name, start in begun.items() if start <= time)[1]

    def rotated(self, key: str, since: datetime) -> "MaskingKeys":
        """With one key more, in force from then on.

        Raises
        ------
        ValueError
            A key begins then, or later: two could be meant for one object.
        """
        if any(start >= since for start in self.since.values()):
            raise ValueError(f"a key begins at {max(self.since.values()).isoformat()} already")
        name = f"k{len(self.keys) + 1}"
        return MaskingKeys(self.keys | {name: key}, self.since | {name: since})


def token(keys: MaskingKeys, name: str, value: str) -> str:
    """The token of one value under one key: what `macro_sql` computes, for finding a person's rows."""
    return f"{name}:{hmac.digest(keys.keys[name].encode(), value.encode(), 'sha256').hex()}"


def macro_sql(keys: MaskingKeys, name: str) -> str:
    """A DuckDB macro `mask_token(value)`. DuckDB has SHA-256 but no HMAC; RFC 2104 builds one from the other."""
    key = keys.keys[name].encode()
    if len(key) > _BLOCK_BYTES:
        key = hashlib.sha256(key).digest()
    padded = key.ljust(_BLOCK_BYTES, b"\0")
    inner, outer = (_blob(bytes(byte ^ pad for byte in padded)) for pad in (0x36, 0x5C))
    prefix = name.replace("'", "''")
    return (
        "CREATE OR REPLACE MACRO mask_token(value) AS "
        f"'{prefix}:' || sha256({outer} || unhex(sha256({inner} || encode(value))))"
    )


def _blob(data: bytes) -> str:
    return "'" + "".join(f"\\x{byte:02X}" for byte in data) + "'::BLOB"
