"""The README's figures: what the library makes of the files that `make demo` sends."""

import importlib.util
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from datavault.authoring.odcs import compile_contract
from datavault.identity import RawObject
from datavault.process import Processing
from datavault.receipt import Receipt

ROOT = Path(__file__).parents[2]
FLIGHTS = ROOT / ".local/data/flights.csv"

_FIGURE = re.compile(r"^([A-Za-z][A-Za-z ]+?) {2,}([\d,]+)(?:   \(.*)?$", re.MULTILINE)


def demo_files(folder: Path) -> dict[str, Path]:
    """What the demo sends, by its key in the raw bucket."""
    spec = importlib.util.spec_from_file_location("demo_data", ROOT / "scripts/demo_data.py")
    assert spec is not None
    assert spec.loader is not None
    demo_data = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(demo_data)
    return {"flights/flights.csv": FLIGHTS, **demo_data.write(folder), **dict([demo_data.write_large(folder)])}


def receipts(files: dict[str, Path]) -> Iterator[Receipt]:
    contracts = {name: compile_contract(ROOT / "contracts" / name) for name in ("flights", "orders")}
    for key, file in files.items():
        raw = RawObject("raw", key, "1", datetime(2026, 3, 1, 10, tzinfo=UTC), file.stat().st_size)
        with file.open("rb") as source:
            processing = Processing(raw, contracts.get(raw.dataset), source.read)
            for _ in processing.chunks():
                pass
        yield processing.receipt()


def test_the_figures_of_the_readme_are_those_of_its_demo(tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text()
    said = {name: int(number.replace(",", "")) for name, number in _FIGURE.findall(text)}
    flights, *orders = receipts(demo_files(tmp_path))
    made = [flights, *orders]
    assert said["records in"] == sum(receipt.lines for receipt in made)
    assert said["valid"] == sum(receipt.valid for receipt in made)
    assert said["quarantined"] == sum(receipt.quarantined for receipt in made)
    assert said["chunks"] == said["Parquet objects"] == sum(len(receipt.chunks) for receipt in made)
    (replaced,) = re.findall(r"\((\d+) replaced by a later version\)", text)
    assert said["warehouse rows"] == said["valid"] - int(replaced)
    assert f"{flights.lines:,} real flights" in text
    assert f"about {round(flights.valid / len(flights.chunks) / 1000)},000 (" in " ".join(text.split())
