"""The table of hostile inputs, and what becomes of each. `test_hostile.py` proves it; the fuzzer starts from it.

An outcome is written by line: `1=1 2=wrong_type 3..=corrupt_stream` says that line 1 is a record with `n` 1, line 2 is
in quarantine, and what stands from line 3 on is in quarantine as one reject.
"""

import csv
import gzip
import io
import json
import struct
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
from backports import zstd

from datavault.contract import Contract, Field
from datavault.reasons import Reason

from .support import make_contract

FIELDS = (
    Field("n", "integer", required=True),
    Field("s", "string"),
    Field("x", "number"),
    Field("d", "decimal", precision=12, scale=2),
    Field("ok", "boolean"),
    Field("tags", "array", items=Field("", "string")),
)
CONTRACT = make_contract(FIELDS)
# As much as a bomb may become.
MAX_OBJECT_BYTES = 100_000
BOUNDED = make_contract(FIELDS, max_object_bytes=MAX_OBJECT_BYTES)


class Case(msgspec.Struct, frozen=True):
    """An object, its key behind `books/`, and its outcome."""

    name: str
    key: str
    data: bytes
    outcome: str
    contract: Contract = CONTRACT


class Value(msgspec.Struct, frozen=True):
    """A member of a record as JSON, the same as a cell of a CSV file, and its outcome: a reason code or the value.

    Text of a cell is written by a CSV library; bytes stand as they are; None means that CSV has no such thing.
    `outcome_csv` is there where a cell means something else.
    """

    name: str
    member: bytes
    outcome: Any
    cell: str | bytes | None = None
    outcome_csv: Any = None

    @property
    def field(self) -> str:
        return self.member.partition(b'"')[2].partition(b'"')[0].decode()


def _text(name: str, value: str) -> Value:
    """A text that means something to somebody else, and to us is data."""
    return Value(name, b'"s": ' + json.dumps(value).encode(), value, value)


