"""Faults other than death: errors, lies, slowness, lost connections, odd deliveries, bad files, changes in between."""

import io
import itertools
import json
import random
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import pytest
from botocore.response import StreamingBody

from datavault import inventory

from .bench import Bench, Sent
from .books import Verdict
from .functions import STAGES
from .injector import (
    ALWAYS,
    Answer,
    Around,
    Call,
    Fault,
    Turns,
    answered,
    at,
    changed,
    kill_after,
    kill_before,
    lose,
    nth,
    refuse,
    respond,
    slow,
    some_records_fail,
)
from .scenarios import BAD_RECORDS, CHUNKS, MERGE, TWO_DATASETS, Content, Scenario, flights, numbered, orders


@dataclass(frozen=True)
class Case:
    """One fault: what to set up on the bench before the run, and how to judge it if not by the usual books."""

    name: str
    function: str
    call: str
    faults: Callable[[Bench], list[Fault]]
    scenario: Scenario = CHUNKS
    act: Callable[[Bench, Sent], None] = lambda _bench, _sent: None
    aside: int = 0
    judge: Callable[[Bench, Sent], Verdict] | None = None
    needed: bool = field(default=True)


def attempt(bench: Bench, function: str, operation: str, number: int = 1, place: str = "") -> Callable[[Call], bool]:
    """Every such call of the function's n-th invocation in this run."""
    return lambda call: (
        (call.function, call.operation) == (function, operation)
        and place in {"", call.place}
        and bench.pipeline.delivered.invocations[function] == number
    )


def one(name: str, place: Callable[[Call], bool], around: Around) -> Callable[[Bench], list[Fault]]:
    return lambda _bench: [Fault(name, place, around=around)]


def put_records(numbers: range | tuple[int, ...] = (1,)) -> Callable[[Call], bool]:
    return nth("processor", "PutRecords", numbers=numbers)


THROTTLED = "ProvisionedThroughputExceededException"


def lying(count: int, *, really: bool) -> Around:
    """FailedRecordCount says `count`; `really`: every entry failed."""
    fail = some_records_fail(lambda _: really, THROTTLED)
    return lambda call, given, proceed: fail(call, given, proceed) | {"FailedRecordCount": count}


PUT_RECORDS = [
    Case("all entries throttled", "processor", "PutRecords",
         one("throttled", put_records(), some_records_fail(lambda _: True, THROTTLED))),
    Case("some entries throttled", "processor", "PutRecords",
         one("throttled", put_records(), some_records_fail(lambda place: place % 2 == 0, THROTTLED))),
    Case("all throttled, twice in a row", "processor", "PutRecords",
         one("throttled", put_records((1, 2)), some_records_fail(lambda _: True, THROTTLED))),
    Case("some throttled, twice in a row", "processor", "PutRecords",
         one("throttled", put_records((1, 2)), some_records_fail(lambda place: place == 0, "InternalFailure"))),
    Case("the whole call throttled, three times", "processor", "PutRecords",
         lambda _bench: [Fault("400", put_records(), send=respond(400, THROTTLED, 3))]),
    Case("throttled until the time is over", "processor", "PutRecords",
         lambda bench: [Fault("throttled", attempt(bench, "processor", "PutRecords"),
                              around=some_records_fail(lambda place: place == 0, THROTTLED))]),
    Case("count says 0, all entries failed", "processor", "PutRecords",
         one("lie", put_records(), lying(0, really=True))),
    Case("count says 1, all entries failed", "processor", "PutRecords",
         one("lie", put_records(), lying(1, really=True))),
    Case("count says 2, none failed", "processor", "PutRecords", one("lie", put_records(), lying(2, really=False))),
    Case("KMS throttles the stream's key", "processor", "PutRecords",
         lambda _bench: [Fault("KMS", put_records(), send=respond(400, "KMSThrottlingException", 2))]),
    Case("the stream's key is disabled for an attempt", "processor", "PutRecords",
         lambda bench: [Fault("KMS", attempt(bench, "processor", "PutRecords"),
                              around=refuse("KMSDisabledException", 400))]),
]  # fmt: skip


