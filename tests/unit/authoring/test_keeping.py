"""How long and where objects are kept: what a contract says of it becomes, and what is refused, with place and hint."""

from pathlib import Path
from typing import Any

import pytest

from datavault.contract import Move

from .test_odcs import Change, compiled, custom, problems, raw


def promises(*promised: dict[str, Any]) -> Change:
    return lambda document: document.update(slaProperties=list(promised))


def retention(value: Any, unit: str, **others: str) -> dict[str, Any]:
    return {"property": "retention", "value": value, "unit": unit} | others


def archive(number: int, value: Any) -> Change:
    """Asks for moves of what producers send (0) or consumers read (1)."""
    options = [{"property": "archiveAfterDays", "value": value}]
    return lambda document: document["schema"][number].update(customProperties=options)


def both(*changes: Change) -> Change:
    return lambda document: [change(document) for change in changes]


def test_a_contract_that_says_nothing_leaves_it_to_the_environment(tmp_path: Path) -> None:
    contract = compiled(tmp_path)
    assert (contract.retention_days, contract.raw_retention_days) == (None, None)
    assert (contract.moves, contract.raw_moves) == (None, None)


def test_retention_is_of_parquet_objects_unless_it_names_what_producers_send(tmp_path: Path) -> None:
    promised = [retention(2, "years"), retention(8, "weeks", element="books_raw")]
    for order in (promised, promised[::-1]):
        contract = compiled(tmp_path, promises(*order))
        assert (contract.retention_days, contract.raw_retention_days) == (730, 56)
    assert compiled(tmp_path, promises(retention(30, "d", element="books"))).retention_days == 30


def test_moves_are_in_the_order_of_their_days(tmp_path: Path) -> None:
    change = both(archive(0, {}), archive(1, {"GLACIER_IR": 60, "STANDARD_IA": 30}))
    contract = compiled(tmp_path, change)
    assert (contract.raw_moves, contract.moves) == ((), (Move("STANDARD_IA", 30), Move("GLACIER_IR", 60)))


def test_glacier_instant_retrieval_alone_may_come_early(tmp_path: Path) -> None:
    assert compiled(tmp_path, archive(0, {"GLACIER_IR": 1})).raw_moves == (Move("GLACIER_IR", 1),)


RAW, OUT = (f"schema.{name}.customProperties.archiveAfterDays" for name in ("books_raw", "books"))


@pytest.mark.parametrize(
    ("change", "place", "message", "hint"),
    [
        (
            promises(retention(1, "d", element="book")),
            "slaProperties.0",
            "retention of the element 'book'",
            "books_raw for raw objects and quarantined records",
        ),
        (
            promises(retention(1, "d"), retention(2, "d", element="books")),
            "slaProperties.1",
            "a second retention of the same objects",
            "leave one",
        ),
        (
            promises(retention(13, "d", element="books_raw")),
            "slaProperties.0",
            "raw objects are kept for 13 days",
            "at least 14: events of raw objects that failed or are held wait so long",
        ),
        (promises(retention(36, "h")), "slaProperties.0", "retention of 36 h", "whole days"),
        (promises(retention(True, "d")), "slaProperties.0", "True d", "a whole number of"),
        (archive(0, 30), RAW, "is 30", "{} for no move"),
        (archive(0, {"GLACIER": 90}), RAW, "storage class 'GLACIER'", "must be restored before it is read"),
        (archive(1, {"DEEP_ARCHIVE": 90}), OUT, "storage class 'DEEP_ARCHIVE'", "STANDARD_IA or GLACIER_IR answer"),
        (archive(1, {"ONEZONE_IA": 90}), OUT, "storage class 'ONEZONE_IA'", "STANDARD_IA or GLACIER_IR"),
        (archive(1, {"GLACIER_IR": 0}), OUT, "GLACIER_IR after 0 days", "a whole number, at least 1"),
        (archive(1, {"GLACIER_IR": "90"}), OUT, "GLACIER_IR after '90' days", "a whole number"),
        (archive(1, {"GLACIER_IR": True}), OUT, "GLACIER_IR after True days", "a whole number"),
        (archive(0, {"STANDARD_IA": 29}), RAW, "STANDARD_IA after 29 days", "at least 30 (S3)"),
        (
            archive(1, {"STANDARD_IA": 40, "GLACIER_IR": 69}),
            OUT,
            "GLACIER_IR after 69 days, STANDARD_IA after 40",
            "30 days after STANDARD_IA at least (S3), or only one of the two",
        ),
        (
            both(promises(retention(90, "d")), archive(1, {"GLACIER_IR": 90})),
            OUT,
            "GLACIER_IR after 90 days, when all is gone after 90",
            "move before, or never",
        ),
        (
            both(promises(retention(40, "d", element="books_raw")), archive(0, {"STANDARD_IA": 60})),
            RAW,
            "STANDARD_IA after 60 days, when all is gone after 40",
            "move before, or never",
        ),
        (custom("archiveAfterDays", {}), "customProperties", "unknown customProperty 'archiveAfterDays'", "known here"),
    ],
)
def test_what_cannot_be_kept_has_its_place_its_reason_and_its_hint(
    tmp_path: Path, change: Change, place: str, message: str, hint: str
) -> None:
    (problem,) = problems(tmp_path, change)
    assert problem.place.endswith(f"contract.odcs.yaml:{place}")
    assert (message in problem.message, hint in problem.hint) == (True, True), problem


def test_every_wrong_move_is_said_at_once(tmp_path: Path) -> None:
    change = archive(1, {"GLACIER": 1, "STANDARD_IA": 3, "GLACIER_IR": -1})
    assert len(problems(tmp_path, change)) == 3


DAY = {"name": "y", "logicalType": "date"}


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ({}, "internal"),  # as the columns, which say nothing
        ({"classification": "public"}, "internal"),
        ({"classification": "restricted"}, "restricted"),
        ({"logicalType": "object", "properties": [DAY | {"classification": "confidential"}]}, "confidential"),
        ({"logicalType": "array", "items": DAY | {"classification": "restricted"}}, "restricted"),
    ],
    ids=["nothing", "less than the columns", "more", "a member", "an element"],
)
def test_what_producers_send_is_as_sensitive_as_its_fields_and_never_less_than_what_was_made_of_it(
    tmp_path: Path, said: dict[str, Any], wanted: str
) -> None:
    contract = compiled(tmp_path, raw(**({"logicalType": "date"} | said)))
    assert (contract.classification, contract.raw_classification) == ("internal", wanted)
    assert contract.raw_tags == {"dataset": "books", "classification": wanted}


def test_an_unknown_classification_of_a_field_is_refused(tmp_path: Path) -> None:
    change = raw(logicalType="array", items={"logicalType": "date", "classification": "PII"})
    (problem,) = problems(tmp_path, change)
    assert problem.place.endswith(":schema.books_raw.x[]")
    assert "one of public, internal" in problem.hint
