"""Masking: DuckDB's token is the HMAC of Python's standard library, for any text."""

import hashlib
import hmac
from collections.abc import Iterator
from datetime import UTC, datetime

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datavault.masking import TOKEN_CHARACTERS, MaskingKeys, macro_sql, token

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 1}) as connection:
        yield connection


@settings(max_examples=150, deadline=None)
@given(value=TEXTS, key=TEXTS | st.text("k", min_size=60, max_size=70), name=st.text("k'1\\", max_size=5))
def test_a_token_is_the_hmac_of_the_value(database: duckdb.DuckDBPyConnection, value: str, key: str, name: str) -> None:
    keys = MaskingKeys({name: key})
    wanted = f"{name}:{hmac.new(key.encode(), value.encode(), hashlib.sha256).hexdigest()}"
    database.execute(macro_sql(keys, name))
    assert database.execute("SELECT mask_token(?)", [value]).fetchall() == [(wanted,)]
    assert token(keys, name, value) == wanted
    assert len(wanted) == len(name) + 1 + TOKEN_CHARACTERS


def test_a_missing_value_has_no_token(database: duckdb.DuckDBPyConnection) -> None:
    database.execute(macro_sql(MaskingKeys({"k1": "secret"}), "k1"))
    assert database.execute("SELECT mask_token(NULL)").fetchall() == [(None,)]


TIMES = st.integers(1_600_000_000, 2_200_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@given(begins=st.lists(TIMES, max_size=5, unique=True), time=TIMES)
def test_the_key_of_an_object_is_the_last_that_began_before_it(begins: list[datetime], time: datetime) -> None:
    keys = MaskingKeys({"k1": "first"})
    for begin in sorted(begins):
        keys = keys.rotated("next", begin)

    begun = [start for start in begins if start <= time]
    assert keys.since.get(keys.id_at(time)) == (max(begun) if begun else None)


@given(time=TIMES)
def test_a_rotation_changes_nothing_for_what_came_before(time: datetime) -> None:
    keys = MaskingKeys({"k1": "first"}).rotated("second", datetime(2030, 1, 1, tzinfo=UTC))

    later = keys.rotated("third", datetime(2035, 1, 1, tzinfo=UTC))

    assert later.keys.items() >= keys.keys.items()
    assert later.id_at(time) == keys.id_at(time) or time >= datetime(2035, 1, 1, tzinfo=UTC)


def test_no_two_keys_begin_in_the_wrong_order() -> None:
    keys = MaskingKeys({"k1": "first"}).rotated("second", datetime(2030, 1, 1, tzinfo=UTC))

    with pytest.raises(ValueError, match="2030-01-01"):
        keys.rotated("third", datetime(2030, 1, 1, tzinfo=UTC))


def test_one_value_has_another_token_under_another_key() -> None:
    keys = MaskingKeys({"k1": "old", "k2": "new"})

    assert token(keys, "k1", "a").startswith("k1:")
    assert token(keys, "k1", "a")[3:] != token(keys, "k2", "a")[3:]
