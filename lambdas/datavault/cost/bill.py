"""Lines of a bill: a quantity, its unit price, and what both make."""

from collections.abc import Iterable
from enum import StrEnum
from math import fsum

import msgspec

from .prices import Prices


class Part(StrEnum):
    """What a line pays for.

    PIPELINE is what makes Parquet objects of raw objects, and keeps both; PLATFORM is what Kubernetes brings.
    """

    PIPELINE = "pipeline"
    WAREHOUSE = "warehouse"
    OPERATIONS = "operations"
    PLATFORM = "platform"


class Line(msgspec.Struct, frozen=True):
    """`quantity` times `unit_usd` a month."""

    part: Part
    service: str
    what: str
    quantity: float
    unit: str
    unit_usd: float
    usd: float


class Bill:
    """Collects lines; what is not used makes none."""

    def __init__(self, prices: Prices) -> None:
        self._prices = prices
        self.lines: list[Line] = []

    def add(self, part: Part, service: str, what: str, quantity: float, price: str) -> None:
        found = self._prices[price]
        if quantity > 0:
            self.lines.append(Line(part, service, what, quantity, found.unit, found.usd, quantity * found.usd))


def total(lines: Iterable[Line]) -> float:
    return fsum(line.usd for line in lines)


def by_service(lines: Iterable[Line]) -> dict[str, float]:
    """Dollars of each service, the dearest first."""
    found: dict[str, list[Line]] = {}
    for line in lines:
        found.setdefault(line.service, []).append(line)
    sums = {service: total(of_service) for service, of_service in found.items()}
    return dict(sorted(sums.items(), key=lambda item: -item[1]))