def try_case(bench: Bench, suite: str, case: Case) -> None:
    aside = case.aside
    judge = case.judge

    def books(sent: Sent) -> Verdict:
        return judge(bench, sent) if judge else bench.books.check(sent, aside)

    verdict = bench.run(
        suite,
        case.scenario,
        case.function,
        case.call,
        case.name,
        case.faults(bench),
        act=lambda sent: case.act(bench, sent),
        judge=books,
        note=f"ok, {aside} set aside" if aside else "ok",
    )
    assert verdict.is_good, verdict


@pytest.mark.parametrize("case", PUT_RECORDS, ids=lambda case: case.name)
def test_chunks_that_kinesis_does_not_take_are_put_again(bench: Bench, case: Case) -> None:
    try_case(bench, "PutRecords", case)


# Every call of every function meets every error


def tried_at_every_call(bench: Bench, suite: str, function: str, faults: dict[str, Callable[[Call], Fault]]) -> None:
    """A point for each call of the function and each fault; those of S3, where a fault says so."""
    tried = len(bench.points)
    for call in [call for call in bench.dry(BAD_RECORDS) if call.function == function]:
        for name, make in faults.items():
            bench.run(suite, BAD_RECORDS, function, str(call), name, [make(call)])
    assert len(bench.points) > tried
    assert [point for point in bench.points[tried:] if not point.is_good] == []


@pytest.mark.parametrize("function", STAGES)
def test_a_service_that_fails_for_a_while_is_asked_again(bench: Bench, function: str) -> None:
    """Through botocore's retries, and beyond them through the next delivery."""

    def beyond(call: Call, code: str, status: int) -> Fault:
        again = attempt(bench, function, call.operation, place=call.place)
        return Fault(code, again, around=refuse(code, status))

    tried_at_every_call(
        bench,
        "service errors",
        function,
        {
            "500 twice": lambda call: Fault("500", at(call), send=respond(500, "InternalError", 2)),
            "503 SlowDown, all retries": lambda call: Fault("503", at(call), send=respond(503, "SlowDown")),
            "KMS refuses for an attempt": lambda call: beyond(call, "KMS.DisabledException", 400),
        },
    )


@pytest.mark.parametrize("function", STAGES)
def test_a_lost_connection_loses_and_doubles_nothing(bench: Bench, function: str) -> None:
    tried_at_every_call(
        bench,
        "connections",
        function,
        {
            "lost before the request": lambda call: Fault("lost", at(call), send=lose(after=False)),
            "lost before the answer": lambda call: Fault("lost", at(call), send=lose(after=True)),
            "lost before each answer": lambda call: Fault("lost", at(call), send=lose(1_000, after=True)),
        },
    )


@pytest.mark.parametrize("function", STAGES)
def test_an_answer_that_takes_the_functions_time_brings_the_work_back(bench: Bench, function: str) -> None:
    """`almost`: what is left is less than a function keeps back for its last steps."""
    timeout = bench.functions.timeout_seconds(function)
    tried_at_every_call(
        bench,
        "slow answers",
        function,
        {
            "takes all the time": lambda call: Fault("slow", at(call), around=slow(bench.injector, timeout + 1)),
            "takes almost all the time": lambda call: Fault("slow", at(call), around=slow(bench.injector, timeout - 5)),
        },
    )


# Bodies that break off


