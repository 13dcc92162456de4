"""The warehouse's SQL: what a migration does and refuses, and what one load consists of."""

import msgspec
import pytest

from datavault.contract import Contract, Field
from datavault.warehouse_sql import (
    LEDGER,
    LINEAGE_TYPES,
    MigrationError,
    existing_columns,
    ledger_migration,
    load,
    migration,
    normalized_type,
    quoted,
    text,
    varchar_bytes,
)

from .support import EVERY_TYPE, column, make_contract

CONTRACT = make_contract(primary_key=("id",), sort_key=("at", "id"))
EXISTING = {item.name: item.warehouse_type for item in CONTRACT.columns} | LINEAGE_TYPES


def changed(name: str, warehouse_type: str) -> dict[str, str]:
    return EXISTING | {name: warehouse_type}


def test_a_table_that_is_not_there_is_created_with_every_column_in_order() -> None:
    assert migration(CONTRACT, {}) == [
        """CREATE TABLE IF NOT EXISTS public."books" (
  "id" bigint NOT NULL,
  "small" smallint,
  "text" varchar(1000),
  "ratio" double precision,
  "price" decimal(12,2),
  "ok" boolean,
  "day" date,
  "at" timestamptz,
  "place" super,
  "tags" super,
  "lines" super,
  _object_id char(32) NOT NULL,
  _line bigint NOT NULL,
  _chunk_id varchar(64) NOT NULL,
  _source varchar(1280) NOT NULL,
  _received_at timestamptz NOT NULL,
  PRIMARY KEY ("id")
) DISTSTYLE AUTO SORTKEY ("at", "id")"""
    ]


def test_a_table_with_a_distribution_key_is_laid_out_by_it() -> None:
    (statement,) = migration(msgspec.structs.replace(CONTRACT, dist_key="id"), {})
    assert statement.endswith(') DISTSTYLE KEY DISTKEY ("id") SORTKEY ("at", "id")')


def test_a_table_without_keys_has_no_key_clauses() -> None:
    (statement,) = migration(make_contract(), {})
    assert "KEY" not in statement


def test_a_table_that_fits_is_left_alone() -> None:
    assert migration(CONTRACT, EXISTING) == []


def test_new_columns_are_added_and_may_be_null() -> None:
    there = {name: kind for name, kind in EXISTING.items() if name not in ("tags", "lines")}
    assert migration(CONTRACT, there) == [
        'ALTER TABLE public."books" ADD COLUMN "tags" super',
        'ALTER TABLE public."books" ADD COLUMN "lines" super',
    ]


def test_a_column_that_is_new_in_the_middle_is_refused() -> None:
    there = {name: kind for name, kind in EXISTING.items() if name != "small"}
    with pytest.raises(MigrationError, match="new columns go to the end"):
        migration(CONTRACT, there)


def test_a_varchar_is_widened() -> None:
    assert migration(CONTRACT, changed("text", "varchar(999)")) == [
        'ALTER TABLE public."books" ALTER COLUMN "text" TYPE varchar(1000)'
    ]


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("text", "varchar(1001)", r"column text is varchar\(1001\) in the warehouse, varchar\(1000\) in the contract"),
        ("id", "integer", "column id is integer in the warehouse, bigint in the contract"),
        ("price", "decimal(12,3)", r"column price is decimal\(12,3\)"),
        ("ok", "varchar(5)", "column ok is varchar"),
        ("gone", "date", "column gone is in the warehouse and not in the contract"),
    ],
)
def test_a_change_that_would_break_somebody_is_refused(name: str, kind: str, message: str) -> None:
    with pytest.raises(MigrationError, match=rf"dataset books: {message}.*Make a new dataset"):
        migration(CONTRACT, changed(name, kind))


def test_every_problem_of_a_table_is_said_at_once() -> None:
    with pytest.raises(MigrationError, match=r"column a is .*; column id is integer"):
        migration(CONTRACT, changed("id", "integer") | {"a": "date"})


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        (("character varying", 80, None, None), "varchar(80)"),
        (("character", 32, None, None), "char(32)"),
        (("numeric", None, 12, 2), "decimal(12,2)"),
        (("timestamp with time zone", None, None, None), "timestamptz"),
        (("double precision", None, 53, None), "double precision"),
        (("smallint", None, 16, 0), "smallint"),
        (("super", None, None, None), "super"),
    ],
)
def test_types_are_read_back_in_the_contracts_words(
    row: tuple[str, int | None, int | None, int | None], kind: str
) -> None:
    assert normalized_type(*row) == kind


