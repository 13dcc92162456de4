"""Which changes break whom: consumers always, producers unless the major version is new."""

from typing import Any

import pytest
from msgspec.structs import replace

from datavault.authoring.compat import breaking_changes
from datavault.contract import Contract, Field

from ..support import EVERY_TYPE, column, make_contract

OLD = make_contract(version="1.0.0", primary_key=("id",))


def messages(**changes: Any) -> list[str]:
    return [change.message for change in breaking_changes(OLD, replace(OLD, **changes))]


def with_field(name: str, **changes: Any) -> tuple[Field, ...]:
    return tuple(replace(field, **changes) if field.name == name else field for field in OLD.fields)


def with_column(name: str, **changes: Any) -> tuple[Any, ...]:
    return tuple(replace(item, **changes) if item.name == name else item for item in OLD.columns)


def test_the_same_contract_breaks_nobody() -> None:
    assert messages() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"columns": (*OLD.columns, column(Field("new", "date")))},
        {"columns": with_column("text", warehouse_type="varchar(2000)")},
        {"columns": with_column("text", description="now described")},
        {"fields": (*OLD.fields, Field("new", "date"))},
        {"fields": with_field("id", required=False)},
        {"fields": tuple(field for field in OLD.fields if field.name != "ok"), "unknown_fields": "ignore"},
    ],
)
def test_what_adds_or_widens_breaks_nobody(changes: dict[str, Any]) -> None:
    assert messages(**changes) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"columns": OLD.columns[1:]}, "column id is gone, renamed or moved"),
        ({"columns": OLD.columns[:-1]}, "column lines is gone, renamed or moved"),
        ({"columns": OLD.columns[::-1]}, "column id is gone, renamed or moved"),
        ({"columns": (*OLD.columns, column(Field("new", "date", required=True)))}, "new column new is required"),
        ({"columns": with_column("text", warehouse_type="varchar(9)")}, "column text was varchar(1000), is varchar(9)"),
        ({"columns": with_column("id", warehouse_type="integer")}, "column id was bigint, is integer"),
        (
            {"columns": with_column("id", field=Field("id", "integer"))},
            "column id changes between required and optional",
        ),
        ({"load_mode": "merge"}, "the primary key or the load mode changes"),
        ({"primary_key": ()}, "the primary key or the load mode changes"),
    ],
)
def test_what_consumers_rely_on_stays_under_any_version(changes: dict[str, Any], message: str) -> None:
    assert messages(**changes) == [message]
    assert messages(version="2.0.0", **changes) == [message]


def test_a_mask_is_neither_taken_off_nor_put_on() -> None:
    masked = replace(OLD, columns=with_column("text", mask=True))
    for one, other in ((masked, OLD), (OLD, masked)):
        assert [change.message for change in breaking_changes(one, other)] == [
            "column text changes between masked and clear"
        ]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ((*OLD.fields, Field("new", "date", required=True)), "new field new is required"),
        (OLD.fields[1:], "field id is gone"),
        (with_field("text", required=True), "field text becomes required"),
        (with_field("text", type="date"), "field text changes its type or pattern"),
        (with_field("text", pattern="^a"), "field text changes its type or pattern"),
        (with_field("id", bits=32), "field id changes its type or pattern"),
        (with_field("price", scale=1), "field price changes its type or pattern"),
        (with_field("text", enum=("a",)), "field text allows fewer values"),
        (with_field("id", minimum=1), "field id has a narrower minimum"),
        (with_field("id", exclusive_maximum=1), "field id has a narrower exclusive_maximum"),
        (with_field("tags", items=Field("", "integer")), "field tags[] changes its type or pattern"),
        (with_field("place", fields=()), "field place.city is gone"),
        (
            with_field("place", fields=(*EVERY_TYPE[8].fields, Field("z", "date", required=True))),
            "new field place.z is required",
        ),
    ],
)
def test_what_producers_rely_on_changes_only_under_a_new_major_version(fields: tuple[Field, ...], message: str) -> None:
    assert message in messages(fields=fields)
    assert messages(fields=fields, version="2.0.0") == []


def test_a_bound_may_be_wider_and_not_narrower() -> None:
    def contract(maximum: int) -> Contract:
        return make_contract((Field("n", "integer", maximum=maximum),), version="1.0.0")

    assert breaking_changes(contract(5), contract(6)) == []
    assert [change.message for change in breaking_changes(contract(6), contract(5))] == [
        "field n has a narrower maximum"
    ]
