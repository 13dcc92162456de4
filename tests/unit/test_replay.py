"""Replay's judgement and its books: what is said to pass does pass, as it was, and no line is taken twice."""

import csv
from io import StringIO
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datavault import replay
from datavault.contract import Contract, Field
from datavault.formats import choose
from datavault.inflate import Inflater
from datavault.quarantine import QuarantineEntry
from datavault.reasons import Reason
from datavault.replay import ReplayPlan, judge, lines_of, next_number, open_entries, runs_of, whole_suffix
from datavault.reread import column_names, csv_header, is_cut, originals

from .support import lines_of as lines_of_chunk
from .support import make_contract, process, reader, small_wire

NARROW = make_contract((Field("id", "integer", required=True, maximum=3), Field("name", "string", max_length=4)))
WIDE = make_contract((Field("id", "integer", required=True), Field("name", "string", max_length=200)))

# Pieces that break lines, rows and files: quotes, brackets, breaks, magic numbers, a byte order mark.
PIECES = st.sampled_from(
    ['"', ",", "{", "}", "[", "]", '{"id":9}', '{"id":9,"name":"abcdefg"}', "9,abcdefg", '9,"a,b"', '9,"a', 'b"', "\r",
     "9,a\"b", " ", "1", "x", "\ufeff", "null", "9,", '5,"a""b"', "BZh", "PK\x03\x04", "ü"]
)  # fmt: skip
LINES = st.lists(st.lists(PIECES, max_size=4).map("".join), min_size=1, max_size=12)


def file_of(kind: str, lines: list[str]) -> bytes:
    match kind:
        case "json":
            return ("[" + ",".join(lines) + "]").encode()
        case "csv":
            return "\n".join(["id,name", *lines]).encode()
    return "\n".join(['{"id":1}', *lines]).encode()


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(["ndjson", "json", "csv"]), LINES)
def test_what_passes_is_all_valid_in_the_file_that_is_sent(kind: str, lines: list[str]) -> None:
    data = file_of(kind, lines)
    first = process(data, NARROW, f"books/day.{kind}")
    if not first.receipt.format:
        return  # no line of it was told
    header = csv_header(reader(data)) if first.receipt.format == "csv" else b""
    records = [(entry, entry.original_bytes) for entry in first.rejects if not entry.rest]

    judged = judge(first.receipt.format, header, records, WIDE)

    assert [one.entry for one in judged] == [entry for entry, _ in records]
    passing = [one.original for one in judged if one.passes]
    if passing:
        sent = replay.body(first.receipt.format, header, passing)
        second = process(sent, WIDE, "books/_replay/x/000001" + replay.lines_suffix(first.receipt.format))
        assert (second.receipt.valid, second.receipt.quarantined) == (len(passing), 0)


@settings(deadline=None)
@given(st.lists(st.sampled_from(['9,"a,b"', "9,abcdefg", "x,y", '9,"a\nb"', "1,a"]), min_size=1, max_size=30))
def test_what_is_sent_says_what_the_lines_said(rows: list[str]) -> None:
    data = file_of("csv", rows)
    rejects = process(data, NARROW, "books/day.csv").rejects

    judged = judge("csv", b"id,name", [(entry, entry.original_bytes) for entry in rejects], WIDE)

    passing = [one.original for one in judged if one.passes]
    values = [tuple(row) for row in csv.reader(StringIO(b"\n".join(passing).decode(), newline=""))]
    second = process(replay.body("csv", b"id,name", passing), WIDE, "books/x.csv") if passing else None
    sent = [(str(record["id"]), record["name"]) for _, record in second.records] if second else []
    assert sent == values
    assert len(sent) == sum(row[0] == "9" for row in rows)


@pytest.mark.parametrize(
    ("original", "obstacle"), [('9,a"b', ""), ('9,"a', ""), ("9,abc", ""), ('9,x\n8,"y"', replay.UNSTABLE)]
)
def test_a_row_that_is_two_is_not_sent(original: str, obstacle: str) -> None:
    entry = QuarantineEntry(2, Reason.INVALID_LENGTH, "", original)
    (judged,) = judge("csv", b"id,name", [(entry, original.encode())], WIDE)
    if obstacle:
        assert not judged.passes
    else:
        assert judged.obstacle == ""


