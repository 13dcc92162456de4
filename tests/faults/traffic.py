"""Raw objects of random sizes, formats and compressions, from a seed: what the soak sends."""

import gzip
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import demo_data
from backports import zstd

ROOT = Path(__file__).resolve().parents[2]
# Small objects are many and large ones few, as producers' are; the largest gives several chunks.
_MEDIAN_LINES, _SPREAD, _MAX_LINES = 400, 1.8, 60_000
_BAD_OBJECTS, _BAD_LINES = 0.4, 0.02


@dataclass(frozen=True)
class Parcel:
    """One raw object. `records` is what its receipt must count as lines."""

    key: str
    body: bytes
    records: int


class Traffic:
    """Draws one parcel after another; the same seed draws the same ones."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._flights = (ROOT / ".local/data/flights.csv").read_text().splitlines()
        self._number = 0
        self._order = 50_000_000

    def __iter__(self) -> Iterator[Parcel]:
        while True:
            yield self._parcel()

    def _parcel(self) -> Parcel:
        chance = self._chance
        self._number += 1
        count = max(1, min(_MAX_LINES, int(chance.lognormvariate(0, _SPREAD) * _MEDIAN_LINES)))
        bad = _BAD_LINES if chance.random() < _BAD_OBJECTS else 0.0
        dataset = chance.choice(("flights", "flights", "orders"))
        if dataset == "flights":
            suffix, body = self._some_flights(count, bad)
        else:
            count = min(count, 5_000)
            suffix, body = self._some_orders(count, bad)
        packing = chance.choice(("", "", ".gz", ".zst"))
        if packing == ".gz":
            body = gzip.compress(body, 1, mtime=0)
        elif packing == ".zst":
            body = zstd.compress(body)
        return Parcel(f"{dataset}/soak/{self._number:06}{suffix}{packing}", body, count)

    def _some_flights(self, count: int, bad: float) -> tuple[str, bytes]:
        header, *rows = self._flights
        first = self._chance.randrange(len(rows) - count) if count < len(rows) else 0
        taken = rows[first : first + count]
        if bad:
            taken = [row.replace(",", ",x", 1) if self._chance.random() < bad else row for row in taken]
        return ".csv", "\n".join([header, *taken, ""]).encode()

    def _some_orders(self, count: int, bad: float) -> tuple[str, bytes]:
        chance = self._chance
        first = self._order
        if chance.random() < 0.3:  # a later version of orders that were sent before
            first = max(50_000_000, self._order - count)
        self._order = max(self._order, first + count)
        orders: list[dict[str, Any]] = [demo_data._order(chance, first + place) for place in range(count)]
        if bad:
            orders = [order | {"gift": "yes"} if chance.random() < bad else order for order in orders]
        if chance.random() < 0.3:
            return ".json", json.dumps(orders).encode()
        return ".ndjson", b"".join(json.dumps(order).encode() + b"\n" for order in orders)
