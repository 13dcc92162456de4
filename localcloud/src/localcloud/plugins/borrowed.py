"""Services that moto has and LocalStack does not offer, and what moto leaves out of CloudTrail and Budgets."""

from collections.abc import Callable
from typing import Any

from localstack.aws.api import RequestContext, handler
from localstack.aws.connect import connect_to
from localstack.aws.forwarder import ForwardingFallbackDispatcher
from localstack.aws.spec import load_service
from localstack.services.moto import call_moto, call_moto_with_request
from localstack.services.plugins import Service, aws_provider
from moto.cloudtrail.exceptions import S3BucketDoesNotExistException
from moto.cloudtrail.models import Trail

Answer = Callable[[RequestContext, dict[str, Any]], dict[str, Any]]


@aws_provider(api="cloudtrail")
def cloudtrail() -> Service:
    """Make the service."""
    Trail.check_bucket_exists = _check_bucket
    return borrow("cloudtrail", dict.fromkeys(load_service("cloudtrail").operation_names, _by_name))


@aws_provider(api="ecr")
def ecr() -> Service:
    """Make the service."""
    return borrow("ecr", {})


@aws_provider(api="budgets")
def budgets() -> Service:
    """Make the service. Moto forgets who is told, and knows no tags."""
    subscribers: dict[str, list[dict[str, Any]]] = {}
    tags: dict[str, list[dict[str, Any]]] = {}

    def key(request: dict[str, Any]) -> str:
        notification = request["Notification"]
        return f"{request['AccountId']} {request['BudgetName']} {sorted(notification.items())}"

    def create_notification(context: RequestContext, request: dict[str, Any]) -> dict[str, Any]:
        subscribers[key(request)] = request["Subscribers"]
        return dict(call_moto(context))

    def describe_subscribers(_: RequestContext, request: dict[str, Any]) -> dict[str, Any]:
        return {"Subscribers": subscribers.get(key(request), [])}

    def create_budget(context: RequestContext, request: dict[str, Any]) -> dict[str, Any]:
        arn = f"arn:aws:budgets::{request['AccountId']}:budget/{request['Budget']['BudgetName']}"
        tags[arn] = request.get("ResourceTags", [])
        return dict(call_moto(context))

    return borrow(
        "budgets",
        {
            "CreateBudget": create_budget,
            "CreateNotification": create_notification,
            "DescribeSubscribersForNotification": describe_subscribers,
            "ListTagsForResource": lambda _, request: {"ResourceTags": tags.get(request["ResourceARN"], [])},
        },
    )


def _by_name(context: RequestContext, request: dict[str, Any]) -> dict[str, Any]:
    """Moto finds a trail by its name alone; AWS takes the ARN as well."""
    arns = {
        member: request[member].partition(":trail/")[2]
        for member in ("Name", "TrailName")
        if str(request.get(member, "")).startswith("arn:")
    }
    return dict(call_moto_with_request(context, {**request, **arns}) if arns else call_moto(context))


def borrow(name: str, ours: dict[str, Answer]) -> Service:
    """Make the service: every operation of the service is moto's unless it is one of `ours`."""
    members: dict[str, Any] = {"service": name}
    for operation in load_service(name).operation_names:
        members[operation] = handler(operation, expand=False)(_method(operation, ours.get(operation)))
    provider = type("Provider", (), members)()
    return Service.for_provider(
        provider,
        dispatch_table_factory=lambda it: ForwardingFallbackDispatcher(it, lambda context, _: call_moto(context)),
    )


def _method(operation: str, answer: Answer | None) -> Callable[..., Any]:
    def call(_self: object, context: RequestContext, request: dict[str, Any] | None = None) -> Any:
        if answer is None:
            raise NotImplementedError  # LocalStack's word for "ask moto"
        return answer(context, dict(request or {}))

    call.__name__ = operation
    return call


def _check_bucket(trail: Any) -> None:
    """Moto looks into its own S3, where LocalStack's buckets are not."""
    s3 = connect_to(aws_access_key_id=trail.account_id, region_name=trail.region_name).s3
    if trail.bucket_name not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]:
        raise S3BucketDoesNotExistException(f"S3 bucket {trail.bucket_name} does not exist!")