REASONS = {reason.value for reason in Reason}
DEEP = 100_000
DIGITS = b"9" * 5_000  # Python refuses to read more than 4,300 digits as one integer
VALUES = [
    # bytes and characters
    Value("a byte that is no UTF-8", b'"s": "\xff"', "invalid_utf8", b"\xff"),
    Value("Latin-1", b'"s": "Z\xfcrich"', "invalid_utf8", b"Z\xfcrich"),
    Value("UTF-8 that is longer than it must be", b'"s": "\xc0\xaf"', "invalid_utf8", b"\xc0\xaf"),
    Value("UTF-8 beyond Unicode", b'"s": "\xf5\x80\x80\x80"', "invalid_utf8", b"\xf5\x80\x80\x80"),
    Value("half a surrogate pair in UTF-8", b'"s": "\xed\xa0\x80"', "invalid_utf8", b"\xed\xa0\x80"),
    Value("half a surrogate pair, escaped", b'"s": "\\ud800"', "invalid_json", "\\ud800", "\\ud800"),
    Value("the other half, escaped", b'"s": "\\udfff"', "invalid_json", "\\udfff", "\\udfff"),
    Value("a surrogate pair the wrong way round", b'"s": "\\ude00\\ud83d"', "invalid_json"),
    Value("a surrogate pair", b'"s": "\\ud83d\\ude00"', "\N{GRINNING FACE}", "\N{GRINNING FACE}"),
    Value("NUL, escaped", b'"s": "a\\u0000b"', "invalid_character"),
    Value("NUL, as it is", b'"s": "a\0b"', "invalid_json", b"a\0b", "invalid_character"),
    Value("NUL in an array", b'"tags": ["a\\u0000"]', "invalid_character", '["a\\u0000"]'),
    Value("a control character", b'"s": "a\x1b[2Jb"', "invalid_json", b"a\x1b[2Jb", "a\x1b[2Jb"),
    Value("a control character, escaped", b'"s": "a\\u001b[2J"', "a\x1b[2J"),
    Value("a non-character of Unicode", '"s": "\ufffe\U0010ffff"'.encode(), "\ufffe\U0010ffff", "\ufffe\U0010ffff"),
    _text("text that runs from right to left", "\u202egnp.exe"),
    _text("letters that combine without end", "e" + "\u0301" * 50),
    # numbers
    Value("NaN", b'"x": NaN', "invalid_json", "NaN", "wrong_type"),
    Value("Infinity", b'"x": Infinity', "invalid_json", "Infinity", "wrong_type"),
    Value("-Infinity", b'"x": -Infinity', "invalid_json", "-Infinity", "wrong_type"),
    Value("NaN in a string", b'"x": "NaN"', "wrong_type"),
    Value("the largest integer", b'"n": 9223372036854775807', 2**63 - 1, "9223372036854775807"),
    Value("one more than 64 bits", b'"n": 9223372036854775808', "out_of_range", "9223372036854775808"),
    Value("one less than 64 bits", b'"n": -9223372036854775809', "out_of_range", "-9223372036854775809"),
    Value("unsigned 64 bits", b'"n": 18446744073709551615', "out_of_range", "18446744073709551615"),
    Value("an integer of 5,000 digits", b'"n": ' + DIGITS, "out_of_range", DIGITS),
    Value("a number of 5,000 digits", b'"x": ' + DIGITS, "out_of_range", DIGITS),
    Value("a decimal of 5,000 digits", b'"d": ' + DIGITS, "out_of_range", DIGITS),
    Value("a decimal of 5,000 digits in a string", b'"d": "' + DIGITS + b'"', "out_of_range"),
    Value("1e400 where an integer is due", b'"n": 1e400', "out_of_range", "1e400"),
    Value("1e400", b'"x": 1e400', "out_of_range", "1e400"),
    Value("-1e400", b'"x": -1e400', "out_of_range", "-1e400"),
    Value("the largest number", b'"x": 1.7976931348623157e308', 1.7976931348623157e308, "1.7976931348623157e308"),
    Value("the smallest number", b'"x": 5e-324', 5e-324, "5e-324"),
    Value("a number too small for one", b'"x": 1e-400', 0.0, "1e-400"),
    Value("1e400 where a decimal is due", b'"d": 1e400', "out_of_range", "1e400"),
    Value("1e-400 where a decimal is due", b'"d": 1e-400', "out_of_range", "1e-400"),
    Value("an exponent beyond decimals", b'"d": 1e99999999999999999999', "invalid_format", "1e99999999999999999999"),
    Value("an exponent that decimals can have", b'"d": 1e999999999', "out_of_range", "1e999999999"),
    Value("zero with a large exponent", b'"d": 0e999999', Decimal(0), "0e999999"),
    # structure
    Value("a key twice", b'"s": "first", "s": "last"', "last"),
    Value("a key twice, once escaped", b'"s": "first", "\\u0073": "last"', "last"),
    Value("a key twice, one value wrong", b'"s": 1, "s": "last"', "wrong_type"),
    Value("arrays 100,000 deep", b'"tags": ' + b"[" * DEEP + b"]" * DEEP, "too_deep", b"[" * DEEP, "wrong_type"),
    Value("objects 100,000 deep", b'"tags": ' + b'{"a":' * (DEEP // 4) + b"1" + b"}" * (DEEP // 4), "too_deep"),
    Value("a JSON text in a string", b'"tags": "[\\"a\\"]"', "wrong_type"),
    # types
    Value("a number where a text is due", b'"s": 1', "wrong_type"),
    Value("a text where a number is due", b'"x": "1"', "wrong_type"),
    Value("1 where a boolean is due", b'"ok": 1', "wrong_type", "1"),
    Value("an object where an array is due", b'"tags": {}', "wrong_type", "{}"),
    Value("mixed types in an array", b'"tags": ["a", 1]', "wrong_type", '["a", 1]'),
    # text with a meaning elsewhere
    _text("SQL that ends a statement", "'; DROP TABLE books; --"),
    _text("SQL that ends an identifier", '"; DROP TABLE books; --'),
    _text("SQL in a comment", "/* */ ' OR 1=1"),
    _text("parameters of SQL", ":s $1 ? %s %(s)s {0} {{s}}"),
    _text("a dollar-quoted text", "$$; SELECT 1; $$"),
    _text("a backslash before a quote", "\\' OR 1=1"),
    _text("a formula", "=1+1"),
    _text("a formula that calls out", '=HYPERLINK("http://example.org/?" & A1)'),
    _text("a formula behind +", "+1+1"),
    _text("a formula behind -", "-1+1"),
    _text("a formula behind @", "@SUM(A1)"),
    _text("a formula behind a tab", "\t=1+1"),
    _text("a path", "../../etc/passwd"),
    _text("markup", "<script>alert(1)</script> [red]x[/red]"),
]  # fmt: skip


def _csv(field: str, cell: str | bytes) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow([2, "CELL"] if field != "n" else ["CELL"])
    row = text.getvalue().encode()
    if isinstance(cell, str):
        text = io.StringIO()
        csv.writer(text, lineterminator="").writerow([cell])
        cell = text.getvalue().encode()
    row = row.replace(b"CELL", cell)
    header, around = (b"n\n", b"%d\n") if field == "n" else (b"n,%s\n" % field.encode(), b"%d,\n")
    return header + around % 1 + row + around % 3


def value_cases() -> Iterator[tuple[Case, str, Any]]:
    """Each value between two good records, in each format; with its field, and its outcome."""
    for value in VALUES:
        member = value.member if value.field == "n" else b'"n": 2, ' + value.member
        ndjson = b'{"n": 1}\n{%s}\n{"n": 3}\n' % member
        array = b'[{"n": 1},\n{%s},\n{"n": 3}]\n' % member
        outcome = value.outcome if value.outcome in REASONS else "2"
        yield Case(value.name, "a.ndjson", ndjson, f"1=1 2={outcome} 3=3"), value.field, value.outcome
        yield Case(value.name, "a.json", array, f"1=1 2={outcome} 3=3"), value.field, value.outcome
        if value.cell is not None:
            wanted = value.outcome if value.outcome_csv is None else value.outcome_csv
            outcome = wanted if wanted in REASONS else "2"
            data = _csv(value.field, value.cell)
            yield Case(value.name, "a.csv", data, f"2=1 3={outcome} 4=3"), value.field, wanted


TWO = b'{"n": 1}\n{"n": 2}\n'
ARRAY = b'[{"n": 1}, {"n": 2}]'
ROWS = b"n,s\n1,a\n2,b\n"
BOM = b"\xef\xbb\xbf"
# RFC 1952: text, header checksum off, an extra field, a name and a comment.
GZIP_HEADER = b"\x1f\x8b\x08\x1d" + bytes(6) + struct.pack("<H", 4) + b"abcd" + b"name\0" + b"comment\0"
SKIPPABLE = b"\x50\x2a\x4d\x18" + struct.pack("<I", 3) + b"abc"  # RFC 8878, 3.1.2; pzstd writes them
LINES = b"".join(b'{"n": %d}\n' % n for n in range(1, 3_001))
EACH = " ".join(f"{n}={n}" for n in range(1, 3_001))


def _members(pack: Any, parts: list[bytes]) -> bytes:
    return b"".join(map(pack, parts))


def _cut(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


BOMB = b'{"n": 1}\n' * 200_000
CASES = [
    # nearly nothing
    *(Case("nothing", key, b"", "") for key in ("a.ndjson", "a.json", "a.csv", "a", "a.csv.gz", "a.ndjson.zst")),
    *(Case("blank lines", key, b"\n \r\n\n", "") for key in ("a.ndjson", "a.json", "a.csv", "a")),
    Case("nothing, packed", "a.ndjson.gz", gzip.compress(b""), ""),
    Case("a byte order mark alone", "a.csv", BOM, ""),
    Case("a header alone", "a.csv", b"n,s", ""),
    Case("one byte", "a.json", b"x", "1=invalid_json"),
    Case("one NUL", "a", b"\0", "1..=unsupported_format"),
    Case("NULs alone", "a.ndjson", bytes(1000), "1=invalid_json"),
    Case("NULs alone", "a.csv", bytes(1000), "1..=invalid_header"),
    # ends of lines and of files
    Case("no final newline", "a.ndjson", TWO.rstrip(), "1=1 2=2"),
    Case("no final newline", "a.json", ARRAY, "1=1 2=2"),
    Case("no final newline", "a.csv", ROWS.rstrip(), "2=1 3=2"),
    Case("CRLF", "a.ndjson", TWO.replace(b"\n", b"\r\n"), "1=1 2=2"),
    Case("CRLF", "a.json", b'[\r\n{"n": 1},\r\n{"n": 2}\r\n]\r\n', "1=1 2=2"),
    Case("CRLF", "a.csv", ROWS.replace(b"\n", b"\r\n"), "2=1 3=2"),
    Case("CRLF and LF mixed", "a.csv", b"n,s\r\n1,a\n2,b\r\n", "2=1 3=2"),
    Case("CR alone", "a.ndjson", TWO.replace(b"\n", b"\r"), "1=invalid_json"),
    Case("CR alone", "a.csv", ROWS.replace(b"\n", b"\r"), "1..=invalid_header"),
    Case("the end of a file of DOS", "a.ndjson", TWO + b"\x1a", "1=1 2=2 3=invalid_json"),
    # encodings
    Case("a byte order mark", "a.ndjson", BOM + TWO, "1=1 2=2"),
    Case("a byte order mark", "a.json", BOM + ARRAY, "1=1 2=2"),
    Case("a byte order mark", "a.csv", BOM + ROWS, "2=1 3=2"),
    Case("a byte order mark before a quoted header", "a.csv", BOM + b'"n","s"\n1,a\n', "2=1"),
    Case("two byte order marks", "a.ndjson", BOM + BOM + TWO, "1=invalid_json 2=2"),
    Case("two byte order marks", "a.csv", BOM + BOM + ROWS, "1..=invalid_header"),
    *(Case("UTF-16", key, '{"n": 1}\n'.encode("utf-16"), "1..=unsupported_format") for key in ("a.ndjson", "a.csv")),
    Case("UTF-16 without its mark", "a.ndjson", '{"n": 1}'.encode("utf-16-le"), "1=invalid_json"),
    Case("UTF-16 without its mark", "a.csv", "n,s\n1,a".encode("utf-16-be"), "1..=invalid_header"),
    Case("UTF-32", "a.ndjson", '{"n": 1}'.encode("utf-32"), "1..=unsupported_format"),
    # what is no record
    Case("mixed types", "a.ndjson", b'{"n": 1}\n[]\n"a"\n7\nnull\ntrue\n{"n": 7}',
         "1=1 2=wrong_type 3=wrong_type 4=wrong_type 5=missing_field 6=wrong_type 7=7"),
    Case("mixed types", "a.json", b'[{"n": 1}, [], "a", 7, null, true, {"n": 7}]',
         "1=1 2=wrong_type 3=wrong_type 4=wrong_type 5=missing_field 6=wrong_type 7=7"),
    Case("100,000 arrays deep", "a.json", b'[{"n": 1},' + b"[" * DEEP + b"]" * DEEP + b"]", "1=1 2=too_deep"),
    Case("an array 100,000 deep that never ends", "a.json", b"[" * DEEP, "1..=invalid_json"),
    Case("a line 100,000 deep that never ends", "a.ndjson", b"[" * DEEP + b"\n" + TWO, "1=too_deep 2=1 3=2"),
    Case("brackets that close what is not open", "a.json", b'[{"n": 1}]}]', "1=1 2..=invalid_json"),
    Case("a string that never ends", "a.json", b'[{"n": 1}, {"s": "' + TWO, "1=1 2..=invalid_json"),
    Case("an object over several lines", "a.json", b'{\n"n": 1\n}\n', "1=invalid_json 2=invalid_json 3=invalid_json"),
    Case("two objects on a line", "a.ndjson", b'{"n": 1}{"n": 2}\n', "1=invalid_json"),
    Case("commas behind lines", "a.ndjson", b'{"n": 1},\n{"n": 2}\n', "1=invalid_json 2=2"),
    # streams
    *(Case(f"gzip cut off at {end}", "a.ndjson.gz", gzip.compress(TWO)[:end], f"{kept}..=corrupt_stream")
      for end, kept in {2: "1", 10: "1", 20: "1=1 2", -8: "1=1 2=2 3", -1: "1=1 2=2 3"}.items()),
    *(Case(f"zstd cut off at {end}", "a.ndjson.zst", zstd.compress(TWO)[:end], f"{kept}..=corrupt_stream")
      for end, kept in {4: "1", 10: "1", -1: "1=1 2"}.items()),
    Case("gzip cut off", "a.json.gz", gzip.compress(ARRAY)[:-9], "1=1 2..=corrupt_stream"),
    Case("gzip cut off", "a.csv.gz", gzip.compress(ROWS)[:-9], "2=1 3=2 4..=corrupt_stream"),
    Case("gzip with a wrong checksum", "a.csv.gz", gzip.compress(ROWS)[:-8] + bytes(8), "1..=corrupt_stream"),
    Case("gzip with every field of its header", "a.ndjson.gz", GZIP_HEADER + gzip.compress(TWO)[10:], "1=1 2=2"),
    Case("gzip with garbage behind", "a.ndjson.gz", gzip.compress(TWO) + b"garbage", "1=1 2=2 3..=corrupt_stream"),
    Case("gzip with half a member behind", "a.csv.gz", gzip.compress(ROWS) + gzip.compress(ROWS)[:12],
         "2=1 3=2 4..=corrupt_stream"),
    Case("gzip, then zstd", "a.ndjson", gzip.compress(TWO) + zstd.compress(TWO), "1=1 2=2 3..=corrupt_stream"),
    Case("gzip, then plain", "a.ndjson", gzip.compress(TWO) + TWO, "1=1 2=2 3..=corrupt_stream"),
    Case("gzip with a tape's padding", "a.ndjson.gz", gzip.compress(TWO) + bytes(10_240), "1=1 2=2"),
    Case("3,000 members of one record", "a.ndjson.gz", _members(gzip.compress, LINES.splitlines(keepends=True)), EACH),
    Case("members that end within records", "a.ndjson.gz", _members(gzip.compress, _cut(LINES, 7)), EACH),
    Case("frames that end within records", "a.ndjson.zst", _members(zstd.compress, _cut(LINES, 7)), EACH),
    Case("5,000 empty members, and one", "a.ndjson.gz", gzip.compress(b"") * 5_000 + gzip.compress(TWO), "1=1 2=2"),
    Case("5,000 empty frames, and one", "a.ndjson.zst", zstd.compress(b"") * 5_000 + zstd.compress(TWO), "1=1 2=2"),
    Case("a skippable frame behind", "a.ndjson.zst", zstd.compress(TWO) + SKIPPABLE, "1=1 2=2"),
    Case("a skippable frame in front", "a.ndjson.zst", SKIPPABLE + zstd.compress(TWO), "1=1 2=2"),
    Case("gzip in gzip", "a.ndjson.gz", gzip.compress(gzip.compress(TWO)), "1..=unsupported_format"),
    Case("zstd in gzip", "a.csv.gz", gzip.compress(zstd.compress(ROWS)), "1..=unsupported_format"),
    # what pretends to be something else
    Case("NDJSON by the name of CSV", "a.csv", TWO, "1=1 2=2"),
    Case("an array by the name of CSV", "a.csv.zst", ARRAY, "1=1 2=2"),
    Case("CSV by the name of NDJSON", "a.ndjson", ROWS, "1=invalid_json 2=invalid_json 3=invalid_json"),
    Case("CSV without a telling name", "a.txt", ROWS, "2=1 3=2"),
    Case("zstd by the name of gzip", "a.ndjson.gz", zstd.compress(TWO), "1=1 2=2"),
    Case("gzip without a telling name", "a", gzip.compress(ROWS), "2=1 3=2"),
    Case("plain by the name of gzip", "a.csv.gz", ROWS, "2=1 3=2"),
    *(Case(f"{name} by the name of CSV", "a.csv", head + bytes(600), "1..=unsupported_format")
      for name, head in {"Parquet": b"PAR1", "a spreadsheet": b"PK\x03\x04", "bzip2": b"BZh91AY", "xz": b"\xfd7zXZ\0",
                         "7z": b"7z\xbc\xaf\x27\x1c", "LZ4": b"\x04\x22\x4d\x18", "PDF": b"%PDF-1.7",
                         "tar": b"a.csv".ljust(257, b"\0") + b"ustar"}.items()),
    Case("HTML", "a.html", b"<!doctype html>", "1..=unsupported_format"),
    Case("HTML by the name of CSV", "a.csv", b"<!doctype html>\n<p>503", "1..=invalid_header"),
    # CSV
    Case("newlines, quotes and delimiters in values", "a.csv", b'n,s\n1,"a\nb ""c"", d"\n2,"\n"\n', "2=1 3=2"),
    Case("ragged rows", "a.csv", b"n,s\n1\n2,b\n3,c,d\n,\n",
         "2=wrong_column_count 3=2 4=wrong_column_count 5=missing_field"),
    Case("another delimiter", "a.csv", b"n;s\n1;a\n", "1..=invalid_header"),
    Case("another delimiter behind the header", "a.csv", b"n,s\n1;a\n2,b\n", "2=wrong_column_count 3=2"),
    Case("no header", "a.csv", b"1,a\n2,b\n", "1..=invalid_header"),
    Case("no header, no telling name", "a", b"1,a\n2,b\n", "1..=unsupported_format"),
    Case("a column twice", "a.csv", b"n,s,n\n1,a,2\n", "1..=invalid_header"),
    Case("an unknown column", "a.csv", b"n,s,z\n1,a,2\n", "1..=invalid_header"),
    Case("no required column", "a.csv", b"s,x\na,1\n", "1..=invalid_header"),
    Case("columns in another order", "a.csv", b"s,n\na,1\n", "2=1"),
    Case("spaces in the header", "a.csv", b"n, s\n1,a\n", "1..=invalid_header"),
    Case("a header in capitals", "a.csv", b"N,S\n1,a\n", "1..=invalid_header"),
    Case("the header once more", "a.csv", b"n,s\n1,a\nn,s\n2,b\n", "2=1 3=wrong_type 4=2"),
    Case("a quote that is never closed", "a.csv", b'n,s\n1,"a\n2,b\n', "2=invalid_csv 3=2"),
    Case("a header whose quote is never closed", "a.csv", b'n,"s\n1,a\n2,b\n', "1..=invalid_header"),
    Case("text behind a quote", "a.csv", b'n,s\n1,"a"b\n2,b\n', "2=invalid_csv 3=2"),
    Case("a header of 100,000 columns", "a.csv", b"n" + b",s" * 100_000 + b"\n1\n", "1..=invalid_header"),
    Case("a header that is no UTF-8", "a.csv", b"n,\xff\n1,a\n", "1..=invalid_header"),
    # bombs
    Case("a gzip bomb", "a.ndjson.gz", gzip.compress(BOMB), "bounded", BOUNDED),
    Case("a zstd bomb", "a.ndjson.zst", zstd.compress(BOMB), "bounded", BOUNDED),
    Case("a bomb of one line", "a.ndjson.gz", gzip.compress(bytes(5_000_000)), "bounded", BOUNDED),
    Case("a bomb of one element", "a.json.gz", gzip.compress(b"[" + b" " * 5_000_000), "bounded", BOUNDED),
    Case("a bomb of one row", "a.csv.zst", zstd.compress(b'n,s\n1,"' + b"\n" * 5_000_000), "bounded", BOUNDED),
    Case("a bomb of members", "a.ndjson.gz", gzip.compress(TWO * 1000) * 100, "bounded", BOUNDED),
]  # fmt: skip
