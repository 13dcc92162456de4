"""Invariants 1 and 5, and hostile input: the processor's core over whole objects."""

import gzip
import json
import random
from typing import Any

import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from datavault.contract import Contract, Field
from datavault.process import Processing
from datavault.wire import CHUNK_LIMIT_BYTES, CSV_CHUNK_INPUT_BYTES, JSON_CHUNK_INPUT_BYTES, KEPT_BYTES

from .support import EVERY_TYPE, lines_of, make_contract, process, raw_object, reader, small_wire

NUMBERS = make_contract((Field("n", "integer", required=True), Field("s", "string")))


def ndjson(*records: Any) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def csv_of(records: list[dict[str, Any]]) -> bytes:
    return b"n,s\n" + b"".join(f"{record['n']},{record['s']}\n".encode() for record in records)


RECORDS = st.lists(
    st.fixed_dictionaries({"n": st.integers(-(2**63), 2**63 - 1), "s": st.text("ab é€", min_size=1, max_size=12)}),
    min_size=1,
    max_size=40,
)


# Invariant 1: deterministic chunks


@settings(max_examples=60, deadline=None)
@given(
    data=st.binary(max_size=1500), name=st.sampled_from(["a.ndjson", "a.json", "a.csv", "a"]), seed=st.integers(0, 99)
)
def test_the_network_cutting_reads_differently_changes_no_byte(data: bytes, name: str, seed: int) -> None:
    data = data + b'\n{"n": 1}\n{"n": 2}\n' * 20
    with small_wire():
        assert process(data, NUMBERS, f"books/{name}", seed) == process(data, NUMBERS, f"books/{name}")


@pytest.mark.parametrize("compress", [bytes, gzip.compress, zstd.compress])
def test_a_retry_gives_equal_chunks_at_full_size_however_reads_are_cut(compress: Any) -> None:
    chance = random.Random(7)
    lines = [json.dumps({"n": n, "s": chance.randbytes(60).hex()}).encode() for n in range(20_000)]
    data = compress(b"\n".join(lines))
    first, again = process(data, NUMBERS), process(data, NUMBERS, seed=1)
    assert first == again
    assert len(first.chunks) == 2
    assert [record["n"] for _, record in first.records] == list(range(20_000))
    assert [line for line, _ in first.records] == list(range(1, 20_001))
    assert all(len(chunk.data) <= CHUNK_LIMIT_BYTES for chunk in first.chunks)


@settings(max_examples=40, deadline=None)
@given(records=RECORDS)
def test_every_format_and_compression_gives_the_same_records(records: list[dict[str, Any]]) -> None:
    plain = {"a.ndjson": ndjson(*records), "a.json": json.dumps(records).encode(), "a.csv": csv_of(records)}
    with small_wire():
        for name, data in plain.items():
            for packed in (data, gzip.compress(data), zstd.compress(data)):
                result = process(packed, NUMBERS, f"books/{name}")
                assert [record for _, record in result.records] == records
                assert result.rejects == []


@settings(max_examples=60, deadline=None)
@given(
    records=RECORDS,
    bad=st.lists(st.sampled_from([b"{", b'{"n": "x"}', b"", b" \t", b"\xff"]), max_size=20),
    seed=st.integers(),
)
def test_line_runs_map_each_record_to_its_own_line(records: list[dict[str, Any]], bad: list[bytes], seed: int) -> None:
    lines: list[Any] = [*records, *bad]
    random.Random(seed).shuffle(lines)
    data = b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
    with small_wire():
        result = process(data, NUMBERS)
    wanted = [(number, line) for number, line in enumerate(lines, 1) if isinstance(line, dict)]
    assert result.records == wanted
    broken = [number for number, line in enumerate(lines, 1) if isinstance(line, bytes) and line.strip()]
    assert [reject.line for reject in result.rejects] == broken


