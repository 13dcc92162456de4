"""CSV: as strict as JSON, and the same values mean the same."""

import csv
import io
import json
from typing import Any
from unittest import mock

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from datavault.contract import CsvOptions, Field

from ..support import EVERY_TYPE, Result, encoded_records, judge, make_contract, process, small_wire

CONTRACT = make_contract((Field("n", "integer", required=True), Field("s", "string")))
KEY = "books/a.csv"


def read(data: str | bytes, **options: Any) -> Result:
    contract = make_contract(CONTRACT.fields, **options)
    return process(data.encode() if isinstance(data, str) else data, contract, KEY)


def written(*rows: list[str], **dialect: Any) -> bytes:
    text = io.StringIO()
    csv.writer(text, **dialect).writerows(rows)
    return text.getvalue().encode()


# CSV and JSON agree

TYPED = {field.name: field for field in EVERY_TYPE}
ONE_FIELD = {name: make_contract((field,), csv=CsvOptions(null_values=("",))) for name, field in TYPED.items()}
SCALARS = [
    "7", "-7", "+7", " 7", "7 ", "1.5", "1.0", "1e2", "1E+2", "0x1F", "nan", "NaN", "inf", "Infinity", "-Infinity",
    "007", "1_000", "1,000", "-0", "0", "00", ".5", "5.", "1e400", "9223372036854775807", "9223372036854775808",
    "-9223372036854775809", "32767", "32768", "٣", "true", "TRUE", "True", "false", "yes", "null", "NULL", "None",
    "2020-02-29", "2021-02-29", "2020-2-9", "2021-01-01T00:00:00Z", "2021-01-01T00:00:00",
    "2021-01-01 00:00:00+02:00", "12345678901.23", "1.234", "[]", "{}", '["a"]', '{"city": "x"}', '{"city": 1}',
    '{"city": "x", "y": 1}', '[{"amount": 1.5}]', '[{"amount": "1_5"}]', '{"city": "x", "height": 1.55}', "a\nb",
    'say "hi"', "a,b", "\u2028", "a\\nb", "é", "-", "e", "1e", "--1",
]  # fmt: skip


def json_of(field: Field, text: str) -> bytes:
    """What a producer of JSON would write for a cell: a literal where the field may be one, else a string."""
    if field.type == "boolean" and text.lower() in ("true", "false"):
        return b'{"%s": %s}' % (field.name.encode(), text.lower().encode())
    literals = {
        "integer": (int, float),
        "number": (int, float),
        "decimal": (int, float),
        "object": object,
        "array": object,
    }
    try:
        value = json.loads(text, parse_constant=int)  # NaN and Infinity are no JSON
        is_literal = isinstance(value, literals.get(field.type, ())) and text == text.strip()
        is_literal = is_literal and (field.type in ("object", "array") or not isinstance(value, bool))
    except ValueError:
        is_literal = False
    return b'{"%s": %s}' % (field.name.encode(), (text if is_literal else json.dumps(text)).encode())


@pytest.mark.parametrize("name", TYPED)
def test_csv_and_json_agree_on_every_value(name: str) -> None:
    contract = ONE_FIELD[name]
    for text in SCALARS:
        check_agreement(contract, TYPED[name], text)


def check_agreement(contract: Any, field: Field, text: str) -> None:
    by_csv = process(written([field.name], [text]), contract, KEY)
    by_json = judge(contract, json_of(field, text))
    outcome = [(reject.reason.value, reject.field) for reject in by_json.rejects]
    assert [(reason, place) for _, reason, place in by_csv.reasons] == outcome, text
    records = encoded_records(contract, by_json.encoded)
    assert [record for _, record in by_csv.records] == records, text


CELLS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\r"), min_size=1, max_size=12
) | st.from_regex(r"\A-?[0-9]{1,20}(\.[0-9]{1,4})?([eE][+-]?[0-9]{1,3})?\Z")


@settings(max_examples=300, deadline=None)
@given(name=st.sampled_from([name for name in TYPED if name not in ("place", "tags", "lines")]), text=CELLS)
def test_csv_and_json_agree_on_any_value(name: str, text: str) -> None:
    if name == "id":
        return check_agreement(make_contract((Field("id", "integer"),)), Field("id", "integer"), text)
    return check_agreement(ONE_FIELD[name], TYPED[name], text)


@pytest.mark.parametrize(
    "text", [" 7", "7 ", "1.5", "1e2", "0x1F", "nan", "007", "1_000", "+7", "٣", "true", "seven", "'7'", "\t7"]
)
def test_what_is_no_integer_of_json_is_no_integer_here(text: str) -> None:
    result = read(f"n,s\n{text},a\n")
    assert (result.records, result.reasons) == ([], [(2, "wrong_type", "n")])


