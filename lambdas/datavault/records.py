"""Decode and judge records: JSON texts in, re-encoded valid records and rejects out.

The types, ranges, lengths and enums of a contract are compiled into a msgspec Struct and checked in C while decoding.
What msgspec cannot say is checked afterwards (`checks.py`). Python never runs once per valid record of flat data.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from operator import length_hint

import msgspec

from . import rows
from .checks import Check, compile_struct, failures
from .contract import Contract
from .decimals import DecimalStrings
from .reasons import Reason, Reject
from .wire import KEPT_BYTES

type Runs = list[tuple[int, int]]  # (first line, count): the lines of the records of a batch or a chunk


class Batch(msgspec.Struct):
    """Consecutive lines of one raw object, as JSON texts.

    `texts[i]` stands for line `first + i`; an empty text stands for a blank line, or for one that the reader itself
    has put into `rejects`. `originals` are the bytes as they came. `input_bytes` is the size of the raw input.
    A batch of `rows` has no texts: its lines are judged already, and travel as the rows that stand there.
    """

    first: int
    texts: Sequence[bytes]
    originals: Sequence[bytes]
    rejects: list[Reject]
    input_bytes: int
    rows: bytes = b""


class Verdict(msgspec.Struct):
    """What became of a batch: the valid records as NDJSON (flat ones as `rows.encode` has them), their lines, and the
    rejects in the order of lines."""

    encoded: bytes
    records: int
    runs: Runs
    rejects: list[Reject]


class Validator:
    """Judges the batches of one dataset. Remembers nothing of them but values that hold; compiling one costs ms."""

    def __init__(self, contract: Contract) -> None:
        self._checks: list[Check] = []
        record = compile_struct(contract.fields, self._checks, reject_unknown=contract.unknown_fields == "reject")
        self._decode = msgspec.json.Decoder(record).decode
        self._encode = rows.encode if rows.is_flat(contract.fields) else rows.encode_lines
        self._max_record_bytes = contract.max_record_bytes
        self._decimals = DecimalStrings(contract.fields)

    def judge(self, batch: Batch) -> Verdict:
        """Decode every text of the batch; nothing that a text can hold makes this raise."""
        if batch.rows:
            count = len(batch.originals)
            return Verdict(batch.rows, count, [(batch.first, count)], [])
        rejects = {reject.line - batch.first: reject for reject in batch.rejects}
        texts = self._readable(batch, rejects)
        records: list[msgspec.Struct] = []
        dropped: list[int] = []  # positions in texts that gave no record, ascending
        remaining = iter(texts)
        while True:
            try:
                records.extend(map(self._decode, remaining))
                break
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                position = len(texts) - length_hint(remaining) - 1
                dropped.append(position)
                if texts[position].strip():
                    reason, field = explain(error, texts[position])
                    rejects[position] = Reject(batch.first + position, reason, field, batch.originals[position])

        encoded = self._encode(records)
        failed = failures(self._checks, records)
        if b"\\" in encoded and b"\\u0000" in encoded:  # one byte is found many times as fast as six
            failed = _nul_characters(encoded) | failed
        if failed:
            positions = _kept_positions(len(texts), dropped)
            for index, (reason, field) in failed.items():
                position = positions[index]
                rejects[position] = Reject(batch.first + position, reason, field, batch.originals[position])
                dropped.append(position)
            dropped.sort()
            records = [record for index, record in enumerate(records) if index not in failed]
            encoded = self._encode(records)
        return Verdict(
            encoded=self._decimals.written_out(encoded),  # of valid records alone: of 1e999999999 it would never end
            records=len(records),
            runs=_runs(batch.first, len(texts), dropped),
            rejects=[rejects[position] for position in sorted(rejects)],
        )

    def _readable(self, batch: Batch, rejects: dict[int, Reject]) -> Sequence[bytes]:
        """The texts, empty where one is too long or has a decimal that is none: their rejects are added."""
        texts: Sequence[bytes] = batch.texts
        if texts and max(map(len, texts)) > self._max_record_bytes:
            texts = self._without_overlong(batch, rejects)
        if lax := dict(self._decimals.offenders(texts)):
            for position, field in lax.items():
                original = batch.originals[position]
                rejects[position] = Reject(batch.first + position, Reason.INVALID_FORMAT, field, original)
            texts = [b"" if position in lax else text for position, text in enumerate(texts)]
        return texts

    def _without_overlong(self, batch: Batch, rejects: dict[int, Reject]) -> list[bytes]:
        texts = list(batch.texts)
        for position, text in enumerate(texts):
            if len(text) > self._max_record_bytes:
                kept = batch.originals[position][:KEPT_BYTES]
                rejects[position] = Reject(batch.first + position, Reason.TOO_LARGE, "", kept)
                texts[position] = b""
        return texts


# msgspec's messages, mapped to reason codes. They may hold values of the data, so nothing of a message but the path
# and the name of an unknown field goes further. First match wins.
_MESSAGES: list[tuple[re.Pattern[str], Reason]] = [
    (re.compile(r"Object contains unknown field"), Reason.UNKNOWN_FIELD),
    (re.compile(r"Object missing required field"), Reason.MISSING_FIELD),
    (re.compile(r"Expected `[^`]*`, got `null`"), Reason.MISSING_FIELD),
    (re.compile(r"Expected `[^`]*` of length|Expected `[^`]*` with at "), Reason.INVALID_LENGTH),
    (re.compile(r"Expected `[^`]*` matching regex"), Reason.PATTERN_MISMATCH),
    (re.compile(r"Expected `[^`]*` (<|>|that's a multiple)|[Oo]ut of range"), Reason.OUT_OF_RANGE),
    (re.compile(r"Invalid enum value"), Reason.NOT_IN_ENUM),
    (re.compile(r"Invalid |with a timezone component"), Reason.INVALID_FORMAT),
    (re.compile(r"Expected "), Reason.WRONG_TYPE),
]
_INDEX = re.compile(r"\[[0-9.]+\]")  # fields are counted by name, whichever item of an array they are in
_PATH = re.compile(r" - at `\$\.?([^`]*)`$")
_NAMED = re.compile(r"(?:missing required|contains unknown) field `(.*?)`(?: - at |$)", re.DOTALL)
_MAX_FIELD_CHARACTERS = 128


_skim = msgspec.json.Decoder(msgspec.Raw).decode


def explain(error: Exception, text: bytes) -> tuple[Reason, str]:
    """The reason code and the field of an error that decoding `text` raised."""
    if isinstance(error, msgspec.ValidationError):
        # The decoder stops at the first value that breaks the contract; what is no JSON behind it weighs more.
        try:
            text.decode()
            _skim(text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as syntax_error:
            error = syntax_error
    if isinstance(error, UnicodeDecodeError):
        return Reason.INVALID_UTF8, ""
    if isinstance(error, RecursionError):
        return Reason.TOO_DEEP, ""
    if not isinstance(error, msgspec.ValidationError):
        return Reason.INVALID_JSON, ""
    return _told_by(str(error))


@lru_cache(maxsize=256)
def _told_by(message: str) -> tuple[Reason, str]:
    reason = next((reason for pattern, reason in _MESSAGES if pattern.search(message)), Reason.WRONG_TYPE)
    path = _PATH.search(message)
    named = _NAMED.search(message)
    parts = [path[1] if path else "", named[1] if named else ""]
    field = ".".join(part for part in parts if part)
    return reason, _INDEX.sub("[]", field)[:_MAX_FIELD_CHARACTERS]


# A NUL character is valid in JSON and in no VARCHAR: the escape is only one when the backslashes before it pair up.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


def _nul_characters(encoded: bytes) -> dict[int, tuple[Reason, str]]:
    lines = encoded.split(b"\n")
    return {index: (Reason.INVALID_CHARACTER, "") for index, line in enumerate(lines) if _NUL.search(line)}


def _kept_positions(count: int, dropped: Sequence[int]) -> list[int]:
    gone = set(dropped)
    return [position for position in range(count) if position not in gone]


def _runs(first: int, count: int, dropped: Sequence[int]) -> Runs:
    """The lines that remain of `count` lines from `first` on, as runs. `dropped` is ascending."""
    runs: Runs = []
    start = 0
    for position in [*dropped, count]:
        if position > start:
            runs.append((first + start, position - start))
        start = position + 1
    return runs
