"""The enrichment's stage: one Parquet object per chunk, written once (invariant 2); what cannot be one is set aside."""

from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest

from datavault.contract import Contracts, Field, UnknownDatasetError
from datavault.edges.clients import client
from datavault.enrich import EngineError, Enricher, Enrichers, NewerContractError
from datavault.masking import MaskingKeys, token
from datavault.stages import enrichment
from datavault.stages.enrichment import KEYS_SECONDS, Arrival, MaskingSecret, SetAside, Written, enrich_chunk

from ..support import RECEIVED_AT, column, make_contract, process

CONTRACT = make_contract((Field("n", "integer"),), classification="confidential")


@pytest.fixture
def contracts(tmp_path: Path) -> Contracts:
    (tmp_path / "books.json").write_bytes(msgspec.json.encode(CONTRACT))
    return Contracts(tmp_path)


def chunk_of(data: bytes, **changes: Any) -> Any:
    (chunk,) = process(data, msgspec.structs.replace(CONTRACT, **changes)).chunks
    return chunk


def enrich(
    chunk: bytes, contracts: Contracts, work: Path, secret: str = "x", partition_key: str = "k"
) -> Written | SetAside:
    enrichers = Enrichers(contracts, lambda: MaskingKeys({"k": secret}), work)
    return enrich_chunk(Arrival(chunk, partition_key, RECEIVED_AT), enrichers, contracts, "processed", "quarantine")


def test_a_chunk_is_one_object_named_by_its_id_and_the_same_on_every_run(
    s3: Any, contracts: Contracts, tmp_path: Path
) -> None:
    chunk = chunk_of(b'{"n": 1}\n{"n": 2}\n')
    key = f"data/books/dt=2026-03-14/{chunk.header.id}.parquet"
    bodies = []
    for _ in range(2):
        assert enrich(chunk.data, contracts, tmp_path) == Written("books", key, 2, is_conflict=False)
        found = s3.get_object(Bucket="processed", Key=key)
        assert (found["Metadata"]["columns"], found["Metadata"]["records"]) == ("1", "2")
        bodies.append(found["Body"].read())
    assert bodies[0] == bodies[1]
    tags = {tag["Key"]: tag["Value"] for tag in s3.get_object_tagging(Bucket="processed", Key=key)["TagSet"]}
    assert (tags["dataset"], tags["classification"]) == ("books", "confidential")


def test_other_bytes_under_the_name_are_a_conflict(s3: Any, contracts: Contracts, tmp_path: Path) -> None:
    chunk = chunk_of(b'{"n": 1}\n')
    s3.put_object(Bucket="processed", Key=f"data/books/dt=2026-03-14/{chunk.header.id}.parquet", Body=b"other")
    written = enrich(chunk.data, contracts, tmp_path)
    assert isinstance(written, Written)
    assert written.is_conflict


def test_another_chunk_under_the_same_id_is_a_conflict(s3: Any, contracts: Contracts, tmp_path: Path) -> None:
    first, second = chunk_of(b'{"n": 1}\n{"n": 2}\n'), chunk_of(b'{"n": 1}\n{"n": "?"}\n')
    assert first.header.id == second.header.id
    found = [enrich(chunk.data, contracts, tmp_path) for chunk in (first, second)]
    assert [isinstance(written, Written) and written.is_conflict for written in found] == [False, True]


def test_a_deployment_between_two_attempts_leaves_the_first_object_and_is_no_conflict(
    s3: Any, contracts: Contracts, tmp_path: Path
) -> None:
    """The same chunk under a new enrich.sql gives other bytes; the first object stays."""
    chunk = chunk_of(b'{"n": 1}\n')
    first = enrich(chunk.data, contracts, tmp_path)
    assert isinstance(first, Written)
    body = s3.get_object(Bucket="processed", Key=first.key)["Body"].read()
    later = msgspec.structs.replace(CONTRACT, version="1.3.0", enrich_sql="SELECT n + 1 AS n, _line FROM records")
    (tmp_path / "books.json").write_bytes(msgspec.json.encode(later))
    again = enrich(chunk.data, Contracts(tmp_path), tmp_path)
    assert isinstance(again, Written)
    assert not again.is_conflict
    assert s3.get_object(Bucket="processed", Key=first.key)["Body"].read() == body


def test_a_chunk_of_a_newer_contract_waits_for_the_deployment(s3: Any, contracts: Contracts, tmp_path: Path) -> None:
    chunk = chunk_of(b'{"n": 1}\n', version="1.10.0")
    with pytest.raises(NewerContractError, match=r"books 1\.10\.0, this function has 1\.2\.3"):
        enrich(chunk.data, contracts, tmp_path)
    assert s3.list_objects_v2(Bucket="quarantine")["KeyCount"] == 0


def test_a_chunk_of_an_unknown_dataset_waits_too(s3: Any, tmp_path: Path) -> None:
    with pytest.raises(UnknownDatasetError):
        enrich(chunk_of(b'{"n": 1}\n').data, Contracts(tmp_path), tmp_path)
    assert s3.list_objects_v2(Bucket="quarantine")["KeyCount"] == 0


