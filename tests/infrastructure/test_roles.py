"""What IAM would say to each role: yes to every call of its function, no to each of its neighbours.

`NEEDS` is written after the code, not after the policies: what a function calls, on what. Decisions are those of
tests/iam, over the policies of the planned stack: the role's own, the boundary, the bucket's and the key's.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.iam.policy import Policy, Request

from .policies import ACCOUNT, REGION, Account, Call

KEY_OF_BUCKET = {"raw": "clear", "quarantine": "clear", "processed": "masked"}


def bucket(name: str, key: str = "") -> str:
    return f"arn:aws:s3:::acme-{name}-data" + (f"/{key}" if key else "")


def arn(service: str, rest: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}"


def kms(action: str, key: str, service: str, context: dict[str, str]) -> Call:
    """What a service asks of KMS in the caller's name."""
    bound = {f"kms:EncryptionContext:{name}": value for name, value in context.items()}
    via = {"kms:ViaService": f"{service}.{REGION}.amazonaws.com", "kms:CallerAccount": ACCOUNT}
    return Call(f"kms:{action}", arn("kms", f"key/{key}"), via | bound)


def read(name: str, key: str, action: str = "GetObject") -> list[Call]:
    used = kms("Decrypt", KEY_OF_BUCKET[name], "s3", {"aws:s3:arn": bucket(name)})
    return [Call(f"s3:{action}", bucket(name, key), {}), used]


def look(name: str, action: str = "ListBucket") -> list[Call]:
    return [Call(f"s3:{action}", bucket(name), {})]


def put(name: str, key: str, *, once: bool = True) -> list[Call]:
    """A put that wins only where nothing is, and its tags."""
    used = kms("GenerateDataKey", KEY_OF_BUCKET[name], "s3", {"aws:s3:arn": bucket(name)})
    said = {"s3:if-none-match": "*", "s3:ObjectCreationOperation": "true"} if once else {}
    return [Call("s3:PutObject", bucket(name, key), said), Call("s3:PutObjectTagging", bucket(name, key), {}), used]


def write(name: str, key: str, *, once: bool = True) -> list[Call]:
    """As edges/s3.py: where the name is taken, the checksum of what is there is looked at."""
    return [*put(name, key, once=once), *read(name, key), *look(name)]


def consume(queue: str, key: str) -> list[Call]:
    taken = [
        Call(f"sqs:{action}", arn("sqs", f"acme-{queue}"), {})
        for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
    ]
    return [*taken, kms("Decrypt", key, "sqs", {})]


def send(queue: str, key: str) -> list[Call]:
    sent = Call("sqs:SendMessage", arn("sqs", f"acme-{queue}"), {})
    return [sent, *(kms(action, key, "sqs", {}) for action in ("Decrypt", "GenerateDataKey"))]


def stream(key_action: str, *actions: str) -> list[Call]:
    name = arn("kinesis", "stream/acme-chunks")
    used = kms(key_action, "clear", "kinesis", {"aws:kinesis:arn": name})
    return [*(Call(f"kinesis:{action}", name, {}) for action in actions), used]


def secret(name: str, key: str) -> list[Call]:
    full = arn("secretsmanager", f"secret:{name}")
    used = kms("Decrypt", key, "secretsmanager", {"SecretARN": full})
    return [Call("secretsmanager:GetSecretValue", full, {}), used]


def own(function: str) -> list[Call]:
    group = arn("logs", f"log-group:/aws/lambda/acme-{function}:log-stream:1")
    logs = [Call(f"logs:{action}", group, {}) for action in ("CreateLogStream", "PutLogEvents")]
    return [*logs, *(Call(f"xray:{action}", "*", {}) for action in ("PutTraceSegments", "PutTelemetryRecords"))]


def statements(*actions: str) -> list[Call]:
    followed = [
        Call(
            f"redshift-data:{action}",
            "*",
            {"redshift-data:statement-owner-iam-userid": "AROA:me", "aws:userid": "AROA:me"},
        )
        for action in ("DescribeStatement", "GetStatementResult", "CancelStatement")
    ]
    return [*(Call(f"redshift-data:{action}", WORKGROUP, {}) for action in actions), *followed]


WORKGROUP = arn("redshift-serverless", "workgroup/w")
LOG_IN = [Call("redshift-serverless:GetCredentials", WORKGROUP, {})]

# What process_object does, in a function or a worker.
PROCESSING = [
    *read("raw", "parcels/day.ndjson"),
    *read("raw", "parcels/day.ndjson", "GetObjectVersion"),
    *look("raw"),
    *(call for folder in ("claims", "contracts", "receipts") for call in write("processed", f"{folder}/x")),
    *write("quarantine", "quarantine/x"),
    # A pause comes and goes: its bucket does not insist on a name that is free.
    *(call._replace(context={}) if call.action == "s3:PutObject" else call for call in write("quarantine", "paused/x")),
    *stream("GenerateDataKey", "PutRecords"),
    *send("raw-held", "clear"),
]

