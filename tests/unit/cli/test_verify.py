"""`datavault verify`, over buckets in memory and over a copy of them: what it prints, its exit codes, its files."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from datavault.cli.context import Stack
from datavault.contract import Contracts
from datavault.edges import warehouse as warehouse_edge
from datavault.edges.warehouse import Warehouse
from datavault.receipt import Receipt
from datavault.seal import parquet_keys
from datavault.stages.auditor import Auditor, Places

from ..settled import CONTRACT, Ledger, Pipeline
from .conftest import Run


class Sealed:
    """Objects that went through everything, the auditor included."""

    def __init__(self, pipeline: Pipeline, contracts: Contracts) -> None:
        self._pipeline = pipeline
        self._contracts = contracts
        self.first = self.settle("books/a.ndjson")
        self.second = self.settle("books/b.ndjson")

    def settle(self, key: str) -> Receipt:
        """One more object, in a seal of its own."""
        receipt = self._pipeline.settle(key)
        places = Places("raw", "processed", "quarantine", Warehouse("w", "d", "s"))
        Auditor(places, self._contracts, 2, datetime.now(UTC), lambda: 60.0).run()
        return receipt


@pytest.fixture
def sealed(s3: Any, stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sealed:
    for bucket in ("processed", "quarantine"):
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    ledger = Ledger()
    monkeypatch.setattr(warehouse_edge, "client", lambda _: ledger)
    monkeypatch.setattr(warehouse_edge.time, "sleep", ledger.pauses.append)
    folder = tmp_path / "compiled"
    folder.mkdir()
    (folder / "books.json").write_bytes(msgspec.json.encode(CONTRACT))
    return Sealed(Pipeline(s3, ledger), Contracts(folder))


@pytest.fixture
def copy(s3: Any, sealed: Sealed, tmp_path: Path) -> Path:
    """Both buckets in one folder, as `aws s3 sync` makes it."""
    for bucket in ("processed", "quarantine"):
        for item in s3.list_objects_v2(Bucket=bucket)["Contents"]:
            file = tmp_path / "copy" / item["Key"]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read())
    return tmp_path / "copy"


def seal(receipt: Receipt, number: int) -> str:
    return f"seals/books/dt={receipt.last_modified.date()}/{number:06d}.json"


def test_what_nobody_touched_is_proven_with_exit_code_0(run: Run, sealed: Sealed) -> None:
    code, out, _ = run("verify")
    assert (code, out.splitlines()[-1]) == (0, "verify: proven")
    found = json.loads(run("verify", "--deep", "--json")[1])
    assert (found["proven"], found["seals"], found["receipts"], found["parquet"], found["quarantine"]) == (
        True,
        2,
        2,
        2,
        2,
    )
    assert found["unsealed"] == []


@pytest.mark.parametrize("what", ["seal", "receipt", "parquet", "quarantine"])
def test_an_object_that_somebody_deleted_is_named_with_exit_code_1(
    run: Run, s3: Any, sealed: Sealed, what: str
) -> None:
    receipt = sealed.first
    bucket, key = {
        "seal": ("processed", seal(receipt, 0)),
        "receipt": ("processed", f"receipts/books/dt={receipt.last_modified.date()}/{receipt.object_id}.json"),
        "parquet": ("processed", parquet_keys(receipt)[0]),
        "quarantine": ("quarantine", receipt.quarantine_key),
    }[what]
    s3.delete_object(Bucket=bucket, Key=key)
    code, out, _ = run("verify")
    assert code == 1
    assert f"{key}: a delete marker says that somebody deleted it" in out
    if what != "seal":
        assert f"{key}: it is gone, and was sealed" in out


def test_a_day_that_was_deleted_whole_is_found(run: Run, s3: Any, sealed: Sealed) -> None:
    for bucket in ("processed", "quarantine"):
        for item in s3.list_objects_v2(Bucket=bucket)["Contents"]:
            s3.delete_object(Bucket=bucket, Key=item["Key"])
    code, out, _ = run("verify", "--json")
    assert code == 1
    assert {problem["key"] for problem in json.loads(out)["problems"]} >= {seal(sealed.first, 0), seal(sealed.first, 1)}


def test_an_object_that_was_overwritten_is_named_with_and_without_a_deep_look(
    run: Run, s3: Any, sealed: Sealed
) -> None:
    key = parquet_keys(sealed.first)[0]
    s3.put_object(Bucket="processed", Key=key, Body=b"other", ChecksumAlgorithm="SHA256")
    for arguments in (["verify"], ["verify", "--deep"]):
        code, out, _ = run(*arguments)
        assert code == 1
        assert f"{key}: it has 2 versions" in out
        assert f"{key}: it was changed" in out


def test_bytes_that_rotted_under_the_same_checksum_are_found_by_a_deep_look_alone(
    run: Run, s3: Any, sealed: Sealed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datavault.cli.stores.s3.read", corrupted(parquet_keys(sealed.first)[0]))
    assert run("verify")[0] == 0
    code, out, _ = run("verify", "--deep")
    assert code == 1
    assert f"{parquet_keys(sealed.first)[0]}: it was changed" in out


def corrupted(damaged: str) -> Callable[[str, str], bytes]:
    from datavault.edges.s3 import read  # noqa: PLC0415  the one that is replaced

    return lambda bucket, key: read(bucket, key) + (b"!" if key == damaged else b"")


def test_what_is_not_sealed_yet_is_listed_and_proven_nonetheless(run: Run, s3: Any, sealed: Sealed) -> None:
    s3.put_object(Bucket="processed", Key="data/books/dt=2026-03-14/x.parquet", Body=b"x")
    code, out, _ = run("verify", "--json")
    assert (code, json.loads(out)["unsealed"]) == (0, ["data/books/dt=2026-03-14/x.parquet"])


def test_heads_are_written_once_proven_go_on_and_show_an_end_that_was_cut_off(
    run: Run, sealed: Sealed, copy: Path, tmp_path: Path
) -> None:
    heads = tmp_path / "heads.json"
    assert run("verify", "--heads", str(heads))[0] == 0
    (saved,) = json.loads(heads.read_text()).values()
    assert saved["number"] == 1

    last = copy / seal(sealed.first, 1)
    body = last.read_bytes()
    last.unlink()
    assert run("verify", "--folder", str(copy))[0] == 0
    before = heads.read_text()
    code, out, _ = run("verify", "--folder", str(copy), "--heads", str(heads))
    assert code == 1
    assert f"{seal(sealed.first, 1)}: it was the head of its chain when the heads were saved, and is gone" in out
    assert heads.read_text() == before
    last.write_bytes(body)

    sealed.settle("books/c.ndjson")
    assert run("verify", "--heads", str(heads))[0] == 0
    (saved,) = json.loads(heads.read_text()).values()
    assert saved["number"] == 2


def test_a_copy_is_verified_without_aws(run: Run, copy: Path, sealed: Sealed, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(service: str) -> None:
        raise AssertionError(f"{service} was asked")

    for module in ("edges.s3", "edges.listing", "cli.stores"):
        monkeypatch.setattr(f"datavault.{module}.client", refuse)
    monkeypatch.delattr("datavault.cli.context.Context.stack")
    assert run("verify", "--folder", str(copy))[0] == 0
    receipt = next(copy.glob(f"receipts/books/*/{sealed.first.object_id}.json"))
    receipt.write_bytes(receipt.read_bytes().replace(b'"lines": 4', b'"lines": 5'))
    code, out, _ = run("verify", "--folder", str(copy))
    assert code == 1
    assert f"{receipt.relative_to(copy)}: it was changed" in out


def test_retention_says_what_may_be_gone_from_a_copy(run: Run, copy: Path) -> None:
    for file in copy.glob("quarantine/**/*.zst"):
        file.unlink()
    assert run("verify", "--folder", str(copy))[0] == 1
    code, out, _ = run("verify", "--folder", str(copy), "--raw-retention-days", "0", "--json")
    assert (code, json.loads(out)["expired"]) == (0, 2)


def test_a_contracts_word_about_quarantine_counts_before_the_environments(
    run: Run, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in copy.glob("quarantine/**/*.zst"):
        file.unlink()
    contract = msgspec.structs.replace(CONTRACT, raw_retention_days=0)
    monkeypatch.setattr("datavault.cli.verify.local_contract", lambda _: contract)
    code, out, _ = run("verify", "--folder", str(copy), "--raw-retention-days", "365", "--json")
    assert (code, json.loads(out)["expired"]) == (0, 2)


def test_a_folder_that_is_no_copy_is_said_to_be_none(run: Run, stack: Stack, tmp_path: Path) -> None:
    code, _, err = run("verify", "--folder", str(tmp_path))
    assert code == 2
    assert "is no copy of a processed bucket" in err
    assert "aws s3 sync" in err


@pytest.mark.parametrize("content", [b"?", b'"\xff"', b"[]", b'{"books/dt=1":{"number":"x"}}'])
def test_a_file_that_holds_no_heads_is_said_to_hold_none(
    run: Run, stack: Stack, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "heads.json"
    file.write_bytes(content)
    code, _, err = run("verify", "--heads", str(file))
    assert code == 2
    assert "holds no heads" in err
    assert file.read_bytes() == content


def test_access_that_is_refused_is_a_sentence(run: Run, stack: Stack, s3: Any) -> None:
    s3.delete_bucket(Bucket="processed")
    code, _, err = run("verify")
    assert code == 2
    assert "AWS:" in err