def test_chunks_of_one_object_never_overlap_and_name_their_first_line() -> None:
    lines = [b"bad" if n % 3 == 0 else json.dumps({"n": n}).encode() for n in range(200)]
    with small_wire():
        result = process(b"\n".join(lines), NUMBERS)
    previous = 0
    for chunk in result.chunks:
        header = chunk.header
        covered = lines_of(header.lineruns)
        assert (header.firstline, header.lastline, header.records) == (covered[0], covered[-1], len(covered))
        assert header.id == f"{result.receipt.object_id}-{header.firstline:012d}"
        assert header.firstline > previous
        previous = header.lastline
    assert len(result.chunks) > 5


def test_chunks_are_cut_by_the_raw_input_so_that_bad_records_move_no_border_behind_them() -> None:
    good = [json.dumps({"n": n, "s": "x" * 60}).encode() for n in range(100)]
    bad = [line if n != 4 else b"!" * len(line) for n, line in enumerate(good)]
    with small_wire():
        starts = [
            [chunk.header.firstline for chunk in process(b"\n".join(lines), NUMBERS).chunks] for lines in (good, bad)
        ]
    assert starts[0] == starts[1]


def test_poorly_compressible_records_are_halved_until_they_fit_into_a_kinesis_record() -> None:
    chance = random.Random(3)
    data = ndjson(*({"n": n, "s": chance.randbytes(200).hex()} for n in range(12_000)))
    assert len(data) < JSON_CHUNK_INPUT_BYTES
    result = process(data, NUMBERS)
    assert len(result.chunks) >= 4
    assert all(len(chunk.data) <= CHUNK_LIMIT_BYTES for chunk in result.chunks)
    assert [line for line, _ in result.records] == list(range(1, 12_001))


def test_a_record_that_fits_into_no_chunk_is_quarantined_and_its_neighbours_are_sent() -> None:
    giant = random.Random(2).randbytes(2_000_000).hex()
    contract = make_contract(NUMBERS.fields, max_record_bytes=5_000_000)
    result = process(ndjson({"n": 1}, {"n": 2, "s": giant}, {"n": 3}), contract)
    assert [line for line, _ in result.records] == [1, 3]
    assert result.reasons == [(2, "too_large", "")]


# Invariant 5: it adds up, whatever comes in


def check_accounts(data: bytes, contract: Contract, key: str) -> None:
    """Every line is in exactly one chunk, or in quarantine, or blank."""
    result = process(data, contract, key)
    receipt = result.receipt
    in_chunks = [line for line, _ in result.records]
    rejected = [reject.line for reject in result.rejects]
    assert len(set(in_chunks)) == len(in_chunks)
    assert len(set(rejected)) == len(rejected)
    assert not set(in_chunks) & set(rejected)
    assert sum(reject.rest for reject in result.rejects) <= 1
    assert receipt.valid == len(in_chunks) == sum(entry.records for entry in receipt.chunks)
    assert receipt.quarantined == len(rejected) == sum(receipt.reasons.values())
    assert receipt.lines == receipt.valid + receipt.quarantined
    assert bool(receipt.quarantine_key) == bool(rejected)
    if (receipt.format, receipt.compression) == ("ndjson", "none"):
        lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
        last = min([reject.line for reject in result.rejects if reject.rest], default=len(lines) + 1)
        wanted = {number for number, line in enumerate(lines, 1) if line.strip() and number <= last}
        assert set(in_chunks) | set(rejected) == wanted


KEYS = st.sampled_from(
    ["books/a.ndjson", "books/a.json", "books/a.csv", "books/a", "books/a.csv.gz", "books/a.jsonl.zst"]
)
VALID_FILES = st.sampled_from(
    [
        ndjson(*({"n": n, "s": "é" * (n % 7)} for n in range(30))),
        json.dumps([{"n": n, "s": '"],[{'} for n in range(30)]).encode(),
        json.dumps([{"n": n} for n in range(9)], indent=1).encode(),
        csv_of([{"n": n, "s": f'"a,{n}\n""b"'} for n in range(30)]),
    ]
)
PACKERS = st.sampled_from([bytes, gzip.compress, zstd.compress])


@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=400), key=KEYS, block=st.integers(16, 80))
def test_arbitrary_bytes_are_accounted_for(data: bytes, key: str, block: int) -> None:
    with small_wire(block):
        check_accounts(data, NUMBERS, key)


