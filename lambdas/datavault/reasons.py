"""Why a record is in quarantine: the closed list of reason codes.

A code never carries a value of the data; `field` names the place. docs/reason-codes.md explains each to a person,
and a test holds the two lists together.
"""

from enum import StrEnum

import msgspec


class Reason(StrEnum):
    """A reason code; the comment says what it is about."""

    # one record
    INVALID_JSON = "invalid_json"
    INVALID_CSV = "invalid_csv"
    INVALID_UTF8 = "invalid_utf8"
    INVALID_CHARACTER = "invalid_character"
    TOO_DEEP = "too_deep"
    TOO_LARGE = "too_large"
    WRONG_COLUMN_COUNT = "wrong_column_count"
    MISSING_FIELD = "missing_field"
    UNKNOWN_FIELD = "unknown_field"
    WRONG_TYPE = "wrong_type"
    OUT_OF_RANGE = "out_of_range"
    INVALID_LENGTH = "invalid_length"
    INVALID_FORMAT = "invalid_format"
    PATTERN_MISMATCH = "pattern_mismatch"
    NOT_IN_ENUM = "not_in_enum"
    DUPLICATE_ITEMS = "duplicate_items"
    # the raw object, or what is left of it
    CORRUPT_STREAM = "corrupt_stream"
    INVALID_HEADER = "invalid_header"
    UNKNOWN_DATASET = "unknown_dataset"
    UNSUPPORTED_FORMAT = "unsupported_format"
    OBJECT_GONE = "object_gone"


class Reject(msgspec.Struct, frozen=True):
    """A bad record: its line, why, in which field ("" where none can be named), and its original bytes.

    `rest` says that it stands for everything from that line on, which could not be told apart into records.
    """

    line: int
    reason: Reason
    field: str
    original: bytes
    rest: bool = False
