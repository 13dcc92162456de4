"""The dated list of prices: infrastructure/prices/<Region>.yaml."""

import datetime as dt
from pathlib import Path

import msgspec

# AWS changes list prices rarely, and mostly downwards; but new ways to be billed come every year.
_BELIEVED = dt.timedelta(days=365)


class PriceError(Exception):
    """The file of prices cannot be used; the text says where and why."""


class Price(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """US dollars for one `unit`. `confirmed` says that it was seen again when the file was made."""

    usd: float
    unit: str
    source: str
    confirmed: bool = True


class Prices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All prices of a Region, as they were on `date`."""

    date: dt.date
    region: str
    sources: dict[str, str]
    prices: dict[str, Price]

    def __getitem__(self, name: str) -> Price:
        try:
            return self.prices[name]
        except KeyError:
            raise PriceError(f"the prices of {self.region} lack {name!r}") from None

    def __contains__(self, name: str) -> bool:
        return name in self.prices

    def are_old(self, today: dt.date) -> bool:
        return today - self.date > _BELIEVED


def load_prices(path: Path) -> Prices:
    """Read a file of prices.

    Raises
    ------
    PriceError
        It is not there, or is no file of prices.
    """
    try:
        prices = msgspec.yaml.decode(path.read_bytes(), type=Prices)
    except OSError as error:
        raise PriceError(f"cannot read {path}: {error.strerror}") from error
    except msgspec.DecodeError as error:  # a ValidationError is one, too
        raise PriceError(f"{path}: {error}") from error
    for name, price in prices.prices.items():
        if not price.usd > 0:
            raise PriceError(f"{path}: {name} must be more than 0 dollars")
        if price.source not in prices.sources:
            raise PriceError(f"{path}: {name} has the source {price.source!r}, which is not among `sources`")
    return prices
