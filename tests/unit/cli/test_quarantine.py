"""`datavault quarantine`: what it shows and hides, and that a replay sends every record at most once."""

import gzip
import json
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datavault import inventory
from datavault.authoring.odcs import compile_contract
from datavault.cli import local_contracts
from datavault.contract import Contract
from datavault.edges import listing
from datavault.edges import s3 as s3_edge
from datavault.edges.clients import client
from datavault.stages import replay as stage
from datavault.stages.replay import Buckets

from .conftest import Pipeline, Run
from .orders import CSV_HEADER, allow_italy, change, line, order, row

BAD = [line(2, "IT"), line(3, gift="yes"), line(4, "IT")]
BODY = b"\n".join([line(1), *BAD]) + b"\n"
# Line breaks, a bell, an escape sequence and an override of the writing direction.
HOSTILE = "a\x1b[2Jb\x07\x9b\u202e"


@pytest.fixture
def source(pipeline: Pipeline) -> str:
    """An object with a good record and three bad ones, of which two are waiting for a wider contract; its id."""
    return pipeline.put("orders/shop-a/2026/day.ndjson", BODY).object_id


def outcomes(out: str) -> dict[tuple[str, str], int]:
    return {(found["reason"], found["outcome"]): found["records"] for found in json.loads(out)["outcomes"]}


def test_summary_counts_by_dataset_producer_contract_reason_and_field(
    run: Run, pipeline: Pipeline, source: str
) -> None:
    pipeline.put("orders/shop-b/day.ndjson", line(5, "IT"))
    pipeline.put("nobody/knows.csv", b"a,b\n")

    code, out, _ = run("quarantine", "summary", "--json")

    found = [tuple(entry.values()) for entry in json.loads(out)]
    assert code == 0
    assert sorted(found) == [
        ("_unknown", "", "", "unknown_dataset", "", 1, 1),
        ("orders", "shop-a/2026", "1.0.0", "not_in_enum", "customer.country", 2, 1),
        ("orders", "shop-a/2026", "1.0.0", "wrong_type", "gift", 1, 1),
        ("orders", "shop-b", "1.0.0", "not_in_enum", "customer.country", 1, 1),
    ]
    assert "5 bad records in 3 objects" in run("quarantine", "summary")[1]
    assert "1 bad records in 1 objects" in run("quarantine", "summary", "--dataset", "_unknown")[1]
    assert "0 bad records" in run("quarantine", "summary", "--since", "2999-01-01")[1]
    assert "5 bad records" in run("quarantine", "summary", "--since", "1d")[1]


def test_a_time_that_is_none_is_a_sentence(run: Run, source: str) -> None:
    code, _, err = run("quarantine", "summary", "--since", "yesterday")

    assert code == 2
    assert "'yesterday' is no time" in err


def test_show_keeps_the_form_of_json_and_hides_its_values(run: Run, source: str) -> None:
    (_, entry, _) = json.loads(run("quarantine", "show", source, "--json")[1])

    assert entry["form"].startswith(
        '{"order_id": <string 12>, "ordered_at": <string 20>, "customer": {"id": <integer 1>'
    )
    assert '"gift": <string 3>' in entry["form"]
    out = run("quarantine", "show", source)[1]
    assert "<boolean>" in out
    assert "ann@example.com" not in out
    assert "ann@example.com" in run("quarantine", "show", source, "--reveal", "--reason", "wrong_type")[1]


def test_show_names_the_columns_of_csv(run: Run, pipeline: Pipeline) -> None:
    receipt = pipeline.put("orders/day.csv", CSV_HEADER + b"\n" + row(1, "IT") + b"\n" + b"x,y\n")

    first, second = json.loads(run("quarantine", "show", receipt.object_id, "--json")[1])

    assert first["form"].startswith("order_id=<text 12>, ordered_at=<text 20>")
    assert "total=<number 5>" in first["form"]
    assert second["form"] == "order_id=<text 1>, ordered_at=<text 1>"
    client("s3").delete_object(Bucket="raw", Key="orders/day.csv", VersionId=receipt.version_id)
    first, _ = json.loads(run("quarantine", "show", receipt.object_id, "--json")[1])
    assert first["form"].startswith("(column 1)=<text 12>")


