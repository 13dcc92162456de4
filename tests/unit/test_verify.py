"""Verification: whatever is taken away, changed or moved of what is sealed is found, and named. Nothing else is."""

import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datavault.identity import RawObject, receipt_key
from datavault.process import Processing
from datavault.seal import Entry, Head, Seal, digest, entry, follow, parquet_keys
from datavault.verify import Listed, Proof, Retention, verify

from .support import RECEIVED_AT, make_contract, reader, small_wire

DAY = RECEIVED_AT.date()
DATASETS = ("books", "films")
DAYS = (DAY, DAY + timedelta(days=1))
KEPT = Retention({}, quarantine=365)
TODAY = DAY + timedelta(days=2)


class Copy:
    """Objects in a dictionary: what a folder or the buckets hold."""

    def __init__(self, objects: dict[str, bytes]) -> None:
        self.objects = dict(objects)
        self.history: dict[str, tuple[int, int]] = {}

    def folders(self, prefix: str) -> list[str]:
        rest = (key.removeprefix(prefix) for key in self.objects.keys() | self.history if key.startswith(prefix))
        return sorted({name.split("/")[0] for name in rest if "/" in name})

    def listed(self, prefix: str) -> Iterator[Listed]:
        for key in sorted(self.objects.keys() | self.history):
            if key.startswith(prefix):
                yield Listed(key, *self.history.get(key, (1, 0)), key in self.objects)

    def bodies(self, keys: Sequence[str]) -> Iterable[bytes | None]:
        return map(self.objects.get, keys)

    def digests(self, keys: Sequence[str]) -> Iterable[str | None]:
        return [None if (body := self.objects.get(key)) is None else digest(body) for key in keys]


def finished(dataset: str, day: date, number: int, objects: dict[str, bytes]) -> Entry:
    """One object through every stage, its records good and bad; the entry that seals it."""
    received = RECEIVED_AT + (day - DAY)
    data = b"".join(b'{"id":%d}\n' % n for n in range(20 * number)) + b"bad\n" * (number % 3)
    raw = RawObject("raw", f"{dataset}/{day}-{number}.ndjson", "v1", received, len(data))
    with small_wire():
        processing = Processing(raw, msgspec.structs.replace(make_contract(), dataset=dataset), reader(data))
        list(processing.chunks())
        receipt = processing.receipt()
    key, body = receipt_key(dataset, raw.date, raw.id), receipt.encode()
    held = {name: f"Parquet {name}".encode() for name in parquet_keys(receipt)}
    if receipt.quarantine_key:
        held[receipt.quarantine_key] = processing.quarantine.body.read()
    objects |= held | {key: body}
    return entry(key, body, receipt, {name: digest(part) for name, part in held.items()})


def build() -> dict[str, bytes]:
    """Two datasets, two days, chains of three seals with one or two objects each."""
    objects: dict[str, bytes] = {}
    for dataset in DATASETS:
        for day in DAYS:
            head = Head()
            for numbers in ((1, 2), (3,), (4, 5)):
                entries = [finished(dataset, day, number, objects) for number in numbers]
                seal = head.next(dataset, day.isoformat(), entries)
                objects[seal.key] = seal.encode()
                head = Head(seal.number, digest(seal.encode()))
    return objects


OBJECTS = build()
KEYS = sorted(OBJECTS)
HEADS = verify(Copy(OBJECTS), KEPT, TODAY, {}).heads


def test_no_two_objects_of_the_example_are_alike() -> None:
    assert len(set(OBJECTS.values())) == len(OBJECTS)


def prove(objects: dict[str, bytes], **options: Head) -> Proof:
    return verify(Copy(objects), KEPT, TODAY, options or HEADS)


def proven_without_heads(objects: dict[str, bytes]) -> Proof:
    return verify(Copy(objects), KEPT, TODAY, {})


def chain_of(key: str) -> str:
    _, dataset, day, _ = key.split("/")
    return f"{dataset}/{day}"


def names_it(proof: Proof, key: str) -> bool:
    """Whether a finding names the object, or, of a seal, another one of its chain."""
    named = {problem.key for problem in proof.problems}
    return key in named or any(name.startswith("seals/") and chain_of(name) == chain_of(key) for name in named)


def test_what_nobody_touched_is_proven() -> None:
    proof = prove(OBJECTS)
    assert (proof.problems, proof.unsealed, proof.expired) == ([], [], 0)
    kinds = {
        kind: sum(key.startswith(f"{kind}/") for key in KEYS) for kind in ("seals", "receipts", "data", "quarantine")
    }
    assert (proof.seals, proof.receipts, proof.parquet, proof.quarantine) == tuple(kinds.values())
    assert proof.seals == 12
    assert proof.parquet > proof.receipts == 20
    assert proof.quarantine
    assert proof.heads == HEADS
    assert len(HEADS) == 4


@given(st.sampled_from(KEYS))
@settings(deadline=None)
def test_an_object_that_is_taken_away_is_named(key: str) -> None:
    proof = prove({name: body for name, body in OBJECTS.items() if name != key})
    assert not proof.is_proven
    assert names_it(proof, key)