def test_names_and_values_cannot_break_out_of_their_quotes() -> None:
    assert (quoted('a"b'), text("a'b")) == ('"a""b"', "'a''b'")
    assert " WHERE table_schema = 'public' AND table_name = 'books'" in existing_columns(CONTRACT)


def test_the_ledger_comes_with_its_schema() -> None:
    schema, table = ledger_migration()
    assert schema == "CREATE SCHEMA IF NOT EXISTS datavault"
    assert table.startswith(f"CREATE TABLE IF NOT EXISTS {LEDGER} (")


def statements(contract: Contract, columns: int = 99) -> list[str]:
    return load(contract, columns, "s3://bucket/it's.manifest", "arn:role")


def test_a_load_locks_the_ledger_before_anything_else_and_ends_with_the_statuses() -> None:
    kinds = [statement.split(" ")[0] for statement in statements(CONTRACT)]
    assert kinds == ["LOCK", "CREATE", "COPY", "CREATE", "CREATE", "INSERT", "INSERT", "SELECT"]
    assert statements(CONTRACT)[0] == "LOCK datavault.ledger"


def test_the_copy_reads_the_manifest_as_parquet_and_nested_columns_as_json() -> None:
    copy = "COPY stage FROM 's3://bucket/it''s.manifest' IAM_ROLE 'arn:role' FORMAT AS PARQUET MANIFEST"
    assert statements(CONTRACT)[2] == copy + " SERIALIZETOJSON"
    flat = make_contract(EVERY_TYPE[:8])
    assert statements(flat)[2] == copy


def test_an_append_inserts_every_column_of_the_taken_chunks() -> None:
    contract = make_contract(EVERY_TYPE[:2])
    lineage = ", ".join(LINEAGE_TYPES)
    from_stage = ", ".join(f"s.{name}" for name in LINEAGE_TYPES)
    assert statements(contract)[5] == (
        f'INSERT INTO public."books" ("id", "small", {lineage}) '
        f'SELECT s."id", s."small", {from_stage} FROM stage s JOIN taken t ON t.chunk_id = s._chunk_id'
    )


def test_objects_that_are_older_than_a_column_give_null_for_it() -> None:
    contract = make_contract(EVERY_TYPE[:3])
    stage, insert = statements(contract, 1)[1], statements(contract, 1)[5]
    assert stage.startswith('CREATE TEMP TABLE stage ("id" bigint, _object_id char(32), ')
    assert (
        'SELECT s."id", CAST(NULL AS smallint) AS "small", CAST(NULL AS varchar(1000)) AS "text", s._object_id'
        in insert
    )


def test_a_merge_keeps_the_latest_of_each_key_and_counts_what_it_replaced() -> None:
    contract = msgspec.structs.replace(CONTRACT, load_mode="merge", primary_key=("id", "day"))
    found = statements(contract)
    kinds = [" ".join(statement.split(" ")[:4]) for statement in found[5:]]
    assert kinds == [
        "CREATE TEMP TABLE arriving",
        "CREATE TEMP TABLE arriving_keys",
        "CREATE TEMP TABLE ranked",
        'DELETE FROM public."books" USING',
        'INSERT INTO public."books" ("id",',
        "INSERT INTO datavault.ledger (chunk_id,",
        "CREATE TEMP TABLE replaced",
        "UPDATE datavault.ledger SET superseded",
        "SELECT s.chunk_id, CASE WHEN",
    ]
    assert 'PARTITION BY "id", "day" ORDER BY _received_at DESC, _object_id DESC, _line DESC' in found[7]
    assert found[8].endswith('WHERE "books"."id" = k."id" AND "books"."day" = k."day"')


def test_a_load_fits_into_one_batch_of_the_data_api() -> None:
    merge = msgspec.structs.replace(CONTRACT, load_mode="merge")
    assert len(statements(merge)) <= 40


@pytest.mark.parametrize(("kind", "limit"), [("varchar(80)", 80), ("char(3)", None), ("super", None), ("bigint", None)])
def test_a_varchar_counts_bytes(kind: str, limit: int | None) -> None:
    assert varchar_bytes(kind) == limit


def test_columns_without_a_required_field_may_be_null() -> None:
    (statement,) = migration(make_contract((Field("a", "string"),), columns=(column(Field("a", "string")),)), {})
    assert '"a" varchar(1000),' in statement
