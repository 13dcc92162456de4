"""The contracts of this checkout, as the commands judge with them."""

from functools import cache
from pathlib import Path

from ..authoring.odcs import CONTRACT_FILE, compile_contract
from ..authoring.problems import ContractError
from ..contract import Contract
from . import context


@cache
def local_contract(dataset: str, contracts: Path | None = None) -> Contract | None:
    """The contract of a dataset, compiled; None if this checkout has none.

    Raises
    ------
    Failure
        It does not compile.
    """
    folder = (contracts or context.ROOT / "contracts") / dataset
    # A dataset's name may come from a raw key: only a folder's plain name is one.
    if not dataset.replace("_", "").isalnum() or not (folder / CONTRACT_FILE).is_file():
        return None
    try:
        return compile_contract(folder)
    except ContractError as error:
        raise context.Failure(str(error), "`datavault contract check` says what is wrong", 1) from error
