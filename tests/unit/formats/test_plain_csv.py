"""Rows of CSV that travel as they came: nothing may change by it but the way of writing."""

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datavault import frames, rows
from datavault.chunk import open_chunk
from datavault.contract import CsvOptions, Field
from datavault.duck import identifier, read_rows
from datavault.enrich import DISABLED_OPTIMIZERS
from datavault.formats import csv as csv_format

from ..support import EVERY_TYPE, Result, make_contract, process, small_wire

KEY = "books/day.csv"
FIELDS = (
    Field("id", "integer", required=True, minimum=0),
    Field("name", "string", required=True, pattern="^[^x]"),
    *(field for field in EVERY_TYPE[1:] if rows.is_flat([field])),
    Field("grade", "string", enum=("A", "B")),
    Field("share", "decimal", precision=9, scale=9),  # DuckDB takes no exponent for it
)
CONTRACT = make_contract(FIELDS, csv=CsvOptions(null_values=("", "NA")))
HEADER = ",".join(field.name for field in FIELDS)
PLAIN = "7,Ann,3,some text,1.50,9.90,true,2026-02-28,2026-03-01T10:00:00Z,A,0.5"
VALUES = {
    "integer": ("7", "0", "-0", "007", " 7", "1.5", "1e2", "99999999999999999999", "NA", "", "null", "seven"),
    "string": ("Ann", "", "NA", "null", "nan", "x", " a ", "é😀", "true", "7", "A", "\\", "a\\nb", "\x01", "\u2028"),
    "number": ("1.50", "1", "-0", "1e5", "1E400", " 1", "nan", "Infinity", "NA", "0x1F", ".5", "1."),
    "decimal": ("9.90", "0.25", "9", "9.999", "1e1", "5e-1", "1E-7", "-0.00", "1_0", "NA", "99999999999.99", " 9"),
    "boolean": ("true", "false", "TRUE", "False", "1", "NA", "t", "null"),
    "date": ("2026-02-28", "2026-2-28", "2026-02-30", "NA", "20260228", "2026-02-28 "),
    "timestamp": (
        *("2026-03-01T10:00:00Z", "2026-03-01T10:00:00+00:00", "2026-03-01T12:00:00+02:00", "2026-03-01T10:00:00.5Z"),
        *("2026-03-01T10:00:00.123456789Z", "2026-03-01 10:00:00Z", "2026-03-01T10:00:00", "NA", "2026-03-01T10:00Z"),
    ),
}


def read(text: str) -> Result:
    return process(text.encode(), CONTRACT, KEY)


def bodies(result: Result) -> bytes:
    return b"".join(frames.decompress(open_chunk(chunk.data)[1]) for chunk in result.chunks)


def read_slowly(text: str) -> Result:
    """The same without rows that pass."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_format, "plain_rows", lambda header, contract: None)
        return read(text)


@pytest.fixture(scope="module")
def meaning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    file = tmp_path_factory.mktemp("plain") / "rows.zst"
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute(f"SET TimeZone = 'UTC'; SET disabled_optimizers = '{DISABLED_OPTIMIZERS}'")
        # A double's text keeps the sign of a zero, and a moment's needs no package to become Python's.
        names = ", ".join(f"CAST({identifier(field.name)} AS VARCHAR)" for field in FIELDS)

        def by_duckdb(result: Result) -> list[tuple[Any, ...]]:
            found = []
            for chunk in result.chunks:
                header, body = open_chunk(chunk.data)
                file.write_bytes(body)
                assert header.layout
                source = read_rows(str(file), header.layout, CONTRACT.fields, CONTRACT.max_record_bytes)
                found += connection.execute(f"SELECT {names} FROM {source}").fetchall()
            return found

        yield by_duckdb


CHANGES = st.lists(
    st.sampled_from([(number, text) for number, field in enumerate(FIELDS) for text in VALUES[field.type]]), max_size=5
)


@settings(max_examples=400, deadline=None)
@given(
    size=st.integers(6, 40),
    changes=CHANGES,
    places=st.lists(st.integers(0, 39), min_size=5, max_size=5),
    end=st.sampled_from(["\n", "\r\n"]),
    block=st.sampled_from([200, 1_000, 100_000]),
)
def test_rows_that_pass_mean_what_they_mean_rewritten(  # noqa: PLR0917  what hypothesis draws
    meaning: Any, size: int, changes: list[tuple[int, str]], places: list[int], end: str, block: int
) -> None:
    table = [PLAIN.split(",") for _ in range(size)]
    for place, (number, text) in zip(places, changes, strict=False):
        table[place % size][number] = text
    text = end.join([HEADER, *map(",".join, table)]) + end
    with small_wire(block, 10 * block):
        passed, rewritten = read(text), read_slowly(text)
    assert passed.reasons == rewritten.reasons
    assert passed.rejects == rewritten.rejects
    assert [(chunk.header.firstline, chunk.header.lineruns) for chunk in passed.chunks] == [
        (chunk.header.firstline, chunk.header.lineruns) for chunk in rewritten.chunks
    ]
    assert meaning(passed) == meaning(rewritten)


def test_plain_rows_travel_as_they_came() -> None:
    text = f"{HEADER}\n" + f"{PLAIN}\n" * 3 + "8,Bob,NA,,NA,,false,,,,\n"
    result = read(text)
    assert bodies(result).decode() == text.partition("\n")[2]
    (chunk,) = result.chunks
    assert chunk.header.layout == rows.Layout(tuple(field.name for field in FIELDS), ("null", "", "NA"))


def test_a_row_that_cannot_pass_is_written_anew_between_rows_that_pass() -> None:
    odd = PLAIN.replace("true", "TRUE")
    body = bodies(read("\n".join([HEADER, *[PLAIN] * 5, odd, *[PLAIN] * 5])))
    assert body.decode().split("\n")[4:7] == [
        PLAIN,
        '7,"Ann",3,"some text",1.5,"9.90",true,"2026-02-28","2026-03-01T10:00:00Z","A","0.5"',
        PLAIN,
    ]


def test_a_bad_row_between_rows_that_pass_is_quarantined_with_its_reason_and_line() -> None:
    bad = PLAIN.replace("7,Ann", "7,xAnn")
    result = read("\n".join([HEADER, *[PLAIN] * 5, bad, *[PLAIN] * 5]))
    assert result.reasons == [(7, "pattern_mismatch", "name")]
    assert result.rejects[0].original_bytes == bad.encode()
    assert result.chunks[0].header.lineruns == [(2, 5), (8, 5)]


@pytest.mark.parametrize(
    "header",
    ["name,id," + HEADER.partition("name,")[2], HEADER.removesuffix(",share")],
    ids=["in another order", "with a field less"],
)
def test_an_object_with_other_columns_is_written_anew(header: str) -> None:
    names = header.split(",")
    cells = dict(zip(HEADER.split(","), PLAIN.split(","), strict=True))
    body = bodies(read(f"{header}\n{','.join(cells[name] for name in names)}\n"))
    assert body.startswith(b'7,"Ann",3,')


def test_a_row_whose_json_could_be_too_long_is_not_passed() -> None:
    contract = make_contract((Field("a", "string"), Field("b", "string")), max_record_bytes=30)
    rows_in = [f"{'a' * size},b" for size in range(1, 30)]
    result = process("\n".join(["a,b", *rows_in]).encode(), contract, KEY)
    kept = [row for row in rows_in if len(f'{{"a":"{row[:-2]}","b":"b"}}') <= 30]
    assert (result.receipt.valid, result.receipt.reasons) == (len(kept), {"too_large": len(rows_in) - len(kept)})
