"""What Lambda keeps of a batch that it gave up."""

import json
from base64 import b64encode
from typing import Any

import pytest

from datavault.failures import FailureError, records

PAYLOAD = {"Records": [{"kinesis": {"partitionKey": "k", "data": b64encode(b"chunk").decode(), "other": 1}}]}


@pytest.mark.parametrize("payload", [PAYLOAD, json.dumps(PAYLOAD)])
def test_the_records_of_a_batch_come_out(payload: Any) -> None:
    assert records(json.dumps({"version": "1.0", "payload": payload}).encode()) == [("k", b"chunk")]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"KinesisBatchInfo": {}}', "holds no records"),
        (b'{"payload": {"Records": []}}', "holds no records"),
        (b"nonsense", "no record of a failed invocation"),
        (b'{"payload": "nonsense"}', "no record of a failed invocation"),
        (b'{"payload": {"Records": [{"kinesis": {"partitionKey": "k", "data": "%"}}]}}', "no record of a failed"),
    ],
)
def test_what_holds_none_is_said(body: bytes, message: str) -> None:
    with pytest.raises(FailureError, match=message):
        records(body)