@settings(max_examples=150, deadline=None)
@given(data=st.text('{}[]":,n s1\\\n\r\t \x00', max_size=200), key=KEYS, block=st.integers(16, 80))
def test_arbitrary_punctuation_is_accounted_for(data: str, key: str, block: int) -> None:
    with small_wire(block):
        check_accounts(data.encode(), NUMBERS, key)


@settings(max_examples=200, deadline=None)
@given(
    data=VALID_FILES,
    pack=PACKERS,
    edits=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 3), st.binary(max_size=5)), min_size=1, max_size=4),
    key=KEYS,
    inside=st.booleans(),
)
def test_damaged_files_are_accounted_for(data: bytes, pack: Any, edits: Any, key: str, inside: bool) -> None:
    def damage(text: bytes) -> bytes:
        for place, cut, insert in edits:
            position = int(place * len(text))
            text = text[:position] + insert + text[position + cut :]
        return text

    with small_wire():
        check_accounts(pack(damage(data)) if inside else damage(pack(data)), NUMBERS, key)


@settings(max_examples=100, deadline=None)
@given(data=st.text('n,s"1\n\r', max_size=120).map(lambda rows: "n,s\n" + rows), block=st.integers(8, 60))
def test_every_row_of_a_csv_file_with_stray_quotes_is_accounted_for(data: str, block: int) -> None:
    with small_wire(block):
        check_accounts(data.encode(), make_contract(NUMBERS.fields, max_record_bytes=60), "books/a.csv")


# Hostile objects


@pytest.mark.parametrize(
    ("data", "key", "reason"),
    [
        (gzip.compress(b'{"n": 1}\n' * 9000, mtime=0)[:-20], "a.ndjson.gz", "corrupt_stream"),
        (gzip.compress(b'{"n": 1}\n', mtime=0)[:-8] + bytes(8), "a.ndjson.gz", "corrupt_stream"),
        (zstd.compress(b'{"n": 1}\n' * 9000)[:-3], "a.ndjson.zst", "corrupt_stream"),
        (b"\x1f\x8b", "a.csv.gz", "corrupt_stream"),
        (b"\x28\xb5\x2f\xfd", "a.csv.zst", "corrupt_stream"),
        (b"PAR1\x15\x04", "a.parquet", "unsupported_format"),
        (b"PK\x03\x04", "a.csv", "unsupported_format"),
        ('{"n": 1}'.encode("utf-16"), "a.ndjson", "unsupported_format"),
        (b"hello\n", "a.txt", "unsupported_format"),
        (b"hello\nworld\n", "a.csv", "invalid_header"),
    ],
)
def test_an_object_that_cannot_be_read_to_its_end_says_why(data: bytes, key: str, reason: str) -> None:
    result = process(data, NUMBERS, f"books/{key}")
    (reject,) = result.rejects
    assert (reject.reason.value, reject.rest) == (reason, True)


def test_records_before_the_damage_of_a_stream_are_kept() -> None:
    chance = random.Random(5)
    data = zstd.compress(ndjson(*({"n": n, "s": chance.randbytes(30).hex()} for n in range(20_000))))
    result = process(data[: len(data) // 2], NUMBERS)
    assert [record["n"] for _, record in result.records] == list(range(result.receipt.valid))
    assert result.receipt.valid > 5000
    assert result.reasons == [(result.receipt.valid + 1, "corrupt_stream", "")]


def test_a_value_that_a_broken_stream_may_have_cut_short_is_not_taken() -> None:
    packed = gzip.compress(b"n\n12\n34")
    result = process(packed[:-8], NUMBERS, "books/a.csv.gz")
    assert [record for _, record in result.records if record == {"n": 3}] == []
    assert result.reasons[-1][1] == "corrupt_stream"


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress])
def test_a_bomb_stops_at_the_contracts_limit(pack: Any) -> None:
    bomb = pack(b'{"n": 1}\n' * 1_000_000)
    assert len(bomb) < 50_000
    result = process(bomb, make_contract(NUMBERS.fields, max_object_bytes=900_004))
    assert result.receipt.valid <= 100_000
    (reject,) = result.rejects
    assert (reject.line, reject.reason.value, reject.rest) == (result.receipt.valid + 1, "too_large", True)