NEEDS: dict[str, list[Call]] = {
    "processor": [
        *own("processor"),
        *consume("raw-events", "clear"),
        *PROCESSING,
        *send("large-objects", "clear"),
    ],
    "worker": [
        *(
            Call(f"sqs:{action}", arn("sqs", "acme-large-objects"), {})
            for action in ("ReceiveMessage", "ChangeMessageVisibility", "DeleteMessage")
        ),
        *PROCESSING,
    ],
    "enrichment": [
        *own("enrichment"),
        *stream("Decrypt", "GetRecords", "GetShardIterator", "DescribeStream", "DescribeStreamSummary", "ListShards"),
        *secret("acme-masking-key-AbCdEf", "clear"),
        *write("processed", "data/parcels/x.parquet"),
        *write("quarantine", "failed-chunks/parcels/x"),
        # Lambda puts in the role's name what it gives up; it cannot ask for a name that is free, nor has it to.
        Call("s3:PutObject", bucket("quarantine", "aws/lambda/m/s/x"), {"s3:ObjectCreationOperation": "true"}),
        *look("quarantine"),
    ],
    "loader": [
        *own("loader"),
        *consume("parquet-events", "masked"),
        *read("processed", "data/parcels/x.parquet"),
        *write("processed", "manifests/x"),
        *put("quarantine", "failed-loads/x"),
        *LOG_IN,
        *statements("BatchExecuteStatement"),
    ],
    "auditor": [
        *own("auditor"),
        *look("raw", "ListBucketVersions"),
        *look("processed"),
        *look("quarantine"),
        *read("processed", "receipts/x"),
        *read("processed", "data/parcels/x.parquet"),
        *read("quarantine", "quarantine/x"),
        *write("processed", "seals/x"),
        *LOG_IN,
        *statements("ExecuteStatement"),
        *send("auditor-dlq", "operations"),
    ],
    "migrator": [
        *own("migrator"),
        *secret("redshift!acme-admin-AbCdEf", "masked"),
        *statements("ExecuteStatement", "BatchExecuteStatement"),
    ],
}


CALLS = [
    pytest.param(stage, call, id=f"{stage} {call.action} {call.resource}")
    for stage, calls in NEEDS.items()
    for call in calls
]


@pytest.mark.parametrize(("stage", "call"), CALLS)
def test_a_function_may_do_what_it_does(account: Account, stage: str, call: Call) -> None:
    assert account.role_allows(stage, call)


def _steps_beyond(call: Call) -> Iterator[tuple[str, Call, dict[str, str | None]]]:
    """The nearest that the call is not."""
    service, _, _ = call.action.partition(":")
    if call.resource != "*":
        elsewhere = (
            call.resource.replace("acme", "other").replace(":key/", ":key/my-").replace("workgroup/w", "workgroup/v")
        )
        yield "another project's", call._replace(resource=elsewhere), {}
    if service == "s3":
        yield "in clear text", call, {"aws:SecureTransport": "false"}
        yield "deleted", call._replace(action="s3:DeleteObject"), {}
        yield "its lock undone", call._replace(action="s3:BypassGovernanceRetention"), {}
        yield "its bucket's policy changed", call._replace(action="s3:PutBucketPolicy"), {}
    if call.action == "s3:PutObject" and "s3:if-none-match" in call.context:
        yield "over what is there", call, {"s3:if-none-match": None}
    if service == "kms":
        yield "by itself", call, {"kms:ViaService": None}
        yield "through another service", call, {"kms:ViaService": f"ec2.{REGION}.amazonaws.com"}
        for name in call.context:
            if name.startswith("kms:EncryptionContext:"):
                yield "of something else", call, {name: call.context[name].replace("acme", "other")}
        yield "the key ended", call._replace(action="kms:ScheduleKeyDeletion"), {}
    if "redshift-data:statement-owner-iam-userid" in call.context:
        yield "another's statement", call, {"aws:userid": "AROA:other"}
    if service == "secretsmanager":
        yield "changed", call._replace(action="secretsmanager:PutSecretValue"), {}
    if service == "sqs":
        yield "emptied", call._replace(action="sqs:PurgeQueue"), {}


@pytest.mark.parametrize(("stage", "call"), CALLS)
def test_a_function_is_refused_one_step_beyond(account: Account, stage: str, call: Call) -> None:
    assert [
        what for what, beyond, context in _steps_beyond(call) if account.role_allows(stage, beyond, **context)
    ] == []


@pytest.mark.parametrize("stage", NEEDS)
def test_a_function_is_refused_what_only_others_do(account: Account, stage: str) -> None:
    ours = {(call.action, call.resource) for call in NEEDS[stage]}
    others = {
        (call.action, call.resource): call
        for other, calls in NEEDS.items()
        if other != stage
        for call in calls
        if (call.action, call.resource) not in ours
    }

    allowed = {what for what, call in others.items() if account.role_allows(stage, call)}

    assert allowed == set()


@pytest.mark.parametrize("stage", NEEDS)
def test_nothing_is_granted_that_nobody_calls(account: Account, stage: str) -> None:
    policy = json.loads(account.role_policy(stage))
    unused = set()
    for statement in policy["Statement"]:
        for action in _list(statement["Action"]):
            for resource in _list(statement["Resource"]):
                alone = Policy.read("one", {"Statement": [{**statement, "Action": action, "Resource": resource}]})
                if not any(_grants(alone, call) for call in NEEDS[stage]):
                    unused.add((statement["Sid"], action, resource))
    assert unused == set()


def _grants(policy: Policy, call: Call) -> bool:
    context: dict[str, Any] = {key.lower(): value for key, value in call.context.items()}
    request = Request(f"arn:aws:iam::{ACCOUNT}:role/any", call.action, call.resource, ACCOUNT, context)
    return next(policy.allows(request), None) is not None


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
