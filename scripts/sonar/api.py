"""SonarQube's web API, as far as an analysis needs it."""

import base64
import json
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen

# The server answers within seconds, also on a busy laptop.
_TIMEOUT_SECONDS = 60.0


class SonarError(Exception):
    """What went wrong, and what to do about it."""

    def __init__(self, reason: str, hint: str) -> None:
        super().__init__(f"{reason}\n  hint: {hint}")


class Api:
    """A server, and who asks."""

    def __init__(self, url: str, user: str, password: str = "") -> None:
        if urlsplit(url).scheme not in {"http", "https"}:
            raise SonarError(f"SONAR_HOST_URL is {url!r}", "https://…")
        self.url = url.rstrip("/")
        self._authorization = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    def get(self, path: str, **parameters: str) -> Any:
        return self._ask(Request(f"{self.url}/api/{path}?{urlencode(parameters)}"))  # noqa: S310  http or https, above

    def post(self, path: str, **parameters: str) -> Any:
        body = urlencode(parameters).encode()
        return self._ask(Request(f"{self.url}/api/{path}", data=body, method="POST"))  # noqa: S310  http or https, above

    def _ask(self, request: Request) -> Any:
        request.add_header("Authorization", self._authorization)
        try:
            with urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310  http or https, above
                return json.loads(answer.read() or "null")
        except HTTPError as error:
            raise SonarError(f"{request.full_url}: {error.code} {error.read().decode()[:300]}", _hint(error)) from error
        except (URLError, TimeoutError) as error:
            raise SonarError(f"{self.url} does not answer: {error}", "is SONAR_HOST_URL right?") from error


def _hint(error: HTTPError) -> str:
    if error.code in {401, 403}:
        return "SONAR_TOKEN has to be of a user who may see and analyse the project"
    return "the server's log says more"