@given(st.sampled_from(KEYS), st.data())
@settings(max_examples=200, deadline=None)
def test_an_object_that_is_changed_in_one_bit_is_named(key: str, data: st.DataObject) -> None:
    body = bytearray(OBJECTS[key])
    place = data.draw(st.integers(0, len(body) * 8 - 1))
    body[place // 8] ^= 1 << place % 8
    proof = prove(OBJECTS | {key: bytes(body)})
    assert not proof.is_proven
    assert names_it(proof, key)


@given(st.sampled_from(KEYS), st.data())
@settings(deadline=None)
def test_an_object_that_is_cut_or_grows_is_named(key: str, data: st.DataObject) -> None:
    body = OBJECTS[key]
    length = data.draw(st.integers(0, len(body) - 1))
    assert names_it(prove(OBJECTS | {key: body[:length]}), key)
    assert names_it(prove(OBJECTS | {key: body + b"\n"}), key)


@given(st.sampled_from(KEYS), st.sampled_from(KEYS))
@settings(deadline=None)
def test_objects_that_change_places_are_named(one: str, other: str) -> None:
    proof = prove(OBJECTS | {one: OBJECTS[other], other: OBJECTS[one]})
    assert proof.is_proven is (one == other)
    if one != other:
        assert names_it(proof, one)
        assert names_it(proof, other)


@given(st.sampled_from([key for key in KEYS if key.startswith("seals/")]), st.data())
@settings(max_examples=200, deadline=None)
def test_a_seal_that_says_something_else_in_the_right_form_is_named(key: str, data: st.DataObject) -> None:
    """As somebody would forge it who has the code: entries left out, doubled, moved, or altered in one field."""
    seal = msgspec.json.decode(OBJECTS[key], type=Seal)
    entries = list(seal.entries)
    place = data.draw(st.integers(0, len(entries) - 1))
    match data.draw(st.sampled_from(["less", "more", "order", "counts", "hash", "number", "previous"])):
        case "less":
            del entries[place]
        case "more":
            entries.insert(place, entries[place])
        case "order":
            entries = entries[::-1] if len(entries) > 1 else []
        case "counts":
            field = data.draw(st.sampled_from(["lines", "valid", "quarantined"]))
            other = getattr(entries[place], field) + 1
            entries[place] = msgspec.structs.replace(entries[place], **{field: other})
        case "hash":
            entries[place] = msgspec.structs.replace(entries[place], sha256=digest(b""))
        case "number":
            seal = msgspec.structs.replace(seal, number=seal.number + 1)
        case "previous":
            seal = msgspec.structs.replace(seal, previous=digest(b"x"))
    forged = msgspec.structs.replace(seal, entries=tuple(entries)).encode()
    proof = prove(OBJECTS | {key: forged})
    assert not proof.is_proven
    assert names_it(proof, key)


@given(st.randoms(use_true_random=False))
@settings(deadline=None)
def test_a_whole_chain_that_is_written_anew_is_found_by_its_saved_head(chance: random.Random) -> None:
    """The strongest forger: drops an object and all its traces, and links the later seals anew."""
    name = chance.choice(sorted(HEADS))
    dataset, _, day = name.partition("/dt=")
    seals = [msgspec.json.decode(OBJECTS[key], type=Seal) for key in KEYS if key.startswith(f"seals/{name}/")]
    gone = chance.choice([entry for seal in seals for entry in seal.entries])
    dropped = {gone.receipt, *(item.key for item in gone.parquet)}
    objects = {key: body for key, body in OBJECTS.items() if key not in dropped}
    head, number = Head(), 0
    for seal in seals:
        del objects[seal.key]
        if kept := [entry for entry in seal.entries if entry != gone]:
            anew = head.next(dataset, day, kept)
            objects[anew.key] = anew.encode()
            head, number = Head(number, digest(anew.encode())), number + 1
    assert proven_without_heads(objects).is_proven
    proof = prove(objects)
    assert {problem.key.rpartition("/")[0] for problem in proof.problems} == {f"seals/{name}"}


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_a_chain_that_lost_its_end_is_found_by_its_saved_head_alone(cut: int) -> None:
    ends = [f"seals/books/dt={DAY}/{number:06d}.json" for number in range(3)][-cut:]
    objects = {key: body for key, body in OBJECTS.items() if key not in ends}
    without = proven_without_heads(objects)
    assert without.is_proven
    assert any(key.startswith("receipts/books/") for key in without.unsealed)
    (problem,) = prove(objects).problems
    assert problem.key == ends[-1]
    assert "is gone" in problem.message


def test_a_chain_that_went_on_since_its_head_was_saved_is_proven() -> None:
    objects = dict(OBJECTS)
    name = f"books/dt={DAY}"
    added = finished("books", DAY, 6, objects)
    seal = HEADS[name].next("books", DAY.isoformat(), [added])
    proof = prove(objects | {seal.key: seal.encode()})
    assert proof.is_proven
    assert proof.heads[name].number == 3


def test_what_no_seal_names_yet_is_counted_and_no_problem() -> None:
    objects = dict(OBJECTS)
    added = finished("books", DAY, 6, objects)
    proof = prove(objects)
    assert proof.is_proven
    assert set(proof.unsealed) == {added.receipt, *(item.key for item in added.parquet)}


@pytest.mark.parametrize(
    ("part", "retention"),
    [
        ("data", Retention({"books": 2}, 365)),
        ("quarantine", Retention({}, 2)),
        ("quarantine", Retention({}, 365, {"books": 2})),
    ],
)
def test_what_may_have_expired_may_be_gone_and_never_other(part: str, retention: Retention) -> None:
    key = next(key for key in KEYS if key.startswith(f"{part}/books/dt={DAY}/"))
    late = next(key for key in KEYS if key.startswith(f"{part}/books/dt={DAYS[1]}/"))
    without = Copy({name: body for name, body in OBJECTS.items() if name != key})
    without.history[key] = (1, 1)  # a lifecycle rule leaves a marker
    proof = verify(without, retention, TODAY, HEADS)
    assert (proof.problems, proof.expired) == ([], 1)
    assert names_it(verify(Copy(OBJECTS | {key: b"other"}), retention, TODAY, HEADS), key)
    one_day_less = Copy({name: body for name, body in OBJECTS.items() if name != late})
    assert names_it(verify(one_day_less, retention, TODAY, HEADS), late)


@pytest.mark.parametrize(
    "key", [next(key for key in KEYS if key.startswith(part)) for part in ("seals", "receipts", "data", "quarantine")]
)
@pytest.mark.parametrize(("versions", "markers"), [(2, 0), (1, 1)])
def test_a_name_that_was_used_twice_or_deleted_is_found(key: str, versions: int, markers: int) -> None:
    store = Copy(OBJECTS)
    store.history[key] = versions, markers
    (problem,) = verify(store, KEPT, TODAY, HEADS).problems
    assert problem.key == key


@pytest.mark.parametrize(
    ("key", "is_found"),
    [("contracts/books/a.json", True), ("claims/dt=2026-03-14/a.json", False), ("manifests/books/a", False)],
)
def test_a_delete_marker_is_the_trace_of_a_lifecycle_only_where_there_is_one(key: str, is_found: bool) -> None:
    store = Copy(OBJECTS)
    store.history[key] = 0, 1
    assert verify(store, KEPT, TODAY, HEADS).is_proven is not is_found
    store.history[key] = 2, 0
    assert not verify(store, KEPT, TODAY, HEADS).is_proven


def test_a_receipt_that_is_sealed_twice_is_found() -> None:
    name = f"books/dt={DAY}"
    seal = msgspec.json.decode(OBJECTS[f"seals/{name}/000001.json"], type=Seal)
    again = HEADS[name].next("books", DAY.isoformat(), seal.entries)
    (problem,) = prove(OBJECTS | {again.key: again.encode()}).problems
    assert (problem.key, problem.message) == (again.key, f"{seal.entries[0].receipt} was sealed before")


def test_a_receipt_of_another_day_in_a_seal_is_found() -> None:
    name = f"books/dt={DAY}"
    other = msgspec.json.decode(OBJECTS[f"seals/books/dt={DAYS[1]}/000001.json"], type=Seal)
    moved = HEADS[name].next("books", DAY.isoformat(), other.entries)
    assert [problem.key for problem in prove(OBJECTS | {moved.key: moved.encode()}).problems] == [moved.key]


def test_an_object_without_a_checksum_is_not_the_one_that_was_sealed() -> None:
    class Silent(Copy):
        def digests(self, keys: Sequence[str]) -> Iterable[str | None]:
            return ["" for _ in keys]

    assert "knows no SHA-256" in verify(Silent(OBJECTS), KEPT, TODAY, HEADS).problems[0].message


def test_a_seal_that_vanishes_while_it_is_read_is_told() -> None:
    class Fleeting(Copy):
        def bodies(self, keys: Sequence[str]) -> Iterable[bytes | None]:
            return (
                None if key.endswith("/000001.json") else body
                for key, body in zip(keys, super().bodies(keys), strict=True)
            )

    assert "a moment ago" in str(verify(Fleeting(OBJECTS), KEPT, TODAY, {}).problems)


def test_a_sealed_thing_that_is_no_receipt_is_found() -> None:
    body = b"{}"
    said = Entry(f"receipts/films/dt={DAY}/x.json", digest(body), 0, 0, 0, (), None)
    seal = HEADS[f"films/dt={DAY}"].next("films", DAY.isoformat(), [said])
    assert follow(HEADS[f"films/dt={DAY}"], "films", DAY.isoformat(), seal.key, seal.encode()).problems == []
    (problem,) = prove(OBJECTS | {said.receipt: body, seal.key: seal.encode()}).problems
    assert "what is not in that receipt" in problem.message


def test_a_folder_that_is_no_day_is_told_and_stops_nothing() -> None:
    proof = prove(OBJECTS | {"receipts/books/dt=someday/x.json": b""})
    assert [problem.key for problem in proof.problems] == ["books/dt=someday"]
    assert proof.receipts == 20
