"""Telling a format: the content decides, the name only where the content does not."""

import gzip

import pytest
from backports import zstd

from datavault.contract import Field
from datavault.formats import ObjectRejectedError, choose
from datavault.inflate import Inflater

from ..support import make_contract, reader

CONTRACT = make_contract((Field("n", "integer"), Field("s", "string")))


def chosen(data: bytes, key: str) -> str:
    return choose(Inflater(reader(data), 10**9), key, CONTRACT).name


@pytest.mark.parametrize(
    ("data", "key", "name"),
    [
        (b'{"n": 1}', "a", "ndjson"),
        (b'{"n": 1}', "a.csv", "ndjson"),
        (b'\xef\xbb\xbf \n{"n": 1}', "a.txt", "ndjson"),
        (b'[{"n": 1}]', "a", "json"),
        (b' \r\n[{"n": 1}]', "a.csv", "json"),
        (b"[1]\n[2]", "a.ndjson", "ndjson"),
        (b"[1]\n[2]", "a.JSONL.gz", "ndjson"),
        (b"n,s\n1,a", "a", "csv"),
        (b"s\n", "a", "csv"),
        (b"\xef\xbb\xbfn,s\n", "a.json.bak", "csv"),
        (b'"n","s"\n', "a", "csv"),
        (b"x;y\n", "a.csv", "csv"),
        (b"x;y\n", "A.CSV.GZ", "csv"),
        (b"oops", "a.json", "ndjson"),
        (b"oops", "a.json.gz", "ndjson"),
        (b"oops", "a.json.zst", "ndjson"),
        (b"n,s\n", "a.ndjson", "ndjson"),
        (b"", "a.csv", "ndjson"),
        (b" \n\n", "a", "ndjson"),
    ],
)
def test_a_format_is_told(data: bytes, key: str, name: str) -> None:
    for packed in (data, gzip.compress(data), zstd.compress(data)):
        assert chosen(packed, f"books/{key}") == name


@pytest.mark.parametrize(
    "data",
    [b"PAR1", b"PK\x03\x04", b"BZh9", b"\xfd7zXZ", b"ORC", b"Obj\x01", b"\xff\xfen\0", b"\xfe\xff\0n", b"%PDF-1"],
)
def test_formats_of_other_tools_are_refused_whatever_their_name(data: bytes) -> None:
    for key in ("a.csv", "a.ndjson", "a"):
        with pytest.raises(ObjectRejectedError, match="unsupported_format"):
            chosen(data, key)


@pytest.mark.parametrize("data", [b"hello", b"1\n2\n", b"<xml/>", b'"s"x\n', b"\x00\x01"])
def test_what_names_no_field_and_has_no_telling_name_is_refused(data: bytes) -> None:
    with pytest.raises(ObjectRejectedError, match="unsupported_format"):
        chosen(data, "a.txt")


def test_choosing_takes_nothing_from_the_stream() -> None:
    inflater = Inflater(reader(b'{"n": 1}'), 100)
    choose(inflater, "a", CONTRACT)
    assert inflater.read(100) == b'{"n": 1}'
