"""The saved queries of CloudWatch Logs Insights, which LocalStack does not keep."""

import uuid
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

from localstack.aws.api import RequestContext, handler
from localstack.services.logs.provider import LogsProvider

Request = dict[str, Any]
Response = dict[str, Any]

# By account and region, then by id.
_saved: dict[tuple[str, str], dict[str, dict[str, Any]]] = defaultdict(dict)


def mend() -> None:
    """Add the three operations. LocalStack calls a method of the function's own name."""
    LogsProvider.put_query_definition = put_query_definition
    LogsProvider.describe_query_definitions = describe_query_definitions
    LogsProvider.delete_query_definition = delete_query_definition


@handler("PutQueryDefinition", expand=False)
def put_query_definition(_: Any, context: RequestContext, request: Request) -> Response:
    identifier = request.get("queryDefinitionId") or str(uuid.uuid4())
    saved = {name: value for name, value in request.items() if name != "clientToken"}
    saved |= {"queryDefinitionId": identifier, "lastModified": int(datetime.now(UTC).timestamp() * 1000)}
    _of(context)[identifier] = saved
    return {"queryDefinitionId": identifier}


@handler("DescribeQueryDefinitions", expand=False)
def describe_query_definitions(_: Any, context: RequestContext, request: Request) -> Response:
    prefix = request.get("queryDefinitionNamePrefix") or ""
    return {"queryDefinitions": [saved for saved in _of(context).values() if saved["name"].startswith(prefix)]}


@handler("DeleteQueryDefinition", expand=False)
def delete_query_definition(_: Any, context: RequestContext, request: Request) -> Response:
    return {"success": _of(context).pop(request["queryDefinitionId"], None) is not None}


def _of(context: RequestContext) -> dict[str, dict[str, Any]]:
    return _saved[context.account_id, context.region]
