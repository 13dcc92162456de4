"""A whole local cloud: what `localcloud start` brings up, and what `stop` leaves behind."""

import io
import json
import signal
import uuid
import zipfile
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError
from conftest import Cloud, MakeCloud, eventually, free_port

from localcloud.processes import owned_by, port_is_free

pytestmark = pytest.mark.integration

# boto3 is not in a zip of these tests, so that the functions speak to the local cloud over plain HTTP; only the shape
# of an Authorization header matters to it.
HELPERS = """
import json, os, urllib.request

def call(service, method, path, body=b"", **headers):
    credential = f"{os.environ['AWS_ACCESS_KEY_ID']}/20260101/{os.environ['AWS_REGION']}/{service}/aws4_request"
    headers["Authorization"] = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0"
    url = os.environ["AWS_ENDPOINT_URL"] + path
    with urllib.request.urlopen(urllib.request.Request(url, body, headers, method=method)) as response:
        return response.read()
"""


def name(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


def packed(source: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("handler.py", HELPERS + source)
    return content.getvalue()


def create_function(cloud: Cloud, source: str, **settings: Any) -> str:
    function = name("function")
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}]}
    role = cloud.client("iam").create_role(RoleName=function, AssumeRolePolicyDocument=json.dumps(trust))
    client = cloud.client("lambda")
    client.create_function(
        FunctionName=function,
        Role=role["Role"]["Arn"],
        **{
            "Runtime": "python3.13",
            "Handler": "handler.handle",
            "Code": {"ZipFile": packed(source)},
            "Timeout": 10,
            "MemorySize": 256,
            **settings,
        },
    )
    eventually(lambda: client.get_function(FunctionName=function)["Configuration"]["State"] != "Pending")
    return function


def invoke(cloud: Cloud, function: str, event: Any = None) -> Any:
    answer = cloud.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
    return answer.get("FunctionError"), json.loads(answer["Payload"].read())


def log_of(cloud: Cloud, function: str) -> str:
    try:
        events = cloud.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{function}")["events"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return ""
        raise
    return "".join(event["message"] for event in events)


