"""The environment is read once, and everything that is missing is said at once."""

from pathlib import Path

import pytest

from datavault.settings import SettingsError, contracts_folder, required


def test_values_come_in_the_order_of_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DV_B", "2")
    monkeypatch.setenv("DV_A", "1")
    assert list(required(["DV_B", "DV_A"]).items()) == [("DV_B", "2"), ("DV_A", "1")]


def test_every_missing_or_empty_name_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DV_A", "")
    with pytest.raises(SettingsError, match="missing environment variables: DV_A, DV_Z"):
        required(["DV_A", "DV_Z"])


def test_contracts_lie_beside_the_handler_unless_said_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATAVAULT_CONTRACTS", raising=False)
    monkeypatch.setenv("LAMBDA_TASK_ROOT", "/var/task")
    assert contracts_folder() == Path("/var/task/contracts")
    monkeypatch.setenv("DATAVAULT_CONTRACTS", "/elsewhere")
    assert contracts_folder() == Path("/elsewhere")