def test_a_record_with_a_byte_order_mark_is_left_to_a_person() -> None:
    original = b'\xef\xbb\xbf{"id":9}'
    (judged,) = judge("ndjson", b"", [(QuarantineEntry(2, Reason.INVALID_JSON), original)], WIDE)
    assert judged.obstacle == replay.UNSTABLE


def plan(number: int, lines: list[int]) -> ReplayPlan:
    return ReplayPlan("o", "d", "d/k", "v", "d", "1.0.0", number, f"d/_replay/o/{number}", "ndjson", runs_of(lines), "")


@given(st.lists(st.sets(st.integers(1, 50)), max_size=5))
def test_open_entries_are_those_in_no_plan(planned: list[set[int]]) -> None:
    entries = [QuarantineEntry(line, Reason.WRONG_TYPE) for line in range(1, 51)]
    plans = [plan(number, sorted(lines)) for number, lines in enumerate(planned, 1)]

    found = {entry.line for entry in open_entries(entries, plans)}

    assert found == set(range(1, 51)) - set().union(*planned)
    assert next_number(plans) == len(planned) + 1
    assert next_number([]) == 1


@given(st.sets(st.integers(1, 10**6)))
def test_runs_hold_the_lines_and_touching_ones_are_joined(lines: set[int]) -> None:
    runs = runs_of(sorted(lines))
    assert lines_of(runs) == sorted(lines) == lines_of_chunk(runs)
    assert all(start + count < following for (start, count), (following, _) in pairwise(runs))


def test_a_plan_is_read_as_it_was_written() -> None:
    written = plan(3, [2, 3, 7])
    assert replay.decode(written.encode()) == written
    assert written.records == 3


@pytest.mark.parametrize(
    "key",
    ["a/b.ndjson", "a/b.JSONL.gz", "a/b.json", "a/b.json.zst", "a/b.csv", "a/x.csv.gz", "a/b", "a/b.gz", "a/x.csv.json",
     "a/x.ndjson/part-1", "a/b.ndjson.csv"],
)  # fmt: skip
@pytest.mark.parametrize("data", [b'[{"id":1}]', b'{"id":1}', b"id\n1\n", b"x"])
def test_a_copy_is_read_as_the_object_was(key: str, data: bytes) -> None:
    copy = f"a/_replay/{'0' * 32}/000001{whole_suffix(key)}"
    formats = []
    for name in (key, copy):
        try:
            formats.append(choose(Inflater(reader(data), 100), name, WIDE).name)
        except Exception as error:
            formats.append(repr(error))
    assert formats[0] == formats[1]


def contract_with(max_record_bytes: int) -> Contract:
    return make_contract((Field("id", "integer"), Field("name", "string")), max_record_bytes=max_record_bytes)


@pytest.mark.parametrize(
    ("kind", "short", "long"),
    [
        ("ndjson", '{"id":1}', '{"id":2,"name":"%s"}'),
        ("json", '{"id":1}', '{"id":2,"name":"%s"}'),
        ("csv", "1,a", "2,%s"),
    ],
)
def test_cut_originals_are_read_again_by_line_whole_within_the_limit(kind: str, short: str, long: str) -> None:
    lines = [short, long % ("x" * 5000), short, long % ("y" * 9000), short]
    data = file_of(kind, lines)
    with small_wire(block=16_384 if kind == "json" else 512):  # an array's elements wait for a block
        rejects = process(data, contract_with(4500), f"books/a.{kind}").rejects
        assert [entry.reason for entry in rejects] == [Reason.TOO_LARGE, Reason.TOO_LARGE]
        wanted = [entry.line for entry in rejects]
        found = originals(reader(data), f"books/a.{kind}", contract_with(6000), wanted)
    assert all(map(is_cut, rejects))
    assert found.pop(wanted[1], lines[3].encode()) == lines[3].encode()  # whole, or not at all
    assert found == {wanted[0]: lines[1].encode()}


def test_nothing_is_found_in_what_cannot_be_read() -> None:
    assert originals(reader(b"PK\x03\x04"), "books/a.csv", WIDE, [2]) == {}
    assert originals(reader(b""), "books/a.csv", WIDE, []) == {}


def test_the_header_of_a_csv_object_is_its_first_row() -> None:
    data = b'\xef\xbb\xbfid,"na\nme"\r\n1,x\n'
    assert csv_header(reader(data)) == b'\xef\xbb\xbfid,"na\nme"\r'
    assert column_names(csv_header(reader(data)), ",") == ["id", "na\nme"]
    assert column_names(b'"open', ",") == []