def test_an_empty_object_has_no_lines() -> None:
    for data in (b"", b"\n\n", gzip.compress(b""), zstd.compress(b""), b"\xef\xbb\xbf"):
        for key in ("books/a.ndjson", "books/a.csv", "books/a.json", "books/a"):
            result = process(data, NUMBERS, key)
            assert (result.chunks, result.rejects, result.receipt.lines) == ([], [], 0)


def test_a_200_megabyte_line_is_one_reject_and_is_never_held() -> None:
    line = b'{"n": 1}\n'
    pieces = [b"x" * 65_536] * 3200
    longest = 0

    def read(size: int) -> bytes:
        nonlocal line, longest
        longest = max(longest, size)
        if line:
            piece, line = line, b""
            return piece
        if pieces:
            return pieces.pop()[:size]
        if not ended:
            ended.append(True)
            return b'\n{"n": 2}\n'
        return b""

    ended: list[bool] = []
    result = process(read, NUMBERS)
    assert result.records == [(1, {"n": 1}), (3, {"n": 2})]
    assert result.reasons == [(2, "too_large", "")]
    assert len(result.rejects[0].original) == KEPT_BYTES
    assert longest <= 1_000_000


def test_nesting_a_hundred_thousand_deep_is_a_reason_and_no_crash() -> None:
    deep = b"[" * 100_000
    result = process(b'{"n": 1}\n{"s": ' + deep + b'}\n{"n": 2}', NUMBERS)
    assert [record for _, record in result.records] == [{"n": 1}, {"n": 2}]
    assert result.reasons == [(2, "too_deep", "")]
    nested = process(b'[{"n": 1}, {"s": ' + deep + b"]" * 100_000 + b'}, {"n": 2}]', NUMBERS, "books/a.json")
    assert [record for _, record in nested.records] == [{"n": 1}, {"n": 2}]
    assert nested.reasons == [(2, "too_deep", "")]


def test_a_dataset_without_a_contract_is_one_reject() -> None:
    processing = Processing(raw_object("nobody/a.csv"), None, reader(b"a,b\n1,2\n"))
    assert list(processing.chunks()) == []
    receipt = processing.receipt()
    assert (receipt.dataset, receipt.reasons, receipt.lines) == ("_unknown", {"unknown_dataset": 1}, 1)
    assert receipt.quarantine_key == f"quarantine/_unknown/dt=2026-03-14/{receipt.object_id}.ndjson.zst"


def test_a_network_that_breaks_is_an_error_and_no_reject() -> None:
    def read(_: int) -> bytes:
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        process(read, NUMBERS)


def test_no_reason_or_receipt_holds_a_value_of_the_data() -> None:
    secret = "s3cr3t"
    values = [f'"{secret}"', "1e999", "true", "[]", "{}", '"2020-13-01"', f'"{secret}\\u0000"', "null", f'["{secret}"]']
    lines = [f'{{"id": 1, "{field.name}": {value}}}' for field in EVERY_TYPE for value in values]
    lines += [secret, f'{{"id": "{secret}"', f"{secret},{secret}"]
    for key in ("books/a.ndjson", "books/a.csv", "books/a.json"):
        result = process("\n".join(lines).encode(), make_contract(), key)
        assert result.rejects
        for reject in result.rejects:
            assert secret not in reject.field
        assert secret.encode() not in result.receipt.encode()


def test_a_csv_file_without_its_header_names_no_value_as_a_field() -> None:
    result = process(b"s3cr3t,mail@example.org\n1,2\n", NUMBERS, "books/a.csv")
    assert result.reasons == [(1, "invalid_header", "")]


def test_csv_chunks_are_cut_by_less_input_than_json_chunks_because_rows_grow() -> None:
    data = csv_of([{"n": n, "s": "abc" * 20} for n in range(60_000)])
    result = process(data, NUMBERS, "books/a.csv")
    assert len(result.chunks) == len(data) // CSV_CHUNK_INPUT_BYTES + 1
    assert sum(chunk.header.records for chunk in result.chunks) == result.receipt.valid == 60_000