def test_what_cannot_be_read_is_masked_whole(run: Run, pipeline: Pipeline) -> None:
    receipt = pipeline.put("orders/day.ndjson", b'{"order_id": "secret"\n\xff\xfe secret\n')

    found = json.loads(run("quarantine", "show", receipt.object_id, "--json")[1])

    assert [entry["form"] for entry in found] == ["•••••••• (21 bytes)", "•••••••• (9 bytes)"]


@pytest.mark.parametrize("arguments", [(), ("--reveal",), ("--json",), ("--json", "--reveal")])
def test_no_control_character_reaches_the_terminal(run: Run, pipeline: Pipeline, arguments: tuple[str, ...]) -> None:
    """Neither of a value, nor of a field's name, nor of a key."""
    body = b"\n".join([line(1, HOSTILE), line(2, **{HOSTILE: 1}), line(3, gift=HOSTILE), b"\x1b[2J"])
    receipt = pipeline.put("orders/\x9b2J\u202eday.ndjson", body)

    for command in (
        ("show", receipt.object_id),
        ("summary",),
        ("list",),
        ("replay", receipt.object_id),
    ):
        out = run("quarantine", *command, *(word for word in arguments if word == "--json" or command[0] == "show"))[1]
        assert out
        assert out.replace("\n", "").isprintable(), command


def test_export_writes_originals_that_only_the_owner_may_read(run: Run, source: str, tmp_path: Path) -> None:
    file = tmp_path / "bad.ndjson"

    code, out, _ = run("quarantine", "export", str(file), source[:10], "--reason", "not_in_enum")

    assert code == 0
    assert "2 records written" in out
    assert file.stat().st_mode & 0o777 == 0o600
    first, second = map(json.loads, file.read_text().splitlines())
    assert (first["line"], first["reason"], first["field"]) == (2, "not_in_enum", "customer.country")
    assert [entry["original"].encode() for entry in (first, second)] == [BAD[0], BAD[2]]
    assert first["source"] == "s3://raw/orders/shop-a/2026/day.ndjson"


