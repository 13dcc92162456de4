"""The upgrade's test finds what it is there to find: a plan that loses data."""

from typing import Any

import pytest

from tests.upgrade.plans import lost


def change(kind: str, *actions: str) -> dict[str, Any]:
    return {"address": f"{kind}.this", "type": kind, "change": {"actions": list(actions)}}


@pytest.mark.parametrize("actions", [("delete",), ("delete", "create"), ("create", "delete")])
def test_a_bucket_that_is_destroyed_or_replaced_is_found(actions: tuple[str, ...]) -> None:
    assert lost({"resource_changes": [change("aws_s3_bucket", *actions)]}) == ["aws_s3_bucket.this"]


def test_a_bucket_that_changes_in_place_and_an_alarm_that_goes_are_not() -> None:
    changes = [change("aws_s3_bucket", "update"), change("aws_cloudwatch_metric_alarm", "delete")]
    assert lost({"resource_changes": changes}) == []
