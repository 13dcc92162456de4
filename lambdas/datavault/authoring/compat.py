"""Which changes of a contract break producers or consumers, measured against the last released version."""

from collections.abc import Iterator, Sequence

import msgspec

from ..contract import Column, Contract, Field
from ..warehouse_sql import varchar_bytes


class Breaking(msgspec.Struct, frozen=True):
    message: str
    hint: str


_NEW_DATASET = "consumers rely on it: make a new dataset instead"
_NEW_MAJOR = "producers rely on it: a new major version says so"


def breaking_changes(released: Contract, current: Contract) -> list[Breaking]:
    """What a reader or (unless the major version is new) a writer of the released version would stumble over."""
    found = list(_consumer_changes(released, current))
    if released.version.partition(".")[0] == current.version.partition(".")[0]:
        found += _file_changes(released, current)
        found += _producer_changes(released.fields, current.fields, "", current.unknown_fields)
    return found


def _file_changes(released: Contract, current: Contract) -> Iterator[Breaking]:
    """What holds for a raw object or a record as a whole."""
    if released.unknown_fields == "ignore" and current.unknown_fields == "reject":
        yield Breaking("unknown fields are no longer ignored", _NEW_MAJOR)
    for name in ("max_record_bytes", "max_object_bytes"):
        if getattr(current, name) < getattr(released, name):
            yield Breaking(f"{name} is lower", _NEW_MAJOR)
    lost_nulls = set(released.csv.null_values) - set(current.csv.null_values)
    if released.csv.delimiter != current.csv.delimiter or lost_nulls:
        yield Breaking("CSV files are read differently", _NEW_MAJOR)


def _consumer_changes(released: Contract, current: Contract) -> Iterator[Breaking]:
    old, new = released.columns, current.columns
    for position, column in enumerate(old):
        if position >= len(new) or new[position].name != column.name:
            yield Breaking(
                f"column {column.name} is gone, renamed or moved", "new columns go to the end; " + _NEW_DATASET
            )
            return
        yield from _column_changes(column, new[position])
    for column in new[len(old) :]:
        if column.field.required:
            yield Breaking(f"new column {column.name} is required", "rows that are there have no value for it")
    if released.load_mode != current.load_mode or released.primary_key != current.primary_key:
        yield Breaking("the primary key or the load mode changes", _NEW_DATASET)


def _column_changes(old: Column, new: Column) -> Iterator[Breaking]:
    old_limit, new_limit = varchar_bytes(old.warehouse_type), varchar_bytes(new.warehouse_type)
    is_wider = old_limit is not None and new_limit is not None and new_limit >= old_limit
    if old.warehouse_type != new.warehouse_type and not is_wider:
        yield Breaking(f"column {old.name} was {old.warehouse_type}, is {new.warehouse_type}", _NEW_DATASET)
    if old.field.required != new.field.required:
        yield Breaking(f"column {old.name} changes between required and optional", _NEW_DATASET)
    if old.mask != new.mask:
        # Rows that are there stay as they are: half the column would be tokens, half clear text.
        yield Breaking(f"column {old.name} changes between masked and clear", _NEW_DATASET)
    if _shape(old.field) != _shape(new.field):
        yield Breaking(f"column {old.name} holds values of another shape", _NEW_DATASET)


def _shape(field: Field) -> object:
    """Names and types inside a nested value; nothing for the others, whose type the column's says."""
    members = tuple((member.name, member.type, _shape(member)) for member in field.fields)
    return (members, field.items.type, _shape(field.items)) if field.items else members


def _producer_changes(
    old: Sequence[Field], new: Sequence[Field], place: str, unknown_fields: str
) -> Iterator[Breaking]:
    now = {field.name: field for field in new}
    before = {field.name for field in old}
    for field in new:
        if field.required and field.name not in before:
            yield Breaking(f"new field {place}{field.name} is required", _NEW_MAJOR)
    for field in old:
        here = f"{place}{field.name}"
        if field.name not in now:
            if unknown_fields == "reject":
                yield Breaking(f"field {here} is gone", _NEW_MAJOR)
            continue
        yield from _field_changes(field, now[field.name], here, unknown_fields)


def _field_changes(old: Field, new: Field, here: str, unknown_fields: str) -> Iterator[Breaking]:
    if new.required and not old.required:
        yield Breaking(f"field {here} becomes required", _NEW_MAJOR)
    is_narrower = new.bits < old.bits or new.scale < old.scale or new.precision - new.scale < old.precision - old.scale
    if (old.type, old.pattern) != (new.type, new.pattern) or is_narrower:
        yield Breaking(f"field {here} changes its type or pattern", _NEW_MAJOR)
    if new.multiple_of not in (None, old.multiple_of) or (new.unique_items and not old.unique_items):
        yield Breaking(f"field {here} has a new rule", _NEW_MAJOR)
    if new.enum and (not old.enum or set(old.enum) - set(new.enum)):
        yield Breaking(f"field {here} allows fewer values", _NEW_MAJOR)
    lower = [
        ("minimum", 1),
        ("exclusive_minimum", 1),
        ("min_length", 1),
        ("maximum", -1),
        ("exclusive_maximum", -1),
        ("max_length", -1),
    ]
    for name, sign in lower:
        was, is_now = getattr(old, name), getattr(new, name)
        if is_now is not None and (was is None or (is_now > was if sign > 0 else is_now < was)):
            yield Breaking(f"field {here} has a narrower {name}", _NEW_MAJOR)
    if old.items and new.items:
        yield from _field_changes(old.items, new.items, f"{here}[]", unknown_fields)
    yield from _producer_changes(old.fields, new.fields, f"{here}.", unknown_fields)
