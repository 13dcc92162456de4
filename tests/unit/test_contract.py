"""Compiled contracts: read from their folder, and nothing else."""

from pathlib import Path

import msgspec
import pytest

from datavault.authoring.odcs import compile_contract
from datavault.contract import Contract, Contracts, UnknownDatasetError

from .support import make_contract

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("dataset", ["flights", "orders"])
def test_a_compiled_contract_reads_back_the_same(dataset: str) -> None:
    contract = compile_contract(ROOT / "contracts" / dataset)
    assert msgspec.json.decode(msgspec.json.encode(contract), type=Contract) == contract


def test_a_folder_of_contracts(tmp_path: Path) -> None:
    (tmp_path / "books.json").write_bytes(msgspec.json.encode(make_contract()))
    contracts = Contracts(tmp_path)
    assert contracts.datasets() == ["books"]
    assert contracts.get("books") is contracts.get("books")
    assert contracts.get("books") == make_contract()
    assert contracts.reference_folder("books") == tmp_path / "reference" / "books"


@pytest.mark.parametrize("name", ["films", "", "../books", "books.json", "*"])
def test_a_name_that_is_no_dataset_is_unknown(tmp_path: Path, name: str) -> None:
    (tmp_path / "books.json").write_bytes(msgspec.json.encode(make_contract()))
    with pytest.raises(UnknownDatasetError):
        Contracts(tmp_path).get(name)
