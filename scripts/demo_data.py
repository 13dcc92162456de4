"""The demo's orders: good ones, changed ones, and bad ones that between them have every reason code."""

import gzip
import json
import random
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from datavault.reasons import Reason

# The reasons that these files lead to: all but that of an object which is deleted before it is read.
REASONS = frozenset(Reason) - {Reason.OBJECT_GONE}

_COUNTRIES = ("AT", "CH", "DE", "FR", "US")
_TAGS = ("new", "express", "repeat", "gift", "eco")
_ORDERS = 2_000
_CHANGED = 50
# Above the 32 MB from which on environments/local hands an object to the worker, with few rows: it shall not take long.
_LARGE_BYTES = 33_000_000


def write(folder: Path) -> dict[str, Path]:
    """Write the files; key in the raw bucket -> file."""
    folder.mkdir(parents=True, exist_ok=True)
    orders = [_order(random.Random(number), number) for number in range(1, _ORDERS + 1)]  # noqa: S311  example data
    changed = [order | {"delivery_date": "2026-02-01", "gift": True} for order in orders[:_CHANGED]]
    bodies = {
        "orders/orders.ndjson": _lines(orders),
        "orders/orders-changed.json": json.dumps(changed, indent=1).encode(),
        "orders/bad.ndjson": b"\n".join(_bad_lines(orders[0])) + b"\n",
        "orders/bad.csv": _bad_csv(),
        "orders/bad-header.csv": b"order_id,colour\nORD-00000001,red\n",
        "orders/cut-off.ndjson.gz": gzip.compress(_lines(orders[:200]), mtime=0)[:-2_000],
        "orders/spreadsheet.csv": b"PK\x03\x04 not what its name says",
        "nobody/knows.ndjson": _lines(orders[:1]),
    }
    files = {}
    for key, body in bodies.items():
        files[key] = folder / key.replace("/", "-")
        files[key].write_bytes(body)
    return files


def write_large(folder: Path) -> tuple[str, Path]:
    """Write the file that the worker takes: a wholesaler's orders of 200 items each; its key in the raw bucket."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(0)  # noqa: S311  example data
    items = [
        {"sku": f"WX-{number:04}", "quantity": chance.randint(1, 900), "unit_price": "1.25"} for number in range(200)
    ]
    total = Decimal("1.25") * sum(item["quantity"] for item in items)
    line = json.dumps(_order(chance, 60_000_000) | {"items": items, "total": str(total)}).encode() + b"\n"
    count = _LARGE_BYTES // len(line) + 1
    file = folder / "orders-wholesale.ndjson"
    file.write_bytes(b"".join(line.replace(b"60000000", b"%d" % (60_000_000 + number)) for number in range(count)))
    return "orders/wholesale.ndjson", file


def _lines(orders: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(order).encode() + b"\n" for order in orders)


def _order(chance: random.Random, number: int) -> dict[str, Any]:
    items = [
        {
            "sku": f"{chance.choice('ABC')}{chance.choice('XYZ')}-{chance.randrange(10_000):04}",
            "quantity": chance.randint(1, 5),
            "unit_price": f"{chance.randint(100, 20_000) / 100:.2f}",
        }
        for _ in range(chance.randint(1, 4))
    ]
    total = sum((Decimal(item["unit_price"]) * item["quantity"] for item in items), Decimal())
    order: dict[str, Any] = {
        "order_id": f"ORD-{number:08}",
        "ordered_at": f"2026-01-{chance.randint(1, 28):02}T{chance.randrange(24):02}:00:00+01:00",
        "customer": {
            "id": chance.randint(1, 500),
            "email": f"customer{chance.randint(1, 500)}@example.com",
            "country": chance.choice(_COUNTRIES),
        },
        "items": items,
        "total": str(total),
        "gift": chance.random() < 0.1,
    }
    if number % 3:
        order["tags"] = chance.sample(_TAGS, chance.randint(0, 3))
    return order


def _bad_lines(good: dict[str, Any]) -> Iterator[bytes]:
    """One line for each reason that a JSON record can have, between good ones."""
    item = good["items"][0]
    customer = good["customer"]

    def changed(number: int, **fields: Any) -> bytes:
        return json.dumps(good | {"order_id": f"ORD-9{number:07}"} | fields).encode()

    yield changed(1)
    yield b'{"order_id": "ORD-90000002", '  # invalid_json
    yield changed(3).replace(b"customer", b"\xff\xfe", 1)  # invalid_utf8
    yield changed(4, customer=customer | {"email": "a\0b@example.com"})  # invalid_character
    yield b'{"order_id": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"  # too_large: the contract says 65,536 bytes
    yield b'{"order_id": ' + b"[" * 20_000 + b"]" * 20_000 + b"}"  # too_deep
    yield json.dumps({name: value for name, value in good.items() if name != "total"}).encode()  # missing_field
    yield changed(7, colour="red")  # unknown_field
    yield changed(8, gift="yes")  # wrong_type
    yield changed(9, items=[item | {"quantity": 5_000}])  # out_of_range
    yield changed(10, items=[])  # invalid_length
    yield changed(11, ordered_at="2026-01-05T10:00:00")  # invalid_format: no time zone
    yield changed(12, items=[item | {"sku": "shoe"}])  # pattern_mismatch
    yield changed(13, customer=customer | {"country": "XX"})  # not_in_enum
    yield changed(14, tags=["new", "new"])  # duplicate_items
    yield changed(15)


def _bad_csv() -> bytes:
    """CSV with a ragged row, a broken quote and one good row; nested values are JSON in a cell."""
    header = "order_id,ordered_at,customer,items,total,gift"
    customer = '"{""id"":7,""email"":""c@example.com"",""country"":""DE""}"'
    items = '"[{""sku"":""AX-0001"",""quantity"":1,""unit_price"":9.90}]"'
    good = f"ORD-80000001,2026-01-05T10:00:00Z,{customer},{items},9.90,false"
    return "\n".join([header, good, "ORD-80000002,2026-01-05T10:00:00Z", good.replace('"[', '"x"[', 1)]).encode()