def test_a_function_runs_in_its_own_environment_and_logs_to_cloudwatch(cloud: Cloud) -> None:
    function = create_function(
        cloud,
        """
print("loading")
def handle(event, context):
    print("handling ä", event)
    return dict(os.environ)
""",
        Environment={"Variables": {"GREETING": "grüß"}},
    )
    failed, variables = invoke(cloud, function, {"n": 1})
    assert failed is None
    assert variables["GREETING"] == "grüß"
    assert variables["AWS_ENDPOINT_URL"] == cloud.endpoint
    assert variables["AWS_LAMBDA_FUNCTION_NAME"] == function
    assert variables["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"
    assert variables["AWS_LAMBDA_FUNCTION_VERSION"] == "$LATEST"
    assert variables["AWS_LAMBDA_LOG_GROUP_NAME"] == f"/aws/lambda/{function}"
    assert variables["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.13"
    assert variables["TMPDIR"].startswith(str(cloud.state))
    assert not any("LOCALSTACK" in key or "LOCALCLOUD" in key for key in variables)
    assert eventually(lambda: "REPORT RequestId" in log_of(cloud, function))
    assert "loading" in log_of(cloud, function)
    assert "handling ä {'n': 1}" in log_of(cloud, function)


def test_a_timeout_is_a_function_error_with_awss_words(cloud: Cloud) -> None:
    function = create_function(cloud, "import time\ndef handle(event, context): time.sleep(60)", Timeout=1)
    failed, error = invoke(cloud, function)
    assert failed == "Unhandled"
    assert error["errorType"] == "Sandbox.Timedout"
    assert error["errorMessage"].endswith("Task timed out after 1.00 seconds")
    assert eventually(lambda: "Status: timeout" in log_of(cloud, function))


def test_an_init_error_is_in_the_answer_and_in_the_log(cloud: Cloud) -> None:
    function = create_function(cloud, "import nothing_like_this")
    failed, error = invoke(cloud, function)
    assert failed == "Unhandled"
    assert error["errorType"] == "Runtime.ImportModuleError"
    assert eventually(lambda: "nothing_like_this" in log_of(cloud, function))


def test_what_the_runner_cannot_run_is_refused_with_the_reason(cloud: Cloud) -> None:
    function = create_function(cloud, "def handle(event, context): pass", Runtime="python3.12")
    state = cloud.client("lambda").get_function(FunctionName=function)["Configuration"]
    assert state["State"] == "Failed"
    assert "python3.13 only" in state["StateReason"]


def test_the_key_of_a_functions_variables_is_kept(cloud: Cloud) -> None:
    key = cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    function = create_function(cloud, "def handle(event, context): pass", KMSKeyArn=key)
    client = cloud.client("lambda")
    assert client.get_function(FunctionName=function)["Configuration"]["KMSKeyArn"] == key
    client.update_function_configuration(FunctionName=function, Timeout=5)
    assert client.get_function_configuration(FunctionName=function)["KMSKeyArn"] == key
    client.update_function_configuration(FunctionName=function, KMSKeyArn="")
    assert "KMSKeyArn" not in client.get_function(FunctionName=function)["Configuration"]


def test_an_object_goes_from_s3_over_sqs_to_a_function_and_into_s3(cloud: Cloud) -> None:
    bucket, queue = name("bucket"), name("queue")
    s3, sqs = cloud.client("s3"), cloud.client("sqs")
    function = create_function(
        cloud,
        """
def handle(event, context):
    for message in event["Records"]:
        for record in json.loads(message["body"])["Records"]:
            bucket, key = record["s3"]["bucket"]["name"], record["s3"]["object"]["key"]
            content = call("s3", "GET", f"/{bucket}/{key}", None)
            call("s3", "PUT", f"/{bucket}/out/{key}", content.upper())
    return {"batchItemFailures": []}
""",
    )
    url = sqs.create_queue(QueueName=queue)["QueueUrl"]
    assert url == f"{cloud.endpoint}/000000000000/{queue}"
    arn = f"arn:aws:sqs:us-east-1:000000000000:{queue}"
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration={
            "QueueConfigurations": [
                {
                    "QueueArn": arn,
                    "Events": ["s3:ObjectCreated:*"],
                    "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "in"}]}},
                }
            ]
        },
    )
    cloud.client("lambda").create_event_source_mapping(FunctionName=function, EventSourceArn=arn, BatchSize=5)
    s3.put_object(Bucket=bucket, Key="in.txt", Body=b"hello")
    eventually(lambda: "Contents" in s3.list_objects_v2(Bucket=bucket, Prefix="out/"))
    assert s3.get_object(Bucket=bucket, Key="out/in.txt")["Body"].read() == b"HELLO"


def test_records_go_from_kinesis_to_a_function_and_those_that_fail_for_ever_to_the_bucket(cloud: Cloud) -> None:
    stream, bucket = name("stream"), name("bucket")
    kinesis, s3 = cloud.client("kinesis"), cloud.client("s3")
    s3.create_bucket(Bucket=bucket)
    function = create_function(
        cloud,
        """
import base64
def handle(event, context):
    for record in event["Records"]:
        data = base64.b64decode(record["kinesis"]["data"])
        if data == b"poison":
            return {"batchItemFailures": [{"itemIdentifier": record["kinesis"]["sequenceNumber"]}]}
        call("s3", "PUT", f"/{os.environ['BUCKET']}/good/{data.decode()}", data)
""",
        Environment={"Variables": {"BUCKET": bucket}},
    )
    kinesis.create_stream(StreamName=stream, ShardCount=1, Tags={"owner": "test"})
    cloud.client("lambda").create_event_source_mapping(
        FunctionName=function,
        EventSourceArn=f"arn:aws:kinesis:us-east-1:000000000000:stream/{stream}",
        StartingPosition="TRIM_HORIZON",
        MaximumRetryAttempts=1,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        DestinationConfig={"OnFailure": {"Destination": f"arn:aws:s3:::{bucket}"}},
    )
    records = [{"Data": data, "PartitionKey": "k"} for data in (b"a", b"b", b"poison")]
    answer = kinesis.put_records(StreamName=stream, Records=records)
    assert answer["FailedRecordCount"] == 0
    failures = eventually(lambda: s3.list_objects_v2(Bucket=bucket, Prefix="aws/lambda/").get("Contents"))
    good = s3.list_objects_v2(Bucket=bucket, Prefix="good/")["Contents"]
    assert [item["Key"] for item in good] == ["good/a", "good/b"]
    failure = json.loads(s3.get_object(Bucket=bucket, Key=failures[0]["Key"])["Body"].read())
    assert failure["KinesisBatchInfo"]["startSequenceNumber"] == answer["Records"][2]["SequenceNumber"]
    assert len(failure["payload"]["Records"]) == 1
    assert kinesis.list_tags_for_stream(StreamName=stream)["Tags"] == [{"Key": "owner", "Value": "test"}]


def test_functions_run_at_the_same_time_up_to_their_reserved_concurrency(cloud: Cloud) -> None:
    function = create_function(cloud, "import time\ndef handle(event, context): time.sleep(2); return os.getpid()")
    client = cloud.client("lambda", retries={"total_max_attempts": 1})
    client.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=2)

    def run(_: int) -> Any:
        try:
            return json.loads(client.invoke(FunctionName=function, Payload="null")["Payload"].read())
        except ClientError as error:
            return error.response["Error"]["Code"]

    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(run, range(3)))
    assert answers.count("TooManyRequestsException") == 1
    assert len(set(answers)) == 3


