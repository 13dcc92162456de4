"""Masking: keyed HMAC-SHA-256 tokens (RFC 2104) in DuckDB's SQL, so that no value passes through Python.

A token is `<key id>:<64 hexadecimal digits>`. Equal values have equal tokens under one key, so masked columns can
still be joined and counted.
"""

import hashlib
import hmac

import msgspec

_BLOCK_BYTES = 64  # SHA-256's block size (RFC 2104, section 2)
TOKEN_CHARACTERS = 64  # the digest in hexadecimal


class MaskingKeys(msgspec.Struct, frozen=True):
    """The secret: every key that ever was, and the id of the one in force."""

    current: str
    keys: dict[str, str]

    @property
    def key(self) -> bytes:
        return self.keys[self.current].encode()


def token(keys: MaskingKeys, value: str) -> str:
    """The token of one value: what `macro_sql` computes, for tests and for finding a person's rows."""
    return f"{keys.current}:{hmac.digest(keys.key, value.encode(), 'sha256').hex()}"


def macro_sql(keys: MaskingKeys) -> str:
    """A DuckDB macro `mask_token(value)`. DuckDB has SHA-256 but no HMAC; RFC 2104 builds one from the other."""
    key = keys.key if len(keys.key) <= _BLOCK_BYTES else hashlib.sha256(keys.key).digest()
    padded = key.ljust(_BLOCK_BYTES, b"\0")
    inner, outer = (_blob(bytes(byte ^ pad for byte in padded)) for pad in (0x36, 0x5C))
    prefix = keys.current.replace("'", "''")
    return (
        "CREATE OR REPLACE MACRO mask_token(value) AS "
        f"'{prefix}:' || sha256({outer} || unhex(sha256({inner} || encode(value))))"
    )


def _blob(data: bytes) -> str:
    return "'" + "".join(f"\\x{byte:02X}" for byte in data) + "'::BLOB"
