"""Packaging: the same input gives the same bytes, wherever and whenever it is built."""

import importlib.util
import os
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "package.py"


@pytest.fixture(scope="module")
def package() -> ModuleType:
    spec = importlib.util.spec_from_file_location("package", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def build(package: ModuleType, folder: Path, names: list[str], mtime: int) -> bytes:
    """A zip of a small source tree, its files written in this order and with this time."""
    stage = folder / "stage"
    for name in names:
        file = stage / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"NAME = {name!r}\n")
        os.utime(file, (mtime, mtime))
        file.chmod(0o600 if mtime % 2 else 0o755)
    package.write_bytecode(stage)
    package.write_zip(stage, folder / "out.zip")
    return (folder / "out.zip").read_bytes()


def test_two_builds_of_one_tree_are_the_same_bytes(package: ModuleType, tmp_path: Path) -> None:
    names = ["handler.py", "datavault/a.py", "datavault/b.py"]
    first = build(package, tmp_path / "one", names, 1_000_000_001)
    assert first == build(package, tmp_path / "elsewhere" / "two", names[::-1], 1_700_000_000)


def test_a_zip_carries_bytecode_fixed_times_and_readable_files(package: ModuleType, tmp_path: Path) -> None:
    build(package, tmp_path, ["handler.py", "datavault/a.py"], 1)
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        found = archive.infolist()
    assert [info.filename for info in found] == [
        "__pycache__/handler.cpython-313.pyc",
        "datavault/__pycache__/a.cpython-313.pyc",
        "datavault/a.py",
        "handler.py",
    ]
    assert {(info.date_time, info.external_attr >> 16) for info in found} == {((1980, 1, 1, 0, 0, 0), 0o644)}


def test_two_compilations_of_the_contracts_are_the_same_bytes(package: ModuleType, tmp_path: Path) -> None:
    def built(name: str) -> dict[str, bytes]:
        package.build_contracts(tmp_path / name)
        return {path.name: path.read_bytes() for path in (tmp_path / name).rglob("*") if path.is_file()}

    first = built("one")
    assert first == built("two")
    assert {"flights.json", "orders.json"} <= first.keys()