def test_export_overwrites_nothing_and_leaves_nothing_behind(
    run: Run, source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "there"
    file.write_text("precious")
    code, _, err = run("quarantine", "export", str(file))
    assert (code, file.read_text()) == (1, "precious")
    assert "is there already" in err
    assert "cannot write" in run("quarantine", "export", str(tmp_path / "no/such/folder"))[2]
    client("s3").put_object(Bucket="quarantine", Key="quarantine/orders/dt=2026-01-01/gone.ndjson.zst", Body=b"")
    real = inventory.read

    def vanished(bucket: str, key: str) -> bytes:
        return real(bucket, key + "x") if "gone" in key else real(bucket, key)

    monkeypatch.setattr(inventory, "read", vanished)
    assert run("quarantine", "export", str(tmp_path / "new"))[0] == 2
    assert not (tmp_path / "new").exists()


def test_export_says_when_an_original_is_cut(run: Run, pipeline: Pipeline, tmp_path: Path) -> None:
    pipeline.put("orders/day.ndjson", line(1, tags=["x" * 70_000]))

    report = json.loads(run("quarantine", "export", str(tmp_path / "a"), "--json")[1])

    assert (report["records"], report["cut"]) == (1, 1)
    assert "first 4 KiB" in run("quarantine", "export", str(tmp_path / "b"))[1]


def test_replay_says_what_would_pass_and_writes_nothing(
    run: Run, pipeline: Pipeline, source: str, checkout: Path
) -> None:
    assert outcomes(run("quarantine", "replay", source, "--json")[1]) == {
        ("not_in_enum", "not_in_enum customer.country"): 2,
        ("wrong_type", "wrong_type gift"): 1,
    }
    assert "no record would pass" in run("quarantine", "replay", source)[1]
    allow_italy(checkout)
    local_contracts.local_contract.cache_clear()

    code, out, _ = run("quarantine", "replay", "--dataset", "orders", "--json")

    assert code == 0
    assert outcomes(out) == {("not_in_enum", "passes"): 2, ("wrong_type", "wrong_type gift"): 1}
    assert "ann@example.com" not in out
    assert "2 records would pass; nothing was sent" in run("quarantine", "replay", source)[1]
    assert "ann@example.com" in run("quarantine", "replay", source, "--reveal")[1]
    assert pipeline.replayed() == {}
    assert stage.plans(BUCKETS) == []


BUCKETS = Buckets("raw", "processed", "quarantine")


@pytest.mark.parametrize(
    ("name", "body", "sent"),
    [
        ("day.ndjson", BODY, BAD[0] + b"\n" + BAD[2] + b"\n"),
        (
            "day.json",
            b"[" + b", ".join([line(1), *BAD]) + b"]",
            b"[" + BAD[0] + b",\n" + BAD[2] + b"]\n",
        ),
        (
            "day.csv",
            b"\n".join([CSV_HEADER, row(1), row(2, "IT"), b"x,y", row(4, "IT"), b""]),
            b"\n".join([CSV_HEADER, row(2, "IT"), row(4, "IT"), b""]),
        ),
    ],
)
def test_replay_sends_what_passes_as_it_was_once(  # noqa: PLR0917  fixtures and cases
    run: Run, pipeline: Pipeline, checkout: Path, name: str, body: bytes, sent: bytes
) -> None:
    receipt = pipeline.put(f"orders/{name}", body)
    allow_italy(checkout)

    code, out, _ = run("quarantine", "replay", receipt.object_id, "--apply")

    assert code == 0, out
    key = f"orders/_replay/{receipt.object_id}/000001{Path(name).suffix}"
    assert f"sent {key}" in out
    assert pipeline.replayed() == {key: sent}
    assert client("s3").head_object(Bucket="raw", Key=key)["Metadata"] == {"replay-of": receipt.object_id}
    (plan,) = stage.plans(BUCKETS)
    assert (plan.object_id, plan.source_key, plan.version_id) == (receipt.object_id, receipt.key, receipt.version_id)
    assert (plan.contract_version, plan.records, plan.raw_key) == ("1.1.0", 2, key)

    again = json.loads(run("quarantine", "replay", receipt.object_id, "--apply", "--json")[1])

    assert [(found["sent"], found["replayed_before"], found["passes"]) for found in again["objects"]] == [([], 2, 0)]
    assert pipeline.replayed() == {key: sent}
    for words in ((), ("--apply",)):
        said = run("quarantine", "replay", receipt.object_id, "--reason", "not_in_enum", *words)[1]
        assert "each has its second life already" in said


def test_the_audit_follows_a_record_to_its_second_life(
    run: Run, pipeline: Pipeline, source: str, checkout: Path, api: Any
) -> None:
    allow_italy(checkout)
    run("quarantine", "replay", source, "--apply")

    def entry() -> dict[str, Any]:
        found = json.loads(run("audit", "--json")[1])["objects"]
        return next(one for one in found if one["object_id"] == source)

    def counts() -> tuple[int, int, int]:
        found = entry()
        return found["replayed"], found["replayed_valid"], found["replayed_quarantined"]

    assert counts() == (2, 0, 0)
    assert "(2 valid" not in run("audit")[1]
    pipeline.deploy(compile_contract(checkout / "contracts/orders"))
    pipeline.process()
    assert counts() == (2, 2, 0)
    assert "of 3 quarantined records 2 were replayed: 2 valid, 0 quarantined again" in run("audit")[1]
    (key,) = pipeline.replayed()
    versions = client("s3").list_object_versions(Bucket="raw", Prefix=key)["Versions"]
    client("s3").delete_object(Bucket="raw", Key=key, VersionId=versions[0]["VersionId"])
    assert "quarantine->replay" not in run("audit")[1]  # it may expire, its receipt stays


def test_a_record_that_fails_again_is_quarantined_under_its_new_object_and_can_be_replayed_from_there(
    run: Run, pipeline: Pipeline, source: str, checkout: Path
) -> None:
    """The contract of the checkout was not deployed yet."""
    allow_italy(checkout)
    run("quarantine", "replay", source, "--apply")
    second = next(receipt for receipt in pipeline.process() if "_replay" in receipt.key)
    assert (second.valid, second.quarantined) == (0, 2)

    run("quarantine", "replay", "--dataset", "orders", "--apply")

    assert set(pipeline.replayed()) == {second.key, f"orders/_replay/{second.object_id}/000001.ndjson"}


def test_a_record_that_quarantine_keeps_cut_is_read_again_whole(run: Run, pipeline: Pipeline, checkout: Path) -> None:
    long = line(2, delivery_date=" " * 70_000)
    wide = json.dumps(order(3) | {"tags": ["x"]}).encode() + b" " * 70_000
    receipt = pipeline.put("orders/day.ndjson", b"\n".join([line(1), long, wide, b""]))
    assert receipt.reasons == {"too_large": 2}
    change(checkout, "value: 65536", "value: 131072")

    code, out, _ = run("quarantine", "replay", receipt.object_id, "--apply", "--json")

    assert code == 0
    assert outcomes(out) == {("too_large", "invalid_format delivery_date"): 1, ("too_large", "passes"): 1}
    assert list(pipeline.replayed().values()) == [wide + b"\n"]


def test_a_record_that_is_cut_stays_when_the_raw_object_or_the_limit_does_not_give_it(
    run: Run, pipeline: Pipeline, checkout: Path
) -> None:
    wide = line(3) + b" " * 70_000
    receipt = pipeline.put("orders/day.ndjson", wide)
    ((reason, outcome),) = outcomes(run("quarantine", "replay", receipt.object_id, "--json")[1])
    assert (reason, outcome[:22]) == ("too_large", "cannot: its original i")
    client("s3").delete_object(Bucket="raw", Key=receipt.key, VersionId=receipt.version_id)
    change(checkout, "value: 65536", "value: 131072")
    local_contracts.local_contract.cache_clear()
    ((_, outcome),) = outcomes(run("quarantine", "replay", receipt.object_id, "--apply", "--json")[1])
    assert outcome == "cannot: the raw object's version is gone"


def test_the_rest_of_a_damaged_stream_cannot_be_replayed(run: Run, pipeline: Pipeline, checkout: Path) -> None:
    receipt = pipeline.put("orders/day.json", b"[" + line(1) + b"," + line(2, "IT") + b', {"order_id": "ORD')
    allow_italy(checkout)

    found = outcomes(run("quarantine", "replay", receipt.object_id, "--json")[1])

    assert found == {
        ("not_in_enum", "passes"): 1,
        (
            "invalid_json",
            "cannot: everything from this line on could not be told apart: ask for the object again, whole",
        ): 1,
    }


def test_an_object_without_a_dataset_is_sent_whole_to_the_one_that_is_named(
    run: Run, pipeline: Pipeline, checkout: Path, s3: Any
) -> None:
    body = gzip.compress(BODY)
    receipt = pipeline.put("ordres/day.ndjson.gz", body)
    code, _, err = run("quarantine", "replay", receipt.object_id)
    assert code == 1
    assert "no contract in this checkout describes 'ordres'" in err
    assert (
        "no contract describes the dataset 'nope'" in run("quarantine", "replay", receipt.object_id, "--as", "nope")[2]
    )

    dry = run("quarantine", "replay", receipt.object_id, "--as", "orders")[1]
    assert "1 valid records, 2 not_in_enum, 1 wrong_type" in dry
    code, out, _ = run("quarantine", "replay", receipt.object_id, "--as", "orders", "--apply")

    key = f"orders/_replay/{receipt.object_id}/000001.ndjson.gz"
    assert code == 0, out
    assert pipeline.replayed() == {key: body}
    pipeline.process()
    entry = next(
        one for one in json.loads(run("audit", "--json")[1])["objects"] if one["object_id"] == receipt.object_id
    )
    assert (entry["replayed"], entry["replayed_valid"], entry["replayed_quarantined"]) == (1, 1, 3)
    assert "quarantine->replay" not in run("audit")[1]


def test_as_is_for_unknown_datasets_only(run: Run, source: str, checkout: Path) -> None:
    code, _, err = run("quarantine", "replay", source, "--as", "orders")

    assert code == 1
    assert "--as is for objects of no known dataset" in err


def test_a_contract_that_is_not_deployed_takes_no_replay(run: Run, pipeline: Pipeline, checkout: Path) -> None:
    receipt = pipeline.put("visits/day.ndjson", BODY)
    (checkout / "contracts/visits").mkdir()
    text = (checkout / "contracts/orders/contract.odcs.yaml").read_text()
    text = text.replace("name: orders", "name: visits").replace("contract:orders", "contract:visits")
    text = text.replace("element: orders", "element: visits")
    (checkout / "contracts/visits/contract.odcs.yaml").write_text(text)
    (checkout / "contracts/visits/enrich.sql").write_text((checkout / "contracts/orders/enrich.sql").read_text())

    code, _, err = run("quarantine", "replay", receipt.object_id)

    assert code == 1
    assert "is not deployed in local yet" in err


@pytest.mark.parametrize(
    ("body", "outcome"), [(b"\x1f\x8bbroken", "corrupt_stream"), (b"order_id,gift\n", "invalid_header ordered_at")]
)
def test_an_object_that_would_be_refused_whole_again_stays(
    run: Run, pipeline: Pipeline, checkout: Path, body: bytes, outcome: str
) -> None:
    receipt = pipeline.put("orders/day.csv", body)

    found = outcomes(run("quarantine", "replay", receipt.object_id, "--apply", "--json")[1])

    assert list(found) == [(outcome.partition(" ")[0], outcome)]
    assert pipeline.replayed() == {}


def test_an_object_over_5_gb_is_left_to_a_person(
    run: Run, pipeline: Pipeline, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipt = pipeline.put("ordres/day.ndjson", BODY)
    monkeypatch.setattr("datavault.replay.MAX_PUT_BYTES", 10)

    ((_, outcome),) = outcomes(run("quarantine", "replay", receipt.object_id, "--as", "orders", "--json")[1])

    assert outcome.startswith("cannot: over 5 GB")


def test_replay_wants_to_know_which_records(run: Run, source: str) -> None:
    code, _, err = run("quarantine", "replay")

    assert code == 2
    assert "name object ids" in err


def test_an_object_that_is_not_done_is_not_replayed(run: Run, source: str, checkout: Path) -> None:
    (key,) = [item["Key"] for item in client("s3").list_objects_v2(Bucket="processed", Prefix="receipts/")["Contents"]]
    client("s3").delete_object(Bucket="processed", Key=key)

    code, _, err = run("quarantine", "replay", source)

    assert code == 1
    assert "it has no receipt" in err


def test_two_people_at_the_same_time_one_is_told(
    run: Run, pipeline: Pipeline, source: str, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other sends the first of the two records between our look and our plan."""
    allow_italy(checkout)
    real = stage.apply

    def apply(buckets: Buckets, prepared: Any, tags: dict[str, str]) -> Any:
        source = prepared.source
        theirs = stage.prepare(source, local_contracts.local_contract("orders"), lambda entry: entry.line == 2)  # type: ignore[arg-type]
        real(buckets, theirs, tags)
        return real(buckets, prepared, tags)

    monkeypatch.setattr("datavault.cli.quarantine.replay.apply", apply)

    code, _, err = run("quarantine", "replay", source, "--apply")

    assert code == 1
    assert "somebody else replays s3://raw/orders/shop-a/2026/day.ndjson at this moment" in err
    assert list(pipeline.replayed().values()) == [BAD[0] + b"\n"]
    monkeypatch.undo()


def test_the_same_replay_by_two_people_sends_once_and_says_so(
    run: Run, pipeline: Pipeline, source: str, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow_italy(checkout)
    real = stage.apply

    def apply(buckets: Buckets, prepared: Any, tags: dict[str, str]) -> Any:
        real(buckets, prepared, tags)
        return real(buckets, prepared, tags)

    monkeypatch.setattr("datavault.cli.quarantine.replay.apply", apply)

    code, _, err = run("quarantine", "replay", source, "--apply")

    assert code == 1
    assert "somebody else sent the same records" in err
    assert len(pipeline.replayed()) == 1


def crash_at(monkeypatch: pytest.MonkeyPatch, step: int, *, after: bool) -> None:
    """Let the n-th put fail: before it takes effect, or after it."""
    real, calls = s3_edge.put_once, iter(range(1, 100))

    def put_once(*arguments: Any, **options: Any) -> Any:
        is_now = next(calls) == step
        if is_now and not after:
            raise Crash
        put = real(*arguments, **options)
        if is_now:
            raise Crash
        return put

    monkeypatch.setattr(s3_edge, "put_once", put_once)


class Crash(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", [1, 2])
@pytest.mark.parametrize("kind", ["lines", "whole"])
def test_a_crash_at_any_put_and_a_repeat_send_once(  # noqa: PLR0917  fixtures and cases
    run: Run, pipeline: Pipeline, checkout: Path, kind: str, step: int, after: bool
) -> None:
    receipt = pipeline.put("orders/day.ndjson" if kind == "lines" else "ordres/day.ndjson", BODY)
    words = ["quarantine", "replay", receipt.object_id, *(["--as", "orders"] if kind == "whole" else [])]
    allow_italy(checkout)
    with pytest.MonkeyPatch.context() as patch:
        crash_at(patch, step, after=after)
        with pytest.raises(Crash):
            run(*words, "--apply")
    is_planned, is_sent = (step, after) != (1, False), (step, after) == (2, True)
    assert (len(stage.plans(BUCKETS)), len(pipeline.replayed())) == (int(is_planned), int(is_sent))
    if is_planned and not is_sent:
        assert "was planned and is not there" in run("audit")[1]
        assert "was planned and not sent: --apply finishes it" in run(*words)[1]

    assert run(*words, "--apply")[0] == 0
    assert run(*words, "--apply")[0] == 0

    expected = BODY if kind == "whole" else BAD[0] + b"\n" + BAD[2] + b"\n"
    assert list(pipeline.replayed().values()) == [expected]
    assert len(stage.plans(BUCKETS)) == 1


def test_a_plan_that_cannot_be_finished_says_why(run: Run, pipeline: Pipeline, source: str, checkout: Path) -> None:
    allow_italy(checkout)
    receipt = pipeline.put("orders/day.csv", b"\n".join([CSV_HEADER, row(1, "IT"), b""]))
    unknown = pipeline.put("ordres/day.ndjson", BODY)
    for object_id, more in ((source, ()), (receipt.object_id, ()), (unknown.object_id, ("--as", "orders"))):
        with pytest.MonkeyPatch.context() as patch:
            crash_at(patch, 2, after=False)
            with pytest.raises(Crash):
                run("quarantine", "replay", object_id, *more, "--apply")
    for gone in (receipt, unknown):
        client("s3").delete_object(Bucket="raw", Key=gone.key, VersionId=gone.version_id)

    assert "the raw object's version is gone" in run("quarantine", "replay", receipt.object_id, "--apply")[2]
    assert "is gone" in run("quarantine", "replay", unknown.object_id, "--apply", "--as", "orders")[2]
    plan = f"replays/orders/{source}/000001.json"
    text = inventory.read("quarantine", plan).decode()
    client("s3").put_object(Bucket="quarantine", Key=plan, Body=text.replace('"sha256": "', '"sha256": "0').encode())
    assert "cannot be read as they were" in run("quarantine", "replay", source, "--apply")[2]
    client("s3").put_object(Bucket="raw", Key=f"orders/_replay/{source}/000002.ndjson", Body=b"by hand")
    client("s3").put_object(Bucket="quarantine", Key=plan, Body=text.replace("000001.nd", "000002.nd").encode())
    assert run("quarantine", "replay", source, "--apply")[0] == 0  # there already
    client("s3").put_object(
        Bucket="quarantine", Key=plan, Body=text.replace('"target": "orders"', '"target": "x"').encode()
    )
    assert "no contract in this checkout describes 'x'" in run("quarantine", "replay", source, "--apply")[2]


STEPS = st.tuples(
    st.sampled_from([None, "not_in_enum", "wrong_type"]),  # --reason
    st.sampled_from([None, (1, False), (1, True), (2, False), (2, True)]),  # where it crashes
    st.booleans(),  # whether a second person looked before and applies after
)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEPS, max_size=5))
def test_whatever_crashes_and_repeats_each_line_is_sent_once_in_the_end(
    pipeline: Pipeline, checkout: Path, steps: list[tuple[str | None, tuple[int, bool] | None, bool]]
) -> None:
    contract = italian(checkout)
    lines = [line(number, "IT", gift="yes" if number % 3 == 0 else False) for number in range(1, 8)]
    receipt = pipeline.put("orders/day.ndjson", b"\n".join(lines) + b"\n")
    key = receipt.quarantine_key

    def attempt(reason: str | None, interrupted: Callable[[], Any] | None = None) -> None:
        source = stage.read_source(BUCKETS, key)
        for plan in source.plans:
            if not stage.is_sent(BUCKETS, plan):
                stage.finish(BUCKETS, source, plan, contract)
        prepared = stage.prepare(source, contract, lambda entry: reason in (None, entry.reason.value))
        if interrupted:
            interrupted()
        if prepared.plan:
            stage.apply(BUCKETS, prepared, {})

    for reason, crash, is_overtaken in steps:
        with pytest.MonkeyPatch.context() as patch:
            if crash:
                crash_at(patch, crash[0], after=crash[1])
            with suppress(Crash, stage.ReplayError):
                attempt(reason, (lambda: attempt(None)) if is_overtaken else None)
    attempt(None)

    keys = [item["Key"] for item in listing.keys("raw", f"orders/_replay/{receipt.object_id}/")]
    sent = [one for name in keys for one in inventory.read("raw", name).splitlines()]
    assert sorted(sent) == sorted(one for one in lines if b'"yes"' not in one)


@cache
def italian(checkout: Path) -> Contract:
    allow_italy(checkout)
    return compile_contract(checkout / "contracts/orders")