def test_a_chunk_that_breaks_its_contract_is_set_aside_whole(s3: Any, contracts: Contracts, tmp_path: Path) -> None:
    broken = msgspec.structs.replace(CONTRACT, enrich_sql="SELECT * FROM records WHERE n > 1")
    (tmp_path / "books.json").write_bytes(msgspec.json.encode(broken))
    chunk = chunk_of(b'{"n": 1}\n{"n": 2}\n')
    for _ in range(2):
        aside = enrich(chunk.data, Contracts(tmp_path), tmp_path, partition_key=chunk.header.id)
        assert isinstance(aside, SetAside)
    assert (aside.dataset, aside.key) == ("books", f"failed-chunks/books/dt=2026-03-14/{chunk.header.id}.zst")
    found = s3.get_object(Bucket="quarantine", Key=aside.key)
    assert found["Body"].read() == chunk.data
    assert found["Metadata"] == {"error": aside.error, "partition-key": chunk.header.id}
    assert "2 records became 1 rows" in aside.error
    assert s3.list_objects_v2(Bucket="processed")["KeyCount"] == 0


@pytest.mark.parametrize("damage", [b"no chunk", b""])
def test_what_is_no_chunk_is_set_aside_under_its_hash(
    s3: Any, contracts: Contracts, tmp_path: Path, damage: bytes
) -> None:
    aside = enrich(damage, contracts, tmp_path, partition_key="schlüssel")
    assert isinstance(aside, SetAside)
    assert aside.key.startswith("failed-chunks/_unknown/dt=2026-03-14/")
    found = s3.get_object(Bucket="quarantine", Key=aside.key)
    assert (found["Body"].read(), found["Metadata"]["partition-key"]) == (damage, "schl\\xfcssel")


def test_a_chunk_with_a_damaged_body_is_set_aside(s3: Any, contracts: Contracts, tmp_path: Path) -> None:
    chunk = chunk_of(b'{"n": 1}\n')
    damaged = chunk.data[:-20] + b"x" * 20
    assert isinstance(enrich(damaged, contracts, tmp_path), SetAside)


def test_a_machine_that_fails_is_not_the_chunks_fault_and_gets_a_new_database(
    s3: Any, contracts: Contracts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrichers = Enrichers(contracts, lambda: MaskingKeys({"k": "x"}), tmp_path / "work")  # a folder that is not there
    arrival = Arrival(chunk_of(b'{"n": 1}\n').data, "k", RECEIVED_AT)
    monkeypatch.setattr(Enricher, "_check", _disk_full)
    (tmp_path / "work").mkdir()
    with pytest.raises(EngineError, match="IOException"):
        enrich_chunk(arrival, enrichers, contracts, "processed", "quarantine")
    monkeypatch.undo()
    assert isinstance(enrich_chunk(arrival, enrichers, contracts, "processed", "quarantine"), Written)
    assert s3.list_objects_v2(Bucket="quarantine")["KeyCount"] == 0


def _disk_full(*_: Any) -> None:
    raise duckdb.IOException("No space left on device")


def test_keys_are_looked_at_again_before_a_rotation_is_in_force(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = client("secretsmanager")
    arn = secrets.create_secret(Name="keys", SecretString='{"keys": {"k1": "a"}}')["ARN"]
    now = 0.0
    monkeypatch.setattr(enrichment.time, "monotonic", lambda: now)
    secret = MaskingSecret(arn)
    assert secret.keys() == MaskingKeys({"k1": "a"})
    secrets.put_secret_value(
        SecretId=arn, SecretString='{"keys": {"k1": "a", "k2": "b"}, "since": {"k2": "2030-01-01T00:00:00Z"}}'
    )

    now = KEYS_SECONDS - 1
    assert secret.keys().keys.keys() == {"k1"}
    now = KEYS_SECONDS
    assert secret.keys().keys.keys() == {"k1", "k2"}


@pytest.mark.parametrize(("since", "key"), [("2026-03-14T00:00:00Z", "k2"), ("2026-03-15T00:00:00Z", "k1")])
def test_the_objects_time_says_which_key_masks_it_whenever_it_is_enriched(
    s3: Any, tmp_path: Path, since: str, key: str
) -> None:
    mail = Field("mail", "string")
    contract = make_contract((mail,), columns=(column(mail, mask=True),))
    (tmp_path / "books.json").write_bytes(msgspec.json.encode(contract))
    contracts = Contracts(tmp_path)
    (chunk,) = process(b'{"mail": "a@b"}', contract).chunks
    keys = MaskingKeys({"k1": "a"}).rotated("b", datetime.fromisoformat(since))
    before = Enrichers(contracts, lambda: MaskingKeys({"k1": "a"}), tmp_path)
    after = Enrichers(contracts, lambda: keys, tmp_path)

    (tmp_path / "one.parquet").write_bytes(after.enrich(chunk.data).data)
    ((mail_token,),) = duckdb.sql(f"SELECT mail FROM '{tmp_path}/one.parquet'").fetchall()
    assert mail_token == token(keys, key, "a@b")
    # A retry before and after the rotation agree, where the object is older than the key.
    assert (before.enrich(chunk.data).data == after.enrich(chunk.data).data) == (key == "k1")