def cut_body(answer: Answer) -> Answer:
    """The raw object breaks off in the middle."""
    body = answer["Body"].read()
    return answer | {"Body": StreamingBody(io.BytesIO(body[: len(body) // 2]), len(body))}


# Odd deliveries


def echo(bench: Bench, _sent: Sent) -> None:
    bench.pipeline.is_echoing = True


def newest_first(bench: Bench, _sent: Sent) -> None:
    bench.pipeline.is_reversed = True


def recut(seed: int) -> Callable[[Bench, Sent], None]:
    """Batches of other sizes and in another order at every try, as after a change of the mapping or of the shards."""

    def act(bench: Bench, _sent: Sent) -> None:
        chance = random.Random(seed)
        bench.pipeline.cut = lambda waiting, _try: chance.sample(waiting, k=chance.randint(1, min(4, len(waiting))))

    return act


TWO_ORDERS = Scenario(
    "two versions of the same orders",
    lambda run: [orders(numbered(run), 6), orders(numbered(run), 6, gift=True), orders(numbered(run) + 2, 6)],
)


def dies_at_data(bench: Bench, *numbers: int) -> list[Fault]:
    return [
        Fault("killed", nth("enrichment", "PutObject", "data", (n,)), around=kill_after(bench.injector))
        for n in numbers
    ]


DELIVERIES = [
    Case("every event twice", "all", "events", lambda _bench: [], act=echo),
    Case("every event twice", "all", "events", lambda _bench: [], scenario=TWO_DATASETS, act=echo),
    Case("every event twice", "all", "events", lambda _bench: [], scenario=MERGE, act=echo),
    Case("newest event first", "all", "events", lambda _bench: [], scenario=TWO_ORDERS, act=newest_first),
    Case("oldest event first", "all", "events", lambda _bench: [], scenario=TWO_ORDERS),
    *[
        Case(f"batches cut differently, seed {seed}", "enrichment", "batch", lambda bench: dies_at_data(bench, 2, 4),
             act=recut(seed))
        for seed in range(4)
    ],
    Case("the raw object breaks off", "processor", "GetObject",
         one("cut", nth("processor", "GetObject", "flights"), answered(cut_body))),
    Case("the raw object breaks off", "processor", "GetObject",
         one("cut", nth("processor", "GetObject", "flights"), answered(cut_body)), scenario=BAD_RECORDS),
]  # fmt: skip


@pytest.mark.parametrize("case", DELIVERIES, ids=lambda case: f"{case.name} {case.scenario.name}")
def test_odd_deliveries_change_nothing(bench: Bench, case: Case) -> None:
    try_case(bench, "deliveries", case)


# Two functions on the same work at the same time


@pytest.mark.parametrize("function", STAGES)
def test_two_functions_at_the_same_work_at_the_same_time_do_it_once(bench: Bench, function: str, seed: int) -> None:
    tried = len(bench.points)
    for turn in [None, *range(seed, seed + 5)]:
        name = "every call at the same moment" if turn is None else f"calls in turns drawn from {turn}"
        turns = Turns(turn)
        bench.race(function, BAD_RECORDS if function == "enrichment" else CHUNKS, name, turns)
    assert len(bench.points) == tried + 6
    assert [point for point in bench.points[tried:] if not point.is_good] == []


# The warehouse


def spoil_parquet(number: int, spoil: Callable[[bytes], bytes]) -> Callable[[Bench], list[Fault]]:
    """The n-th Parquet object is written with other bytes."""

    def change(given: dict[str, Any]) -> dict[str, Any]:
        body = spoil(given["Body"])
        return given | {"Body": body, "ChecksumSHA256": b64encode(sha256(body).digest()).decode()}

    return one("spoilt", nth("enrichment", "PutObject", "data", (number,)), changed(change))


def wrong_length(number: int) -> Callable[[Bench], list[Fault]]:
    """S3 gives a wrong length for one object, whenever it is asked."""
    keys: list[str] = []

    def around(call: Call, given: dict[str, Any], proceed: Callable[..., Any]) -> Answer:
        answer: Answer = proceed(given)
        if call.nth == number:
            keys.append(given["Key"])
        return answer | {"ContentLength": answer["ContentLength"] + (100 if given["Key"] in keys else 0)}

    return one("length", nth("loader", "HeadObject", "data", ALWAYS), around)


CONFLICT = (
    "ERROR: 1023 DETAIL: Serializable isolation violation on table - 100, transactions forming the cycle are: 1, 2"
)


def conflicts(numbers: range | tuple[int, ...]) -> Callable[[Bench], list[Fault]]:
    """Transactions that really fail, and of which Redshift says that another one was in the way."""

    def fail(given: dict[str, Any]) -> dict[str, Any]:
        return given | {"Sqls": [*given["Sqls"], "SELECT 1 / 0"]}

    def tell(answer: Answer) -> Answer:
        return answer | {"Error": CONFLICT} if answer["Status"] == "FAILED" else answer

    return lambda _bench: [
        Fault("fails", nth("loader", "BatchExecuteStatement", numbers=numbers), around=changed(fail)),
        Fault("says", nth("loader", "DescribeStatement", numbers=ALWAYS), around=answered(tell)),
    ]


def never_ends(bench: Bench) -> list[Fault]:
    """In the first attempt the statement runs for ever, as far as the loader is told. In truth it ends."""
    place = attempt(bench, "loader", "DescribeStatement")
    return [Fault("running", place, around=answered(lambda answer: answer | {"Status": "STARTED"}))]


def conditional_conflict(function: str, place: str, numbers: int) -> Callable[[Bench], list[Fault]]:
    def make(bench: Bench) -> list[Fault]:
        where = (
            nth(function, "PutObject", place, tuple(range(1, numbers + 1)))
            if numbers
            else attempt(bench, function, "PutObject", place=place)
        )
        return [Fault("409", where, around=refuse("ConditionalRequestConflict", 409))]

    return make


WAREHOUSE = [
    Case("a truncated Parquet object", "loader", "COPY", spoil_parquet(2, lambda body: body[:-40]), aside=1),
    Case("a Parquet object of garbage", "loader", "COPY", spoil_parquet(3, lambda _: b"garbage" * 100), aside=1),
    Case("a wrong length of one object", "loader", "COPY", wrong_length(2), aside=1),
    Case("one transaction conflict", "loader", "BatchExecuteStatement", conflicts((1,))),
    Case("transaction conflicts for an attempt", "loader", "BatchExecuteStatement", conflicts((1, 2, 3, 4, 5))),
    Case("a statement that does not end in time", "loader", "DescribeStatement", never_ends),
]  # fmt: skip


@pytest.mark.parametrize("case", WAREHOUSE, ids=lambda case: case.name)
def test_what_the_warehouse_does_not_take_holds_up_nothing_else(bench: Bench, case: Case) -> None:
    try_case(bench, "warehouse", case)


S3_CONFLICTS = [
    Case(f"409 {'for an attempt' if not times else f'{times} times'}", function, f"PutObject {place}",
         conditional_conflict(function, place, times))
    for function, place in [("processor", "claims"), ("processor", "quarantine"), ("processor", "receipts"),
                            ("enrichment", "data"), ("loader", "manifests")]
    for times in (2, 0)
]  # fmt: skip


@pytest.mark.parametrize("case", S3_CONFLICTS, ids=lambda case: f"{case.call} {case.name}")
def test_a_conditional_write_in_conflict_with_another_is_made_again(bench: Bench, case: Case) -> None:
    try_case(bench, "conditional writes", case)


# Changes of the world in between


def kill_then(moment: Callable[[Any], Around], change: Callable[[Bench], None]) -> Callable[[Bench], Around]:
    """The function dies, and the world changes before its next attempt."""

    def make(bench: Bench) -> Around:
        kill = moment(bench.injector)

        def around(call: Call, given: dict[str, Any], proceed: Callable[..., Any]) -> Answer:
            change(bench)
            return kill(call, given, proceed)

        return around

    return make


def narrower(bench: Bench) -> None:
    """A contract that refuses most of the object's records."""
    fields = json.loads((bench.functions.contracts / "flights.json").read_text())["fields"]
    for entry in fields:
        if entry["name"] == "flight":
            entry["maximum"] = 2
    bench.functions.deploy("flights", version="1.1.0", fields=fields)


def other_sql(bench: Bench) -> None:
    """A contract whose SQL gives other values for the same records."""
    sql = json.loads((bench.functions.contracts / "flights.json").read_text())["enrich_sql"]
    sql = sql.replace("airlines.name AS carrier_name", "upper(airlines.name) AS carrier_name")
    bench.functions.deploy("flights", version="1.1.0", enrich_sql=sql)


_key_numbers = itertools.count(1)


def rotate(bench: Bench) -> None:
    """Another masking key is in force; the earlier ones stay."""
    secrets, arn = bench.aws("secretsmanager"), bench.functions.variable("enrichment", "DATAVAULT_MASKING_SECRET_ARN")
    found = json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])
    name = f"faults{next(_key_numbers)}"
    found |= {"current": name, "keys": found["keys"] | {name: "0" * 64}}
    secrets.put_secret_value(SecretId=arn, SecretString=json.dumps(found))
    bench.functions.fresh("enrichment")


def changes_in_between(
    function: str, operation: str, place: str, moment: Callable[[Any], Around], change: Callable[[Bench], None]
) -> Callable[[Bench], list[Fault]]:
    return lambda bench: [
        Fault("change", nth(function, operation, place, (1,)), around=kill_then(moment, change)(bench))
    ]


def without_conflict(bench: Bench, sent: Sent) -> Verdict:
    """The usual books; and no alarm of a write-once conflict."""
    verdict = bench.books.check(sent)
    if '"is_conflict":true' in bench.functions.output.text:
        verdict.findings.append("a write-once conflict was reported")
    return verdict


def delete_version(bench: Bench, sent: Sent) -> None:
    for raw, _ in sent:
        bench.aws("s3").delete_object(Bucket=raw.bucket, Key=raw.key, VersionId=raw.version_id)


def gone(bench: Bench, sent: Sent) -> Verdict:
    return bench.books.check([(raw, Content("flights", b"", {}, {"object_gone": 1})) for raw, _ in sent])


def overwrite(bench: Bench, sent: Sent) -> None:
    """A newer version under the same key: another object, with its own event."""
    (raw, _), content = sent[0], flights(4)
    sent.append((bench.pipeline.put(raw.key, content.body), content))


CHANGES = [
    Case("a narrower contract is deployed between two attempts", "processor", "PutObject receipts",
         changes_in_between("processor", "PutObject", "receipts", kill_before, narrower)),
    Case("a narrower contract is deployed between two attempts", "processor", "PutRecords",
         changes_in_between("processor", "PutRecords", "", kill_after, narrower)),
    Case("another enrich.sql is deployed between two attempts", "enrichment", "PutObject data",
         changes_in_between("enrichment", "PutObject", "data", kill_after, other_sql), judge=without_conflict),
    Case("the masking key is rotated between two attempts", "enrichment", "PutObject data",
         changes_in_between("enrichment", "PutObject", "data", kill_after, rotate), scenario=MERGE,
         judge=without_conflict),
    Case("deleted between event and read", "processor", "GetObject", lambda _bench: [], act=delete_version, judge=gone),
    Case("overwritten between event and read", "processor", "GetObject", lambda _bench: [], act=overwrite),
]  # fmt: skip


def delete_expected(bench: Bench) -> None:
    for key, version in bench.pipeline.raw_expected:
        bench.aws("s3").delete_object(Bucket=bench.stack.raw_bucket, Key=key, VersionId=version)


def told(bench: Bench, sent: Sent) -> Verdict:
    """Chunks are on their way of an object that is gone: a person is told, and no receipt is made up."""
    queue, verdict = bench.pipeline.raw, Verdict()
    if not queue.drain(queue.dlq_url):
        verdict.findings.append("nobody was told: the dead-letter queue is empty")
    if any(bench.books.receipt(raw, content) for raw, content in sent):
        verdict.findings.append("a receipt says that the object is done")
    return verdict


def test_an_object_deleted_between_two_attempts_is_not_called_done(bench: Bench) -> None:
    faults = changes_in_between("processor", "PutObject", "receipts", kill_before, delete_expected)(bench)

    verdict = bench.run(
        "changes", CHUNKS, "processor", "GetObject", "deleted between two attempts", faults,
        judge=lambda sent: told(bench, sent), note="a dead letter, no receipt",
    )  # fmt: skip

    assert verdict.is_good, verdict


@pytest.mark.parametrize("case", CHANGES, ids=lambda case: f"{case.name} {case.call}")
def test_a_change_between_two_attempts_changes_no_result(bench: Bench, case: Case) -> None:
    before = bench.secret()
    try:
        try_case(bench, "changes", case)
    finally:
        bench.restore_secret(before)


# Poison: one bad thing never holds up the rest


def poison_chunk(bench: Bench, _sent: Sent) -> None:
    """Bytes that are no chunk, in front of the object's."""
    bench.aws("kinesis").put_record(StreamName=bench.stack.stream_name, Data=b"no chunk", PartitionKey="poison")


def poison_set_aside(bench: Bench, sent: Sent) -> Verdict:
    """The usual books, and the poison lies in the failure store, whole."""
    verdict = bench.books.check(sent)
    bucket, found = bench.stack.quarantine_bucket, []
    for item in inventory.keys(bucket, "failed-chunks/_unknown/"):
        found.append(inventory.read(bucket, item["Key"]))
        bench.aws("s3").delete_object(Bucket=bucket, Key=item["Key"])
    if found != [b"no chunk"]:
        verdict.findings.append(f"the failure store holds {len(found)} unknown chunks, should hold the poison")
    return verdict


def poison_messages(bench: Bench, _sent: Sent) -> None:
    for queue in (bench.pipeline.raw, bench.pipeline.parquet):
        queue.sqs.send_message(QueueUrl=queue.url, MessageBody="no event")


def poison_given_up(bench: Bench, sent: Sent) -> Verdict:
    """Each poisonous message ends in its dead-letter queue; then the usual books."""
    bodies = {
        queue.stage: [message["Body"] for message in queue.drain(queue.dlq_url)]
        for queue in (bench.pipeline.raw, bench.pipeline.parquet)
    }
    verdict = bench.books.check(sent)
    if bodies != {"processor": ["no event"], "loader": ["no event"]}:
        verdict.findings.append(f"the dead-letter queues hold {bodies}")
    return verdict


def chunk_fails(bench: Bench) -> list[Fault]:
    """One chunk's Parquet object can never be put, until somebody mends it."""
    keys: list[str] = []

    def around(call: Call, given: dict[str, Any], proceed: Callable[..., Any]) -> Answer:
        if call.nth == 2:
            keys.append(given["Key"])
        if given["Key"] in keys and not bench.pipeline.delivered.given_up:
            return refuse("AccessDenied", 403)(call, given, proceed)
        answer: Answer = proceed(given)
        return answer

    return [Fault("denied", nth("enrichment", "PutObject", "data", ALWAYS), around=around)]


def redriven(bench: Bench, sent: Sent) -> Verdict:
    """The chunk was given up after its retries, alone and whole; put into the stream again, it completes the books."""
    given_up = list(bench.pipeline.delivered.given_up)
    for record in given_up:
        bench.aws("kinesis").put_record(
            StreamName=bench.stack.stream_name, Data=record["Data"], PartitionKey=record["PartitionKey"]
        )
    bench.pipeline.delivered.given_up.clear()
    bench.pipeline.settle([raw for raw, _ in sent])
    verdict = bench.books.check(sent)
    if len(given_up) != 1:
        verdict.findings.append(f"{len(given_up)} chunks were given up, should be 1")
    return verdict


POISON = [
    Case("bytes that are no chunk", "enrichment", "batch", lambda _bench: [], act=poison_chunk, judge=poison_set_aside),
    Case("messages that are no events", "all", "events", lambda _bench: [], act=poison_messages, judge=poison_given_up),
    Case("a chunk that fails until it is given up", "enrichment", "PutObject data", chunk_fails, judge=redriven),
]  # fmt: skip


@pytest.mark.parametrize("case", POISON, ids=lambda case: case.name)
def test_poison_is_set_aside_and_the_rest_goes_on(bench: Bench, case: Case) -> None:
    try_case(bench, "poison", case)
