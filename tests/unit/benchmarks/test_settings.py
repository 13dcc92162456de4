"""The settings that scaling is computed with are Terraform's."""

from pathlib import Path

import pytest

from tests.benchmarks.scaling.settings import NEW_STREAM_SHARDS, ROOT, Settings, read


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ("dev", Settings(2, 1, 4, 100, 4, False, 60, 8, None)),
        ("staging", Settings(10, 4, 4, 100, 8, True, 15, 24, None)),
        ("prod", Settings(50, 4, 4, 100, 8, True, 15, 240, 6500)),
    ],
)
def test_what_an_environment_sets_is_what_is_read(environment: str, expected: Settings) -> None:
    assert read(environment) == expected


def test_an_on_demand_stream_begins_small_and_a_provisioned_one_does_not_grow() -> None:
    assert read("prod").shards == NEW_STREAM_SHARDS < read("prod").grown().shards
    assert read("dev").grown() == read("dev")


def test_comments_are_no_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "environments/new"
    folder.mkdir(parents=True)
    (folder / "main.tf").write_text("# maximum_concurrency = 77\nwarehouse = { base_capacity_rpu = 16 } # or 99\n")
    (tmp_path / "infrastructure").mkdir()
    (tmp_path / "infrastructure/variables.tf").write_text((ROOT / "infrastructure/variables.tf").read_text())
    monkeypatch.setattr("tests.benchmarks.scaling.settings.ROOT", tmp_path)
    found = read("new")
    assert (found.processor_concurrency, found.base_capacity_rpu, found.loader_window_seconds) == (10, 16, 300)


def test_a_setting_that_is_nowhere_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("environments/new/main.tf", "infrastructure/variables.tf"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("")
    monkeypatch.setattr("tests.benchmarks.scaling.settings.ROOT", tmp_path)
    with pytest.raises(ValueError, match="maximum_concurrency"):
        read("new")
