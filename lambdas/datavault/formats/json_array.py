"""A JSON array of objects, streamed. The line number of a record is its position in the array, from 1.

msgspec splits a block into its elements in C (`list[Raw]`) once it is cut between two elements. Where the cut is
uncertain, or an element is malformed, a tokenizer finds the elements by their brackets and strings.
"""

import re
from collections.abc import Iterator

import msgspec

from ..contract import Contract
from ..inflate import Inflater
from ..reasons import Reason, Reject
from ..records import Batch
from ..wire import BLOCK_BYTES, KEPT_BYTES

_ELEMENTS = msgspec.json.Decoder(list[msgspec.Raw])
_BOM = b"\xef\xbb\xbf"
# Strings are one token; a string that does not end in the block never matches, and so hides nothing behind it.
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"|["\[\]{},]', re.DOTALL)
_CLOSE_BRACKETS = {b"]", b"}"}
_OPEN_BRACKETS = {b"[", b"{"}
_BETWEEN_OBJECTS = re.compile(rb"\}\s*,\s*\{")
_MAX_GUESSES = 16


def batches(inflater: Inflater, contract: Contract) -> Iterator[Batch]:
    line = 1
    rest = inflater.read(BLOCK_BYTES).removeprefix(_BOM).lstrip()[1:]  # behind the opening bracket
    while True:
        piece = inflater.read(BLOCK_BYTES)
        data = rest + piece
        elements, tail, ended = _cut(data, final=not piece)
        if elements:
            yield Batch(line, elements, elements, [], len(data) - len(tail))
            line += len(elements)
        if ended:
            yield from _after_the_end(tail, inflater, line)
            return
        if not piece or len(tail) > max(contract.max_record_bytes, BLOCK_BYTES):
            reason = inflater.failure or (Reason.TOO_LARGE if piece else Reason.INVALID_JSON)
            yield _rest(line, reason, tail, inflater)
            return
        rest = tail


def _after_the_end(tail: bytes, inflater: Inflater, line: int) -> Iterator[Batch]:
    """Only white space may follow the closing bracket."""
    while not tail.strip() and (piece := inflater.read(BLOCK_BYTES)):
        tail = piece
    if tail.strip() or inflater.failure:
        yield _rest(line, inflater.failure or Reason.INVALID_JSON, tail, inflater)


def _rest(line: int, reason: Reason, tail: bytes, inflater: Inflater) -> Batch:
    """Elements cannot be told apart any more: one reject stands for all that follows."""
    size = len(tail)
    while piece := inflater.read(BLOCK_BYTES):
        size += len(piece)
    return Batch(line, [], [], [Reject(line, inflater.failure or reason, "", tail[:KEPT_BYTES], rest=True)], size)


def _cut(data: bytes, *, final: bool) -> tuple[list[bytes], bytes, bool]:
    """Split off the complete elements: they, what follows them, and whether the array has ended."""
    if final and (end := data.rstrip()).endswith(b"]"):
        elements = _split(end[:-1])
        if elements is not None:
            return elements, b"", True
    else:
        guesses = [match.start() for match in _BETWEEN_OBJECTS.finditer(data, max(len(data) - BLOCK_BYTES // 8, 0))]
        for position in reversed(guesses[-_MAX_GUESSES:]):
            elements = _split(data[: position + 1])
            if elements is not None:
                return elements, data[data.index(b",", position) + 1 :], False
    return _tokenize(data)


def _split(elements: bytes) -> list[bytes] | None:
    try:
        return list(map(bytes, _ELEMENTS.decode(b"[" + elements + b"]")))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _tokenize(data: bytes) -> tuple[list[bytes], bytes, bool]:
    elements: list[bytes] = []
    depth = start = 0
    for match in _TOKEN.finditer(data):
        token = match[0]
        if token in _OPEN_BRACKETS:
            depth += 1
        elif token in _CLOSE_BRACKETS and depth > 0:
            depth -= 1
        elif token == b'"':
            break  # a string without its end
        elif depth == 0 and token in {b",", b"]"}:
            element = data[start : match.start()].strip()
            start = match.end()
            if token == b",":
                elements.append(element or b"null")  # nothing between two commas is no object either
            else:
                # Nothing behind a last comma is forgiven: no record is lost by it.
                return [*elements, *([element] if element else [])], data[start:], True
    return elements, data[start:], False
