"""What the page shows is what the receipts, the ledger and the audit say."""

from datetime import date

import pytest

from datavault.audit import Finding
from datavault.cli.console.snapshot import by_reason, points
from datavault.cli.console.spent import spent
from datavault.cli.console.statement import RefusedError, reading
from datavault.cost.prices import Price, Prices

from .known import BAD_ID, HOSTILE, RECEIPTS, snapshot


def test_counts_are_sums_over_all_objects() -> None:
    counts = snapshot().counts

    assert (counts.raw_objects, counts.receipts, counts.records, counts.valid) == (4242, 2, 2008, 2000)
    assert (counts.quarantined, counts.chunks, counts.table_rows, counts.superseded_rows) == (8, 2, 1998, 2)


def test_what_does_not_add_up_comes_first() -> None:
    audit = snapshot(Finding("receipt", BAD_ID, "orders/bad", "3 lines")).audit

    assert (audit["balanced"], audit["finding_count"]) == (False, 1)
    assert next(entry.object_id for entry in audit["objects"]) == BAD_ID
    assert audit["datasets"]["orders"]["unbalanced"] == 1


def test_time_is_cut_into_equal_intervals_and_an_object_that_is_not_loaded_has_no_latency() -> None:
    found = snapshot().points

    assert len(found) == 60
    assert [point.records for point in found if point.records] == [1000, 1008]
    assert (found[0].latency_seconds, found[-1].latency_seconds) == (12.5, None)
    assert points([], {}) == []


def test_reasons_are_ordered_by_their_records_and_name_their_objects() -> None:
    found = by_reason(RECEIPTS)

    assert [(entry.reason, entry.records) for entry in found] == [(HOSTILE, 5), ("wrong_type", 3)]
    assert [entry.object_id for entry in found[0].objects] == [BAD_ID]


def test_cost_is_counts_times_prices_and_says_that_it_is_an_estimate() -> None:
    names = ("lambda_arm64", "lambda_request", "kinesis_in", "kinesis_out", "sqs_request", "s3_put")
    prices = Prices(date(2026, 1, 1), "us-east-1", {}, {name: Price(1.0, "unit", "x") for name in names})

    found = spent(RECEIPTS, prices, "prod")

    by_name = {line.what: line.usd for line in found.lines}
    assert by_name["S3: puts"] == 2 * 3 + 2 + 1
    assert by_name["SQS: events"] == 12
    assert found.usd == pytest.approx(sum(by_name.values()))
    assert "An estimate, not a bill" in found.note
    assert "This machine costs nothing" in spent(RECEIPTS, prices, "local").note


@pytest.mark.parametrize(
    ("sql", "statement"),
    [
        ("select 1;", "select 1"),
        ("-- how many\nSELECT 'a; drop' FROM t", "-- how many\nSELECT 'a; drop' FROM t"),
        ("(select 1) union (select 2)", "(select 1) union (select 2)"),
        ('with x as (select 1) select "update" from x', 'with x as (select 1) select "update" from x'),
    ],
)
def test_a_statement_that_reads_is_taken(sql: str, statement: str) -> None:
    assert reading(sql) == statement


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("", "no statement"),
        ("/* nothing */ ;", "no statement"),
        ("select 1; drop table t", "one statement"),
        ("delete from t", "only SELECT"),
        ("with x as (select 1) delete from t", "DELETE"),
        ("select * into t2 from t", "INTO"),
    ],
)
def test_any_other_statement_is_refused_with_the_reason(sql: str, why: str) -> None:
    with pytest.raises(RefusedError, match=why):
        reading(sql)
