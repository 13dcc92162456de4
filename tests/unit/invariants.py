"""What holds for every raw object, whatever is in it: for the hostile inputs, the property tests and the fuzzer."""

from collections.abc import Iterator

from datavault.contract import Contract

from .support import Result, lines_of, process, records_of


def check(data: bytes, contract: Contract, key: str) -> Result:
    """Process an object twice: nothing raises, everything adds up, chunks open, and the bytes are the same.

    Raises
    ------
    AssertionError
        One of these does not hold.
    """
    result = process(data, contract, key)
    valid, rejected = list(_lines_in_chunks(result)), [reject.line for reject in result.rejects]
    receipt = result.receipt
    assert receipt.lines == receipt.valid + receipt.quarantined
    assert receipt.valid == len(valid)
    assert receipt.quarantined == len(rejected) == sum(receipt.reasons.values())
    assert len({*valid, *rejected}) == len(valid) + len(rejected), "a line is accounted for twice"
    assert valid == sorted(valid)
    assert rejected == sorted(rejected)
    assert not [reject for reject in result.rejects[:-1] if reject.rest], "something comes behind the rest"
    for reject in result.rejects:
        assert isinstance(reject.original_bytes, bytes)
    assert process(data, contract, key, seed=len(data)) == result, "a second run gives other bytes"
    return result


def _lines_in_chunks(result: Result) -> Iterator[int]:
    for chunk, entry in zip(result.chunks, result.receipt.chunks, strict=True):
        header = chunk.header
        lines = [line for line, _ in records_of(chunk.data, result.contract)]
        assert lines == lines_of(header.lineruns)
        assert (header.id, header.records) == (entry.id, entry.records)
        assert (header.firstline, header.lastline) == (entry.first_line, entry.last_line) == (lines[0], lines[-1])
        yield from lines
