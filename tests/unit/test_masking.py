"""Masking: DuckDB's token is the HMAC of Python's standard library, for any text."""

import hashlib
import hmac
from collections.abc import Iterator

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
    keys = MaskingKeys(name, {name: key, "other": "x"})
    wanted = f"{name}:{hmac.new(key.encode(), value.encode(), hashlib.sha256).hexdigest()}"
    database.execute(macro_sql(keys))
    assert database.execute("SELECT mask_token(?)", [value]).fetchall() == [(wanted,)]
    assert token(keys, value) == wanted
    assert len(wanted) == len(name) + 1 + TOKEN_CHARACTERS


def test_a_missing_value_has_no_token(database: duckdb.DuckDBPyConnection) -> None:
    database.execute(macro_sql(MaskingKeys("k1", {"k1": "secret"})))
    assert database.execute("SELECT mask_token(NULL)").fetchall() == [(None,)]


def test_the_key_in_force_is_the_current_one() -> None:
    keys = {"k1": "old", "k2": "new"}
    assert token(MaskingKeys("k2", keys), "a").startswith("k2:")
    assert token(MaskingKeys("k1", keys), "a")[3:] != token(MaskingKeys("k2", keys), "a")[3:]
