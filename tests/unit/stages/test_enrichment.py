"""The enrichment's stage: one Parquet object per chunk, written once (invariant 2)."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from datavault.contract import Contracts, Field
from datavault.enrich import Enrichers
from datavault.masking import MaskingKeys
from datavault.stages.enrichment import enrich_chunk

from ..support import make_contract, process


@pytest.fixture
def contracts(tmp_path: Path) -> Contracts:
    contract = make_contract((Field("n", "integer"),), classification="confidential")
    (tmp_path / "books.json").write_bytes(msgspec.json.encode(contract))
    return Contracts(tmp_path)


def test_a_chunk_is_one_object_named_by_its_id_and_the_same_on_every_run(
    s3: Any, contracts: Contracts, tmp_path: Path
) -> None:
    (chunk,) = process(b'{"n": 1}\n{"n": 2}\n', make_contract((Field("n", "integer"),))).chunks
    bodies = []
    for _ in range(2):
        enrichers = Enrichers(contracts, MaskingKeys("k", {"k": "x"}), tmp_path)
        written = enrich_chunk(chunk.data, enrichers, contracts, "processed")
        assert (written.dataset, written.object_id, written.rows, written.is_conflict) == (
            "books",
            chunk.header.objectid,
            2,
            False,
        )
        assert written.key == f"data/books/dt=2026-03-14/{chunk.header.id}.parquet"
        found = s3.get_object(Bucket="processed", Key=written.key)
        assert found["Metadata"] == {"columns": "1"}
        bodies.append(found["Body"].read())
    assert bodies[0] == bodies[1]
    tags = {tag["Key"]: tag["Value"] for tag in s3.get_object_tagging(Bucket="processed", Key=written.key)["TagSet"]}
    assert (tags["dataset"], tags["classification"]) == ("books", "confidential")


def test_other_bytes_under_the_name_are_a_conflict(s3: Any, contracts: Contracts, tmp_path: Path) -> None:
    (chunk,) = process(b'{"n": 1}\n', make_contract((Field("n", "integer"),))).chunks
    s3.put_object(Bucket="processed", Key=f"data/books/dt=2026-03-14/{chunk.header.id}.parquet", Body=b"other")
    assert enrich_chunk(
        chunk.data, Enrichers(contracts, MaskingKeys("k", {"k": "x"}), tmp_path), contracts, "processed"
    ).is_conflict
