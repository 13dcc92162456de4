"""Seals: the same objects make the same bytes, and no link of a chain can be changed unseen."""

import msgspec
import pytest

from datavault.identity import receipt_key
from datavault.receipt import Receipt
from datavault.seal import Entry, Head, Link, Seal, digest, entry, follow, parquet_keys

from .support import process

DAY = "2026-03-14"


def an_entry(name: str) -> Entry:
    return Entry(f"receipts/books/dt={DAY}/{name}.json", digest(name.encode()), 1, 1, 0, (), None)


def chain(*names: str) -> list[Seal]:
    """A chain with one seal for each letter of each name."""
    head, seals = Head(), []
    for name in names:
        seal = head.next("books", DAY, map(an_entry, name))
        seals.append(seal)
        head = Head(seal.number, digest(seal.encode()))
    return seals


def holding(*names: str) -> bytes:
    """A first seal with entries as they are given."""
    return Seal("books", DAY, 0, "", tuple(map(an_entry, names))).encode()


def read(*parts: tuple[str, bytes]) -> list[Link]:
    head, links = Head(), []
    for key, body in parts:
        links.append(follow(head, "books", DAY, key, body))
        head = links[-1].head
    return links


def test_a_seal_says_what_the_receipt_says_and_the_hash_of_every_object() -> None:
    receipt = process(b'{"id":1}\nbad\n{"id":2}\n').receipt
    key, body = receipt_key("books", DAY, receipt.object_id), receipt.encode()
    (parquet,) = parquet_keys(receipt)
    found = entry(key, body, receipt, {parquet: "aa", receipt.quarantine_key: "bb"})
    assert msgspec.to_builtins(found) == {
        "receipt": key,
        "sha256": digest(body),
        "lines": 3,
        "valid": 2,
        "quarantined": 1,
        "parquet": ({"key": f"data/books/dt={DAY}/{receipt.chunks[0].id}.parquet", "sha256": "aa", "rows": 2},),
        "quarantine": {"key": receipt.quarantine_key, "sha256": "bb"},
    }


def test_an_object_without_bad_records_has_no_quarantine_in_its_entry() -> None:
    receipt: Receipt = process(b'{"id":1}\n').receipt
    (parquet,) = parquet_keys(receipt)
    assert entry("k", receipt.encode(), receipt, {parquet: "aa"}).quarantine is None


def test_the_order_in_which_objects_are_found_does_not_change_a_seal() -> None:
    assert chain("abc")[0].encode() == chain("cab")[0].encode()


def test_a_chain_that_nobody_touched_is_followed_to_its_end() -> None:
    seals = chain("ab", "c", "d")
    links = read(*((seal.key, seal.encode()) for seal in seals))
    assert [link.problems for link in links] == [[], [], []]
    assert [link.seal for link in links] == seals
    assert links[-1].head == Head(2, digest(seals[-1].encode()))
    assert [seal.key for seal in seals] == [f"seals/books/dt={DAY}/00000{number}.json" for number in range(3)]


@pytest.mark.parametrize("gone", [0, 1])
def test_a_seal_that_is_gone_leaves_a_gap_which_is_told_once(gone: int) -> None:
    seals = chain("a", "b", "c", "d")
    del seals[gone]
    problems = [link.problems for link in read(*((seal.key, seal.encode()) for seal in seals))]
    assert [len(found) for found in problems] == [int(number == gone) for number in range(3)]
    assert f"00000{gone}.json should come before" in problems[gone][0]


def test_a_seal_that_was_changed_does_not_fit_the_next_one() -> None:
    first, second = chain("a", "b")
    other = msgspec.structs.replace(first, entries=(an_entry("z"),))
    assert read((first.key, other.encode()), (second.key, second.encode()))[1].problems == [
        "it does not continue the seal before it: one of the two was changed"
    ]


def test_seals_whose_places_are_swapped_are_found() -> None:
    first, second = chain("a", "b")
    one, two = read((first.key, second.encode()), (second.key, first.encode()))
    assert f"it says that it is {second.key}" in one.problems
    assert f"it says that it is {first.key}" in two.problems


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"{}", "it is no seal"),
        (b"\xff", "it is no seal"),
        (msgspec.json.encode(chain("a")[0]), "it is not written as the auditor writes seals"),
        (holding("b", "a"), "its entries are not in order"),
        (holding("a", "a"), "its entries are not in order"),
        (holding(), "its entries are not in order"),
    ],
)
def test_what_the_auditor_would_not_write_is_found(body: bytes, problem: str) -> None:
    (link,) = read((chain("a")[0].key, body))
    assert link.problems == [problem]


def test_an_object_whose_name_is_no_number_takes_the_place_where_it_was_found() -> None:
    first, second, third = chain("a", "b", "c")
    stray = f"seals/books/dt={DAY}/copy of {first.number}.json"
    links = read((first.key, first.encode()), (stray, b"{}"), (third.key, third.encode()))
    assert links[1].problems == [f"the chain has a gap: {second.key} should come before", "it is no seal"]
    assert links[1].head == Head(1, digest(b"{}"))
    assert links[2].problems == ["it does not continue the seal before it: one of the two was changed"]