def test_start_twice_is_once(cloud: Cloud) -> None:
    before = json.loads(cloud.run("status", "--json").stdout)
    assert cloud.run("start").returncode == 0
    after = json.loads(cloud.run("status", "--json").stdout)
    assert before["running"]
    assert (after["instance_id"], after["pids"]) == (before["instance_id"], before["pids"])
    assert after["services"]["kinesis"] == "running"
    assert after["ports"] == {"edge": cloud.port, "warehouse": cloud.warehouse_port}


def test_it_listens_on_this_machine_only(cloud: Cloud) -> None:
    pids = set(json.loads(cloud.run("status", "--json").stdout)["pids"].values())
    listening = [
        connection.laddr
        for connection in psutil.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN and connection.pid in pids
    ]
    assert len(listening) >= 2
    assert {address[0] for address in listening} == {"127.0.0.1"}


def test_two_local_clouds_live_side_by_side_and_stop_leaves_nothing(cloud: Cloud, make_cloud: MakeCloud) -> None:
    other = make_cloud()
    assert other.run("start").returncode == 0
    bucket = name("bucket")
    other.client("s3").create_bucket(Bucket=bucket)
    with pytest.raises(ClientError):
        cloud.client("s3").head_bucket(Bucket=bucket)
    # A function at work, with a child, must not outlive the stop.
    function = create_function(
        other,
        """
import subprocess, time
def handle(event, context):
    subprocess.Popen(["sleep", "1000"], start_new_session=True)
    time.sleep(60)
""",
        Timeout=60,
    )
    other.client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload="null")
    assert eventually(lambda: len(owned_by(other.state, other.state / "sandboxes")) >= 3)
    stopped = other.run("stop")
    assert stopped.returncode == 0, stopped.stderr
    assert owned_by(other.state, other.state / "sandboxes") == []
    assert port_is_free(other.port)
    assert port_is_free(other.warehouse_port)
    assert other.run("status").returncode == 3
    assert cloud.run("status").returncode == 0
    assert other.run("stop").returncode == 0


def test_a_killed_local_cloud_is_cleared_away_by_the_next_start(make_cloud: MakeCloud) -> None:
    cloud = make_cloud()
    assert cloud.run("start").returncode == 0
    first = json.loads(cloud.run("status", "--json").stdout)
    function = create_function(cloud, "import time\ndef handle(event, context): time.sleep(60)", Timeout=60)
    cloud.client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload="null")
    eventually(lambda: len(owned_by(cloud.state, cloud.state / "sandboxes")) >= 2)
    psutil.Process(first["pids"]["localstack"]).kill()
    assert cloud.run("status").returncode == 3
    assert cloud.run("start").returncode == 0
    second = json.loads(cloud.run("status", "--json").stdout)
    assert second["instance_id"] != first["instance_id"]
    assert len(owned_by(cloud.state, cloud.state / "sandboxes")) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_start_that_is_interrupted_leaves_nothing(make_cloud: MakeCloud, number: signal.Signals) -> None:
    cloud = make_cloud()
    start = cloud.begin("start")
    assert eventually(lambda: owned_by(cloud.state, cloud.state / "sandboxes"))
    start.send_signal(number)
    start.communicate(timeout=30)
    assert start.returncode != 0
    assert owned_by(cloud.state, cloud.state / "sandboxes") == []
    assert port_is_free(cloud.port)
    assert port_is_free(cloud.warehouse_port)


def test_a_taken_port_is_named_with_its_holder_and_a_way_out(cloud: Cloud, make_cloud: MakeCloud) -> None:
    other = Cloud(cloud.port, free_port(), make_cloud().state)
    result = other.run("start")
    assert result.returncode == 1
    assert f"port {cloud.port} is taken by" in result.stderr
    assert f"LOCALCLOUD_PORT={cloud.port + 1000} localcloud start" in result.stderr
    assert other.run("reset").returncode == 0
