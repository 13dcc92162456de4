"""Names: each object version has its own id, for ever the same, and every key is told from ids and dates alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datavault.identity import (
    RawObject,
    chunk_id,
    chunk_object_id,
    dataset_of_parquet_key,
    date_of_parquet_key,
    manifest_key,
    parquet_key,
    quarantine_key,
    receipt_key,
)

from .support import RECEIVED_AT, raw_object

NAMES = st.tuples(st.text(max_size=6), st.text(max_size=6), st.text(max_size=6))


def test_the_id_of_an_object_never_changes() -> None:
    assert raw_object().id == "cf3430bb17e426659fb42c43c2f69277"


@given(one=NAMES, other=NAMES)
def test_different_object_versions_have_different_ids(one: tuple[str, str, str], other: tuple[str, str, str]) -> None:
    ids = {RawObject(*names, RECEIVED_AT, 0).id for names in (one, other)}
    assert len(ids) == len({one, other})


def test_the_id_depends_on_nothing_but_the_version() -> None:
    assert raw_object(size=1).id == raw_object(size=2).id


@pytest.mark.parametrize(("key", "dataset"), [("a/b/c.csv", "a"), ("a/", "a"), ("a", ""), ("/a", ""), ("", "")])
def test_the_dataset_is_the_first_folder(key: str, dataset: str) -> None:
    assert raw_object(key).dataset == dataset


def test_chunk_ids_sort_by_their_place_in_the_object_and_name_it() -> None:
    ids = [chunk_id("ab", line) for line in (1, 9, 10, 99_999, 10**11)]
    assert ids == sorted(ids)
    assert set(map(chunk_object_id, ids)) == {"ab"}


def test_keys() -> None:
    assert parquet_key("books", "2026-03-14", "ab-1") == "data/books/dt=2026-03-14/ab-1.parquet"
    assert receipt_key("books", "2026-03-14", "ab") == "receipts/books/dt=2026-03-14/ab.json"
    assert quarantine_key("books", "2026-03-14", "ab") == "quarantine/books/dt=2026-03-14/ab.ndjson.zst"
    assert manifest_key("books", b"{}") == (
        "manifests/books/44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a.manifest"
    )


def test_dataset_and_date_of_a_parquet_object_are_read_from_its_key() -> None:
    assert dataset_of_parquet_key(parquet_key("books", "2026-03-14", "ab-1")) == "books"
    assert date_of_parquet_key(parquet_key("books", "2026-03-14", "ab-1")) == "2026-03-14"


@pytest.mark.parametrize(
    "key",
    ["data/books/x.parquet", "other/books/dt=1/x.parquet", "data/books/dt=1/x.csv", "data/a/dt=1/b/x.parquet", ""],
)
def test_a_key_of_another_shape_is_no_parquet_object_of_ours(key: str) -> None:
    with pytest.raises(ValueError, match="not a Parquet object of this pipeline"):
        dataset_of_parquet_key(key)
