"""The file of prices: what it must say, and how it ages."""

import re
from datetime import date
from pathlib import Path

import pytest

from datavault.cost.prices import PriceError, load_prices

from .facts import PRICES, ROOT

GOOD = """
date: 2026-01-01
region: us-east-1
sources: {pages: somewhere}
prices:
  kms_key: {usd: 1.0, unit: key-month, source: pages}
"""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("usd: 1.0 -> usd: 0", "kms_key must be more than 0 dollars"),
        ("usd: 1.0 -> usd: .nan", "kms_key must be more than 0 dollars"),
        ("source: pages -> source: hearsay", "'hearsay', which is not among `sources`"),
        ("date: 2026-01-01 -> date: soon", "date"),
        ("unit: key-month -> unti: key-month", "unti"),
        ("prices: -> prices: [", "prices.yaml"),
    ],
)
def test_a_bad_file_is_refused_with_the_place(change: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text(GOOD)
    load_prices(file)
    file.write_text(GOOD.replace(*change.split(" -> ")))

    with pytest.raises(PriceError, match=re.escape(said)):
        load_prices(file)


def test_a_file_that_is_not_there_and_a_price_that_is_not_in_it_are_said(tmp_path: Path) -> None:
    with pytest.raises(PriceError, match="cannot read"):
        load_prices(tmp_path / "none.yaml")
    with pytest.raises(PriceError, match="lack 'gold'"):
        PRICES["gold"]


def test_prices_are_old_after_a_year(tmp_path: Path) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text(GOOD)

    assert not load_prices(file).are_old(date(2027, 1, 1))
    assert load_prices(file).are_old(date(2027, 1, 2))


def test_every_price_in_the_file_is_used() -> None:
    code = "".join(path.read_text() for path in (ROOT / "lambdas/datavault/cost").glob("*.py"))
    made = {"lambda_arm64", "lambda_x86_64", "s3_standard_ia", "s3_glacier_ir", "s3_to_standard_ia", "s3_to_glacier_ir"}
    made |= {name for name in PRICES.prices if name.startswith("ec2_")}

    assert [name for name in PRICES.prices if f'"{name}"' not in code and name not in made] == []
