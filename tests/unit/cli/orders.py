"""Orders as the tests send them: good ones, and those that a wider contract would take."""

import json
from pathlib import Path
from typing import Any

CSV_HEADER = b"order_id,ordered_at,customer,items,total,gift"


def order(number: int, country: str = "CH", **changes: Any) -> dict[str, Any]:
    return {
        "order_id": f"ORD-{number:08d}",
        "ordered_at": "2026-03-01T09:30:00Z",
        "customer": {"id": number, "email": "ann@example.com", "country": country},
        "items": [{"sku": "AB-1234", "quantity": 2, "unit_price": "9.50"}],
        "total": "19.00",
        "gift": False,
    } | changes


def line(number: int, country: str = "CH", **changes: Any) -> bytes:
    return json.dumps(order(number, country, **changes)).encode()


def row(number: int, country: str = "CH") -> bytes:
    """The order as a row of CSV."""
    fields = order(number, country)
    cells = [fields["order_id"], fields["ordered_at"], json.dumps(fields["customer"]), json.dumps(fields["items"])]
    quoted = ['"' + cell.replace('"', '""') + '"' for cell in cells]
    return ",".join([*quoted, fields["total"], "false"]).encode()


def allow_italy(checkout: Path) -> None:
    """Widen the checkout's contract: the country IT is on the list."""
    change(checkout, "enum: [{value: AT}", "enum: [{value: IT}, {value: AT}")


def change(checkout: Path, old: str, new: str) -> None:
    path = checkout / "contracts/orders/contract.odcs.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new).replace("version: 1.0.0", "version: 1.1.0"))
