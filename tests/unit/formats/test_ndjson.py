"""NDJSON: the lines that an editor shows."""

from datavault.contract import Field

from ..support import make_contract, process, small_wire

CONTRACT = make_contract((Field("n", "integer", required=True), Field("s", "string")))


def test_line_numbers_are_an_editors_with_blank_lines_counted_and_not_accounted() -> None:
    result = process(b'{"n": 1}\n\n  \n{"n": 2}\n\n{"n": x}\n', CONTRACT)
    assert result.records == [(1, {"n": 1}), (4, {"n": 2})]
    assert result.reasons == [(6, "invalid_json", "")]
    assert result.receipt.lines == 3


def test_the_last_line_needs_no_newline() -> None:
    assert process(b'{"n": 1}\n{"n": 2}', CONTRACT).records == [(1, {"n": 1}), (2, {"n": 2})]


def test_line_ends_of_windows_are_white_space() -> None:
    result = process(b'{"n": 1}\r\n\r\n{"n": 2}\r\n', CONTRACT)
    assert (result.records, result.rejects) == ([(1, {"n": 1}), (3, {"n": 2})], [])


def test_a_byte_order_mark_is_no_part_of_the_first_line_and_of_that_alone() -> None:
    bom = b"\xef\xbb\xbf"
    result = process(bom + b'{"n": 1}\n' + bom + b'{"n": 2}\n', CONTRACT)
    assert (result.records, result.reasons) == ([(1, {"n": 1})], [(2, "invalid_json", "")])


def test_other_line_separators_of_unicode_do_not_end_a_line() -> None:
    text = '{"n": 1, "s": "a\u2028b\u0085c"}\n'
    assert process(text.encode(), CONTRACT).records == [(1, {"n": 1, "s": "a\u2028b\u0085c"})]


def test_two_objects_on_a_line_or_one_over_two_lines_are_refused() -> None:
    result = process(b'{"n": 1} {"n": 2}\n{"n":\n3}\n{"n": 4}', CONTRACT)
    assert result.records == [(4, {"n": 4})]
    assert [line for line, _, _ in result.reasons] == [1, 2, 3]


def test_records_of_mixed_types_are_judged_one_by_one() -> None:
    result = process(b'{"n": 1}\n[1]\n"x"\n1\nnull\ntrue\n{"n": 2}', CONTRACT)
    assert [record for _, record in result.records] == [{"n": 1}, {"n": 2}]
    assert [reason for _, reason, _ in result.reasons] == [
        "wrong_type",
        "wrong_type",
        "wrong_type",
        "missing_field",
        "wrong_type",
    ]


def test_a_bad_record_is_kept_byte_for_byte() -> None:
    lines = [b'{"n": "\xff\xfe"}', b" {oops \t", b"\x00\x01\x02", '{"ü": 1}'.encode()]
    result = process(b"\n".join(lines), CONTRACT)
    assert [reject.original_bytes for reject in result.rejects] == lines


def test_overlong_lines_of_any_length_are_one_reject_each() -> None:
    contract = make_contract(CONTRACT.fields, max_record_bytes=50)
    good = b'{"n": 1}\n'
    with small_wire():
        for size in range(40, 400, 7):
            result = process(good + b"x" * size + b"\n" + good + b"y" * 500, contract)
            assert [line for line, _ in result.records] == [1, 3]
            wanted = "too_large" if size > 50 else "invalid_json"
            assert result.reasons == [(2, wanted, ""), (4, "too_large", "")]