# Rows and their lines


ROWS = st.lists(st.tuples(st.integers(0, 99).map(str), st.text('a"\n,é; ', min_size=1, max_size=15)), max_size=20)


@settings(max_examples=200, deadline=None)
@given(
    rows=ROWS,
    block=st.integers(8, 100),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    end=st.sampled_from(["\n", "\r\n"]),
)
@example(rows=[("1", "\n")], block=8, quoting=csv.QUOTE_ALL, end="\r\n")
def test_rows_are_found_wherever_blocks_end_with_quotes_and_newlines_inside(
    rows: Any, block: int, quoting: Any, end: str
) -> None:
    data = written(["n", "s"], *map(list, rows), quoting=quoting, lineterminator=end)
    with small_wire(block):
        result = read(data)
    assert result.rejects == []
    assert result.records == [(line, {"n": int(n), "s": s}) for line, (n, s) in enumerate(rows, 2)]


@settings(max_examples=500, deadline=None)
@given(
    rows=st.lists(
        st.lists(st.text('1a;,"é\r\n\0 ', max_size=4), min_size=1, max_size=4).map(";".join).map(str.encode)
        | st.just(b"1;a;2020-02-29")
        | st.binary(max_size=6),
        max_size=8,
    ),
    end=st.sampled_from([b"\n", b"\r\n"]),
)
@example(rows=[b"1;a;2020-02-29", b"2;;"], end=b"\r\n")
@example(rows=[b"1;a\r;2020-02-29"], end=b"\n")
@example(rows=[b"1;\xff;2020-02-29"], end=b"\n")
@example(rows=[b"1;a", b"2;b;c;2020-02-29"], end=b"\n")
def test_a_block_without_quotes_is_read_as_the_csv_module_reads_it(rows: list[bytes], end: bytes) -> None:
    contract = make_contract(
        (Field("n", "integer", required=True), Field("s", "string"), Field("d", "date")),
        csv=CsvOptions(delimiter=";", null_values=("",)),
    )
    data = end.join([b"n;s;d", *rows])
    quick = process(data, contract, KEY)
    with mock.patch("datavault.formats.csv._plain", return_value=None):
        assert process(data, contract, KEY) == quick


def test_a_row_is_a_line_and_the_header_is_the_first() -> None:
    result = read('n,s\n1,"a\nb"\n\nx,c\n2,d')
    assert result.records == [(2, {"n": 1, "s": "a\nb"}), (5, {"n": 2, "s": "d"})]
    assert result.reasons == [(4, "wrong_type", "n")]


def test_blank_lines_behind_the_header_are_counted() -> None:
    assert read("n,s\n\n\n1,a\n").records == [(4, {"n": 1, "s": "a"})]


def test_a_header_alone_holds_no_record() -> None:
    for data in ("n,s", "n,s\n", "n,s\r\n", "\ufeffn,s\n\n"):
        result = read(data)
        assert (result.receipt.lines, result.receipt.format) == (0, "csv")


def test_ragged_rows_are_refused_alone() -> None:
    result = read("n,s\n1,a\n2\n3,b,c\n4,d\n")
    assert [line for line, _ in result.records] == [2, 5]
    assert result.reasons == [(3, "wrong_column_count", ""), (4, "wrong_column_count", "")]
    assert [reject.original for reject in result.rejects] == ["2", "3,b,c"]


def test_columns_may_come_in_any_order_and_optional_ones_may_be_absent() -> None:
    assert read("s,n\na,1\n").records == [(2, {"n": 1, "s": "a"})]
    assert read("n\n1\n").records == [(2, {"n": 1})]


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("n,s,n", "n"),
        ("n,s,x", "x"),
        ("s", "n"),
        ("n;s", ""),
        ("n\ts", ""),
        ("1,2", ""),
        ('n,"s', ""),
        ("", ""),
        ("N,S", ""),
    ],
)
def test_a_header_that_does_not_fit_the_contract_is_refused_with_the_name_that_is_wrong(
    header: str, field: str
) -> None:
    result = read(header + "\n1,a\n")
    assert result.records == []
    assert [(reject.line, reject.reason.value, reject.field, reject.rest) for reject in result.rejects] == [
        (1, "invalid_header", field, True)
    ]


