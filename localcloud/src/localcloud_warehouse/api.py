"""What the services of the warehouse share: requests and responses as dicts, refusals, pages."""

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from localcloud_warehouse.copy import CopyContext

Request = dict[str, Any]
Response = dict[str, Any]


class ApiError(Exception):
    """A refusal of the service; `code` is the name of its exception."""

    def __init__(self, code: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details


@dataclass(frozen=True)
class Target:
    """Where a request runs: found by the edge from the workgroup and the secret."""

    dsn: str
    user: str
    copy_context: CopyContext


def page(request: Request, name: str, items: list[Any]) -> Response:
    start = from_token(request.get("NextToken"))
    size = request.get("MaxResults") or 1000
    answer: Response = {name: items[start : start + size]}
    if start + size < len(items):
        answer["NextToken"] = to_token(start + size)
    return answer


def to_token(position: int) -> str:
    return base64.b64encode(str(position).encode()).decode()


def from_token(token: str | None) -> int:
    if not token:
        return 0
    try:
        return int(base64.b64decode(token, validate=True))
    except (ValueError, binascii.Error) as error:
        raise invalid("NextToken is not valid") from error


def invalid(message: str) -> ApiError:
    return ApiError("ValidationException", message)