def test_a_header_longer_than_a_record_may_be_is_refused() -> None:
    result = read("n,s" + "," * 300_000 + "\n1,a\n")
    assert [(reason, line) for line, reason, _ in result.reasons] == [("invalid_header", 1)]


def test_unknown_columns_are_left_out_where_the_contract_ignores_them() -> None:
    assert read("x,n,y\nq,1,w\n", unknown_fields="ignore").records == [(2, {"n": 1})]
    optional = make_contract((Field("s", "string"),), unknown_fields="ignore")
    result = process(b"x,y\n1,2\n", optional, KEY)
    assert result.reasons == [(1, "invalid_header", "")]


def test_the_contract_names_the_delimiter_and_the_missing_values() -> None:
    options = CsvOptions(delimiter=";", null_values=("", "NA", "-"))
    result = read("n;s\n1;NA\n2;-\n3;\n4;N A\n-;x\n", csv=options)
    assert [record for _, record in result.records] == [{"n": 1}, {"n": 2}, {"n": 3}, {"n": 4, "s": "N A"}]
    assert result.reasons == [(6, "missing_field", "n")]


# Damage


def test_bytes_that_are_no_utf8_spoil_their_row_alone() -> None:
    result = read(b'n,s\n1,a\n2,\xff\n3,"b\n\xfe"\n4,c\n')
    assert [line for line, _ in result.records] == [2, 5]
    assert result.reasons == [(3, "invalid_utf8", ""), (4, "invalid_utf8", "")]
    assert [reject.original_bytes for reject in result.rejects] == [b"2,\xff", b'3,"b\n\xfe"']


def test_a_surrogate_in_utf8_is_no_utf8() -> None:
    assert read(b"n,s\n1,\xed\xa0\x80\n").reasons == [(2, "invalid_utf8", "")]


def test_a_nul_character_is_refused() -> None:
    assert read(b"n,s\n1,a\x00b\n2,c\n").reasons == [(2, "invalid_character", "")]


@pytest.mark.parametrize("rows", [1, 50, 30_000])
def test_a_quote_that_is_never_closed_spoils_its_line_alone(rows: int) -> None:
    good = [f"{n},row" for n in range(rows)]
    result = read("\n".join(["n,s", *good, '7,"never closed', *good]))
    assert [reject.original for reject in result.rejects] == ['7,"never closed']
    assert result.reasons == [(rows + 2, "invalid_csv", "")]
    assert result.receipt.valid == 2 * rows


def test_text_behind_a_closing_quote_spoils_its_line_alone() -> None:
    result = read('n,s\n1,"a"b\n2,"c"\n3,x"y"z\n')
    assert result.records == [(3, {"n": 2, "s": "c"}), (4, {"n": 3, "s": 'x"y"z'})]
    assert result.reasons == [(2, "invalid_csv", "")]


def test_a_carriage_return_inside_a_row_is_refused() -> None:
    assert read("n,s\n1,a\rb\n2,c\n").reasons == [(2, "invalid_csv", "")]


def test_an_overlong_row_is_refused_alone() -> None:
    long = "x" * 300_000
    result = read(f'n,s\n1,a\n2,{long}\n3,"{long}"\n4,b\n')
    assert ([line for line, _ in result.records], result.reasons) == (
        [2, 5],
        [(3, "too_large", ""), (4, "too_large", "")],
    )


def test_formulas_and_sql_are_text_like_any_other() -> None:
    for text in ("=HYPERLINK(0)", "@SUM(A1)", "'; DROP TABLE books; --", "%s%(x)s{0}", "\\"):
        assert read(written(["n", "s"], ["1", text])).records == [(2, {"n": 1, "s": text})]


def test_nested_values_are_json_in_a_cell() -> None:
    fields = (Field("n", "integer"), TYPED["place"], TYPED["tags"])
    data = written(
        ["n", "place", "tags"], ["1", '{"city":\n"x"}', '["a", "b,c"]'], ["2", '{"city"', "a"], ["3", "", "[]"]
    )
    result = process(data, make_contract(fields), KEY)
    assert result.records == [(2, {"n": 1, "place": {"city": "x"}, "tags": ["a", "b,c"]}), (4, {"n": 3, "tags": []})]
    assert result.reasons == [(3, "wrong_type", "place")]


def test_more_distinct_values_than_are_remembered_change_nothing() -> None:
    result = read("n,s\n" + "".join(f"{n},{n % 7}\n" for n in range(25_000)))
    assert [record["n"] for _, record in result.records] == list(range(25_000))


def test_a_header_without_end_is_refused() -> None:
    assert read("n,s" * 300_000).reasons == [(1, "invalid_header", "")]
